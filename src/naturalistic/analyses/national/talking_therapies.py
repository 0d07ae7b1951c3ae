"""The measures of NHS Talking Therapies, for the whole record and by financial year."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from naturalistic.analyses.access.referrals import is_word
from naturalistic.analyses.change.national_rules import national_outcome
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.national.adults import ENOUGH, Mask, add_number, add_share
from naturalistic.stats.talking_therapies import TalkingTherapiesCounts

GROUP = "talking_therapies"
FIRST_MONTH = 4  # a financial year begins in April
DATED_BY = {
    "referrals_received": "received_date",
    "entered_treatment": "first_session_date",
}
OUTCOMES = (
    "not_at_caseness",
    "recovery",
    "reliable_improvement",
    "reliable_deterioration",
    "no_reliable_change",
    "reliable_recovery",
)


def add_talking_therapies(
    rows: EstimateRows, data: AnalysisInput, frame: pd.DataFrame, level: float
) -> None:
    """Counts, endings, waits and outcomes by the national definitions.

    Parameters
    ----------
    frame : DataFrame
        `national_frame`.
    """
    for year, inside in _periods(data, frame["received_date"]):
        add_number(rows, frame, "referrals_received", inside, dimensions=year)
    started = is_word(frame, "started", "yes")
    for year, inside in _periods(data, frame["first_session_date"]):
        who = started & inside
        add_number(rows, frame, "entered_treatment", who, dimensions=year)
    for year, inside in _periods(data, frame["end_date"]):
        _closed(rows, frame, inside, year, level)
    _second_treatments(rows, frame, level)
    _outcomes(rows, data, level)


def financial_year(day: pd.Series) -> pd.Series:
    """2015-16 for a day from 1 April 2015 to 31 March 2016; missing where the day is."""
    first = day.dt.year - (day.dt.month < FIRST_MONTH)
    text = first.astype("Int64").astype("string")
    following = ((first + 1) % 100).astype("Int64").astype("string").str.zfill(2)
    return (text + "-" + following).where(day.notna())


def _periods(data: AnalysisInput, day: pd.Series) -> Iterator[tuple[dict[str, str], Mask]]:
    """The whole record, then each financial year of a calendar."""
    yield {}, np.ones(len(day), dtype=bool)
    if data.calendar == "real" and day.notna().any():
        years = financial_year(day)
        codes, names = pd.factorize(years, sort=True)
        for i, name in enumerate(names):
            yield {"financial_year": str(name)}, codes == i


def _closed(
    rows: EstimateRows, frame: pd.DataFrame, inside: Mask, year: dict[str, str], level: float
) -> None:
    closed = inside & ~is_word(frame, "ending", "open")
    started, assessed = (is_word(frame, name, "yes") for name in ("started", "assessed"))
    sessions = frame["sessions_attended"].to_numpy(dtype=np.float64, na_value=np.nan)
    finished = closed & (sessions >= ENOUGH)
    if not np.isfinite(sessions).any():
        note = "the extract does not hold how many sessions took place"
        for term in ("finished_course", "treated_once"):
            rows.add("count", term=term, status="not_measured", note=note, dimensions=year)
    else:
        add_number(rows, frame, "finished_course", finished, dimensions=year)
        once = closed & (sessions == 1)
        add_share(rows, frame, "treated_once", once, closed, level, dimensions=year)
    hits = {
        "ended_before_treatment": closed & ~started,
        "seen_not_treated": closed & assessed & ~started,
    }
    for term, hit in hits.items():
        add_share(rows, frame, term, hit, closed, level, dimensions=year)
    days = (frame["first_session_date"] - frame["received_date"]).dt.days.to_numpy(np.float64)
    dated = finished & np.isfinite(days)
    for limit in (42, 126):
        term = f"first_treatment_within_{limit}_days"
        if not np.isfinite(days).any():
            note = "the extract does not hold the days of referral and of the first session"
            rows.add("proportion", term=term, status="not_measured", note=note, dimensions=year)
            continue
        add_share(rows, frame, term, days <= limit, dated, level, dimensions=year)


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
    frame, finished = found.frame, found.finished
    for year, inside in _periods(data, frame["end_date"]):
        among = finished & inside
        counts = TalkingTherapiesCounts.of(found.outcome, among)
        fractions = counts.fractions()
        fractions["not_at_caseness"] = (counts.not_at_caseness, counts.finished)
        for term in OUTCOMES:
            top, bottom = fractions[term]
            value = counts.rates(conf_level=level).get(term)
            if not bottom:
                value = None
            rows.add_proportion(top, bottom, value, term=term, dimensions=year)
