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
    distinct,
    record_end,
)
from naturalistic.reference.matching import therapies_of_access_list, therapy_key
from naturalistic.stats.rates import rate
from naturalistic.stats.ratio import ratio_of_totals

GROUP = "psychological_therapy_access"
# in the order in which a person's referrals decide: one counted referral is enough
CODING = ("counted", "not_on_the_list", "word_not_known", "not_recorded")
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


def add_therapy_access(
    rows: EstimateRows, frame: pd.DataFrame, sessions: pd.DataFrame, level: float
) -> None:
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
        for term in ("two_contacts", "therapy_access", "invisible_people", "invisible_sessions"):
            rows.add("proportion", term=term, status="not_measured", note=note)
        return
    add_number(rows, frame, "two_contacts", adult & (contacts >= ENOUGH))
    coding = coding_of(frame["therapy_model"])
    enough = adult & (attended >= ENOUGH)
    _people(rows, frame, enough, coding, level, "therapy_access", "invisible_people")
    _sessions(rows, frame[enough], attended[enough], coding[enough], level)
    _last_year(rows, frame, adult, sessions, coding, level)


def _people(
    rows: EstimateRows,
    frame: pd.DataFrame,
    enough: Mask,
    coding: np.ndarray,
    level: float,
    seen: str,
    unseen: str,
) -> None:
    best = _best_coding(frame, enough, coding)
    total = len(best)
    by_word = {word: int((best == i).sum()) for i, word in enumerate(CODING)}
    _add(rows, seen, by_word["counted"], total, level)
    _add(rows, unseen, total - by_word["counted"], total, level)
    for word in CODING[1:]:
        _add(rows, unseen, by_word[word], total, level, dimensions={"coding": word})


def _best_coding(frame: pd.DataFrame, enough: Mask, coding: np.ndarray) -> np.ndarray:
    """Each person's most visible coding."""
    person = frame.loc[enough, "patient_id"].to_numpy()
    return np.asarray(pd.Series(coding[enough]).groupby(person).min().to_numpy())


def _add(
    rows: EstimateRows, term: str, top: int, bottom: int, level: float, **columns: Any
) -> None:
    value = rate(top, bottom, conf_level=level) if bottom else None
    rows.add_proportion(top, bottom, value, term=term, **columns)


def _sessions(
    rows: EstimateRows, frame: pd.DataFrame, attended: np.ndarray, coding: np.ndarray, level: float
) -> None:
    """Attended treatment sessions of people with two or more, by how they are coded; people are sampled."""
    people = pd.factorize(frame["patient_id"], sort=True)[0]
    n = int(people.max(initial=-1)) + 1
    everything = np.bincount(people, weights=attended, minlength=n)
    for name, hit in {
        "": coding > 0,
        **{word: coding == i for i, word in enumerate(CODING) if i > 0},
    }.items():
        unseen = np.bincount(people, weights=attended * hit, minlength=n)
        value = ratio_of_totals(unseen, everything, conf_level=level) if n else None
        rows.add_proportion(
            int(unseen.sum()),
            int(everything.sum()),
            value,
            term="invisible_sessions",
            dimensions={"coding": name} if name else {},
            n_patients=n,
        )


def _last_year(
    rows: EstimateRows,
    frame: pd.DataFrame,
    adult: Mask,
    sessions: pd.DataFrame,
    coding: np.ndarray,
    level: float,
) -> None:
    treated = attended_treatment(sessions)
    term = "therapy_access_12_months"
    if not len(treated):
        note = "the extract does not hold sessions one by one"
        rows.add("proportion", term=term, status="not_measured", note=note)
        return
    cut = record_end(frame)
    recent = treated[(treated["date"] > cut - ONE_YEAR) & (treated["date"] <= cut)]
    count = frame["referral_id"].map(recent["referral_id"].value_counts()).fillna(0).to_numpy()
    enough = adult & (count >= ENOUGH)
    best = _best_coding(frame, enough, coding)
    _add(rows, term, int((best == 0).sum()), distinct(frame, enough), level)
