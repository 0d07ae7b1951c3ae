"""Rules on sessions."""

from __future__ import annotations

import datetime as dt

import numpy as np

from naturalistic.cohort.linking import Referrals
from naturalistic.cohort.pseudonyms import MISSING
from naturalistic.cohort.rows import Rows
from naturalistic.vocabulary import SEEN

# ASSUME A44: a session entered up to a month before the referral is a late entry of the referral.
_LATE_ENTRY = np.timedelta64(31, "D")


def check_sessions(rows: Rows, referrals: Referrals, cut: dt.date) -> None:
    """The rules on sessions that are linked to a referral.

    Parameters
    ----------
    rows : Rows
    referrals : Referrals
        Those that are used.
    cut : date
        Data cut.
    """
    if rows.draft.file == referrals.file:
        rows.drop(_without_a_session(rows), "no session in the row")
    rows.set_aside("session_without_date", np.isnat(rows.date("date")), "date")
    late = rows.date("date") > np.datetime64(cut, "ms")
    rows.set_aside("session_after_data_cut", late, "date")
    received = referrals.date("received_date")[referrals.position(rows.frame["referral_id"])]
    early = rows.date("date") < received - _LATE_ENTRY
    rows.set_aside("session_before_referral", early, "date")
    compared = [name for name in rows.frame.columns if name not in ("row", "patient_id")]
    rows.set_aside("session_repeated", rows.frame.duplicated(compared).to_numpy())
    position, dates = referrals.position(rows.frame["referral_id"]), rows.date("date")
    received, discharged = referrals.date("received_date"), referrals.date("discharge_date")
    rows.note("session_shortly_before_referral", dates < received[position], "date")
    rows.note("session_after_discharge", dates > discharged[position], "date")
    _check_attendance(rows)


def _check_attendance(rows: Rows) -> None:
    frame = rows.frame
    if "attendance" in frame:
        rows.note("attendance_missing", frame["attendance"].isna().to_numpy(), "attendance")
        attended = frame[frame["attendance"].isin(SEEN)]
        twice = attended.duplicated(["referral_id", "date"], keep=False)
        marked = np.zeros(len(frame), dtype=bool)
        marked[frame.index.get_indexer(twice.index[twice])] = True
        rows.note("two_sessions_attended_same_day", marked)
    if "contact_type" not in frame:
        # ASSUME A47: a contact whose kind cannot be read is "other": booked, but no treatment session.
        rows.draft.frame = frame.assign(contact_type="treatment")
    elif frame["contact_type"].isna().any():
        rows.note("contact_type_missing", frame["contact_type"].isna().to_numpy(), "contact_type")
        rows.draft.frame = frame.assign(contact_type=frame["contact_type"].fillna("other"))


def _without_a_session(rows: Rows) -> np.ndarray:
    """In a file that also holds people and referrals: rows that say nothing but whose they are."""
    frame = rows.frame
    own = frame.drop(columns=["row", "patient_id", "referral_id"], errors="ignore")
    held = own.notna()
    if "therapist_id" in own:
        held["therapist_id"] = own["therapist_id"] != MISSING
    return np.asarray(~held.to_numpy(dtype=bool).any(axis=1))
