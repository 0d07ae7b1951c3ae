"""Generalised mixed models on simulated services whose truth is known.

The committed table of benchmarks/generalised_mixed_model_coverage.py has the long study; here are
the quick forms of it, with limits wide enough never to fail by chance (a fixed seed) and narrow
enough to fail when an estimator is off.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from naturalistic.stats.generalised_mixed_model import (
    average_contrast,
    fit_generalised_mixed_model,
    likelihood_ratio_test,
    overdispersion_test,
)


def logistic(eta: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-eta)))


def test_coverage_of_a_patient_level_slope_with_twenty_therapists() -> None:
    rng = np.random.default_rng(20)
    covered, spreads = [], []
    for _ in range(200):
        therapist = np.arange(300) % 20
        x = rng.normal(size=300)
        eta = -1 + 0.4 * x + rng.normal(0, 0.5, 20)[therapist]
        fit = fit_generalised_mixed_model(
            rng.binomial(12, logistic(eta)),
            np.column_stack([np.ones(300), x]),
            family="binomial",
            trials=np.full(300, 12),
            group=therapist,
        )
        assert fit.converged
        covered.append(fit.conf_low[1] <= 0.4 <= fit.conf_high[1])
        spreads.append(fit.random_effects[0].standard_deviation)
    # the standard error of a coverage of 95 % is 1.5 % with 200 replicates
    assert 0.905 <= np.mean(covered) <= 0.99
    # maximum likelihood falls short by about 1 part in 2 x 20 therapists
    assert 0.45 < np.mean(spreads) < 0.5


def large_service(crossing: bool) -> tuple[dict[str, Any], float]:
    """3,000 patients with 12 appointments, 150 therapists; the SD of the effects really drawn."""
    rng = np.random.default_rng(7)
    patients, therapists = 3000, 150
    patient = np.repeat(np.arange(patients), 12)
    number = np.tile(np.arange(12), patients)
    therapist = (np.arange(patients) % therapists)[patient]
    if crossing:
        moves = (patient % 5 == 0) & (number >= 6)
        therapist = np.where(moves, rng.integers(0, therapists, patients)[patient], therapist)
    x = rng.normal(size=patients)[patient]
    design = np.column_stack([np.ones(len(x)), x, number / 10])
    eta = design @ [-1.5, 0.3, 0.4]
    effects = rng.normal(0, 0.5, therapists)
    eta += rng.normal(0, 0.8, patients)[patient] + effects[therapist]
    arguments = {
        "response": rng.binomial(1, logistic(eta)),
        "design": design,
        "unit": patient,
        "group": therapist,
        "family": "binomial",
        "unit_label": "patient",
        "group_label": "therapist",
    }
    return arguments, float(np.std(effects))


def test_patient_and_therapist_effects_nested_and_crossed() -> None:
    for crossing in (False, True):
        arguments, drawn = large_service(crossing)
        fit = fit_generalised_mixed_model(**arguments)
        assert fit.converged
        distance = (fit.coefficients - [-1.5, 0.3, 0.4]) / fit.standard_errors
        assert np.all(np.abs(distance) < 3)
        therapist = fit.random_effect("therapist")
        error = therapist.standard_deviation_std_error
        assert abs(therapist.standard_deviation - drawn) < 2 * error
        # Laplace falls short of a patient's spread when there are a dozen yes/no rows each
        assert 0.7 < fit.random_effect("patient").standard_deviation < 0.85


def test_overdispersed_counts_and_their_answer() -> None:
    rng = np.random.default_rng(3)
    patients, therapists = 6000, 200
    therapist = np.arange(patients) % therapists
    x = rng.normal(size=patients)
    eta = 1 + 0.3 * x + rng.normal(0, 0.6, patients) + rng.normal(0, 0.3, therapists)[therapist]
    arguments: dict[str, Any] = {
        "response": rng.poisson(np.exp(eta)),
        "design": np.column_stack([np.ones(patients), x]),
        "family": "poisson",
        "group": therapist,
    }
    without = fit_generalised_mixed_model(**arguments)
    answered = fit_generalised_mixed_model(**arguments, unit=np.arange(patients))
    assert overdispersion_test(without).p_value < 1e-12
    assert overdispersion_test(answered).p_value > 0.01
    assert abs(answered.random_effect("unit").standard_deviation - 0.6) < 0.04
    assert abs(answered.coefficients[1] - 0.3) < 3 * answered.standard_errors[1]
    # ignoring it makes the standard error of the slope far too small
    assert without.standard_errors[1] < 0.75 * answered.standard_errors[1]


def test_marginal_effect_is_the_difference_between_two_worlds() -> None:
    rng = np.random.default_rng(5)
    rows, therapists = 20_000, 400
    therapist = np.arange(rows) % therapists
    treated = (rng.random(rows) < 0.5).astype(float)
    effects = rng.normal(0, 1.2, therapists)[therapist]
    design = np.column_stack([np.ones(rows), treated])
    fit = fit_generalised_mixed_model(
        rng.binomial(1, logistic(-1 + 0.8 * treated + effects)),
        design,
        family="binomial",
        group=therapist,
    )
    high, low = design.copy(), design.copy()
    high[:, 1], low[:, 1] = 1.0, 0.0
    contrast = average_contrast(fit, high, low)
    everybody = rng.normal(0, 1.2, 2_000_000)
    truth = np.mean(logistic(-0.2 + everybody) - logistic(-1.0 + everybody))
    assert abs(contrast.estimate - truth) < 3 * contrast.std_error
    assert contrast.std_error < 0.01


def test_boundary_mixture_keeps_its_level() -> None:
    rng = np.random.default_rng(9)
    rejections = 0
    for _ in range(200):
        therapist = np.arange(240) % 24
        arguments: dict[str, Any] = {
            "response": rng.poisson(3.0, 240),
            "design": np.ones((240, 1)),
            "family": "poisson",
        }
        mixed = fit_generalised_mixed_model(**arguments, group=therapist)
        plain = fit_generalised_mixed_model(**arguments)
        rejections += likelihood_ratio_test(mixed, plain).p_value < 0.1
    # 10 % nominal, slightly conservative with 24 therapists; a plain chi-square would give about 4 %
    assert 0.055 <= rejections / 200 <= 0.15
