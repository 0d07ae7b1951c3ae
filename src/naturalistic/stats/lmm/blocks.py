"""Closed-form algebra on many 1 x 1 or 2 x 2 symmetric blocks at once.

A linear mixed model whose random effects live on one shared pair of columns (intercept and time, or
the indicators of two occasions) can be reduced level by level: patient, therapist, service. At each
level every unit holds a cross-product block ``A = Z'WZ`` and products ``B = Z'W[X, y]``; sweeping
the unit's random effect (relative covariance ``D``) out of the model needs

    weight  K = D (I + A D)^-1 = (D + det(D) adj(A)) / det(I + A D)
    shrink  F = (I + A D)^-1 = I - A K
    passed upwards  A' = F A = (A + det(A) adj(D)) / det(I + A D),   B' = F B

and lowers the cross-products by ``B' K B``. This is the Woodbury identity for
``(W^-1 + Z D Z')^-1``; the 2 x 2 forms follow from ``M adj(M) = det(M) I``. Both hold for singular
``D`` and ``A``, so a variance of zero is no special case.

Symmetric blocks are packed along the first axis: ``(a00,)`` or ``(a00, a01, a11)``, each of length
``units``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def packed_size(columns: int) -> int:
    """Number of distinct elements of a symmetric block with `columns` rows and columns."""
    return columns * (columns + 1) // 2


def columns_of(packed: FloatArray) -> int:
    """Number of rows of the blocks behind a packed array (1 or 2)."""
    return 1 if packed.shape[0] == 1 else 2


def packed_index(row: int, column: int) -> int:
    """Position of element (row, column) in a packed symmetric block of size 1 or 2."""
    return row + column


def sum_by(values: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """Sum every row of `values` (k, units) by group: shape (k, groups)."""
    sums = [np.bincount(group, weights=row, minlength=groups) for row in values]
    return np.stack(sums).astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True)
class Sweep:
    """What sweeping one level's random effect leaves behind.

    Attributes
    ----------
    determinant : ndarray, shape (units,)
        ``det(I + A D)`` of every unit; positive for an admissible `D`.
    weight : ndarray, shape (1 or 3, units)
        Packed ``K``.
    shrink : ndarray, shape (columns, columns, units)
        ``F = (I + A D)^-1`` (not symmetric).
    passed : ndarray, shape (1 or 3, units)
        Packed ``F A``, the unit's cross-product block for the next level up.
    """

    determinant: FloatArray
    weight: FloatArray
    shrink: FloatArray
    passed: FloatArray


def sweep(gram: FloatArray, covariance: FloatArray) -> Sweep:
    """Sweep a random effect with relative covariance `covariance` out of every unit.

    Parameters
    ----------
    gram : ndarray, shape (1 or 3, units)
        Packed blocks ``A``.
    covariance : ndarray, shape (columns, columns)
        ``D``, relative to the residual variance.

    Raises
    ------
    numpy.linalg.LinAlgError
        When `covariance` is so extreme that nothing is left of a determinant but rounding.
    """
    if gram.shape[0] == 1:
        variance = covariance[0, 0]
        determinant = 1.0 + variance * gram[0]
        shrink = 1.0 / determinant
        return Sweep(
            determinant, (variance * shrink)[None], shrink[None, None], (gram[0] * shrink)[None]
        )
    a00, a01, a11 = gram
    d00, d01, d11 = covariance[0, 0], covariance[0, 1], covariance[1, 1]
    det_gram = a00 * a11 - a01 * a01
    det_covariance = d00 * d11 - d01 * d01
    determinant = 1.0 + a00 * d00 + 2.0 * a01 * d01 + a11 * d11 + det_gram * det_covariance
    if not np.all(determinant > 0.0):
        raise np.linalg.LinAlgError("a covariance beyond what the arithmetic can tell from others")
    scale = 1.0 / determinant
    weight = np.stack(
        [
            (d00 + det_covariance * a11) * scale,
            (d01 - det_covariance * a01) * scale,
            (d11 + det_covariance * a00) * scale,
        ]
    )
    shrink = np.stack(
        [
            np.stack([1.0 + a01 * d01 + a11 * d11, -(a00 * d01 + a01 * d11)]),
            np.stack([-(a01 * d00 + a11 * d01), 1.0 + a00 * d00 + a01 * d01]),
        ]
    )
    passed = np.stack(
        [
            (a00 + det_gram * d11) * scale,
            (a01 - det_gram * d01) * scale,
            (a11 + det_gram * d00) * scale,
        ]
    )
    return Sweep(determinant, weight, shrink * scale, passed)


def apply_symmetric(packed: FloatArray, vectors: FloatArray) -> FloatArray:
    """``K v`` for every unit: packed (1 or 3, units) times vectors (columns, units, ...)."""
    shape = (-1,) + (1,) * (vectors.ndim - 2)
    if packed.shape[0] == 1:
        return packed[0].reshape(shape) * vectors
    k00, k01, k11 = (element.reshape(shape) for element in packed)
    return np.stack([k00 * vectors[0] + k01 * vectors[1], k01 * vectors[0] + k11 * vectors[1]])


def unpack(packed: FloatArray) -> FloatArray:
    """Packed blocks (1 or 3, units) as full blocks (units, columns, columns)."""
    if packed.shape[0] == 1:
        return np.ascontiguousarray(packed[0])[:, None, None]
    blocks = np.empty((packed.shape[1], 2, 2))
    blocks[:, 0, 0], blocks[:, 1, 1] = packed[0], packed[2]
    blocks[:, 0, 1] = blocks[:, 1, 0] = packed[1]
    return blocks


# Units per slice of `weighted_crossproduct`: its temporaries then stay in the processor's cache.
_SLICE = 2_048


def weighted_crossproduct(weight: FloatArray, products: FloatArray) -> FloatArray:
    """``sum over units of B' K B``.

    Parameters
    ----------
    weight : ndarray, shape (1 or 3, units)
        Packed ``K``.
    products : ndarray, shape (columns, units, m)
        ``B``.

    Returns
    -------
    ndarray, shape (m, m)
    """
    columns, units, width = products.shape
    root = _root(weight)
    total = np.zeros((width, width))
    for start in range(0, units, _SLICE):
        part = products[:, start : start + _SLICE]
        if root is not None:
            rooted = _rooted(root[:, start : start + _SLICE, None], part).reshape(-1, width)
            total += rooted.T @ rooted  # one symmetric product: half the work of a general one
            continue
        weighted = apply_symmetric(weight[:, start : start + _SLICE], part)
        for column in range(columns):
            total += part[column].T @ weighted[column]
    return total


def _root(weight: FloatArray) -> FloatArray | None:
    """Packed lower factors ``L`` of ``K = L L'``; None where a block is not positive semi-definite."""
    if weight.shape[0] == 1:
        return np.sqrt(weight) if np.all(weight >= 0.0) else None
    k00, k01, k11 = weight
    left = k00 * k11 - k01 * k01
    # a singular covariance leaves rounding of either sign
    if not (np.all(k00 >= 0.0) and np.all(k11 >= 0.0) and np.all(left >= -1e-13 * k00 * k11)):
        return None
    first = np.sqrt(k00)
    inverse = np.divide(1.0, first, out=np.zeros_like(first), where=first > 0.0)
    # with k00 = 0 the other off-diagonal is 0 too
    last = np.where(first > 0.0, np.sqrt(np.maximum(left, 0.0)) * inverse, np.sqrt(k11))
    return np.stack([first, k01 * inverse, last])


def _rooted(root: FloatArray, products: FloatArray) -> FloatArray:
    """``L'B`` of every unit, shape (columns, units, m)."""
    out = np.empty(products.shape)
    np.multiply(root[0], products[0], out=out[0])
    if len(root) > 1:
        np.multiply(root[1], products[1], out=out[1])
        out[0] += out[1]
        np.multiply(root[2], products[1], out=out[1])
    return out
