"""Pooled rates of people who share therapists: what the twin is made from, and what is said of it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.release.bundles import bundle_of

from naturalistic.release.bundle_model import Bundle
from naturalistic.release.pooling import PoolRequest, pool
from naturalistic.release.pooling_rows import INTERVAL
from naturalistic.report.pooled import write_pooled_report
from naturalistic.report.pooled_words import therapists_sentence
from naturalistic.stats.meta_analysis import pool_proportions, random_effects

NAMES = ("a", "b", "c", "d")
RAW = {
    name: bundle_of(name, seed=i + 3, people=240 + 40 * i, therapists=12)
    for i, name in enumerate(NAMES)
}
CLUSTERED = "therapist_clustered"


def pooled_of(raw: dict[str, dict[str, Any]], **request: Any) -> Any:
    return pool([Bundle.model_validate(raw[n]) for n in sorted(raw)], PoolRequest(**request))


def rates(pooled: Any) -> pd.DataFrame:
    rows = pooled.tables["estimates"]
    return rows[rows["analysis"] == "clinical_change"].set_index("specification")


def row_of(bundle: dict[str, Any], specification: str) -> dict[str, Any]:
    return next(
        r
        for r in bundle["estimates"]
        if r["analysis"] == "clinical_change" and r.get("specification", "") == specification
    )


def design_effect_of(bundle: dict[str, Any]) -> float:
    """By hand: the squared ratio of the two half widths of Wilson's limits is the design effect, but for the small terms."""
    note = row_of(bundle, CLUSTERED)["note"]
    return max(float(note.removeprefix("design effect ").split(";")[0]), 1.0)


def without_effect(*names: str) -> dict[str, dict[str, Any]]:
    raw = copy.deepcopy(RAW)
    for name in names:
        raw[name]["estimates"].remove(row_of(raw[name], CLUSTERED))
    return raw


@pytest.fixture(scope="module")
def pooled() -> Any:
    return pooled_of(RAW)


def test_the_twin_is_the_model_of_effective_numbers_and_what_the_report_leads_with(pooled):
    services = pooled.tables["services"]
    effects = services[services["headline"] == "reliable_improvement"]["design_effect"]
    plain = [row_of(RAW[n], "") for n in NAMES]
    fit = pool_proportions(
        [r["numerator"] for r in plain],
        [r["denominator"] for r in plain],
        design_effects=effects.to_numpy(),
    )
    row = rates(pooled).loc[CLUSTERED]
    assert row["headline"] == "reliable_improvement"
    assert row["estimate"] == pytest.approx(fit.typical.estimate, rel=1e-12)
    assert row["tau2_high"] == pytest.approx(fit.tau2_high, rel=1e-9)
    assert (row["k"], row["k_design_effect"]) == (4, 4)
    assert row["design_effect_high"] == effects.max() > 2
    assert np.isnan(row["design_effect_assumed"])
    assert "effective numbers" in row["method"]


def test_the_rate_by_counts_alone_stands_beside_it_as_it_was(pooled):
    plain = [row_of(RAW[n], "") for n in NAMES]
    fit = pool_proportions([r["numerator"] for r in plain], [r["denominator"] for r in plain])
    row = rates(pooled).loc[""]
    assert row["headline"] == ""
    assert row["estimate"] == pytest.approx(fit.typical.estimate, rel=1e-12)
    assert row["tau2_low"] == pytest.approx(fit.tau2_low, rel=1e-9, abs=1e-12)
    assert np.isnan(row["design_effect"])
    twin = rates(pooled).loc[CLUSTERED]
    assert twin["tau2"] < row["tau2"]  # what therapists differ by is no longer between services
    assert twin["i2"] < row["i2"]


def test_design_effects_are_those_of_the_services(pooled):
    services = pooled.tables["services"]
    mine = services[services["headline"] == "reliable_improvement"].set_index("cohort")
    for name in NAMES:
        # counts rounded to 5 and the released error move it
        assert mine.loc[name, "design_effect"] == pytest.approx(
            design_effect_of(RAW[name]), rel=0.08
        )
        own = row_of(RAW[name], CLUSTERED)
        assert mine.loc[name, "conf_low"] == own["conf_low"]
    assert (mine["design_effect_from"] == "its own").all()
    x, n = (row_of(RAW["a"], "")[c] for c in ("numerator", "denominator"))
    error = np.sqrt(mine.loc["a", "design_effect"] * (1 / x + 1 / (n - x)))
    assert mine.loc["a", "std_error"] == pytest.approx(error, rel=1e-12)
    assert services[services["headline"] == "dropout"]["design_effect"].isna().all()


def test_a_service_without_one_has_the_median_of_the_others_or_one():
    raw = without_effect("b")
    median = pooled_of(raw)
    row = rates(median).loc[CLUSTERED]
    assert (row["k"], row["k_design_effect"]) == (4, 3)
    assert row["design_effect_assumed"] == row["design_effect"]
    services = median.tables["services"].set_index(["headline", "cohort"])
    mine = services.loc[("reliable_improvement", "b")]
    assert mine["design_effect"] == row["design_effect"]
    assert mine["design_effect_from"] == "median of the others"
    assert mine["conf_low"] == row_of(raw["b"], "")["conf_low"]
    one = pooled_of(raw, therapists_unknown="one")
    assert rates(one).loc[CLUSTERED, "design_effect_assumed"] == 1.0
    services = one.tables["services"].set_index(["headline", "cohort"])
    assert services.loc[("reliable_improvement", "b"), "design_effect_from"] == "taken as 1"


def test_where_no_service_has_one_there_is_no_twin_and_it_is_said():
    made = pooled_of(without_effect(*NAMES))
    found = rates(made)
    assert found.index.tolist() == [""]
    assert found["headline"].tolist() == ["reliable_improvement"]
    said = therapists_sentence(found.iloc[0], None, "reliable_improvement")
    assert "every person counts on their own" in said


def test_design_effects_of_one_change_nothing():
    raw = copy.deepcopy(RAW)
    for name in NAMES:  # limits of as many strangers, told as those of therapists
        plain, clustered = row_of(raw[name], ""), row_of(raw[name], CLUSTERED)
        clustered |= {"conf_low": plain["conf_low"], "conf_high": plain["conf_high"], "df": 1e9}
    both = rates(pooled_of(raw))
    assert both.loc[CLUSTERED, "design_effect_high"] == pytest.approx(1.0, abs=1e-4)
    for name in ("estimate", "conf_low", "conf_high", "tau2", "prediction_high"):
        assert both.loc[CLUSTERED, name] == pytest.approx(both.loc["", name], rel=1e-4)


def test_nobody_and_unusable_limits_give_no_design_effect():
    raw = copy.deepcopy(RAW)
    row_of(raw["a"], CLUSTERED).pop("df")
    row_of(raw["b"], CLUSTERED).pop("conf_high")
    row_of(raw["c"], CLUSTERED)["numerator"] = 0
    raw["e"] = bundle_of("e", seed=9, therapists=12)
    row_of(raw["e"], CLUSTERED)["conf_level"] = 1.0
    row = rates(pooled_of(raw)).loc[CLUSTERED]
    assert (row["k"], row["k_design_effect"]) == (5, 1)
    assert row["design_effect"] == row["design_effect_assumed"]


def test_another_analysis_tells_it_only_of_the_same_people():
    """`participant_flow` gives the share with both forms, `outcome_change` the same with therapists left out."""
    raw = copy.deepcopy(RAW)
    for name in NAMES:
        share = next(
            r for r in raw[name]["estimates"] if r["analysis"] == "participant_flow" and "term" in r
        )
        other = {**share, "analysis": "outcome_change", "specification": CLUSTERED, "df": 10.0}
        other |= {"conf_low": share["conf_low"] - 0.05, "conf_high": share["conf_high"] + 0.05}
        if name == "d":
            other["denominator"] += 5
        raw[name]["estimates"].append(other)
    rows = pooled_of(raw).tables["estimates"]
    found = rows[(rows["analysis"] == "participant_flow") & (rows["specification"] == CLUSTERED)]
    assert found["k_design_effect"].tolist() == [3]
    assert found["headline"].tolist() == ["both_forms"]


def test_the_size_of_a_change_takes_the_error_that_leaves_therapists_out():
    raw, errors = copy.deepcopy(RAW), {}
    for name, factor in zip(NAMES, (1.5, 2.0, 0.8, np.nan), strict=True):
        plain = next(r for r in raw[name]["estimates"] if r["estimand"] == "mean_change")
        errors[name] = plain["std_error"]
        if not np.isnan(factor):
            twin = {**plain, "specification": "jackknife_by_therapist", "conf_low": 0.25}
            raw[name]["estimates"].append(
                {**twin, "std_error": factor * plain["std_error"], "df": 11.0}
            )
    made = pooled_of(raw)
    services = made.tables["services"].set_index(["headline", "cohort"]).loc["mean_change"]
    # never below 1, and the median of 2.25, 4 and 1 where a service tells none
    assert services["design_effect"].tolist() == pytest.approx([2.25, 4.0, 1.0, 2.25])
    expected = [f * errors[n] for n, f in zip(NAMES, (1.5, 2.0, 1.0, 1.5), strict=True)]
    assert services["std_error"].tolist() == pytest.approx(expected)
    assert services["conf_low"].iloc[0] == 0.25
    rows = made.tables["estimates"]
    found = rows[rows["estimand"] == "mean_change"].set_index("specification")
    fit = random_effects(services["value"], expected, interval=INTERVAL)
    twin, plain = found.loc["jackknife_by_therapist"], found.loc[""]
    assert twin["conf_high"] == pytest.approx(fit.average.conf_high, rel=1e-12)
    assert (twin["headline"], plain["headline"]) == ("mean_change", "")
    assert "allow for therapists" in twin["method"]
    assert plain["conf_high"] == pytest.approx(
        random_effects(
            services["value"], list(errors.values()), interval=INTERVAL
        ).average.conf_high
    )


def test_an_error_no_group_of_people_can_have_is_none():
    raw = copy.deepcopy(RAW)
    for name, error in (("a", 1e-300), ("b", 1e-12)):
        plain = next(r for r in raw[name]["estimates"] if r["estimand"] == "mean_change")
        raw[name]["estimates"].append(
            {**plain, "specification": "jackknife_by_therapist", "std_error": error}
        )
    plain = next(r for r in raw["c"]["estimates"] if r["estimand"] == "mean_change")
    plain["std_error"] = 1e-300
    made = pooled_of(raw)
    rows = made.tables["estimates"]
    assert rows.loc[rows["estimand"] == "mean_change", "specification"].tolist() == [""]
    refused = made.tables["not_pooled"].set_index("estimand")
    assert refused.loc["mean_change", "cohorts"] == "c"


def test_the_report_says_which_figure_to_read_and_by_how_much_they_differ(pooled, tmp_path):
    write_pooled_report(tmp_path, pooled)
    html = (tmp_path / "report.html").read_text()
    part = html.split('id="reliable_improvement-title"')[1].split("<section")[0]
    assert "the one to read" in part
    assert "With every person counted on their own it would be" in part
    assert "times as wide an interval" in part
    dropout = html.split('id="dropout-title"')[1].split("<section")[0]
    assert "No service tells how alike people of one therapist are here" in dropout
