"""The first principal component against a full decomposition."""

import numpy as np
import pytest

from resnet_viz.explain import principal_component
from resnet_viz.explain.principal_component import first_component


def expected(one):
    """By a singular value decomposition in double precision; the sign is free."""
    flat = one.astype(np.float64).T
    flat = flat - flat.mean(0)
    return flat @ np.linalg.svd(flat, full_matrices=False)[2][0]


def error(found, one):
    """The largest difference, of the largest value."""
    wanted = expected(one)
    return min(np.abs(found - turn * wanted).max() for turn in (1, -1)) / np.abs(wanted).max()


def noise(shape, dtype=np.float64):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def decaying(shape):
    """Like the layers of a network: few directions carry most of the variance."""
    batch, channels, positions = shape
    random = np.random.default_rng(1)
    strength = 0.7 ** np.arange(channels)
    mixed = random.normal(size=(batch, channels, channels)) * strength
    return (mixed @ random.normal(size=(batch, channels, positions)) + 3).astype(np.float32)


@pytest.mark.parametrize("shape", [(3, 5, 16), (2, 40, 9), (4, 16, 256), (2, 40, 64), (1, 90, 60)])
def test_eigenvalues_close_together_are_told_apart(shape):
    values = noise(shape)
    for found, one in zip(first_component(values), values, strict=True):
        assert error(found, one) < 1e-4


@pytest.mark.parametrize("shape", [(2, 70, 90), (1, 200, 400), (3, 300, 100)])
def test_single_precision_is_enough_for_layers(shape, monkeypatch):
    monkeypatch.setattr(
        principal_component, "_by_decomposition", None
    )  # not needed: it stands still
    values = decaying(shape)
    for found, one in zip(first_component(values), values, strict=True):
        assert error(found, one) < 1e-4


@pytest.mark.parametrize("layout", ["channels first", "channels last"])
def test_memory_layout_does_not_matter(layout):
    values = decaying((2, 48, 100))
    if layout == "channels last":
        values = np.ascontiguousarray(values.swapaxes(1, 2)).swapaxes(1, 2)
    for found, one in zip(first_component(values), values, strict=True):
        assert error(found, one) < 1e-4


def test_the_largest_direction_is_found_where_it_is_spread_over_many_channels():
    """One channel of its own with much variance; many that go together have more in all."""
    random = np.random.default_rng(2)
    alone, together = random.normal(size=(2, 400))
    values = np.concatenate([[alone], np.tile(0.5 * together, (39, 1))])[None]
    assert error(first_component(values)[0], values[0]) < 1e-6


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_values_whose_squares_leave_single_precision(factor):
    values = decaying((1, 40, 50)) * np.float32(factor)
    assert error(first_component(values)[0], values[0]) < 1e-4


@pytest.mark.parametrize("channels", [8, 40, 200])
def test_nothing_and_one_direction_only(channels):
    values = np.zeros((2, channels, 100), np.float32)
    values[1, 3] = np.arange(100)
    found = first_component(values)
    assert (found[0] == 0).all()
    np.testing.assert_allclose(found[1], np.arange(100) - 49.5, rtol=1e-4, atol=1e-3)


def test_it_goes_up_where_the_sum_over_channels_does():
    values = np.tile(np.linspace(1, 0, 30), (1, 20, 1))
    assert first_component(values)[0, 0] > 0 > first_component(values)[0, -1]


def test_what_is_not_finite_is_not_finite():
    values = np.ones((2, 3, 16))
    values[0, 0, 0] = np.nan
    found = first_component(values)
    assert np.isnan(found[0]).all()
    assert (found[1] == 0).all()
