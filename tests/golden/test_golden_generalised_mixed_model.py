"""Generalised mixed models against glmmTMB (and adaptive quadrature against lme4).

Laplace: coefficients within 1e-4 standard errors of glmmTMB, standard errors within 2e-4 relative
(its own Hessian is a finite difference), log-likelihood never lower by more than 1e-6. Made by
generalised_mixed_model.R.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naturalistic.stats.generalised_mixed_model import (
    GeneralisedMixedModelFit,
    fit_generalised_mixed_model,
)
from naturalistic.stats.marginal_models import fit_cluster_robust_glm

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "generalised_mixed_model.json").read_text())


def data(name: str) -> Any:
    return np.genfromtxt(HERE / "data" / f"generalised_{name}.csv", delimiter=",", names=True)


def design(table: Any, *columns: str) -> np.ndarray:
    return np.column_stack([np.ones(len(table)), *(table[column] for column in columns)])


PEOPLE = ("age", "prior", "severity")


def arguments(case: str) -> dict[str, Any]:
    if case.startswith("cbpp"):
        table = data("cbpp")
        period = np.column_stack([table["period"] == k for k in (1, 2, 3, 4)]).astype(float)
        period[:, 0] = 1.0
        return {
            "response": table["incidence"],
            "design": period,
            "trials": table["size"],
            "group": table["herd"],
            "group_label": "herd",
            "family": "binomial",
        }
    if case in ("absences", "overdispersed", "boundary"):
        table = data(case)
        return {
            "response": table["missed"],
            "design": design(table, *PEOPLE),
            "trials": table["booked"],
            "group": table["therapist"],
            "group_label": "therapist",
            "family": "binomial",
            **({"unit": table["patient"], "unit_label": "patient"} if case[0] == "o" else {}),
        }
    if case in ("poisson", "nb2", "poisson_with_patient"):
        table = data("sessions")
        return {
            "response": table["poisson" if case == "poisson" else "nb2"],
            "design": design(table, *PEOPLE),
            "offset": np.log(table["weeks"]),
            "group": table["therapist"],
            "group_label": "therapist",
            "family": "nb2" if case == "nb2" else "poisson",
            **(
                {"unit": np.arange(len(table)), "unit_label": "patient"}
                if case == "poisson_with_patient"
                else {}
            ),
        }
    table = data(f"appointments_{case}")
    return {
        "response": table["missed"],
        "design": design(table, *PEOPLE, "number"),
        "unit": table["patient"],
        "unit_label": "patient",
        "group": table["therapist"],
        "group_label": "therapist",
        "family": "binomial",
    }


CASES = [
    "cbpp",
    "absences",
    "poisson",
    "nb2",
    "overdispersed",
    "poisson_with_patient",
    "nested",
    "crossed",
]


@pytest.fixture(scope="module")
def fits() -> dict[str, GeneralisedMixedModelFit]:
    return {case: fit_generalised_mixed_model(**arguments(case)) for case in CASES}


@pytest.mark.parametrize("case", CASES)
def test_laplace_equals_glmmtmb(case: str, fits: dict[str, GeneralisedMixedModelFit]) -> None:
    fit, golden = fits[case], GOLDEN[case]
    assert fit.converged and not fit.singular
    expected = np.array(golden["coefficients"])
    errors = np.array(golden["std_errors"])
    assert np.max(np.abs(fit.coefficients - expected) / errors) < 1e-4
    np.testing.assert_allclose(fit.standard_errors, errors, rtol=2e-4)
    np.testing.assert_allclose(
        fit.covariance, golden["covariance"], atol=4e-4 * float(np.max(errors)) ** 2
    )
    assert fit.log_likelihood >= golden["log_likelihood"] - 1e-6
    assert fit.log_likelihood == pytest.approx(golden["log_likelihood"], abs=1e-6)
    for effect in fit.random_effects:
        assert effect.standard_deviation == pytest.approx(golden["sds"][effect.label], rel=1e-5)
    if case == "nb2":
        assert fit.theta == pytest.approx(golden["theta"], rel=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_modes_and_their_errors_equal_glmmtmb(
    case: str, fits: dict[str, GeneralisedMixedModelFit]
) -> None:
    for effect in fits[case].random_effects:
        modes = GOLDEN[case]["modes"][effect.label]
        np.testing.assert_allclose(effect.modes, modes, atol=2e-6)
        errors = GOLDEN[case]["conditional_std_errors"][effect.label]
        np.testing.assert_allclose(effect.conditional_std_errors, errors, rtol=1e-5)


@pytest.mark.parametrize(("case", "points"), [("cbpp", 9), ("nested", 15)])
def test_adaptive_quadrature_equals_lme4(case: str, points: int) -> None:
    request = arguments(case) | {"quadrature_points": points}
    if case == "nested":  # by patient, where few yes/no rows make Laplace coarse
        request |= {"group": request.pop("unit"), "group_label": request.pop("unit_label")}
    fit = fit_generalised_mixed_model(**request)
    golden = GOLDEN[f"{case}_quadrature"]
    distance = np.abs(fit.coefficients - np.array(golden["coefficients"])) / fit.standard_errors
    assert fit.converged
    assert np.max(distance) < 1e-5
    assert fit.random_effects[0].standard_deviation == pytest.approx(golden["sd"], rel=1e-5)


def test_variance_at_zero_is_the_plain_model_and_no_lower_than_glmmtmb() -> None:
    fit = fit_generalised_mixed_model(**arguments("boundary"))
    plain = GOLDEN["boundary_plain"]
    assert fit.singular and fit.converged
    assert fit.random_effects[0].variance == 0.0
    assert fit.log_likelihood >= GOLDEN["boundary"]["log_likelihood"] - 1e-6
    assert fit.log_likelihood == pytest.approx(plain["log_likelihood"], abs=1e-8)
    np.testing.assert_allclose(fit.coefficients, plain["coefficients"], rtol=1e-6)
    np.testing.assert_allclose(fit.standard_errors, plain["std_errors"], rtol=1e-6)


def test_plain_negative_binomial_equals_mass() -> None:
    request = arguments("nb2") | {"group": None}
    fit = fit_generalised_mixed_model(**request)
    golden = GOLDEN["nb2_plain"]
    np.testing.assert_allclose(fit.coefficients, golden["coefficients"], rtol=1e-6)
    assert fit.theta == pytest.approx(golden["theta"], rel=1e-6)
    assert fit.log_likelihood == pytest.approx(golden["log_likelihood"], abs=1e-7)


@pytest.mark.parametrize(
    ("case", "golden"), [("nested", "binomial"), ("absences", "counts"), ("poisson", "poisson")]
)
def test_cluster_robust_glm_equals_sandwich(case: str, golden: str) -> None:
    request = arguments(case)
    request = {
        key: request[key] for key in request if key not in ("unit", "unit_label", "group_label")
    }
    fit = fit_cluster_robust_glm(cluster=request.pop("group"), **request)
    expected = GOLDEN[f"robust_{golden}"]
    np.testing.assert_allclose(fit.coefficients, expected["coefficients"], rtol=1e-7)
    np.testing.assert_allclose(fit.standard_errors, expected["cr1"], rtol=1e-7)
