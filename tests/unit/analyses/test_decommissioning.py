"""What closing would mean: a caseload counted by hand, a forecast, the displaced, areas and costs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.closing.caseload import caseload_on
from naturalistic.analyses.closing.costs import ratio_with_bootstrap
from naturalistic.analyses.closing.geography import levelled
from naturalistic.analyses.decommissioning import analyse
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.closing import Closing, UnitCosts
from naturalistic.settings.config import AnalysisSettings
from naturalistic.tables.cohort import PATIENTS
from naturalistic.tables.derived import EPISODES, OUTCOMES

NOTICE = pd.Timestamp("2021-01-01")


def _day(text: str | None) -> pd.Timestamp:
    return pd.NaT if text is None else pd.Timestamp(text)


# id, received, first session, last contact, end of observation, ending, what it is on the day of notice
HAND = (
    (1, "2020-01-01", "2020-03-01", "2020-12-20", "2021-06-01", "open", "in_therapy"),
    (2, "2020-01-01", "2020-03-01", "2021-05-01", "2021-05-01", "planned_ending", "in_therapy"),
    (3, "2020-01-01", "2020-03-01", "2020-10-01", "2020-10-02", "planned_ending", "ended"),
    (4, "2020-01-01", "2020-03-01", "2020-06-01", "2021-06-01", "open", "without_contact"),
    (5, "2020-11-01", "2021-02-01", "2021-05-25", "2021-06-01", "open", "waiting"),
    (6, "2020-11-01", None, None, "2021-06-01", "open", "waiting"),
    (7, "2020-11-01", None, None, "2020-12-01", "unplanned_ending", "closed unseen"),
    (8, "2021-02-01", "2021-03-01", "2021-05-25", "2021-06-01", "open", "not yet referred"),
    (9, "2020-01-01", "2020-02-01", "2021-01-01", "2021-01-01", "unplanned_ending", "ended"),
)


def _by_hand() -> pd.DataFrame:
    frame = pd.DataFrame(
        HAND,
        columns=[
            "referral_id",
            "received_date",
            "first_session_date",
            "last_contact_date",
            "end_date",
            "ending",
            "is",
        ],
    )
    for name in ("received_date", "first_session_date", "last_contact_date", "end_date"):
        frame[name] = frame[name].map(_day)
    frame["patient_id"] = frame["referral_id"] + 100
    frame["episode_number"], frame["counts"], frame["assessed"] = 1, "yes", "yes"
    frame["started"] = np.where(frame["first_session_date"].notna(), "yes", "no")
    return EPISODES.conform(frame.drop(columns="is"))


def test_caseload_on_the_day_counted_by_hand() -> None:
    load = caseload_on(_by_hand(), NOTICE, 8)
    said = {number: what for number, *_, what in HAND}
    assert set(load.in_therapy["referral_id"]) == {k for k, v in said.items() if v == "in_therapy"}
    assert set(load.waiting["referral_id"]) == {k for k, v in said.items() if v == "waiting"}
    assert load.without_contact == 1
    # nothing later than the day of notice is used: course 2 is still open in the life table
    seen = dict(zip(load.seen["referral_id"], zip(load.weeks, load.way, strict=True), strict=True))
    assert seen[2] == (pytest.approx(306 / 7), 0)
    assert seen[3] == (pytest.approx(215 / 7), 1)
    assert seen[4] == (pytest.approx((92 + 56) / 7), 2)
    assert 8 not in seen


def _cohort(n: int = 400) -> dict[str, pd.DataFrame]:
    """People who start on any day of three years and stay for a geometric number of weeks."""
    rng = np.random.default_rng(8)
    start = pd.Timestamp("2018-01-01") + pd.to_timedelta(rng.integers(0, 1095, n), unit="D")
    weeks = rng.geometric(0.03, n)
    end = start + pd.to_timedelta(weeks * 7, unit="D")
    cut = pd.Timestamp("2020-12-31")
    still = end > cut
    ids = np.arange(n)
    episodes = pd.DataFrame(
        {
            "referral_id": ids,
            "patient_id": ids + 1000,
            "episode_number": 1,
            "counts": "yes",
            "received_date": start - pd.Timedelta(days=30),
            "first_session_date": start,
            "last_contact_date": pd.Series(end).where(~still, cut),
            "end_date": pd.Series(end).where(~still, cut),
            "assessed": "yes",
            "started": "yes",
            "ending": np.where(
                still, "open", np.where(rng.random(n) < 0.7, "planned_ending", "unplanned_ending")
            ),
            "sessions_attended": np.where(still, 5, weeks),
            "did_not_attend": 2,
            "cancelled_by_patient": 1,
            "arrived_too_late": 0,
            "format": rng.choice(["individual", "group"], n, p=[0.9, 0.1]),
            "problem": rng.choice(["depression", "ptsd"], n),
        }
    )
    first = np.round(rng.normal(20, 6, n))
    outcomes = pd.DataFrame(
        {
            "referral_id": ids,
            "patient_id": ids + 1000,
            "instrument": "core_om",
            "scale": "all",
            "first_score": first,
            "last_score": first - 6,
            "n_scores": 2,
            "pairing": "paired",
            "case_at_start": np.where(first >= 10, "yes", "no"),
            "change_category": rng.choice(["recovered", "improved", "unchanged"], n),
        }
    )
    patients = pd.DataFrame(
        {"patient_id": ids + 1000, "area": rng.choice(["North", "South"], n, p=[0.2, 0.8])}
    )
    return {
        "episodes": EPISODES.conform(episodes),
        "outcomes": OUTCOMES.conform(outcomes),
        "patients": PATIENTS.conform(patients),
    }


def _rows(tables: dict[str, pd.DataFrame], calendar: str = "real", **closing: Any) -> pd.DataFrame:
    settings = AnalysisSettings(closing=Closing(**closing), resampling={"bootstrap_draws": 400})
    data = AnalysisInput(
        "test",
        tables,
        settings,
        load_instruments(),
        calendar=calendar,
        rng=np.random.default_rng(1),
    )
    return analyse(data).estimates


def _one(frame: pd.DataFrame, **key: Any) -> pd.Series:
    chosen = frame
    for name, value in key.items():
        chosen = chosen[chosen[name] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_forecast_adds_up_and_covers_what_happened_then() -> None:
    tables = _cohort()
    frame = _rows(tables, notice_date=dt.date(2020, 3, 1), months_to_closing=(3, 6))
    n = _one(frame, estimand="count", term="in_therapy", dimensions="")["estimate"]
    for months in (3, 6):
        there = frame[(frame["estimand"] == "expected_share") & (frame["time"] == months)]
        parts = there[
            there["term"].isin(("planned_ending", "unplanned_ending", "other_ending", "cut_short"))
        ]
        assert parts["estimate"].sum() == pytest.approx(1)
        later = pd.Timestamp("2020-03-01") + pd.Timedelta(days=round(months * 30.4375))
        episodes = tables["episodes"]
        there_then = (episodes["first_session_date"] <= pd.Timestamp("2020-03-01")) & (
            episodes["end_date"] > later
        )
        row = _one(there, term="cut_short")
        assert row["conf_low"] <= there_then.sum() / n <= row["conf_high"]
        assert row["conf_level"] == 0.9


def test_people_affected_is_those_on_the_books_and_those_to_come() -> None:
    frame = _rows(_cohort(), new_starters_months=6)
    books = _one(frame, term="on_the_books", dimensions="")
    new = _one(frame, term="new_starters")
    assert _one(frame, term="affected")["estimate"] == pytest.approx(
        books["estimate"] + new["estimate"]
    )
    assert new["conf_low"] < new["estimate"] < new["conf_high"]


def test_own_unit_costs_only() -> None:
    tables = _cohort()
    assert (_rows(tables).query("estimand == 'cost'")["status"] == "not_measured").all()
    frame = _rows(tables, unit_costs=UnitCosts(attended_session=100, missed_session=50, year=2025))
    ended = tables["episodes"][tables["episodes"]["ending"] != "open"]
    treated = _one(frame, estimand="cost", term="treated")
    assert treated["estimate"] == pytest.approx((ended["sessions_attended"] * 100 + 150).mean())
    completed = _one(frame, estimand="cost", term="planned_ending")
    share = (ended["ending"] == "planned_ending").mean()
    assert completed["estimate"] == pytest.approx(treated["estimate"] / share)
    assert completed["conf_low"] < completed["estimate"] < completed["conf_high"]
    assert "not show cost-effectiveness" in completed["note"]
    assert treated["dimensions"] == "currency=£, 2025"


def test_areas_and_levelling() -> None:
    populations = {"North": 200_000, "South": 300_000}
    tables = _cohort()
    frame = _rows(tables, area_populations=populations)
    rates = frame[frame["estimand"] == "rate_per_100000"].set_index("dimensions")["estimate"]
    start = tables["episodes"]["first_session_date"]
    years = ((start.max() - start.min()).days + 1) / 365.25
    north = (tables["patients"]["area"] == "North").sum()
    assert rates["area=North"] == pytest.approx(north / (200_000 * years) * 1e5)
    up, down = _one(frame, term="level_up")["estimate"], _one(frame, term="level_down")["estimate"]
    assert up == pytest.approx((rates["area=South"] - rates["area=North"]) / 1e5 * 200_000)
    assert down == pytest.approx((rates["area=North"] - rates["area=South"]) / 1e5 * 300_000)
    ratio = _one(frame, estimand="ratio_to_reference")
    assert ratio["contrast"] == "North vs South"  # the larger area
    assert ratio["estimate"] == pytest.approx(rates["area=North"] / rates["area=South"])
    assert ratio["conf_low"] < ratio["estimate"] < ratio["conf_high"]
    assert _one(frame, term="started_other_or_unknown_area")["estimate"] == 0
    assert _rows(tables).query("estimand == 'rate_per_100000'")["status"].item() == "not_measured"


def test_levelling_by_hand() -> None:
    starters, populations = {"North": 40, "South": 90}, {"North": 200_000, "South": 300_000}
    found = levelled(starters, populations, "South", 2.0)
    # 90 x 5/3 - 130 over 2 years; variance (90 x (5/3 - 1)^2 + 40) / 4
    assert found.estimate == pytest.approx(10.0)
    assert found.std_error == pytest.approx(np.sqrt((90 * 4 / 9 + 40) / 4))
    # score limits of 90 are 73.2279 and 110.6135, of 40 are 29.3769 and 54.4646
    assert found.conf_low == pytest.approx(10 - np.hypot(2 / 3 * 16.77206, 14.46455) / 2, abs=1e-4)
    assert found.conf_high == pytest.approx(10 + np.hypot(2 / 3 * 20.61352, 10.62310) / 2, abs=1e-4)
    nothing = levelled(starters, populations, None, 2.0)
    assert nothing.estimate == pytest.approx(-65.0)
    assert nothing.std_error == pytest.approx(np.sqrt(130) / 2)


def test_an_area_with_few_people_leaves_levelling_without_an_interval() -> None:
    tables = _cohort()
    small = tables["patients"].index[:3]
    tables["patients"]["area"] = tables["patients"]["area"].astype("object")
    tables["patients"].loc[small, "area"] = "Isle"
    populations = {"North": 200_000, "South": 300_000, "Isle": 4_000}
    for with_isle, known in ((False, True), (True, False)):
        asked = populations if with_isle else {k: populations[k] for k in ("North", "South")}
        row = _one(_rows(tables, area_populations=asked), term="level_up")
        assert pd.notna(row["estimate"])
        assert bool(pd.notna(row["conf_low"])) is known
        assert ("no interval" in row["note"]) is not known


def test_the_interval_of_levelling_covers() -> None:
    populations = {"North": 200_000, "South": 300_000, "East": 100_000}
    means = {"North": 60, "South": 120, "East": 30}
    truth = levelled(means, populations, "South", 3.0).estimate
    drawn = np.random.default_rng(7).poisson(list(means.values()), (10_000, 3))
    found = [
        levelled(dict(zip(means, row, strict=True)), populations, "South", 3.0) for row in drawn
    ]
    covered = np.mean([each.conf_low <= truth <= each.conf_high for each in found])
    assert covered == pytest.approx(0.95, abs=0.012)


def test_capacity_under_stated_doses() -> None:
    frame = _rows(_cohort(), sessions_elsewhere={"cbt": 12}, sessions_per_whole_time_year=800)
    people = _one(frame, term="on_the_books", dimensions="")["estimate"]
    stated = frame[frame["dimensions"] == "dose=cbt"].set_index("estimand")["estimate"]
    assert stated["sessions_needed"] == pytest.approx(12 * people)
    assert stated["staff_needed"] == pytest.approx(12 * people / 800)
    own = frame[frame["dimensions"] == "dose=as_here"].set_index("estimand")
    assert own.loc["sessions_needed", "conf_low"] < own.loc["sessions_needed", "estimate"]


def test_without_a_calendar_there_is_no_caseload() -> None:
    frame = _rows(_cohort(), calendar="relative")
    assert (
        frame[frame["term"].isin(("in_therapy", "cut_short"))]["status"] == "not_measured"
    ).all()


def test_thresholds_of_talking_therapies_need_their_measures() -> None:
    tables = _cohort()
    row = _one(_rows(tables), term="talking_therapies_caseness")
    assert row["status"] == "not_measured"
    both = []
    for instrument, case in (("phq_9", "yes"), ("gad_7", "no")):
        part = tables["outcomes"].assign(instrument=instrument, scale="total", case_at_start=case)
        both.append(part)
    tables["outcomes"] = OUTCOMES.conform(pd.concat([tables["outcomes"], *both], ignore_index=True))
    row = _one(_rows(tables), term="talking_therapies_caseness")
    assert row["numerator"] == row["denominator"] > 0


def test_ratio_of_cost_to_hits() -> None:
    cost, hit = np.array([10.0, 20.0, 30.0, 40.0]), np.array([1.0, 0.0, 1.0, 0.0])
    rng = np.random.default_rng(3)
    found = ratio_with_bootstrap(cost, hit, draws=200, level=0.95, rng=rng)
    assert found.estimate == 50.0
    assert (
        ratio_with_bootstrap(cost, hit * 0, draws=200, level=0.95, rng=rng).status
        == "not_estimable"
    )
    assert np.isnan(ratio_with_bootstrap(cost, hit, draws=0, level=0.95, rng=rng).conf_low)
