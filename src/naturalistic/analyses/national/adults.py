"""Referrals with the number of contacts, and which of them are of adults."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.access.referrals import referral_frame
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.stats.rates import rate
from naturalistic.vocabulary import SEEN

Mask = npt.NDArray[np.bool_]
ADULT = 18
ENOUGH = 2  # sessions or contacts


def national_frame(data: AnalysisInput) -> pd.DataFrame:
    """Every referral with its attended contacts and whether the person was an adult.

    Returns
    -------
    DataFrame
        `referral_frame` with ``adult``, ``contacts`` (attended contacts of any kind; the treatment sessions where
        contacts are not held one by one) and ``first_contact_date``.
    """
    sessions = data.tables["sessions"]
    frame = referral_frame(data.tables["episodes"], sessions)
    people = data.tables["patients"]
    # ASSUME A74: whoever is not known to be under 18 is an adult.
    young = (people["age"] < ADULT) | (people["age"].isna() & (people["age_band"] == "under_18"))
    children = people.loc[young, "patient_id"]
    seen = sessions.loc[sessions["attendance"].isin(SEEN), ["referral_id", "date"]]
    by_referral = seen.groupby("referral_id")["date"].agg(["size", "min"])
    contacts = frame["referral_id"].map(by_referral["size"]).to_numpy(dtype=np.float64)
    treated = frame["sessions_attended"].to_numpy(dtype=np.float64, na_value=np.nan)
    first = frame["referral_id"].map(by_referral["min"]).astype("datetime64[ms]")
    dates = (frame[name].to_numpy() for name in ("assessment_date", "first_session_date"))
    earliest = pd.Series(
        np.fmin(*dates), index=frame.index
    )  # the one that is known, or the earlier
    return frame.assign(
        adult=~frame["patient_id"].isin(children).to_numpy(dtype=bool),
        contacts=np.fmax(contacts, treated),
        first_contact_date=first.fillna(earliest),
    )


def record_end(frame: pd.DataFrame) -> pd.Timestamp:
    """Last day of the record."""
    return frame[["end_date", "received_date"]].max().max()


def distinct(frame: pd.DataFrame, rows: Mask) -> int:
    """People behind some of the referrals."""
    return int(frame.loc[rows, "patient_id"].nunique())


def add_share(
    rows: EstimateRows,
    frame: pd.DataFrame,
    term: str,
    hit: Mask,
    among: Mask,
    level: float,
    **columns: Any,
) -> None:
    """Share of referrals with Wilson's interval; people are counted once."""
    top, bottom = int((hit & among).sum()), int(among.sum())
    value = rate(top, bottom, conf_level=level) if bottom else None
    counts = {"n_patients": distinct(frame, among), "n_episodes": bottom}
    rows.add_proportion(top, bottom, value, term=term, **{**counts, **columns})


def add_number(
    rows: EstimateRows, frame: pd.DataFrame, term: str, who: Mask, **columns: Any
) -> None:
    """Number of people behind some of the referrals."""
    n = distinct(frame, who)
    rows.add("count", n, term=term, n_patients=n, n_episodes=int(who.sum()), **columns)
