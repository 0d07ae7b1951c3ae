"""Rules on sessions."""

from __future__ import annotations

import datetime as dt

import numpy as np

from naturalistic.cohort.linking import Referrals
from naturalistic.cohort.rows import Rows
from naturalistic.vocabulary import SEEN

_LATE_ENTRY = np.timedelta64(31, "D")


def check_sessions(
    rows: Rows, position: np.ndarray, referrals: Referrals, cut: dt.date
) -> np.ndarray:
    """The rules on sessions; the positions of the referrals of those that are left."""
    received, discharged = referrals.date("received_date"), referrals.date("discharge_date")

    def drop(rule: str, marked: np.ndarray) -> None:
        nonlocal position
        rows.set_aside(rule, marked, "date")
        position = position[~marked]

    drop("session_without_date", np.isnat(rows.date("date")))
    drop("session_after_data_cut", rows.date("date") > np.datetime64(cut, "ms"))
    drop("session_before_referral", rows.date("date") < received[position] - _LATE_ENTRY)
    compared = [name for name in rows.frame.columns if name not in ("row", "patient_id")]
    repeated = rows.frame.duplicated(compared).to_numpy()
    rows.set_aside("session_repeated", repeated)
    position = position[~repeated]
    dates = rows.date("date")
    rows.note("session_shortly_before_referral", dates < received[position], "date")
    rows.note("session_after_discharge", dates > discharged[position], "date")
    _check_attendance(rows)
    return position


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
        rows.draft.frame = frame.assign(contact_type="treatment")
    elif frame["contact_type"].isna().any():
        rows.note("contact_type_missing", frame["contact_type"].isna().to_numpy(), "contact_type")
        rows.draft.frame = frame.assign(contact_type=frame["contact_type"].fillna("other"))
