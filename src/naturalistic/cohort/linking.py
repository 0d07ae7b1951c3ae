"""Finding the referral that a session, a form or a rating belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from naturalistic.cohort.pseudonyms import MISSING, combine

_DAY = np.timedelta64(1, "D")


@dataclass(slots=True)
class Referrals:
    """The referrals of an extract, one row each, with what became of each.

    Attributes
    ----------
    frame : DataFrame
        Draft of the canonical table, unique `referral_id`.
    file : str
        Path of the file.
    by_row : Series
        `referral_id` by row number of the file, repeated rows included.
    why_not : ndarray of object (str)
        Empty where the referral is used, else the reason why it and all that belongs to it is set aside.
    """

    frame: pd.DataFrame
    file: str
    by_row: pd.Series
    why_not: np.ndarray = field(default_factory=lambda: np.empty(0, object))

    @property
    def ids(self) -> pd.Index:
        """Referral ids in order."""
        return pd.Index(self.frame["referral_id"].to_numpy())

    def position(self, ids: pd.Series) -> np.ndarray:
        """Row of each referral id, -1 where there is none."""
        return self.ids.get_indexer(pd.Index(ids.to_numpy()))

    def date(self, name: str) -> np.ndarray:
        """A date column as datetime64[ms], NaT throughout where it is not mapped."""
        if name in self.frame:
            return self.frame[name].to_numpy().astype("datetime64[ms]")
        return np.full(len(self.frame), np.datetime64("NaT", "ms"))


@dataclass(frozen=True, slots=True)
class Links:
    """Where each row belongs.

    Attributes
    ----------
    position : ndarray of int64, shape (n,)
        Row of the referral; -1 where none was found.
    why_not : ndarray of object (str), shape (n,)
        "", "orphan", "referral_of_another_person" or "referral_ambiguous".
    """

    position: np.ndarray
    why_not: np.ndarray


def link(frame: pd.DataFrame, referrals: Referrals) -> Links:
    """Link rows to referrals by referral id, else by person and date, else by their row in the referrals' file.

    Parameters
    ----------
    frame : DataFrame
        With `referral_id` or `patient_id` (0 where missing), `date` where there is one; with neither id the rows are
        those of the referrals' own file and `row` decides.

    Notes
    -----
    A person with one referral needs no date. With several, the one that was received on or before the date and not
    closed before it is taken, if it is the only one.
    """
    n = len(frame)
    position = np.full(n, -1, dtype=np.int64)
    why_not = np.full(n, "", dtype=object)
    ids = referrals.ids
    if "referral_id" in frame:
        position = ids.get_indexer(pd.Index(frame["referral_id"].to_numpy()))
    if "patient_id" in frame:
        people = frame["patient_id"].to_numpy()
        own = referrals.frame["patient_id"].to_numpy()
        other = (position >= 0) & (people != MISSING) & (own[position] != people)
        why_not[other] = "referral_of_another_person"
        unnamed = people != MISSING
        if "referral_id" in frame:
            unnamed &= frame["referral_id"].to_numpy() == MISSING
        rows = np.flatnonzero(unnamed)
        position[rows], ambiguous = _by_person(frame, rows, referrals)
        why_not[rows[ambiguous]] = "referral_ambiguous"
    elif "referral_id" not in frame:
        named = referrals.by_row.reindex(frame["row"].to_numpy(), fill_value=MISSING)
        position = ids.get_indexer(pd.Index(named.to_numpy()))
    why_not[(position < 0) & (why_not == "")] = "orphan"
    return Links(position, why_not)


def _by_person(
    frame: pd.DataFrame, rows: np.ndarray, referrals: Referrals
) -> tuple[np.ndarray, np.ndarray]:
    """Position of the only fitting referral of each row's person, and which rows fit none or several."""
    people = frame["patient_id"].to_numpy()[rows]
    own = pd.Series(referrals.frame["patient_id"].to_numpy())
    n_referrals = own.value_counts().reindex(people, fill_value=0).to_numpy()
    single = own[~own.duplicated(keep=False)]
    found = np.full(len(rows), -1, dtype=np.int64)
    one = n_referrals == 1
    found[one] = single.index[pd.Index(single).get_indexer(pd.Index(people[one]))].to_numpy()
    several = np.flatnonzero(n_referrals > 1)
    if several.size and "date" in frame:
        dates = frame["date"].to_numpy().astype("datetime64[ms]")[rows[several]]
        left = pd.DataFrame({"person": people[several], "date": dates, "place": several})
        right = pd.DataFrame(
            {
                "person": own.to_numpy(),
                "referral": np.arange(len(own)),
                "start": referrals.date("received_date"),
                "end": referrals.date("discharge_date"),
            }
        )
        pairs = left.merge(right, on="person")
        fits = (pairs["start"] <= pairs["date"]) & (
            pairs["end"].isna() | (pairs["end"] >= pairs["date"])
        )
        pairs = pairs[fits].drop_duplicates("place", keep=False)
        found[pairs["place"].to_numpy()] = pairs["referral"].to_numpy()
    return found, (n_referrals > 1) & (found < 0)


def place_in_time(days_from_zero: np.ndarray, start: np.ndarray, zero: np.datetime64) -> np.ndarray:
    """Dates that were counted from a day zero, counted from each row's own start instead.

    Parameters
    ----------
    days_from_zero : ndarray of datetime64[ms], shape (n,)
    start : ndarray of datetime64[ms], shape (n,)
    zero : datetime64

    Returns
    -------
    ndarray of datetime64[ms], shape (n,)
        NaT where either is missing.
    """
    days = (days_from_zero - zero.astype("datetime64[ms]")) // _DAY
    return start + days * _DAY


def own_referral_ids(frame: pd.DataFrame) -> np.ndarray:
    """Without referral ids a referral is a person, or a person and the day it was received.

    Parameters
    ----------
    frame : DataFrame
        `patient_id`, and `received_date` where there is one.

    Returns
    -------
    ndarray of int64, shape (n_rows,)
        `MISSING` where the person is.
    """
    people = frame["patient_id"].to_numpy()
    parts = [people]
    if "received_date" in frame:
        parts.append(frame["received_date"].to_numpy().astype("datetime64[D]").view(np.int64))
    return np.where(people == MISSING, MISSING, combine(*parts))
