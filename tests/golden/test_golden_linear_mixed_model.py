"""Linear mixed models against lme4, lmerTest and nlme (numbers made by linear_mixed_model.R)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

from naturalistic.stats.linear_mixed_model import LinearMixedModelFit, fit_linear_mixed_model
from naturalistic.stats.lmm.comparison import likelihood_ratio_test
from naturalistic.stats.lmm.contrasts import joint_test, joint_test_of_terms, linear_combination
from naturalistic.stats.lmm.predictions import random_effects
from naturalistic.stats.lmm.profile import profile_standard_deviation
from naturalistic.stats.lmm.shares import r_squared

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "linear_mixed_model.json").read_text())


def _read(name: str) -> dict[str, np.ndarray]:
    path = HERE / "data" / f"linear_mixed_model_{name}.csv"
    header = path.read_text().splitlines()[0].replace('"', "").split(",")
    values = np.loadtxt(path, delimiter=",", skiprows=1, quotechar='"')
    return dict(zip(header, values.T, strict=True))


SLEEP, BEAT = _read("sleepstudy"), _read("beat_the_blues")
SESSIONS, PRE_POST = _read("sessions"), _read("pre_post")


def _design(data: dict[str, np.ndarray], names: list[str]) -> np.ndarray:
    columns = []
    for name in names:
        column = np.ones(len(next(iter(data.values()))))
        for part in name.split(":"):
            if part != "(Intercept)":
                column = column * data[part]
        columns.append(column)
    return np.column_stack(columns)


def _codes(data: dict[str, np.ndarray], name: str | None) -> np.ndarray | None:
    return None if name is None else data[name].astype(int)


# name of the golden model: data, outcome, patient, therapist, service, time, options
MODELS = {
    "sleepstudy_reml": (SLEEP, "Reaction", "Subject", None, None, "Days", {"random_slope": True}),
    "sleepstudy_ml": (SLEEP, "Reaction", "Subject", None, None, "Days", {"random_slope": True}),
    "beat_the_blues": (BEAT, "bdi", "patient", None, None, None, {}),
    "patient": (SESSIONS, "score", "patient", None, None, None, {}),
    "three_level": (SESSIONS, "score", "patient", "therapist", "service", None, {}),
    "slope_therapist": (
        *(SESSIONS, "score", "patient", "therapist", None, "time"),
        {"random_slope": True},
    ),
    "slope_therapist_ml": (
        *(SESSIONS, "score", "patient", "therapist", None, "time"),
        {"random_slope": True},
    ),
    "therapist_slope": (
        *(SESSIONS, "score", "patient", "therapist", None, "time"),
        {"random_slope": True, "therapist_slope": True},
    ),
    "therapist_slope_service": (
        *(SESSIONS, "score", "patient", "therapist", "service", "time"),
        {"random_slope": True, "therapist_slope": True},
    ),
    "service_slope": (
        *(SESSIONS, "score", "patient", "therapist", "service", "time"),
        {"service_slope": True},
    ),
    "service_only": (SESSIONS, "score", "patient", None, "service", None, {}),
    "crossed": (SESSIONS, "score_crossed", "patient", "therapist_crossed", None, None, {}),
    "crossed_slopes": (
        *(SESSIONS, "score_crossed", "patient", "therapist_crossed", "service_crossed", "time"),
        {"random_slope": True, "therapist_slope": True},
    ),
    "boundary": (SESSIONS, "score_flat", "patient", "therapist", None, None, {}),
    "boundary_slope": (
        *(SESSIONS, "score_flat", "patient", "therapist", None, "time"),
        {"random_slope": True},
    ),
}


@cache
def fit_golden(name: str, shift: float = 0.0, reml: bool | None = None) -> LinearMixedModelFit:
    data, outcome, patient, therapist, service, time, options = MODELS[name]
    expected = GOLDEN["models"][name]
    return fit_linear_mixed_model(
        data[outcome] + shift,
        _design(data, expected["terms"]),
        data[patient].astype(int),
        time=None if time is None else data[time],
        therapist=_codes(data, therapist),
        service=_codes(data, service),
        reml=expected["reml"] if reml is None else reml,
        term_names=expected["terms"],
        **options,
    )


# lme4 names groups by its columns; the golden file keeps those names
GROUPS = {
    "Subject": "patient",
    "therapist_crossed": "therapist",
    "service_crossed": "service",
    "Residual": "residual",
}


def golden_components(expected: dict) -> dict[str, float]:
    found = {}
    parts = expected["components"]
    for group, first, second, value in zip(
        parts["group"], parts["var1"], parts["var2"], parts["value"], strict=True
    ):
        level = GROUPS.get(group, group).removesuffix(".1")
        kind = "covariance" if second else "intercept" if first == "(Intercept)" else "slope"
        found[f"{level}.{'all' if level == 'residual' else kind}"] = value
    return found


def assert_equal_to_lme4(fit: LinearMixedModelFit, expected: dict, *, smooth: bool = True) -> None:
    errors = np.array(expected["std_errors"])
    assert fit.status == "ok"
    assert fit.converged
    assert abs(fit.loglik - expected["loglik"]) < 1e-6
    assert np.max(np.abs(fit.coefficients - expected["coefficients"]) / errors) < 1e-5
    np.testing.assert_allclose(fit.std_errors, errors, rtol=1e-4)
    np.testing.assert_allclose(fit.aic, expected["aic"], rtol=0, atol=2e-6)
    np.testing.assert_allclose(fit.bic, expected["bic"], rtol=0, atol=2e-6)
    if smooth:
        np.testing.assert_allclose(fit.df, expected["df"], rtol=1e-3)
        scale = np.outer(errors, errors)
        assert np.max(np.abs(fit.covariance - np.array(expected["covariance"])) / scale) < 1e-4
    for key, value in golden_components(expected).items():
        # theta of lme4 itself stops about 1e-5 away from the optimum
        assert fit.component(key).value == pytest.approx(value, rel=2e-4, abs=1e-6 * fit.sigma**2)


@pytest.mark.parametrize("name", list(MODELS))
def test_fit_equals_lme4(name: str) -> None:
    assert_equal_to_lme4(fit_golden(name), GOLDEN["models"][name])


def test_shifted_outcome_changes_only_the_intercept() -> None:
    expected = json.loads(json.dumps(GOLDEN["models"]["slope_therapist"]))
    expected["coefficients"][0] += 1e6
    fit = fit_golden("slope_therapist", shift=1e6)
    assert_equal_to_lme4(fit, expected)
    np.testing.assert_allclose(fit.df, fit_golden("slope_therapist").df, rtol=1e-5)


def test_boundary_fit_says_so() -> None:
    fit = fit_golden("boundary")
    assert fit.singular
    assert fit.component("therapist.intercept").value == 0.0
    assert any("between therapists was estimated as zero" in note for note in fit.notes)


def test_one_row_per_patient_with_therapists_equals_lme4() -> None:
    last = PRE_POST["time"] == 1
    expected = GOLDEN["models"]["therapist_only"]
    fit = fit_linear_mixed_model(
        PRE_POST["score"][last],
        np.column_stack([np.ones(last.sum()), PRE_POST["age"][last]]),
        PRE_POST["patient"][last].astype(int),
        therapist=PRE_POST["therapist"][last].astype(int),
        patient_effect=False,
    )
    assert_equal_to_lme4(fit, expected)


def fit_occasions(name: str) -> LinearMixedModelFit:
    expected = GOLDEN["occasions"][name]
    outcome = {"negative": "score_negative", "steep": "score_steep"}.get(name, "score")
    return fit_linear_mixed_model(
        PRE_POST[outcome],
        _design(PRE_POST, expected["terms"]),
        PRE_POST["patient"].astype(int),
        time=PRE_POST["time"],
        occasion_variance=True,
        therapist=PRE_POST["therapist"].astype(int) if "therapist" in expected else None,
        therapist_slope=name == "therapist_slope",
        reml=name != "ml",
        term_names=expected["terms"],
    )


@pytest.mark.parametrize("name", list(GOLDEN["occasions"]))
def test_two_occasions_equal_nlme(name: str) -> None:
    """Witness: gls or lme with corSymm and varIdent, patients with one occasion included."""
    expected = GOLDEN["occasions"][name]
    fit = fit_occasions(name)
    errors = np.array(expected["std_errors"])
    if name == "ml":  # gls alone multiplies the covariance of the fixed effects by n / (n - p)
        errors = errors * np.sqrt(1.0 - len(errors) / fit.n_rows)
    assert fit.converged
    assert abs(fit.loglik - expected["loglik"]) < 1e-6
    assert np.max(np.abs(fit.coefficients - expected["coefficients"]) / errors) < 1e-5
    np.testing.assert_allclose(fit.std_errors, errors, rtol=1e-4)
    covariance = fit.component("patient.intercept").value
    variances = [covariance + fit.component(f"residual.time={k}").value for k in (0, 1)]
    np.testing.assert_allclose(variances, expected["variances"], rtol=1e-4)
    correlation = covariance / np.sqrt(variances[0] * variances[1])
    assert correlation == pytest.approx(expected["correlation"], abs=1e-5)
    if "therapist" in expected:
        block = np.array(expected["therapist"]).reshape(-1)
        assert fit.component("therapist.intercept").value == pytest.approx(block[0], rel=1e-3)
    if name == "therapist_slope":
        assert fit.component("therapist.slope").value == pytest.approx(block[3], rel=1e-3)
        assert fit.component("therapist.covariance").value == pytest.approx(block[1], rel=1e-3)


@pytest.mark.parametrize("name", [name for name in MODELS if not name.endswith("_ml")])
def test_predicted_effects_and_their_spread_equal_lme4(name: str) -> None:
    fit, expected = fit_golden(name), GOLDEN["models"][name]
    for group, values in expected["random"].items():
        found = random_effects(fit, GROUPS.get(group, group))
        rows = np.searchsorted(found.ids, values["id"])
        scale = np.sqrt(np.mean(np.square(values["value"]), axis=0)) + 1e-6
        difference = np.abs(found.effects[rows] - np.array(values["value"])) / scale
        assert difference.max() < 1e-4
        np.testing.assert_allclose(
            found.std_errors[rows], np.array(values["se"]), rtol=1e-4, atol=1e-4
        )


FOLLOW_UP = GOLDEN["follow_up"]


def test_joint_f_test_equals_lmertest() -> None:
    fit, expected = fit_golden("slope_therapist"), FOLLOW_UP["joint"]
    found = joint_test(fit, expected["L"])
    by_name = joint_test_of_terms(fit, ["age", "medication", "time:medication"])
    assert by_name == found
    assert found.statistic == pytest.approx(expected["statistic"], rel=1e-5)
    assert found.df_numerator == expected["df_numerator"]
    assert found.df_denominator == pytest.approx(expected["df_denominator"], rel=1e-3)
    assert found.p_value == pytest.approx(expected["p_value"], rel=1e-3)
    single = joint_test_of_terms(fit, ["time"])
    assert single.statistic == pytest.approx(FOLLOW_UP["anova"]["time"]["f"], rel=1e-5)
    assert single.df_denominator == pytest.approx(FOLLOW_UP["anova"]["time"]["dendf"], rel=1e-3)


def test_linear_combination_equals_lmertest() -> None:
    expected = FOLLOW_UP["single"]
    found = linear_combination(fit_golden("slope_therapist"), expected["l"])
    assert found.estimate == pytest.approx(expected["estimate"], abs=1e-5 * expected["std_error"])
    assert found.std_error == pytest.approx(expected["std_error"], rel=1e-4)
    assert found.df == pytest.approx(expected["df"], rel=1e-3)
    assert found.p_value == pytest.approx(expected["p_value"], rel=1e-2)


def test_likelihood_ratio_of_variances_and_of_fixed_effects() -> None:
    full, loglik = fit_golden("slope_therapist"), FOLLOW_UP["loglik"]
    data = {name: SESSIONS[name] for name in ("score", "time")}
    design = _design(SESSIONS, list(full.terms))
    patient, therapist = SESSIONS["patient"].astype(int), SESSIONS["therapist"].astype(int)

    def fit(columns: slice = slice(None), **options) -> LinearMixedModelFit:
        return fit_linear_mixed_model(
            data["score"],
            design[:, columns],
            patient,
            time=data["time"],
            term_names=full.terms[columns],
            **options,
        )

    no_therapist = likelihood_ratio_test(full, fit(random_slope=True))
    statistic = 2 * (full.loglik - loglik["no_therapist"])
    assert no_therapist.statistic == pytest.approx(statistic, abs=1e-5)
    assert no_therapist.p_value == pytest.approx(0.5 * chi2.sf(statistic, 1), rel=1e-5)
    no_slope = likelihood_ratio_test(full, fit(therapist=therapist))
    statistic = 2 * (full.loglik - loglik["no_slope"])
    assert no_slope.p_value == pytest.approx(
        0.5 * chi2.sf(statistic, 1) + 0.5 * chi2.sf(statistic, 2), rel=1e-4
    )
    smaller = fit(slice(3), random_slope=True, therapist=therapist, reml=False)
    fixed = likelihood_ratio_test(fit_golden("slope_therapist_ml"), smaller)
    statistic = 2 * (loglik["ml"] - loglik["ml_smaller"])
    assert fixed.statistic == pytest.approx(statistic, abs=1e-5)
    assert fixed.p_value == pytest.approx(chi2.sf(statistic, 2), rel=1e-4)


PROFILED = {
    "slope_therapist": "slope_therapist",
    "three_level": "three_level",
    "flat": "boundary",
    "crossed": "crossed",
}
SD_NAMES = {
    "sd_(Intercept)|patient": "patient.intercept",
    "sd_time|patient": "patient.slope",
    "sd_(Intercept)|therapist": "therapist.intercept",
    "sd_(Intercept)|therapist_crossed": "therapist.intercept",
    "sd_(Intercept)|service": "service.intercept",
    "sigma": "residual.all",
}


@pytest.mark.parametrize("name", list(PROFILED))
def test_profile_intervals_equal_lme4(name: str) -> None:
    fit, expected = fit_golden(PROFILED[name], reml=False), FOLLOW_UP["profile"][name]
    for label, low, high in zip(expected["name"], expected["low"], expected["high"], strict=True):
        quick = name == "slope_therapist" or label.endswith(("therapist", "therapist_crossed"))
        if quick and not label.startswith("cor_"):
            found = profile_standard_deviation(fit, SD_NAMES[label])
            # lme4 interpolates the profile between a few points
            assert found.conf_low == pytest.approx(low, abs=1e-3)
            assert found.conf_high == pytest.approx(high, abs=1e-3)


def test_r_squared_parts() -> None:
    found, expected = r_squared(fit_golden("slope_therapist")), FOLLOW_UP["r_squared"]
    assert found.fixed_variance == pytest.approx(expected["fixed"], rel=1e-5)
    assert found.random_variance == pytest.approx(expected["random"], rel=1e-4)
    assert found.residual_variance == pytest.approx(expected["residual"], rel=1e-4)
    total = sum(expected.values())
    assert found.conditional == pytest.approx(1 - expected["residual"] / total, rel=1e-4)
