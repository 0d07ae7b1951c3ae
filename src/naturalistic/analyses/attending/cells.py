"""Counts that hold all a binomial model of absence needs: a person's, by season and time of day where held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from naturalistic.analyses.attending.bookings import Bookings, IntArray
from naturalistic.analyses.attending.definitions import FloatArray
from naturalistic.analyses.attending.effects import reference_counts
from naturalistic.analyses.attending.people import ModelPeople
from naturalistic.analyses.predictors import NOT_RECORDED, Term
from naturalistic.vocabulary import TIMES_OF_DAY

SEASONS = ("spring", "summer", "autumn", "winter")
PARTS = (*TIMES_OF_DAY, NOT_RECORDED)


@dataclass(frozen=True, eq=False)
class Cells:
    """One row a person, or one for each season and part of the day in which a person was offered sessions.

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
    absent : dict
        Why season or time of day is not in it.
    """

    person: IntArray
    missed: FloatArray
    offered: FloatArray
    matrix: FloatArray
    terms: tuple[Term, ...]
    counts: dict[str, int]
    absent: dict[str, str]


def cells_of(
    people: ModelPeople,
    missed: FloatArray,
    offered: FloatArray,
    bookings: Bookings,
    calendar: str,
) -> Cells:
    """Counts of the people of a model, taken apart by season and time of day where the cohort holds them.

    Parameters
    ----------
    people : ModelPeople
        People of the model.
    missed, offered : (n,) arrays
        Sessions of everyone who started.
    bookings : Bookings
        Theirs; may be empty.
    calendar : {"real", "relative"}
        What dates mean.
    """
    row = np.full(bookings.n_people, -1)
    row[people.place] = np.arange(len(people.place))
    person = row[bookings.person]
    own = bookings.only(person >= 0)
    factors, absent = _factors(own, calendar)
    counts = {**people.counts, **reference_counts(people.design, people.terms)}
    if factors:
        return _apart(people, own, person[person >= 0], factors, counts, absent)
    return Cells(
        np.arange(len(people.place)),
        missed[people.place],
        offered[people.place],
        people.matrix,
        people.terms,
        counts,
        absent,
    )


@dataclass(frozen=True, eq=False)
class _Factor:
    """A property of a booking: its name, its words with the reference first, and the word of each booking."""

    name: str
    words: tuple[str, ...]
    code: IntArray


def _factors(bookings: Bookings, calendar: str) -> tuple[list[_Factor], dict[str, str]]:
    """Season and time of day, or why they are not held."""
    month = bookings.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    # March to May is spring, as the Met Office counts the seasons
    season = _Factor("season", SEASONS, (month - 2) % 12 // 3)
    part = _Factor(
        "time_of_day", PARTS, np.where(bookings.part_of_day < 0, 3, bookings.part_of_day)
    )
    found, absent = [], {}
    for factor, why in (
        (season, "" if calendar == "real" else "dates are not calendar dates"),
        (part, "" if (part.code < 3).any() else "the time of day of sessions is not recorded"),
    ):
        varies = len(np.unique(factor.code)) > 1
        if not len(bookings):
            absent[factor.name] = "sessions are not held one by one"
        elif why or not varies:
            absent[factor.name] = why or "the same for all sessions"
        else:
            found.append(factor)
    return found, absent


def _apart(
    people: ModelPeople,
    bookings: Bookings,
    person: IntArray,
    factors: list[_Factor],
    counts: dict[str, int],
    absent: dict[str, str],
) -> Cells:
    sizes = [len(factor.words) for factor in factors]
    code = np.ravel_multi_index(
        (person, *(factor.code for factor in factors)), (len(people.place), *sizes)
    )
    present, place = np.unique(code, return_inverse=True)
    who, *levels = np.unravel_index(present, (len(people.place), *sizes))
    columns, terms = [], list(people.terms)
    for factor, level in zip(factors, levels, strict=True):
        # the first word that occurs is the reference level
        first, *others = np.unique(level)
        for other in others:
            words = factor.words[other]
            contrast = f"{words} vs {factor.words[first]}"
            terms.append(Term(f"{factor.name}[T.{words}]", factor.name, contrast, 0))
            columns.append((level == other).astype(float))
            counts[terms[-1].column] = len(np.unique(who[level == other]))
        counts[f"{factor.name}:reference"] = len(np.unique(who[level == first]))
    return Cells(
        who.astype(np.int64),
        np.bincount(place, bookings.missed).astype(float),
        np.bincount(place).astype(float),
        np.column_stack([people.matrix[who], *columns]),
        tuple(terms),
        counts,
        absent,
    )
