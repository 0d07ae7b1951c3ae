"""Rules on whole rows: who and what is kept, what is set aside, what is only noted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.cohort.apply_mapping import Draft
from naturalistic.cohort.calendar import (
    LONGEST_LEAP,
    age_bands,
    completed_years,
    years_between,
)
from naturalistic.cohort.duplicates import merge_rows
from naturalistic.cohort.flow import Chain
from naturalistic.cohort.linking import Links, Referrals
from naturalistic.cohort.problems import ProblemLog
from naturalistic.cohort.pseudonyms import MISSING
from naturalistic.vocabulary import SEEN

ORPHANS = {
    "sessions": ("session_orphan", "most_sessions_orphan"),
    "questionnaires": ("form_orphan", "most_forms_orphan"),
    "ratings": ("rating_orphan", "most_ratings_orphan"),
}
OPTED_OUT = "person opted out"
_LATE_ENTRY = np.timedelta64(31, "D")
_OLDEST = 120


@dataclass(slots=True)
class Rows:
    """The rows of one block with the means to drop or list them.

    Attributes
    ----------
    draft : Draft
    chain : Chain
        Account of the rows.
    log : ProblemLog
    """

    draft: Draft
    chain: Chain
    log: ProblemLog

    @property
    def frame(self) -> pd.DataFrame:
        """The rows that are left."""
        return self.draft.frame

    def note(self, rule: str, rows: np.ndarray, column: str = "") -> None:
        """List the marked rows."""
        numbers = self.frame["row"].to_numpy()[rows]
        self.log.add(self.draft.table, self.draft.file, column, rule, numbers, of=len(self.frame))

    def set_aside(self, rule: str, rows: np.ndarray, column: str = "") -> None:
        """List the marked rows and drop them."""
        if rows.any():
            self.note(rule, rows, column)
            self.drop(rows, rule)

    def drop(self, rows: np.ndarray, reason: str, step: str = "set_aside") -> None:
        """Drop the marked rows and count them."""
        self.draft.frame = self.frame[~rows]
        self.chain.drop(self.chain.rows - int(rows.sum()), reason, step)

    def clear(self, rule: str, column: str, rows: np.ndarray) -> None:
        """List the marked rows and set their cell to missing."""
        if rows.any():
            self.note(rule, rows, column)
            self.draft.frame[column] = self.frame[column].mask(rows)

    def date(self, name: str) -> np.ndarray:
        """A date column, NaT throughout where it is not mapped."""
        if name in self.frame:
            return self.frame[name].to_numpy().astype("datetime64[ms]")
        return np.full(len(self.frame), np.datetime64("NaT", "ms"))


def unique_patients(rows: Rows, earliest: np.ndarray | None, *, listed: bool) -> None:
    """One row a person; with `listed` the merged rows are problems, not only counted.

    Parameters
    ----------
    rows : Rows
        Draft of the patients, complete with ids.
    earliest : ndarray of datetime64[ms] or None
        Date of the referral on each row, where the file holds it.
    listed : bool
        The file should have one row a person.
    """
    _merge(rows, "patient_id", "patient", earliest, listed=listed)


def unique_referrals(rows: Rows, *, listed: bool) -> None:
    """One row a referral, each of one person; with `listed` the merged rows are problems, not only counted."""
    frame = rows.frame
    lacking = (frame["referral_id"] == MISSING) | (frame["patient_id"] == MISSING)
    rows.set_aside("referral_id_missing", lacking.to_numpy())
    pairs = rows.frame[["referral_id", "patient_id"]].drop_duplicates()
    shared = pairs.loc[pairs["referral_id"].duplicated(keep=False), "referral_id"].unique()
    rows.note("referral_of_two_people", rows.frame["referral_id"].isin(shared).to_numpy())
    rows.log.stop_if_needed()
    _merge(rows, "referral_id", "referral", None, listed=listed)


def _merge(rows: Rows, key: str, name: str, earliest: np.ndarray | None, *, listed: bool) -> None:
    merged = merge_rows(rows.frame, key, earliest)
    for column, numbers in merged.conflicts.items():
        shown = column.split("_of_birth_")[-1].removeprefix("_age_")
        rows.log.add(
            rows.draft.table,
            rows.draft.file,
            shown,
            f"{name}_conflict",
            numbers,
            of=len(rows.frame),
        )
    if listed:
        rows.note(f"{name}_repeated", rows.frame["row"].isin(merged.repeated).to_numpy())
    rows.chain.drop(len(merged.frame), f"{name}_repeated")
    rows.draft.frame = merged.frame.reset_index(drop=True)


def referral_states(
    rows: Rows, patients: pd.Series, opted_out: np.ndarray, cut: dt.date | None
) -> np.ndarray:
    """Why each referral is not used; empty text where it is.

    Parameters
    ----------
    rows : Rows
        Unique referrals.
    patients : Series
        Ids of the patients' table, those who opted out included.
    opted_out : ndarray of int64
        Ids of people who opted out.
    cut : date or None
        Data cut; None while it is not known.
    """
    people = rows.frame["patient_id"]
    why = np.full(len(people), "", dtype=object)
    if cut is not None:
        received, end = rows.date("received_date"), np.datetime64(cut, "ms")
        # a date years ahead is a typing error, which costs the date but not the referral
        why[(received > end) & (received <= end + LONGEST_LEAP)] = "referral_after_data_cut"
    unknown = ~people.isin(patients).to_numpy()
    why[unknown] = "referral_without_patient"
    why[people.isin(opted_out).to_numpy()] = OPTED_OUT
    unknown &= why != OPTED_OUT
    if 2 * unknown.sum() > len(people):
        rows.note("most_referrals_without_patient", unknown, "patient_id")
    return why


def check_referral_dates(rows: Rows, cut: dt.date, *, assumed: bool) -> None:
    """Dates of referrals that contradict each other or the data cut.

    Parameters
    ----------
    rows : Rows
        Unique referrals.
    cut : date
        Data cut.
    assumed : bool
        The cut is the latest plausible date, so that every later date is implausible.
    """
    end = np.datetime64(cut, "ms")
    far = end if assumed else end + LONGEST_LEAP
    for name in rows.frame.columns[rows.frame.dtypes == "datetime64[ms]"]:
        dates = rows.date(name)
        rows.clear("date_far_future", name, dates > far)
        if name != "received_date":
            rows.clear("date_after_data_cut", name, (dates > end) & (dates <= far))
    received, discharged = rows.date("received_date"), rows.date("discharge_date")
    rows.clear("discharge_before_referral", "discharge_date", discharged < received)
    discharged = rows.date("discharge_date")
    last, first = rows.date("last_session_date"), rows.date("first_session_date")
    rows.clear("last_session_before_first", "last_session_date", last < first)
    for name in ("accepted_date", "assessment_date", "first_session_date", "last_session_date"):
        rows.note("step_before_referral", rows.date(name) < received, name)
        rows.note("step_after_discharge", rows.date(name) > discharged, name)


def check_endings(rows: Rows) -> None:
    """Endings without a date and dates without an ending, where both are mapped; overlapping referrals."""
    frame = rows.frame
    if {"ending", "discharge_date"} <= set(frame.columns):
        ended, dated = frame["ending"].notna(), frame["discharge_date"].notna()
        rows.note("discharge_without_ending", (dated & ~ended).to_numpy(), "ending")
        rows.note("ending_without_discharge", (ended & ~dated).to_numpy(), "discharge_date")
    if "received_date" in frame:
        order = frame.assign(_end=rows.date("discharge_date"), _at=np.arange(len(frame)))
        order = order.sort_values(["patient_id", "received_date", "_at"])
        before = order.groupby("patient_id", sort=False).shift()
        # an earlier referral without a discharge date is open, so it overlaps too
        known = (
            before["_at"].notna() & before["received_date"].notna() & order["received_date"].notna()
        )
        overlap = known & (before["_end"].isna() | (before["_end"] > order["received_date"]))
        marked = np.zeros(len(frame), dtype=bool)
        marked[order.loc[overlap.to_numpy(), "_at"].to_numpy()] = True
        rows.note("referrals_overlap", marked)


def check_therapists(referrals: Rows, sessions: Rows | None) -> None:
    """Therapists who work in more than one service."""
    if "service" not in referrals.frame:
        return
    holders = [rows for rows in (referrals, sessions) if rows and "therapist_id" in rows.frame]
    if not holders:
        return
    service = referrals.frame.set_index("referral_id")["service"].astype(object)
    seen = [
        pd.DataFrame(
            {
                "therapist": rows.frame["therapist_id"].to_numpy(),
                "service": service.reindex(rows.frame["referral_id"]).to_numpy(),
            }
        )
        for rows in holders
    ]
    pairs = pd.concat(seen).drop_duplicates().dropna()
    pairs = pairs[pairs["therapist"] != MISSING]
    both = pairs.loc[pairs["therapist"].duplicated(), "therapist"].unique()
    # one table is enough to find them: the referrals', where it names therapists
    holders[0].note(
        "therapist_in_two_services",
        holders[0].frame["therapist_id"].isin(both).to_numpy(),
        "therapist_id",
    )


def follow_links(rows: Rows, links: Links, referrals: Referrals) -> np.ndarray:
    """Set aside what belongs to no referral, or to one that is not used; the positions of the rest.

    Returns
    -------
    ndarray of int64, shape (n_rows_left,)
        Row of the referral in `referrals.frame`.
    """
    orphan, most = ORPHANS[rows.draft.table]
    orphans = links.why_not == "orphan"
    if 2 * orphans.sum() > len(orphans):
        rows.note(most, orphans)
        rows.log.stop_if_needed()
    why = np.where(orphans, orphan, links.why_not).astype(object)
    found = links.position >= 0
    unused = np.full(len(found), "", dtype=object)
    unused[found] = referrals.why_not[links.position[found]]
    position = links.position
    for rule in (orphan, "referral_of_another_person", "referral_ambiguous"):
        broken = why == rule
        rows.set_aside(rule, broken)
        why, unused, position = why[~broken], unused[~broken], position[~broken]
    opted = unused == OPTED_OUT
    if opted.any():  # counted only: a list of their rows would single them out
        rows.drop(opted, OPTED_OUT, step="opted_out")
    unused, position = unused[~opted], position[~opted]
    rows.set_aside("referral_set_aside", unused != "")
    return position[unused == ""]


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


def work_out_ages(rows: Rows, first_referral: np.ndarray) -> None:
    """Age and age band from what the mapping coarsens, at the first referral of each person."""
    frame = rows.frame
    for helper in [name for name in frame.columns if name.startswith("_")]:
        values = frame[helper].to_numpy()
        name = "age_band" if helper.endswith("age_band") else "age"
        if helper.startswith("_date_of_birth"):
            ages = completed_years(values, first_referral)
            undated = ~np.isnat(values) & np.isnat(first_referral)
        elif helper.startswith("_year_of_birth"):
            ages = years_between(values, first_referral)
            undated = ~np.isnan(values) & np.isnat(first_referral)
        else:
            ages, undated = values.astype(float), np.zeros(len(values), dtype=bool)
        rows.note("age_without_referral_date", undated, name)
        rows.note("born_after_referral", ages < 0, name)
        rows.note("number_out_of_range", ages > _OLDEST, name)
        ages = np.where((ages < 0) | (ages > _OLDEST), np.nan, ages)
        rows.draft.frame[name] = ages if name == "age" else age_bands(ages)
