"""Numbers for people, written in one way everywhere: 0.36, 26,000, 1.6 × 10²¹.

Files for programs (JSON, CSV) keep the raw values.
"""

from math import floor, isnan, log10

_SMALLEST, _LARGEST = 1e-3, 1e6  # magnitudes that are written out
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def readable(value: float, digits: int = 3) -> str:
    """Write a number with up to ``digits`` significant digits, without trailing zeros.

    >>> number(0.3604), number(26012, 2), number(1.61e21, 2), number(-0.0000352)
    ('0.36', '26,000', '1.6 × 10²¹', '-3.52 × 10⁻⁵')
    """
    if isnan(value):
        return "NaN"
    if abs(value) == float("inf"):
        return "∞" if value > 0 else "-∞"
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0:
        return "0"
    if _SMALLEST <= abs(rounded) < _LARGEST:
        places = max(0, digits - 1 - floor(log10(abs(rounded)) + 1e-12))
        written = f"{rounded:,.{places}f}"
        return written.rstrip("0").rstrip(".") if "." in written else written
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa} × 10{str(int(exponent)).translate(_RAISED)}"


def percent(share: float) -> str:
    """Write a share in percent, with one decimal below 10 %."""
    return f"{share:.0%}" if share >= 0.0995 or share == 0 else f"{share:.1%}"
