"""Every named definition of dropout, computed side by side: the definition changes the rate (Swift and Greenberg 2012)."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.settings.config import Dropout
from naturalistic.vocabulary import DROPOUT_DEFINITIONS

BoolArray = npt.NDArray[np.bool_]

STATES = ("dropout", "other_end", "open", "unknown")

# ASSUME A33: nobody drops out by dying, by the service ending the therapy, or by being referred on: such endings are
# another way of ending under every definition, whatever the number of sessions.
NOT_THE_PATIENTS_ENDING = ("referred_on", "service_ended", "died")


def dropout_states(episodes: pd.DataFrame, data_cut: dt.date, rule: Dropout) -> pd.DataFrame:
    """State of each episode under each definition of `vocabulary.DROPOUT_DEFINITIONS`.

    ``unplanned_ending``
        The clinician coded the ending as unplanned. An ending without a code is ``unknown``.
    ``before_agreed_end``
        Ended with fewer attended sessions than agreed; where no number was agreed, before the agreed length.
        Looks at the length alone, so an early ending that was planned counts too.
    ``last_session_missed``
        Ended without attending the last treatment session booked (those the service cancelled are passed over).
    ``lost_contact``
        No ending recorded and no contact for `rule.lost_contact_weeks` before the data cut. Observation of everybody
        ends that many weeks before the cut: what happened later is not looked at. See `observed_until`.
    ``fewer_than_k_sessions``
        Ended with fewer than `rule.fewer_than_sessions` attended sessions; whoever reached them is ``other_end`` even
        while still in therapy. A proportion, never an event in a survival model.

    Parameters
    ----------
    episodes : DataFrame
        ``started``, ``ending``, ``end_date``, ``first_session_date``, ``last_contact_date``, ``sessions_attended``,
        ``last_booking_attended``, ``agreed_sessions``, ``agreed_days``.
    data_cut : date
        Last day of observation.
    rule : Dropout
        Numbers in the definitions.

    Returns
    -------
    DataFrame
        One column ``dropout_{definition}`` each, with the words of `STATES`. Missing for whoever never started, and
        for everybody where the cohort holds nothing the definition could be computed from.
    """
    started = (episodes["started"] == "yes").to_numpy()
    ending = episodes["ending"].astype("object")
    course = _Course(
        table=episodes,
        ended=(ending != "open").to_numpy(),
        elsewise=ending.isin(NOT_THE_PATIENTS_ENDING).to_numpy(),
        attended=episodes["sessions_attended"].to_numpy(dtype=np.float64, na_value=np.nan),
    )
    columns = {
        "unplanned_ending": course.unplanned_ending(),
        "before_agreed_end": course.before_agreed_end(),
        "last_session_missed": course.last_session_missed(),
        "lost_contact": course.lost_contact(data_cut, rule.lost_contact_weeks),
        "fewer_than_k_sessions": course.fewer_than(rule.fewer_than_sessions),
    }
    out = pd.DataFrame(index=episodes.index)
    for name in DROPOUT_DEFINITIONS:
        states, defined = columns[name]
        # nothing to go by in the whole cohort: not measured, which is not the same as nobody
        measured = started & bool(defined[started].any())
        words = pd.Series(states, index=episodes.index).where(measured)
        out[f"dropout_{name}"] = words.astype(pd.CategoricalDtype(list(STATES)))
    return out


def observed_until(
    episodes: pd.DataFrame, definition: str, lost_contact_weeks: int, data_cut: dt.date
) -> pd.Series:
    """Day on which observation of each episode ends under a definition, by event or by censoring.

    ``end_date`` of the episode; under ``lost_contact`` a dropout is dated at the last contact, and whoever was still
    in therapy is observed until `lost_contact_weeks` before the data cut, because later losses could not yet show.

    Parameters
    ----------
    episodes : DataFrame
        Table ``episodes``.
    definition : str
        Key of `vocabulary.DROPOUT_DEFINITIONS`.
    lost_contact_weeks : int
        Weeks without contact that count as lost.
    data_cut : date
        Last day of observation.
    """
    if definition not in DROPOUT_DEFINITIONS:
        raise ValueError(f"{definition!r} is not a definition of dropout")
    end = episodes["end_date"]
    if definition != "lost_contact":
        return end
    state = episodes["dropout_lost_contact"].astype("object")
    limit = pd.Timestamp(data_cut) - pd.Timedelta(weeks=lost_contact_weeks)
    end = end.mask(state == "dropout", episodes["last_contact_date"])
    return end.mask(state == "open", limit)


class _Course:
    """Each definition gives the state of every episode, and for which episodes there was anything to go by."""

    def __init__(
        self,
        *,
        table: pd.DataFrame,
        ended: BoolArray,
        elsewise: BoolArray,
        attended: npt.NDArray[np.float64],
    ) -> None:
        self.table = table
        self.ended = ended
        self.elsewise = elsewise
        self.attended = attended

    def _states(self, dropout: BoolArray, known: BoolArray) -> npt.NDArray[np.object_]:
        """Open while not ended; ended in another way for certain; otherwise by what is known."""
        ended = np.where(known, np.where(dropout, "dropout", "other_end"), "unknown")
        ended = np.where(self.elsewise, "other_end", ended)
        return np.where(self.ended, ended, "open").astype(object)

    def unplanned_ending(self) -> tuple[npt.NDArray[np.object_], BoolArray]:
        """By the code of the ending."""
        ending = self.table["ending"].astype("object")
        known = (ending != "unknown_ending").to_numpy()
        coded = known if (self.ended & known).any() else np.zeros_like(known)
        nobody_ended = not self.ended.any()
        return self._states((ending == "unplanned_ending").to_numpy(), known), coded | nobody_ended

    def before_agreed_end(self) -> tuple[npt.NDArray[np.object_], BoolArray]:
        """By the number of sessions agreed, or else by the agreed length."""
        sessions = self._numbers("agreed_sessions")
        days = self._numbers("agreed_days")
        length = (self.table["end_date"] - self.table["first_session_date"]).dt.days.to_numpy(
            dtype=np.float64, na_value=np.nan
        )
        by_sessions = ~np.isnan(sessions)
        got = np.where(by_sessions, self.attended, length)
        agreed = np.where(by_sessions, sessions, days)
        known = ~np.isnan(got) & ~np.isnan(agreed)
        with np.errstate(invalid="ignore"):
            return self._states(got < agreed, known), ~np.isnan(agreed)

    def last_session_missed(self) -> tuple[npt.NDArray[np.object_], BoolArray]:
        """By whether the last session booked was attended."""
        last = self.table["last_booking_attended"].astype("object")
        known = last.notna().to_numpy()
        return self._states((last == "no").to_numpy(), known), known

    def lost_contact(
        self, data_cut: dt.date, weeks: int
    ) -> tuple[npt.NDArray[np.object_], BoolArray]:
        """By the weeks without a contact while no ending is recorded."""
        limit = pd.Timestamp(data_cut) - pd.Timedelta(weeks=weeks)
        contact, end = self.table["last_contact_date"], self.table["end_date"]
        silent = (contact <= limit).to_numpy()
        while_open = np.where(contact.isna(), "unknown", np.where(silent, "dropout", "open"))
        once_ended = np.where(end.isna(), "unknown", np.where(end <= limit, "other_end", "open"))
        states = np.where(self.ended, once_ended, while_open).astype(object)
        return states, contact.notna().to_numpy()

    def fewer_than(self, k: int) -> tuple[npt.NDArray[np.object_], BoolArray]:
        """By the number of sessions attended."""
        known = ~np.isnan(self.attended)
        with np.errstate(invalid="ignore"):
            states = self._states(self.attended < k, known)
            states[self.attended >= k] = "other_end"
        return states, known

    def _numbers(self, name: str) -> npt.NDArray[np.float64]:
        return self.table[name].to_numpy(dtype=np.float64, na_value=np.nan)
