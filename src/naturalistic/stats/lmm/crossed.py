"""Therapist and service effects that are not nested: one sparse system for all of them.

Patients who changed therapist tie therapists together. Their own effects are still swept out one by
one, which leaves ``-A_s K A_s'`` between the cells of any two of a patient's segments s and s';
everyone else only adds to the diagonal. With ``Q`` the cross-products of the upper effects' columns
after the patients and ``L`` their relative factors, the system is ``M = I + L'QL``; it is factorised
by sparse LU without pivoting (M is positive definite), or densely when small or filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.linalg import splu

from naturalistic.stats.lmm.blocks import (
    FloatArray,
    IntArray,
    apply_symmetric,
    packed_index,
    packed_size,
    sum_by,
    sweep,
    weighted_crossproduct,
)
from naturalistic.stats.lmm.patients import packed_weights
from naturalistic.stats.lmm.statistics import CrossingUnits, ReducedRows, sum_products
from naturalistic.stats.lmm.structure import RandomStructure

_DENSE_UP_TO = 300
_FILLED = 0.05


@dataclass(frozen=True)
class UpperUnits:
    """Which therapist and which service each cell belongs to.

    Attributes
    ----------
    codes : tuple of ndarray, each shape (cells,)
        Code of the cell's unit at every upper level.
    counts : tuple of int
        Units at every upper level.
    crossing : bool
        Whether any patient has rows in several cells.
    """

    codes: tuple[IntArray, ...]
    counts: tuple[int, ...]
    crossing: bool

    @cached_property
    def nested(self) -> bool:
        """Whether every patient has one therapist and every therapist one service."""
        if self.crossing:
            return False
        return len(self.codes) < 2 or len(self.codes[0]) == self.counts[0]

    @cached_property
    def chain(self) -> tuple[IntArray, ...]:
        """Cell to unit of the first level, unit of the first level to unit of the second."""
        if len(self.codes) < 2:
            return self.codes
        above = np.zeros(self.counts[0], dtype=np.int64)
        above[self.codes[0]] = self.codes[1]
        return (self.codes[0], above)


@dataclass(frozen=True, slots=True)
class PatientLoss:
    """What sweeping the crossing patients takes away."""

    log_determinant: float
    loss: FloatArray


@dataclass(frozen=True, slots=True)
class CrossedUpper:
    """The solved joint system of the upper effects.

    Attributes
    ----------
    log_determinant : float
        ``log|M|``.
    loss : ndarray, shape (m, m)
        Cross-products taken away by the upper effects.
    solution : ndarray, shape (effects, m)
        ``M^-1 L'H``; effects ordered by level, then effect, then unit.
    factor : object
        Dense Cholesky factor (tuple) or sparse LU.
    """

    log_determinant: float
    loss: FloatArray
    solution: FloatArray
    factor: Any

    def solve(self, right: FloatArray) -> FloatArray:
        """``M^-1 right``."""
        if isinstance(self.factor, tuple):
            return linalg.cho_solve(self.factor, right)
        return self.factor.solve(right)


@dataclass(frozen=True, slots=True)
class _Entry:
    """Blocks of Q between units of two levels: values of shape (passed, passed, blocks)."""

    level_row: int
    level_column: int
    unit_row: IntArray
    unit_column: IntArray
    values: FloatArray


def segment_pairs(crossing: CrossingUnits) -> tuple[IntArray, IntArray]:
    """All ordered pairs of segments of the same patient, a segment with itself included."""
    counts = np.bincount(crossing.segment_unit)
    starts = np.cumsum(counts) - counts
    repeats = counts[crossing.segment_unit]
    first = np.repeat(np.arange(len(repeats)), repeats)
    within = np.arange(len(first)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    return first, starts[crossing.segment_unit[first]] + within


def _full(packed: FloatArray, size: int) -> FloatArray:
    """Packed blocks as (size, size, blocks), using the first `size` columns."""
    return np.stack(
        [np.stack([packed[packed_index(a, b)] for b in range(size)]) for a in range(size)]
    )


@dataclass(frozen=True, slots=True)
class _CrossingSweep:
    patients: PatientLoss
    pair_cells: tuple[IntArray, IntArray]
    pair_values: FloatArray
    cell_gram: FloatArray
    cell_products: FloatArray


def _sweep_crossing(
    rows: ReducedRows, structure: RandomStructure, theta: FloatArray
) -> _CrossingSweep | None:
    """Sweep the crossing patients' own effects out of the cells they touch."""
    crossing = rows.crossing
    if crossing is None or structure.patient is None:
        return None
    size, passed = rows.columns.count, structure.passed
    weights = np.broadcast_to(structure.weights(theta), (size,))
    packed = packed_weights(structure.weights(theta))
    cell = crossing.segment_cell
    gram = crossing.gram * packed
    products = crossing.products * weights[:, None, None]
    swept = sweep(gram, structure.patient.covariance(theta))
    patients = PatientLoss(
        float(np.log(swept.determinant).sum()), weighted_crossproduct(swept.weight, products)
    )
    segment = _full(crossing.segment_gram * packed, size)[:, :passed]
    weighted = apply_symmetric(swept.weight, products)
    pulled = np.einsum("abs,asm->bsm", segment, weighted[:, crossing.segment_unit])
    left = crossing.segment_products[:passed] * weights[:passed, None, None] - pulled
    cell_gram = sum_by(crossing.segment_gram * packed, cell, rows.cells)
    first, second = segment_pairs(crossing)
    weight = _full(swept.weight, size)[:, :, crossing.segment_unit[first]]
    values = -np.einsum("abs,acs,cds->bds", segment[:, :, first], weight, segment[:, :, second])
    return _CrossingSweep(
        patients,
        (cell[first], cell[second]),
        values,
        cell_gram[: packed_size(passed)],
        sum_products(left, cell, rows.cells),
    )


def _assemble(
    entries: list[_Entry], factors: list[FloatArray], offsets: list[int], counts: tuple[int, ...]
) -> sparse.csc_matrix:
    """``M = I + L'QL`` from the blocks of Q and the loaded factors of every level."""
    size = offsets[-1]
    row_parts, column_parts, value_parts = [np.arange(size)], [np.arange(size)], [np.ones(size)]
    for entry in entries:
        left, right = factors[entry.level_row], factors[entry.level_column]
        scaled = np.einsum("bk,bds,dl->kls", left, entry.values, right)
        for k in range(left.shape[1]):
            for j in range(right.shape[1]):
                base = offsets[entry.level_row] + k * counts[entry.level_row]
                row_parts.append(base + entry.unit_row)
                base = offsets[entry.level_column] + j * counts[entry.level_column]
                column_parts.append(base + entry.unit_column)
                value_parts.append(scaled[k, j])
    index = (np.concatenate(row_parts), np.concatenate(column_parts))
    return sparse.csc_matrix((np.concatenate(value_parts), index), shape=(size, size))


def level_offsets(structure: RandomStructure, counts: tuple[int, ...]) -> list[int]:
    """First position of every upper level in the joint system, and its size at the end."""
    sizes = [level.effects * n for level, n in zip(structure.upper, counts, strict=True)]
    return [0, *np.cumsum(sizes).tolist()]


def sweep_crossed(
    rows: ReducedRows,
    structure: RandomStructure,
    upper: UpperUnits,
    cell_gram: FloatArray,
    cell_products: FloatArray,
    theta: FloatArray,
) -> tuple[CrossedUpper, PatientLoss]:
    """Sweep crossing patients and all upper effects out jointly.

    Parameters
    ----------
    rows, structure, upper
        The model.
    cell_gram, cell_products : ndarray
        Sums over the nested patients of every cell.
    theta : ndarray
    """
    passed, width = structure.passed, rows.gram.shape[2]
    patients = PatientLoss(0.0, np.zeros((width, width)))
    swept = _sweep_crossing(rows, structure, theta)
    if swept is not None:
        patients = swept.patients
        cell_gram = cell_gram + swept.cell_gram
        cell_products = cell_products + swept.cell_products
    entries = []
    diagonal = _full(cell_gram, passed)
    for row, row_codes in enumerate(upper.codes):
        for column, column_codes in enumerate(upper.codes):
            entries.append(_Entry(row, column, row_codes, column_codes, diagonal))
            if swept is not None:
                first, second = swept.pair_cells
                entries.append(
                    _Entry(row, column, row_codes[first], column_codes[second], swept.pair_values)
                )
    factors = [level.loading @ level.factor(theta) for level in structure.upper]
    offsets = level_offsets(structure, upper.counts)
    system = _assemble(entries, factors, offsets, upper.counts)
    right = np.concatenate(
        [
            np.einsum("bk,bum->kum", factor, sum_products(cell_products, codes, count)).reshape(
                -1, width
            )
            for factor, codes, count in zip(factors, upper.codes, upper.counts, strict=True)
        ]
    )
    return _solve(system, right), patients


def _solve(system: sparse.csc_matrix, right: FloatArray) -> CrossedUpper:
    size = system.shape[0]
    if size <= _DENSE_UP_TO or system.nnz > _FILLED * size**2:
        factor: Any = linalg.cho_factor(system.toarray(), lower=True)
        log_determinant = 2.0 * float(np.log(np.diag(factor[0])).sum())
        solution = linalg.cho_solve(factor, right)
    else:
        factor = splu(
            system,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
        log_determinant = float(np.log(np.abs(factor.U.diagonal())).sum())
        solution = factor.solve(right)
    return CrossedUpper(log_determinant, right.T @ solution, solution, factor)
