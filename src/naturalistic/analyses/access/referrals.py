"""One row a referral with its dates, and how many people stand behind a group of referrals."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.vocabulary import SEEN, TREATMENT_CONTACTS

Mask = npt.NDArray[np.bool_]
_COLUMNS = (
    "referral_id",
    "patient_id",
    "counts",
    "received_date",
    "assessment_date",
    "first_session_date",
    "end_date",
    "assessed",
    "started",
    "ending",
    "sessions_attended",
    "referral_source",
    "therapy_model",
)


def referral_frame(episodes: pd.DataFrame, sessions: pd.DataFrame) -> pd.DataFrame:
    """Every referral, those that do not count for outcomes among them, with the date of the second session.

    Parameters
    ----------
    episodes, sessions : DataFrame
        Tables of the cohort; `sessions` may be empty.

    Returns
    -------
    DataFrame
        Columns of ``episodes`` and ``second_session_date``: the second attended treatment contact.
    """
    frame = episodes[list(_COLUMNS)].reset_index(drop=True)
    frame["second_session_date"] = frame["referral_id"].map(second_dates(sessions))
    return frame.astype({"second_session_date": "datetime64[ms]"})


def second_dates(sessions: pd.DataFrame) -> pd.Series:
    """Date of the second attended treatment contact, by referral; a contact without a date comes last."""
    treated = attended_treatment(sessions)
    referral = treated["referral_id"].to_numpy(dtype=np.int64)
    date = treated["date"].to_numpy(dtype="datetime64[D]")
    day = np.where(np.isnat(date), np.iinfo(np.int64).max, date.astype(np.int64))
    order = np.lexsort((day, referral))
    referral, date = referral[order], date[order]
    begins = np.ones(len(referral), dtype=bool)
    begins[1:] = referral[1:] != referral[:-1]
    second = np.flatnonzero(~begins & np.roll(begins, 1))
    return pd.Series(date[second].astype("datetime64[ms]"), index=referral[second])


def attended_treatment(sessions: pd.DataFrame) -> pd.DataFrame:
    """Referral and date of the attended treatment contacts."""
    seen = sessions["attendance"].isin(SEEN) & sessions["contact_type"].isin(TREATMENT_CONTACTS)
    return sessions.loc[seen, ["referral_id", "date"]]


def is_word(frame: pd.DataFrame, column: str, *words: str) -> Mask:
    """Rows of which `column` holds one of the words."""
    return frame[column].isin(words).to_numpy(dtype=bool)


def people(frame: pd.DataFrame, rows: Mask | None = None) -> dict[str, Any]:
    """Counts of a group of referrals: people and referrals."""
    chosen = frame["patient_id"] if rows is None else frame.loc[rows, "patient_id"]
    return {"n_patients": int(chosen.nunique()), "n_episodes": len(chosen)}
