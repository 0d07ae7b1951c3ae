"""Rules on patients and referrals."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from naturalistic.cohort.calendar import LONGEST_LEAP, age_bands, completed_years, years_between
from naturalistic.cohort.duplicates import merge_rows
from naturalistic.cohort.pseudonyms import MISSING
from naturalistic.cohort.rows import OPTED_OUT, Rows

_OLDEST = 120


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


def work_out_ages(rows: Rows, first_referral: np.ndarray, referred: np.ndarray) -> None:
    """Age and age band from what the mapping coarsens, at the first referral of each person.

    Parameters
    ----------
    rows : Rows
        The patients.
    first_referral : ndarray of datetime64[ms], shape (n_patients,)
        NaT where no date is known.
    referred : ndarray of bool, shape (n_patients,)
        The person has a referral.
    """
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
        rows.note("age_without_referral_date", undated & referred, name)
        rows.note("born_after_referral", ages < 0, name)
        rows.note("number_out_of_range", ages > _OLDEST, name)
        ages = np.where((ages < 0) | (ages > _OLDEST), np.nan, ages)
        rows.draft.frame[name] = ages if name == "age" else age_bands(ages)
