"""Missing last forms through the analysis: a cohort of 300 with a known truth, and the edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.missing_outcomes import analyse
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from tests.unit.analyses.simulated_cohort import simulated_tables

METHODS = {
    "complete_pairs",
    "mixed_model",
    "inverse_probability_weights",
    "multiple_imputation",
    "last_observation_carried_forward",
    "worst_case",
    "worst_possible",
}


def given(**settings: object) -> AnalysisInput:
    choices = {"resampling": {"imputations": 10}, "missing_outcomes": {"iterations": 3}}
    return AnalysisInput(
        cohort="made",
        tables=simulated_tables(300),
        settings=AnalysisSettings.model_validate({**choices, **settings}),
        instruments=load_instruments(),
        rng=np.random.default_rng(8),
    )


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return analyse(given()).estimates


def change(rows: pd.DataFrame) -> pd.Series:
    chosen = rows[(rows["estimand"] == "mean_change") & (rows["term"] == "")]
    return chosen.set_index("specification")["estimate"]


def test_every_method_is_there_and_the_bounds_bound(rows: pd.DataFrame) -> None:
    found = change(rows)
    assert set(found.index) == METHODS
    for method in METHODS - {"worst_possible"}:
        assert found["worst_possible"] < found[method]
    assert found["worst_case"] < found["last_observation_carried_forward"] < found["complete_pairs"]


def test_missing_at_random_is_put_right(rows: pd.DataFrame) -> None:
    """People who dropped out improve less and have fewer forms: pairs flatter, imputation and weights do not."""
    found, complete = change(rows), simulated_tables(300, missing=False)
    outcomes = complete["outcomes"]
    truth = float((outcomes["first_score"] - outcomes["last_score"]).mean())
    for method in ("multiple_imputation", "inverse_probability_weights"):
        assert abs(found[method] - truth) < abs(found["complete_pairs"] - truth)


def test_tipping_points_lie_where_the_curve_meets_the_target(rows: pd.DataFrame) -> None:
    curve = rows[
        (rows["term"] == "tipping_curve") & (rows["dimensions"] == "shifted=everyone")
    ].sort_values("time")
    assert (np.diff(curve["estimate"]) < 0).all()
    points = rows[
        (rows["estimand"] == "tipping_point") & (rows["dimensions"] == "shifted=everyone")
    ]
    targets = rows[rows["term"] == "target"].set_index("contrast")["estimate"]
    assert {"nothing", "reliable_change", "gibbard_waiting_list"} <= set(targets.index)
    for _, point in points[points["contrast"] == "estimate"].iterrows():
        at = float(np.interp(point["estimate"], curve["time"], curve["estimate"]))
        if point["estimate"] >= 0:
            assert at == pytest.approx(targets[point["term"]], abs=1e-6)
    pairs = points.pivot_table(index="term", columns="contrast", values="estimate")
    assert (pairs["lower_limit"] < pairs["estimate"]).all()


def test_by_ending_takes_a_larger_shift_than_everyone(rows: pd.DataFrame) -> None:
    points = rows[
        (rows["estimand"] == "tipping_point")
        & (rows["term"] == "nothing")
        & (rows["contrast"] == "estimate")
    ].set_index("dimensions")["estimate"]
    everyone = points.pop("shifted=everyone")
    assert len(points) >= 2
    assert (points > everyone).all()


def test_too_many_people_are_not_run() -> None:
    settings = {"resampling": {"imputations": 10, "full_inference_up_to": 100}}
    rows = analyse(given(**settings)).estimates
    imputed = rows[rows["specification"] == "multiple_imputation"]
    assert len(imputed) == 3
    assert (imputed["status"] == "not_run").all()
    assert imputed["note"].str.contains("at most 100 people").all()
    assert rows.loc[rows["specification"] == "mixed_model", "status"].eq("ok").all()


def test_order_of_rows_and_pseudonyms_do_not_matter() -> None:
    one = given()
    shuffled = {
        name: frame.sample(frac=1, random_state=3).reset_index(drop=True)
        for name, frame in one.tables.items()
    }
    renamed = {
        name: frame.assign(therapist_id=(frame["therapist_id"] * 7) % 1009)
        if "therapist_id" in frame
        else frame
        for name, frame in shuffled.items()
    }
    two = replace(one, tables=renamed, rng=np.random.default_rng(8))
    keys = ["estimand", "term", "contrast", "dimensions", "specification", "population", "time"]
    first, second = (
        analyse(data).estimates.sort_values(keys, ignore_index=True)
        for data in (replace(one, rng=np.random.default_rng(8)), two)
    )
    np.testing.assert_allclose(
        first["estimate"].to_numpy(float), second["estimate"].to_numpy(float), rtol=1e-6, atol=1e-9
    )
