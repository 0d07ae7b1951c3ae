"""Access to psychological therapies as the national metric counts it, and the activity it does not see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.access.referrals import attended_treatment
from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.national.adults import (
    ENOUGH,
    Mask,
    add_number,
    record_end,
)
from naturalistic.reference.matching import therapies_of_access_list, therapy_key

GROUP = "psychological_therapy_access"
# in the order in which a person's referrals decide: one counted referral is enough
CODING = ("counted", "not_on_the_list", "word_not_known", "not_recorded")
TERMS = (
    "two_contacts",
    "two_sessions",
    "therapy_access",
    "invisible_people",
    "treatment_sessions",
    "invisible_sessions",
)
ONE_YEAR = pd.Timedelta(days=365)


def coding_of(therapy: pd.Series) -> np.ndarray:
    """How the national metric sees each recorded therapy: position in `CODING`.

    Parameters
    ----------
    therapy : Series
        The service's own words, labels, abbreviations or SNOMED CT codes.
    """
    codes, words = pd.factorize(therapy.astype("object"), sort=True)
    listed = therapies_of_access_list()
    keys = [therapy_key(str(word)) for word in words]
    places = [CODING.index("word_not_known" if k is None else _seen(k, listed)) for k in keys]
    return np.array([*places, CODING.index("not_recorded")], dtype=np.int64)[codes]


def _seen(key: str, listed: frozenset[str]) -> str:
    return "counted" if key in listed else "not_on_the_list"


def add_therapy_access(rows: EstimateRows, frame: pd.DataFrame, sessions: pd.DataFrame) -> None:
    """People counted and not counted, and their sessions.

    Parameters
    ----------
    frame : DataFrame
        `national_frame`.
    """
    contacts = frame["contacts"].to_numpy(dtype=np.float64)
    attended = frame["sessions_attended"].to_numpy(dtype=np.float64, na_value=np.nan)
    adult = frame["adult"].to_numpy(dtype=bool)
    if not np.isfinite(attended).any():
        note = "the extract does not hold how many sessions took place"
        for term in TERMS:
            rows.add("count", term=term, status="not_measured", note=note)
        return
    add_number(rows, frame, "two_contacts", adult & (contacts >= ENOUGH))
    coding = coding_of(frame["therapy_model"])
    enough = adult & (attended >= ENOUGH)
    _people(rows, frame, enough, coding)
    _sessions(rows, frame[enough], attended[enough], coding[enough])
    _last_year(rows, frame, adult, sessions, coding)


def _people(rows: EstimateRows, frame: pd.DataFrame, enough: Mask, coding: np.ndarray) -> None:
    """People with two or more sessions: all, those counted, and those not counted by how they are coded."""
    best = _best_coding(frame, enough, coding)
    # counts, not shares: that all or none of a service's work is coded in a way tells nothing about a person
    _add(rows, "two_sessions", len(best))
    _add(rows, "therapy_access", int((best == 0).sum()))
    _add(rows, "invisible_people", int((best > 0).sum()))
    for i, word in enumerate(CODING[1:], start=1):
        _add(rows, "invisible_people", int((best == i).sum()), dimensions={"coding": word})


def _add(rows: EstimateRows, term: str, people: int, **columns: Any) -> None:
    rows.add("count", people, term=term, n_patients=people, **columns)


def _best_coding(frame: pd.DataFrame, enough: Mask, coding: np.ndarray) -> np.ndarray:
    """Each person's most visible coding."""
    person = frame.loc[enough, "patient_id"].to_numpy()
    return np.asarray(pd.Series(coding[enough]).groupby(person).min().to_numpy())


def _sessions(
    rows: EstimateRows, frame: pd.DataFrame, attended: np.ndarray, coding: np.ndarray
) -> None:
    """Attended treatment sessions of people with two or more, all and by how they are coded."""
    person = frame["patient_id"].to_numpy()
    groups: list[tuple[str, dict[str, str], Mask]] = [
        ("treatment_sessions", {}, np.ones(len(frame), dtype=bool)),
        ("invisible_sessions", {}, coding > 0),
    ]
    groups += [
        ("invisible_sessions", {"coding": word}, coding == i)
        for i, word in enumerate(CODING)
        if i > 0
    ]
    for term, key, who in groups:
        people = len(np.unique(person[who]))
        total = float(attended[who].sum())
        rows.add("sessions", total, term=term, dimensions=key, n_patients=people)


def _last_year(
    rows: EstimateRows,
    frame: pd.DataFrame,
    adult: Mask,
    sessions: pd.DataFrame,
    coding: np.ndarray,
) -> None:
    treated = attended_treatment(sessions)
    term = "therapy_access_12_months"
    if not len(treated):
        note = "the extract does not hold sessions one by one"
        rows.add("count", term=term, status="not_measured", note=note)
        return
    cut = record_end(frame)
    recent = treated[(treated["date"] > cut - ONE_YEAR) & (treated["date"] <= cut)]
    count = frame["referral_id"].map(recent["referral_id"].value_counts()).fillna(0).to_numpy()
    enough = adult & (count >= ENOUGH)
    best = _best_coding(frame, enough, coding)
    _add(rows, "two_sessions_12_months", len(best))
    _add(rows, term, int((best == 0).sum()))
