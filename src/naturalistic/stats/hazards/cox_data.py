"""Risk sets of a Cox model as index arrays: built once, used by fit, residuals and predictions.

An *event cell* is one event time in one stratum. A row is at risk in a contiguous run of cells,
``first_cell <= k < last_cell``, so every risk-set sum is a bincount and one cumulative sum and no
loop runs over event times. Counting rows this way is what makes ties, strata and left truncation
the same piece of code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naturalistic.stats.hazards.cox_input import FloatArray, IndexArray
from naturalistic.stats.hazards.cox_layout import (
    CoxRows,
    canonical_order,
    checked_rows,
    efron_terms,
    event_cells,
    standardised,
)

Number = TypeVar("Number", bound=np.generic)


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
    rows = checked_rows(
        time,
        event,
        design,
        entry=entry,
        strata=strata,
        weights=weights,
        frequency=frequency,
        ties=ties,
    )
    return _laid_out(rows, frequency=frequency, ties=ties)


def _laid_out(rows: CoxRows, *, frequency: bool, ties: str) -> CoxData:
    """Rows in canonical order among their event cells."""
    cells = event_cells(rows)
    order = canonical_order(rows, cells)
    weight = _ordered(rows.weight, order)
    columns, mean, scale = standardised(rows.covariates, order, weight)
    last_cell = cells.last[order]
    death_row = np.flatnonzero(rows.event[order])
    # An event lies in the last of its row's cells.
    death_cell = last_cell[death_row] - 1
    death_weight = None if weight is None else weight[death_row]
    terms = efron_terms(death_cell, death_weight, len(cells.time), frequency=frequency, ties=ties)
    return CoxData(
        order=order,
        columns=columns,
        mean=mean,
        scale=scale,
        time=rows.time[order],
        entry=_ordered(rows.entry, order),
        weight=weight,
        frequency=frequency,
        first_cell=_ordered(cells.first, order),
        last_cell=last_cell,
        death_row=death_row,
        death_cell=death_cell,
        cell_time=cells.time,
        cell_stratum=cells.stratum,
        cell_weight=terms.cell_weight,
        term_cell=terms.cell,
        term_fraction=terms.fraction,
        term_weight=terms.weight,
        term_start=terms.start,
        strata_labels=rows.strata_labels,
        ties=ties,
        n_events=terms.n_events,
    )


def _ordered(values: NDArray[Number] | None, order: IndexArray) -> NDArray[Number] | None:
    return None if values is None else values[order]
