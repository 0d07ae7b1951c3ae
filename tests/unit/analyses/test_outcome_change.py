"""Sizes of change through the analysis: against the functions, in both directions of a scale, and at the edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.change.national_rules import national_start_sd
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.outcome_change import analyse
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.stats.effect_size import standardised_mean_change
from naturalistic.tables.derived import OUTCOMES
from tests.unit.analyses.simulated_cohort import simulated_tables

SIZES = {
    "mean_change",
    "standardised_mean_change",
    "standardised_change_d_z",
    "standardised_change_d_av",
    "standardised_change_d_rm",
    "standardised_change_external",
    "percentage_change",
    "rank_biserial",
    "probability_of_improvement",
}


def run(tables: dict[str, pd.DataFrame], **settings: object) -> pd.DataFrame:
    choices = AnalysisSettings.model_validate({"resampling": {"bootstrap_draws": 200}, **settings})
    data = AnalysisInput("made", tables, choices, load_instruments(), rng=np.random.default_rng(2))
    return analyse(data).estimates


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return run(simulated_tables(300))


def whole(rows: pd.DataFrame, population: str = "paired", specification: str = "") -> pd.DataFrame:
    chosen = rows[
        (rows["dimensions"] == "")
        & (rows["population"] == population)
        & (rows["specification"] == specification)
        & rows["estimand"].isin(SIZES)
    ]
    return chosen.set_index("estimand")


def test_every_size_has_an_interval_that_holds_it(rows: pd.DataFrame) -> None:
    for population in ("paired", "started_with_followup", "planned_ending", "case_at_start"):
        found = whole(rows, population)
        assert set(found.index) == SIZES
        assert (found["conf_low"] < found["estimate"]).all()
        assert (found["estimate"] < found["conf_high"]).all()


def test_numbers_are_those_of_the_functions(rows: pd.DataFrame) -> None:
    outcomes = simulated_tables(300)["outcomes"]
    pairs = outcomes[outcomes["last_score"].notna()]
    pre, post = pairs["first_score"].to_numpy(float), pairs["last_score"].to_numpy(float)
    found = whole(rows)
    for estimand, standardiser in (
        ("standardised_mean_change", "pre_sd"),
        ("standardised_change_d_z", "difference_sd"),
        ("standardised_change_d_av", "average_sd"),
    ):
        known = standardised_mean_change(pre, post, better_is="lower", standardiser=standardiser)
        assert found.loc[estimand, "estimate"] == pytest.approx(known.estimate)
        assert found.loc[estimand, "conf_high"] == pytest.approx(known.conf_high)
    assert found.loc["mean_change", "estimate"] == pytest.approx((pre - post).mean())
    assert found.loc["standardised_change_external", "estimate"] == pytest.approx(
        (pre - post).mean() / 7.1
    )


def test_bootstrap_by_person_and_by_therapist(rows: pd.DataFrame) -> None:
    for name in ("bca_by_person", "bca_by_therapist"):
        found = whole(rows, specification=name)
        assert set(found.index) == {"mean_change", "standardised_mean_change"}
        assert (found["status"] == "ok").all()
    found = whole(rows, specification="jackknife_by_therapist")
    # the interval to quote exists for every size of change, not only for those that are resampled
    assert set(found.index) == SIZES - {"rank_biserial", "probability_of_improvement"}
    assert (found["status"] == "ok").all() and (found["df"] < found["n_therapists"]).all()
    one, two = (run(simulated_tables(300)), rows)
    pd.testing.assert_frame_equal(one, two)


def test_subgroups_add_up_and_say_what_they_rest_on(rows: pd.DataFrame) -> None:
    share = rows[(rows["term"] == "share_of_started") & (rows["population"] == "paired")]
    share = share[share["specification"] == ""]
    total = share[share["dimensions"] == ""].iloc[0]
    for name in ("gender", "year", "employment"):
        part = share[share["dimensions"].str.startswith(f"{name}=")]
        assert len(part) > 1
        assert part["numerator"].sum() == total["numerator"]
        assert part["denominator"].sum() == total["denominator"] == 300


def test_a_scale_where_higher_is_better_turns_the_sign() -> None:
    tables = simulated_tables(200)
    turned = tables["outcomes"].assign(
        instrument="reqol_10",
        scale="total",
        first_score=40 - tables["outcomes"]["first_score"],
        last_score=40 - tables["outcomes"]["last_score"],
    )
    primary = {"primary": {"instrument": "reqol_10", "scale": "total"}}
    up = whole(run({**tables, "outcomes": OUTCOMES.conform(turned)}, **primary))
    down = whole(run(tables))
    for estimand in ("mean_change", "standardised_mean_change", "rank_biserial"):
        assert up.loc[estimand, "estimate"] == pytest.approx(down.loc[estimand, "estimate"])
        assert up.loc[estimand, "conf_low"] == pytest.approx(down.loc[estimand, "conf_low"])
    # a percentage of the first score means nothing where 0 is the worst
    assert "percentage_change" not in up.index


@pytest.mark.parametrize("n", [1, 2, 3])
def test_one_to_three_people_give_a_number_or_a_reason(n: int) -> None:
    tables = simulated_tables(30, missing=False)
    outcomes = tables["outcomes"].copy()
    outcomes.loc[n:, "last_score"] = np.nan
    outcomes["pairing"] = pd.Categorical(
        np.where(np.arange(len(outcomes)) < n, "paired", "no_last_form"),
        categories=outcomes["pairing"].cat.categories,
    )
    found = whole(run({**tables, "outcomes": outcomes}))
    assert set(found.index) == SIZES
    refused = found[found["status"] != "ok"]
    assert (refused["note"] != "").all()
    assert (found["status"] == "ok").any()


def test_scores_all_the_same_have_reasons() -> None:
    tables = simulated_tables(40, missing=False)
    same = tables["outcomes"].assign(first_score=20.0, last_score=20.0)
    found = whole(run({**tables, "outcomes": same}))
    assert found.loc["mean_change", "estimate"] == 0.0
    assert found.loc["standardised_mean_change", "status"] == "not_estimable"
    assert found.loc["standardised_mean_change", "note"] != ""


def test_a_large_cohort_says_that_the_bootstrap_was_not_run() -> None:
    rows = run(simulated_tables(150), resampling={"full_inference_up_to": 100})
    asked = rows[rows["specification"].str.startswith("bca")]
    assert len(asked) > 0
    assert (asked["status"] == "not_run").all()
    assert whole(rows).loc["mean_change", "status"] == "ok"


def test_the_national_sd_is_used_where_one_is_published(rows: pd.DataFrame) -> None:
    tables = simulated_tables(120)
    depression = tables["outcomes"].assign(
        instrument="phq_9",
        scale="total",
        first_score=np.minimum(tables["outcomes"]["first_score"], 27),
        last_score=np.minimum(tables["outcomes"]["last_score"], 27),
    )
    primary = {"primary": {"instrument": "phq_9", "scale": "total"}}
    found = run({**tables, "outcomes": OUTCOMES.conform(depression)}, **primary)
    national = whole(found, specification="national_sd").loc["standardised_change_external"]
    sd, note = national_start_sd("phq_9")
    # mixture of therapies whose SDs are 5.7 to 6.3: between the SDs, and a little above their mean
    assert sd is not None and 5.5 < sd < 6.7 and note == national["note"]
    mean = whole(found).loc["mean_change", "estimate"]
    assert national["estimate"] == pytest.approx(mean / sd)
    # CORE-OM is not among the national figures
    assert not (rows["specification"] == "national_sd").any()


def test_every_population_is_shown_by_year_and_characteristic(rows: pd.DataFrame) -> None:
    part = rows[(rows["estimand"] == "mean_change") & (rows["specification"] == "")]
    for population in ("paired", "started_with_followup", "planned_ending", "case_at_start"):
        found = part[part["population"] == population]
        for name in ("year", "gender", "employment"):
            levels = found[found["dimensions"].str.startswith(f"{name}=")]
            whole_group = found[found["dimensions"] == ""]["n_patients"].iloc[0]
            assert levels["n_patients"].sum() == whole_group
