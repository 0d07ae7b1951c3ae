"""Curves of the ways of ending, and time lost to each."""

from __future__ import annotations

from typing import Any

import numpy as np

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.leaving.clocks import CAUSES, FloatArray, TimeToEnding
from naturalistic.stats.competing_risks import aalen_johansen
from naturalistic.stats.curves import Curve
from naturalistic.stats.restricted_mean import restricted_mean_time_lost
from naturalistic.stats.survival import kaplan_meier

GRIDS = {
    "attended_sessions": (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 30, 36, 42, 48, 60, 72, 96),
    "weeks_since_first_session": (2, 4, 8, 13, 17, 20, 26, 39, 52, 65, 78, 91, 104, 130, 156),
}
HORIZONS = {"attended_sessions": 20.0, "weeks_since_first_session": 52.0}
TRUNCATED = "not offered where therapies that began before the data window are held"
UPPER = "dropout_or_unknown"
UPPER_NOTE = "unknown endings counted as dropout: the highest the probability can be"


def add_curves(
    rows: EstimateRows, ends: TimeToEnding, clock: str, conf_level: float, **key: Any
) -> None:
    """Cumulative incidence of each way of ending, and Kaplan-Meier of ending and of dropping out.

    Unknown endings are a state of their own, so that the curve of dropout is its lowest; `UPPER` is its highest.
    """
    grid = np.array([t for t in GRIDS[clock] if t <= ends.time.max()], dtype=float)
    if not len(grid):
        grid = np.array([float(ends.time.max())])
    everyone = len(ends.rows)
    how: dict[str, Any] = {"entry": ends.entry, "conf_level": conf_level}
    incidence = aalen_johansen(ends.time, ends.cause, n_causes=len(CAUSES), **how)
    for j, term in enumerate(CAUSES):
        add_curve(rows, "cumulative_incidence", incidence.cause(j + 1), grid, everyone, term, **key)
    highest = np.where(ends.cause == len(CAUSES), 1, ends.cause)
    upper = aalen_johansen(ends.time, highest, n_causes=len(CAUSES), **how)
    add_curve(
        rows,
        "cumulative_incidence",
        upper.cause(1),
        grid,
        everyone,
        UPPER,
        caution=UPPER_NOTE,
        **key,
    )
    still = kaplan_meier(ends.time, ends.cause > 0, **how)
    add_curve(rows, "survival_probability", still, grid, everyone, "still_in_therapy", **key)
    add_at_risk(rows, still, grid, **key)
    alone = kaplan_meier(ends.time, ends.cause == 1, **how)
    add_curve(rows, "survival_probability", alone, grid, everyone, "not_dropped_out", **key)


def add_curve(
    rows: EstimateRows,
    estimand: str,
    curve: Curve,
    grid: FloatArray,
    everyone: int,
    term: str,
    *,
    caution: str = "",
    **key: Any,
) -> None:
    """One row a time of the grid.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    estimand : str
        Word of the vocabulary.
    curve : Curve
        Of the engine.
    grid : (k,)
        Times.
    everyone : int
        People under observation at any time.
    term : str
        Which curve.
    caution : str
        Note of every row with a number.
    """
    read = curve.at(grid)
    for i, time in enumerate(grid):
        value = float(read.estimate[i])
        known = np.isfinite(value)
        rows.add(
            estimand,
            value if known else None,
            term=term,
            time=float(time),
            std_error=float(read.std_error[i]),
            conf_low=float(read.conf_low[i]),
            conf_high=float(read.conf_high[i]),
            conf_level=curve.conf_level,
            status="ok" if known else "not_estimable",
            note=caution if known else "nobody is under observation so late",
            method=curve.method,
            n_patients=everyone,
            n_events=int(read.cumulative_events[i]),
            denominator=everyone,
            **key,
        )


def add_at_risk(rows: EstimateRows, curve: Curve, grid: FloatArray, **key: Any) -> None:
    """How many people are still under observation at each time of the grid."""
    for time, number in zip(grid, curve.at(grid).at_risk, strict=True):
        rows.add(
            "at_risk",
            float(number),
            term="under_observation",
            time=float(time),
            n_patients=int(number),
            **key,
        )


def add_time_lost(
    rows: EstimateRows, ends: TimeToEnding, clock: str, conf_level: float, **key: Any
) -> None:
    """Mean sessions (or weeks) of the first 20 (52) lost to each way of ending: the area under its curve."""
    horizon = HORIZONS[clock]
    lost = restricted_mean_time_lost(
        ends.time,
        ends.cause,
        horizon,
        n_causes=len(CAUSES),
        entry=ends.entry,
        conf_level=conf_level,
    )
    for j, term in enumerate(CAUSES):
        events = int(((ends.cause == j + 1) & (ends.time <= horizon)).sum())
        rows.add(
            "restricted_mean_time_lost",
            lost[j],
            term=term,
            time=horizon,
            n_patients=len(ends.rows),
            n_events=events,
            **key,
        )


def add_left_truncated(rows: EstimateRows, ends: TimeToEnding, everyone: int, **key: Any) -> None:
    """How many therapies began before the data window and count from its first day on; nothing without a window."""
    if ends.entry is None:
        return
    note = (
        "therapies that began before the data window: under observation from its first day on; left out: ended before it, "
        "or how far they had come is not known"
    )
    rows.add(
        "count",
        float(ends.began_before),
        term="began_before_window",
        n_patients=ends.began_before,
        n_missing=everyone - len(ends.rows),
        note=note,
        **key,
    )
