"""One pass over the rows of a linear mixed model: per-patient cross-products, exact and sufficient.

For every patient ``A = Z'Z`` and ``B = Z'[X, y]``, for every cell (combination of therapist and
service) the raw cross-products ``[X, y]'[X, y]``. Nothing else of the rows enters the likelihood,
so everything later (optimisation, degrees of freedom, profiles, bootstrap, deletion) costs time and
memory by patients, not by rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from naturalistic.stats.lmm.blocks import FloatArray, IntArray, packed_size, sum_by
from naturalistic.stats.lmm.columns import ColumnTransform, RandomColumns
from naturalistic.stats.lmm.statistics import (
    CrossingUnits,
    NestedUnits,
    ReducedRows,
    sum_products,
)

# Rows handled at a time; bounds the temporary memory of the pass.
_CHUNK = 250_000


@dataclass(frozen=True, slots=True)
class RowSource:
    """The rows as the caller gave them, with the codes the reduction groups by.

    Attributes
    ----------
    outcome, design : ndarray, shape (rows,) and (rows, p)
    time : ndarray or None, shape (rows,)
    unit : ndarray, shape (rows,)
        Code of the first-level unit (the patient; the cell when the model has no patient effect).
    cell : ndarray, shape (rows,)
        Code of the combination of therapist and service; zeros without either.
    """

    outcome: FloatArray
    design: FloatArray
    time: FloatArray | None
    unit: IntArray
    cell: IntArray


@dataclass(frozen=True, slots=True)
class _UnitOrder:
    """Units ranked crossing first, then by cell; and the rows in that order."""

    code_of_rank: IntArray
    cell_of_rank: IntArray
    crossing: int
    starts: IntArray
    order: IntArray | None


def _rank_units(source: RowSource) -> _UnitOrder:
    units = int(source.unit.max()) + 1
    home = np.zeros(units, dtype=np.int64)
    home[source.unit] = source.cell
    moved = np.zeros(units, dtype=bool)
    moved[source.unit[source.cell != home[source.unit]]] = True
    home[moved] = -1
    code_of_rank = np.argsort(home, kind="stable")
    rank = np.empty(units, dtype=np.int64)
    rank[code_of_rank] = np.arange(units)
    ranked = rank[source.unit]
    order = None if np.all(ranked[1:] >= ranked[:-1]) else np.argsort(ranked, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(ranked, minlength=units))])
    return _UnitOrder(code_of_rank, home[code_of_rank], int(moved.sum()), starts, order)


def _slices(starts: IntArray, split: int, chunk: int) -> Iterator[tuple[int, int]]:
    """Ranges of units that hold about `chunk` rows each; `split` is a boundary."""
    targets = np.arange(chunk, starts[-1], chunk)
    cuts = np.concatenate([[0, split], np.searchsorted(starts, targets), [len(starts) - 1]])
    cuts = np.unique(cuts)
    yield from zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)


def _gram_by_group(values: FloatArray, group: IntArray, out: FloatArray) -> None:
    """Add the cross-products of the rows of every group to ``out[group]``."""
    if out.shape[0] == 1:
        out[0] += values.T @ values
        return
    if np.any(group[1:] < group[:-1]):
        order = np.argsort(group, kind="stable")
        values, group = values[order], group[order]
    edges = np.concatenate([[0], np.flatnonzero(group[1:] != group[:-1]) + 1, [len(group)]])
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = values[first:last]
        out[group[first]] += part.T @ part


@dataclass(slots=True)
class _Segments:
    """Collects the segments of crossing units, slice by slice."""

    unit: list[IntArray]
    cell: list[IntArray]
    gram: list[FloatArray]
    products: list[FloatArray]

    def add(self, unit: IntArray, cell: IntArray, basis: FloatArray, values: FloatArray) -> None:
        """Sum the rows of crossing units by (unit, cell)."""
        key, inverse = np.unique(np.stack([unit, cell]), axis=1, return_inverse=True)
        segment = inverse.ravel()
        self.unit.append(key[0])
        self.cell.append(key[1])
        self.gram.append(sum_by(_squares(basis), segment, key.shape[1]))
        weighted = [
            sum_products((column[:, None] * values)[None], segment, key.shape[1])
            for column in basis
        ]
        self.products.append(np.concatenate(weighted))

    def joined(self, code: IntArray) -> CrossingUnits:
        """All segments; `code` gives the patient of every unit."""
        return CrossingUnits(
            code,
            np.concatenate(self.unit),
            np.concatenate(self.cell),
            np.concatenate(self.gram, axis=1),
            np.concatenate(self.products, axis=1),
        )


def _squares(columns: FloatArray) -> FloatArray:
    """Packed products of the random-effect columns, row by row."""
    if columns.shape[0] == 1:
        return columns * columns
    first, second = columns
    return np.stack([first * first, first * second, second * second])


def reduce_rows(
    source: RowSource,
    columns: RandomColumns,
    transform: ColumnTransform,
    cells: int,
    *,
    chunk: int = _CHUNK,
) -> ReducedRows:
    """Reduce the rows to the statistics the likelihood needs, columns not yet scaled.

    `naturalistic.stats.lmm.statistics.finish_columns` must follow, with the columns that the rank check keeps.

    Parameters
    ----------
    source : RowSource
    columns : RandomColumns
    transform : ColumnTransform
        Centres of the columns; scales must be one (they are found here).
    cells : int
        Number of cells.
    chunk : int
        Rows handled at a time.
    """
    ranked = _rank_units(source)
    width, units = source.design.shape[1] + 1, len(ranked.code_of_rank)
    split = ranked.crossing
    sums = _CellGrams(columns.strata, cells, width)
    unit_gram = np.empty((packed_size(columns.count), units - split))
    products = np.empty((columns.count, units - split, width))
    segments = _Segments([], [], [], [])
    for first, last in _slices(ranked.starts, split, chunk):
        start, stop = int(ranked.starts[first]), int(ranked.starts[last])
        rows = slice(start, stop) if ranked.order is None else ranked.order[start:stop]
        values = np.empty((stop - start, width))
        np.subtract(source.design[rows], transform.mean, out=values[:, :-1])
        np.subtract(source.outcome[rows], transform.outcome_mean, out=values[:, -1])
        basis = columns.rows(None if source.time is None else source.time[rows], stop - start)
        cell = source.cell[rows]
        sums.add(values, cell, basis)
        local = ranked.starts[first : last + 1] - start
        if first < split:
            unit = np.repeat(np.arange(first, last), np.diff(local))
            segments.add(unit, cell, basis, values)
            continue
        place = slice(first - split, last - split)
        unit_gram[:, place] = np.add.reduceat(_squares(basis), local[:-1], axis=1)
        for column in range(columns.count):
            products[column, place] = _sum_rows(basis[column], local) @ values
    nested = NestedUnits(
        unit_gram, products, ranked.cell_of_rank[split:], ranked.code_of_rank[split:]
    )
    crossing = segments.joined(ranked.code_of_rank[:split]) if split else None
    cell_rows, gram = sums.by_stratum()
    return ReducedRows(
        cell_rows, gram, gram.sum(axis=1), nested, crossing, None, transform, columns
    )


class _CellGrams:
    """Number of rows and cross-products of every cell, by residual stratum."""

    def __init__(self, strata: int, cells: int, width: int) -> None:
        self.strata, self.cells = strata, cells
        self.rows = np.zeros(strata * cells)
        self.gram = np.zeros((strata * cells, width, width))

    def add(self, values: FloatArray, cell: IntArray, basis: FloatArray) -> None:
        """Add some rows; with two strata the second column of `basis` tells the second."""
        group = basis[1].astype(np.int64) * self.cells + cell if self.strata == 2 else cell
        self.rows += np.bincount(group, minlength=len(self.rows))
        _gram_by_group(values, group, self.gram)

    def by_stratum(self) -> tuple[FloatArray, FloatArray]:
        """Rows (strata, cells) and cross-products (strata, cells, m, m)."""
        shape = (self.strata, self.cells)
        return self.rows.reshape(shape), self.gram.reshape(*shape, *self.gram.shape[1:])


def _sum_rows(weights: FloatArray, starts: IntArray) -> sparse.csr_matrix:
    """Matrix that sums weighted rows by unit, for rows sorted by unit."""
    shape = (len(starts) - 1, len(weights))
    return sparse.csr_matrix((weights, np.arange(len(weights)), starts), shape=shape)
