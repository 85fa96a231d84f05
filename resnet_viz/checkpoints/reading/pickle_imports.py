"""List the Python objects that a pickle would import, from its opcodes, without executing it."""

import io
import pickletools
import warnings
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resnet_viz.checkpoints.reading.file_kinds import MOST_PICKLE

_MOST_NAMED = 6
_MOST_OPCODES = 300_000
_MOST_PICKLES = 20  # PyTorch's older format has five in a row
_LONGEST_NAME = 500  # characters of an import
_TEXT = {"SHORT_BINUNICODE", "BINUNICODE", "UNICODE", "BINUNICODE8", "SHORT_BINSTRING", "STRING"}
#: What an ordinary state dict imports.
_USUAL = {OrderedDict.__module__ + ".OrderedDict", "collections.Counter"}
_USUAL_MODULES = ("torch._utils.", "torch.storage.")
_DAMAGES = (ValueError, OSError, zipfile.BadZipFile, IndexError, KeyError, RuntimeError)
_STORAGES = ("Storage", "Size", "device", "float", "int", "bool", "complex", "bfloat", "uint")


def wanted_globals(path: Path) -> list[str]:
    """Names that a pickle imports and an ordinary state dict does not, most frequent first."""
    counted: Counter[str] = Counter()
    try:
        with _without_warnings():
            for name in _globals(_pickle_bytes(path)):
                if not _usual(name):
                    counted[name] += 1
    except _DAMAGES:
        pass  # keep the names read before the damage
    return [name for name, _ in counted.most_common(_MOST_NAMED)]


def has_long_import(path: Path) -> bool:
    """Whether a pickle imports something whose name is longer than any real one.

    PyTorch searches such a name with a pattern whose time grows with the square of its length, and
    nothing else runs meanwhile, so these files must not reach it.
    """
    try:
        with _without_warnings():
            names = _globals(_pickle_bytes(path), most_opcodes=MOST_PICKLE)
            return any(len(name) > _LONGEST_NAME for name in names)
    except UnicodeDecodeError as error:  # PyTorch allows other letters than ASCII in a name
        return len(error.object) > _LONGEST_NAME
    except _DAMAGES:
        return False  # PyTorch says what is wrong, before it reaches a later import


@contextmanager
def _without_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged text warns of its escapes
        yield


def _usual(name: str) -> bool:
    torch_type = name.startswith("torch.") and name.removeprefix("torch.").startswith(_STORAGES)
    storage = name.startswith("torch.") and name.endswith("Storage")
    return name in _USUAL or name.startswith(_USUAL_MODULES) or torch_type or storage


def _pickle_bytes(path: Path) -> bytes:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return b"".join(archive.read(n) for n in archive.namelist() if n.endswith("data.pkl"))
    with path.open("rb") as file:
        return file.read(MOST_PICKLE)


def _globals(data: bytes, most_opcodes: int = _MOST_OPCODES) -> Iterator[str]:
    """Yield the dotted name of every import in one or more consecutive pickles."""
    file, opcodes_left = io.BytesIO(data), most_opcodes
    for _ in range(_MOST_PICKLES):
        if data[file.tell() : file.tell() + 1] != b"\x80":
            return
        words: list[str] = []
        memo: list[str] = []
        for opcode, argument, _position in pickletools.genops(file):
            opcodes_left -= 1
            if opcode.name in _TEXT:
                words.append(str(argument))
            elif opcode.name in ("GLOBAL", "INST"):
                yield str(argument).replace(" ", ".")
            elif opcode.name == "STACK_GLOBAL" and len(words) > 1:
                yield f"{words[-2]}.{words[-1]}"
            elif opcode.name == "MEMOIZE":
                memo.append(words[-1] if words else "")
            elif opcode.name in ("BINGET", "LONG_BINGET") and int(argument or 0) < len(memo):
                words.append(memo[int(argument or 0)])
            if opcodes_left <= 0:
                return
