"""Parts of the analyses of leaving: calibration, curves instead of lines, waiting, late entry, courses of sessions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses import dropout, dropout_models, length_of_therapy
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.leaving.calibration import fifths
from naturalistic.analyses.leaving.clocks import people_who_started, time_to_ending
from naturalistic.analyses.leaving.during import course_of, scores_by
from naturalistic.analyses.leaving.form import add_functional_form, add_influence
from naturalistic.analyses.leaving.model_people import ModelPeople, model_people
from naturalistic.analyses.leaving.waiting import add_waiting
from naturalistic.settings.config import AnalysisSettings
from naturalistic.stats.competing_risks import aalen_johansen
from naturalistic.stats.cox import fit_cox
from naturalistic.stats.episode_rows import split_at
from naturalistic.tables.cohort import SESSIONS
from naturalistic.tables.derived import SCORES
from naturalistic.tables.estimates import COVARIANCES
from tests.unit.analyses.simulated_cohort import DAY, simulated_tables
from tests.unit.analyses.test_dropout import given

CLOCK = "attended_sessions"
KEYS = ["estimand", "term", "contrast", "time_unit", "model", "specification", "dimensions", "time"]


def with_sessions(n: int = 240, seed: int = 8) -> dict[str, pd.DataFrame]:
    """Weekly bookings; whoever has missed many leaves sooner, and a fifth is still in therapy."""
    tables = simulated_tables(n, seed=seed)
    rng = np.random.default_rng(seed)
    parts, attended, gone = [], np.zeros(n, dtype=int), np.zeros(n, dtype=bool)
    lazy = rng.random(n) < 0.5
    for i in range(n):
        missed = (rng.random(60) < (0.35 if lazy[i] else 0.05)).astype(int)
        missed[0] = 0
        hazard = np.minimum(0.02 * np.exp(0.5 * np.cumsum(missed)), 0.9)
        leaves = np.flatnonzero((rng.random(60) < hazard) & (missed == 0))
        planned = np.flatnonzero(missed == 0)[min(20, (missed == 0).sum() - 1)]
        last = int(min(leaves[0] if len(leaves) else 60, planned))
        gone[i] = len(leaves) > 0 and leaves[0] <= planned
        attended[i] = int((missed[: last + 1] == 0).sum())
        parts.append(
            pd.DataFrame(
                {
                    "referral_id": i + 1,
                    "date": DAY + pd.to_timedelta(7 * np.arange(last + 1), unit="D"),
                    "attendance": np.where(missed[: last + 1] == 1, "did_not_attend", "attended"),
                }
            )
        )
    still = (np.arange(n) % 5 == 0) & ~gone
    ending = np.select([gone, still], ["unplanned_ending", "open"], "planned_ending")
    state = np.select([gone, still], ["dropout", "open"], "other_end")
    sessions = SESSIONS.conform(
        pd.concat(parts, ignore_index=True).assign(contact_type="treatment")
    )
    last_day = sessions.groupby("referral_id")["date"].max()
    episodes = tables["episodes"].assign(
        ending=ending,
        dropout_unplanned_ending=state,
        sessions_attended=pd.array(attended, dtype="Int32"),
        end_date=tables["episodes"]["referral_id"].map(last_day),
    )
    weeks = (episodes["end_date"] - episodes["first_session_date"]).dt.days / 7
    return {**tables, "episodes": episodes.assign(weeks_observed=weeks), "sessions": sessions}


@pytest.fixture(scope="module")
def data() -> AnalysisInput:
    return given(with_sessions())


@pytest.fixture(scope="module")
def result(data: AnalysisInput) -> Any:
    return dropout_models.analyse(data)


def prepared(data: AnalysisInput) -> tuple[pd.DataFrame, ModelPeople]:
    frame = people_who_started(data)
    ends = time_to_ending(frame, "unplanned_ending", CLOCK, 8)
    return frame, model_people(data, frame, ends, join_empty=True)


def test_fifths_keep_equal_predictions_together_and_are_in_order() -> None:
    predicted = np.array([0.3, 0.1, 0.1, 0.2, 0.5, 0.4, 0.1, 0.3, 0.2, 0.6])
    found = fifths(predicted)
    assert len({int(f) for f, p in zip(found, predicted, strict=True) if p == 0.1}) == 1
    order = np.argsort(predicted)
    assert (np.diff(found[order]) >= 0).all()
    np.testing.assert_array_equal(np.bincount(fifths(np.arange(100.0))), [20] * 5)


def test_calibration_is_that_of_groups_and_adds_up(data: AnalysisInput, result: Any) -> None:
    rows = result.estimates
    here = rows[(rows["time_unit"] == CLOCK) & rows["dimensions"].str.startswith("fifth_of")]
    both = here.pivot_table(
        index="dimensions", columns="estimand", values="estimate", observed=True
    )
    assert len(both) == 5
    assert here.groupby("dimensions")["n_patients"].first().sum() == len(prepared(data)[1].time)
    assert both["predicted_incidence"].is_monotonic_increasing
    people = prepared(data)[1]
    overall = aalen_johansen(people.time, np.minimum(people.cause, 2)).cause(1).at(np.array([20.0]))
    sizes = here.groupby("dimensions")["n_patients"].first()
    mean = float((both["predicted_incidence"] * sizes).sum() / sizes.sum())
    assert mean == pytest.approx(overall.estimate[0], abs=0.02)
    observed = here[here["estimand"] == "cumulative_incidence"]
    assert observed["conf_low"].notna().all()
    assert (observed["n_patients"] >= 20).all()


def test_a_u_shape_is_found_and_read_from_the_curve(data: AnalysisInput) -> None:
    _, people = prepared(data)
    rng = np.random.default_rng(2)
    age = people.matrix[:, people.names.index("age")]
    hazard = 0.03 * np.exp(1.0 * age**2)
    time = np.minimum(np.ceil(rng.exponential(1 / hazard)), 40.0)
    bent = replace(people, time=time, cause=np.where(time < 40, 1, 0))
    rows = EstimateRows("x", "y", population="started")
    fitted = add_functional_form(rows, bent, 0.95, time_unit=CLOCK)
    found = rows.frame()
    tests = found[found["estimand"] == "linearity_test"].set_index("term")
    assert tests.loc["age", "p_value"] < 0.001
    assert tests.loc["age", "df"] == 2
    ratios = found[(found["estimand"] == "hazard_ratio") & (found["term"] == "age")]
    assert len(ratios) == 4
    assert (ratios["estimate"].iloc[[0, 3]] > 1.3).all(), "both the young and the old leave sooner"
    assert fitted[0].model == "cause_specific_cox_spline.age"


def test_influence_is_near_the_shift_when_that_person_is_left_out(data: AnalysisInput) -> None:
    _, people = prepared(data)
    rows = EstimateRows("x", "y", population="started")
    add_influence(rows, people)
    found = rows.frame().set_index("term").loc["baseline", "estimate"]
    j = people.names.index("baseline")
    full = fit_cox(people.time, people.dropped, people.matrix)
    shifts = []
    for i in range(len(people.time)):
        kept = np.arange(len(people.time)) != i
        part = fit_cox(people.time[kept], people.dropped[kept], people.matrix[kept])
        shifts.append(abs(part.coefficients[j] - full.coefficients[j]) / full.std_errors[j])
    assert found == pytest.approx(max(shifts), rel=0.2)


def test_covariances_stand_beside_every_model(result: Any) -> None:
    assert COVARIANCES.problems(result.covariances) == []
    models = set(result.covariances["model"])
    assert {"fine_gray.attended_sessions", "discrete_time_cloglog.attended_sessions"} <= models
    assert "cox_time_varying.attended_sessions" in models
    own = result.covariances[result.covariances["model"] == "fine_gray.attended_sessions"]
    variance = own[own["term_a"] == own["term_b"]].set_index("term_a")["value"]
    rows = result.estimates
    ratio = rows[(rows["model"] == "fine_gray") & (rows["time_unit"] == CLOCK)]
    assert len(ratio) == len(variance)
    for _, row in ratio.iterrows():
        name = f"{row['term']}|{row['contrast']}".rstrip("|")
        assert variance[name] == pytest.approx(row["std_error"] ** 2)


def test_a_missed_session_foretells_leaving_at_the_same_booking(
    data: AnalysisInput, result: Any
) -> None:
    frame, people = prepared(data)
    course = course_of(frame, people, data.tables["sessions"])
    assert course.left.sum() == people.n_events
    assert (course.entry < course.time).all()
    # booking by booking gives the same model
    split = split_at(course.time, course.left.astype(int), np.arange(1, 61), entry=course.entry)
    columns = np.column_stack([course.missed, people.matrix[course.person]])
    fine = fit_cox(split.time, split.event, columns[split.row], entry=split.entry)
    rows = result.estimates
    row = rows[(rows["model"] == "cox_time_varying") & (rows["term"] == "missed_so_far")].iloc[0]
    assert row["time_unit"] == "booked_sessions"
    assert row["estimate"] == pytest.approx(np.exp(fine.coefficients[0]), rel=1e-9)
    assert row["conf_low"] > 1.2
    scores = rows[(rows["model"] == "cox_time_varying") & (rows["term"] == "last_score")].iloc[0]
    assert scores["status"] == "not_measured"


def test_scores_are_those_known_at_the_session(data: AnalysisInput) -> None:
    frame, people = prepared(data)
    course = course_of(frame, people, data.tables["sessions"])
    ids = frame["referral_id"].to_numpy()
    parts = [
        pd.DataFrame({"referral_id": ids, "date": DAY + pd.Timedelta(days=day), "score": score})
        for day, score in ((0, 20.0), (14, 10.0), (21, 15.0))
    ]
    scores = SCORES.conform(
        pd.concat(parts, ignore_index=True)
        .reset_index(names="form_id")
        .assign(instrument="core_om", scale="all")
    )
    with_scores = replace(data, tables={**data.tables, "scores": scores})
    found = scores_by(with_scores, frame, people, course)
    assert not isinstance(found, str)
    week = ((course.day - course.day.min()) / np.timedelta64(7, "D")).astype(int)
    expected = np.select([week < 2, week < 3], [4.0, 2.0], 3.0)
    np.testing.assert_allclose(found[0], expected)
    np.testing.assert_allclose(found[1], np.select([week < 2, week < 3], [0.0, -2.0], 1.0))


def test_waiting_phases_add_up_with_those_still_waiting() -> None:
    day = pd.Timestamp("2020-01-06")
    weeks = [10, 20, 5, 30, 8, 40]
    episodes = pd.DataFrame(
        {
            "counts": "yes",
            "received_date": day,
            "first_session_date": [
                *(day + pd.Timedelta(weeks=10), pd.NaT, pd.NaT),
                *(pd.NaT, pd.NaT, day + pd.Timedelta(weeks=40)),
            ],
            "end_date": [day + pd.Timedelta(weeks=w) for w in weeks],
            "assessed": ["yes", "yes", "no", "no", "no", "yes"],
            "started": ["yes", "no", "no", "no", "no", "yes"],
            "ending": ["open", "unplanned_ending", "other_ending", "open", "referred_on", "open"],
        }
    )
    rows = EstimateRows("x", "dropout")
    add_waiting(rows, episodes, 0.95)
    found = rows.frame().pivot_table(index="time", columns="term", values="estimate", observed=True)
    at_26 = found.loc[26.0]
    assert at_26["lost_before_assessment"] == pytest.approx(1 / 6)
    assert at_26["lost_before_treatment"] == pytest.approx(1 / 6)
    assert at_26["ended_otherwise_before_treatment"] == pytest.approx(1 / 6)
    assert at_26["started_treatment"] == pytest.approx(1 / 6)
    # seen from week 8 on: whoever was lost in week 5 was never under observation
    late = EstimateRows("x", "dropout")
    add_waiting(late, episodes, 0.95, (day + pd.Timedelta(weeks=8)).date())
    row = late.frame().set_index(["term", "time"]).loc[("lost_before_assessment", 26.0)]
    assert row["estimate"] == 0.0
    assert row["denominator"] == 4


@pytest.fixture(scope="module")
def truncated() -> tuple[dict[str, pd.DataFrame], AnalysisInput]:
    """Every second therapy began 10 weeks earlier; those over before the window are not in the extract."""
    tables = with_sessions(300, seed=5)
    early = tables["episodes"]["referral_id"] % 2 == 0
    shift = pd.Timedelta(weeks=10)
    sessions = tables["sessions"]
    moved = sessions["date"].mask(sessions["referral_id"] % 2 == 0, sessions["date"] - shift)
    episodes = tables["episodes"].copy()
    for column in ("first_session_date", "last_session_date", "end_date"):
        episodes[column] = episodes[column].mask(early, episodes[column] - shift)
    seen = ~early | (episodes["end_date"] >= DAY)
    everyone = {**tables, "episodes": episodes, "sessions": sessions.assign(date=moved)}
    settings = AnalysisSettings.model_validate({"dropout": {"observed_from": DAY.date()}})
    held = {**everyone, "episodes": episodes[seen].reset_index(drop=True)}
    return everyone, replace(given(held), settings=settings)


def test_left_truncated_therapies_count_from_the_window_on(
    truncated: tuple[dict[str, pd.DataFrame], AnalysisInput],
) -> None:
    everyone, data = truncated
    frame = people_who_started(data)
    ends = time_to_ending(frame, "unplanned_ending", CLOCK, 8)
    assert ends.entry is not None
    assert ends.began_before > 30
    assert (ends.entry < ends.time).all()
    rows = dropout.analyse(data).estimates
    key = {"estimand": "cumulative_incidence", "term": "dropout", "time_unit": CLOCK}
    key["dimensions"] = ""
    here = rows[np.logical_and.reduce([rows[c] == v for c, v in key.items()])]
    curve = here.set_index("time")["estimate"]
    whole = given(everyone)
    ends_all = time_to_ending(people_who_started(whole), "unplanned_ending", CLOCK, 8)
    truth = aalen_johansen(ends_all.time, ends_all.cause).cause(1).at(np.array([20.0])).estimate[0]
    naive = aalen_johansen(ends.time, ends.cause).cause(1).at(np.array([20.0])).estimate[0]
    assert abs(curve[20.0] - truth) < abs(naive - truth), "ignoring late entry misses early leavers"
    count = rows[rows["term"] == "began_before_window"].iloc[0]
    assert count["n_patients"] == ends.began_before
    gray = rows[rows["estimand"] == "grays_test"]
    assert set(gray["status"]) == {"not_run"}
    models = dropout_models.analyse(data).estimates
    fine_gray = models[models["estimand"] == "subdistribution_hazard_ratio"]
    assert set(fine_gray["status"]) == {"not_run"}
    assert (models[models["estimand"] == "risk_difference"]["status"] == "ok").any()
    length = length_of_therapy.analyse(data).estimates
    medians = length[length["estimand"] == "median_time"]
    assert (medians["status"] == "ok").any()
    # with nobody left in therapy a number that has ended would withhold the length of therapy itself
    assert medians["n_events"].isna().all()


def test_late_entry_without_sessions_held_is_left_out_not_guessed(
    truncated: tuple[dict[str, pd.DataFrame], AnalysisInput],
) -> None:
    _, data = truncated
    bare = replace(data, tables={**data.tables, "sessions": SESSIONS.empty()})
    frame = people_who_started(bare)
    ends = time_to_ending(frame, "unplanned_ending", CLOCK, 8)
    began = (frame["first_session_date"] < DAY).to_numpy()
    assert not began[ends.rows].any()
    weeks = time_to_ending(frame, "unplanned_ending", "weeks_since_first_session", 8)
    assert weeks.began_before > 0


def test_missing_both_first_sessions_has_an_interval_for_the_difference(
    data: AnalysisInput,
) -> None:
    tables = {**data.tables, "sessions": data.tables["sessions"].copy()}
    sessions = tables["sessions"].sort_values(["referral_id", "date"])
    place = sessions.groupby("referral_id").cumcount()
    both = (sessions["referral_id"] % 3 == 0) & (place < 2)
    tables["sessions"] = sessions.assign(
        attendance=sessions["attendance"].astype("object").mask(both, "did_not_attend")
    ).pipe(SESSIONS.conform)
    rows = length_of_therapy.analyse(replace(data, tables=tables)).estimates
    found = rows[rows["estimand"] == "proportion_difference"].set_index("contrast")
    shares = rows[(rows["term"] == "dropout") & (rows["estimand"] == "proportion")]
    by_level = shares.set_index("dimensions")["estimate"]
    gap = found.loc["both vs none"]
    expected = by_level["missed_of_first_two=both"] - by_level["missed_of_first_two=none"]
    assert gap["estimate"] == pytest.approx(expected)
    assert gap["conf_low"] < gap["estimate"] < gap["conf_high"]


@pytest.mark.parametrize("analysis", [dropout, dropout_models, length_of_therapy])
def test_same_bytes_whatever_the_order_of_rows(analysis: Any, data: AnalysisInput) -> None:
    first = analysis.analyse(data)
    rng = np.random.default_rng(1)
    shuffled = {
        name: table.iloc[rng.permutation(len(table))].reset_index(drop=True)
        for name, table in data.tables.items()
    }
    second = analysis.analyse(replace(data, tables=shuffled))
    pd.testing.assert_frame_equal(first.estimates, second.estimates, check_exact=True)
    pd.testing.assert_frame_equal(first.covariances, second.covariances, check_exact=True)


def test_a_window_needs_calendar_dates(data: AnalysisInput) -> None:
    settings = AnalysisSettings.model_validate({"dropout": {"observed_from": dt.date(2019, 3, 1)}})
    relative = replace(data, settings=settings, calendar="relative")
    rows = dropout.analyse(relative).estimates
    curves = rows[(rows["term"] == "dropout") & (rows["estimand"] == "cumulative_incidence")]
    assert set(curves["status"]) == {"not_measured"}


def test_shares_by_level_come_before_any_model(data: AnalysisInput) -> None:
    rows = dropout.analyse(data).estimates
    frame = people_who_started(data)
    ends = time_to_ending(frame, "unplanned_ending", CLOCK, 8)
    women = (frame["gender"] == "female").to_numpy()[ends.rows]
    expected = aalen_johansen(ends.time[women], ends.cause[women]).cause(1).at(np.array([20.0]))
    here = rows[(rows["dimensions"] == "gender=female") & (rows["time_unit"] == CLOCK)].iloc[0]
    assert here["estimate"] == pytest.approx(expected.estimate[0])
    assert here["n_patients"] == women.sum()
    assert here["conf_low"] < here["estimate"] < here["conf_high"]
    assert (rows["dimensions"] == "age=below").any()
