"""The treatment sessions offered to each person, in order, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

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
    part_of_day: IntArray
    n_people: int

    def __len__(self) -> int:
        return len(self.person)

    @property
    def same_as_before(self) -> BoolArray:
        """Whether the booking follows another of the same person, (n,)."""
        same = np.zeros(len(self), dtype=bool)
        same[1:] = self.person[1:] == self.person[:-1]
        return same

    @property
    def number(self) -> IntArray:
        """1, 2, ... within each person."""
        place = np.arange(len(self))
        start = np.maximum.accumulate(np.where(self.same_as_before, 0, place))
        return place - start + 1

    @property
    def last_seen(self) -> IntArray:
        """Number of the booking last attended, by person; 0 for those who attended none."""
        last = np.zeros(self.n_people, dtype=np.int64)
        np.maximum.at(last, self.person[self.seen], self.number[self.seen])
        return last

    @property
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


def bookings_of(sessions: pd.DataFrame, frame: pd.DataFrame, definition: str) -> Bookings:
    """Bookings of the people in `frame` that count under a definition of absence.

    Contacts after the last contact of the episode are bookings not yet due and are left out.

    Parameters
    ----------
    sessions : DataFrame
        Canonical table; may be empty.
    frame : DataFrame
        People, one row an episode.
    definition : str
        Key of `ABSENCE_DEFINITIONS`.
    """
    _, missed, denominator = ABSENCE_DEFINITIONS[definition]
    counts = sessions["contact_type"].isin(TREATMENT_CONTACTS)
    chosen = sessions[counts & sessions["attendance"].isin(denominator) & sessions["date"].notna()]
    place = pd.Index(frame["referral_id"]).get_indexer(chosen["referral_id"])
    day = chosen["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    last = frame["last_contact_date"].to_numpy().astype("datetime64[D]")
    due = place >= 0
    due[due] &= day[due] <= last[place[due]].astype(np.int64)
    chosen, place, day = chosen[due], place[due].astype(np.int64), day[due]
    words = pd.Categorical(chosen["attendance"], categories=list(ATTENDANCE))
    part = pd.Categorical(chosen["time_of_day"], categories=list(TIMES_OF_DAY))
    # two bookings on one day: what was missed first, so that the order of rows says nothing
    order = np.lexsort((-np.asarray(words.codes), day, place))
    return Bookings(
        place[order],
        day[order],
        np.asarray(words.isin(missed))[order],
        np.asarray(words.isin(SEEN))[order],
        chosen["duration"].to_numpy(dtype=float)[order],
        np.asarray(part.codes, dtype=np.int64)[order],
        len(frame),
    )
