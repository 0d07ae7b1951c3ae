"""The four-week wait of adult community mental health: when the clock starts and when it stops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.access.referrals import is_word
from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.national.adults import Mask, add_number, add_share, record_end
from naturalistic.reference.loader import load_snomed
from naturalistic.stats.survival import kaplan_meier, quantiles

GROUP = "four_week_wait"
WITHIN = 28
TOLERANCE = 5  # days between referrals of one spell
SPELL_COLUMNS = ("patient_id", "received_date", "end_date", "ending", "contacts")
LONG_WEEKS = (52, 78, 104)
COMPONENTS = {
    "contact": "first_contact_date",
    "outcome_form": "first_form_date",
    "assessment": "assessment_date",
    "intervention": "first_session_date",
}
TERMS = (
    "clock_stops",
    "stopped_within_28_days",
    "days_to_clock_stop",
    "clock_running",
    "waiting_for_second_contact",
)


def add_four_week_wait(
    rows: EstimateRows, frame: pd.DataFrame, scores: pd.DataFrame, level: float
) -> None:
    """Clocks that stopped, how soon, and those still running.

    Parameters
    ----------
    frame : DataFrame
        `national_frame`.
    """
    spells = spells_of(frame[frame["adult"]], scores)
    reason = _not_measured(spells)
    if reason:
        for term in TERMS:
            rows.add("count", term=term, status="not_measured", note=reason)
        _components(rows, spells, level)
        return
    days = (spells["stop_date"] - spells["received_date"]).dt.days.to_numpy(np.float64)
    days = np.maximum(days, 0.0)
    stopped = np.isfinite(days)
    add_number(rows, spells, "clock_stops", stopped)
    add_share(rows, spells, "stopped_within_28_days", days <= WITHIN, stopped, level)
    _days(rows, spells, days, stopped, level)
    _components(rows, spells, level)
    _running(rows, spells, stopped)


def spells_of(frame: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Referrals of a person that overlap, or follow within five days, as one spell.

    Parameters
    ----------
    frame : DataFrame
        Referrals of adults.
    scores : DataFrame
        Scored forms, for the first one on a tool that the national data set lists.

    Returns
    -------
    DataFrame
        One row a spell: ``patient_id``, ``received_date`` (earliest), the first date of each component,
        ``stop_date`` (the latest of the four; missing where one is), ``ending`` (open where any referral is),
        ``contacts`` and ``end_date``.
    """
    dated = frame[frame["received_date"].notna()]
    dated = dated.assign(first_form_date=dated["referral_id"].map(_first_forms(scores)))
    dated["first_form_date"] = dated["first_form_date"].astype("datetime64[ms]")
    dated = dated[[*SPELL_COLUMNS, *COMPONENTS.values()]]
    days = dated["received_date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    # among referrals of one person and day the order does not matter: they are one spell
    dated = dated.iloc[np.lexsort((days, dated["patient_id"].to_numpy()))].reset_index(drop=True)
    person = dated["patient_id"]
    so_far = dated["end_date"].fillna(dated["received_date"]).groupby(person).cummax()
    before = so_far.groupby(person).shift()
    begins = before.isna() | (dated["received_date"] > before + pd.Timedelta(days=TOLERANCE))
    number = begins.cumsum().to_numpy()
    dated["is_open"] = is_word(dated, "ending", "open")
    grouped = dated.groupby(number)
    spells = grouped[["patient_id"]].first()
    for name in ("received_date", *COMPONENTS.values()):
        spells[name] = grouped[name].min()
    spells["end_date"] = grouped["end_date"].max()
    spells["contacts"] = grouped["contacts"].sum(min_count=1)
    spells["ending"] = np.where(grouped["is_open"].any(), "open", "closed")
    # the latest of the four, once all four are there
    spells["stop_date"] = spells[list(COMPONENTS.values())].max(axis=1, skipna=False)
    return spells.reset_index(drop=True)


def _first_forms(scores: pd.DataFrame) -> pd.Series:
    listed = {tool.instrument for tool in load_snomed().tools if tool.instrument}
    kept = scores[scores["instrument"].isin(listed) & scores["score"].notna()]
    return kept.groupby("referral_id")["date"].min()


def _not_measured(spells: pd.DataFrame) -> str:
    names = {
        "received_date": "the day of referral",
        "first_contact_date": "the day of the first contact",
        "first_form_date": "the day of a form on a tool of the national list",
        "assessment_date": "the day of assessment",
        "first_session_date": "the day of the first session",
    }
    if not len(spells):
        return f"the extract does not hold {names['received_date']} of an adult"
    lacking = [text for name, text in names.items() if not spells[name].notna().any()]
    return f"the extract does not hold {', '.join(lacking)}" if lacking else ""


def _days(
    rows: EstimateRows, spells: pd.DataFrame, days: np.ndarray, stopped: Mask, level: float
) -> None:
    if not stopped.any():
        note = "no clock has stopped"
        rows.add("waiting_time", term="days_to_clock_stop", status="not_estimable", note=note)
        return
    n = int(stopped.sum())
    curve = kaplan_meier(days[stopped], np.ones(n, dtype=bool), conf_level=level)
    counts: dict[str, Any] = {
        "n_patients": int(spells.loc[stopped, "patient_id"].nunique()),
        "n_episodes": n,
    }
    for contrast, value in zip(
        ("median", "90th_percentile"), quantiles(curve, (0.5, 0.9)), strict=True
    ):
        rows.add("waiting_time", value, term="days_to_clock_stop", contrast=contrast, **counts)


def _components(rows: EstimateRows, spells: pd.DataFrame, level: float) -> None:
    """Which of the four is there within 28 days, of all spells that could have had it by then."""
    told = (spells["end_date"] - spells["received_date"]).dt.days.to_numpy(np.float64) >= WITHIN
    told |= ~is_word(spells, "ending", "open")
    for name, column in COMPONENTS.items():
        days = (spells[column] - spells["received_date"]).dt.days.to_numpy(np.float64)
        term, key = "component_within_28_days", {"component": name}
        if not np.isfinite(days).any():
            note = "the extract does not hold it"
            rows.add("proportion", term=term, status="not_measured", note=note, dimensions=key)
            continue
        add_share(rows, spells, term, days <= WITHIN, told, level, dimensions=key)


def _running(rows: EstimateRows, spells: pd.DataFrame, stopped: Mask) -> None:
    running = is_word(spells, "ending", "open") & ~stopped
    weeks = (record_end(spells) - spells["received_date"]).dt.days.to_numpy(np.float64) / 7.0
    add_number(rows, spells, "clock_running", running)
    for limit in LONG_WEEKS:
        add_number(rows, spells, f"clock_running_over_{limit}_weeks", running & (weeks > limit))
    once = is_word(spells, "ending", "open") & (spells["contacts"].to_numpy() == 1)
    add_number(rows, spells, "waiting_for_second_contact", once)
