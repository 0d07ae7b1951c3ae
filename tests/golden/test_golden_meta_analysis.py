"""Pooling against metafor 3.8-1 (meta_analysis.R makes meta_analysis.json)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.meta_analysis import (
    effective_people,
    influence,
    leave_one_out,
    pool_incidence,
    pool_proportions,
    pool_several,
    random_effects,
    service_funnel,
    services_in_trusts,
    subgroups,
)

FILE = json.loads((Path(__file__).parent / "meta_analysis.json").read_text())
GOLDEN = FILE["golden"]
SETS = ["bcg", "smoke", "stroke", "forty", "four_alike", "three", "two"]
ITERATIVE = 1e-5  # two searches for the same maximum
CLOSED = 1e-8


def near(value, tolerance=CLOSED):
    return pytest.approx(value, rel=tolerance, abs=tolerance)


def test_the_numbers_come_from_the_version_named():
    assert FILE["metafor"] == "3.8.1"


def check(fit, golden, tolerance):
    pairs = {
        "beta": fit.coefficients,
        "se": fit.standard_errors,
        "low": fit.conf_low,
        "high": fit.conf_high,
        "p": fit.p_values,
    }
    for name, ours in pairs.items():
        np.testing.assert_allclose(
            ours, np.atleast_1d(golden[name]), rtol=tolerance, atol=tolerance
        )
    found = fit.heterogeneity
    assert found.tau2 == near(golden["tau2"], tolerance)
    assert found.q == near(golden["q"], tolerance)
    assert found.q_p == near(golden["q_p"], tolerance)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("between", ["reml", "paule_mandel", "dersimonian_laird", "common_effect"])
@pytest.mark.parametrize("interval", ["hksj", "hksj_not_below", "normal"])
def test_random_effects(name, between, interval):
    golden = GOLDEN[name].get(f"{between}/{interval}")
    if golden is None:
        assert between == "common_effect"
        return
    y, se = GOLDEN[name]["y"], GOLDEN[name]["se"]
    fit = random_effects(y, se, between=between, interval=interval)
    check(fit, golden, CLOSED)
    if between != "common_effect":  # metafor computes I2 of a common effect from Q
        assert fit.heterogeneity.i2 == near(golden["i2"])
        assert fit.heterogeneity.h2 == near(golden["h2"])
    if "prediction_k_minus_2" in golden:
        assert [fit.prediction.low, fit.prediction.high] == near(golden["prediction_k_minus_2"])
    if "prediction_k_minus_1" in golden:
        other = random_effects(
            y, se, between=between, interval=interval, prediction="k_minus_1"
        ).prediction
        assert [other.low, other.high] == near(golden["prediction_k_minus_1"])
    if "tau2_limits" in golden:
        found = fit.heterogeneity
        assert [found.tau2_low, found.tau2_high] == near(golden["tau2_limits"])
        assert [found.i2_low, found.i2_high] == near(golden["i2_limits"])


@pytest.mark.parametrize("name", ["bcg", "stroke", "forty", "three", "four_alike"])
def test_without_each_service(name):
    golden = GOLDEN[name]["leave_one_out"]
    fits = leave_one_out(GOLDEN[name]["y"], GOLDEN[name]["se"])
    assert [f.average.estimate for f in fits] == near(golden["estimate"])
    assert [f.average.conf_low for f in fits] == near(golden["low"])
    assert [f.average.conf_high for f in fits] == near(golden["high"])
    assert [f.heterogeneity.tau2 for f in fits] == near(golden["tau2"])
    assert [f.heterogeneity.i2 for f in fits] == near(golden["i2"])


@pytest.mark.parametrize("name", ["bcg", "smoke", "stroke", "forty", "four_alike"])
def test_influence(name):
    golden = GOLDEN[name]["influence"]
    found = influence(GOLDEN[name]["y"], GOLDEN[name]["se"])
    pairs = {
        "rstudent": found.studentised_residual,
        "dffits": found.dffits,
        "cook.d": found.cook,
        "cov.r": found.covariance_ratio,
        "tau2.del": found.tau2_without,
        "QE.del": found.q_without,
        "dfbs": found.dfbeta,
    }
    for key, ours in pairs.items():
        np.testing.assert_allclose(ours, golden[key], rtol=1e-7, atol=1e-8, err_msg=key)
    np.testing.assert_allclose(found.hat, golden["hat"], rtol=1e-8)


@pytest.mark.parametrize("interval", ["hksj", "hksj_not_below", "normal"])
def test_moderators(interval):
    golden = GOLDEN[f"moderators/{interval}"]
    fit = random_effects(golden["y"], golden["error"], design=golden["design"], interval=interval)
    check(fit, golden, 1e-7)  # the intercept is at year 0: its digits cancel in both programs
    assert fit.moderators_statistic == near(golden["qm"], 1e-7)
    assert fit.moderators_p == near(golden["qm_p"], 1e-7)


def test_subgroups():
    golden = GOLDEN["subgroups"]
    found = subgroups(GOLDEN["bcg"]["y"], GOLDEN["bcg"]["se"], golden["groups"])
    for group, fit in found.fits.items():
        assert fit.average.estimate == near(golden["estimate"][group])
        assert fit.heterogeneity.tau2 == near(golden["tau2"][group])
    assert found.statistic == near(golden["statistic"])
    assert found.p_value == near(golden["p"])


@pytest.mark.parametrize("name", ["schools", "trusts", "no_trust_effect"])
def test_services_in_trusts(name):
    golden = GOLDEN[f"nested/{name}"]
    fit = services_in_trusts(golden["y"], golden["error"], golden["outer"])
    assert fit.average.estimate == near(golden["beta"], ITERATIVE)
    assert fit.average.std_error == near(golden["se"], ITERATIVE)
    assert fit.average.df == golden["df"]
    assert fit.average.conf_low == near(golden["low"], ITERATIVE)
    assert fit.average.conf_high == near(golden["high"], ITERATIVE)
    assert [fit.trust_variance, fit.service_variance] == near(golden["sigma2"], ITERATIVE)
    assert fit.log_likelihood == near(golden["log_likelihood"], 1e-8)


@pytest.mark.parametrize("structure", ["diagonal", "unstructured"])
@pytest.mark.parametrize("name", ["berkey", "simulated"])
def test_several_coefficients(name, structure):
    golden = GOLDEN[f"several/{name}_{structure}"]
    fit = pool_several(
        golden["y"], golden["V"], golden["study"], golden["term"], structure=structure
    )
    # UN of three terms: metafor searches variances and correlations with its own stopping rule
    assert fit.log_likelihood >= golden["log_likelihood"] - 1e-8
    assert fit.log_likelihood == near(golden["log_likelihood"], 1e-6)
    assert [e.estimate for e in fit.estimates] == near(golden["beta"], ITERATIVE)
    assert [e.std_error for e in fit.estimates] == near(golden["se"], ITERATIVE)
    np.testing.assert_allclose(np.diag(fit.between), golden["tau2"], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["pritz", "services", "rare"])
def test_proportions(name):
    golden = GOLDEN[f"proportions/{name}"]
    fit = pool_proportions(golden["x"], golden["n"])
    logit = np.log(fit.typical.estimate / (1 - fit.typical.estimate))
    exact = golden["exact"]
    assert logit == near(exact["beta"], ITERATIVE)
    assert fit.tau2 == near(exact["tau2"], ITERATIVE)
    assert fit.typical.std_error == near(exact["se"], ITERATIVE)
    assert fit.log_likelihood == near(exact["log_likelihood"], 1e-8)
    lme4 = golden["rma_glmm"]  # its standard error is a finite difference
    assert logit == near(lme4["beta"], 2e-4)
    assert fit.tau2 == near(lme4["tau2"], 5e-3)


def test_rates_by_effective_numbers_that_are_whole():
    golden = GOLDEN["effective/whole"]
    fit = pool_proportions(golden["x"], golden["n"], design_effects=golden["d"])
    logit = np.log(fit.typical.estimate / (1 - fit.typical.estimate))
    # metafor hands on to lme4: its standard error is a finite difference
    assert logit == near(golden["beta"], 2e-4)
    assert fit.tau2 == near(golden["tau2"], 5e-3)
    limits = [fit.typical.conf_low, fit.typical.conf_high]
    assert np.log(np.divide(limits, np.subtract(1, limits))).tolist() == near(
        [golden["low"], golden["high"]], 1e-3
    )


def test_rates_by_effective_numbers_that_are_not_whole():
    golden = GOLDEN["effective/not_whole"]
    fit = pool_proportions(golden["x"], golden["n"], design_effects=golden["d"])
    logit = np.log(fit.typical.estimate / (1 - fit.typical.estimate))
    assert logit == near(golden["beta"], ITERATIVE)
    assert fit.tau2 == near(golden["tau2"], ITERATIVE)
    assert fit.typical.std_error == near(golden["se"], ITERATIVE)
    assert fit.log_likelihood == near(golden["log_likelihood"], 1e-8)


def test_people_behind_wilsons_limits():
    golden = GOLDEN["effective/people"]
    found = effective_people(*(golden[name] for name in ("share", "low", "high", "quantile")))
    np.testing.assert_allclose(found, golden["people"], rtol=1e-10)


def test_curves_from_counts_by_band():
    golden = GOLDEN["bands"]
    fit = pool_incidence(golden["service"], golden["band"], golden["n"], golden["d"])
    np.testing.assert_allclose(fit.log_minus_log, golden["beta"], rtol=ITERATIVE)
    np.testing.assert_allclose(fit.std_error, golden["se"], rtol=ITERATIVE)
    assert fit.tau2 == near(golden["tau2"], ITERATIVE)


def test_funnel():
    golden = GOLDEN["funnel"]
    found = service_funnel(GOLDEN["forty"]["y"], GOLDEN["forty"]["se"])
    assert found.target == near(golden["target"])
    assert found.dispersion == near(golden["phi"])
    assert found.tau2 == near(golden["tau2"])
    np.testing.assert_allclose(found.z, golden["z"], rtol=1e-8)
