"""The open data sets through their mappings: `restricted/` agrees with R, and what is released follows from it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from naturalistic.cli.stages import Stage
from naturalistic.release.disclosure import protect
from tests.pipeline import project, released, restricted, run_stages

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "open_data.json").read_text())
BTHEB = ("outcome_models", "participant_flow")
# the course over months is not a straight line here; the straight line stands beside the form that is chosen
MODELS = {"growth": "growth_linear", "pre_post": "pre_post"}


@pytest.fixture(scope="module")
def beat_the_blues(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return _run(tmp_path_factory.mktemp("btheb"), "beat_the_blues", "BtheB", BTHEB)


@pytest.fixture(scope="module")
def uis(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return _run(tmp_path_factory.mktemp("uis"), "uis", "uis", ("dropout",))


def _run(folder: Path, cohort: str, item: str, analyses: tuple[str, ...]) -> Stage:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        project(folder)
        (folder / "extracts" / cohort).mkdir(parents=True)
        shutil.copy(
            HERE / "data" / f"{item}_extract.csv", folder / "extracts" / cohort / f"{item}.csv"
        )
        stage = run_stages(cohort, analyses)
        # what the tests read, before the folder is left
        stage.__dict__["tables"] = {
            name: (restricted(stage, name), released(stage, name)) for name in analyses
        }
        return stage


def estimates(stage: Stage, analysis: str) -> pd.DataFrame:
    return stage.__dict__["tables"][analysis][0]


@pytest.mark.parametrize("model", ["growth", "pre_post"])
def test_mixed_models_agree_with_lme4_and_nlme(beat_the_blues: Stage, model: str) -> None:
    frame = estimates(beat_the_blues, "outcome_models")
    rows = frame[(frame["model"] == MODELS[model]) & (frame["estimand"] == "coefficient")]
    rows = rows[rows["specification"] == "adjusted"]
    np.testing.assert_allclose(rows["estimate"], GOLDEN[model]["coef"], atol=1e-6)
    np.testing.assert_allclose(rows["std_error"], GOLDEN[model]["se"], atol=1e-6)


def test_variance_components_agree_with_lme4_and_nlme(beat_the_blues: Stage) -> None:
    frame = estimates(beat_the_blues, "outcome_models")
    variances = frame[frame["estimand"] == "variance"].set_index(["model", "term"])["estimate"]
    growth, two = variances[MODELS["growth"]], variances["pre_post"]
    golden = GOLDEN["growth"]["variance"]
    assert growth["patient.intercept"] == pytest.approx(golden["intercept"], rel=1e-4)
    assert growth["patient.slope"] == pytest.approx(golden["slope"], rel=1e-4)
    assert growth["patient.covariance"] == pytest.approx(golden["covariance"], rel=1e-4)
    assert growth["residual.all"] == pytest.approx(golden["residual"], rel=1e-4)
    golden = GOLDEN["pre_post"]["variance"]
    shared = two["patient.intercept"]
    assert shared == pytest.approx(golden["covariance"], rel=1e-4)
    assert shared + two["residual.time=0"] == pytest.approx(golden["first"], rel=1e-4)
    assert shared + two["residual.time=1"] == pytest.approx(golden["last"], rel=1e-4)


def test_numbers_of_people_are_those_of_the_trial(beat_the_blues: Stage) -> None:
    frame = estimates(beat_the_blues, "participant_flow")
    people = frame[frame["term"] == "people"].set_index("population")["estimate"]
    assert (people["started"], people["paired"]) == (100, 97)


def test_kaplan_meier_agrees_with_survfit(uis: Stage) -> None:
    frame = estimates(uis, "dropout")
    golden = GOLDEN["kaplan_meier"]
    rows = frame[
        (frame["estimand"] == "survival_probability")
        & (frame["term"] == "not_dropped_out")
        & (frame["time_unit"] == "weeks_since_first_session")
        & frame["time"].isin(golden["time"])
    ]
    for column, name in (
        ("estimate", "estimate"),
        ("std_error", "std_error"),
        ("conf_low", "low"),
        ("conf_high", "high"),
    ):
        np.testing.assert_allclose(rows[column].astype(float), golden[name], atol=1e-6)
    at_risk = frame[frame["estimand"] == "at_risk"].drop_duplicates(["time_unit", "time"])
    at_risk = at_risk[
        (at_risk["time_unit"] == "weeks_since_first_session") & at_risk["time"].isin(golden["time"])
    ]
    np.testing.assert_array_equal(at_risk["estimate"], golden["n_risk"])


def test_cox_model_agrees_with_coxph(uis: Stage) -> None:
    frame = estimates(uis, "dropout")
    rows = frame[frame["estimand"] == "hazard_ratio"].set_index("term")
    rows = rows.loc[["age", "ethnicity", "prior_treatment", "step", "service", "baseline"]]
    golden = GOLDEN["cox"]
    np.testing.assert_allclose(np.log(rows["estimate"]), golden["coef"], atol=1e-6)
    np.testing.assert_allclose(rows["std_error"], golden["se"], atol=1e-6)


@pytest.mark.parametrize(
    ("cohort", "analysis"), [("beat_the_blues", "outcome_models"), ("uis", "dropout")]
)
def test_released_figures_follow_from_the_restricted_ones(
    cohort: str, analysis: str, request: pytest.FixtureRequest
) -> None:
    full, shown = request.getfixturevalue(cohort).__dict__["tables"][analysis]
    expected, _ = protect(full, "opensafely")
    assert (shown["status"] == expected["status"]).all()
    given = (shown["status"] == "ok").to_numpy()
    assert given.sum() > 10
    # beside all other analyses a count may be rounded more coarsely than alone, and its figure with it
    alike = shown["n_patients"].fillna(-1) == expected["n_patients"].fillna(-1)
    assert alike.mean() > 0.9
    np.testing.assert_allclose(
        shown.loc[alike, "estimate"], expected.loc[alike, "estimate"], rtol=1e-12
    )
    # rounding moves an estimate by less than a quarter of its standard error's width
    drift = (shown["estimate"] - full["estimate"])[given].abs()
    scale = np.where(full["std_error"] > 0, full["std_error"], 1.0)[given]
    size = np.maximum(1.0, full["estimate"].abs())[given]
    # and a share of a curve to the nearest 5 people
    half_a_step = np.where(full["time"].notna(), 2.6 / full["n_patients"].astype(float), 0.0)[given]
    assert (drift <= np.maximum(0.25 * scale * size, half_a_step)).all()
