"""The first principal component over positions: what the Eigen-CAM methods draw."""

import numpy as np
from jaxtyping import Float

_SMALL = 64  # rows of a matrix that is decomposed at once
_MOST_STEPS = 64
_LOOK_EVERY = 4  # steps

_Flat = Float[np.ndarray, "batch c positions"]
_Rows = Float[np.ndarray, "batch rows columns"]
_Vectors = Float[np.ndarray, "batch rows"]


def first_component(flat: _Flat) -> Float[np.ndarray, "batch positions"]:
    """Centred positions projected on the channel direction of largest variance.

    A principal direction has no sign of its own; here it is turned so that the map goes up where
    the sum over channels does. NaN where anything is not finite.
    """
    limits = np.finfo(flat.dtype)
    with np.errstate(all="ignore"):
        centred = _centred(flat)
        length = _squared(centred)
        if ((length > 1e12 * limits.tiny) & (length < limits.max)).all():
            return _projected(centred)
        scale = np.abs(flat).max((1, 2))[:, None]  # squares are lost, too small or too large
        finite = np.isfinite(scale)
        unit = flat / np.where(scale > 0, scale, 1)[..., None]
        found = _projected(_centred(np.where(finite[..., None], unit, 0)))
        return np.asarray(found * np.where(finite, scale, np.nan), flat.dtype)


def _projected(centred: _Flat) -> Float[np.ndarray, "batch positions"]:
    if centred.shape[1] <= centred.shape[2]:
        direction, _ = _largest(centred)
        found = (direction[:, None] @ centred)[:, 0]
        upwards = direction.sum(1)  # times the eigenvalue: of the map with the sum over channels
    else:  # the shorter side has the same first component
        direction, square = _largest(centred.swapaxes(1, 2))
        found = direction * np.sqrt(square)[:, None]
        upwards = (over_channels(centred) * found).sum(1)
    found[upwards < 0] *= -1
    return np.asarray(found)


def over_positions(flat: _Flat) -> Float[np.ndarray, "batch c"]:
    """Sums; by a product with ones: many times as fast as ``sum`` where channels lie together."""
    return np.asarray((flat @ np.ones((flat.shape[2], 1), flat.dtype))[..., 0])


def over_channels(flat: _Flat) -> Float[np.ndarray, "batch positions"]:
    """Sums, likewise."""
    return np.asarray((np.ones((1, flat.shape[1]), flat.dtype) @ flat)[:, 0])


def _centred(flat: _Flat) -> _Flat:
    """Without the mean over positions."""
    return np.asarray(flat - over_positions(flat)[..., None] / flat.shape[2])


def _squared(rows: _Rows) -> Float[np.ndarray, " batch"]:
    """The sum of all squares."""
    flat = rows.ravel(order="K").reshape(len(rows), -1)
    return np.asarray((flat[:, None] @ flat[:, :, None])[:, 0, 0])


def _largest(rows: _Rows) -> tuple[_Vectors, Float[np.ndarray, " batch"]]:
    """The eigenvectors of X X^T with the largest eigenvalues, and these.

    By the method of Lanczos with orthogonalisation, all matrices together, from one random start,
    until all stand still. X X^T itself, which costs more, is made only where it is small, and where
    eigenvalues are too close for that.
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
        known = basis[:, : step + 1]
        image = rows @ (columns @ known[:, step, :, None])
        shares = known @ image
        image -= known.swapaxes(1, 2) @ shares
        rest = np.sqrt(_squared(image))
        band[:, step, step] = shares[:, step, 0]
        if step % _LOOK_EVERY == _LOOK_EVERY - 1:
            roots, parts = np.linalg.eigh(band[:, : step + 1, : step + 1])
            off, largest = rest * np.abs(parts[:, -1, -1]), roots[:, -1]
            if (off <= tolerance * largest).all():
                found = parts[:, None, :, -1].astype(rows.dtype) @ known
                return found[:, 0], largest.astype(rows.dtype)
        band[:, step, step + 1] = band[:, step + 1, step] = rest
        basis[:, step + 1] = image[..., 0] / np.where(rest > 0, rest, 1)[:, None]
    return _by_decomposition(rows)


def _by_decomposition(rows: _Rows) -> tuple[_Vectors, Float[np.ndarray, " batch"]]:
    """The same from X X^T, one matrix after the other; LAPACK seeks the one vector only."""
    from scipy.linalg import lapack  # half a second that only these two methods need

    squares = rows @ rows.swapaxes(1, 2)
    size = squares.shape[1]
    solve = lapack.ssyevr if rows.dtype == np.float32 else lapack.dsyevr
    vectors, roots = np.empty(squares.shape[:2], rows.dtype), np.empty(len(squares), rows.dtype)
    for number, square in enumerate(squares):
        root, vector, *_ = solve(square.T, range="I", il=size, iu=size)
        vectors[number], roots[number] = vector[:, 0], max(root[0], 0)
    return vectors, roots
