"""Time and way of ending of each person on a clock."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.populations import episode_frame, in_population
from naturalistic.cohort.dropout_definitions import observed_until
from naturalistic.vocabulary import SEEN, TREATMENT_CONTACTS

CAUSES = ("dropout", "planned_ending", "other_ending", "unknown_ending")
NOT_THE_PATIENTS_ENDING = ("referred_on", "service_ended", "died")
CLOCKS = ("attended_sessions", "weeks_since_first_session")
BEFORE_WINDOW = {
    "attended_sessions": "sessions_before_window",
    "weeks_since_first_session": "weeks_before_window",
}
SHORTEST = 0.5 / 7  # weeks
NOT_HELD = "the extract does not hold what this clock or definition needs"
NEVER_AN_EVENT = "fewer_than_k_sessions"
ONLY_A_SHARE = "a share of those who ended or reached the number, never an event: who reached it can no longer drop out"
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TimeToEnding:
    """Time and way of ending of each person on one clock.

    Attributes
    ----------
    rows : (n,) positions in the frame.
    time : (n,) end of observation on the clock.
    cause : (n,) 0 still open, 1.. position in `CAUSES` plus one.
    entry : (n,) start of observation on the clock, or None where everyone is seen from the start.
    """

    rows: npt.NDArray[np.intp]
    time: FloatArray
    cause: IntArray
    entry: FloatArray | None = None

    @property
    def began_before(self) -> int:
        """People whose therapy began before the data window."""
        return 0 if self.entry is None else int((self.entry > 0).sum())


def people_who_started(data: AnalysisInput) -> pd.DataFrame:
    """Everyone who started, with the primary outcome, the person's characteristics, and what came before the window.

    With `dropout.observed_from` the columns `BEFORE_WINDOW` say how much of the therapy had passed on each clock when
    observation began; missing where that cannot be known.
    """
    primary = data.settings.primary
    frame = episode_frame(
        data.tables["episodes"],
        data.tables["outcomes"],
        data.tables["patients"],
        instrument=primary.instrument,
        scale=primary.scale,
    )
    frame = frame[in_population(frame, "started")].reset_index(drop=True)
    window = data.settings.dropout.observed_from
    if window is None:
        return frame
    if data.calendar != "real":
        return frame.assign(**dict.fromkeys(BEFORE_WINDOW.values(), np.nan))
    return frame.assign(**before_window(frame, data.tables["sessions"], window))


def before_window(
    frame: pd.DataFrame, sessions: pd.DataFrame, window: dt.date
) -> dict[str, FloatArray]:
    """Attended sessions and weeks of each therapy before the first day of the data window.

    Parameters
    ----------
    frame : DataFrame
        People who started.
    sessions : DataFrame
        Canonical table; where it does not hold all attended sessions of someone who began earlier, the number before
        the window is not known.
    window : date
        First day of the data window.
    """
    day = pd.Timestamp(window)
    weeks = ((day - frame["first_session_date"]).dt.days / 7).to_numpy(dtype=float)
    weeks = np.maximum(weeks, 0.0)
    treated = sessions[
        sessions["contact_type"].isin(TREATMENT_CONTACTS) & sessions["attendance"].isin(SEEN)
    ]
    held = treated.groupby("referral_id").size()
    earlier = treated[treated["date"] < day].groupby("referral_id").size()
    n_held, n_earlier = (
        frame["referral_id"].map(counts).fillna(0).to_numpy(dtype=float)
        for counts in (held, earlier)
    )
    attended = frame["sessions_attended"].to_numpy(dtype=float, na_value=np.nan)
    known = (weeks == 0) | (n_held == attended)
    return {
        BEFORE_WINDOW["attended_sessions"]: np.where(known, n_earlier, np.nan),
        BEFORE_WINDOW["weeks_since_first_session"]: weeks,
    }


def entry_of(frame: pd.DataFrame, clock: str) -> FloatArray | None:
    """Start of observation on the clock; None where everyone is seen from the first session."""
    column = BEFORE_WINDOW[clock]
    if column not in frame.columns:
        return None
    return frame[column].to_numpy(dtype=float)


def why_nobody(definition: str) -> dict[str, str]:
    """Status and reason where `time_to_ending` places nobody."""
    if definition == NEVER_AN_EVENT:
        return {"status": "not_run", "note": ONLY_A_SHARE}
    return {"status": "not_measured", "note": NOT_HELD}


def time_to_ending(
    frame: pd.DataFrame, definition: str, clock: str, lost_contact_weeks: int
) -> TimeToEnding:
    """Time and cause of the rows that the definition and the clock can place.

    On `attended_sessions` an ending counts at the last attended session + 1 and an open episode is observed to its last
    attended session; on `weeks_since_first_session` both stand at the day observation ends. An ending that the
    definition cannot judge is a state of its own. "Fewer than k sessions" places nobody: it is a share, not an event.

    Parameters
    ----------
    frame : DataFrame
        People who started.
    definition : str
        Key of `vocabulary.DROPOUT_DEFINITIONS`.
    clock : str
        One of `CLOCKS`.
    lost_contact_weeks : int
        Weeks without contact that count as lost (used by that definition alone).
    """
    if definition == NEVER_AN_EVENT:
        return TimeToEnding(np.empty(0, dtype=np.intp), np.empty(0), np.empty(0, dtype=np.int64))
    state = frame[f"dropout_{definition}"].astype("object")
    planned = (frame["ending"] == "planned_ending").to_numpy(dtype=bool)
    if definition == "before_agreed_end":
        # who stayed to the agreed end has ended as agreed, also where nobody coded the ending
        stayed = (state == "other_end") & ~frame["ending"].isin(NOT_THE_PATIENTS_ENDING)
        planned = planned | stayed.to_numpy(dtype=bool)
    cause = np.select(
        [state == "dropout", state == "open", state == "unknown", planned],
        [1, 0, 4, 2],
        default=3,
    ).astype(np.int64)
    if clock == "attended_sessions":
        time = frame["sessions_attended"].to_numpy(dtype=float, na_value=np.nan)
        time = time + (cause > 0)
    else:
        # ASSUME A03 an ending on the day of the first session counts half a day after it
        time = _weeks(frame, definition, lost_contact_weeks)
    known = np.isfinite(time) & state.notna().to_numpy() & (time > 0)
    entry = entry_of(frame, clock)
    if entry is None:
        rows = np.flatnonzero(known)
        return TimeToEnding(rows, time[rows], cause[rows])
    # whoever was gone before the window opened was never seen at risk
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(known & (entry < time))
    return TimeToEnding(rows, time[rows], cause[rows], entry[rows])


def _weeks(frame: pd.DataFrame, definition: str, lost_contact_weeks: int) -> FloatArray:
    if definition != "lost_contact" or not len(frame):
        return np.maximum(frame["weeks_observed"].to_numpy(dtype=float), SHORTEST)
    # Open episodes are observed to the data cut; without any, nobody can be lost while open and the cut does not matter.
    open_until = frame.loc[frame["ending"] == "open", "end_date"]
    cut = open_until.max() if len(open_until) else frame["end_date"].max()
    if pd.isna(cut):
        return np.full(len(frame), np.nan)
    until = observed_until(frame, definition, lost_contact_weeks, cut.date())
    weeks = ((until - frame["first_session_date"]).dt.days / 7).to_numpy(dtype=float)
    # who began after the last day on which a loss could show was never under observation
    return np.where(weeks < 0, np.nan, np.maximum(weeks, SHORTEST))
