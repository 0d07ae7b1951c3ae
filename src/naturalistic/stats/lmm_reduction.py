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

from naturalistic.stats.lmm_blocks import FloatArray, IntArray, packed_size, sum_by
from naturalistic.stats.lmm_collapse import CollapsedUnits, collapse_units
from naturalistic.stats.lmm_columns import ColumnTransform, RandomColumns

# Rows handled at a time; bounds the temporary memory of the pass.
_CHUNK = 250_000


@dataclass(frozen=True, slots=True)
class NestedUnits:
    """Patients whose rows all lie in one cell, in the order of their cells.

    Attributes
    ----------
    gram : ndarray, shape (1 or 3, units)
        Packed ``Z'Z``.
    products : ndarray, shape (columns, units, p + 1)
        ``Z'[X, y]``.
    cell : ndarray, shape (units,)
        Code of the cell.
    code : ndarray, shape (units,)
        Code of the patient as given by the caller's factorisation.
    """

    gram: FloatArray
    products: FloatArray
    cell: IntArray
    code: IntArray


@dataclass(frozen=True, slots=True)
class CrossingUnits:
    """Patients whose rows lie in several cells (they changed therapist or service).

    A segment is the part of one patient's rows that lies in one cell.

    Attributes
    ----------
    gram, products, code
        As in `NestedUnits`.
    segment_unit, segment_cell : ndarray, shape (segments,)
    segment_gram : ndarray, shape (1 or 3, segments)
        Packed ``Z'Z`` of the segment.
    cell_gram : ndarray, shape (1 or 3, cells)
        Sum of the segments' blocks by cell.
    cell_products : ndarray, shape (columns, cells, p + 1)
        Sum of ``Z'[X, y]`` over these patients' rows by cell.
    """

    gram: FloatArray
    products: FloatArray
    code: IntArray
    segment_unit: IntArray
    segment_cell: IntArray
    segment_gram: FloatArray
    cell_gram: FloatArray
    cell_products: FloatArray


@dataclass(frozen=True, slots=True)
class ReducedRows:
    """Sufficient statistics of the rows.

    Attributes
    ----------
    rows : int
    stratum_rows : ndarray, shape (strata,)
        Rows by residual stratum (one stratum, or the two occasions).
    gram : ndarray, shape (strata, cells, m, m)
        ``[X, y]'[X, y]`` of centred and scaled columns, ``m = p + 1``.
    nested : NestedUnits
    crossing : CrossingUnits or None
    collapsed : CollapsedUnits or None
        The nested units gathered by equal ``Z'Z``, when few patterns exist.
    transform : ColumnTransform
    columns : RandomColumns
    """

    rows: int
    stratum_rows: FloatArray
    gram: FloatArray
    nested: NestedUnits
    crossing: CrossingUnits | None
    collapsed: CollapsedUnits | None
    transform: ColumnTransform
    columns: RandomColumns

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.gram.shape[1]

    @property
    def terms(self) -> int:
        """Number of fixed-effect columns."""
        return self.gram.shape[2] - 1


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


def _slices(starts: IntArray, chunk: int) -> Iterator[tuple[int, int]]:
    """Ranges of units that hold about `chunk` rows each."""
    targets = np.arange(chunk, starts[-1], chunk)
    cuts = np.unique(np.concatenate([[0], np.searchsorted(starts, targets), [len(starts) - 1]]))
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
    unit: list[IntArray]
    cell: list[IntArray]
    gram: list[FloatArray]

    def add(self, unit: IntArray, cell: IntArray, squares: FloatArray) -> None:
        """Sum the rows of crossing units by (unit, cell)."""
        key, inverse = np.unique(np.stack([unit, cell]), axis=1, return_inverse=True)
        self.unit.append(key[0])
        self.cell.append(key[1])
        flat = inverse.ravel()
        self.gram.append(sum_by(squares, flat, key.shape[1]))


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

    `finish_columns` must follow, with the columns that the rank check keeps.

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
    gram = np.zeros((columns.strata * cells, width, width))
    unit_gram = np.empty((packed_size(columns.count), units))
    products = np.empty((columns.count, units, width))
    crossing_products = np.zeros((columns.count, cells, width))
    stratum_rows = np.zeros(columns.strata)
    segments = _Segments([], [], [])
    for first, last in _slices(ranked.starts, chunk):
        start, stop = int(ranked.starts[first]), int(ranked.starts[last])
        rows = slice(start, stop) if ranked.order is None else ranked.order[start:stop]
        values = np.empty((stop - start, width))
        np.subtract(source.design[rows], transform.mean, out=values[:, :-1])
        np.subtract(source.outcome[rows], transform.outcome_mean, out=values[:, -1])
        basis = columns.rows(None if source.time is None else source.time[rows], stop - start)
        local = ranked.starts[first : last + 1] - start
        for column in range(columns.count):
            products[column, first:last] = _sum_rows(basis[column], local) @ values
        squares = _squares(basis)
        unit_gram[:, first:last] = np.add.reduceat(squares, local[:-1], axis=1)
        cell = source.cell[rows]
        stratum = basis[1].astype(np.int64) if columns.strata == 2 else np.zeros_like(cell)
        stratum_rows += np.bincount(stratum, minlength=columns.strata)
        _gram_by_group(values, stratum * cells + cell, gram)
        if first < ranked.crossing:
            held = int(ranked.starts[min(last, ranked.crossing)]) - start
            unit = np.repeat(np.arange(first, last), np.diff(local))[:held]
            segments.add(unit, cell[:held], squares[:, :held])
            for column in range(columns.count):
                by_cell = _sum_by(cell[:held], basis[column, :held], cells)
                crossing_products[column] += by_cell @ values[:held]
    split = ranked.crossing
    nested = NestedUnits(
        unit_gram[:, split:],
        products[:, split:],
        ranked.cell_of_rank[split:],
        ranked.code_of_rank[split:],
    )
    crossing = None
    if split:
        crossing = _crossing_units(
            unit_gram[:, :split],
            products[:, :split],
            ranked.code_of_rank[:split],
            segments,
            crossing_products,
        )
    return ReducedRows(
        len(source.outcome),
        stratum_rows,
        gram.reshape(columns.strata, cells, width, width),
        nested,
        crossing,
        None,
        transform,
        columns,
    )


def _sum_rows(weights: FloatArray, starts: IntArray) -> sparse.csr_matrix:
    """Matrix that sums weighted rows by unit, for rows sorted by unit."""
    shape = (len(starts) - 1, len(weights))
    return sparse.csr_matrix((weights, np.arange(len(weights)), starts), shape=shape)


def _sum_by(group: IntArray, weights: FloatArray, groups: int) -> sparse.csr_matrix:
    """Matrix that sums weighted rows by group, for rows in any order."""
    shape = (groups, len(group))
    return sparse.csr_matrix((weights, (group, np.arange(len(group)))), shape=shape)


def _crossing_units(
    gram: FloatArray,
    products: FloatArray,
    code: IntArray,
    segments: _Segments,
    cell_products: FloatArray,
) -> CrossingUnits:
    cell = np.concatenate(segments.cell)
    segment_gram = np.concatenate(segments.gram, axis=1)
    cell_gram = sum_by(segment_gram, cell, cell_products.shape[1])
    return CrossingUnits(
        gram,
        products,
        code,
        np.concatenate(segments.unit),
        cell,
        segment_gram,
        cell_gram,
        cell_products,
    )


def finish_columns(reduced: ReducedRows, kept: list[int], *, collapse: bool = True) -> ReducedRows:
    """Keep some fixed-effect columns and scale them to a root mean square of one.

    Parameters
    ----------
    reduced : ReducedRows
        From `reduce_rows`; its products are scaled in place and must not be used again.
    kept : list of int
        Columns that stay, in rising order.
    collapse : bool
        Gather units with equal blocks where few patterns exist (pre/post data).
    """
    total = reduced.gram.sum(axis=(0, 1))
    size = np.sqrt(np.diag(total)[kept] / reduced.rows)
    size[size == 0.0] = 1.0
    divisor = np.concatenate([size, [1.0]])
    take = np.array([*kept, reduced.terms])
    identity = len(kept) == reduced.terms

    def scaled(values: FloatArray) -> FloatArray:
        chosen = values if identity else values[..., take]
        chosen /= divisor  # in place: the products are the largest array of the model
        return chosen

    gram = reduced.gram[..., take[:, None], take] / np.outer(divisor, divisor)
    nested = NestedUnits(
        reduced.nested.gram,
        scaled(reduced.nested.products),
        reduced.nested.cell,
        reduced.nested.code,
    )
    crossing = reduced.crossing
    if crossing is not None:
        crossing = CrossingUnits(
            crossing.gram,
            scaled(crossing.products),
            crossing.code,
            crossing.segment_unit,
            crossing.segment_cell,
            crossing.segment_gram,
            crossing.cell_gram,
            scaled(crossing.cell_products),
        )
    transform = reduced.transform.keep(kept)
    transform = ColumnTransform(
        transform.mean,
        transform.scale * size,
        transform.outcome_mean,
        transform.intercept,
        transform.intercept_value,
    )
    collapsed = collapse_units(nested.gram, nested.products, nested.cell) if collapse else None
    return ReducedRows(
        reduced.rows,
        reduced.stratum_rows,
        gram,
        nested,
        crossing,
        collapsed,
        transform,
        reduced.columns,
    )
