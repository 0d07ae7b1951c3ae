"""How and when a course is closed in the records, and the contacts before therapy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.synthetic.courses import NOT_STARTED
from naturalistic.cohort.synthetic.model import Endings
from naturalistic.cohort.synthetic.people import choose
from naturalistic.vocabulary import ATTENDANCE

IntArray = npt.NDArray[np.int64]

NEVER = -1

# days from the last attended session (for a dropout: from the last booking) to the closing of the record
_DAYS_TO_CLOSE = {
    "planned_ending": (11, 29),
    "unplanned_ending": (14, 71),
    "referred_on": (11, 36),
    "service_ended": (11, 36),
    "died": (11, 36),
}
_DAYS_TO_CLOSE_BEFORE_THERAPY = {
    "not_accepted": ("received", 5, 29),
    "not_assessed": ("assessment_booked", 28, 57),
    "not_started": ("assessed", 14, 92),
}


def close_courses(
    courses: pd.DataFrame, contacts: pd.DataFrame, endings: Endings, rng: np.random.Generator
) -> pd.DataFrame:
    """Add the true ending, its recording and the last days of each course.

    Returns
    -------
    DataFrame
        `courses` with ``true_ending``; ``closed`` (day, `NEVER` for those never entered as closed); ``recorded_ending``
        (missing where no reason was entered); ``last_attended`` and ``last_booked`` (`NEVER` where there was none).
    """
    n = len(courses)
    last_booked, last_attended = np.full(n, NEVER), np.full(n, NEVER)
    at, day = contacts["course"].to_numpy(), contacts["day"].to_numpy()
    seen = contacts["seen"].to_numpy()
    np.maximum.at(last_booked, at, day)
    np.maximum.at(last_attended, at[seen], day[seen])
    stage = courses["stage"].to_numpy()
    ending = courses["cause"].to_numpy(copy=True)
    closed = np.full(n, NEVER)
    for cause, (low, high) in _DAYS_TO_CLOSE.items():
        chosen = np.flatnonzero((stage == "started") & (ending == cause))
        origin = last_booked if cause == "unplanned_ending" else last_attended
        closed[chosen] = origin[chosen] + rng.integers(low, high, len(chosen))
    for name, (origin_name, low, high) in _DAYS_TO_CLOSE_BEFORE_THERAPY.items():
        chosen = np.flatnonzero(stage == name)
        ending[chosen] = choose(NOT_STARTED[name], len(chosen), rng)
        days = rng.integers(low, high, len(chosen))
        closed[chosen] = courses[origin_name].to_numpy()[chosen] + days
    forgotten = (ending == "unplanned_ending") & (stage == "started")
    forgotten &= rng.random(n) < endings.never_closed
    recorded = pd.Series(ending).mask(rng.random(n) < endings.no_reason)
    return courses.assign(
        true_ending=ending,
        closed=np.where(forgotten, NEVER, closed),
        recorded_ending=recorded.mask(forgotten),
        last_attended=last_attended,
        last_booked=last_booked,
    )


def assessment_contacts(
    courses: pd.DataFrame, therapist: IntArray, rng: np.random.Generator
) -> pd.DataFrame:
    """Contacts before therapy: assessments attended, after a missed one in one of seven; or missed once or twice."""
    booked = courses["assessment_booked"].to_numpy()
    assessed = courses["assessed"].to_numpy() >= 0
    invited = booked >= 0
    missed_first = invited & (rng.random(len(courses)) < np.where(assessed, 1 / 7, 0.6))
    first = np.flatnonzero(missed_first)
    main = np.flatnonzero(invited)
    course = np.concatenate([main, first])
    day = np.concatenate([booked[main], booked[first] - 14])
    came = np.concatenate([assessed[main], np.zeros(len(first), dtype=bool)])
    # the missed one may not lie before the referral was accepted
    kept = day >= courses["accepted"].to_numpy()[course]
    words = np.where(came, "attended", choose(_MISSED_ASSESSMENT, len(course), rng))
    frame = pd.DataFrame(
        {
            "course": course,
            "day": day,
            "attendance": pd.Categorical(words, categories=list(ATTENDANCE)),
            "attended_so_far": 0,
            "seen": came,
            "therapist": therapist[course],
        }
    )
    return frame[kept].reset_index(drop=True)


_MISSED_ASSESSMENT = (("did_not_attend", 0.6), ("cancelled_by_patient", 0.4))
