"""Like is pooled with like, and the numbers are those of the statistics; what differs is refused or named."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
from tests.unit.release.bundles import bundle_of

from naturalistic.errors import BundleError
from naturalistic.release.bundle_model import Bundle
from naturalistic.release.pooling import PoolRequest, pool
from naturalistic.release.pooling_conversions import harmonised
from naturalistic.release.pooling_rounding import nice_step
from naturalistic.release.pooling_rows import INTERVAL
from naturalistic.stats.meta_analysis import pool_proportions, random_effects

EFFECTS = (-1.5, -0.5, 0.0, 0.8, 1.6, 0.3)
NAMES = ("a", "b", "c", "d", "e", "f")
RAW = {
    name: bundle_of(name, seed=i + 1, people=200 + 40 * i, effect=EFFECTS[i])
    for i, name in enumerate(NAMES)
}


def bundles(*names: str, **changes: dict) -> list[Bundle]:
    """Checked bundles, some with other content."""
    chosen = names or NAMES
    return [Bundle.model_validate({**RAW[n], **changes.get(n, {})}) for n in chosen]


@pytest.fixture(scope="module")
def pooled():
    known = {
        n: {"trust": "xyz"[i // 2], "kind": "pq"[i % 2], "wait": float(i)}
        for i, n in enumerate(NAMES)
    }
    request = PoolRequest(known=known, trust="trust", subgroup="kind", moderators=("wait",))
    return pool(bundles(), request)


def headline(pooled, name: str) -> pd.Series:
    rows = pooled.tables["estimates"]
    return rows[rows["headline"] == name].iloc[0]


def test_a_mean_change_is_the_random_effects_result_of_the_bundled_figures(pooled):
    rows = [next(r for r in RAW[n]["estimates"] if r["estimand"] == "mean_change") for n in NAMES]
    fit = random_effects(
        [r["value"] for r in rows], [r["std_error"] for r in rows], interval=INTERVAL
    )
    row = headline(pooled, "mean_change")
    assert row["k"] == 6
    assert row["estimate"] == pytest.approx(fit.average.estimate, rel=1e-12)
    assert row["conf_low"] == pytest.approx(fit.average.conf_low, rel=1e-12)
    assert row["prediction_high"] == pytest.approx(fit.prediction.high, rel=1e-12)
    assert row["tau2"] == pytest.approx(fit.heterogeneity.tau2, rel=1e-12)
    assert row["n_patients"] == sum(r["n_patients"] for r in rows)


def test_proportions_are_pooled_by_their_counts(pooled):
    rows = [next(r for r in RAW[n]["estimates"] if r.get("term") == "dropout") for n in NAMES]
    fit = pool_proportions([r["numerator"] for r in rows], [r["denominator"] for r in rows])
    row = headline(pooled, "dropout")
    assert row["estimate"] == pytest.approx(fit.typical.estimate, rel=1e-12)
    assert row["tau2_high"] == pytest.approx(fit.tau2_high, rel=1e-9)
    assert "quadrature" in row["method"]


def test_each_service_each_variant_and_the_curve_are_there(pooled):
    services = pooled.tables["services"]
    mean = services[services["headline"] == "mean_change"]
    assert mean["cohort"].tolist() == list(NAMES)
    assert mean["weight"].sum() == pytest.approx(1.0)
    assert mean[["without_it", "funnel_z", "cook"]].notna().all(axis=None)
    variants = pooled.tables["variants"]
    assert {"estimator", "trusts", "groups by kind", "moderator wait"} <= set(variants["variant"])
    curve = pooled.tables["curves"]
    assert curve["ending"].unique().tolist() == ["dropout"]
    assert np.all(np.diff(curve["incidence"]) > 0)
    rounding = pooled.tables["rounding"].set_index("headline")
    assert 0 < rounding.loc["mean_change", "share_of_std_error"] < 0.5


def test_coefficients_are_pooled_one_by_one_without_covariances(pooled):
    rows = pooled.tables["estimates"]
    found = rows[rows["model"] == "pre_post"]
    assert found["term"].tolist() == ["age", "time"]
    assert not len(pooled.tables["models"])


def test_coefficients_are_pooled_together_where_covariances_are_bundled():
    key = {"analysis": "outcome_models", "model": "pre_post", "specification": "adjusted"}
    names = ("age|per 10 years", "time")
    block = [
        {**key, "term_a": names[a], "term_b": names[b], "value": v}
        for a, b, v in ((0, 0, 0.16), (1, 1, 0.16), (0, 1, 0.04))
    ]
    made = pool(bundles(**{n: {"covariances": block} for n in NAMES}), PoolRequest())
    models = made.tables["models"]
    assert models["term"].tolist() == ["age", "time"]
    assert models["k"].tolist() == [6, 6]
    assert models["conf_low"].lt(models["estimate"]).all()


def test_a_difference_in_risk_of_the_same_term_stays_out_of_the_model():
    key = {"analysis": "outcome_models", "model": "pre_post", "specification": "adjusted"}
    block = [{**key, "term_a": n, "term_b": n, "value": 0.16} for n in ("age|per 10 years", "time")]
    changed = {}
    for name in NAMES:
        rows = copy.deepcopy(RAW[name]["estimates"])
        age = next(r for r in rows if r.get("model") == "pre_post" and r["term"] == "age")
        twin = {
            **age,
            "estimand": "risk_difference",
            "std_error": 0.03,
            "analysis_scale": "identity",
        }
        changed[name] = {"covariances": block, "estimates": [*rows, twin]}
    models = pool(bundles(**changed), PoolRequest()).tables["models"]
    assert models["estimand"].tolist() == ["coefficient", "coefficient"]
    assert models["term"].tolist() == ["age", "time"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"primary": {"population": "started"}}, "population"),
        ({"primary": {"dropout_definition": "lost_contact"}}, "definition of dropout"),
        ({"primary": {"instrument": "phq_9", "scale": "total"}}, "instrument"),
        ({"primary": {"estimand": "mean_change"}}, "kind of number"),
        ({"form_windows": {"first_days": (-56, 28)}}, "time window of the forms"),
        ({"episodes": "last"}, "which episode"),
        ({"conf_level": 0.9}, "coverage"),
    ],
)
def test_services_that_are_not_the_same_are_not_mixed(change, word):
    other = Bundle.model_validate(bundle_of("other", seed=9, **change))
    with pytest.raises(BundleError, match=word) as caught:
        pool([*bundles("a", "b"), other], PoolRequest())
    assert caught.value.exit_code == 7
    assert "other" in str(caught.value)
    assert "--without" in str(caught.value)


def test_people_and_synthetic_people_are_not_mixed():
    with pytest.raises(BundleError, match="synthetic"):
        pool(bundles("a", "b", b={"synthetic": False}), PoolRequest())


def test_an_instrument_scored_otherwise_is_not_mixed():
    other = copy.deepcopy(RAW["b"])
    other["definitions"]["instrument:core_om"]["value"]["facts"] = "0" * 64
    with pytest.raises(BundleError, match="facts of the instrument core_om"):
        pool([*bundles("a"), Bundle.model_validate(other)], PoolRequest())


def test_a_figure_that_differs_elsewhere_is_left_out_and_named():
    other = Bundle.model_validate(bundle_of("other", seed=9, dropout={"lost_contact_weeks": 12}))
    made = pool([*bundles("a", "b"), other], PoolRequest())
    refused = made.tables["not_pooled"]
    dropout = refused[refused["analysis"] == "dropout"]
    assert dropout["reason"].str.contains("lost contact weeks").all()
    assert dropout["cohorts"].tolist() == ["a, b, other"]
    assert headline(made, "mean_change")["k"] == 3
    assert made.tables["curves"]["note"].str.contains("left out, another definition: other").all()


def test_a_figure_without_an_error_is_named_once_with_all_who_lack_it():
    changed = {}
    for name, lacking in (("a", ("time", "age")), ("b", ("time",)), ("c", ("time",))):
        rows = copy.deepcopy(RAW[name]["estimates"])
        for row in rows:
            if row.get("model") == "pre_post" and row["term"] in lacking:
                del row["std_error"]
        changed[name] = {"estimates": rows}
    refused = pool(bundles("a", "b", "c", **changed), PoolRequest()).tables["not_pooled"]
    found = refused.set_index("term")[["cohorts", "reason"]]
    why = "no usable standard error or counts"
    assert found.loc["time"].tolist() == ["a, b, c", why]
    assert found.loc["age"].tolist() == ["a", f"in some services only: {why}"]
    assert len(refused) == 2


def test_one_service_is_told_as_one():
    made = pool(bundles("a"), PoolRequest())
    row = headline(made, "mean_change")
    assert row["k"] == 1
    assert "nothing was pooled" in row["note"]
    assert np.isnan(row["tau2"])


def test_units_are_brought_together_where_that_is_exact():
    other = copy.deepcopy(RAW["b"])
    age = next(r for r in other["estimates"] if r.get("term") == "age")
    age["contrast"] = "per 1 years"
    made, said = harmonised([*bundles("a", "c"), Bundle.model_validate(other)])
    row = next(r for r in made[2].estimates if r.term == "age")
    assert row.contrast == "per 10 years"
    assert row.value == pytest.approx(10 * age["value"])
    assert row.std_error == pytest.approx(10 * age["std_error"])
    assert row.conf_high is None or row.conf_high == pytest.approx(10 * age["conf_high"])
    assert said == ["b: 1 figures were converted to the unit of the others"]


def test_a_mean_of_items_becomes_the_clinical_score():
    other = copy.deepcopy(RAW["b"])
    for row in other["estimates"]:
        if row.get("scale") == "all" and row["estimand"] == "mean_change":
            row["scale"] = "item_mean"
            for name in ("value", "estimate", "std_error", "conf_low", "conf_high"):
                row[name] /= 10
    made, _ = harmonised([Bundle.model_validate(other)])
    row = next(r for r in made[0].estimates if r.estimand == "mean_change")
    given = next(r for r in RAW["b"]["estimates"] if r["estimand"] == "mean_change")
    assert (row.scale, row.value) == ("all", pytest.approx(given["value"]))


def test_steps_of_rounding():
    assert [nice_step(x) for x in (0.0, 0.01, 0.013, 0.3, 0.51, 2.0)] == pytest.approx(
        [0.0, 0.01, 0.02, 0.5, 1.0, 2.0]
    )


def test_two_services_that_agree_exactly_still_have_an_interval():
    other = copy.deepcopy(RAW["b"])
    mine = next(r for r in RAW["a"]["estimates"] if r["estimand"] == "mean_change")
    at = next(i for i, r in enumerate(other["estimates"]) if r["estimand"] == "mean_change")
    other["estimates"][at] = mine
    row = headline(
        pool([*bundles("a"), Bundle.model_validate(other)], PoolRequest()), "mean_change"
    )
    assert row["std_error"] == pytest.approx(mine["std_error"] / np.sqrt(2))
