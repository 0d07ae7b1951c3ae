"""Linear mixed models bring back the truth they were simulated from, and statsmodels agrees."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from naturalistic.stats.linear_mixed_model import LinearMixedModelFit, fit_linear_mixed_model
from naturalistic.stats.lmm.contrasts import linear_combination
from naturalistic.stats.lmm.predictions import random_effects
from naturalistic.stats.lmm.shares import variance_share

BETA = np.array([14.0, -0.8, 0.05, 0.3])
PATIENT = np.array([[16.0, -0.6], [-0.6, 0.2]])
THERAPIST = np.array([[2.0, -0.1], [-0.1, 0.06]])
SERVICE, RESIDUAL = 1.0, 6.0


def simulate(seed: int, patients: int, therapists: int, services: int, sessions: int) -> dict:
    random = np.random.default_rng(seed)
    counts = random.integers(2, sessions + 1, patients)
    patient = np.repeat(np.arange(patients), counts)
    time = np.concatenate([np.arange(k) for k in counts]) + random.uniform(0, 0.4, counts.sum())
    home = random.integers(0, therapists, patients)
    therapist = home[patient]
    moved = random.random(patients)[patient] < 0.1
    therapist = np.where(moved & (time > 3), (therapist + services) % therapists, therapist)
    service = therapist % services
    age = random.normal(0, 10, patients)[patient]
    group = (random.random(patients) < 0.4)[patient].astype(float)
    design = np.column_stack([np.ones(len(time)), time, age, time * group])
    own = random.multivariate_normal([0, 0], PATIENT, patients)
    theirs = random.multivariate_normal([0, 0], THERAPIST, therapists)
    outcome = design @ BETA + own[patient, 0] + own[patient, 1] * time
    outcome += theirs[therapist, 0] + theirs[therapist, 1] * time
    outcome += random.normal(0, np.sqrt(SERVICE), services)[service]
    outcome += random.normal(0, np.sqrt(RESIDUAL), len(time))
    return {
        "outcome": outcome,
        "design": design,
        "patient": patient,
        "time": time,
        "therapist": therapist,
        "service": service,
        "effects": theirs,
    }


def fit_full(data: dict) -> LinearMixedModelFit:
    return fit_linear_mixed_model(
        data["outcome"],
        data["design"],
        data["patient"],
        time=data["time"],
        random_slope=True,
        therapist=data["therapist"],
        therapist_slope=True,
        service=data["service"],
    )


def test_large_sample_recovers_every_parameter() -> None:
    data = simulate(1, patients=6_000, therapists=250, services=50, sessions=6)
    fit = fit_full(data)
    assert fit.converged
    assert np.all(np.abs(fit.coefficients - BETA) < 4 * fit.std_errors)
    truth = {
        "patient.intercept": PATIENT[0, 0],
        "patient.slope": PATIENT[1, 1],
        "patient.covariance": PATIENT[0, 1],
        "therapist.intercept": THERAPIST[0, 0],
        "therapist.slope": THERAPIST[1, 1],
        "therapist.covariance": THERAPIST[0, 1],
        "service.intercept": SERVICE,
        "residual.all": RESIDUAL,
    }
    for key, value in truth.items():
        component = fit.component(key)
        assert abs(component.value - value) < 4 * component.std_error
        assert component.std_error < 0.5 * max(abs(value), 0.05)
    share = THERAPIST[0, 0] / (PATIENT[0, 0] + THERAPIST[0, 0] + SERVICE + RESIDUAL)
    found = variance_share(fit, "therapist")
    assert abs(found.estimate - share) < 4 * found.std_error
    predicted = random_effects(fit, "therapist")
    slopes = predicted.effects[:, 1]
    assert np.corrcoef(slopes, data["effects"][:, 1])[0, 1] > 0.7
    # the conditional standard error is the error of prediction
    missed = (slopes - data["effects"][:, 1]) / predicted.std_errors[:, 1]
    assert np.std(missed) == pytest.approx(1.0, abs=0.15)


def test_intervals_cover_with_few_therapists() -> None:
    """Ten therapists, a treatment that differs between therapists: t intervals hold 95 %."""
    random = np.random.default_rng(7)
    therapists, per_therapist, draws = 10, 12, 150
    therapist = np.repeat(np.arange(therapists), per_therapist * 2)
    patient = np.repeat(np.arange(therapists * per_therapist), 2)
    time = np.tile([0.0, 1.0], therapists * per_therapist)
    arm = (therapist % 2).astype(float)
    design = np.column_stack([np.ones(len(time)), time, arm])
    held = 0
    for _ in range(draws):
        outcome = 20.0 - 4.0 * time + random.normal(0, 4, patient.max() + 1)[patient]
        outcome += random.normal(0, 2, therapists)[therapist] + random.normal(0, 3, len(time))
        fit = fit_linear_mixed_model(outcome, design, patient, therapist=therapist)
        found = linear_combination(fit, [0.0, 0.0, 1.0])
        held += found.conf_low <= 0.0 <= found.conf_high
    # three binomial standard errors of 150 draws; benchmarks/linear_mixed_model_coverage.py has more
    assert held / draws == pytest.approx(0.95, abs=0.053)


def test_statsmodels_agrees_where_it_can_express_the_model() -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM

    data = simulate(3, patients=150, therapists=12, services=4, sessions=6)
    ours = fit_linear_mixed_model(
        data["outcome"], data["design"], data["patient"], time=data["time"], random_slope=True
    )
    basis = np.column_stack([np.ones(len(data["time"])), data["time"]])
    with warnings.catch_warnings():
        # statsmodels warns about its own intermediate steps
        warnings.simplefilter("ignore")
        theirs = MixedLM(data["outcome"], data["design"], data["patient"], exog_re=basis).fit(
            reml=True, method="lbfgs", gtol=1e-9
        )
    assert ours.loglik == pytest.approx(theirs.llf, abs=1e-4)
    assert np.max(np.abs(ours.coefficients - theirs.fe_params) / ours.std_errors) < 1e-3
    np.testing.assert_allclose(ours.std_errors, theirs.bse_fe, rtol=5e-3)
    block = theirs.cov_re
    assert ours.component("patient.slope").value == pytest.approx(block[1, 1], rel=1e-2)
