"""Which questionnaires are completed: missing completely at random, at random, and not at random."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.synthetic.courses import true_score
from naturalistic.cohort.synthetic.model import POINTS_PER_SD, CohortModel
from naturalistic.cohort.synthetic.people import stacked

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

WORSE_THAN = 18.0
"""Points at which missing not at random neither raises nor lowers the probability of a form."""


def draw_forms(
    model: CohortModel,
    people: pd.DataFrame,
    courses: pd.DataFrame,
    contacts: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Forms that are completed, with the true score they were completed at.

    Parameters
    ----------
    model : CohortModel
        Parameters.
    people, courses : DataFrame
        As drawn; courses with their closing.
    contacts : DataFrame
        Treatment contacts.

    Returns
    -------
    DataFrame
        ``course``, ``day``, ``occasion``, ``session_number`` (attended sessions before it, plus one; -1 off sessions),
        ``true_score`` (points, without the noise of the week).
    """
    due = _forms_due(model, courses, contacts, rng)
    person = courses["person"].to_numpy()[due["course"].to_numpy()]
    year = (due["day"].to_numpy() - _middle_of(model)) / 365.25
    unemployed = (people["employment"] == "unemployed").to_numpy()[person]
    how = model.forms
    log_odds = _logit(due["probability"].to_numpy())
    log_odds += how.per_year * year + how.unemployed * unemployed
    late = due["occasion"].isin(["session", "end"]).to_numpy()
    worse = (due["true_score"].to_numpy() - WORSE_THAN) / POINTS_PER_SD
    log_odds += how.per_sd_worse * np.where(late, worse, 0.0)
    done = rng.random(len(due)) < 1 / (1 + np.exp(-log_odds))
    return due[done].drop(columns="probability").reset_index(drop=True)


def _middle_of(model: CohortModel) -> float:
    first, last = model.pathway.first_referral, model.pathway.data_cut
    days = [np.datetime64(day, "D").astype(np.int64) for day in (first, last)]
    return float(sum(days) / 2)


def _forms_due(
    model: CohortModel, courses: pd.DataFrame, contacts: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    how, scale = model.forms, model.change.sessions_scale
    seen = contacts[contacts["seen"]]
    first_attended = seen[seen["attended_so_far"] == 1].set_index("course")["day"]
    parts = [
        _at_assessment(courses, how.at_assessment, scale),
        _at_start(courses, first_attended, how.at_start, scale, rng),
        _at_end(courses, dict(how.at_end), scale, rng),
        _after(courses, how.follow_up, scale, rng),
    ]
    if how.every_session > 0:
        parts.append(_at_sessions(courses, seen, how.every_session, scale))
    if how.review_every > 0:
        due = seen[seen["attended_so_far"] % how.review_every == 0]
        parts.append(_at_sessions(courses, due, how.at_review, scale))
    return stacked(parts)


def _part(
    courses: pd.DataFrame,
    course: IntArray,
    day: IntArray,
    occasion: str,
    probability: npt.ArrayLike,
    attended: npt.ArrayLike,
    scale: float,
    session_number: npt.ArrayLike = -1,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "course": course,
            "day": day,
            "occasion": pd.Series(occasion, index=range(len(course)), dtype="object"),
            "session_number": session_number,
            "true_score": true_score(courses.iloc[course], attended, scale),
            "probability": probability,
        }
    )


def _at_assessment(courses: pd.DataFrame, probability: float, scale: float) -> pd.DataFrame:
    assessed = courses["assessed"].to_numpy()
    course = np.flatnonzero(assessed >= 0)
    return _part(courses, course, assessed[course], "assessment", probability, 0, scale)


def _at_start(
    courses: pd.DataFrame,
    first_attended: pd.Series,
    probability: float,
    scale: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    course = first_attended.index.to_numpy()
    day = first_attended.to_numpy() - rng.integers(0, 15, len(course))
    # not before the assessment, at which a form of its own is due
    day = np.maximum(day, courses["assessed"].to_numpy()[course] + 1)
    day = np.minimum(day, first_attended.to_numpy())
    return _part(courses, course, day, "pre", probability, 0, scale)


def _at_end(
    courses: pd.DataFrame, probability: dict[str, float], scale: float, rng: np.random.Generator
) -> pd.DataFrame:
    closed = (courses["stage"] == "started") & courses["true_ending"].isin(list(probability))
    course = np.flatnonzero(closed.to_numpy())
    own = courses.iloc[course]
    day = own["last_attended"].to_numpy() + rng.integers(0, 11, len(course))
    chance = own["true_ending"].map(probability).to_numpy(dtype=np.float64)
    return _part(courses, course, day, "end", chance, own["sessions"].to_numpy(), scale)


def _after(
    courses: pd.DataFrame, probability: float, scale: float, rng: np.random.Generator
) -> pd.DataFrame:
    planned = (courses["stage"] == "started") & (courses["true_ending"] == "planned_ending")
    course = np.flatnonzero(planned.to_numpy())
    own = courses.iloc[course]
    day = own["last_attended"].to_numpy() + rng.integers(90, 181, len(course))
    return _part(courses, course, day, "follow_up", probability, own["sessions"].to_numpy(), scale)


def _at_sessions(
    courses: pd.DataFrame, seen: pd.DataFrame, probability: float, scale: float
) -> pd.DataFrame:
    """Completed at the beginning of a session, so after one session less."""
    number = seen["attended_so_far"].to_numpy()
    course, day = seen["course"].to_numpy(), seen["day"].to_numpy()
    return _part(courses, course, day, "session", probability, number - 1, scale, number)


def _logit(p: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):  # a probability of 0 is a log odds of minus infinity
        return np.log(p) - np.log1p(-p)
