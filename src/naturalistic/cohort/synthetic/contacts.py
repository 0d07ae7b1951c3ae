"""Booked contacts week by week, and what became of each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.synthetic.model import POINTS_PER_SD, Attendance, CohortModel
from naturalistic.cohort.synthetic.people import Staff, choose
from naturalistic.vocabulary import ATTENDANCE

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ATTENDED, LATE, ABSENT, SERVICE = range(4)


def draw_contacts(
    model: CohortModel,
    people: pd.DataFrame,
    staff: Staff,
    courses: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Treatment bookings of every course that starts, up to its ending.

    Bookings are weekly with breaks. Each is attended, missed on the patient's side or cancelled by the service,
    independently given the person, until the number of attended sessions of the course is reached; before a dropout is
    given up, some more are missed.

    Returns
    -------
    DataFrame
        ``course`` (row in `courses`), ``day``, ``attendance`` (a word), ``attended_so_far`` (this booking included),
        ``seen``, ``therapist``.
    """
    how = model.attendance
    started = np.flatnonzero((courses["stage"] == "started").to_numpy())
    own = courses.iloc[started]
    absent = absence_probability(how, people, staff, own, rng)
    sessions = own["sessions"].to_numpy()
    attend = (1 - how.cancelled_by_service) * (1 - absent)
    # bookings that come to nothing before each attended session
    blanks = rng.geometric(np.repeat(attend, sessions)) - 1
    dropped = (own["cause"] == "unplanned_ending").to_numpy()
    tail = np.where(dropped, rng.poisson(how.missed_before_dropout, len(own)), 0)
    blank_rows = _sums(blanks, sessions)
    bookings = sessions + blank_rows + tail
    course = np.repeat(np.arange(len(own)), bookings)
    state = _states(blanks, sessions, tail, bookings)
    nothing = state == ABSENT
    share_of_service = how.cancelled_by_service / (1 - attend)
    in_tail = _in_tail(bookings, tail)
    by_service = nothing & ~in_tail & (rng.random(len(state)) < share_of_service[course])
    state[by_service] = SERVICE
    state[(state == ATTENDED) & (rng.random(len(state)) < how.late)] = LATE
    number = _count_up(bookings)
    week = number + how.break_weeks * (number // how.break_every)
    seen = state <= LATE
    return pd.DataFrame(
        {
            "course": started[course],
            "day": own["first_booked"].to_numpy()[course] + 7 * week,
            "attendance": _words(state, how, rng),
            "attended_so_far": _running(seen, bookings),
            "seen": seen,
            "therapist": _therapist(people, staff, own, course, rng),
        }
    )


def absence_probability(
    how: Attendance,
    people: pd.DataFrame,
    staff: Staff,
    courses: pd.DataFrame,
    rng: np.random.Generator,
) -> FloatArray:
    """Probability that a booking the service keeps is missed on the patient's side."""
    who = people.iloc[courses["person"].to_numpy()]
    log_odds = (
        how.log_odds_absent
        + how.per_baseline_sd * (courses["start_score"].to_numpy() - 20) / POINTS_PER_SD
        + how.female * (who["gender"] == "female").to_numpy()
        + how.with_partner * (who["relationship_status"] == "with_partner").to_numpy()
        + how.unemployed * (who["employment"] == "unemployed").to_numpy()
        + staff.absence[who["therapist"].to_numpy()]
        + rng.normal(0.0, how.sd_person, len(courses))
    )
    # nobody is absent so reliably that a course would never end
    return np.minimum(1 / (1 + np.exp(-log_odds)), 0.9)


def _states(blanks: IntArray, sessions: IntArray, tail: IntArray, bookings: IntArray) -> IntArray:
    """Attended where an attended session stands; everything before it, and the tail, came to nothing."""
    state = np.full(int(bookings.sum()), ABSENT)
    start_of_course = np.cumsum(bookings) - bookings
    run = np.cumsum(blanks + 1)
    first = np.cumsum(sessions) - sessions
    before = np.where(first > 0, run[first - 1], 0)
    within = run - np.repeat(before, sessions) - 1
    state[np.repeat(start_of_course, sessions) + within] = ATTENDED
    return state


def _in_tail(bookings: IntArray, tail: IntArray) -> npt.NDArray[np.bool_]:
    number = _count_up(bookings)
    return number >= np.repeat(bookings - tail, bookings)


def _count_up(lengths: IntArray) -> IntArray:
    """0, 1, ... within each of consecutive blocks."""
    start = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) - np.repeat(start, lengths)


def _running(seen: npt.NDArray[np.bool_], lengths: IntArray) -> IntArray:
    """Running count of attended sessions within each block."""
    total = np.cumsum(seen)
    start = np.cumsum(lengths) - lengths
    before = np.where(start > 0, total[start - 1], 0)
    return total - np.repeat(before, lengths)


def _sums(values: IntArray, lengths: IntArray) -> IntArray:
    owner = np.repeat(np.arange(len(lengths)), lengths)
    return np.bincount(owner, weights=values, minlength=len(lengths)).astype(np.int64)


def _words(state: IntArray, how: Attendance, rng: np.random.Generator) -> pd.Categorical[str]:
    words = np.array(["attended", "attended_late", "", "cancelled_by_service"], dtype=object)[state]
    absent = state == ABSENT
    words[absent] = choose(how.kinds, int(absent.sum()), rng)
    return pd.Categorical(words, categories=list(ATTENDANCE))


def _therapist(
    people: pd.DataFrame,
    staff: Staff,
    courses: pd.DataFrame,
    course: IntArray,
    rng: np.random.Generator,
) -> IntArray:
    """The course's therapist; one session in fifty is covered by somebody of the same team."""
    main = people["therapist"].to_numpy()[courses["person"].to_numpy()]
    size_of_team = np.bincount(staff.team)
    first_of_team = np.cumsum(size_of_team) - size_of_team
    team = staff.team[main][course]
    colleague = first_of_team[team] + rng.integers(0, size_of_team[team])
    return np.where(rng.random(len(course)) < 0.02, colleague, main[course])
