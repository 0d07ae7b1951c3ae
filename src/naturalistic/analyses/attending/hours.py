"""Clinician hours booked for sessions that the patient did not come to, from recorded lengths; no money."""

from __future__ import annotations

from typing import Any

import numpy as np

from naturalistic.analyses.attending.bookings import Bookings, Contacts
from naturalistic.analyses.attending.definitions import FloatArray
from naturalistic.analyses.interface import EstimateRows
from naturalistic.stats.ratio import ratio_of_totals
from naturalistic.vocabulary import ABSENCE_DEFINITIONS

MINUTES_AN_HOUR = 60.0
NO_LENGTHS = "the extract holds no lengths of sessions"
BOOKED = (
    "hours booked and not used for the session; whether the clinician used them for other work is not recorded, and no "
    "unit cost is applied"
)


def add_hours(rows: EstimateRows, contacts: Contacts, conf_level: float) -> None:
    """Hours of missed sessions under each definition: in all, per 100 people who started, and as a share of hours booked.

    A missed session counts with its recorded length; without one, with the mean length of the sessions the same person
    attended, or of all sessions attended where the person has none recorded.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    contacts : Contacts
        Of everyone who started; may be empty.
    conf_level : float
        Coverage; people are the sampled units.
    """
    for definition in ABSENCE_DEFINITIONS:
        key: dict[str, Any] = {"definition": definition}
        bookings = contacts.under(definition)
        recorded = np.isfinite(bookings.minutes) & (bookings.minutes > 0)
        if not (recorded & bookings.seen).any():
            rows.add(
                "clinician_hours",
                term="hours_missed",
                status="not_measured",
                note=NO_LENGTHS,
                **key,
            )
            continue
        if not bookings.missed.any():
            note = "missed sessions are not recorded"
            rows.add(
                "clinician_hours", term="hours_missed", status="not_measured", note=note, **key
            )
            continue
        _add(rows, bookings, _hours(bookings, recorded), recorded, conf_level, key)


def _hours(bookings: Bookings, recorded: np.ndarray) -> FloatArray:
    """Length of each booking."""
    # ASSUME A81 a session without a recorded length would have been as long as those the person attended, on average
    told = recorded & bookings.seen
    total = np.bincount(bookings.person[told], bookings.minutes[told], minlength=bookings.n_people)
    number = np.bincount(bookings.person[told], minlength=bookings.n_people)
    usual = np.where(number > 0, total / np.maximum(number, 1), total.sum() / number.sum())
    minutes = np.where(recorded, bookings.minutes, usual[bookings.person])
    return np.asarray(minutes / MINUTES_AN_HOUR)


def _add(
    rows: EstimateRows,
    bookings: Bookings,
    hours: FloatArray,
    recorded: np.ndarray,
    conf_level: float,
    key: dict[str, Any],
) -> None:
    missed, n = bookings.missed, bookings.n_people
    lost = np.bincount(bookings.person[missed], hours[missed], minlength=n)
    booked = np.bincount(bookings.person, hours, minlength=n)
    held = booked > 0
    share = float(recorded[missed].mean())
    note = f"{BOOKED}; {100 * share:.0f}% of missed sessions have a recorded length, the others as assumed (A81)"
    counts: dict[str, Any] = {"n_patients": int(held.sum()), "note": note, **key}
    losers = {**counts, "n_patients": int((lost > 0).sum()), "n_events": int(missed.sum())}
    rows.add("clinician_hours", float(lost.sum()), term="hours_missed", **losers)
    per_person = ratio_of_totals(
        lost[held], np.ones(int(held.sum())), conf_level=conf_level, share=False
    )
    rows.add("mean", per_person, term="hours_missed_per_person", **counts)
    of_booked = ratio_of_totals(lost[held], booked[held], conf_level=conf_level)
    rows.add("proportion", of_booked, term="share_of_hours_missed", **counts)
