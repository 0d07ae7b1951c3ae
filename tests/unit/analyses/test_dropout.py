"""Dropout: unknown endings, time lost, tests by characteristic, and who is under observation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.dropout import analyse
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.leaving.clocks import people_who_started, time_to_ending
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.stats.grays_test import grays_test
from naturalistic.stats.rates import clustered_rate
from naturalistic.stats.restricted_mean import restricted_mean_time_lost
from naturalistic.tables.cohort import SESSIONS as SESSION_TABLE
from tests.unit.analyses.simulated_cohort import simulated_tables

SESSIONS = "attended_sessions"


def given(tables: dict[str, pd.DataFrame]) -> AnalysisInput:
    return AnalysisInput(
        cohort="hand",
        tables=tables,
        settings=AnalysisSettings(),
        instruments=load_instruments(),
    )


@pytest.fixture(scope="module")
def data() -> AnalysisInput:
    tables = {**simulated_tables(160), "sessions": SESSION_TABLE.empty()}
    episodes = tables["episodes"]
    unknown = episodes["ending"] == "unknown_ending"
    column = episodes["dropout_unplanned_ending"].mask(unknown, "unknown")
    tables["episodes"] = episodes.assign(dropout_unplanned_ending=column)
    return given(tables)


@pytest.fixture(scope="module")
def rows(data: AnalysisInput) -> pd.DataFrame:
    return analyse(data).estimates


def test_unknown_endings_move_the_rate_both_ways(data: AnalysisInput, rows: pd.DataFrame) -> None:
    state = data.tables["episodes"]["dropout_unplanned_ending"]
    found = rows[
        (rows["estimand"] == "proportion")
        & (rows["definition"] == "unplanned_ending")
        & (rows["specification"] == "")
    ].set_index("term")["estimate"]
    assert found["declared_dropout"] == pytest.approx((state == "dropout").mean())
    assert found["estimated_dropout"] == pytest.approx(state.isin(("dropout", "unknown")).mean())
    assert found["unknown_ending"] == pytest.approx((state == "unknown").mean())
    assert found["declared_dropout"] < found["dropout"] < found["estimated_dropout"]


def test_a_rate_has_limits_that_leave_one_therapist_out_only_of_the_same_people(
    data: AnalysisInput, rows: pd.DataFrame
) -> None:
    shares = rows[(rows["estimand"] == "proportion") & (rows["term"] == "dropout")]
    found = shares[shares["definition"] == "unplanned_ending"].set_index("specification")
    clustered, plain = found.loc["therapist_clustered"], found.loc[""]
    for name in ("numerator", "denominator", "n_missing", "n_patients", "estimate"):
        assert clustered[name] == plain[name]
    episodes = data.tables["episodes"]
    judged = episodes[episodes["dropout_unplanned_ending"].isin(["dropout", "other_end"])]
    dropped = judged["dropout_unplanned_ending"] == "dropout"
    value = clustered_rate(dropped.to_numpy(dtype=float), judged["therapist_id"].to_numpy())
    assert clustered["conf_low"] == value.conf_low
    assert clustered["conf_low"] != plain["conf_low"]
    nobody = episodes.assign(
        therapist_id=episodes["therapist_id"].where(episodes.index != judged.index[0])
    )
    without = analyse(given({**data.tables, "episodes": nobody})).estimates
    rates = without[(without["term"] == "dropout") & (without["estimand"] == "proportion")]
    assert set(rates.loc[rates["definition"] == "unplanned_ending", "specification"]) == {""}


def test_states_add_to_one_and_the_upper_curve_is_dropout_plus_unknown(rows: pd.DataFrame) -> None:
    whole = (rows["time_unit"] == SESSIONS) & (rows["dimensions"] == "")
    curves = rows[whole].pivot_table(
        index="time", columns=["estimand", "term"], values="estimate", observed=True
    )
    ended = curves["cumulative_incidence"]
    total = ended[["dropout", "planned_ending", "other_ending", "unknown_ending"]].sum(axis=1)
    still = curves["survival_probability"]["still_in_therapy"]
    np.testing.assert_allclose(total + still, 1.0, atol=1e-12)
    np.testing.assert_allclose(
        ended["dropout_or_unknown"], ended["dropout"] + ended["unknown_ending"], atol=1e-12
    )


def test_time_lost_and_grays_test_are_those_of_the_engines(
    data: AnalysisInput, rows: pd.DataFrame
) -> None:
    frame = people_who_started(data)
    ends = time_to_ending(frame, "unplanned_ending", SESSIONS, 8)
    on_clock = rows[rows["time_unit"] == SESSIONS]
    lost = on_clock[on_clock["estimand"] == "restricted_mean_time_lost"].set_index("term")
    expected = restricted_mean_time_lost(ends.time, ends.cause, 20.0, n_causes=4)[0]
    assert lost.loc["dropout", "estimate"] == pytest.approx(expected.estimate)
    assert lost.loc["dropout", "n_events"] == int(((ends.cause == 1) & (ends.time <= 20)).sum())
    tests = on_clock[on_clock["estimand"] == "grays_test"].set_index("term")
    assert {"gender", "employment", "age", "first_score"} <= set(tests.index)
    gender = frame["gender"].astype(str).to_numpy()[ends.rows]
    direct = grays_test(ends.time, ends.cause, gender)
    assert tests.loc["gender", "statistic"] == pytest.approx(direct.statistic)
    assert tests.loc["gender", "p_value"] == pytest.approx(direct.p_value)


def test_loss_of_contact_is_dated_at_the_last_contact_and_observation_ends_before_the_cut() -> None:
    day = pd.Timestamp("2020-01-06")
    cut = day + pd.Timedelta(weeks=50)
    frame = pd.DataFrame(
        {
            "ending": ["open", "open", "planned_ending", "open"],
            "dropout_lost_contact": ["dropout", "open", "other_end", "open"],
            "first_session_date": [day, day, day, cut - pd.Timedelta(weeks=3)],
            "last_contact_date": [day + pd.Timedelta(weeks=5), cut, cut, cut],
            "end_date": [cut, cut, day + pd.Timedelta(weeks=20), cut],
            "weeks_observed": [50.0, 50.0, 20.0, 3.0],
            "sessions_attended": pd.array([5, 40, 18, 3], dtype="Int32"),
        }
    )
    ends = time_to_ending(frame, "lost_contact", "weeks_since_first_session", 8)
    np.testing.assert_array_equal(ends.rows, [0, 1, 2])
    np.testing.assert_allclose(ends.time, [5.0, 42.0, 20.0])
    np.testing.assert_array_equal(ends.cause, [1, 0, 2])


def test_fewer_than_k_sessions_is_a_share_and_never_an_event(data: AnalysisInput) -> None:
    episodes = data.tables["episodes"]
    few = np.where(episodes["sessions_attended"] < 4, "dropout", "other_end")
    tables = {**data.tables, "episodes": episodes.assign(dropout_fewer_than_k_sessions=few)}
    settings = AnalysisSettings.model_validate(
        {"primary": {"dropout_definition": "fewer_than_k_sessions"}}
    )
    found = analyse(replace(data, tables=tables, settings=settings)).estimates
    share = found[
        (found["term"] == "dropout")
        & (found["estimand"] == "proportion")
        & (found["definition"] == "fewer_than_k_sessions")
    ]
    assert share["estimate"].iloc[0] == pytest.approx((few == "dropout").mean())
    curves = found[(found["term"] == "dropout") & (found["estimand"] == "cumulative_incidence")]
    assert set(curves["status"]) == {"not_run"}
    assert not (found["estimand"] == "hazard_ratio").any()
