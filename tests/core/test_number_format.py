"""Numbers for people have one format."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_viz.core.number_format import readable


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (0, 3, "0"),
        (-0.0, 3, "0"),
        (1, 3, "1"),
        (0.3604, 3, "0.36"),
        (0.001, 3, "0.001"),
        (0.00099999, 3, "0.001"),
        (0.000999, 3, "9.99 × 10⁻⁴"),
        (9.996, 3, "10"),
        (1000, 3, "1,000"),
        (3520, 3, "3,520"),
        (3526, 2, "3,500"),
        (26012, 2, "26,000"),
        (999_999, 2, "1 × 10⁶"),
        (2.0e7, 2, "2 × 10⁷"),
        (1.61e21, 2, "1.6 × 10²¹"),
        (-4.66e-45, 3, "-4.66 × 10⁻⁴⁵"),
        (math.inf, 3, "∞"),
        (-math.inf, 3, "-∞"),
        (math.nan, 3, "NaN"),
    ],
)
def test_a_number_is_written_for_people(value, digits, written):
    assert readable(value, digits) == written


_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


@given(st.floats(1e-300, 1e300), st.integers(1, 6))
def test_what_is_written_is_the_value_to_its_digits(value, digits):
    mantissa, _, power = readable(value, digits).partition(" × 10")
    read = float(mantissa.replace(",", "") + "e" + (power.translate(_RAISED) or "0"))
    assert read == pytest.approx(float(f"{value:.{digits}g}"), rel=1e-12)
    assert "e" not in mantissa
