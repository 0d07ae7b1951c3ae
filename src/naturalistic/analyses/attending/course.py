"""Absence over the course of therapy, and who comes back after sessions missed in a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.attending.bins import Bins, bins_of
from naturalistic.analyses.attending.bookings import Bookings, BoolArray, IntArray
from naturalistic.analyses.attending.definitions import has_ended
from naturalistic.analyses.interface import EstimateRows
from naturalistic.stats.ratio import ratio_of_totals

LONGEST_RUN = 3
ENDINGS = ("planned_ending", "unplanned_ending")


def add_course(
    rows: EstimateRows, bookings: Bookings, frame: pd.DataFrame, conf_level: float, **key: Any
) -> None:
    """Share missed by number of the booking, for everyone who still has one, and apart by how therapy ended.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    bookings : Bookings
        Of the people in `frame`.
    frame : DataFrame
        People who started.
    conf_level : float
        Coverage; people are the sampled units.
    **key
        Further key columns.
    """
    number = bookings.number
    bins = bins_of(number)
    place = bins.of(number)
    everyone = np.ones(len(bookings), dtype=bool)
    _shares(rows, bookings, place, bins, everyone, {}, conf_level, key)
    ending = frame["ending"].astype("object").to_numpy()
    for word in ENDINGS:
        here = (ending == word)[bookings.person]
        _shares(rows, bookings, place, bins, here, {"ending": word}, conf_level, key)


def _shares(
    rows: EstimateRows,
    bookings: Bookings,
    place: IntArray,
    bins: Bins,
    use: BoolArray,
    dimensions: dict[str, str],
    conf_level: float,
    key: dict[str, Any],
) -> None:
    for b in range(bins.count):
        inside = use & (place == b)
        if not inside.any():
            continue
        person = bookings.person[inside]
        total = np.bincount(person, minlength=bookings.n_people).astype(float)
        missed = np.bincount(person, bookings.missed[inside], minlength=bookings.n_people)
        here = total > 0
        rows.add(
            "proportion",
            ratio_of_totals(missed[here], total[here], conf_level=conf_level),
            term="absence_by_booking",
            dimensions={**dimensions, "booking": bins.name(b)},
            n_patients=int(here.sum()),
            n_events=int(missed.sum()),
            note="share of the sessions offered at this point, not of people; who has left is no longer in it",
            **key,
        )


def add_returns(
    rows: EstimateRows, bookings: Bookings, frame: pd.DataFrame, conf_level: float, **key: Any
) -> None:
    """After so many sessions missed in a row, how often somebody attended again; people whose therapy has ended.

    Parameters
    ----------
    rows, bookings, frame, conf_level, **key
        As in `add_course`.
    """
    ended = bookings.only(has_ended(frame)[bookings.person])
    streak = _streak(ended)
    returned = ended.number < ended.last_seen[ended.person]
    for length in range(1, LONGEST_RUN + 1):
        here = streak == length
        person = ended.person[here]
        total = np.bincount(person, minlength=ended.n_people).astype(float)
        back = np.bincount(person, returned[here], minlength=ended.n_people)
        some = total > 0
        columns: dict[str, Any] = {
            "term": "attended_again",
            "dimensions": {"missed_in_a_row": length},
            **key,
        }
        if not some.any():
            note = "nobody whose therapy has ended missed so many in a row"
            rows.add("proportion", status="not_estimable", note=note, **columns)
            continue
        rows.add(
            "proportion",
            ratio_of_totals(back[some], total[some], conf_level=conf_level),
            n_patients=int(some.sum()),
            n_events=int(total.sum()),
            note="share of the times it happened, not of people",
            **columns,
        )


def _streak(bookings: Bookings) -> IntArray:
    """How many bookings in a row have been missed up to and with this one; 0 where it was not missed."""
    place = np.arange(len(bookings))
    first = place - bookings.number + 1
    # the last booking not missed, or the one before the first of the person
    kept = np.where(bookings.missed, first - 1, place)
    last = np.maximum.accumulate(kept) if len(kept) else kept
    return place - np.maximum(last, first - 1)
