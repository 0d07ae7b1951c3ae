"""Linear mixed models against lme4, lmerTest and nlme (numbers made by linear_mixed_model.R)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.linear_mixed_model import LinearMixedModelFit, fit_linear_mixed_model

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


def fit_golden(name: str, shift: float = 0.0) -> LinearMixedModelFit:
    data, outcome, patient, therapist, service, time, options = MODELS[name]
    expected = GOLDEN["models"][name]
    return fit_linear_mixed_model(
        data[outcome] + shift,
        _design(data, expected["terms"]),
        data[patient].astype(int),
        time=None if time is None else data[time],
        therapist=_codes(data, therapist),
        service=_codes(data, service),
        reml=expected["reml"],
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
    np.testing.assert_allclose(fit.df, fit_golden("slope_therapist").df, rtol=1e-6)


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
