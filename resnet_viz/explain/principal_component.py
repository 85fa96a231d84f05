"""The first principal component over positions, which the Eigen-CAM methods show."""

import numpy as np
from jaxtyping import Float

_SMALL = 64  # rows; a matrix of at most this size is decomposed directly
_MOST_STEPS = 64
_CHECK_EVERY = 4  # steps

_Flat = Float[np.ndarray, "batch c positions"]
_Rows = Float[np.ndarray, "batch rows columns"]
_Vectors = Float[np.ndarray, "batch rows"]


def first_component(flat: _Flat) -> Float[np.ndarray, "batch positions"]:
    """Centred positions projected on the channel direction of largest variance.

    The sign of a principal direction is arbitrary; here the map correlates positively with the sum
    over channels. An image with a value that is not finite gives NaN.
    """
    limits = np.finfo(flat.dtype)
    with np.errstate(all="ignore"):
        centred = _centred(flat)
        length = _squared(centred)
        if ((length > 1e12 * limits.tiny) & (length < limits.max)).all():
            return _projected(centred)
        scale = np.abs(flat).max((1, 2))[:, None]  # squares would underflow or overflow
        finite = np.isfinite(scale)
        unit = flat / np.where(scale > 0, scale, 1)[..., None]
        projected = _projected(_centred(np.where(finite[..., None], unit, 0)))
        return np.asarray(projected * np.where(finite, scale, np.nan), flat.dtype)


def _projected(centred: _Flat) -> Float[np.ndarray, "batch positions"]:
    if centred.shape[1] <= centred.shape[2]:
        direction, _ = _largest(centred)
        projected = (direction[:, None] @ centred)[:, 0]
        correlation = direction.sum(1)  # with the sum over channels, up to the eigenvalue
    else:  # the shorter side has the same first component
        direction, square = _largest(centred.swapaxes(1, 2))
        projected = direction * np.sqrt(square)[:, None]
        correlation = (over_channels(centred) * projected).sum(1)
    projected[correlation < 0] *= -1
    return np.asarray(projected)


def over_positions(flat: _Flat) -> Float[np.ndarray, "batch c"]:
    """The sum over positions, as a product with ones: much faster than ``sum`` in channels-last."""
    return np.asarray((flat @ np.ones((flat.shape[2], 1), flat.dtype))[..., 0])


def over_channels(flat: _Flat) -> Float[np.ndarray, "batch positions"]:
    """The sum over channels, likewise."""
    return np.asarray((np.ones((1, flat.shape[1]), flat.dtype) @ flat)[:, 0])


def _centred(flat: _Flat) -> _Flat:
    """Without the mean over positions."""
    return np.asarray(flat - over_positions(flat)[..., None] / flat.shape[2])


def _squared(rows: _Rows) -> Float[np.ndarray, " batch"]:
    """The sum of all squares."""
    flat = rows.ravel(order="K").reshape(len(rows), -1)
    return np.asarray((flat[:, None] @ flat[:, :, None])[:, 0, 0])


def _largest(rows: _Rows) -> tuple[_Vectors, Float[np.ndarray, " batch"]]:
    """The largest eigenvalue of X X^T with its eigenvector, for each matrix X of the batch.

    Lanczos iterations with full orthogonalisation run on all matrices together, from one random
    start, until every one has converged. X X^T itself, which costs more, is computed only for a
    small X, or if the largest eigenvalues are too close together to converge.
    """
    batch, size, _ = rows.shape
    if size <= _SMALL:
        return _by_decomposition(rows)
    columns, tolerance = rows.swapaxes(1, 2), 16 * np.finfo(rows.dtype).eps
    most = min(size, _MOST_STEPS)
    basis = np.zeros((batch, most + 1, size), rows.dtype)
    band = np.zeros((batch, most + 1, most + 1))  # X X^T in that basis: three diagonals
    start = np.random.default_rng(0).standard_normal(size)
    basis[:, 0] = start / np.linalg.norm(start)
    for step in range(most):
        so_far = basis[:, : step + 1]
        image = rows @ (columns @ so_far[:, step, :, None])
        shares = so_far @ image
        image -= so_far.swapaxes(1, 2) @ shares
        rest = np.sqrt(_squared(image))
        band[:, step, step] = shares[:, step, 0]
        if step % _CHECK_EVERY == _CHECK_EVERY - 1:
            roots, parts = np.linalg.eigh(band[:, : step + 1, : step + 1])
            error, largest = rest * np.abs(parts[:, -1, -1]), roots[:, -1]
            if (error <= tolerance * largest).all():
                vectors = parts[:, None, :, -1].astype(rows.dtype) @ so_far
                return vectors[:, 0], largest.astype(rows.dtype)
        band[:, step, step + 1] = band[:, step + 1, step] = rest
        basis[:, step + 1] = image[..., 0] / np.where(rest > 0, rest, 1)[:, None]
    return _by_decomposition(rows)


def _by_decomposition(rows: _Rows) -> tuple[_Vectors, Float[np.ndarray, " batch"]]:
    """The same from X X^T, one matrix at a time; LAPACK computes only the last eigenvector."""
    from scipy.linalg import lapack  # takes half a second, and only two methods need it

    squares = rows @ rows.swapaxes(1, 2)
    size = squares.shape[1]
    solve = lapack.ssyevr if rows.dtype == np.float32 else lapack.dsyevr
    vectors, roots = np.empty(squares.shape[:2], rows.dtype), np.empty(len(squares), rows.dtype)
    for number, square in enumerate(squares):
        root, vector, *_ = solve(square.T, range="I", il=size, iu=size)
        vectors[number], roots[number] = vector[:, 0], max(root[0], 0)
    return vectors, roots
