"""Whose session a form belongs to: people who change therapist count for each of them where they were theirs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from naturalistic.analyses.outcome.people import FloatArray, Groups, IntArray, OutcomePeople
from naturalistic.vocabulary import SEEN, TREATMENT_CONTACTS

SEVERAL = (
    "some people have forms from the time with another than their main therapist: each form counts for the therapist of "
    "its session, and therapists are crossed with people"
)
_NO_DAY = np.iinfo(np.int64).min


def form_therapists(
    sessions: pd.DataFrame,
    people: OutcomePeople,
    person: IntArray,
    date: pd.Series,
    number: FloatArray,
) -> Groups | None:
    """Therapist of each form; None where every form is the main therapist's, or therapists are no level.

    # ASSUME A52 a form counts for the therapist of the attended session nearest to its date (the earlier of two), without
    a date for that of the session with its number, and otherwise for the main therapist of the episode

    Parameters
    ----------
    sessions : DataFrame
        Canonical table; may be empty.
    people : OutcomePeople
    person : (n,) int array
        Position of each form's person.
    date : (n,) Series
        Days of the forms, missing where unknown.
    number : (n,) array
        Attended session the form belongs to, NaN where unknown.
    """
    main = people.therapist.codes
    if main is None:
        return None
    seen = _attended(sessions, people, main)
    codes = main[person]
    if not len(seen) or not len(person):
        return None
    day = _days(date)
    nearest = _nearest_by_day(seen, person, day)
    counted = _by_number(seen, person, number)
    session = np.where(day == _NO_DAY, counted, nearest)
    known = session >= 0
    codes[known] = seen["therapist"].to_numpy()[session[known]]
    if np.array_equal(codes, main[person]):
        return None
    recorded = len(np.unique(codes[_is_recorded(codes, people.therapist, main)]))
    return Groups(codes, recorded, note=SEVERAL)


def _is_recorded(codes: IntArray, groups: Groups, main: IntArray) -> np.ndarray:
    """Not the made-up therapist of somebody without one; therapists seen in sessions only have later codes."""
    return (codes < groups.recorded) | (codes > int(main.max()))


def _attended(sessions: pd.DataFrame, people: OutcomePeople, main: IntArray) -> pd.DataFrame:
    """Attended treatment sessions in order: person, day, therapist, and number within the person."""
    place = pd.Index(people.frame["referral_id"]).get_indexer(sessions["referral_id"])
    use = (
        sessions["contact_type"].isin(TREATMENT_CONTACTS)
        & sessions["attendance"].isin(SEEN)
        & sessions["date"].notna()
    ).to_numpy() & (place >= 0)
    chosen = sessions[use]
    found = pd.DataFrame(
        {
            "person": place[use],
            "day": _days(chosen["date"]),
            "therapist": _therapist_codes(chosen["therapist_id"], people, main),
        }
    )
    nameless = found["therapist"] < 0
    found.loc[nameless, "therapist"] = main[found.loc[nameless, "person"]]
    found = found.sort_values(["person", "day"], kind="stable", ignore_index=True)
    # several therapists on one day cannot be told apart: the main one counts
    by_day = found.groupby(["person", "day"])["therapist"]
    mixed = (by_day.transform("min") != by_day.transform("max")).to_numpy()
    found.loc[mixed, "therapist"] = main[found.loc[mixed, "person"]]
    return found.assign(number=found.groupby("person").cumcount() + 1)


def _therapist_codes(identifiers: pd.Series, people: OutcomePeople, main: IntArray) -> IntArray:
    """Codes of the people's main therapists, new ones for those who are nobody's, -1 where none is recorded."""
    known = np.unique(people.frame["therapist_id"].dropna().to_numpy(dtype=np.int64))
    recorded = identifiers.notna().to_numpy()
    wanted = identifiers[recorded].to_numpy(dtype=np.int64)
    others = np.setdiff1d(wanted, known)
    places = pd.Index(np.r_[known, others]).get_indexer(pd.Index(wanted))
    places = np.where(places < len(known), places, places - len(known) + int(main.max()) + 1)
    codes = np.full(len(identifiers), -1, dtype=np.int64)
    codes[recorded] = places
    return codes


def _days(date: pd.Series) -> IntArray:
    """Days as numbers, the smallest number where unknown."""
    return date.to_numpy().astype("datetime64[D]").astype(np.int64)


def _nearest_by_day(seen: pd.DataFrame, person: IntArray, day: IntArray) -> IntArray:
    """Row of `seen` nearest in time, the earlier of two equally near; -1 for people without a session."""
    first = np.searchsorted(seen["person"].to_numpy(), person, side="left")
    last = np.searchsorted(seen["person"].to_numpy(), person, side="right") - 1
    days = seen["day"].to_numpy()
    step = int(np.ptp(np.r_[days, day[day != _NO_DAY]])) + 1
    low = int(np.min(np.r_[days, day[day != _NO_DAY]]))
    wanted = np.where(day == _NO_DAY, low, day)
    after = np.searchsorted(
        seen["person"].to_numpy() * step + days - low, person * step + wanted - low
    )
    after, before = np.clip(after, first, last), np.clip(after - 1, first, last)
    gap_after, gap_before = np.abs(days[after] - wanted), np.abs(days[before] - wanted)
    return np.where(last < first, -1, np.where(gap_after < gap_before, after, before))


def _by_number(seen: pd.DataFrame, person: IntArray, number: FloatArray) -> IntArray:
    """Row of `seen` with the form's number; -1 where there is none."""
    first = np.searchsorted(seen["person"].to_numpy(), person, side="left")
    last = np.searchsorted(seen["person"].to_numpy(), person, side="right") - 1
    row = first + np.nan_to_num(number, nan=0.0).astype(np.int64) - 1
    return np.where((number >= 1) & (row <= last), row, -1)
