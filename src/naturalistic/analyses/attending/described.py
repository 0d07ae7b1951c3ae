"""Sessions offered, attended and missed: how many, under which definition, how early and how far apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from naturalistic.analyses.attending.bins import bins_of
from naturalistic.analyses.attending.bookings import Bookings
from naturalistic.analyses.attending.definitions import (
    NO_STATES,
    FloatArray,
    absence_counts,
    countable,
    number_of,
)
from naturalistic.analyses.interface import EstimateRows
from naturalistic.stats.rates import rate
from naturalistic.stats.ratio import ratio_of_totals
from naturalistic.stats.result import Estimate
from naturalistic.vocabulary import ABSENCE_DEFINITIONS

FIRST = 2
ATTENDED_OF_FIRST = {0: "none", 1: "one", 2: "both"}
GAPS = {"up to 1 week": 7, "up to 2 weeks": 14, "up to 4 weeks": 28, "longer": np.inf}
NO_SESSIONS = "the extract holds no sessions"
NOT_ONE_BY_ONE = "sessions are not held one by one, or missed ones were not recorded"


def add_numbers(rows: EstimateRows, frame: pd.DataFrame, conf_level: float) -> None:
    """Sessions booked, offered (booked and not cancelled by the service) and attended per person; bins of attended."""
    offered = absence_counts(frame, "patient_side")[1]
    found = {
        "sessions_attended": number_of(frame, "sessions_attended"),
        "sessions_offered": offered,
        "sessions_booked": number_of(frame, "sessions_booked"),
    }
    for term, values in found.items():
        _numbers(rows, term, values, conf_level)
    attended = found["sessions_attended"]
    _bins(rows, attended[np.isfinite(attended)])


def _numbers(rows: EstimateRows, term: str, values: FloatArray, conf_level: float) -> None:
    known = values[np.isfinite(values)]
    counts: dict[str, Any] = {"n_patients": len(known), "n_missing": len(values) - len(known)}
    if not len(known):
        rows.add("mean", term=term, status="not_measured", note=NO_SESSIONS)
        return
    if len(known) > 1:
        rows.add("mean", mean_of(known, conf_level), term=term, **counts)
        rows.add("standard_deviation", float(np.std(known, ddof=1)), term=term, **counts)
    rows.add("median", float(np.median(known)), term=term, **counts)


def mean_of(values: FloatArray, conf_level: float) -> Estimate:
    """Mean with its t interval; at least two values."""
    error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
    half = float(stdtrit(len(values) - 1, 0.5 * (1 + conf_level))) * error
    mean = float(values.mean())
    df = float(len(values) - 1)
    return Estimate(mean, error, mean - half, mean + half, conf_level, df=df, method="t interval")


def _bins(rows: EstimateRows, attended: FloatArray) -> None:
    if not len(attended):
        return
    bins = bins_of(attended)
    people = np.bincount(bins.of(attended), minlength=bins.count)
    for place in np.flatnonzero(people):
        n = int(people[place])
        dimensions = {"sessions": bins.name(int(place))}
        rows.add("count", n, term="sessions_attended", dimensions=dimensions, n_patients=n)


def add_absence(rows: EstimateRows, frame: pd.DataFrame, conf_level: float) -> None:
    """Sessions missed of sessions in the denominator under every definition; people are the sampled units."""
    for definition in ABSENCE_DEFINITIONS:
        top, bottom = absence_counts(frame, definition)
        known = countable(top, bottom)
        key: dict[str, Any] = {"term": "absence", "definition": definition}
        if not known.any():
            rows.add("proportion", status="not_measured", note=NO_STATES, **key)
            continue
        rows.add(
            "proportion",
            ratio_of_totals(top[known], bottom[known], conf_level=conf_level),
            n_patients=int(known.sum()),
            n_missing=int((~known).sum()),
            note="share of sessions, not of people",
            **key,
        )


def add_first_sessions(
    rows: EstimateRows, bookings: Bookings, definition: str, conf_level: float
) -> None:
    """Of the first two sessions offered, how many were attended; and absence from the third on, by that."""
    key: dict[str, Any] = {"definition": definition}
    early = bookings.number <= FIRST
    attended = np.bincount(bookings.person[early & bookings.seen], minlength=bookings.n_people)
    offered = np.bincount(bookings.person[early], minlength=bookings.n_people)
    known = offered == FIRST
    if not known.any() or not bookings.missed.any():
        term = "attended_of_first_two"
        rows.add("proportion", term=term, status="not_measured", note=NOT_ONE_BY_ONE, **key)
        return
    later = ~early
    missed = np.bincount(bookings.person[later & bookings.missed], minlength=bookings.n_people)
    total = np.bincount(bookings.person[later], minlength=bookings.n_people)
    for number, name in ATTENDED_OF_FIRST.items():
        here = known & (attended == number)
        dimensions = {"attended_of_first_two": name}
        top, bottom = int(here.sum()), int(known.sum())
        rows.add_proportion(
            top,
            bottom,
            rate(top, bottom, conf_level=conf_level),
            term="attended_of_first_two",
            dimensions=dimensions,
            note="of those who started and were offered two sessions",
            **key,
        )
        use = here & (total > 0)
        value = ratio_of_totals(missed[use], total[use], conf_level=conf_level)
        note = "share of sessions from the third on, not of people"
        counts: dict[str, Any] = {"n_patients": int(use.sum()), "dimensions": dimensions}
        rows.add("proportion", value, term="absence_from_third", note=note, **counts, **key)


def add_gaps(rows: EstimateRows, bookings: Bookings, conf_level: float) -> None:
    """Days from one attended session to the next: median, and shares of gaps by length."""
    attended = bookings.only(bookings.seen)
    follows = attended.same_as_before
    person = attended.person[follows]
    days = np.diff(attended.day, prepend=0)[follows].astype(float)
    if not len(days):
        note = "sessions are not held one by one, or nobody attended two"
        rows.add("median", term="days_between_sessions", status="not_measured", note=note)
        return
    n = len(np.unique(person))
    counts: dict[str, Any] = {"n_patients": n, "n_events": len(days)}
    rows.add("median", float(np.median(days)), term="days_between_sessions", **counts)
    total = np.bincount(person, minlength=bookings.n_people).astype(float)
    lower = -np.inf
    for name, upper in GAPS.items():
        inside = (days > lower) & (days <= upper)
        lower = upper
        top = np.bincount(person[inside], minlength=bookings.n_people).astype(float)
        here = total > 0
        rows.add(
            "proportion",
            ratio_of_totals(top[here], total[here], conf_level=conf_level),
            term="gap_between_sessions",
            dimensions={"gap": name},
            n_patients=int((top > 0).sum()),
            n_events=int(inside.sum()),
            note="share of gaps between attended sessions, not of people",
        )
