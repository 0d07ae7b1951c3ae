"""How long therapy lasts when some is still going on, and how it goes on from a landmark."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.leaving.clocks import (
    CAUSES,
    SHORTEST,
    FloatArray,
    TimeToEnding,
    entry_of,
)
from naturalistic.stats.competing_risks import aalen_johansen
from naturalistic.stats.episode_rows import still_at_risk
from naturalistic.stats.restricted_mean import restricted_mean_time
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.survival import kaplan_meier, quantiles

QUARTERS = {"lower_quartile": 0.25, "median": 0.5, "upper_quartile": 0.75}
HORIZONS = {
    "attended_sessions": (20.0, 40.0, 60.0),
    "weeks_since_first_session": (26.0, 52.0, 104.0),
}
MONTHS_12 = 52.0
LANDMARKS = (4, 10, 20)
FEWEST_AT_RISK = 10
BoolArray = npt.NDArray[np.bool_]


def length_of(frame: pd.DataFrame, clock: str) -> tuple[FloatArray, BoolArray, BoolArray]:
    """Length so far, whether therapy has ended, and for whom the length is known.

    Parameters
    ----------
    frame : DataFrame
        People who started.
    clock : str
        ``attended_sessions`` counts sessions (no session after the last one, unlike the clock of dropout).
    """
    ended = (frame["ending"] != "open").to_numpy(dtype=bool)
    if clock == "attended_sessions":
        length = frame["sessions_attended"].to_numpy(dtype=float, na_value=np.nan)
    else:
        length = np.maximum(frame["weeks_observed"].to_numpy(dtype=float), SHORTEST)
    return length, ended, np.isfinite(length) & (length > 0)


def seen_from(frame: pd.DataFrame, clock: str) -> FloatArray | None:
    """Length at which observation begins; None where everyone is seen from the first session.

    Whoever had attended five sessions when the data window opened can have a length of five, but not of four.
    """
    entry = entry_of(frame, clock)
    if entry is None or clock != "attended_sessions":
        return entry
    return np.maximum(entry - 1.0, 0.0)


def add_length(
    rows: EstimateRows,
    length: FloatArray,
    ended: BoolArray,
    clock: str,
    conf_level: float,
    *,
    entry: FloatArray | None = None,
    **key: Any,
) -> None:
    """Quartiles, mean up to each horizon and share still in therapy there; open episodes are censored (Kaplan-Meier)."""
    curve = kaplan_meier(length, ended, entry=entry, conf_level=conf_level)
    # not the number that has ended: with nobody left in therapy it would withhold the length of therapy itself
    counts: dict[str, Any] = {"n_patients": len(length)}
    found = quantiles(curve, tuple(QUARTERS.values()))
    for term, value in zip(QUARTERS, found, strict=True):
        rows.add("median_time", value, term=term, **counts, **key)
    for horizon in HORIZONS[clock]:
        mean = restricted_mean_time(length, ended, horizon, entry=entry, conf_level=conf_level)
        rows.add("restricted_mean_time", mean, term="length", time=horizon, **counts, **key)
        read = curve.at(np.array([horizon]))
        rows.add(
            "survival_probability",
            _still(read, curve.method, conf_level),
            term=_term(clock, horizon),
            time=horizon,
            n_patients=len(length),
            n_events=int(read.cumulative_events[0]),
            denominator=len(length),
            **key,
        )


def _term(clock: str, horizon: float) -> str:
    twelve_months = clock != "attended_sessions" and horizon == MONTHS_12
    return "over_12_months" if twelve_months else "still_in_therapy"


def _still(read: Any, method: str, conf_level: float) -> Estimate:
    value = float(read.estimate[0])
    if not np.isfinite(value):
        reason = "nobody is under observation so late"
        return not_estimable(reason, method=method, conf_level=conf_level)
    return Estimate(
        estimate=value,
        std_error=float(read.std_error[0]),
        conf_low=float(read.conf_low[0]),
        conf_high=float(read.conf_high[0]),
        conf_level=conf_level,
        method=method,
    )


def add_landmarks(rows: EstimateRows, ends: TimeToEnding, conf_level: float, **key: Any) -> None:
    """Of those who attended session 4, 10 and 20: probability of a planned ending and of dropping out.

    Aalen-Johansen from the landmark to the last session with at least `FEWEST_AT_RISK` people under observation. Open
    episodes that are observed only up to the landmark tell nothing about what follows and are not counted.
    """
    ordered = np.sort(ends.time)
    last = float(ordered[-FEWEST_AT_RISK]) if len(ordered) >= FEWEST_AT_RISK else np.nan
    for landmark in LANDMARKS:
        kept = still_at_risk(ends.time, landmark, entry=ends.entry)
        shared = {**key, "dimensions": {"landmark": f"session_{landmark}"}}
        if not last > landmark:
            note = (
                f"fewer than {FEWEST_AT_RISK} people are under observation after session {landmark}"
            )
            rows.add(
                "cumulative_incidence",
                term="planned_ending",
                status="not_estimable",
                note=note,
                **shared,
            )
            continue
        incidence = aalen_johansen(
            kept.time,
            ends.cause[kept.row],
            entry=kept.entry,
            n_causes=len(CAUSES),
            conf_level=conf_level,
        )
        for term in ("planned_ending", "dropout"):
            curve = incidence.cause(CAUSES.index(term) + 1)
            read = curve.at(np.array([last]))
            rows.add(
                "cumulative_incidence",
                _still(read, curve.method, conf_level),
                term=term,
                time=last,
                n_patients=len(kept.row),
                n_events=int(read.cumulative_events[0]),
                note=f"of those who attended session {landmark}; by session {last:g}",
                **shared,
            )
