"""Who is waiting and who is in therapy on the day of notice, seen with what was known by then."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import EstimateRows

WAYS = ("planned_ending", "unplanned_ending", "other_ending")
MONTHS_12_IN_WEEKS = 365.25 / 7
BREAKDOWNS = ("format", "therapy_model", "service")
NOT_RECORDED = "not_recorded"
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Caseload:
    """The service on the day of notice.

    Attributes
    ----------
    day : Timestamp
        Day of notice.
    in_therapy : DataFrame
        Episodes that had started and not been left, one a person, with `weeks_so_far`.
    waiting : DataFrame
        Referrals received and neither started nor closed, one a person who is not in therapy.
    without_contact : int
        People whose course is still on the books although contact was lost.
    weeks, way : (n,)
        Length and way of ending (0 = open) of every course that had started by then; nothing later is used.
    seen : DataFrame
        The rows `weeks` and `way` belong to.
    """

    day: pd.Timestamp
    in_therapy: pd.DataFrame
    waiting: pd.DataFrame
    without_contact: int
    weeks: FloatArray
    way: IntArray
    seen: pd.DataFrame


def day_of_notice(episodes: pd.DataFrame, asked: dt.date | None) -> pd.Timestamp | None:
    """The day asked for, otherwise the day the data end; None where no dates are held."""
    if asked is not None:
        return pd.Timestamp(asked)
    last = episodes["end_date"].max()
    return None if pd.isna(last) else pd.Timestamp(last)


def caseload_on(episodes: pd.DataFrame, day: pd.Timestamp, lost_contact_weeks: int) -> Caseload:
    """The caseload on a day.

    Parameters
    ----------
    episodes : DataFrame
        Every episode of the cohort, counted by the settings or not: all of them are people in the service.
    day : Timestamp
        An episode that ended on the day itself is no longer on the books.
    lost_contact_weeks : int
        Who has had no contact for so long has left therapy, recorded or not.
    """
    frame = episodes.sort_values(["received_date", "first_session_date"], kind="stable")
    begun = _true((frame["started"] == "yes") & (frame["first_session_date"] <= day))
    closed = _true((frame["ending"] != "open") & (frame["end_date"] <= day))
    seen = frame[begun].copy()
    recorded = closed[begun]
    left = _left(seen, recorded, lost_contact_weeks)
    gone = (left <= day).to_numpy(dtype=bool)
    until = left.where(gone, day)
    weeks = (until - seen["first_session_date"]).dt.days.to_numpy(dtype=np.float64) / 7
    seen["weeks_so_far"] = weeks
    planned = recorded & (seen["ending"] == "planned_ending").to_numpy(dtype=bool)
    dropped = ~recorded | (seen["ending"] == "unplanned_ending").to_numpy(dtype=bool)
    way = np.select([~gone, planned, dropped], [0, 1, 2], default=3).astype(np.int64)
    in_therapy = seen[~gone].drop_duplicates("patient_id", keep="last")
    without = seen[gone & ~recorded].drop_duplicates("patient_id", keep="last")
    waiting = frame[_true(frame["received_date"] <= day) & ~begun & ~closed]
    waiting = waiting.drop_duplicates("patient_id", keep="last")
    waiting = waiting[~waiting["patient_id"].isin(in_therapy["patient_id"])]
    return Caseload(day, in_therapy, waiting, len(without), np.maximum(weeks, 0.0), way, seen)


def _left(seen: pd.DataFrame, recorded: BoolArray, lost_contact_weeks: int) -> pd.Series:
    """Day each course was left, as far as known by the day of notice; missing while it goes on."""
    # ASSUME A60 without contact for the weeks of the definition of lost contact, therapy was left that long after the last
    lost = seen["last_contact_date"] + pd.Timedelta(weeks=lost_contact_weeks)
    ended = seen["end_date"].where(recorded)
    return lost.where(ended.isna() | (lost < ended), ended)


def _true(mask: pd.Series) -> BoolArray:
    return mask.fillna(False).to_numpy(dtype=bool)


def add_caseload(rows: EstimateRows, load: Caseload) -> None:
    """Counts of people waiting and in therapy, by format, therapy and service, and how long they have been in therapy."""
    n = len(load.in_therapy)
    for term, people in (("in_therapy", load.in_therapy), ("waiting", load.waiting)):
        rows.add("count", len(people), term=term, n_patients=len(people))
        for name in BREAKDOWNS:
            _by_level(rows, people, name, term)
    lost = load.without_contact
    rows.add("count", lost, term="open_without_contact", n_patients=lost)
    both = n + len(load.waiting)
    rows.add("count", both, term="on_the_books", n_patients=both)
    if not n:
        return
    weeks = load.in_therapy["weeks_so_far"].to_numpy(dtype=float)
    months = weeks * 7 / (365.25 / 12)
    shared: dict[str, Any] = {"n_patients": n, "time_unit": "months"}
    rows.add("mean", float(months.mean()), term="months_so_far", **shared)
    rows.add("median", float(np.median(months)), term="months_so_far", **shared)
    rows.add_proportion(int((weeks > MONTHS_12_IN_WEEKS).sum()), n, term="over_12_months_so_far")


def _by_level(rows: EstimateRows, people: pd.DataFrame, name: str, term: str) -> None:
    levels = people[name].astype("object")
    if not levels.notna().any():
        return
    counts = levels.where(levels.notna(), NOT_RECORDED).value_counts().sort_index()
    for level, n in counts.items():
        rows.add("count", int(n), term=term, dimensions={name: level}, n_patients=int(n))
