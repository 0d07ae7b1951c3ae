"""Charts over time as the NHS draws them, and the step at a named change of the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.access.periods import (
    Measure,
    Series,
    measure_of,
    number_of,
    series_of,
)
from naturalistic.analyses.access.referrals import is_word
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.settings.config import ServiceChange
from naturalistic.stats.interrupted_time_series import FEWEST_A_SIDE, segmented_regression
from naturalistic.stats.process_control import FEWEST_POINTS, RULES, XmrChart, xmr_chart
from naturalistic.vocabulary import ABSENCE_DEFINITIONS, SPECIAL_CAUSES, TREATMENT_CONTACTS

MEASURES = {
    "referrals": "people referred",
    "starts": "people starting therapy",
    "first_session_in_time": "first session within 126 days of referral",
    "missed_sessions": "sessions missed",
    "both_forms": "both forms, of those whose therapy ended",
}
IN_TIME_DAYS = 126
RELATIVE = "the extract holds days counted from an arbitrary start, no calendar"
NOT_HELD = "the extract does not hold the dates for it"
TOO_SMALL = "even by year the numbers are small, or fewer than two periods are complete"
NO_CHANGE = "no change of the service is named in the settings (service_change)"


def add_charts(
    rows: EstimateRows, data: AnalysisInput, referrals: pd.DataFrame, counted: pd.DataFrame
) -> None:
    """Points, mean, process limits and special causes of each measure; the step at the change of service.

    Parameters
    ----------
    referrals : DataFrame
        Every referral.
    counted : DataFrame
        Episodes that count with their outcome on the primary scale.
    """
    change = data.settings.service_change
    if change.date is None:
        rows.add("level_change", term="service_change", status="not_run", note=NO_CHANGE)
    held: dict[str, Measure] = {}
    if data.calendar == "real":
        held = {m.term: m for m in _measures(data, referrals, counted) if m is not None}
    for term in MEASURES:
        if term not in held:
            note = NOT_HELD if data.calendar == "real" else RELATIVE
            rows.add("process_mean", term=term, status="not_measured", note=note)
            continue
        series = series_of(held[term])
        if series is None:
            rows.add("process_mean", term=term, status="not_estimable", note=TOO_SMALL)
            continue
        share = held[term].hit is not None
        _chart(rows, series, term, share=share)
        if change.date is not None:
            _step(rows, series, term, change, data.settings.conf_level, share=share)


def _measures(
    data: AnalysisInput, referrals: pd.DataFrame, counted: pd.DataFrame
) -> Iterator[Measure | None]:
    received = referrals["received_date"]
    yield measure_of("referrals", received, referrals["patient_id"])
    yield measure_of("starts", referrals["first_session_date"], referrals["patient_id"])
    days = (referrals["first_session_date"] - received).dt.days
    if days.notna().any():
        # a referral tells whether it was in time once 126 days have passed, or it was closed or seen before
        told = days.notna() | ((referrals["end_date"] - received).dt.days >= IN_TIME_DAYS)
        told |= ~is_word(referrals, "ending", "open")
        hit = (days <= IN_TIME_DAYS).fillna(False).to_numpy(dtype=bool)
        yield measure_of(
            "first_session_in_time",
            received.where(told),
            referrals["patient_id"],
            hit,
        )
    yield _missed(data)
    ended = is_word(counted, "started", "yes") & ~is_word(counted, "ending", "open")
    if counted["first_score"].notna().any():
        paired = is_word(counted, "pairing", "paired")
        yield measure_of(
            "both_forms", counted["end_date"].where(ended), counted["patient_id"], paired
        )


def _missed(data: AnalysisInput) -> Measure | None:
    """Treatment sessions by the primary definition of absence."""
    _, absent, among = ABSENCE_DEFINITIONS[data.settings.primary.absence_definition]
    sessions = data.tables["sessions"]
    state = sessions["attendance"]
    if not state.isin(absent).any():
        return None  # assumption A31: missed contacts were not recorded
    kept = state.isin(among) & sessions["contact_type"].isin(TREATMENT_CONTACTS)
    booked = sessions[kept]
    episodes = data.tables["episodes"]
    owner = pd.Series(episodes["patient_id"].to_numpy(), index=episodes["referral_id"].to_numpy())
    person = booked["referral_id"].map(owner)
    cut = episodes["end_date"].max()
    day = booked["date"].where((booked["date"] <= cut) & person.notna())
    hit = booked["attendance"].isin(absent).to_numpy()
    return measure_of("missed_sessions", day, person.fillna(-1), hit)


def _values(series: Series, *, share: bool) -> np.ndarray:
    if share:
        return np.asarray(series.hits / series.events, dtype=np.float64)
    return series.people.astype(np.float64)


def _chart(rows: EstimateRows, series: Series, term: str, *, share: bool) -> None:
    values = _values(series, share=share)
    chart = xmr_chart(values)
    causes = _causes(chart, len(values))
    for i, name in enumerate(series.labels()):
        columns: dict[str, Any] = {
            "term": term,
            "dimensions": {series.period: name},
            "n_patients": int(series.people[i]),
            "note": causes[i] if chart.enough_points else "",
        }
        if share:
            rows.add_proportion(int(series.hits[i]), int(series.events[i]), **columns)
        else:
            rows.add("count", float(values[i]), **columns)
    line: dict[str, Any] = {"term": term, "time_unit": series.period, "n_patients": series.total}
    line["method"] = "XmR chart: mean and 2.66 times the mean moving range"
    rows.add("process_mean", chart.mean, **line)
    for contrast, limit in {"lower": chart.lower, "upper": chart.upper}.items():
        if chart.enough_points:
            rows.add("process_limit", limit, contrast=contrast, **line)
        else:
            note = f"fewer than {FEWEST_POINTS} points"
            rows.add("process_limit", contrast=contrast, status="not_estimable", note=note, **line)


def _causes(chart: XmrChart, n: int) -> list[str]:
    """The rules each point meets, in the words of the vocabulary."""
    flags = {rule: getattr(chart, rule) for rule in RULES}
    return [
        "; ".join(SPECIAL_CAUSES[rule].label for rule in RULES if flags[rule][i]) for i in range(n)
    ]


def _step(
    rows: EstimateRows,
    series: Series,
    term: str,
    change: ServiceChange,
    level: float,
    *,
    share: bool,
) -> None:
    """Segmented regression; the period in which the change fell is left out unless it fell on its first day."""
    day = np.datetime64(str(change.date), "D")
    at = int(number_of([day], series.period)[0])
    whole = int(number_of([day - np.timedelta64(1, "D")], series.period)[0]) < at
    kept = np.ones(len(series.number), dtype=bool) if whole else series.number != at
    after = series.number[kept] >= at
    key: dict[str, Any] = {"term": term, "time_unit": series.period, "n_patients": series.total}
    if min(int(after.sum()), int((~after).sum())) < FEWEST_A_SIDE:
        note = f"fewer than {FEWEST_A_SIDE} periods before or after {change.name}"
        for estimand in ("level_change", "slope_change"):
            rows.add(estimand, status="not_estimable", note=note, **key)
        return
    values = _values(series, share=share)[kept]
    found = segmented_regression(values, after, time=series.number[kept], conf_level=level)
    rows.add("level_change", found.level_change, note=f"at {change.name}, {change.date}", **key)
    rows.add("slope_change", found.slope_change, note=f"for each {series.period}", **key)
