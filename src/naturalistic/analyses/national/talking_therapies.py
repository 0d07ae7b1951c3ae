"""The measures of NHS Talking Therapies, for the whole record and by financial year."""

from __future__ import annotations

import numpy as np
import pandas as pd

from naturalistic.analyses.access.periods import (
    FINANCIAL_YEAR,
    by_period,
    measure_of,
    small_periods,
)
from naturalistic.analyses.access.referrals import is_word
from naturalistic.analyses.change.national_rules import national_outcome
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.national.adults import ENOUGH, Mask, add_number, add_share
from naturalistic.stats.rates import rate
from naturalistic.stats.talking_therapies import TalkingTherapiesCounts

GROUP = "talking_therapies"
OUTCOMES = (
    "not_at_caseness",
    "recovery",
    "reliable_improvement",
    "reliable_deterioration",
    "no_reliable_change",
    "reliable_recovery",
)
NOT_EVERY_YEAR = "the numbers are small in some years, or fewer than two years are complete"


def add_talking_therapies(
    rows: EstimateRows, data: AnalysisInput, frame: pd.DataFrame, level: float
) -> None:
    """Counts, endings, waits and outcomes by the national definitions.

    Parameters
    ----------
    frame : DataFrame
        `national_frame`.
    """
    real = data.calendar == "real"
    everyone = np.ones(len(frame), dtype=bool)
    started = is_word(frame, "started", "yes")
    for term, column, who in (
        ("referrals_received", "received_date", everyone),
        ("entered_treatment", "first_session_date", started),
    ):
        add_number(rows, frame, term, who)
        if real:
            _by_year(rows, frame, term, column, who, None, level)
    _endings(rows, frame, level)
    _finished(rows, frame, level, real=real)
    _second_treatments(rows, frame, level)
    _outcomes(rows, data, level)


def _by_year(
    rows: EstimateRows,
    frame: pd.DataFrame,
    term: str,
    column: str,
    who: Mask,
    hit: Mask | None,
    level: float,
) -> None:
    """A number or share by complete financial year; given for all years or for none, where some are small."""
    measure = measure_of(term, frame[column].where(who), frame["patient_id"], hit)
    series = None if measure is None else by_period(measure, FINANCIAL_YEAR)
    share = hit is not None
    if series is None or small_periods(series, share=share).any():
        rows.add(
            "proportion" if share else "count",
            term=term,
            dimensions={FINANCIAL_YEAR: "each"},
            status="not_estimable",
            note=NOT_EVERY_YEAR,
        )
        return
    for i, name in enumerate(series.labels()):
        people = int(series.people[i])
        key = {FINANCIAL_YEAR: name}
        if not share:
            rows.add("count", people, term=term, dimensions=key, n_patients=people)
            continue
        top, bottom = int(series.hits[i]), int(series.events[i])
        value = rate(top, bottom, conf_level=level)
        rows.add_proportion(top, bottom, value, term=term, dimensions=key, n_patients=people)


def _endings(rows: EstimateRows, frame: pd.DataFrame, level: float) -> None:
    closed = ~is_word(frame, "ending", "open")
    started, assessed = (is_word(frame, name, "yes") for name in ("started", "assessed"))
    add_share(rows, frame, "ended_before_treatment", ~started, closed, level)
    add_share(rows, frame, "seen_not_treated", assessed & ~started, closed, level)


def _finished(rows: EstimateRows, frame: pd.DataFrame, level: float, *, real: bool) -> None:
    closed = ~is_word(frame, "ending", "open")
    sessions = frame["sessions_attended"].to_numpy(dtype=np.float64, na_value=np.nan)
    finished = closed & (sessions >= ENOUGH)
    if not np.isfinite(sessions).any():
        note = "the extract does not hold how many sessions took place"
        rows.add("count", term="finished_course", status="not_measured", note=note)
        rows.add("proportion", term="treated_once", status="not_measured", note=note)
    else:
        add_number(rows, frame, "finished_course", finished)
        add_share(rows, frame, "treated_once", sessions == 1, closed, level)
        if real:
            _by_year(rows, frame, "finished_course", "end_date", finished, None, level)
    days = (frame["first_session_date"] - frame["received_date"]).dt.days.to_numpy(np.float64)
    dated = finished & np.isfinite(days)
    for limit in (42, 126):
        term = f"first_treatment_within_{limit}_days"
        if not np.isfinite(days).any():
            note = "the extract does not hold the days of referral and of the first session"
            rows.add("proportion", term=term, status="not_measured", note=note)
            continue
        add_share(rows, frame, term, days <= limit, dated, level)
        if real:
            _by_year(rows, frame, term, "end_date", dated, days <= limit, level)


def _second_treatments(rows: EstimateRows, frame: pd.DataFrame, level: float) -> None:
    gap = (frame["second_session_date"] - frame["first_session_date"]).dt.days
    days = gap.to_numpy(np.float64)
    second = np.isfinite(days)
    for limit in (28, 90):
        term = f"second_treatment_after_{limit}_days"
        if not second.any():
            note = "the extract does not hold sessions one by one"
            rows.add("proportion", term=term, status="not_measured", note=note)
            continue
        add_share(rows, frame, term, days > limit, second, level)


def _outcomes(rows: EstimateRows, data: AnalysisInput, level: float) -> None:
    found = national_outcome(data)
    if isinstance(found, str):
        for term in OUTCOMES:
            rows.add("proportion", term=term, status="not_measured", note=found)
        return
    frame, finished, outcome = found.frame, found.finished, found.outcome
    counts = TalkingTherapiesCounts.of(outcome, finished)
    rates = counts.rates(conf_level=level)
    below, everyone = counts.not_at_caseness, counts.finished
    rates["not_at_caseness"] = rate(below, everyone, conf_level=level)
    fractions = counts.fractions() | {"not_at_caseness": (below, everyone)}
    for term in OUTCOMES:
        rows.add_proportion(*fractions[term], rates[term], term=term)
    if data.calendar != "real":
        return
    cases = finished & ~outcome.not_at_caseness
    for term, hit, among in (
        ("recovery", outcome.recovered, cases),
        ("reliable_improvement", outcome.improved, finished),
        ("reliable_recovery", outcome.reliably_recovered, cases),
    ):
        _by_year(rows, frame, term, "end_date", among, hit, level)
