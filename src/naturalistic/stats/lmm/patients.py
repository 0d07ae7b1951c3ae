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
_FEW = 50_000

# Up to this many numbers patients are swept at once, and about how many at a time beyond it.
_SMALL = 200_000
_NUMBERS_IN_A_SLICE = 65_536
_FEWEST_IN_A_SLICE = 2_048


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
    count, width = units.products.shape[1:]
    upper, small = structure.passed, units.products.size <= _SMALL
    scale = None if len(weights) == 1 else weights[:, None, None]
    log_determinant, loss = 0.0, np.zeros((width, width))
    passed = np.empty((packed_size(upper), count))
    sums = np.zeros((upper, cells, width))
    # slice by slice, so that what one step leaves in the processor's cache the next one finds there
    step = max(count, 1) if small else max(_FEWEST_IN_A_SLICE, _NUMBERS_IN_A_SLICE // width)
    for start in range(0, count, step):
        part = slice(start, start + step)
        swept = sweep(units.gram[:, part] * packed_weights(weights), covariance)
        log_determinant += float(np.log(swept.determinant).sum())
        products = units.products[:, part]
        products = products if scale is None else products * scale
        loss += weighted_crossproduct(swept.weight, products)
        if structure.upper:
            passed[:, part] = swept.passed[: len(passed)]
            _add_weighted(swept.shrink[:upper], products, units.cell[part], sums)
    if not structure.upper:
        return PatientSweep(log_determinant, loss, None)
    return PatientSweep(log_determinant, loss, CellSums(sum_by(passed, units.cell, cells), sums))


def _sum_weighted(
    factors: FloatArray, products: FloatArray, cell: IntArray, cells: int
) -> FloatArray:
    """``sum over the units of a cell of F B``, for units in the order of their cells."""
    out = np.zeros((factors.shape[0], cells, products.shape[2]))
    _add_weighted(factors, products, cell, out)
    return out


def _add_weighted(
    factors: FloatArray, products: FloatArray, cell: IntArray, out: FloatArray
) -> None:
    """Add ``F B`` of every unit to its cell, for units in the order of their cells.

    Parameters
    ----------
    factors : ndarray, shape (passed, columns, units)
    products : ndarray, shape (columns, units, m)
    cell : ndarray, shape (units,)
    out : ndarray, shape (passed, cells, m)
    """
    units = products.shape[1]
    if not units:
        return
    starts = np.flatnonzero(np.concatenate([[True], cell[1:] != cell[:-1]]))
    found = cell[starts]
    if products.size <= _FEW:
        weighted = np.einsum("rcu,cum->rum", factors, products)
        out[:, found] += np.add.reduceat(weighted, starts, axis=1)
        return
    edges = np.append(starts, units)
    gather = sparse.csr_matrix((np.ones(units), np.arange(units), edges), (len(found), units))
    for row in range(factors.shape[0]):
        for column in range(factors.shape[1]):
            gather.data = np.ascontiguousarray(factors[row, column])
            out[row, found] += gather @ products[column]
