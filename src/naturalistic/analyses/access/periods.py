"""A measure by month, or by the shortest longer period in which the numbers are not small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
FINANCIAL_YEAR = "financial_year"
APRIL = 3  # months before it
SMALL = 7
SHARE_LARGE = 0.9
FEWEST_PERIODS = 2


@dataclass(frozen=True)
class Measure:
    """What happened on which day to whom.

    Attributes
    ----------
    term : str
        Name of the measure.
    day : ndarray of datetime64[D], shape (n,)
        Day of each event; none missing.
    person : ndarray of int, shape (n,)
        Number of the person it concerns, counted from 0.
    hit : ndarray of bool, shape (n,), or None
        For a share: whether the event has what is counted. None for a count of people.
    """

    term: str
    day: npt.NDArray[np.datetime64]
    person: IntArray
    hit: BoolArray | None = None


@dataclass(frozen=True)
class Series:
    """A measure by complete periods in order; arrays have shape (n_periods,).

    Attributes
    ----------
    period : str
        Key of `MONTHS`, or ``financial_year``.
    number : ndarray of int
        Number of the period since year 0; no gaps.
    people, events, hits : ndarray of int
        People, events, and events with what is counted (all, for a count).
    total : int
        People in all periods together.
    """

    period: str
    number: IntArray
    people: IntArray
    events: IntArray
    hits: IntArray
    total: int

    def labels(self) -> list[str]:
        """Names of the periods: 2015-03, 2015-Q1, 2015-H1, 2015 or 2015-16."""
        return [label_of(self.period, int(n)) for n in self.number]


def label_of(period: str, number: int) -> str:
    """Name of one period."""
    if period == FINANCIAL_YEAR:
        return f"{number}-{(number + 1) % 100:02d}"
    year, part = divmod(number, 12 // MONTHS[period])
    return {
        "month": f"{year}-{part + 1:02d}",
        "quarter": f"{year}-Q{part + 1}",
        "half_year": f"{year}-H{part + 1}",
        "year": f"{year}",
    }[period]


def number_of(day: npt.ArrayLike, period: str) -> IntArray:
    """Number of the period in which each day lies."""
    months = np.asarray(day, dtype="datetime64[M]").astype(np.int64) + 12 * 1970
    if period == FINANCIAL_YEAR:
        return np.asarray((months - APRIL) // 12, dtype=np.int64)
    return np.asarray(months // MONTHS[period], dtype=np.int64)


def series_of(measure: Measure) -> Series | None:
    """The measure by the shortest period in which at least nine in ten periods are not small; None if none is.

    A period is small when `SMALL` people or fewer stand behind it, behind what is counted, or behind the rest. The
    first and the last period of the record are left out, since it covers them in part.
    """
    # ASSUME A73: nine periods in ten must hold more than seven people; otherwise a longer period is used.
    for period in MONTHS:
        found = by_period(measure, period)
        if found is None:
            return None
        if np.mean(~small_periods(found, share=measure.hit is not None)) >= SHARE_LARGE:
            return found
    return None


def small_periods(series: Series, *, share: bool) -> BoolArray:
    """Periods with `SMALL` people or fewer, or as few with what is counted, or as few without it."""
    least = series.people
    if share:
        least = np.minimum(least, np.minimum(series.hits, series.events - series.hits))
    return np.asarray(least <= SMALL)


def by_period(measure: Measure, period: str) -> Series | None:
    """The measure by complete periods of one length; None when fewer than two are complete."""
    if not len(measure.day):
        return None
    number = number_of(measure.day, period)
    first, last = int(number.min()) + 1, int(number.max()) - 1
    if last - first + 1 < FEWEST_PERIODS:
        return None
    inside = (number >= first) & (number <= last)
    index, size = number[inside] - first, last - first + 1
    person = measure.person[inside]
    width = int(person.max(initial=0)) + 1
    # each person once a period; sorting whole numbers is faster than hashing them
    once = np.sort(index * width + person)
    once = once[np.diff(once, prepend=-1) > 0]
    events = np.bincount(index, minlength=size)
    hit = measure.hit
    hits = events if hit is None else np.bincount(index[hit[inside]], minlength=size)
    return Series(
        period,
        np.arange(first, last + 1),
        np.bincount(once // width, minlength=size),
        events,
        hits,
        int(np.count_nonzero(np.bincount(person, minlength=width))),
    )


def measure_of(
    term: str, day: pd.Series, person: pd.Series, hit: BoolArray | None = None
) -> Measure | None:
    """The measure of the rows that have a day; None where none has.

    Parameters
    ----------
    term : str
        Name of the measure.
    day, person : Series
        Day of each event and pseudonym of whom it concerns.
    hit : ndarray of bool, optional
        For a share: whether the event has what is counted.
    """
    known = day.notna().to_numpy()
    if not known.any():
        return None
    return Measure(
        term,
        day.to_numpy(dtype="datetime64[D]")[known],
        pd.factorize(person.to_numpy()[known])[0].astype(np.int64),
        None if hit is None else hit[known],
    )
