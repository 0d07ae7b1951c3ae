"""The sufficient statistics of a linear mixed model, and what can be done to them without rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from naturalistic.stats.lmm.blocks import FloatArray, IntArray, sum_by
from naturalistic.stats.lmm.collapse import CollapsedUnits, collapse_units
from naturalistic.stats.lmm.columns import ColumnTransform, RandomColumns


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


@dataclass(frozen=True, eq=False)
class CrossingUnits:
    """Patients whose rows lie in several cells (they changed therapist or service).

    A segment is the part of one patient's rows that lies in one cell; segments are ordered by unit.

    Attributes
    ----------
    code : ndarray, shape (units,)
        As in `NestedUnits`.
    segment_unit, segment_cell : ndarray, shape (segments,)
    segment_gram : ndarray, shape (1 or 3, segments)
        Packed ``Z'Z`` of the segment.
    segment_products : ndarray, shape (columns, segments, p + 1)
    """

    code: IntArray
    segment_unit: IntArray
    segment_cell: IntArray
    segment_gram: FloatArray
    segment_products: FloatArray

    @cached_property
    def gram(self) -> FloatArray:
        """Packed ``Z'Z`` of the units, shape (1 or 3, units)."""
        return sum_by(self.segment_gram, self.segment_unit, len(self.code))

    @cached_property
    def products(self) -> FloatArray:
        """``Z'[X, y]`` of the units, shape (columns, units, p + 1)."""
        return sum_products(self.segment_products, self.segment_unit, len(self.code))

    @cached_property
    def pairs(self) -> tuple[IntArray, IntArray]:
        """All ordered pairs of segments of the same patient, a segment with itself included."""
        counts = np.bincount(self.segment_unit)
        starts = np.cumsum(counts) - counts
        repeats = counts[self.segment_unit]
        first = np.repeat(np.arange(len(repeats)), repeats)
        within = np.arange(len(first)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        return first, starts[self.segment_unit[first]] + within


@dataclass(frozen=True, slots=True)
class ReducedRows:
    """Sufficient statistics of the rows.

    Attributes
    ----------
    cell_rows : ndarray, shape (strata, cells)
        Number of rows by residual stratum (one, or the two occasions) and cell.
    gram : ndarray, shape (strata, cells, m, m)
        ``[X, y]'[X, y]`` of centred and scaled columns, ``m = p + 1``.
    total : ndarray, shape (strata, m, m)
        Sum of `gram` over the cells.
    nested : NestedUnits
    crossing : CrossingUnits or None
    collapsed : CollapsedUnits or None
        The nested units gathered by equal ``Z'Z``, when few patterns exist.
    transform : ColumnTransform
    columns : RandomColumns
    """

    cell_rows: FloatArray
    gram: FloatArray
    total: FloatArray
    nested: NestedUnits
    crossing: CrossingUnits | None
    collapsed: CollapsedUnits | None
    transform: ColumnTransform
    columns: RandomColumns

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.cell_rows.sum())

    @property
    def stratum_rows(self) -> FloatArray:
        """Number of rows by residual stratum, shape (strata,)."""
        return self.cell_rows.sum(axis=1)

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.gram.shape[1]

    @property
    def terms(self) -> int:
        """Number of fixed-effect columns."""
        return self.gram.shape[2] - 1

    @property
    def units(self) -> int:
        """Number of first-level units."""
        return len(self.nested.cell) + (0 if self.crossing is None else len(self.crossing.code))


# Up to this many numbers adding in place is cheaper than a sparse matrix product.
_SMALL = 50_000


def sum_products(products: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """Sum (columns, units, m) over units by group: (columns, groups, m)."""
    units = len(group)
    if units == groups and np.array_equal(group, np.arange(units)):
        return products
    if products.size <= _SMALL:
        out = np.zeros((products.shape[0], groups, products.shape[2]))
        for column, part in zip(out, products, strict=True):
            np.add.at(column, group, part)
        return out
    shape = (groups, units)
    gather = sparse.csr_matrix((np.ones(units), (group, np.arange(units))), shape=shape)
    return np.stack([gather @ part for part in products])


def finish_columns(reduced: ReducedRows, kept: list[int], *, collapse: bool = True) -> ReducedRows:
    """Keep some fixed-effect columns and scale them to a root mean square of one.

    Parameters
    ----------
    reduced : ReducedRows
        From the pass over the rows; its products are scaled in place and must not be used again.
    kept : list of int
        Columns that stay, in rising order.
    collapse : bool
        Gather units with equal blocks where few patterns exist (pre/post data).
    """
    size = np.sqrt(np.diag(reduced.total.sum(axis=0))[kept] / reduced.rows)
    divisor = np.concatenate([size, [1.0]])
    take = np.array([*kept, reduced.terms])
    identity = len(kept) == reduced.terms

    def scaled(values: FloatArray) -> FloatArray:
        chosen = values if identity else values[..., take]
        chosen /= divisor  # in place: the products are the largest array of the model
        return chosen

    nested = replace(reduced.nested, products=scaled(reduced.nested.products))
    crossing = reduced.crossing
    if crossing is not None:
        crossing = replace(crossing, segment_products=scaled(crossing.segment_products))
    transform = reduced.transform.keep(kept)
    gram = reduced.gram[..., take[:, None], take] / np.outer(divisor, divisor)
    return replace(
        reduced,
        gram=gram,
        total=gram.sum(axis=1),
        nested=nested,
        crossing=crossing,
        collapsed=collapse_nested(nested) if collapse else None,
        transform=replace(transform, scale=transform.scale * size),
    )


def collapse_nested(nested: NestedUnits) -> CollapsedUnits | None:
    """Gather units with equal blocks where few patterns exist."""
    return collapse_units(nested.gram, nested.products, nested.cell)


def keep_cells(reduced: ReducedRows, keep: npt.NDArray[np.bool_]) -> ReducedRows:
    """The statistics of the rows that lie in some of the cells.

    Codes of cells stay as they are; the others are empty. A crossing patient keeps the segments
    that remain.

    Parameters
    ----------
    reduced : ReducedRows
    keep : ndarray of bool, shape (cells,)
    """
    units = keep[reduced.nested.cell]
    nested = NestedUnits(
        reduced.nested.gram[:, units],
        reduced.nested.products[:, units],
        reduced.nested.cell[units],
        reduced.nested.code[units],
    )
    crossing = reduced.crossing
    if crossing is not None:
        segments = keep[crossing.segment_cell]
        left, unit = np.unique(crossing.segment_unit[segments], return_inverse=True)
        crossing = CrossingUnits(
            crossing.code[left],
            unit.ravel().astype(np.int64),
            crossing.segment_cell[segments],
            crossing.segment_gram[:, segments],
            crossing.segment_products[:, segments],
        )
    gram = reduced.gram * keep[:, None, None]
    return replace(
        reduced,
        cell_rows=reduced.cell_rows * keep,
        gram=gram,
        total=gram.sum(axis=1),
        nested=nested,
        crossing=crossing,
        collapsed=None if reduced.collapsed is None else collapse_nested(nested),
    )
