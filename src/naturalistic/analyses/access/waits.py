"""Waits between the steps of care, with those who are still waiting counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.access.referrals import Mask, is_word, people
from naturalistic.analyses.interface import EstimateRows
from naturalistic.stats.curves import Curve
from naturalistic.stats.rates import rate
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.survival import kaplan_meier, quantiles

STEPS = {
    "referral_to_assessment": ("received_date", "assessment_date"),
    "assessment_to_first_session": ("assessment_date", "first_session_date"),
    "referral_to_first_session": ("received_date", "first_session_date"),
    "first_to_second_session": ("first_session_date", "second_session_date"),
}
NAMES = {
    "received_date": "the day the referral was received",
    "assessment_date": "the day of the assessment",
    "first_session_date": "the day of the first session",
    "second_session_date": "sessions one by one",
}
QUANTILES = {"median": 0.5, "90th_percentile": 0.9}
WITHIN_DAYS = (28, 42, 126)
CURVE_DAYS = tuple(range(28, 729, 28))
LONG_WAIT_DAYS = 364
NEARLY_NOBODY = 0.005
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Wait:
    """Days of each referral between two steps of care.

    Attributes
    ----------
    frame : DataFrame
        Referrals that reached the first step and whose wait is known.
    days : ndarray of float, shape (n_referrals,)
        Days to the second step, or until observation ended.
    seen : ndarray of bool, shape (n_referrals,)
        Reached the second step.
    n_missing : int
        Referrals that reached the first step without enough dates.
    """

    frame: pd.DataFrame
    days: FloatArray
    seen: Mask
    n_missing: int


def wait_of(frame: pd.DataFrame, step: str) -> Wait | str:
    """The waits of one step, or why they are not measured."""
    origin, target = STEPS[step]
    for name in (origin, target):
        if not frame[name].notna().any():
            return f"the extract does not hold {NAMES[name]}"
    at_origin = frame[frame[origin].notna()]
    # who was treated without a recorded assessment is not still waiting for one
    lost = at_origin[target].isna() & at_origin["end_date"].isna()
    if target == "assessment_date":
        lost |= at_origin[target].isna() & (at_origin["assessed"] == "yes")
    kept = at_origin[~lost].reset_index(drop=True)
    # ASSUME A71: closing a referral ends its wait without telling how long it would have been.
    stop = kept[target].fillna(kept["end_date"])
    # ASSUME A72: a step recorded before the one it follows was entered late: a wait of 0 days.
    days = np.maximum((stop - kept[origin]).dt.days.to_numpy(dtype=np.float64), 0.0)
    seen = kept[target].notna().to_numpy()
    if not seen.any():
        return "nobody reached this step"
    return Wait(kept, days, seen, int(lost.sum()))


def add_waits(rows: EstimateRows, frame: pd.DataFrame, level: float) -> None:
    """Median, 90th percentile, share within 28, 42 and 126 days, the curve, and who is still waiting."""
    for step in STEPS:
        wait = wait_of(frame, step)
        if isinstance(wait, str):
            rows.add("waiting_time", term=step, contrast="median", status="not_measured", note=wait)
            continue
        key: dict[str, Any] = {"term": step, "time_unit": "days"}
        counts = people(wait.frame) | {"n_events": int(wait.seen.sum())}
        counts["n_missing"] = wait.n_missing
        curve = kaplan_meier(wait.days, wait.seen, conf_level=level)
        _quantiles(rows, curve, key | counts)
        _shares(rows, curve, key | counts, sorted({*WITHIN_DAYS, *CURVE_DAYS}))
        _of_those_seen(rows, wait, key, level)
        _still_waiting(rows, wait, step)


def _quantiles(rows: EstimateRows, curve: Curve, columns: dict[str, Any]) -> None:
    found = quantiles(curve, tuple(QUANTILES.values()))
    for contrast, value in zip(QUANTILES, found, strict=True):
        rows.add("waiting_time", value, contrast=contrast, **columns)


def _shares(rows: EstimateRows, curve: Curve, columns: dict[str, Any], grid: list[int]) -> None:
    """Share seen by each day: 1 minus Kaplan-Meier's curve; the curve ends where nearly everyone has been seen."""
    read = curve.at(np.asarray(grid, dtype=np.float64))
    flat = np.concatenate([[False], ~(read.estimate[:-1] > NEARLY_NOBODY)])
    for i, day in enumerate(grid):
        if flat[i] and day not in WITHIN_DAYS:
            continue
        value = share_by(read, i, curve)
        found = columns | {"n_events": int(read.cumulative_events[i])}
        rows.add("probability_by", value, time=float(day), **found)


def share_by(read: Any, i: int, curve: Curve) -> Estimate:
    """1 - S at one point of a curve that was read on a grid; limits change places."""
    survival = float(read.estimate[i])
    if not np.isfinite(survival):
        return not_estimable("nobody is under observation so long", conf_level=curve.conf_level)
    return Estimate(
        estimate=1.0 - survival,
        std_error=float(read.std_error[i]),
        conf_low=1.0 - float(read.conf_high[i]),
        conf_high=1.0 - float(read.conf_low[i]),
        conf_level=curve.conf_level,
        method=f"1 minus {curve.method}",
    )


def _of_those_seen(rows: EstimateRows, wait: Wait, key: dict[str, Any], level: float) -> None:
    """The same shares among those who were seen, as national figures count them."""
    days, counts = wait.days[wait.seen], people(wait.frame, wait.seen)
    for limit in WITHIN_DAYS:
        top = int((days <= limit).sum())
        value = rate(top, len(days), conf_level=level)
        rows.add_proportion(
            top,
            len(days),
            value,
            time=float(limit),
            specification="seen_only",
            **{**counts, **key},
        )


def _still_waiting(rows: EstimateRows, wait: Wait, step: str) -> None:
    """People who had not reached the step at the data cut and whose referral was open."""
    waiting = ~wait.seen & is_word(wait.frame, "ending", "open")
    long = waiting & (wait.days > LONG_WAIT_DAYS)
    for contrast, who in {"still_waiting": waiting, "over_52_weeks": long}.items():
        counts = people(wait.frame, who)
        rows.add("count", counts["n_patients"], term=step, contrast=contrast, **counts)
