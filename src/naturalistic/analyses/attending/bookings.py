"""The treatment sessions offered to each person, in order, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.vocabulary import (
    ABSENCE_DEFINITIONS,
    ATTENDANCE,
    SEEN,
    TIMES_OF_DAY,
    TREATMENT_CONTACTS,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Bookings:
    """Bookings in the denominator of a definition of absence, sorted by person and time.

    Attributes
    ----------
    person : (n,) int array
        Row of the person in the frame of people.
    day : (n,) int array
        Day number.
    missed, seen : (n,) bool arrays
        Missed under the definition; attended.
    minutes : (n,) array
        Recorded length; NaN where none.
    part_of_day : (n,) int array
        Position in `TIMES_OF_DAY`; -1 where not recorded.
    n_people : int
        Rows of the frame of people.
    """

    person: IntArray
    day: IntArray
    missed: BoolArray
    seen: BoolArray
    minutes: FloatArray
    part_of_day: npt.NDArray[np.int8]
    n_people: int

    def __len__(self) -> int:
        return len(self.person)

    @cached_property
    def same_as_before(self) -> BoolArray:
        """Whether the booking follows another of the same person, (n,)."""
        same = np.zeros(len(self), dtype=bool)
        same[1:] = self.person[1:] == self.person[:-1]
        return same

    @cached_property
    def number(self) -> IntArray:
        """1, 2, ... within each person."""
        place = np.arange(len(self))
        start = np.maximum.accumulate(np.where(self.same_as_before, 0, place))
        return place - start + 1

    @cached_property
    def last_seen(self) -> IntArray:
        """Number of the booking last attended, by person; 0 for those who attended none."""
        last = np.zeros(self.n_people, dtype=np.int64)
        np.maximum.at(last, self.person[self.seen], self.number[self.seen])
        return last

    @cached_property
    def before_last_seen(self) -> BoolArray:
        """Bookings before the last one attended: what is left of a course when its end is taken off."""
        return self.number < self.last_seen[self.person]

    def only(self, keep: BoolArray) -> Bookings:
        """Some of them."""
        return Bookings(
            self.person[keep],
            self.day[keep],
            self.missed[keep],
            self.seen[keep],
            self.minutes[keep],
            self.part_of_day[keep],
            self.n_people,
        )


@dataclass(frozen=True, eq=False)
class Contacts:
    """Treatment contacts with a known state, sorted by person and time: what all definitions of absence choose from.

    Attributes
    ----------
    person, day : (n,) int arrays
        As in `Bookings`.
    state : (n,) int array
        Position in `ATTENDANCE`.
    minutes : (n,) array
    part_of_day : (n,) int array
    n_people : int
    """

    person: IntArray
    day: IntArray
    state: npt.NDArray[np.int8]
    minutes: FloatArray
    part_of_day: npt.NDArray[np.int8]
    n_people: int

    def under(self, definition: str) -> Bookings:
        """Those in the denominator of a definition of absence, and which of them were missed."""
        _, missed, denominator = ABSENCE_DEFINITIONS[definition]
        counts = self._is(denominator)
        return Bookings(
            self.person[counts],
            self.day[counts],
            self._is(missed)[counts],
            self._is(SEEN)[counts],
            self.minutes[counts],
            self.part_of_day[counts],
            self.n_people,
        )

    def _is(self, words: Sequence[str]) -> BoolArray:
        wanted = np.isin(list(ATTENDANCE), words)
        return wanted[self.state]


def contacts_of(sessions: pd.DataFrame, frame: pd.DataFrame) -> Contacts:
    """Treatment contacts of the people in `frame`, one pass over the sessions.

    Contacts after the last contact of the episode are bookings not yet due and are left out.

    Parameters
    ----------
    sessions : DataFrame
        Canonical table; may be empty.
    frame : DataFrame
        People, one row an episode.
    """
    state = pd.Categorical(sessions["attendance"], categories=list(ATTENDANCE)).codes
    place = pd.Index(frame["referral_id"]).get_indexer(pd.Index(sessions["referral_id"]))
    treatment = sessions["contact_type"].isin(TREATMENT_CONTACTS).to_numpy()
    use = treatment & (state >= 0) & sessions["date"].notna().to_numpy() & (place >= 0)
    day = _days(sessions["date"])
    use[use] &= day[use] <= _days(frame["last_contact_date"])[place[use]]
    place, day, state = place[use].astype(np.int64), day[use], state[use]
    part = pd.Categorical(sessions["time_of_day"], categories=list(TIMES_OF_DAY)).codes[use]
    minutes = sessions["duration"].to_numpy(dtype=np.float64, na_value=np.nan)[use]
    # two bookings on one day: what was missed first, so that the order of rows says nothing
    order = _order(place, day, len(ATTENDANCE) - 1 - state.astype(np.int64))
    return Contacts(place[order], day[order], state[order], minutes[order], part[order], len(frame))


def _days(dates: pd.Series) -> IntArray:
    return dates.to_numpy().astype("datetime64[D]").astype(np.int64)


def _order(place: IntArray, day: IntArray, last: IntArray) -> IntArray:
    """Order by person, day and a further number, ties as they stand; one key sorts faster than three."""
    if not len(place):
        return np.zeros(0, dtype=np.int64)
    span = int(np.ptp(day)) + 1
    key = (place * span + (day - day.min())) * (int(last.max()) + 1) + last
    return np.argsort(key, kind="stable")


def bookings_of(sessions: pd.DataFrame, frame: pd.DataFrame, definition: str) -> Bookings:
    """Bookings of the people in `frame` that count under a definition of absence.

    Parameters
    ----------
    sessions, frame : DataFrame
        As in `contacts_of`.
    definition : str
        Key of `ABSENCE_DEFINITIONS`.
    """
    return contacts_of(sessions, frame).under(definition)
