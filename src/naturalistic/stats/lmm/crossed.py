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
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
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
from naturalistic.stats.lmm.patients import CellSums, packed_weights
from naturalistic.stats.lmm.statistics import ReducedRows, sum_products
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


def _full(packed: FloatArray, size: int) -> FloatArray:
    """Packed blocks as (size, size, blocks), using the first `size` columns."""
    return np.stack(
        [np.stack([packed[packed_index(a, b)] for b in range(size)]) for a in range(size)]
    )


def _contract(left: FloatArray, right: FloatArray) -> FloatArray:
    """``sum over a of left[a, b] right[a, c]`` block by block: (a, b, s), (a, c, s) to (b, c, s).

    Spelt out, because `numpy.einsum` does not vectorise over the last axis.
    """
    out = np.empty((left.shape[1], right.shape[1], left.shape[2]))
    for b, c in product(range(left.shape[1]), range(right.shape[1])):
        out[b, c] = sum(left[a, b] * right[a, c] for a in range(left.shape[0]))
    return out


@dataclass(frozen=True, slots=True)
class _CrossingSweep:
    patients: PatientLoss
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
    weighted = apply_symmetric(swept.weight, products)[:, crossing.segment_unit]
    left = crossing.segment_products[:passed] * weights[:passed, None, None]
    for row, column in product(range(size), range(passed)):
        left[column] -= segment[row, column, :, None] * weighted[row]
    cell_gram = sum_by(crossing.segment_gram * packed, cell, rows.cells)
    first, second = crossing.pairs
    weight = _full(swept.weight, size)[:, :, crossing.segment_unit]
    loaded = _contract(weight, segment)
    values = -_contract(loaded[:, :, first], segment[:, :, second])
    return _CrossingSweep(
        patients,
        values,
        cell_gram[: packed_size(passed)],
        sum_products(left, cell, rows.cells),
    )


def level_offsets(structure: RandomStructure, counts: tuple[int, ...]) -> list[int]:
    """First position of every upper level in the joint system, and its size at the end."""
    sizes = [level.effects * n for level, n in zip(structure.upper, counts, strict=True)]
    return [0, *np.cumsum(sizes).tolist()]


@dataclass(frozen=True, slots=True)
class UpperSystem:
    """Where the blocks of ``M`` lie: the same at every theta.

    Attributes
    ----------
    size : int
        Effects of all upper levels.
    rows, starts : ndarray
        Rows of the entries and first entry of every column (compressed sparse columns).
    place : ndarray
        Entry to which each value is added, in the order of `sweep_crossed`: the diagonal, then for
        every two levels the cells' blocks and those of the pairs of segments.
    """

    size: int
    rows: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int32]
    place: IntArray

    def matrix(self, values: list[FloatArray]) -> sparse.csc_matrix:
        """``M`` from its values."""
        summed = np.bincount(self.place, np.concatenate(values), minlength=len(self.rows))
        return sparse.csc_matrix((summed, self.rows, self.starts), shape=(self.size, self.size))


def upper_system(rows: ReducedRows, structure: RandomStructure, upper: UpperUnits) -> UpperSystem:
    """The pattern of ``M = I + L'QL``."""
    offsets = level_offsets(structure, upper.counts)
    size, places = offsets[-1], [np.arange(offsets[-1]) * (offsets[-1] + 1)]
    pairs = None
    if rows.crossing is not None and structure.patient is not None:
        pairs = tuple(rows.crossing.segment_cell[side] for side in rows.crossing.pairs)
    for row, column in product(range(len(upper.codes)), repeat=2):
        own, other = upper.codes[row], upper.codes[column]
        blocks = [(own, other)] + ([(own[pairs[0]], other[pairs[1]])] if pairs else [])
        for first, second in blocks:
            effects = structure.upper[row].effects, structure.upper[column].effects
            for k, j in product(*map(range, effects)):
                at = offsets[row] + k * upper.counts[row] + first
                places.append((offsets[column] + j * upper.counts[column] + second) * size + at)
    entries, place = np.unique(np.concatenate(places), return_inverse=True)
    starts = np.searchsorted(entries, np.arange(size + 1) * size)
    return UpperSystem(
        size, (entries % size).astype(np.int32), starts.astype(np.int32), place.astype(np.int64)
    )


def sweep_crossed(
    rows: ReducedRows,
    structure: RandomStructure,
    upper: UpperUnits,
    system: UpperSystem,
    sums: CellSums,
    theta: FloatArray,
) -> tuple[CrossedUpper, PatientLoss]:
    """Sweep crossing patients and all upper effects out jointly.

    Parameters
    ----------
    rows, structure, upper, system
        The model.
    sums : CellSums
        Sums over the nested patients of every cell.
    theta : ndarray
    """
    passed, width = structure.passed, rows.gram.shape[2]
    patients = PatientLoss(0.0, np.zeros((width, width)))
    cell_gram, cell_products = sums.gram, sums.products
    swept = _sweep_crossing(rows, structure, theta)
    blocks = []
    if swept is not None:
        patients = swept.patients
        cell_gram = cell_gram + swept.cell_gram
        cell_products = cell_products + swept.cell_products
        blocks = [swept.pair_values]
    blocks.insert(0, _full(cell_gram, passed))
    factors = [level.loading @ level.factor(theta) for level in structure.upper]
    values = [np.ones(system.size)]
    for left, right in product(factors, repeat=2):
        for block in blocks:
            from_left = np.tensordot(left, block, (0, 0))
            values.append((right.T @ from_left).ravel())
    right_side = np.concatenate(
        [
            np.tensordot(factor, sum_products(cell_products, codes, count), (0, 0)).reshape(
                -1, width
            )
            for factor, codes, count in zip(factors, upper.codes, upper.counts, strict=True)
        ]
    )
    return _solve(system.matrix(values), right_side), patients


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
