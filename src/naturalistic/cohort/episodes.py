"""Referrals and their contacts to courses of therapy: what was waited for, what took place, how it ended."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.cohort.dropout_definitions import dropout_states
from naturalistic.cohort.session_summaries import MISSED, summarise_sessions
from naturalistic.settings.config import AnalysisSettings
from naturalistic.tables.derived import EPISODES
from naturalistic.vocabulary import ENDINGS

_AS_IN_REFERRAL = (
    "service",
    "team",
    "referral_source",
    "problem",
    "severity",
    "therapy_model",
    "format",
    "step",
)
_REFERRAL_DATES = (
    "received_date",
    "accepted_date",
    "assessment_date",
    "first_session_date",
    "last_session_date",
    "discharge_date",
)


def derive_episodes(
    patients: pd.DataFrame,
    referrals: pd.DataFrame,
    sessions: pd.DataFrame,
    data_cut: dt.date,
    settings: AnalysisSettings,
    *,
    calendar: str = "real",
) -> pd.DataFrame:
    """One row a referral with what became of it by the data cut.

    An episode has started with its first attended treatment session: by the booked contacts, or by
    ``first_session_date`` or ``sessions_attended`` of the referral where sessions are not held one by one. It is open
    when neither an ending nor a discharge on or before the data cut is recorded; a discharge without a reason is an
    unknown ending. Whatever is dated after the data cut is not known yet. What the data lack is missing, never 0.

    Parameters
    ----------
    patients, referrals, sessions : DataFrame
        Canonical tables; `sessions` may be empty.
    data_cut : date
        Last day of observation.
    settings : AnalysisSettings
        ``episodes`` (which of several referrals of a person counts) and ``dropout`` (numbers in the definitions).
    calendar : {"real", "relative"}
        With relative dates there is no calendar year.

    Returns
    -------
    DataFrame
        Table ``episodes``, sorted by person and episode number.

    Raises
    ------
    ValueError
        A referral belongs to no patient, or a session to no referral (ingest sets those aside).
    """
    known = referrals["patient_id"].isin(patients["patient_id"])
    if strangers := int((~known).sum()):
        raise ValueError(f"referrals: {strangers} rows belong to no patient")
    held = referrals.reset_index(drop=True)
    base = _up_to_the_cut(held, data_cut)
    contacts = summarise_sessions(sessions, base["referral_id"].to_numpy(), data_cut)
    table = base.drop(columns=list(_REFERRAL_DATES[3:5]))
    table = table.assign(**_course(base, contacts))
    table["ending"] = _ending(base, held, data_cut)
    table["end_date"] = _end_date(table, data_cut)
    table = table.assign(**_waits(table, calendar))
    table = pd.concat([table, dropout_states(table, data_cut, settings.dropout)], axis="columns")
    table = _number_and_choose(table, settings.episodes)
    return EPISODES.conform(table[[name for name in EPISODES.names if name in table.columns]])


def _up_to_the_cut(referrals: pd.DataFrame, data_cut: dt.date) -> pd.DataFrame:
    limit = pd.Timestamp(data_cut)
    dates = {name: referrals[name].where(referrals[name] <= limit) for name in _REFERRAL_DATES}
    return referrals.assign(**dates)


def _course(base: pd.DataFrame, contacts: pd.DataFrame) -> dict[str, Any]:
    """Dates, counts and therapist, from the contacts where they tell and from the referral where they do not."""
    told = _earlier(contacts["first_session_date"], base["first_session_date"])
    own_count = base["sessions_attended"]
    attended = contacts["sessions_attended"]
    has_own = base["first_session_date"].notna() | own_count.notna()
    # contacts listed one by one decide, unless they show no attended session while the referral does
    by_contacts = (attended > 0).fillna(False) | ~has_own
    attended = attended.where(by_contacts, own_count)
    started = told.notna() | (attended > 0).fillna(False)
    assessed_on = base["assessment_date"].fillna(contacts["assessment_date"])
    last = _later(contacts["last_session_date"], base["last_session_date"])
    seen_by = contacts["therapist_id"]
    # whoever was treated and whose last session is not known had later contacts than the assessment
    contact = _later(last, assessed_on.mask(started))
    course: dict[str, Any] = {
        "assessment_date": assessed_on,
        "first_session_date": told,
        "last_session_date": last,
        "last_contact_date": _later(contacts["last_contact_date"], contact),
        # ASSUME A34: whoever was treated had been assessed, also where no assessment is recorded.
        "assessed": _yes_no(assessed_on.notna() | started),
        "started": _yes_no(started),
        "sessions_attended": attended,
        # ASSUME A35: where sessions are not held one by one, booked means attended plus missed on the patient's side,
        # because what the service cancelled is then not known.
        "sessions_booked": contacts["sessions_booked"].where(
            by_contacts, own_count + base["sessions_missed"]
        ),
        "last_booking_attended": contacts["last_booking_attended"].map({1: "yes", 0: "no"}),
        "therapist_id": seen_by.fillna(base["therapist_id"]),
        "n_therapists": contacts["n_therapists"],
    }
    for state in MISSED:
        course[state] = contacts[state].where(by_contacts, pd.NA)
    return course


def _ending(base: pd.DataFrame, held: pd.DataFrame, data_cut: dt.date) -> pd.Series:
    recorded = base["ending"].astype("object")
    closed_later = held["discharge_date"] > pd.Timestamp(data_cut)
    is_open = closed_later | (recorded.isna() & base["discharge_date"].isna())
    words = recorded.fillna("unknown_ending").mask(is_open, "open")
    return words.astype(pd.CategoricalDtype(list(ENDINGS)))


def _end_date(table: pd.DataFrame, data_cut: dt.date) -> pd.Series:
    # ASSUME A36: an ending is dated at the discharge, and at the last contact where no discharge is recorded; never
    # before the last attended session, since some records are closed before the last session is entered.
    recorded = table["discharge_date"].fillna(table["last_contact_date"])
    ended_on = _later(recorded, table["last_session_date"])
    return ended_on.mask(table["ending"] == "open", pd.Timestamp(data_cut))


def _waits(table: pd.DataFrame, calendar: str) -> dict[str, Any]:
    received, first = table["received_date"], table["first_session_date"]
    year = received.fillna(table["accepted_date"]).dt.year
    return {
        "wait_to_assessment": (table["assessment_date"] - received).dt.days.astype("Int32"),
        "wait_to_first_session": (first - received).dt.days.astype("Int32"),
        "weeks_observed": (table["end_date"] - first).dt.days / 7,
        "year": year.astype("Int32") if calendar == "real" else pd.array([pd.NA] * len(table)),
    }


def _number_and_choose(table: pd.DataFrame, choice: str) -> pd.DataFrame:
    order = ["patient_id", *_REFERRAL_DATES[:3], "first_session_date", "discharge_date"]
    table = table.sort_values([*order, "referral_id"]).reset_index(drop=True)
    table["episode_number"] = table.groupby("patient_id").cumcount() + 1
    if choice == "all":
        return table.assign(counts="yes")
    # ASSUME A37: the first (or last) episode that started counts; a person's first referral that came to nothing does
    # not hide the therapy that followed. Only for whoever never started it is the first (or last) referral.
    not_started = table["started"] != "yes"
    rank = table["episode_number"] * (1 if choice == "first" else -1)
    ranked = pd.DataFrame(
        {"patient_id": table["patient_id"], "not_started": not_started, "rank": rank}
    )
    chosen = ranked.sort_values(["patient_id", "not_started", "rank"]).drop_duplicates("patient_id")
    return table.assign(counts=np.where(table.index.isin(chosen.index), "yes", "no"))


def _earlier(left: pd.Series, right: pd.Series) -> pd.Series:
    return left.where(~(right < left), right).fillna(right)


def _later(left: pd.Series, right: pd.Series) -> pd.Series:
    return left.where(~(right > left), right).fillna(right)


def _yes_no(condition: pd.Series) -> pd.Series:
    return pd.Series(np.where(condition, "yes", "no"), index=condition.index)
