"""Where the rows of a Cox model lie: event cells, an order without memory, terms of tied events."""

from __future__ import annotations

from dataclasses import dataclass

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
class CoxRows:
    """What a caller handed over, checked, in the caller's order.

    Attributes
    ----------
    time, entry : (n,) end and start of the time at risk; `entry` None without late entry.
    event : (n,) True where the event happened.
    covariates : (n, p)
    weight : (n,) or None
    stratum : (n,) code of each row's stratum.
    strata_labels : (S,) label of each code.
    """

    time: FloatArray
    event: NDArray[np.bool_]
    covariates: FloatArray
    entry: FloatArray | None
    weight: FloatArray | None
    stratum: IndexArray
    strata_labels: NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class EventCells:
    """Event times of each stratum, and the run of them in which each row is at risk.

    Attributes
    ----------
    time, stratum : (K,) event time and stratum code of each cell.
    first, last : (n,) half-open run of cells; `first` None when every row starts in cell 0.
    """

    time: FloatArray
    stratum: IndexArray
    first: IndexArray | None
    last: IndexArray


@dataclass(frozen=True, slots=True)
class EfronTerms:
    """Denominators of the partial likelihood: one a tied event, or one a cell under Breslow.

    Attributes
    ----------
    cell_weight : (K,) summed weight of the events of each cell.
    n_events : float
    cell, fraction, weight : (T,) cell of the term, l/d, and mean event weight.
    start : (K,) first term of each cell.
    """

    cell_weight: FloatArray
    n_events: float
    cell: IndexArray
    fraction: FloatArray
    weight: FloatArray
    start: IndexArray


def checked_rows(
    time: ArrayLike,
    event: ArrayLike,
    design: ArrayLike,
    *,
    entry: ArrayLike | None,
    strata: ArrayLike | None,
    weights: ArrayLike | None,
    frequency: bool,
    ties: str,
) -> CoxRows:
    """Check the arrays of a Cox model; parameters as `prepare_cox_data`.

    Raises
    ------
    ValueError
        As `prepare_cox_data`.
    """
    times, events, covariates = checked_arrays(time, event, design, ties)
    n = len(times)
    entries = None if entry is None else finite_values(entry, "entry", n)
    if entries is not None and np.any(entries >= times):
        raise ValueError("entry must be smaller than time in every row")
    weight = None if weights is None else checked_weights(weights, n, frequency)
    if strata is None:
        labels: NDArray[np.generic] = np.zeros(1, np.intp)
        stratum = np.zeros(n, np.intp)
    else:
        labels, stratum = label_codes(strata, "strata", n)
    return CoxRows(times, events, covariates, entries, weight, stratum, labels)


def event_cells(rows: CoxRows) -> EventCells:
    """Number the event times of each stratum and find where each row is at risk."""
    event_times = np.unique(rows.time[rows.event])
    m = len(event_times)
    until = rows.stratum * m + np.searchsorted(event_times, rows.time, side="right")
    since = rows.stratum * m
    if rows.entry is not None:
        since = since + np.searchsorted(event_times, rows.entry, side="right")
    cells = np.unique(until[rows.event] - 1)
    first = None
    if rows.entry is not None or len(rows.strata_labels) > 1:
        first = np.searchsorted(cells, since, side="left")
    return EventCells(
        time=event_times[cells % m] if m else np.empty(0),
        stratum=cells // m if m else np.empty(0, np.intp),
        first=first,
        last=np.searchsorted(cells, until, side="left"),
    )


def canonical_order(rows: CoxRows, cells: EventCells) -> IndexArray:
    """Order of the rows that depends on their contents only.

    Rows are sorted by cell and, within it, by their contents; copies of a row may change places
    without changing any sum.
    """
    extra = [v for v in (cells.first, rows.weight) if v is not None]
    mixture = content_key([*rows.covariates.T, *extra], len(rows.covariates))
    order = np.argsort(mixture, kind="stable")
    place = 2 * cells.last + rows.event
    # numpy sorts 16-bit integers by radix: ten times faster for session counts.
    if place.max(initial=0) < np.iinfo(np.uint16).max:
        place = place.astype(np.uint16)
    return order[np.argsort(place[order], kind="stable")]


def standardised(
    covariates: FloatArray, order: IndexArray, weight: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Covariates as (p, n) in canonical order, centred and scaled, with mean and scale (p,).

    Parameters
    ----------
    covariates : (n, p) in the caller's order.
    order : (n,) canonical order.
    weight : (n,) in canonical order, or None.
    """
    n, p = covariates.shape
    columns = np.empty((p, n))
    mean, scale = np.zeros(p), np.ones(p)
    for j in range(p):
        column = covariates[order, j]
        low, high = (column.min(), column.max()) if n else (0.0, 0.0)
        if low == high:
            mean[j] = low
        else:
            mean[j] = np.average(column, weights=weight)
            scale[j] = np.sqrt(np.average((column - mean[j]) ** 2, weights=weight))
        columns[j] = (column - mean[j]) / scale[j]
    return columns, mean, scale


def efron_terms(
    death_cell: IndexArray,
    death_weight: FloatArray | None,
    n_cells: int,
    *,
    frequency: bool,
    ties: str,
) -> EfronTerms:
    """Terms of the tied events of each cell (Efron 1977), or one a cell (Breslow 1974).

    Parameters
    ----------
    death_cell, death_weight : (d,) cell and weight of each event; weight None when all are one.
    n_cells : int
    frequency, ties : as `prepare_cox_data`.
    """
    count = np.bincount(death_cell, minlength=n_cells)
    cell_weight = count.astype(float)
    if death_weight is not None:
        cell_weight = np.asarray(np.bincount(death_cell, death_weight, n_cells), dtype=float)
        count = np.rint(cell_weight).astype(np.intp) if frequency else count
    n_events = float(count.sum())
    if ties == "breslow":
        cell = np.arange(n_cells)
        return EfronTerms(cell_weight, n_events, cell, np.zeros(n_cells), cell_weight, cell)
    start = np.cumsum(count) - count
    cell = np.repeat(np.arange(n_cells), count)
    fraction = (np.arange(len(cell)) - start[cell]) / count[cell]
    weight = (cell_weight / np.maximum(count, 1))[cell]
    return EfronTerms(cell_weight, n_events, cell, fraction, weight, start)
