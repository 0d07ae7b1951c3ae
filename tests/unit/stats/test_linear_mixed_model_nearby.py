"""A search that starts from a model like it ends where a search from nothing does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from naturalistic.stats.linear_mixed_model import fit_linear_mixed_model
from naturalistic.stats.lmm import optimise
from naturalistic.stats.lmm.blocks import sweep, weighted_crossproduct
from naturalistic.stats.lmm.likelihood import LinearMixedLikelihood


def course(patients: int = 900, forms: int = 5) -> dict[str, Any]:
    """Forms over time of patients in 60 therapists of 6 services, with one predictor."""
    rng = np.random.default_rng(8)
    patient = np.repeat(np.arange(patients), forms)
    therapist = np.arange(patients)[patient] % 60
    time = rng.uniform(0, 2, patients * forms)
    severity = rng.normal(size=patients)[patient]
    level, slope = rng.normal(0, [[3.0], [1.0]], (2, patients))
    upper, upper_slope = rng.normal(0, [[0.8], [0.5]], (2, 60))
    score = 15 + 0.5 * severity - time * (3 + 0.1 * severity)
    score += level[patient] + upper[therapist] + (slope[patient] + upper_slope[therapist]) * time
    score += np.repeat(rng.normal(0, 0.6, 6), 10)[therapist]
    score += rng.normal(0, 2, len(time))
    plain = np.column_stack([np.ones(len(time)), time])
    return {
        "outcome": score,
        "plain": plain,
        "full": np.column_stack([plain, severity, severity * time]),
        "rows": {
            "patient": patient,
            "time": time,
            "random_slope": True,
            "therapist": therapist,
            "therapist_slope": True,
            "service": therapist // 10,
        },
    }


@pytest.fixture
def evaluations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows behind every evaluation of a likelihood, in order."""
    seen: list[int] = []
    evaluate = LinearMixedLikelihood.evaluate

    def counted(self: LinearMixedLikelihood, theta: np.ndarray) -> Any:
        seen.append(self.rows.rows)
        return evaluate(self, theta)

    monkeypatch.setattr(LinearMixedLikelihood, "evaluate", counted)
    return seen


def test_a_model_like_it_shortens_the_search_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, evaluations: list[int]
) -> None:
    made = course()
    cold = fit_linear_mixed_model(made["outcome"], made["full"], **made["rows"])
    from_nothing = len(evaluations)
    near = fit_linear_mixed_model(made["outcome"], made["plain"], reml=False, **made["rows"])
    evaluations.clear()
    # as if nine hundred patients were very many
    monkeypatch.setattr(optimise, "_SAMPLE_UNITS", 200)
    monkeypatch.setattr(optimise, "_SAMPLE_CELLS", 5)
    warm = fit_linear_mixed_model(made["outcome"], made["full"], near=near, **made["rows"])
    assert warm.converged and not warm.singular
    assert warm.loglik == pytest.approx(cold.loglik, abs=1e-7)
    np.testing.assert_allclose(warm.coefficients, cold.coefficients, atol=1e-6)
    np.testing.assert_allclose(warm.df, cold.df, rtol=1e-3)
    assert len(evaluations) < 0.7 * from_nothing


def test_a_sample_of_therapists_gives_the_start_of_a_large_model(
    monkeypatch: pytest.MonkeyPatch, evaluations: list[int]
) -> None:
    made = course()
    cold = fit_linear_mixed_model(made["outcome"], made["full"], **made["rows"])
    monkeypatch.setattr(optimise, "_SAMPLE_UNITS", 200)
    monkeypatch.setattr(optimise, "_SAMPLE_CELLS", 5)
    evaluations.clear()
    warm = fit_linear_mixed_model(made["outcome"], made["full"], **made["rows"])
    assert min(evaluations) < max(evaluations) / 3
    assert warm.converged
    assert warm.loglik == pytest.approx(cold.loglik, abs=1e-7)
    np.testing.assert_allclose(warm.coefficients, cold.coefficients, atol=1e-6)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_crossproducts_of_positive_and_negative_covariances(sign: float) -> None:
    rng = np.random.default_rng(2)
    root = rng.normal(size=(2, 2, 5000))
    gram = np.stack(
        [(root[0] ** 2).sum(axis=0), (root[0] * root[1]).sum(axis=0), (root[1] ** 2).sum(axis=0)]
    )
    products = rng.normal(size=(2, 5000, 4))
    # of rank one; the negative one is what two negatively correlated occasions have
    covariance = sign * 0.01 * np.array([[1.0, 0.5], [0.5, 0.25]])
    if sign < 0:
        gram = gram / gram.max()
    weight = sweep(gram, covariance).weight
    full = np.array([[weight[0], weight[1]], [weight[1], weight[2]]])
    expected = np.einsum("aum,abu,bun->mn", products, full, products)
    np.testing.assert_allclose(weighted_crossproduct(weight, products), expected, rtol=1e-10)


def test_a_covariance_beyond_arithmetic_is_no_candidate() -> None:
    gram = np.array([[1e17], [1e17], [1e17]])
    with pytest.raises(np.linalg.LinAlgError, match="beyond what the arithmetic"):
        sweep(gram * [[1], [1.5], [1]], np.eye(2))
