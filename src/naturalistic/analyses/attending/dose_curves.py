"""Improvement so far by session: of everyone measured there, and apart by how many sessions people had in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from naturalistic.analyses.attending.bins import Bins, bins_of
from naturalistic.analyses.attending.bookings import IntArray
from naturalistic.analyses.attending.definitions import FloatArray
from naturalistic.analyses.attending.described import mean_of
from naturalistic.analyses.attending.dose_people import Dose
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.stats.result import Estimate
from naturalistic.vocabulary import SEEN, TREATMENT_CONTACTS

STRATA = 3
POINTS = 8  # bins of the curve
FEWEST_WITH_THREE = 10
FEW_FORMS = (
    f"fewer than {FEWEST_WITH_THREE} people have a form between the first and the last: no change during therapy can be "
    "shown, only change at the end"
)
AGGREGATE = "everyone measured at this point: who has left is no longer in it, so that the people change along the curve"
STRATIFIED = "people with about as many sessions in all: the same people along the curve, so far as they were measured"


@dataclass(frozen=True, eq=False)
class Forms:
    """Forms after the first one, placed on the clock of attended sessions.

    Attributes
    ----------
    person : (n,) int array
        Row of the person.
    session : (n,) array
        Attended sessions up to the form, from 1 on.
    gain : (n,) array
        Improvement since the first score.
    """

    person: IntArray
    session: FloatArray
    gain: FloatArray


def forms_by_session(data: AnalysisInput, dose: Dose) -> Forms:
    """Usable forms of the primary scale during therapy, one a person and session number (their mean)."""
    primary, frame = data.settings.primary, dose.frame
    scores = data.tables["scores"]
    chosen = scores[
        (scores["instrument"] == primary.instrument)
        & (scores["scale"] == primary.scale)
        & scores["score"].notna()
        & (scores["occasion"].astype("object") != "follow_up")
    ]
    place = pd.Index(frame["referral_id"]).get_indexer(chosen["referral_id"])
    chosen, place = chosen[place >= 0], place[place >= 0]
    session = chosen["session_number"].to_numpy(dtype=float, na_value=np.nan)
    counted = _attended_by(data.tables["sessions"], frame, place, chosen["date"])
    session = np.where(np.isfinite(session), session, counted)
    first = dose.people.first[place]
    score = chosen["score"].to_numpy(dtype=float)
    gain = first - score if dose.people.better_is == "lower" else score - first
    day, start = chosen["date"].to_numpy(), frame["first_date"].to_numpy()[place]
    later = np.isnat(day) | np.isnat(start) | (day > start)
    use = np.isfinite(session) & (session >= 1) & np.isfinite(gain) & later
    session = np.minimum(session, dose.sessions[place])
    return _one_a_session(place[use], session[use], gain[use])


def _attended_by(
    sessions: pd.DataFrame, frame: pd.DataFrame, place: IntArray, date: pd.Series
) -> FloatArray:
    """Treatment sessions attended up to and on a day; NaN where sessions or the day are not held."""
    seen = sessions[
        sessions["contact_type"].isin(TREATMENT_CONTACTS) & sessions["attendance"].isin(SEEN)
    ]
    who = pd.Index(frame["referral_id"]).get_indexer(seen["referral_id"])
    day = seen["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    span = int(day.max() - day.min()) + 2 if len(day) else 1
    origin = int(day.min()) if len(day) else 0
    held = who >= 0
    code = np.sort(who[held] * span + (day[held] - origin))
    asked = date.to_numpy().astype("datetime64[D]")
    known = ~np.isnat(asked)
    at = np.where(known, asked.astype(np.int64), origin) - origin
    at = np.clip(at, -1, span - 1)
    count = np.searchsorted(code, place * span + at, side="right") - np.searchsorted(
        code, place * span, side="left"
    )
    return np.where(known & (len(code) > 0), np.maximum(count, 0), np.nan).astype(float)


def _one_a_session(person: IntArray, session: FloatArray, gain: FloatArray) -> Forms:
    table = pd.DataFrame({"person": person, "session": session, "gain": gain})
    mean = table.groupby(["person", "session"], sort=True)["gain"].mean().reset_index()
    return Forms(
        mean["person"].to_numpy(dtype=np.int64),
        mean["session"].to_numpy(dtype=float),
        mean["gain"].to_numpy(dtype=float),
    )


def add_curves(rows: EstimateRows, forms: Forms, dose: Dose, conf_level: float) -> None:
    """Mean improvement so far by session, aggregate and within thirds of the total number of sessions.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    forms : Forms
        From `forms_by_session`.
    dose : Dose
        People whose therapy has ended.
    conf_level : float
        Coverage.
    """
    key: dict[str, Any] = {"term": "improvement_so_far", "population": "started_with_followup"}
    if (np.bincount(forms.person) >= 2).sum() < FEWEST_WITH_THREE if len(forms.person) else True:
        rows.add("mean_change", status="not_measured", note=FEW_FORMS, **key)
        return
    bins = bins_of(forms.session, most=POINTS)
    for b in range(bins.count):
        _point(
            rows,
            forms,
            bins,
            b,
            np.ones(len(forms.person), dtype=bool),
            {},
            AGGREGATE,
            conf_level,
            key,
        )
    measured = np.unique(forms.person)
    cuts = np.unique(np.quantile(dose.sessions[measured], (1 / 3, 2 / 3), method="higher"))
    stratum = np.searchsorted(cuts, dose.sessions[forms.person], side="left")
    for s in range(len(cuts) + 1):
        name = {"total_sessions": _stratum(cuts, s)}
        for b in range(bins.count):
            _point(rows, forms, bins, b, stratum == s, name, STRATIFIED, conf_level, key)


def _stratum(cuts: FloatArray, s: int) -> str:
    low = int(cuts[s - 1]) + 1 if s else 1
    return f"{low} to {int(cuts[s])}" if s < len(cuts) else f"{low} or more"


def _point(
    rows: EstimateRows,
    forms: Forms,
    bins: Bins,
    b: int,
    use: np.ndarray,
    dimensions: dict[str, str],
    note: str,
    conf_level: float,
    key: dict[str, Any],
) -> None:
    """One point of a curve: a person's forms in the bin count as one, their mean."""
    inside = use & (bins.of(forms.session) == b)
    if not inside.any():
        return
    total = np.bincount(forms.person[inside], forms.gain[inside])
    number = np.bincount(forms.person[inside])
    gain = total[number > 0] / number[number > 0]
    several = len(gain) > 1
    rows.add(
        "mean_change",
        mean_of(gain, conf_level) if several else float(gain[0]),
        dimensions={**dimensions, "session": bins.name(b)},
        n_patients=len(gain),
        note=note if several else f"{note}; one person: no interval",
        **key,
    )


def add_feedback(rows: EstimateRows, forms: Forms, dose: Dose, conf_level: float) -> None:
    """Correlation of the improvement at the first form during therapy with the sessions that followed it.

    Shows that the number of sessions answers to how therapy goes, and not only the other way round. Pearson; Fisher's z.

    Parameters
    ----------
    rows, forms, dose, conf_level
        As in `add_curves`.
    """
    _, first = np.unique(forms.person, return_index=True)
    early = first[forms.session[first] < dose.sessions[forms.person[first]]]
    gain = forms.gain[early]
    further = dose.sessions[forms.person[early]] - forms.session[early]
    key: dict[str, Any] = {
        "term": "improvement_so_far_and_further_sessions",
        "population": "started_with_followup",
        "n_patients": len(early),
    }
    if len(early) < FEWEST_WITH_THREE or not np.ptp(gain) or not np.ptp(further):
        rows.add("correlation", status="not_measured", note=FEW_FORMS, **key)
        return
    r = float(np.corrcoef(gain, further)[0, 1])
    error = 1.0 / np.sqrt(len(early) - 3)
    z, half = np.arctanh(r), float(ndtri(0.5 + conf_level / 2)) * error
    value = Estimate(r, error, float(np.tanh(z - half)), float(np.tanh(z + half)), conf_level)
    note = "negative: who had improved more by then had fewer sessions left"
    rows.add("correlation", value, method="Pearson, Fisher's z interval", note=note, **key)
