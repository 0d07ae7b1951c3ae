"""Discrete-time hazards against R's glm and sandwich (discrete_time.R makes the numbers)."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.discrete_time import DiscreteTimeFit, fit_discrete_time_hazard
from naturalistic.stats.hazards.discrete_time_prediction import predict_hazard, predict_left_by

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "discrete_time.json").read_text())
EIGHT = ("age", "female", "phq0", "unemp", "med", "prior", "cbt", "remote")
VARYING = ("cum_abs", "female", "phq0", "unemp", "cbt")
PERSON = [[40, 1, 18, 0, 1, 1, 1, 0]]


def read(name: str, *wanted: str) -> dict[str, np.ndarray]:
    with (HERE / "data" / f"{name}.csv").open(newline="") as lines:
        rows = [r for r in csv.DictReader(lines) if all(r[c] not in ("", "NA") for c in wanted)]
    return {column: np.array([float(row[column]) for row in rows]) for column in wanted}


def varying_fit(link: str, **options: object) -> DiscreteTimeFit:
    rows = read("sim_474_pp", "start", "stop", "event", "therapist", *VARYING)
    if options.pop("clustered", False):
        options["cluster"] = rows["therapist"]
    return fit_discrete_time_hazard(
        rows["stop"],
        rows["event"],
        np.column_stack([rows[name] for name in VARYING]),
        entry=rows["start"],
        link=link,
        baseline="steps",
        step_starts=range(1, 16),
        term_names=VARYING,
        **options,
    )


def spline_fit(link: str, **options: object) -> DiscreteTimeFit:
    people = read("sim_474", "sessions", "etype", "therapist", *EIGHT)
    if options.pop("clustered", False):
        options["cluster"] = people["therapist"]
    return fit_discrete_time_hazard(
        people["sessions"],
        people["etype"] == 1,
        np.column_stack([people[name] for name in EIGHT]),
        link=link,
        knots=[1, 3, 8, 20],
        term_names=EIGHT,
        **options,
    )


def as_contrasts(m: int, p: int) -> np.ndarray:
    """R's coding of steps: the first as intercept, the others as differences from it."""
    matrix = np.eye(m + p)
    matrix[1:m, 0] = -1
    return matrix


CLOSE = {"rtol": 1e-8, "atol": 1e-10}


@pytest.mark.parametrize("link", ["cloglog", "logit"])
@pytest.mark.parametrize("name", ["varying", "spline"])
def test_fit_equals_glm(name: str, link: str) -> None:
    make = varying_fit if name == "varying" else spline_fit
    expected = GOLDEN[f"{name}_{link}"]
    fit = make(link)
    coding = as_contrasts(fit.n_baseline, 5) if name == "varying" else np.eye(len(fit.terms))
    np.testing.assert_allclose(coding @ fit.coefficients, expected["coef"], **CLOSE)
    np.testing.assert_allclose(
        coding @ fit.covariance @ coding.T, expected["var"], rtol=1e-7, atol=1e-10
    )
    assert -2 * fit.loglik == pytest.approx(expected["deviance"], rel=1e-12)
    assert fit.converged
    for corrected, key in ((False, "var_cluster"), (True, "var_cluster_corrected")):
        clustered = make(link, clustered=True, cluster_correction=corrected)
        np.testing.assert_allclose(clustered.coefficients, fit.coefficients, rtol=1e-9)
        got = coding @ clustered.covariance @ coding.T
        np.testing.assert_allclose(got, expected[key], rtol=1e-7, atol=1e-10, err_msg=key)


@pytest.mark.parametrize("link", ["cloglog", "logit"])
def test_predictions_equal_r(link: str) -> None:
    fit, expected = spline_fit(link), GOLDEN[f"spline_{link}"]
    sessions = np.arange(1, 41)
    hazard = predict_hazard(fit, PERSON, sessions)
    np.testing.assert_allclose(hazard.estimate[0], expected["hazard"], rtol=1e-9)
    np.testing.assert_allclose(hazard.std_error[0], expected["hazard_se"], rtol=1e-8)
    left = predict_left_by(fit, PERSON, sessions)
    np.testing.assert_allclose(left.estimate[0], expected["left"], rtol=1e-9)
    # R's gradient is numerical.
    np.testing.assert_allclose(left.std_error[0], expected["left_se"], rtol=1e-7)
