"""Shared gamma frailty against R's coxph with frailty() (frailty.R makes the numbers)."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.frailty import FrailtyFit, fit_frailty_cox

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "frailty.json").read_text())
EIGHT = ("age", "female", "phq0", "unemp", "med", "prior", "cbt", "remote")

with (HERE / "data" / "sim_474.csv").open(newline="") as lines:
    ROWS = [row for row in csv.DictReader(lines) if row["age"]]
PEOPLE = {
    name: np.array([float(row[name]) for row in ROWS])
    for name in ("id", "sessions", "dropout", "therapist", *EIGHT)
}


def fit(**options: object) -> FrailtyFit:
    design = np.column_stack([PEOPLE[name] for name in EIGHT])
    return fit_frailty_cox(
        PEOPLE["sessions"], PEOPLE["dropout"], design, PEOPLE["therapist"], **options
    )


@pytest.mark.parametrize("theta", [0.05, 0.2, 1])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_at_a_given_variance(ties: str, theta: float) -> None:
    got, expected = fit(ties=ties, theta=theta), GOLDEN[f"{ties}_{theta}"]
    np.testing.assert_allclose(got.coefficients, expected["coef"], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(got.log_frailty, expected["log_frailty"], atol=1e-9)
    np.testing.assert_allclose(got.covariance, expected["var"], rtol=1e-7, atol=1e-11)
    assert got.loglik == pytest.approx(expected["loglik"], rel=1e-11)
    assert got.converged


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_variance_that_maximises_the_marginal_likelihood(ties: str) -> None:
    got, expected = fit(ties=ties), GOLDEN[f"best_{ties}"]
    # The maximum in R is found with numerical derivatives.
    assert got.variance.estimate == pytest.approx(expected["theta"], rel=1e-6)
    assert got.variance.conf_low == 0
    assert got.variance.conf_high == pytest.approx(expected["theta_high"], rel=1e-7)
    assert got.loglik == pytest.approx(expected["loglik"], rel=1e-12)
    assert got.loglik_without == pytest.approx(expected["loglik_none"], rel=1e-12)
    np.testing.assert_allclose(got.coefficients, expected["coef"], rtol=1e-6)
    np.testing.assert_allclose(got.std_errors, np.sqrt(np.diag(expected["var"])), rtol=1e-6)
    # R's own search stops within a percent or two of it, and lower on the likelihood.
    assert got.variance.estimate == pytest.approx(expected["theta_r"], rel=0.03)
    there = fit(ties=ties, theta=expected["theta_r"])
    assert got.loglik > there.loglik


def test_late_entry() -> None:
    entry = np.minimum(PEOPLE["id"] % 5, PEOPLE["sessions"] - 1)
    got, expected = fit(theta=0.2, entry=entry), GOLDEN["late_entry"]
    np.testing.assert_allclose(got.coefficients, expected["coef"], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(got.log_frailty, expected["log_frailty"], atol=1e-9)
    np.testing.assert_allclose(got.covariance, expected["var"], rtol=1e-7, atol=1e-11)
