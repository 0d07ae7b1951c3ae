"""Risk sets of a Cox model as index arrays: built once, used by fit, residuals and predictions.

An *event cell* is one event time in one stratum. A row is at risk in a contiguous run of cells,
``first_cell <= k < last_cell``, so every risk-set sum is a bincount and one cumulative sum and no
loop runs over event times. Counting rows this way is what makes ties, strata and left truncation
the same piece of code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naturalistic.stats.hazards.cox_input import (
    FloatArray,
    IndexArray,
    checked_arrays,
    checked_weights,
    content_key,
    finite_values,
    label_codes,
)


@dataclass(frozen=True, slots=True)
class CoxData:
    """Rows in canonical order with their place among the event cells.

    Attributes
    ----------
    order : (n,) index of each row in the caller's arrays.
    columns : (p, n) covariates, centred and scaled.
    mean, scale : (p,) what was subtracted and divided by.
    time, entry : (n,) end and start of the time at risk; `entry` None without late entry.
    weight : (n,) row weights, or None when all are one.
    frequency : bool
        True where a weight is a number of identical rows.
    first_cell, last_cell : (n,) half-open run of event cells in which the row is at risk.
        `first_cell` is None when every row is at risk from cell 0 (one stratum, no late entry).
    death_row, death_cell : (d,) rows with an event and the cell of each.
    cell_time : (K,) event time, caller's unit.
    cell_stratum : (K,) stratum code.
    cell_weight : (K,) summed weight of the events.
    term_cell, term_fraction, term_weight : (T,) one entry per Efron term (l-th of the d tied
        events: fraction l/d, mean event weight); one entry per cell under Breslow.
    term_start : (K,) first term of each cell.
    strata_labels : (S,) label of each stratum code.
    ties : str
    n_events : float
        Number of events (summed for frequency weights).
    """

    order: IndexArray
    columns: FloatArray
    mean: FloatArray
    scale: FloatArray
    time: FloatArray
    entry: FloatArray | None
    weight: FloatArray | None
    frequency: bool
    first_cell: IndexArray | None
    last_cell: IndexArray
    death_row: IndexArray
    death_cell: IndexArray
    cell_time: FloatArray
    cell_stratum: IndexArray
    cell_weight: FloatArray
    term_cell: IndexArray
    term_fraction: FloatArray
    term_weight: FloatArray
    term_start: IndexArray
    strata_labels: NDArray[np.generic]
    ties: str
    n_events: float

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.order)

    @property
    def n_cells(self) -> int:
        """Number of event cells."""
        return len(self.cell_time)

    def select(self, keep: NDArray[np.bool_]) -> CoxData:
        """The same risk sets with only the covariates in `keep`."""
        if keep.all():
            return self
        return replace(
            self, columns=self.columns[keep], mean=self.mean[keep], scale=self.scale[keep]
        )

    def by_row(self, cumulative: FloatArray) -> FloatArray:
        """Sum over the cells in which each row is at risk.

        Parameters
        ----------
        cumulative : (K + 1,)
            Running total over cells, starting with 0.
        """
        total = cumulative[self.last_cell]
        return total if self.first_cell is None else total - cumulative[self.first_cell]

    def in_callers_order(self, values: FloatArray) -> FloatArray:
        """Put values given in canonical order (last axis) back into the caller's row order."""
        out = np.empty_like(values)
        out[..., self.order] = values
        return out


def risk_set_sum(data: CoxData, values: FloatArray) -> FloatArray:
    """Sum of `values` over the rows at risk in each event cell.

    Parameters
    ----------
    data : CoxData
    values : (n,) in canonical order.

    Returns
    -------
    (K,) array.
    """
    leaving = np.asarray(np.bincount(data.last_cell, values, data.n_cells + 1), dtype=float)
    if data.first_cell is not None:
        leaving -= np.bincount(data.first_cell, weights=values, minlength=data.n_cells + 1)
    # From the last cell backwards: late, small risk sets are summed before the large ones, so
    # they lose no digits.
    return np.cumsum(leaving[::-1])[::-1][1:]


def prepare_cox_data(
    time: ArrayLike,
    event: ArrayLike,
    design: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    frequency: bool = False,
    ties: str = "efron",
) -> CoxData:
    """Check the arrays of a Cox model and lay out its risk sets.

    A row is at risk at event time t when ``entry < t <= time``; an event and a censoring at the
    same time are ordered event first. Rows are put into an order that depends only on their
    contents, so that no result depends on the order in which they came, to the last bit.

    Parameters
    ----------
    time : (n,) end of the time at risk, any unit.
    event : (n,) True or 1 where the event happened at `time`.
    design : (n, p) covariates without an intercept.
    entry : (n,) start of the time at risk, smaller than `time`; None for no late entry.
    strata : (n,) labels; each has its own baseline hazard.
    weights : (n,) positive row weights.
    frequency : bool
        Weights are counts of identical rows (ties are then counted by weight).
    ties : {'efron', 'breslow'}

    Raises
    ------
    ValueError
        Shapes that differ, missing or infinite values, `entry` not before `time`, non-positive
        weights, or an unknown `ties`.
    """
    times, events, covariates = checked_arrays(time, event, design, ties)
    n = len(times)
    entries = None if entry is None else finite_values(entry, "entry", n)
    if entries is not None and np.any(entries >= times):
        raise ValueError("entry must be smaller than time in every row")
    weight = None if weights is None else checked_weights(weights, n, frequency)
    labels, stratum = _strata_codes(strata, n)

    event_times = np.unique(times[events])
    m = len(event_times)
    until = stratum * m + np.searchsorted(event_times, times, side="right")
    since = stratum * m
    if entries is not None:
        since = since + np.searchsorted(event_times, entries, side="right")
    cells = np.unique(until[events] - 1)
    last_cell = np.searchsorted(cells, until, side="left")
    first_cell = None
    if entries is not None or len(labels) > 1:
        first_cell = np.searchsorted(cells, since, side="left")

    order = _canonical_order(covariates, last_cell, first_cell, events, weight)
    columns, mean, scale = _standardised(covariates, order, weight)
    weight = None if weight is None else weight[order]
    last_cell = last_cell[order]
    death_row = np.flatnonzero(events[order])
    # An event lies in the last of its row's cells.
    death_cell = last_cell[death_row] - 1
    cell_weight, count = _cell_counts(death_cell, len(cells), weight, death_row, frequency)
    term_cell, fraction, term_weight, start = _efron_terms(cell_weight, count, ties)
    return CoxData(
        order=order,
        columns=columns,
        mean=mean,
        scale=scale,
        time=times[order],
        entry=None if entries is None else entries[order],
        weight=weight,
        frequency=frequency,
        first_cell=None if first_cell is None else first_cell[order],
        last_cell=last_cell,
        death_row=death_row,
        death_cell=death_cell,
        cell_time=event_times[cells % m] if m else np.empty(0),
        cell_stratum=cells // m if m else np.empty(0, np.intp),
        cell_weight=cell_weight,
        term_cell=term_cell,
        term_fraction=fraction,
        term_weight=term_weight,
        term_start=start,
        strata_labels=labels,
        ties=ties,
        n_events=float(count.sum()),
    )


def _strata_codes(strata: ArrayLike | None, n: int) -> tuple[NDArray[np.generic], IndexArray]:
    if strata is None:
        return np.zeros(1, np.intp), np.zeros(n, np.intp)
    return label_codes(strata, "strata", n)


def _canonical_order(
    covariates: FloatArray,
    last_cell: IndexArray,
    first_cell: IndexArray | None,
    events: NDArray[np.bool_],
    weight: FloatArray | None,
) -> IndexArray:
    """Order of the rows that depends on their contents only.

    Rows are sorted by cell and, within it, by their contents; copies of a row may change places
    without changing any sum.
    """
    extra = [v for v in (first_cell, weight) if v is not None]
    mixture = content_key([*covariates.T, *extra], len(covariates))
    order = np.argsort(mixture, kind="stable")
    place = 2 * last_cell + events
    # numpy sorts 16-bit integers by radix: ten times faster for session counts.
    if place.max(initial=0) < np.iinfo(np.uint16).max:
        place = place.astype(np.uint16)
    return order[np.argsort(place[order], kind="stable")]


def _standardised(
    covariates: FloatArray, order: IndexArray, weight: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    n, p = covariates.shape
    columns = np.empty((p, n))
    mean, scale = np.zeros(p), np.ones(p)
    w = None if weight is None else weight[order]
    for j in range(p):
        column = covariates[order, j]
        low, high = (column.min(), column.max()) if n else (0.0, 0.0)
        if low == high:
            mean[j] = low
        else:
            mean[j] = np.average(column, weights=w)
            scale[j] = np.sqrt(np.average((column - mean[j]) ** 2, weights=w))
        columns[j] = (column - mean[j]) / scale[j]
    return columns, mean, scale


def _cell_counts(
    death_cell: IndexArray,
    n_cells: int,
    weight: FloatArray | None,
    death_row: IndexArray,
    frequency: bool,
) -> tuple[FloatArray, IndexArray]:
    """Summed event weight and number of tied events of each cell."""
    count = np.bincount(death_cell, minlength=n_cells)
    if weight is None:
        return count.astype(float), count
    summed = np.asarray(np.bincount(death_cell, weight[death_row], n_cells), dtype=float)
    return summed, np.rint(summed).astype(np.intp) if frequency else count


def _efron_terms(
    cell_weight: FloatArray, count: IndexArray, ties: str
) -> tuple[IndexArray, FloatArray, FloatArray, IndexArray]:
    n_cells = len(count)
    if ties == "breslow":
        cell = np.arange(n_cells)
        return cell, np.zeros(n_cells), cell_weight, cell
    start = np.cumsum(count) - count
    cell = np.repeat(np.arange(n_cells), count)
    fraction = (np.arange(len(cell)) - start[cell]) / count[cell]
    return cell, fraction, (cell_weight / np.maximum(count, 1))[cell], start
