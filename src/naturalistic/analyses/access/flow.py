"""Who refers, what becomes of a referral, who comes back, and which forms are complete."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.access.referrals import is_word, people
from naturalistic.analyses.access.waits import share_by
from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.populations import in_population
from naturalistic.stats.rates import rate
from naturalistic.stats.ratio import ratio_of_totals
from naturalistic.stats.survival import kaplan_meier

NOT_RECORDED = "not_recorded"
WITHIN_A_YEAR = 365.0
GRID_DAYS = (91.0, 182.0, WITHIN_A_YEAR)
_DAY = np.timedelta64(1, "D")
STATES = (
    "in_therapy",
    "waiting_for_first_session",
    "closed_after_assessment",
    "waiting_for_assessment",
    "closed_before_assessment",
)
_SPAN = 1_000_000  # days; more than any calendar holds


def add_sources(rows: EstimateRows, frame: pd.DataFrame, level: float) -> None:
    """Share of referrals from each source, and the share of each that started therapy."""
    if not frame["referral_source"].notna().any():
        note = "the extract does not say who referred"
        rows.add("proportion", term="referral_source", status="not_measured", note=note)
        return
    source = (
        frame["referral_source"]
        .astype("object")
        .where(frame["referral_source"].notna(), NOT_RECORDED)
    )
    started = is_word(frame, "started", "yes")
    for word in sorted(source.unique()):
        who = (source == word).to_numpy()
        _share(rows, frame, who, np.ones(len(frame), dtype=bool), "referral_source", word, level)
        _share(rows, frame, who & started, who, "started", word, level)


def _share(
    rows: EstimateRows,
    frame: pd.DataFrame,
    hit: np.ndarray,
    among: np.ndarray,
    term: str,
    level_name: str,
    level: float,
    dimension: str = "referral_source",
) -> None:
    top, bottom = int(hit.sum()), int(among.sum())
    counts = people(frame, among)
    rows.add_proportion(
        top,
        bottom,
        rate(top, bottom, conf_level=level) if bottom else None,
        term=term,
        dimensions={dimension: level_name},
        **counts,
    )


def add_outcomes_of_referrals(rows: EstimateRows, frame: pd.DataFrame, level: float) -> None:
    """What became of every referral by the data cut; the states exclude each other."""
    state = outcome_of_referral(frame)
    everyone = np.ones(len(frame), dtype=bool)
    if not len(frame):
        note = "nobody was referred"
        rows.add("proportion", term="referral_outcome", status="not_estimable", note=note)
    for word in sorted(state.unique()):
        _share(
            rows,
            frame,
            (state == word).to_numpy(),
            everyone,
            "referral_outcome",
            word,
            level,
            "outcome",
        )


def outcome_of_referral(frame: pd.DataFrame) -> pd.Series:
    """One word a referral: how far it came, and how therapy ended."""
    is_open = is_word(frame, "ending", "open")
    started, assessed = (is_word(frame, name, "yes") for name in ("started", "assessed"))
    words = frame["ending"].cat.categories
    state = np.select(
        [started & is_open, started, assessed & is_open, assessed, is_open],
        [0, len(STATES) + frame["ending"].cat.codes.to_numpy(dtype=np.int64), 1, 2, 3],
        default=4,
    )
    return pd.Series(
        pd.Categorical.from_codes(state.astype(np.int64), pd.Index([*STATES, *words])),
        index=frame.index,
    )


def add_rereferral(rows: EstimateRows, frame: pd.DataFrame, level: float) -> None:
    """Share of finished courses after which the person is referred again within 3, 6 and 12 months."""
    key: dict[str, Any] = {"term": "rereferral", "time_unit": "days", "population": "started"}
    if not frame["patient_id"].duplicated().any() or not frame["received_date"].notna().any():
        note = "the extract holds no person with more than one dated referral"
        rows.add("probability_by", time=WITHIN_A_YEAR, status="not_measured", note=note, **key)
        return
    ended = is_word(frame, "started", "yes") & ~is_word(frame, "ending", "open")
    ended &= frame["end_date"].notna().to_numpy()
    days, again = days_to_next_referral(frame, ended)
    for contrast, who in {
        "": ended,
        "planned_ending": ended & is_word(frame, "ending", "planned_ending"),
        "unplanned_ending": ended & is_word(frame, "ending", "unplanned_ending"),
    }.items():
        if not who.any():
            note = "no course of therapy ended in this way"
            rows.add(
                "probability_by",
                time=WITHIN_A_YEAR,
                status="not_estimable",
                note=note,
                contrast=contrast,
                **key,
            )
            continue
        curve = kaplan_meier(days[who[ended]], again[who[ended]], conf_level=level)
        read = curve.at(np.array(GRID_DAYS))
        for i, time in enumerate(GRID_DAYS):
            counts = people(frame, who) | {"n_events": int(read.cumulative_events[i])}
            value = share_by(read, i, curve)
            rows.add("probability_by", value, time=time, contrast=contrast, **key, **counts)


def days_to_next_referral(frame: pd.DataFrame, who: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days from the end of each chosen referral to the same person's next one, or to the end of the record.

    Returns
    -------
    days : ndarray of float
        At least 0.
    again : ndarray of bool
        A later referral was received (after the day the earlier one ended).
    """
    person = pd.factorize(frame["patient_id"], sort=True)[0].astype(np.int64)
    received = frame["received_date"].to_numpy(dtype="datetime64[D]")
    ended = frame["end_date"].to_numpy(dtype="datetime64[D]")
    origin = np.datetime64("1900-01-01", "D")
    cut = max(np.nanmax(ended), np.nanmax(received))
    dated = ~np.isnat(received)
    # one sorted line of all referrals, person by person: the next one is found without a loop
    line = np.sort(person[dated] * _SPAN + (received[dated] - origin) // _DAY)
    own_end = person[who] * _SPAN + (ended[who] - origin) // _DAY
    place = np.searchsorted(line, own_end, side="right")
    following = np.append(line, -1)[place]
    again = (following >= 0) & (following // _SPAN == person[who])
    to_cut = np.maximum((cut - ended[who]) // _DAY, 0).astype(np.float64)
    days = np.where(again, following - own_end, to_cut).astype(np.float64)
    return days, again


def add_completeness(rows: EstimateRows, frame: pd.DataFrame, level: float, **measure: Any) -> None:
    """Forms on the primary scale: a first one, both, and forms for each attended session.

    Parameters
    ----------
    frame : DataFrame
        Episodes that count with their outcome on the primary scale.
    """
    started = in_population(frame, "started")
    if not started.any() or not frame["first_score"].notna().any():
        note = "no form of the primary measure is held for anybody who started"
        rows.add("proportion", term="both_forms", status="not_measured", note=note, **measure)
        return
    first = started & frame["first_score"].notna().to_numpy()
    ended = started & ~is_word(frame, "ending", "open")
    both = ended & in_population(frame, "paired")
    for term, (hit, among) in {
        "first_form": (first, started),
        "both_forms": (both, ended),
    }.items():
        top, bottom = int(hit.sum()), int(among.sum())
        counts = people(frame, among)
        value = rate(top, bottom, conf_level=level) if bottom else None
        rows.add_proportion(
            top, bottom, value, term=term, population="started", **measure, **counts
        )
    _forms_a_session(rows, frame[started], level, **measure)


def _forms_a_session(rows: EstimateRows, frame: pd.DataFrame, level: float, **measure: Any) -> None:
    attended = frame["sessions_attended"].to_numpy(dtype=np.float64, na_value=np.nan)
    forms = frame["n_scores"].to_numpy(dtype=np.float64, na_value=0.0)
    known = np.isfinite(attended) & (attended > 0)
    key: dict[str, Any] = {"term": "forms_for_each_session", "population": "started", **measure}
    if not known.any():
        rows.add("mean", status="not_measured", note="sessions attended are not held", **key)
        return
    value = ratio_of_totals(forms[known], attended[known], conf_level=level, share=False)
    rows.add("mean", value, **people(frame, known), **key)
