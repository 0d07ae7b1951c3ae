"""Population-averaged fits against the estimating equations written out densely."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from naturalistic.stats.generalised_mixed_model import fit_generalised_mixed_model
from naturalistic.stats.marginal_models import (
    MarginalModelFit,
    fit_cluster_robust_glm,
    fit_exchangeable_gee,
)

ROWS, CLUSTERS = 300, 45


def simulate(seed: int = 4, spread: float = 1.0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    cluster = rng.integers(0, CLUSTERS, ROWS)
    design = np.column_stack([np.ones(ROWS), rng.normal(size=ROWS)])
    eta = design @ [-0.4, 0.6] + rng.normal(0, spread, CLUSTERS)[cluster]
    trials = rng.integers(1, 6, ROWS)
    return {
        "response": rng.binomial(trials, 1 / (1 + np.exp(-eta))),
        "trials": trials,
        "design": design,
        "cluster": cluster,
        "family": "binomial",
        "term_names": ["one", "age"],
        "cluster_label": "therapist",
    }


def sandwich(
    fit: MarginalModelFit, y: np.ndarray, design: np.ndarray, cluster: np.ndarray, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Estimating function and Liang-Zeger covariance with explicit correlation matrices."""
    mean = 1 / (1 + np.exp(-design @ fit.coefficients))
    score, bread, meat = np.zeros(2), np.zeros((2, 2)), np.zeros((2, 2))
    for g in np.unique(cluster):
        rows = cluster == g
        variance = mean[rows] * (1 - mean[rows])
        slope = design[rows] * variance[:, None]
        correlation = (1 - alpha) * np.eye(rows.sum()) + alpha
        working = np.sqrt(variance)[:, None] * correlation * np.sqrt(variance)
        weighted = np.linalg.solve(working, slope)
        part = weighted.T @ (y[rows] - mean[rows])
        score, bread, meat = (
            score + part,
            bread + weighted.T @ slope,
            meat + np.outer(part, part),
        )
    inverse = np.linalg.inv(bread)
    return score, inverse @ meat @ inverse


def test_gee_solves_the_estimating_equations_over_single_trials() -> None:
    data = simulate()
    fit = fit_exchangeable_gee(**data)
    rows = np.repeat(np.arange(ROWS), data["trials"])
    position = np.concatenate([np.arange(m) for m in data["trials"]])
    y = (position < data["response"][rows]).astype(float)
    assert fit.converged and 0.02 < fit.correlation < 0.4
    score, covariance = sandwich(
        fit, y, data["design"][rows], data["cluster"][rows], fit.correlation
    )
    np.testing.assert_allclose(score, 0.0, atol=1e-5)
    np.testing.assert_allclose(
        fit.covariance, covariance * CLUSTERS / (CLUSTERS - 1), rtol=1e-5, atol=1e-9
    )


def test_cluster_robust_errors_and_their_factor() -> None:
    data = simulate()
    fit = fit_cluster_robust_glm(**data, conf_level=0.9)
    design, trials = data["design"], data["trials"]
    mean = 1 / (1 + np.exp(-design @ fit.coefficients))
    scores = design * (data["response"] - trials * mean)[:, None]
    np.testing.assert_allclose(scores.sum(axis=0), 0.0, atol=1e-8)
    by_cluster = np.array([scores[data["cluster"] == g].sum(axis=0) for g in range(CLUSTERS)])
    bread = np.linalg.inv(design.T @ (design * (trials * mean * (1 - mean))[:, None]))
    factor = CLUSTERS / (CLUSTERS - 1) * (ROWS - 1) / (ROWS - 2)
    expected = factor * bread @ (by_cluster.T @ by_cluster) @ bread
    np.testing.assert_allclose(fit.covariance, expected, rtol=1e-8)
    age = fit.term("age")
    assert age.df == CLUSTERS - 1
    reach = stats.t.ppf(0.95, CLUSTERS - 1) * age.std_error
    assert age.conf_high - age.estimate == pytest.approx(reach)
    assert age.p_value == pytest.approx(2 * stats.t.sf(abs(age.statistic), CLUSTERS - 1))


def test_averaged_coefficients_are_nearer_to_zero_than_conditional_ones() -> None:
    data = simulate(spread=1.8)
    averaged = fit_cluster_robust_glm(**data)
    group = {"group": data.pop("cluster"), "group_label": data.pop("cluster_label")}
    conditional = fit_generalised_mixed_model(**data, **group)
    assert 0 < averaged.coefficients[1] < conditional.coefficients[1]
    assert "population averaged" in averaged.formula


def test_counts_with_offset_and_dependent_column() -> None:
    data = simulate()
    rng = np.random.default_rng(0)
    exposure = rng.uniform(1, 10, ROWS)
    counts = rng.poisson(exposure * np.exp(data["design"] @ [-1.0, 0.3]))
    design = np.column_stack([data["design"], 2 * data["design"][:, 1]])
    for fitted in (fit_cluster_robust_glm, fit_exchangeable_gee):
        fit = fitted(
            counts,
            design,
            family="poisson",
            cluster=data["cluster"],
            offset=np.log(exposure),
            term_names=["one", "age", "twice"],
        )
        assert abs(fit.coefficients[1] - 0.3) < 4 * fit.standard_errors[1]
        assert np.isnan(fit.coefficients[2])
        assert "'age'" in fit.term("twice").note


def test_failures_explain_themselves() -> None:
    data = simulate()
    one = fit_cluster_robust_glm(**(data | {"cluster": np.zeros(ROWS)}))
    assert one.status == "not_estimable" and "only one therapist" in one.notes[0]
    few = fit_cluster_robust_glm(**(data | {"cluster": data["cluster"] % 2}))
    assert any("2 levels of therapist" in note for note in few.notes)
    assert any("joint tests are not possible" in note for note in few.notes)
    rare = np.zeros(ROWS)
    rare[:5] = 1
    response = data["response"].copy()
    response[:5] = 0
    design = np.column_stack([data["design"], rare])
    separated = fit_cluster_robust_glm(
        **(data | {"design": design, "response": response, "term_names": ["one", "age", "rare"]})
    )
    assert separated.status == "ok" and np.isnan(separated.coefficients[2])
    assert "separation" in separated.term("rare").note
    with pytest.raises(ValueError, match="poisson"):
        fit_cluster_robust_glm(**(data | {"family": "nb2", "trials": None}))
    with pytest.raises(ValueError, match="needs no expansion"):
        fit_exchangeable_gee(**(data | {"trials": data["trials"] * 1_000_000}))
