"""Lost before therapy: waiting as a phase, counted from the referral."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.leaving.clocks import NOT_THE_PATIENTS_ENDING, FloatArray, IntArray
from naturalistic.analyses.leaving.incidence import add_at_risk, add_curve
from naturalistic.analyses.populations import in_population
from naturalistic.stats.competing_risks import aalen_johansen

CLOCK = "weeks_since_referral"
PHASES = (
    "started_treatment",
    "lost_before_assessment",
    "lost_before_treatment",
    "ended_otherwise_before_treatment",
)
GRID = (4.0, 8.0, 13.0, 18.0, 26.0, 39.0, 52.0, 78.0, 104.0)
NOTES = {
    "started_treatment": "first treatment session attended",
    "lost_before_assessment": "ended without having been assessed",
    "lost_before_treatment": "assessed, and ended without a treatment session",
    "ended_otherwise_before_treatment": "referred on, ended by the service, or died before treatment",
}


def add_waiting(
    rows: EstimateRows,
    episodes: pd.DataFrame,
    conf_level: float,
    observed_from: dt.date | None = None,
) -> None:
    """Probability of having started treatment, or of having been lost before it, by weeks since the referral.

    Aalen-Johansen over everyone referred; whoever still waits at the data cut is censored there.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    episodes : DataFrame
        Table ``episodes``.
    conf_level : float
        Coverage.
    observed_from : date, optional
        First day of the data window: earlier referrals are under observation from it on.
    """
    key: dict[str, Any] = {"time_unit": CLOCK, "population": "referred"}
    counted = episodes[episodes["counts"] == "yes"]
    time, phase, entry = _times(counted, observed_from)
    known = np.isfinite(time) & (time > entry)
    if not known.any() or not (phase[known] > 0).any():
        note = (
            "the extract does not hold when people were referred, or nobody left the waiting list"
        )
        rows.add("cumulative_incidence", term=PHASES[0], status="not_measured", note=note, **key)
        return
    time, phase, entry = time[known], phase[known], entry[known]
    incidence = aalen_johansen(
        time,
        phase,
        entry=entry if entry.any() else None,
        n_causes=len(PHASES),
        conf_level=conf_level,
    )
    grid = np.array([t for t in GRID if t <= time.max()] or [float(time.max())])
    add_at_risk(rows, incidence.cause(1), grid, **key)
    for j, term in enumerate(PHASES):
        curve = incidence.cause(j + 1)
        add_curve(
            rows,
            "cumulative_incidence",
            curve,
            grid,
            len(time),
            term,
            caution=NOTES[term],
            **key,
        )


def _times(
    counted: pd.DataFrame, observed_from: dt.date | None
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Weeks from the referral to the end of waiting, how it ended (0 still waiting), and from when it is seen."""
    received = counted["received_date"]
    started = in_population(counted, "started")
    until = counted["first_session_date"].where(started, counted["end_date"])
    days = (until - received).dt.days.to_numpy(dtype=float)
    # half a day where the wait ends on the day of the referral, so that it is seen to end
    weeks = np.where(days < 0, np.nan, np.maximum(days, 0.5)) / 7
    ending = counted["ending"].astype("object")
    phase = np.select(
        [
            started,
            (ending == "open").to_numpy(dtype=bool),
            ending.isin(NOT_THE_PATIENTS_ENDING).to_numpy(dtype=bool),
            in_population(counted, "assessed"),
        ],
        [1, 0, 4, 3],
        default=2,
    ).astype(np.int64)
    entry = np.zeros(len(counted))
    if observed_from is not None:
        before = (pd.Timestamp(observed_from) - received).dt.days.to_numpy(dtype=float) / 7
        entry = np.where(np.isfinite(before), np.maximum(before, 0.0), 0.0)
    return weeks, phase, entry
