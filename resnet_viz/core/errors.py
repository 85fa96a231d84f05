"""The exceptions of this library, and their messages.

    ResnetVizError
    ├── InputError            invalid input (exit code 2)
    │   ├── SpecError         a network that cannot exist
    │   ├── ImageError        bytes that are not a usable picture
    │   ├── LayerError        a layer name that the network does not have
    │   ├── TargetError       a class or target function that does not fit
    │   ├── NetworkError      a network that cannot be analysed as it is
    │   ├── CheckpointError   a weights file that cannot be used
    │   ├── DataError         a data set that is missing or damaged
    │   ├── RunError          a background run that is unknown, or busy
    │   ├── WorkerError       a file whose process reached a limit or crashed
    │   ├── OptionError       an option with an invalid value
    │   ├── ClassError        a class that is over or full, or a vote that it cannot count
    │   └── OutputError       a file or folder that exists already or cannot be written
    └── FailureError          a failure not caused by the input (exit code 1)
        ├── TrainingError     a loss that is no longer finite
        └── DownloadError     a download that failed or has a wrong checksum

An error is a code and its values. The sentence is looked up in ``assets/text``, so that one
text serves the library, the command line and the page, in every language. Each sentence says
what is wrong, which values are allowed and what to do.
"""

from difflib import get_close_matches
from typing import ClassVar

from resnet_viz.core.text import Text


class ResnetVizError(Exception):
    """Base of all errors of this library.

    ``code`` names the sentence (``errors.<code>`` in the text files), ``values`` fill it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def __str__(self) -> str:
        return self.sentence(Text("en"))

    def sentence(self, text: Text) -> str:
        """The error as one sentence in the language of ``text``."""
        return text(f"errors.{self.code}", **self.values)


class InputError(ResnetVizError):
    """Invalid input."""

    exit_code = 2


class SpecError(InputError):
    """A network that cannot exist."""


class ImageError(InputError):
    """Bytes that are not a usable picture."""


class LayerError(InputError, KeyError):
    """A layer name that the network does not have."""

    __str__ = ResnetVizError.__str__


class TargetError(InputError):
    """A class or target function that does not fit the network's output."""


class NetworkError(InputError):
    """A network that cannot be analysed as it is."""


class CheckpointError(InputError):
    """A weights file that cannot be used."""


class DataError(InputError):
    """A data set that is missing or damaged."""


class RunError(InputError):
    """A background run that is unknown, or in the wrong state for the operation."""


class WorkerError(InputError):
    """A file whose process, apart from this one, reached a limit or crashed."""


class OptionError(InputError):
    """An option with an invalid value."""


class ClassError(InputError):
    """A class that is unknown, over or full, or a vote that it cannot count."""


class FailureError(ResnetVizError):
    """A failure not caused by the input."""


class TrainingError(FailureError):
    """A training whose loss is no longer finite."""


class DownloadError(FailureError):
    """A download that failed or has a wrong checksum."""


class OutputError(InputError):
    """A file or folder that exists already or cannot be written."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out: Python's, or torch's for CPU or GPU."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in _NO_MEMORY)


_NO_MEMORY = ("can't allocate memory", "not enough memory", "Cannot allocate memory", "bad_alloc")


def close_matches(name: str, known: list[str], count: int = 5) -> str:
    """Names from ``known`` similar to ``name``, or its first few, joined by commas."""
    return ", ".join(get_close_matches(name, known, n=count, cutoff=0.5) or known[:count])
