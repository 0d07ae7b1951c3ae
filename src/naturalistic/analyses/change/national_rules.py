"""The national rules of NHS Talking Therapies on a cohort's first and last scores of both measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.analyses.change.people import Mask
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.populations import episode_frame
from naturalistic.reference.loader import load_national
from naturalistic.reference.models import Instrument
from naturalistic.stats.talking_therapies import (
    MeasureRule,
    TalkingTherapiesOutcome,
    talking_therapies_outcome,
)

DEPRESSION, ANXIETY = "phq_9", "gad_7"
TREATMENT_SESSIONS = 2


@dataclass(frozen=True)
class NationalOutcome:
    """Episodes under the national rules.

    Attributes
    ----------
    frame : DataFrame
        One row an episode that counts.
    outcome : TalkingTherapiesOutcome
        What became of each.
    finished : ndarray of bool
        Ended, with at least two attended treatment sessions.
    """

    frame: pd.DataFrame
    outcome: TalkingTherapiesOutcome
    finished: Mask


def national_outcome(data: AnalysisInput) -> NationalOutcome | str:
    """Outcome of every episode by the national rules, or why there is none."""
    frame = _both_measures(data)
    finished = _finished(frame)
    for word in ("first", "last"):
        if not frame[[f"{word}_score", f"{word}_anxiety"]].notna().all(axis=1).any():
            return "PHQ-9 and GAD-7 are not both held"
    if not finished.any():
        return f"nobody finished a course of at least {TREATMENT_SESSIONS} treatment sessions"
    outcome = talking_therapies_outcome(
        _rule(data.instruments[DEPRESSION], frame["first_score"], frame["last_score"]),
        _rule(data.instruments[ANXIETY], frame["first_anxiety"], frame["last_anxiety"]),
    )
    return NationalOutcome(frame, outcome, finished)


def _both_measures(data: AnalysisInput) -> pd.DataFrame:
    """Episodes with first and last scores on both measures."""
    outcomes = data.tables["outcomes"]
    frame = episode_frame(
        data.tables["episodes"],
        outcomes,
        instrument=DEPRESSION,
        scale=data.instruments[DEPRESSION].primary_scale,
    )
    anxiety = outcomes[
        (outcomes["instrument"] == ANXIETY)
        & (outcomes["scale"] == data.instruments[ANXIETY].primary_scale)
    ][["referral_id", "first_score", "last_score"]]
    anxiety = anxiety.rename(columns={"first_score": "first_anxiety", "last_score": "last_anxiety"})
    return frame.merge(anxiety, on="referral_id", how="left", validate="1:1")


def _finished(frame: pd.DataFrame) -> Mask:
    # ASSUME A25: a course is finished when it has ended with at least two attended treatment sessions, however it ended.
    sessions = frame["sessions_attended"].to_numpy(dtype=float, na_value=np.nan)
    return (frame["ending"] != "open").to_numpy(dtype=bool) & (sessions >= TREATMENT_SESSIONS)


def _rule(instrument: Instrument, first: pd.Series, last: pd.Series) -> MeasureRule:
    scale = instrument.scale(instrument.primary_scale)
    case = scale.cut_off(kind="caseness")
    change = next(c for c in scale.reliable_change if c.preferred)
    if case is None:
        raise ValueError(f"{instrument.key}: the reference facts hold no caseness")
    return MeasureRule(
        first.to_numpy(dtype=np.float64, na_value=np.nan),
        last.to_numpy(dtype=np.float64, na_value=np.nan),
        case.value,
        change.value,
        caseness_strict=case.case_if == "above",
        change_strict=change.convention == "above",
    )


def national_start_sd(instrument: str) -> tuple[float | None, str]:
    """SD of first scores of all therapies together in England, from the published mean, SD and number of each.

    The published figures are by therapy; together they vary by the mean of their variances plus the variance of their means,
    weighted by courses. None where the instrument is not among them.
    """
    figures = load_national()
    rows = [
        (row.n_courses, *row.scores[instrument][:2])
        for row in figures.therapies
        if instrument in row.scores
    ]
    if not rows:
        return None, ""
    n, mean, sd = np.array(rows, dtype=np.float64).T
    centre = float(np.average(mean, weights=n))
    spread = float(np.sqrt(np.average(sd**2 + (mean - centre) ** 2, weights=n)))
    note = (
        f"SD {spread:.2f}: first scores of {int(n.sum())} courses in {len(rows)} therapies, {figures.title}, "
        f"{figures.therapies_year}, put together from the mean and SD of each"
    )
    return spread, note
