"""Units with equal random-effect blocks, gathered: a million pre/post patients become a few sums.

Patients seen at the same occasions share ``A = Z'Z``, hence share the weight ``K`` and the shrink
``F`` of `naturalistic.stats.lmm.blocks.sweep`. The likelihood then needs, once for all, the sum of
``B'B`` by pattern and the sum of ``B`` by pattern and cell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from naturalistic.stats.lmm.blocks import FloatArray, IntArray

# More patterns than this and the gathered form no longer pays.
_MOST_PATTERNS = 64
_FEWEST_UNITS_PER_PATTERN = 5
_PROBE = 20_000


@dataclass(frozen=True, slots=True)
class CollapsedUnits:
    """Nested units gathered by pattern (equal ``Z'Z``) and by cell.

    Attributes
    ----------
    gram : ndarray, shape (1 or 3, patterns)
        The packed block of every pattern.
    count : ndarray, shape (patterns,)
        Units with this pattern.
    products : ndarray, shape (columns, columns, patterns, m * m)
        Sum over the pattern's units of ``B[a]' B[b]``.
    group_cell, group_pattern : ndarray, shape (groups,)
        Cell and pattern of every group that occurs.
    group_count : ndarray, shape (groups,)
        Units in the group.
    group_products : ndarray, shape (columns, groups, m)
        Sum of ``B`` over the group's units.
    unit_pattern, unit_group : ndarray, shape (units,)
        Pattern and group of every unit.
    """

    gram: FloatArray
    count: FloatArray
    products: FloatArray
    group_cell: IntArray
    group_pattern: IntArray
    group_count: FloatArray
    group_products: FloatArray
    unit_pattern: IntArray
    unit_group: IntArray


def _pattern_codes(gram: FloatArray) -> IntArray | None:
    """Code of the block pattern of every unit, or None when there are too many patterns."""
    if np.unique(gram[:, :_PROBE], axis=1).shape[1] > _MOST_PATTERNS:
        return None
    key = np.zeros(gram.shape[1], dtype=np.int64)
    for element in gram:
        values, inverse = np.unique(element, return_inverse=True)
        if len(values) > _MOST_PATTERNS:
            return None
        _, key = np.unique(key * len(values) + inverse.ravel(), return_inverse=True)
        if int(key.max()) >= _MOST_PATTERNS:
            return None
    return key.astype(np.int64)


def collapse_units(gram: FloatArray, products: FloatArray, cell: IntArray) -> CollapsedUnits | None:
    """Gather nested units by pattern and cell; None where it would not pay.

    Parameters
    ----------
    gram : ndarray, shape (1 or 3, units)
    products : ndarray, shape (columns, units, m)
    cell : ndarray, shape (units,)
    """
    columns, units, width = products.shape
    key = _pattern_codes(gram) if units else None
    if key is None:
        return None
    patterns = int(key.max()) + 1
    if units < _FEWEST_UNITS_PER_PATTERN * patterns:
        return None
    example = np.array([int(np.argmax(key == pattern)) for pattern in range(patterns)])
    sums = np.empty((columns, columns, patterns, width * width))
    for pattern in range(patterns):
        chosen = products[:, key == pattern]
        for a in range(columns):
            for b in range(a + 1):
                block = chosen[a].T @ chosen[b]
                sums[a, b, pattern] = block.ravel()
                sums[b, a, pattern] = block.T.ravel()
    groups, inverse = np.unique(cell * patterns + key, return_inverse=True)
    group = inverse.ravel().astype(np.int64)
    gather = _gather(group, len(groups))
    return CollapsedUnits(
        gram[:, example],
        np.bincount(key).astype(np.float64),
        sums,
        groups // patterns,
        groups % patterns,
        np.bincount(group).astype(np.float64),
        np.stack([gather @ products[column] for column in range(columns)]),
        key,
        group,
    )


def _gather(code: IntArray, count: int) -> sparse.csr_matrix:
    """Matrix that sums units by code."""
    units = len(code)
    return sparse.csr_matrix((np.ones(units), (code, np.arange(units))), shape=(count, units))


def replace_outcome(collapsed: CollapsedUnits, products: FloatArray) -> CollapsedUnits:
    """The same units with another outcome (the last column of `products`).

    Parameters
    ----------
    collapsed : CollapsedUnits
    products : ndarray, shape (columns, units, m)
    """
    columns, _, width = products.shape
    patterns = len(collapsed.count)
    by_pattern = _gather(collapsed.unit_pattern, patterns)
    sums = collapsed.products.reshape(columns, columns, patterns, width, width).copy()
    for a in range(columns):
        for b in range(columns):
            cross = by_pattern @ (products[a] * products[b, :, -1:])
            sums[a, b, :, :, -1] = cross
            sums[b, a, :, -1, :] = cross
    grouped = collapsed.group_products.copy()
    by_group = _gather(collapsed.unit_group, grouped.shape[1])
    grouped[..., -1] = (by_group @ products[..., -1].T).T
    return replace(
        collapsed,
        products=sums.reshape(columns, columns, patterns, width * width),
        group_products=grouped,
    )
