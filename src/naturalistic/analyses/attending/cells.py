"""Counts that hold all a binomial model of absence needs: never more than four rows a person."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from naturalistic.analyses.attending.bookings import Bookings, IntArray
from naturalistic.analyses.attending.definitions import FloatArray
from naturalistic.analyses.attending.effects import reference_counts
from naturalistic.analyses.attending.people import ModelPeople
from naturalistic.analyses.predictors import Term

SEASONS = ("spring", "summer", "autumn", "winter")


@dataclass(frozen=True, eq=False)
class Cells:
    """Counts that hold all a binomial model needs: one row a person, or a person and season.

    Attributes
    ----------
    person : (c,) int array
        Row of the people of the model.
    missed, offered : (c,) arrays
        Sessions.
    matrix : (c, p) array
        Design.
    terms : tuple of Term
        Its columns.
    counts : dict
        People behind each column.
    note : str
        Why season is not in it; empty where it is.
    """

    person: IntArray
    missed: FloatArray
    offered: FloatArray
    matrix: FloatArray
    terms: tuple[Term, ...]
    counts: dict[str, int]
    note: str


def cells_of(
    people: ModelPeople,
    missed: FloatArray,
    offered: FloatArray,
    bookings: Bookings,
    calendar: str,
) -> Cells:
    """One row a person, or a person and season where dates are calendar dates.

    Parameters
    ----------
    people : ModelPeople
        People of the model.
    missed, offered : (n,) arrays
        Sessions of everyone who started.
    bookings : Bookings
        Theirs, for the season; may be empty.
    calendar : {"real", "relative"}
        What dates mean.
    """
    counts = {**people.counts, **reference_counts(people.design, people.terms)}
    plain = Cells(
        np.arange(len(people.place)),
        missed[people.place],
        offered[people.place],
        people.matrix,
        people.terms,
        counts,
        "dates are not calendar dates",
    )
    if calendar != "real":
        return plain
    if not len(bookings):
        return replace(plain, note="sessions are not held one by one")
    found = _by_season(people, bookings, counts)
    return found or replace(plain, note="no session in spring, or all of them in one season")


def _by_season(people: ModelPeople, bookings: Bookings, counts: dict[str, int]) -> Cells | None:
    row = np.full(bookings.n_people, -1)
    row[people.place] = np.arange(len(people.place))
    person = row[bookings.person]
    use = person >= 0
    month = (bookings.day[use].astype("datetime64[D]").astype("datetime64[M]").astype(int)) % 12
    # March to May is spring, as the Met Office counts the seasons
    season = (month - 2) % 12 // 3
    code = person[use] * len(SEASONS) + season
    present, place = np.unique(code, return_inverse=True)
    who, when = present // len(SEASONS), present % len(SEASONS)
    found = [s for s in range(1, len(SEASONS)) if (when == s).any()]
    if len(np.unique(when)) < 2 or 0 not in when:
        return None
    columns = [(when == s).astype(float) for s in found]
    terms = tuple(
        Term(f"season[T.{SEASONS[s]}]", "season", f"{SEASONS[s]} vs {SEASONS[0]}", 0) for s in found
    )
    people_in = {t.column: int(c.sum()) for t, c in zip(terms, columns, strict=True)}
    return Cells(
        who,
        np.bincount(place, bookings.missed[use]).astype(float),
        np.bincount(place).astype(float),
        np.column_stack([people.matrix[who], *columns]),
        (*people.terms, *terms),
        {**counts, **people_in, "season:reference": int((when == 0).sum())},
        "",
    )
