"""Other explanations of the change: each number against a direct computation, and the edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.bias import analyse
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.stats.effect_size import standardised_mean_change
from tests.unit.analyses.simulated_cohort import simulated_tables

FEWER = {
    "first_days": [[-28, 14]],
    "last": ["last_available"],
    "imputations": 5,
}


def run(**settings: object) -> pd.DataFrame:
    choices = {"missing_outcomes": {"iterations": 2}, "specification_curve": FEWER, **settings}
    data = AnalysisInput(
        "made",
        simulated_tables(300),
        AnalysisSettings.model_validate(choices),
        load_instruments(),
        rng=np.random.default_rng(1),
    )
    return analyse(data).estimates


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return run()


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    tables = simulated_tables(300)
    frame = tables["outcomes"].merge(tables["episodes"][["referral_id", "ending", "therapist_id"]])
    frame = frame.merge(tables["patients"], on="patient_id")
    return frame[frame["last_score"].notna()].assign(
        change=lambda f: f["first_score"] - f["last_score"]
    )


def test_regression_to_the_mean_over_the_grid(rows: pd.DataFrame, pairs: pd.DataFrame) -> None:
    found = rows[rows["term"] == "selected_by_severity"].set_index("dimensions")["estimate"]
    assert len(found) == 8
    expected = (1 - 0.7) * (pairs["first_score"].mean() - 18.3)
    assert found["population_mean=18.3;reliability=0.7"] == pytest.approx(expected)
    beyond = rows[rows["term"] == "selected_beyond_cut_off"].set_index("dimensions")["estimate"]
    # worked values for CORE-OM: population 4.8 (4.3), cut-off 10; clinical 18.3 (7.1)
    assert beyond["population_mean=4.8;reliability=0.6"] == pytest.approx(2.92, abs=0.005)
    assert beyond["population_mean=18.3;reliability=0.6"] == pytest.approx(0.65, abs=0.005)


def test_the_sweep_ends_where_nothing_is_left_to_regress(
    rows: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    sweep = rows[rows["term"] == "mee_chua_effect"].set_index("time")
    regression = rows[rows["term"] == "mee_chua_regression"].set_index("time")["estimate"]
    total = sweep["estimate"] + regression
    np.testing.assert_allclose(total, pairs["change"].mean(), rtol=1e-9)
    assert sweep["estimate"].iloc[-1] == pytest.approx(pairs["change"].mean())
    assert regression.iloc[-1] == pytest.approx(0.0, abs=1e-9)


def test_waiting_lists_with_their_duration_and_usual_care_apart(rows: pd.DataFrame) -> None:
    found = rows[rows["specification"] == "minus_benchmark"].set_index("term")
    assert {"gibbard_waiting_list", "metapsy_waiting_list", "metapsy_usual_care"} <= set(
        found.index
    )
    apart = found["estimate"]["gibbard_waiting_list"] - found["estimate"]["metapsy_waiting_list"]
    assert apart == pytest.approx(0.38 - 0.24)
    assert found.loc["metapsy_usual_care", "contrast"] == "this cohort minus usual_care"
    assert found["note"].str.contains("duration").all()
    width = found["conf_high"] - found["conf_low"]
    # the published limits make the interval of the difference wider
    assert width["metapsy_waiting_list"] > width["gibbard_waiting_list"]


def test_group_differences_raw_and_adjusted(rows: pd.DataFrame, pairs: pd.DataFrame) -> None:
    found = rows[
        (rows["estimand"] == "adjusted_difference") & (rows["contrast"] == "male vs female")
    ].set_index("specification")
    male = (pairs["gender"] == "male").to_numpy()
    raw = pairs.loc[male, "change"].mean() - pairs.loc[~male, "change"].mean()
    assert found.loc["raw", "estimate"] == pytest.approx(raw)
    design = np.column_stack([np.ones(len(pairs)), male, pairs["first_score"]])
    adjusted = np.linalg.lstsq(design, pairs["change"].to_numpy(), rcond=None)[0][1]
    assert found.loc["adjusted_for_first_score", "estimate"] == pytest.approx(adjusted)
    assert found["note"].str.contains("started at the same score").all()
    values = rows[rows["estimand"] == "e_value"].pivot_table(
        index=["term", "contrast"], columns="specification", values="estimate"
    )
    assert (values["limit"] <= values["estimate"]).all()
    assert (values["limit"] >= 1).all()


def test_endings_recorded_without_error_leave_everything_as_it_is(
    rows: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    perfect = rows[rows["dimensions"] == "sensitivity=1;specificity=1"]
    by_ending = perfect[perfect["term"] == "by_true_ending"].set_index("contrast")["estimate"]
    for ending in ("planned_ending", "unplanned_ending"):
        mean = pairs.loc[pairs["ending"] == ending, "change"].mean()
        assert by_ending[ending] == pytest.approx(mean)


def test_specification_curve_holds_every_combination(
    rows: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    curve = rows[rows["specification"] == "curve"]
    assert len(curve) == 3 * 3 * 4 * 2
    assert not curve.duplicated(["population", "dimensions"]).any()
    plain = curve[
        (curve["population"] == "started")
        & curve["dimensions"].str.contains("missing_forms=complete_pairs")
        & curve["dimensions"].str.contains("effect_size=pre_sd")
    ]
    known = standardised_mean_change(
        pairs["first_score"], pairs["last_score"], better_is="lower", bias_corrected=False
    )
    np.testing.assert_allclose(plain["estimate"], known.estimate)
    summary = rows[rows["specification"] == "curve_summary"]
    ok = curve.loc[curve["status"] == "ok", "estimate"]
    marks = summary[summary["estimand"] == "standardised_mean_change"].set_index("term")["estimate"]
    assert marks["median"] == pytest.approx(ok.median())
    assert marks["lowest"] == pytest.approx(ok.min())
    above = summary[summary["term"] == "specifications_above"].set_index("contrast")["estimate"]
    assert above["gibbard_waiting_list"] == pytest.approx((ok > 0.24).mean())


def test_a_large_cohort_does_not_run_the_curve() -> None:
    rows = run(resampling={"full_inference_up_to": 100})
    curve = rows[rows["specification"] == "curve"]
    assert curve["status"].tolist() == ["not_run"]


def test_population_means_can_be_set() -> None:
    rows = run(
        bias={"population_means": [15.0], "reliabilities": [0.5]},
        specification_curve={**FEWER, "missing": ["complete_pairs"]},
    )
    found = rows[rows["term"] == "selected_by_severity"]
    assert found["dimensions"].tolist() == ["population_mean=15;reliability=0.5"]
