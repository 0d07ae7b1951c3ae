"""The outcome models: rules that were declared, identities that must hold, and rows that explain themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.outcome.times import MONTHS, SESSIONS, time_forms
from naturalistic.analyses.outcome_models import NAME, analyse
from naturalistic.analyses.registry import REGISTRY
from naturalistic.reference.loader import load_instruments
from naturalistic.release.disclosure import protect
from naturalistic.settings.config import AnalysisSettings
from naturalistic.tables.estimates import ESTIMATES
from tests.unit.analyses.session_cohort import GAIN, session_tables
from tests.unit.analyses.simulated_cohort import simulated_tables

PREDICTORS = ("age", "gender", "employment")


def estimates(tables: dict[str, pd.DataFrame], **settings: Any) -> pd.DataFrame:
    values = {
        "predictors": PREDICTORS,
        "resampling": {"bootstrap_draws": 100},
        "outcome_models": {
            "described_people": {"reference": {}, "older_man": {"age": 60.0, "gender": "male"}}
        },
        **settings,
    }
    result = analyse(
        AnalysisInput(
            cohort="hand",
            tables={name: tables[name] for name in REGISTRY[NAME].tables},
            settings=AnalysisSettings.model_validate(values),
            instruments=load_instruments(),
        )
    )
    assert ESTIMATES.problems(result.estimates) == []
    return result.estimates


def rows(frame: pd.DataFrame, **key: str) -> pd.DataFrame:
    for column, value in key.items():
        frame = frame[frame[column] == value]
    return frame


def one(frame: pd.DataFrame, **key: str) -> pd.Series:
    found = rows(frame, **key)
    assert len(found) == 1, key
    return found.iloc[0]


@pytest.fixture(scope="module")
def two_forms() -> pd.DataFrame:
    return estimates(simulated_tables(300))


@pytest.fixture(scope="module")
def every_session() -> pd.DataFrame:
    return estimates(session_tables())


def test_the_form_of_time_is_the_one_with_the_lowest_bic(every_session: pd.DataFrame) -> None:
    found = rows(every_session, estimand="bic_difference").set_index("term")
    assert set(found.index) == {"linear", "logarithm", "quadratic", "piecewise", "spline"}
    assert found["contrast"].to_dict()["logarithm"] == "chosen"
    assert found.loc["logarithm", "estimate"] == 0
    assert (found.drop("logarithm")["estimate"] > 0).all()
    slope = one(
        every_session, model="growth", specification="adjusted", term="time", estimand="coefficient"
    )
    assert slope["conf_low"] < -GAIN < slope["conf_high"]
    # the straight line stands beside it
    assert len(rows(every_session, model="growth_linear", estimand="coefficient")) > 0


def test_twins_stand_beside_the_growth_model(every_session: pd.DataFrame) -> None:
    growth = rows(every_session, model="growth", estimand="coefficient")
    parts = {s: f.set_index(["term", "contrast"]) for s, f in growth.groupby("specification")}
    assert set(parts) == {"adjusted", "alone", "cluster_robust", "population_averaged"}
    same, robust = parts["adjusted"]["estimate"], parts["cluster_robust"]["estimate"]
    pd.testing.assert_series_equal(same, robust)
    errors = parts["cluster_robust"]["std_error"] / parts["adjusted"]["std_error"]
    assert errors.between(0.4, 2.0).all() and not np.allclose(errors, 1.0)
    assert not np.allclose(same, parts["population_averaged"]["estimate"])
    assert parts["population_averaged"]["note"].str.contains("population-averaged").all()


def test_slow_improvement_foretells_dropout_where_it_does(every_session: pd.DataFrame) -> None:
    found = one(every_session, model="shared_parameter", term="patient_slope")
    assert found["conf_high"] < 1
    assert found["n_events"] > 10
    assert "not a joint model" in found["note"]


def test_a_raw_difference_is_what_is_expected_from_the_start_and_what_is_not() -> None:
    tables = simulated_tables(200)
    tables["episodes"]["therapist_id"] = pd.NA
    frame = estimates(tables)
    side = rows(frame, model="side_by_side").pivot_table(
        index=["term", "contrast"], columns="specification", values="estimate"
    )
    assert len(side) == len(PREDICTORS)
    np.testing.assert_allclose(
        side["raw"], side["expected_from_start"] + side["same_start"], atol=1e-9
    )
    paired = (
        tables["outcomes"].dropna(subset="last_score").merge(tables["patients"], on="patient_id")
    )
    means = paired.groupby("gender", observed=True)["first_score"].mean()
    assert side.loc[("gender", "male vs female"), "before_therapy"] == pytest.approx(
        means["male"] - means["female"]
    )
    absent = one(frame, model="pre_post", estimand="variance", term="therapist.intercept")
    assert absent["status"] == "not_measured"


def test_false_discovery_control_is_benjamini_and_hochbergs(two_forms: pd.DataFrame) -> None:
    key = {"model": "pre_post", "specification": "adjusted"}
    p = rows(two_forms, estimand="joint_test", **key).set_index("term")["p_value"].astype(float)
    q = rows(two_forms, estimand="false_discovery_rate", **key).set_index("term")["estimate"]
    assert len(p) == 2 * len(PREDICTORS)
    ordered = p.sort_values()
    raw = ordered * len(p) / np.arange(1, len(p) + 1)
    expected = raw[::-1].cummin()[::-1].clip(upper=1.0)
    np.testing.assert_allclose(q[ordered.index], expected)


def test_a_joint_test_of_one_column_is_its_squared_t(two_forms: pd.DataFrame) -> None:
    key = {"model": "pre_post", "specification": "adjusted", "term": "time:gender"}
    coefficient = one(two_forms, estimand="coefficient", **key)
    joint = one(two_forms, estimand="joint_test", **key)
    assert joint["estimate"] == pytest.approx(
        (coefficient["estimate"] / coefficient["std_error"]) ** 2
    )


def test_two_therapists_are_no_level_and_the_rows_say_so() -> None:
    tables = simulated_tables(120)
    tables["episodes"]["therapist_id"] = (tables["episodes"]["therapist_id"] > 7).astype("Int64")
    frame = estimates(tables)
    variance = one(frame, model="pre_post", estimand="variance", term="therapist.intercept")
    assert variance["status"] == "not_estimable"
    assert "at least 3 therapists, found 2" in variance["note"]
    main = rows(frame, model="pre_post", specification="adjusted", estimand="coefficient")
    assert (main["status"] == "ok").all()
    assert "therapist" not in main["method"].iloc[0]
    share = one(frame, specification="change", estimand="intraclass_correlation")
    assert share["status"] == "not_estimable"


def test_as_many_therapists_as_people_are_left_out_with_the_reason() -> None:
    tables = simulated_tables(120)
    tables["episodes"]["therapist_id"] = tables["episodes"]["patient_id"]
    frame = estimates(tables)
    main = rows(frame, model="pre_post", specification="adjusted", estimand="coefficient")
    assert (main["status"] == "ok").all()
    assert main["note"].str.contains("refitted without therapist effects: ").all()


def test_therapists_are_ranks_without_names_or_caseloads(two_forms: pd.DataFrame) -> None:
    found = rows(two_forms, estimand="therapist_effect")
    assert len(found) >= 5
    assert found["n_patients"].nunique() == 1
    assert found["n_patients"].iloc[0] >= 10
    assert found["estimate"].is_monotonic_increasing
    width = (found["conf_high"] - found["conf_low"]) / found["std_error"]
    np.testing.assert_allclose(width, width.iloc[0])
    assert 2 * 1.3 < width.iloc[0] < 2 * 1.39
    others = simulated_tables(300)
    # other identifiers, other order of them: the same figures
    renamed = others["episodes"]["therapist_id"].map(lambda t: (t * 7) % 31 + 5).astype("Int64")
    others["episodes"]["therapist_id"] = renamed
    again = rows(estimates(others), estimand="therapist_effect")
    np.testing.assert_allclose(again["estimate"], found["estimate"], atol=1e-5)


def test_few_large_caseloads_are_not_shown() -> None:
    frame = estimates(simulated_tables(60))
    found = one(frame, estimand="therapist_effect")
    assert found["status"] in ("not_run", "not_estimable")
    assert "therapists" in found["note"]


def test_a_floor_below_ten_is_refused() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 10"):
        AnalysisSettings.model_validate({"outcome_models": {"smallest_caseload": 5}})


def test_above_the_limit_the_bootstrap_is_not_run_and_says_so() -> None:
    frame = estimates(simulated_tables(110), resampling={"full_inference_up_to": 100})
    found = one(frame, specification="change_bootstrap")
    assert found["status"] == "not_run"
    assert "more than 100 people" in found["note"]
    assert one(frame, specification="change", estimand="intraclass_correlation")["status"] == "ok"


def test_described_people_follow_the_coefficients(two_forms: pd.DataFrame) -> None:
    key = {"model": "pre_post", "specification": "described_person", "term": "reference"}
    first = rows(two_forms, estimand="predicted_score", **key).set_index("time")["estimate"]
    main = {"model": "pre_post", "specification": "adjusted", "estimand": "coefficient"}
    intercept, time = (one(two_forms, term=t, **main)["estimate"] for t in ("Intercept", "time"))
    assert first[0.0] == pytest.approx(intercept)
    assert first[1.0] == pytest.approx(intercept + time)
    assert one(two_forms, estimand="mean_change", **key)["estimate"] == pytest.approx(-time)
    chance = rows(two_forms, estimand="standardised_risk")
    assert chance["estimate"].between(0, 1).all() and len(chance) == 2


def test_who_cannot_be_described_is_a_row_with_the_reason() -> None:
    people = {"a": {"employment": "retired"}, "b": {"religion": "sikh"}}
    frame = estimates(simulated_tables(100), outcome_models={"described_people": people})
    found = rows(frame, estimand="predicted_score")
    assert (found["status"] == "not_measured").all()
    assert "retired" in found["note"].iloc[0]
    assert "religion" in found["note"].iloc[1]


def test_pattern_mixture_is_the_average_over_the_ways_of_ending(two_forms: pd.DataFrame) -> None:
    found = rows(two_forms, model="pattern_mixture", specification="by_ending")
    by, overall = found[found["dimensions"] != ""], found[found["dimensions"] == ""].iloc[0]
    share = by["numerator"] / by["denominator"]
    assert share.sum() == pytest.approx(1.0)
    assert overall["estimate"] == pytest.approx(float((share * by["estimate"]).sum()))
    # who dropped out changed less, and mostly left no form: at random the average looks better than it is
    plain = one(two_forms, model="pattern_mixture", specification="missing_at_random")
    assert overall["estimate"] < plain["estimate"]


def test_one_way_of_ending_is_no_mixture() -> None:
    tables = simulated_tables(80)
    tables["episodes"]["ending"] = "unknown_ending"
    found = one(estimates(tables), model="pattern_mixture", estimand="mean_change")
    assert found["status"] == "not_estimable"
    assert "cannot be told apart" in found["note"]


def test_everybody_improved_is_a_reason_and_no_number() -> None:
    tables = simulated_tables(80)
    tables["outcomes"]["change_category"] = "improved"
    found = one(estimates(tables), estimand="odds_ratio")
    assert (found["status"], found["note"]) == (
        "not_estimable",
        "everybody or nobody improved reliably",
    )


def test_separation_explains_itself() -> None:
    tables = simulated_tables(150)
    men = tables["patients"].set_index("patient_id")["gender"].eq("male")
    is_man = tables["outcomes"]["patient_id"].map(men)
    tables["outcomes"]["change_category"] = tables["outcomes"]["change_category"].mask(
        is_man, "unchanged"
    )
    frame = estimates(tables)
    odds = one(frame, estimand="odds_ratio", specification="adjusted", term="gender")
    assert odds["status"] == "not_estimable"
    assert "gender" in odds["note"]
    risk = rows(frame, estimand="risk_difference").set_index("term")
    assert risk.loc["gender", "status"] == "not_estimable"
    assert "at this level" in risk.loc["gender", "note"]
    # the others are averaged over those of whom something can be said, and say so
    others = risk.drop("gender")
    assert (others["status"] == "ok").all()
    assert others["note"].str.contains("everybody or nobody improved reliably at gender").all()
    man = one(frame, estimand="standardised_risk", term="older_man")
    assert man["status"] == "not_estimable"
    assert one(frame, estimand="standardised_risk", term="reference")["status"] == "ok"


def test_the_probability_scale_answers_the_same_question(two_forms: pd.DataFrame) -> None:
    odds = rows(two_forms, estimand="odds_ratio", specification="adjusted")
    risk = rows(two_forms, estimand="risk_difference")
    joined = odds.merge(risk, on=["term", "contrast"], suffixes=("", "_risk"))
    assert len(joined) == len(PREDICTORS) + 1
    assert (np.sign(np.log(joined["estimate"])) == np.sign(joined["estimate_risk"])).all()
    twin = rows(two_forms, estimand="odds_ratio", specification="population_averaged")
    assert (twin["status"] == "ok").all()


def test_released_therapists_keep_the_rules(two_forms: pd.DataFrame) -> None:
    released, _ = protect(two_forms, "opensafely")
    shown = rows(released, estimand="therapist_effect")
    assert (shown["status"] == "ok").all()
    assert (shown["n_patients"] == shown["n_patients"].iloc[0]).all()
    risk = rows(rows(released, estimand="risk_difference"), status="ok")
    assert (risk["conf_low"] < risk["estimate"]).all()


def test_forms_of_time_that_cannot_be_had_say_why() -> None:
    forms, refused = time_forms(MONTHS, np.repeat([0.0, 6.0], 20))
    assert "coincide" in refused["spline"]
    by_name = {form.name: form for form in forms}
    np.testing.assert_allclose(by_name["linear"].columns(np.array([0.0, 3.0])), [[0.0], [3.0]])
    sessions = {form.name: form for form in time_forms(SESSIONS, np.arange(1.0, 30.0))[0]}
    np.testing.assert_allclose(
        sessions["logarithm"].columns(np.array([1.0, 2.0, 8.0]))[:, 0], [0.0, 1.0, 3.0]
    )
    assert "10 sessions" in sessions["linear"].words
    knot = float(np.median(np.arange(2.0, 30.0)))
    bent = sessions["piecewise"].columns(np.array([1.0, knot, knot + 10.0]))
    np.testing.assert_allclose(bent[:, 1], [0.0, 0.0, 1.0])
