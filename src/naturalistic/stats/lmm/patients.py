"""Sweep the patients' own random effects out of the cross-products: the innermost level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from naturalistic.stats.lmm.blocks import (
    FloatArray,
    IntArray,
    packed_index,
    packed_size,
    sum_by,
    sweep,
    weighted_crossproduct,
)
from naturalistic.stats.lmm.collapse import CollapsedUnits
from naturalistic.stats.lmm.statistics import NestedUnits, ReducedRows
from naturalistic.stats.lmm.structure import RandomStructure

# Up to this many numbers a temporary array is cheaper than a sparse matrix product.
_SMALL = 200_000


@dataclass(frozen=True, slots=True)
class CellSums:
    """Sums over the first-level units of every cell, patient effects swept out.

    Attributes
    ----------
    gram : ndarray, shape (1 or 3, cells)
    products : ndarray, shape (passed, cells, m)
    """

    gram: FloatArray
    products: FloatArray


@dataclass(frozen=True, slots=True)
class PatientSweep:
    """The nested patients swept out.

    Attributes
    ----------
    log_determinant : float
    loss : ndarray, shape (m, m)
        What the cross-products lose.
    cells : CellSums or None
        What is passed upwards; None in a model without upper levels.
    """

    log_determinant: float
    loss: FloatArray
    cells: CellSums | None


def packed_weights(weights: FloatArray) -> FloatArray:
    """Factors of a packed ``Z'Z`` that make it ``Z'WZ``, shape (1 or 3, 1).

    With a precision by occasion the columns are indicators, whose block is diagonal.
    """
    if len(weights) == 1:
        return np.ones((1, 1))
    return np.array([[weights[0]], [0.0], [weights[1]]])


def sweep_patients(
    rows: ReducedRows, structure: RandomStructure, theta: FloatArray
) -> PatientSweep:
    """Sweep the effects of all patients with rows in one cell.

    Parameters
    ----------
    rows : ReducedRows
    structure : RandomStructure
    theta : ndarray
    """
    count = rows.columns.count
    covariance = np.zeros((count, count))
    if structure.patient is not None:
        covariance = structure.patient.covariance(theta)
    weights = structure.weights(theta)
    if rows.collapsed is not None:
        return _sweep_collapsed(rows.collapsed, structure, covariance, weights, rows.cells)
    return _sweep_nested(rows.nested, structure, covariance, weights, rows.cells)


def _sweep_collapsed(
    units: CollapsedUnits,
    structure: RandomStructure,
    covariance: FloatArray,
    weights: FloatArray,
    cells: int,
) -> PatientSweep:
    swept = sweep(units.gram * packed_weights(weights), covariance)
    log_determinant = float(np.log(swept.determinant) @ units.count)
    columns, width = len(covariance), units.group_products.shape[2]
    spread = np.broadcast_to(weights, (columns,))
    loss = np.zeros(width * width)
    for a in range(columns):
        for b in range(columns):
            loss += (spread[a] * spread[b] * swept.weight[packed_index(a, b)]) @ units.products[
                a, b
            ]
    loss = loss.reshape(width, width)
    if not structure.upper:
        return PatientSweep(log_determinant, loss, None)
    pattern, upper = units.group_pattern, structure.passed
    passed = swept.passed[: packed_size(upper), pattern] * units.group_count
    factors = (swept.shrink[:upper] * spread[:, None])[:, :, pattern]
    sums = CellSums(
        sum_by(passed, units.group_cell, cells),
        _sum_weighted(factors, units.group_products, units.group_cell, cells),
    )
    return PatientSweep(log_determinant, loss, sums)


def _sweep_nested(
    units: NestedUnits,
    structure: RandomStructure,
    covariance: FloatArray,
    weights: FloatArray,
    cells: int,
) -> PatientSweep:
    swept = sweep(units.gram * packed_weights(weights), covariance)
    log_determinant = float(np.log(swept.determinant).sum())
    products = units.products
    if len(weights) > 1:
        products = products * weights[:, None, None]
    loss = weighted_crossproduct(swept.weight, products)
    if not structure.upper:
        return PatientSweep(log_determinant, loss, None)
    upper = structure.passed
    sums = CellSums(
        sum_by(swept.passed[: packed_size(upper)], units.cell, cells),
        _sum_weighted(swept.shrink[:upper], products, units.cell, cells),
    )
    return PatientSweep(log_determinant, loss, sums)


def _sum_weighted(
    factors: FloatArray, products: FloatArray, cell: IntArray, cells: int
) -> FloatArray:
    """``sum over the units of a cell of F B``, for units in the order of their cells.

    Parameters
    ----------
    factors : ndarray, shape (passed, columns, units)
    products : ndarray, shape (columns, units, m)
    """
    units = products.shape[1]
    out = np.zeros((factors.shape[0], cells, products.shape[2]))
    if not units:
        return out
    if products.size <= _SMALL:
        weighted = np.einsum("rcu,cum->rum", factors, products)
        starts = np.flatnonzero(np.concatenate([[True], cell[1:] != cell[:-1]]))
        out[:, cell[starts]] = np.add.reduceat(weighted, starts, axis=1)
        return out
    starts = np.searchsorted(cell, np.arange(cells + 1))
    gather = sparse.csr_matrix((np.ones(units), np.arange(units), starts), (cells, units))
    for row in range(factors.shape[0]):
        for column in range(factors.shape[1]):
            gather.data = np.ascontiguousarray(factors[row, column])
            out[row] += gather @ products[column]
    return out
