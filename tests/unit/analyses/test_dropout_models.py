"""Models of dropout on simulated people, and the length of their therapy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses import dropout_models, length_of_therapy
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.leaving.clocks import people_who_started, time_to_ending
from naturalistic.analyses.leaving.first_bookings import missed_of_first
from naturalistic.analyses.leaving.model_people import model_people
from naturalistic.stats.competing_risks import aalen_johansen
from naturalistic.stats.fine_gray import fine_gray
from naturalistic.stats.frailty import fit_frailty_cox
from naturalistic.tables.cohort import SESSIONS
from tests.unit.analyses.simulated_cohort import simulated_tables
from tests.unit.analyses.test_dropout import given

CLOCK = "attended_sessions"


def with_gender_effect(n: int) -> AnalysisInput:
    """Men drop out far more often than women, and early; nothing else matters."""
    tables = simulated_tables(n)
    rng = np.random.default_rng(11)
    people = tables["patients"].set_index("patient_id").loc[tables["episodes"]["patient_id"]]
    male = (people["gender"] == "male").to_numpy()
    dropped = rng.random(n) < np.where(male, 0.6, 0.2)
    attended = np.where(dropped, rng.integers(1, 9, n), rng.integers(10, 40, n))
    episodes = tables["episodes"].assign(
        ending=np.where(dropped, "unplanned_ending", "planned_ending"),
        dropout_unplanned_ending=np.where(dropped, "dropout", "other_end"),
        sessions_attended=pd.array(attended, dtype="Int32"),
        weeks_observed=attended.astype(float),
    )
    return given({**tables, "episodes": episodes, "sessions": SESSIONS.empty()})


@pytest.fixture(scope="module")
def data() -> AnalysisInput:
    return with_gender_effect(260)


@pytest.fixture(scope="module")
def rows(data: AnalysisInput) -> pd.DataFrame:
    return dropout_models.analyse(data).estimates


def test_standardised_difference_comes_close_to_the_difference_of_the_curves(
    data: AnalysisInput, rows: pd.DataFrame
) -> None:
    frame = people_who_started(data)
    ends = time_to_ending(frame, "unplanned_ending", CLOCK, 8)
    male = (frame["gender"] == "male").to_numpy()[ends.rows]
    by_session_20 = [
        aalen_johansen(ends.time[g], ends.cause[g]).cause(1).at(np.array([20.0])).estimate[0]
        for g in (male, ~male)
    ]
    here = rows[(rows["time_unit"] == CLOCK) & (rows["term"] == "gender") & (rows["time"] == 20)]
    risk = here[here["estimand"] == "standardised_risk"].set_index("contrast")["estimate"]
    gap = here[here["estimand"] == "risk_difference"].iloc[0]
    assert gap["estimate"] == pytest.approx(risk["male"] - risk["female"])
    assert gap["estimate"] == pytest.approx(by_session_20[0] - by_session_20[1], abs=0.06)
    assert gap["conf_low"] > 0.1
    assert gap["n_patients"] == male.sum()
    assert gap["n_events"] == (ends.cause[male] == 1).sum()


def test_rows_are_the_engines_numbers(data: AnalysisInput, rows: pd.DataFrame) -> None:
    frame = people_who_started(data)
    ends = time_to_ending(frame, "unplanned_ending", CLOCK, 8)
    people = model_people(data, frame, ends, join_empty=True)
    found = rows[rows["time_unit"] == CLOCK].set_index("estimand")
    fit = fine_gray(people.matrix, people.time, people.cause, cluster=people.therapist)
    ratios = found.loc["subdistribution_hazard_ratio", "estimate"].to_numpy(dtype=float)
    np.testing.assert_allclose(ratios, np.exp(fit.coefficients), rtol=1e-9)
    frailty = fit_frailty_cox(people.time, people.dropped, people.matrix, people.recorded_therapist)
    shown = found.loc["median_hazard_ratio", "estimate"]
    assert shown == pytest.approx(frailty.median_hazard_ratio.estimate)
    hazard = found.loc["hazard"]
    hazard = hazard[hazard["specification"] == "reference_person"]
    assert hazard["time"].min() == 2, "nobody can be gone before the second session"
    assert hazard["time"].max() == ends.time[ends.cause == 1].max()
    assert hazard["estimate"].between(0, 1).all()


def test_hazards_that_cross_are_answered_with_a_ratio_for_each_period(data: AnalysisInput) -> None:
    episodes = data.tables["episodes"]
    people = data.tables["patients"].set_index("patient_id").loc[episodes["patient_id"]]
    male = (people["gender"] == "male").to_numpy()
    rng = np.random.default_rng(3)
    n = len(episodes)
    men = np.where(rng.random(n) < 0.6, rng.integers(1, 6, n), rng.integers(12, 24, n))
    attended = np.where(male, men, rng.integers(4, 20, n))
    attended = np.where(rng.random(n) < 0.3, 25, attended)
    planned = attended == 25
    crossed = episodes.assign(
        ending=np.where(planned, "planned_ending", "unplanned_ending"),
        dropout_unplanned_ending=np.where(planned, "other_end", "dropout"),
        sessions_attended=pd.array(attended, dtype="Int32"),
    )
    found = dropout_models.analyse(replace(data, tables={**data.tables, "episodes": crossed}))
    here = found.estimates[found.estimates["time_unit"] == CLOCK]
    tests = here[here["estimand"] == "proportional_hazards_test"].set_index("term")
    assert tests.loc["gender", "p_value"] < 0.05
    split = here[here["model"] == "cause_specific_cox_by_period"]
    split = split[split["term"] == "gender"].set_index("dimensions")["estimate"]
    assert len(split) == 2
    early, late = (
        split[[d.startswith(f"period={p}") for d in split.index]].iloc[0] for p in ("up", "after")
    )
    assert early > late


def test_few_dropouts_give_penalised_ratios_and_one_characteristic_at_a_time() -> None:
    data = with_gender_effect(40)
    found = dropout_models.analyse(data).estimates
    here = found[found["time_unit"] == CLOCK]
    firth = here[here["model"] == "cause_specific_cox_firth"]
    assert (firth["status"] == "ok").any()
    assert firth["note"].str.contains("dropouts per parameter").all()
    gaps = here[(here["estimand"] == "risk_difference") & (here["status"] == "ok")]
    assert set(gaps["specification"]) == {"one_at_a_time"}


def test_nobody_vanishes_when_a_level_has_no_event(data: AnalysisInput) -> None:
    patients = data.tables["patients"]
    stayed = data.tables["episodes"].set_index("patient_id")["ending"] == "planned_ending"
    loyal = patients["patient_id"].map(stayed) & (np.arange(len(patients)) % 4 == 0)
    employment = patients["employment"].astype("object").mask(loyal, "retired")
    tables = {**data.tables, "patients": patients.assign(employment=employment)}
    changed = replace(data, tables=tables)
    frame = people_who_started(changed)
    ends = time_to_ending(frame, "unplanned_ending", CLOCK, 8)
    people = model_people(changed, frame, ends, join_empty=True)
    assert len(people.time) == len(frame)
    assert any("no event at retired" in note for note in people.notes)


def test_length_counts_open_episodes_as_not_yet_ended(data: AnalysisInput) -> None:
    episodes = (
        data.tables["episodes"]
        .iloc[:4]
        .assign(
            sessions_attended=pd.array([4, 8, 12, 30], dtype="Int32"),
            weeks_observed=[10.0, 20.0, 30.0, 80.0],
            ending=["planned_ending", "planned_ending", "open", "planned_ending"],
            dropout_unplanned_ending=["other_end", "other_end", "open", "other_end"],
        )
    )
    result = length_of_therapy.analyse(replace(data, tables={**data.tables, "episodes": episodes}))
    found = result.estimates
    weeks = found[found["time_unit"] == "weeks_since_first_session"].set_index("term")
    # half have ended at 20 weeks and nobody else before 80: the middle of that step
    assert weeks.loc["median", "estimate"] == pytest.approx(50.0)
    assert weeks.loc["over_12_months", "estimate"] == pytest.approx(0.5)
    mean = found[(found["estimand"] == "restricted_mean_time") & (found["time"] == 52)].iloc[0]
    assert mean["estimate"] == pytest.approx((10 + 20 + 52 + 52) / 4)


def test_landmark_probability_is_a_share_where_nothing_is_open(data: AnalysisInput) -> None:
    found = length_of_therapy.analyse(data).estimates
    row = found[(found["dimensions"] == "landmark=session_4") & (found["term"] == "dropout")].iloc[
        0
    ]
    episodes = data.tables["episodes"]
    reached = episodes[episodes["sessions_attended"] >= 4]
    assert row["n_patients"] == len(reached)
    expected = (reached["ending"] == "unplanned_ending").mean()
    assert row["estimate"] == pytest.approx(expected)


def test_first_two_bookings_pass_over_what_the_service_cancelled() -> None:
    day = pd.Timestamp("2020-01-06")
    states = {
        1: ["did_not_attend", "cancelled_by_service", "cancelled_by_patient", "attended"],
        2: ["attended", "did_not_attend"],
        3: ["attended", "attended", "did_not_attend"],
        4: ["attended"],
    }
    sessions = SESSIONS.conform(
        pd.DataFrame(
            [
                {
                    "referral_id": who,
                    "date": day + pd.Timedelta(weeks=week),
                    "attendance": state,
                    "contact_type": "treatment",
                }
                for who, course in states.items()
                for week, state in enumerate(course)
            ]
        )
    )
    missed = missed_of_first(sessions.iloc[::-1])
    assert missed.to_dict() == {1: 2, 2: 1, 3: 0}
