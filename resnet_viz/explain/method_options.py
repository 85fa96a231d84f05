"""The numbers that a method takes, with their defaults and ranges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

from resnet_viz.core.errors import OptionError

#: The value of every option of a method, by name.
Options = Mapping[str, float]


@dataclass(frozen=True)
class Option:
    """A number from ``low`` to ``high``; ``whole`` allows integers only."""

    name: str
    default: float
    low: float
    high: float
    whole: bool = False

    def checked(self, value: float) -> float:
        """``value`` as an int or a float; ``OptionError`` for no number or outside the range."""
        if isinstance(value, bool) or not isinstance(value, Real):
            raise OptionError("option_number", option=self.name, given=repr(value)[:40])
        if not self.low <= value <= self.high or (self.whole and value != int(value)):
            code = "explain_range_whole" if self.whole else "explain_range"
            raise OptionError(code, option=self.name, value=value, low=self.low, high=self.high)
        return int(value) if self.whole else float(value)


def options_from(
    method: str, options: Sequence[Option], changes: Mapping[str, float]
) -> dict[str, float]:
    """The defaults of ``options`` with ``changes``.

    Raises ``OptionError`` for a name that ``method`` does not have or a value outside its range.
    """
    by_name = {option.name: option for option in options}
    for name in changes:
        if name not in by_name:
            known = ", ".join(by_name) or "-"
            raise OptionError("explain_option", option=name, method=method, known=known)
    return {
        option.name: option.checked(changes.get(option.name, option.default)) for option in options
    }
