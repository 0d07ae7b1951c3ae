"""Waits, referrals and charts over time on a cohort small enough to work out on paper."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.access.flow import days_to_next_referral, outcome_of_referral
from naturalistic.analyses.access.periods import Measure, by_period, label_of, series_of
from naturalistic.analyses.access_and_waits import analyse
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings, ServiceChange
from naturalistic.tables.cohort import SESSIONS
from naturalistic.tables.derived import EPISODES, OUTCOMES
from naturalistic.vocabulary import SPECIAL_CAUSES

START = pd.Timestamp("2020-01-01")


def day(offset: float | None) -> pd.Timestamp:
    return pd.NaT if offset is None else START + pd.Timedelta(days=offset)


# patient, received, assessed, first session, end, ending (days after 1 January 2020)
REFERRALS = (
    (1, 0, 20, 40, 300, "planned_ending"),
    (2, 0, 30, 130, 400, "unplanned_ending"),
    (3, 0, 28, None, 60, "other_ending"),
    (4, 0, None, None, 400, "open"),
    (5, 0, None, None, 10, "referred_on"),
    (1, 350, None, None, 400, "open"),
)


def episodes(rows=REFERRALS) -> pd.DataFrame:
    n = len(rows)
    return EPISODES.conform(
        pd.DataFrame(
            {
                "referral_id": range(1, n + 1),
                "patient_id": [r[0] for r in rows],
                "episode_number": 1,
                "counts": ["yes"] * (n - 1) + ["no"],
                "received_date": [day(r[1]) for r in rows],
                "assessment_date": [day(r[2]) for r in rows],
                "first_session_date": [day(r[3]) for r in rows],
                "end_date": [day(r[4]) for r in rows],
                "assessed": ["no" if r[2] is None else "yes" for r in rows],
                "started": ["no" if r[3] is None else "yes" for r in rows],
                "ending": [r[5] for r in rows],
                "sessions_attended": [None if r[3] is None else 10 for r in rows],
                "referral_source": ["gp", "gp", "self", None, "gp", "gp"][:n] + ["gp"] * (n - 6),
            }
        )
    )


def sessions() -> pd.DataFrame:
    booked = [(1, 40, "attended"), (1, 47, "did_not_attend"), (1, 68, "attended_late")]
    booked += [(2, 130, "attended"), (2, 137, "cancelled_by_patient")]
    frame = pd.DataFrame(booked, columns=["referral_id", "offset", "attendance"])
    frame["date"] = frame.pop("offset").map(day)
    return SESSIONS.conform(frame.assign(contact_type="treatment"))


def outcomes() -> pd.DataFrame:
    return OUTCOMES.conform(
        pd.DataFrame(
            {
                "referral_id": [1, 2],
                "patient_id": [1, 2],
                "instrument": "core_om",
                "scale": "all",
                "first_score": [20.0, 25.0],
                "last_score": [10.0, None],
                "n_scores": [3, 1],
                "pairing": ["paired", "no_last_form"],
            }
        )
    )


def run(tables=None, calendar="real", **settings) -> pd.DataFrame:
    held = {"episodes": episodes(), "sessions": sessions(), "outcomes": outcomes()}
    return analyse(
        AnalysisInput(
            "hand",
            held | (tables or {}),
            AnalysisSettings(**settings),
            load_instruments(),
            calendar=calendar,
        )
    ).estimates


def one(frame: pd.DataFrame, **key) -> pd.Series:
    key = {"dimensions": "", "specification": "", "contrast": ""} | key
    rows = frame[np.logical_and.reduce([frame[name] == value for name, value in key.items()])]
    assert len(rows) == 1, key
    return rows.iloc[0]


def test_waits_count_those_who_still_wait() -> None:
    frame = run()
    # days to assessment: 20, 30, 28 seen; 400, 10, 50 without. At risk 6, 10 leaves: 5 at day 20 -> S 4/5; at 28
    # 3/4 of it; at 30 2/3 of that: 0.8, 0.6, 0.4.
    step = {"term": "referral_to_assessment", "estimand": "probability_by"}
    assert one(frame, **step, time=28.0).estimate == pytest.approx(0.4)
    assert one(frame, **step, time=42.0).estimate == pytest.approx(0.6)
    row = one(frame, estimand="waiting_time", term="referral_to_assessment", contrast="median")
    assert row.estimate == 30.0
    assert (row.n_patients, row.n_episodes, row.n_events) == (5, 6, 3)
    tail = one(
        frame, estimand="waiting_time", term="referral_to_assessment", contrast="90th_percentile"
    )
    assert tail.status == "not_estimable"


def test_waits_of_those_who_were_seen() -> None:
    frame = run()
    row = one(frame, term="referral_to_assessment", time=28.0, specification="seen_only")
    assert (row.numerator, row.denominator) == (2, 3)
    # first sessions at 40 and 130 days
    row = one(frame, term="referral_to_first_session", time=126.0, specification="seen_only")
    assert (row.numerator, row.denominator) == (1, 2)


def test_second_session_is_the_second_one_attended() -> None:
    frame = run()
    # patient 1 waited 28 days past a missed session; patient 2 had no second one in 270 days: the curve stands at a half
    # from 28 to 270 days, and its median is the middle of that step (R's rule)
    row = one(frame, estimand="waiting_time", term="first_to_second_session", contrast="median")
    assert (row.estimate, row.n_events, row.n_episodes) == (149.0, 1, 2)


def test_who_is_still_waiting() -> None:
    frame = run()
    step = {"estimand": "count", "term": "referral_to_assessment"}
    assert one(frame, **step, contrast="still_waiting").estimate == 2
    assert one(frame, **step, contrast="over_52_weeks").estimate == 1


def test_outcomes_of_referrals_exclude_each_other() -> None:
    state = outcome_of_referral(episodes())
    assert state.astype("object").tolist() == [
        "planned_ending",
        "unplanned_ending",
        "closed_after_assessment",
        "waiting_for_assessment",
        "closed_before_assessment",
        "waiting_for_assessment",
    ]
    rows = run()
    shares = rows[rows["term"] == "referral_outcome"]["estimate"]
    assert shares.sum() == pytest.approx(1.0)


def test_referral_sources_and_who_starts() -> None:
    frame = run()
    row = one(frame, term="referral_source", dimensions="referral_source=gp")
    assert (row.numerator, row.denominator) == (4, 6)
    row = one(frame, term="started", dimensions="referral_source=gp")
    assert (row.numerator, row.denominator) == (2, 4)
    assert (
        one(frame, term="referral_source", dimensions="referral_source=not_recorded").numerator == 1
    )


def test_rereferral_looks_at_the_next_referral_of_the_same_person() -> None:
    table = episodes()
    days, again = days_to_next_referral(table, np.array([True, True, False, False, False, False]))
    # patient 1 came back 50 days after the end; patient 2's course ended on the last day of the record
    assert days.tolist() == [50.0, 0.0]
    assert again.tolist() == [True, False]


def test_rereferral_is_not_measured_with_one_referral_a_person() -> None:
    table = episodes(REFERRALS[:5])
    row = one(run({"episodes": table}), term="rereferral")
    assert row.status == "not_measured"


def test_forms_on_paper() -> None:
    frame = run()
    row = one(frame, term="both_forms", estimand="proportion")
    assert (row.numerator, row.denominator) == (1, 2)
    assert one(frame, term="forms_for_each_session").estimate == pytest.approx(4 / 20)


def test_without_dates_everything_says_so() -> None:
    table = episodes()
    for name in ("received_date", "assessment_date", "first_session_date", "end_date"):
        table[name] = pd.NaT
    frame = run({"episodes": table}, calendar="relative")
    waits = frame[frame["estimand"] == "waiting_time"]
    assert set(waits["status"]) == {"not_measured"}
    charts = frame[frame["estimand"] == "process_mean"]
    assert set(charts["status"]) == {"not_measured"}
    assert len(charts) == 5


def test_names_of_periods() -> None:
    assert label_of("month", 2015 * 12 + 2) == "2015-03"
    assert label_of("quarter", 2015 * 4 + 3) == "2015-Q4"
    assert label_of("half_year", 2015 * 2) == "2015-H1"
    assert label_of("year", 2015) == "2015"


def monthly(counts: list[int], hits: list[int] | None = None) -> Measure:
    """So many people in each month from January 2010."""
    months = np.repeat(np.arange(len(counts)), counts)
    days = (np.datetime64("2010-01", "M") + months).astype("datetime64[D]") + 10
    hit = None
    if hits is not None:
        hit = np.concatenate([np.arange(n) < h for n, h in zip(counts, hits, strict=True)])
    return Measure("x", days, np.arange(len(days)), hit)


def test_first_and_last_period_are_left_out_and_empty_ones_are_kept() -> None:
    found = by_period(monthly([9, 10, 0, 12, 9]), "month")
    assert found is not None
    assert found.labels() == ["2010-02", "2010-03", "2010-04"]
    assert found.people.tolist() == [10, 0, 12]


@pytest.mark.parametrize(
    ("counts", "period"), [([20] * 30, "month"), ([3] * 30, "quarter"), ([1] * 99, "year")]
)
def test_small_months_become_longer_periods(counts: list[int], period: str) -> None:
    found = series_of(monthly(counts))
    assert found is not None
    assert found.period == period


def test_a_share_needs_people_on_both_sides() -> None:
    assert series_of(monthly([20] * 30, [10] * 30)).period == "month"
    assert series_of(monthly([20] * 30, [17] * 30)).period == "quarter"
    assert series_of(monthly([20] * 30, [0] * 30)) is None


def large(counts: list[int]) -> dict[str, pd.DataFrame]:
    """A cohort whose referrals follow `counts` by month."""
    measure = monthly(counts)
    n = len(measure.day)
    table = pd.DataFrame(
        {
            "referral_id": np.arange(n),
            "patient_id": np.arange(n),
            "episode_number": 1,
            "counts": "yes",
            "received_date": measure.day.astype("datetime64[ms]"),
            "end_date": measure.day.astype("datetime64[ms]"),
            "assessed": "no",
            "started": "no",
            "ending": "other_ending",
        }
    )
    return {
        "episodes": EPISODES.conform(table),
        "sessions": SESSIONS.empty(),
        "outcomes": OUTCOMES.empty(),
    }


def test_chart_marks_special_causes_and_the_step() -> None:
    counts = [9, *([20, 22] * 12), *([40, 42] * 12), 9]
    frame = run(
        large(counts),
        service_change=ServiceChange(name="one door", date=dt.date(2012, 2, 1)),
    )
    points = frame[(frame["term"] == "referrals") & frame["dimensions"].str.startswith("month=")]
    assert points["estimate"].tolist() == counts[1:-1]
    shift = SPECIAL_CAUSES["shift"].label
    assert points["note"].str.contains(shift).all()
    assert one(frame, estimand="process_mean", term="referrals").estimate == pytest.approx(31)
    step = one(frame, estimand="level_change", term="referrals")
    assert step.estimate == pytest.approx(20, abs=0.6)
    assert step.conf_low > 15
    assert "one door" in step.note


def test_without_a_named_change_it_says_not_set() -> None:
    row = one(run(), estimand="level_change")
    assert row.status == "not_run"
    assert "service_change" in row.note


def test_a_change_too_near_the_end_is_not_estimated() -> None:
    frame = run(large([20] * 30), service_change=ServiceChange(name="x", date=dt.date(2012, 3, 1)))
    assert one(frame, estimand="level_change", term="referrals").status == "not_estimable"


def test_a_change_needs_name_and_date() -> None:
    with pytest.raises(ValueError, match="or neither"):
        ServiceChange(name="x")
