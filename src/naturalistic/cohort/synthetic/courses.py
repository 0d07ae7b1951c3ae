"""From referral to ending: who is assessed, who starts, with what distress, and how the course would end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.synthetic.hazards import CAUSES, draw_endings
from naturalistic.cohort.synthetic.model import POINTS_PER_SD, Baseline, CohortModel, Endings
from naturalistic.cohort.synthetic.people import Staff, choose

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LOWEST, HIGHEST = 0.5, 39.5
"""Range of the true score, points."""

NOT_STARTED = {
    # what is recorded, and how often, when a referral ends before therapy
    "not_accepted": (("other_ending", 0.5), ("referred_on", 0.5)),
    "not_assessed": (("unplanned_ending", 1.0),),
    "not_started": (("other_ending", 0.45), ("referred_on", 0.35), ("unplanned_ending", 0.2)),
}


def draw_baseline(
    people: pd.DataFrame, baseline: Baseline, staff: Staff, rng: np.random.Generator
) -> FloatArray:
    """True score of each person at the start of the first course, points."""
    employment = people["employment"]
    service = staff.service[people["therapist"].to_numpy()]
    score = (
        baseline.mean
        + baseline.female * (people["gender"] == "female")
        + baseline.with_partner * (people["relationship_status"] == "with_partner")
        + baseline.unemployed * (employment == "unemployed")
        + baseline.long_term_sick * (employment == "long_term_sick_or_disabled")
        + baseline.medication * (people["medication"] == "yes")
        + baseline.per_ten_years * (people["age"] - 40) / 10
        + staff.service_baseline[service]
        + rng.normal(0.0, baseline.sd_person, len(people))
    )
    return np.clip(score.to_numpy(), LOWEST, HIGHEST)


def draw_courses(
    model: CohortModel,
    people: pd.DataFrame,
    staff: Staff,
    person: IntArray,
    received: IntArray,
    start_score: FloatArray,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """One row a referral, as it would go on if nothing were cut off at the data cut.

    Parameters
    ----------
    model : CohortModel
        Parameters.
    people, staff : DataFrame, Staff
        Everybody.
    person, received : ndarray of int, shape (n,)
        Row in `people`; day of referral, counted from 1970.
    start_score : ndarray, shape (n,)
        True score at the start, points.
    rng : Generator
        Source of randomness.

    Returns
    -------
    DataFrame
        ``stage`` (the last one reached), days of each step (-1 where it is not reached), ``start_score``, ``gain``,
        ``agreed_sessions``, ``cause`` and ``sessions`` (attended until the ending), ``problem``, ``referral_source``.
    """
    way, n = model.pathway, len(person)
    accepted = received + rng.integers(2, 22, n)
    assessment = accepted + _wait(way.wait_assessment, way.sd_log_wait, n, rng)
    first_booked = assessment + _wait(way.wait_start, way.sd_log_wait, n, rng)
    luck = rng.random((n, 3)) < np.array([way.accepted, way.assessed, way.starts])
    reached = np.minimum.accumulate(luck, axis=1).sum(axis=1)
    gain, gain_z = _gain(model, staff, people["therapist"].to_numpy()[person], start_score, rng)
    agreed = _agreed(model.endings, n, rng)
    log_hazard = dropout_log_hazard(model.endings, people.iloc[person], start_score, gain_z)
    log_hazard += staff.dropout[people["therapist"].to_numpy()[person]]
    cause, sessions = draw_endings(model.endings, agreed, log_hazard, rng)
    return pd.DataFrame(
        {
            "person": person,
            "stage": np.array(["not_accepted", "not_assessed", "not_started", "started"])[reached],
            "received": received,
            "accepted": np.where(reached >= 1, accepted, -1),
            "assessment_booked": np.where(reached >= 1, assessment, -1),
            "assessed": np.where(reached >= 2, assessment, -1),
            "first_booked": np.where(reached >= 3, _weekday(first_booked), -1),
            "start_score": start_score,
            "gain": gain,
            "agreed_sessions": agreed,
            "cause": np.asarray(CAUSES, dtype=object)[cause],
            "sessions": sessions,
            "problem": choose(model.population.problems, n, rng),
            "referral_source": choose(model.population.referral_sources, n, rng),
        }
    )


def dropout_log_hazard(
    endings: Endings, people: pd.DataFrame, start_score: FloatArray, gain_z: FloatArray
) -> FloatArray:
    """Log hazard ratio of dropping out, without the therapist's part."""
    return (
        endings.dropout_per_ten_years * (people["age"].to_numpy() - 40) / 10
        + endings.dropout_with_partner
        * (people["relationship_status"] == "with_partner").to_numpy()
        + endings.dropout_female * (people["gender"] == "female").to_numpy()
        + endings.dropout_unemployed * (people["employment"] == "unemployed").to_numpy()
        + endings.dropout_per_baseline_sd * (start_score - 20) / POINTS_PER_SD
        + endings.dropout_per_gain_sd * gain_z
    )


def true_score(courses: pd.DataFrame, attended: npt.ArrayLike, sessions_scale: float) -> FloatArray:
    """True score after so many attended sessions, points."""
    done = 1 - np.exp(-np.asarray(attended, dtype=np.float64) / sessions_scale)
    score = courses["start_score"].to_numpy() - courses["gain"].to_numpy() * done
    return np.clip(score, LOWEST, HIGHEST)


def _gain(
    model: CohortModel,
    staff: Staff,
    therapist: IntArray,
    start_score: FloatArray,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    change = model.change
    own = rng.normal(size=len(start_score))
    gain = (
        change.gain
        + change.per_point * (start_score - change.centre)
        + change.sd_person * own
        + staff.change[therapist]
    )
    return gain, own


def _agreed(endings: Endings, n: int, rng: np.random.Generator) -> IntArray:
    numbers, shares = zip(*endings.agreed_sessions, strict=True)
    probability = np.asarray(shares) / np.sum(shares)
    return np.asarray(numbers, dtype=np.int64)[rng.choice(len(numbers), size=n, p=probability)]


def _wait(median: float, sd_log: float, n: int, rng: np.random.Generator) -> IntArray:
    return np.ceil(median * np.exp(rng.normal(0.0, sd_log, n))).astype(np.int64)


def _weekday(day: IntArray) -> IntArray:
    """Saturdays and Sundays moved to the following Monday (1 January 1970 was a Thursday)."""
    of_week = (day + 3) % 7
    return day + np.where(of_week >= 5, 7 - of_week, 0)
