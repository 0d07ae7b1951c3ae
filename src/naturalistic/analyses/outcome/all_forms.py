"""All forms of the people on one clock: sessions where forms are numbered, otherwise months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.outcome.form_therapists import form_therapists
from naturalistic.analyses.outcome.people import FloatArray, Groups, IntArray, OutcomePeople
from naturalistic.analyses.outcome.times import MONTHS, SESSIONS, Clock

FORMS_FOR_A_SLOPE = 3
DAYS_A_MONTH = 30.4375
# ASSUME A50 sessions are the clock where at least this share of the forms after the start carries a session number
SHARE_NUMBERED = 0.8
LAST_SHARE = 0.9


@dataclass(frozen=True, eq=False)
class Forms:
    """Forms of the people on one clock.

    Attributes
    ----------
    person : (n,) positions in the people's frame.
    time : (n,) values of the clock, none before the start.
    score : (n,)
    clock : Clock
    note : str
        What was taken and left.
    therapists : Groups or None
        Therapist of each form; None where all are the main therapist's.
    """

    person: IntArray
    time: FloatArray
    score: FloatArray
    clock: Clock
    note: str
    therapists: Groups | None = None

    @property
    def median(self) -> float:
        """Median number of forms of those who have any."""
        counts = np.bincount(self.person)
        return float(np.median(counts[counts > 0])) if len(self.person) else 0.0


def select_forms(data: AnalysisInput, people: OutcomePeople) -> Forms:
    """Forms from the start of therapy on, counted in sessions where they carry session numbers, else in months.

    Forms completed after therapy come in only where there would otherwise be too few for a slope: the row says so.
    """
    primary = data.settings.primary
    scores = data.tables["scores"]
    chosen = scores[
        (scores["instrument"] == primary.instrument)
        & (scores["scale"] == primary.scale)
        & scores["score"].notna()
    ]
    where = pd.Series(np.arange(len(people.frame)), index=people.frame["referral_id"].to_numpy())
    chosen = chosen[chosen["referral_id"].isin(where.index)]
    chosen = chosen.assign(person=where.loc[chosen["referral_id"]].to_numpy())
    sessions = data.tables["sessions"]
    after = (chosen["occasion"] == "follow_up").fillna(False).to_numpy(dtype=bool)
    during = _on_a_clock(
        people, sessions, chosen[~after], "forms after therapy left out" if after.any() else ""
    )
    if during.median >= FORMS_FOR_A_SLOPE or not after.any():
        return during
    return _on_a_clock(
        people, sessions, chosen, "forms after therapy included: without them too few a person"
    )


def _on_a_clock(
    people: OutcomePeople, sessions: pd.DataFrame, chosen: pd.DataFrame, note: str
) -> Forms:
    person = chosen["person"].to_numpy(dtype=np.int64)
    score = chosen["score"].to_numpy(dtype=np.float64)
    session = chosen["session_number"].to_numpy(dtype=np.float64, na_value=np.nan)
    frame = people.frame
    start = frame["first_date"].fillna(frame["first_session_date"]).to_numpy()[person]
    days = (chosen["date"].to_numpy() - start) / np.timedelta64(1, "D")
    months = np.asarray(days, dtype=np.float64) / DAYS_A_MONTH
    since_start = ~(months < 0)
    numbered = session >= 1
    if since_start.any() and numbered[since_start].mean() >= SHARE_NUMBERED:
        time, keep, clock = session, numbered, SESSIONS
    else:
        time, keep, clock = months, months >= 0, MONTHS
    if not keep.all():
        note = "; ".join(
            part for part in (note, "forms before the start or without a date left out") if part
        )
    # the same order whatever the order of the file
    order = np.lexsort((score[keep], time[keep], person[keep]))
    taken = np.flatnonzero(keep)[order]
    therapists = form_therapists(
        sessions, people, person[taken], chosen["date"].iloc[taken], session[taken]
    )
    return Forms(person[taken], time[taken], score[taken], clock, note, therapists)


def typical_end(forms: Forms) -> float:
    """Time by which nine tenths of the people have had their last form; beyond it the curve is the model's alone."""
    last = pd.Series(forms.time).groupby(forms.person).max()
    return max(float(np.quantile(last, LAST_SHARE)), forms.clock.origin + 1.0)
