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
    treated = attended_treatment(sessions)
    order = treated.sort_values(["referral_id", "date"], kind="stable")
    second = order[order.groupby("referral_id").cumcount() == 1]
    dates = pd.Series(second["date"].to_numpy(), index=second["referral_id"].to_numpy())
    frame["second_session_date"] = frame["referral_id"].map(dates).astype("datetime64[ms]")
    return frame


def attended_treatment(sessions: pd.DataFrame) -> pd.DataFrame:
    """Attended treatment contacts."""
    seen = sessions["attendance"].isin(SEEN) & sessions["contact_type"].isin(TREATMENT_CONTACTS)
    return sessions[seen]


def is_word(frame: pd.DataFrame, column: str, *words: str) -> Mask:
    """Rows of which `column` holds one of the words."""
    return frame[column].isin(words).to_numpy(dtype=bool)


def people(frame: pd.DataFrame, rows: Mask | None = None) -> dict[str, Any]:
    """Counts of a group of referrals: people and referrals."""
    chosen = frame["patient_id"] if rows is None else frame.loc[rows, "patient_id"]
    return {"n_patients": int(chosen.nunique()), "n_episodes": len(chosen)}
