"""The statistics of change against R (effect_size.R makes effect_size.json)."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.effect_size import (
    hedges_correction,
    percentage_change,
    raw_mean_change,
    standardised_mean_change,
)
from naturalistic.stats.effect_size_intervals import bca_interval
from naturalistic.stats.ordinal_agreement import bowker, mcnemar, stuart_maxwell
from naturalistic.stats.paired_scores import paired_moments
from naturalistic.stats.paired_tests import wilcoxon_signed_rank
from naturalistic.stats.rates import clustered_rate, rate
from naturalistic.stats.regression_to_the_mean import mee_chua_sweep, regression_beyond_cutoff
from naturalistic.stats.reliable_change import (
    ChangeCategory,
    classify_change,
    cutoff_a,
    cutoff_b,
    cutoff_c,
    reliable_change_value,
    reliable_change_z,
    standard_error_of_difference,
    standard_error_of_measurement,
)
from naturalistic.stats.reliable_change_methods import (
    CRITICAL_VALUES,
    ReferenceScores,
    reliable_change_index,
    reliably_changed,
)
from naturalistic.stats.standardised_difference import standardised_category_difference
from naturalistic.stats.talking_therapies import TalkingTherapiesCounts

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "effect_size.json").read_text())
ENGLAND = json.loads((HERE / "data" / "talking_therapies_england.json").read_text())
SETS = ["beat_the_blues_2m", "beat_the_blues_8m", "service", "eight"]


def exactly(value, tolerance=1e-10):
    return pytest.approx(value, rel=tolerance, abs=tolerance)


def change(name, standardiser, interval, **arguments):
    pairs = GOLDEN[name]
    return standardised_mean_change(
        pairs["pre"],
        pairs["post"],
        better_is="lower",
        standardiser=standardiser,
        interval=interval,
        **arguments,
    )


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(
    ("measure", "standardiser", "interval"),
    [
        ("smcc", "difference_sd", "large_sample"),  # metafor 3.8-1
        ("smcr", "pre_sd", "homoscedastic"),  # metafor 3.8-1
        ("smcrh", "pre_sd", "heteroscedastic"),  # transcription
        ("smcrp", "average_sd", "homoscedastic"),  # transcription
        ("smcrph", "average_sd", "heteroscedastic"),  # transcription
    ],
)
def test_estimates_and_variances(name, measure, standardiser, interval):
    result = change(name, standardiser, interval)
    expected = GOLDEN[name][measure]
    assert result.estimate == exactly(expected["estimate"])
    assert result.std_error**2 == exactly(expected["variance"])
    half = 1.959963984540054 * math.sqrt(expected["variance"])
    assert result.conf_low == exactly(expected["estimate"] - half)


@pytest.mark.parametrize("name", SETS)
def test_d_rm_by_a_numerical_delta_method(name):
    result = change(name, "repeated_measures", "heteroscedastic")
    assert result.estimate == exactly(GOLDEN[name]["d_rm"]["estimate"])
    # The gradient in R is a finite difference.
    assert result.std_error**2 == exactly(GOLDEN[name]["d_rm"]["variance"], 1e-9)


@pytest.mark.parametrize("name", SETS)
def test_d_z_and_its_exact_limits(name):
    pairs = GOLDEN[name]
    result = change(name, "difference_sd", "noncentral_t", bias_corrected=False)
    assert result.estimate == exactly(pairs["cohens_d"])
    # R's pt reaches about ten digits here, and warns of it.
    assert result.conf_low == exactly(pairs["d_z"]["low"], 1e-9)
    assert result.conf_high == exactly(pairs["d_z"]["high"], 1e-9)
    corrected = change(name, "difference_sd", "noncentral_t")
    assert corrected.estimate == exactly(pairs["hedges_g"])
    j = float(hedges_correction(pairs["n"] - 1))
    assert j == exactly(pairs["hedges_j"], 1e-12)
    assert corrected.conf_low == exactly(j * pairs["d_z"]["low"], 1e-9)


@pytest.mark.parametrize("name", SETS)
def test_mean_change_and_percentage(name):
    pairs = GOLDEN[name]
    result = raw_mean_change(pairs["pre"], pairs["post"], better_is="lower")
    expected = pairs["t"]
    assert result.estimate == exactly(expected["estimate"])
    assert result.std_error == exactly(expected["std_error"])
    assert (result.conf_low, result.conf_high) == exactly((expected["low"], expected["high"]))
    assert (result.statistic, result.df) == exactly((expected["statistic"], expected["df"]))
    assert result.p_value == pytest.approx(expected["p"], rel=1e-8)
    percent = percentage_change(pairs["pre"], pairs["post"], better_is="lower")
    assert percent.estimate == exactly(pairs["percentage"]["estimate"])
    assert percent.conf_low == exactly(pairs["percentage"]["low"], 1e-9)
    assert percent.conf_high == exactly(pairs["percentage"]["high"], 1e-9)


@pytest.mark.parametrize("name", SETS)
def test_signed_ranks(name):
    pairs = GOLDEN[name]
    for corrected, key in ((True, "p_corrected"), (False, "p_plain")):
        result = wilcoxon_signed_rank(
            pairs["pre"],
            pairs["post"],
            better_is="lower",
            continuity_correction=corrected,
            interval="effectsize",
        )
        assert result.statistic == pairs["wilcoxon"]["V"]
        assert result.p_value == pytest.approx(pairs["wilcoxon"][key], rel=1e-8)
    expected = pairs["rank_biserial"]
    assert result.estimate == exactly(expected["estimate"])
    assert result.conf_low == exactly(expected["low"])
    assert result.conf_high == exactly(expected["high"])
    if expected["unchanged"] == 0:
        assert result.conf_low == exactly(expected["effectsize_low"])
    ours = wilcoxon_signed_rank(pairs["pre"], pairs["post"], better_is="lower")
    assert ours.std_error == exactly(expected["std_error"])


def test_wilson_is_prop_test():
    for case in GOLDEN["wilson"]:
        result = rate(case["numerator"], case["denominator"])
        assert result.conf_low == exactly(case["low"])
        assert result.conf_high == exactly(case["high"])


def test_clustered_standard_error_leaves_out_one_therapist_at_a_time():
    pairs = GOLDEN["service"]
    better = np.subtract(pairs["pre"], pairs["post"]) >= 6
    result = clustered_rate(better, GOLDEN["service_therapist"])
    assert result.estimate == exactly(GOLDEN["clustered_rate"]["estimate"])
    assert result.std_error == exactly(GOLDEN["clustered_rate"]["std_error_jackknife"])
    # a little above R's sandwich, which is too small where caseloads differ
    assert 1.0 < result.std_error / GOLDEN["clustered_rate"]["std_error"] < 1.1


@pytest.mark.parametrize("name", ["vision", "severity"])
def test_marginal_homogeneity_and_symmetry(name):
    expected = GOLDEN[name]
    result = stuart_maxwell(expected["table"])
    assert result.statistic == exactly(expected["stuart_maxwell"])
    assert result.p_value == pytest.approx(expected["stuart_maxwell_p"], rel=1e-8)
    result = bowker(expected["table"])
    assert (result.statistic, result.df) == exactly((expected["bowker"], expected["bowker_df"]))
    assert result.p_value == pytest.approx(expected["bowker_p"], rel=1e-8)


def test_mcnemar():
    expected = GOLDEN["mcnemar"]
    for kind, statistic, p in (
        ("chi_square_corrected", "corrected", "p_corrected"),
        ("chi_square", "plain", "p_plain"),
        ("exact", None, "p_exact"),
        ("mid_p", None, "p_mid"),
    ):
        result = mcnemar(expected["table"], p_value=kind)
        assert result.p_value == exactly(expected[p])
        if statistic:
            assert result.statistic == exactly(expected[statistic])


def test_difference_of_categories():
    expected = GOLDEN["categories"]
    result = standardised_category_difference(expected["group"], expected["reference"])
    assert result.estimate == exactly(expected["estimate"])
    assert result.std_error == exactly(expected["std_error"])


def test_regression_beyond_a_cutoff_is_the_integral():
    grid = {name: np.array(values) for name, values in GOLDEN["regression_beyond_cutoff"].items()}
    for m in (1, 3):
        rows = grid["m"] == m
        ours = regression_beyond_cutoff(
            grid["mu"][rows],
            grid["sigma"][rows],
            grid["rho"][rows],
            grid["cut"][rows],
            better_is="lower",
            n_baselines=m,
        )
        np.testing.assert_allclose(ours, grid["rtm"][rows], rtol=1e-9)


def test_mee_chua_is_lm():
    expected, pairs = GOLDEN["mee_chua"], GOLDEN["service"]
    sweep = mee_chua_sweep(pairs["pre"], pairs["post"], expected["mu"], better_is="lower")
    np.testing.assert_allclose(sweep.effect, -np.array(expected["change"]), rtol=1e-10)
    np.testing.assert_allclose(sweep.std_error, expected["std_error"], rtol=1e-10)
    np.testing.assert_allclose(sweep.conf_low, -np.array(expected["high"]), rtol=1e-9)
    np.testing.assert_allclose(sweep.conf_high, -np.array(expected["low"]), rtol=1e-9)
    np.testing.assert_allclose(sweep.p_value, expected["p"], rtol=1e-7)
    assert sweep.slope == exactly(expected["slope"])


def test_reliable_change_indices():
    expected, pairs = GOLDEN["reliable_change"], GOLDEN["service"]
    moments = paired_moments(pairs["pre"], pairs["post"], better_is="lower")
    assert reliable_change_value(moments.sd_pre, expected["reliability"]) == exactly(
        expected["value"]
    )
    reference = ReferenceScores(
        reliability=expected["reliability"],
        mean_pre=moments.mean_pre,
        sd_pre=moments.sd_pre,
        mean_post=moments.mean_post,
        sd_post=moments.sd_post,
        correlation=moments.correlation,
        reliability_post=expected["reliability_post"],
    )
    for method, critical in CRITICAL_VALUES.items():
        index = reliable_change_index(
            pairs["pre"], pairs["post"], reference, method=method, better_is="lower"
        )
        np.testing.assert_allclose(index[:20], expected["first"][method], rtol=1e-10, atol=1e-12)
        better, worse = reliably_changed(index, critical)
        assert (better.sum(), worse.sum()) == (
            expected["better"][method],
            expected["worse"][method],
        )


def test_jacobson_and_truax_1991():
    """The worked example of the paper: clinical mean 40, functional 60, SD 7.5, reliability .80."""
    assert cutoff_a(40, 7.5, better_is="higher") == 55
    assert cutoff_b(60, 7.5, better_is="higher") == 45
    assert cutoff_c(40, 7.5, 60, 7.5) == 50
    assert round(standard_error_of_measurement(7.5, 0.8), 2) == 3.35
    assert round(standard_error_of_difference(7.5, 0.8), 2) == 4.74
    z = reliable_change_z([32.5], [47.5], sd=7.5, reliability=0.8, better_is="higher")
    assert round(float(z[0]), 2) == 3.16
    # Reliably better, but 47.5 stays on the clinical side of c and moves across b.
    rci = reliable_change_value(7.5, 0.8)
    for cutoff, category in ((50, ChangeCategory.IMPROVED), (45, ChangeCategory.RECOVERED)):
        result = classify_change([32.5], [47.5], rci, cutoff, better_is="higher")
        assert result.category[0] == category


def test_bca_limits():
    expected = GOLDEN["bca"]
    limits = bca_interval(
        np.array(expected["draws"]), np.array(expected["jackknife"]), expected["estimate"]
    )
    assert limits == exactly(tuple(expected["limits"]))


@pytest.mark.parametrize("year", ENGLAND["years"])
def test_published_percentages_of_england(year):
    """Counts as published give back the published percentages, to their one decimal."""
    counts, published = (ENGLAND["years"][year][key] for key in ("counts", "percentages"))
    ours = TalkingTherapiesCounts(
        finished=counts["finished_course_treatment"],
        not_at_caseness=counts["not_at_caseness"],
        improved=counts["improvement"],
        deteriorated=counts["deterioration"],
        no_reliable_change=counts["no_reliable_change"],
        recovered=counts["recovery"],
        reliably_recovered=counts["reliable_recovery"],
    ).rates()
    names = {
        "reliable_improvement": "improvement",
        "reliable_deterioration": "deterioration",
        "no_reliable_change": "no_reliable_change",
        "recovery": "recovery",
        "reliable_recovery": "reliable_recovery",
    }
    assert {name: round(100 * ours[name].estimate, 1) for name in names} == {
        name: published[key] for name, key in names.items()
    }
    # Courses whose caseness nobody knows: in the denominator, or the rate would be another.
    unknown = (
        counts["finished_course_treatment"] - counts["at_caseness"] - counts["not_at_caseness"]
    )
    assert unknown > 0
