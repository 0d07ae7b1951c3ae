"""Known cause-specific hazards come back, with intervals that cover as they say (small studies).

Endings happen in continuous time and are seen at whole sessions, so everything is heavily tied.
Limits are four Monte Carlo standard errors around the nominal value, the seeds fixed.
`benchmarks/cox_coverage.py` is the same study with more draws and cohorts, and its table.
"""

import numpy as np
import pytest

from naturalistic.stats.cause_specific import fit_cause_specific
from naturalistic.stats.cox import fit_cox
from naturalistic.stats.cox_firth import fit_cox_firth
from naturalistic.stats.discrete_time import fit_discrete_time_hazard
from naturalistic.stats.frailty import fit_frailty_cox
from naturalistic.stats.standardised_risk import standardised_risk

DROPOUT = np.array([0.5, -0.3])
PLANNED = np.array([-0.4, 0.0])
RATES = (0.06, 0.04)
TIMES = np.array([4, 10, 20])


def simulate(
    rng: np.random.Generator, n: int, frailty: np.ndarray | float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sessions, cause (1 dropout, 2 planned, 0 open at the data cut), two covariates."""
    design = np.column_stack([rng.integers(0, 2, n), rng.normal(size=n)])
    first = rng.exponential(1, n) / (RATES[0] * frailty * np.exp(design @ DROPOUT))
    second = rng.exponential(1, n) / (RATES[1] * np.exp(design @ PLANNED))
    cut = rng.integers(8, 31, n)
    ended = np.ceil(np.minimum(first, second))
    cause = np.where(ended > cut, 0, np.where(first < second, 1, 2))
    return np.minimum(ended, cut), cause, design


def true_difference() -> np.ndarray:
    """Risk of dropping out by `TIMES` with the first covariate 1 less with 0, exactly."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)

    def risk(x: float) -> np.ndarray:
        design = np.column_stack([np.full(60, x), nodes])
        one, two = RATES[0] * np.exp(design @ DROPOUT), RATES[1] * np.exp(design @ PLANNED)
        ended = -np.expm1(-np.outer(one + two, TIMES))
        return (weights @ (ended * (one / (one + two))[:, None])) / weights.sum()

    return risk(1.0) - risk(0.0)


def near(share: float, nominal: float, draws: int) -> bool:
    return abs(share - nominal) < 4 * np.sqrt(nominal * (1 - nominal) / draws)


def test_coefficients_and_standardised_differences_cover() -> None:
    rng, draws, truth = np.random.default_rng(11), 120, true_difference()
    coefficient_hits, risk_hits, differences = [], [], []
    for _ in range(draws):
        time, cause, design = simulate(rng, 300)
        model = fit_cause_specific(time, cause, design)
        fit = model.of(1)
        coefficient_hits.append((fit.conf_low < DROPOUT) & (fit.conf_high > DROPOUT))
        scenarios = {
            str(x): np.column_stack([np.full(300, float(x)), design[:, 1]]) for x in (0, 1)
        }
        got = standardised_risk(model, scenarios, TIMES).difference("1", "0")
        differences.append([e.estimate for e in got])
        risk_hits.append([e.conf_low < t < e.conf_high for e, t in zip(got, truth, strict=True)])
    for share in np.mean(coefficient_hits, axis=0):
        assert near(share, 0.95, draws)
    for share in np.mean(risk_hits, axis=0):
        assert near(share, 0.95, draws)
    error = np.std(differences, axis=0) / np.sqrt(draws)
    assert np.all(np.abs(np.mean(differences, axis=0) - truth) < 4 * error + 0.003)


def test_therapists_need_the_robust_errors() -> None:
    """A covariate of the therapist: naive intervals fail, clustered ones with t(G-1) hold."""
    rng, draws = np.random.default_rng(12), 120
    naive, robust = [], []
    for _ in range(draws):
        therapist = np.repeat(np.arange(40), 12)
        frailty = rng.gamma(2, 0.5, 40)[therapist]
        time, cause, _ = simulate(rng, 480, frailty)
        trained = (np.arange(40) % 2)[therapist].astype(float)[:, None]
        fits = [
            fit_cox(time, cause == 1, trained),
            fit_cox(time, cause == 1, trained, cluster=therapist, cluster_correction=True),
        ]
        hits = [bool(f.conf_low[0] < 0 < f.conf_high[0]) for f in fits]
        naive.append(hits[0])
        robust.append(hits[1])
    assert np.mean(naive) < 0.85
    assert near(np.mean(robust), 0.95, draws)


def test_frailty_variance_covers() -> None:
    rng, draws, theta = np.random.default_rng(13), 40, 0.4
    hits, estimates = [], []
    for _ in range(draws):
        therapist = np.repeat(np.arange(30), 20)
        frailty = rng.gamma(1 / theta, theta, 30)[therapist]
        time, cause, design = simulate(rng, 600, frailty)
        got = fit_frailty_cox(time, cause == 1, design, therapist).variance
        hits.append(got.conf_low < theta < got.conf_high)
        estimates.append(got.estimate)
    assert near(np.mean(hits), 0.95, draws)
    # Maximum likelihood of a variance from 30 therapists is a little low.
    assert 0.8 * theta < np.mean(estimates) < 1.1 * theta


def test_firth_removes_the_bias_of_few_events() -> None:
    rng, draws = np.random.default_rng(14), 80
    plain, firth, hits = [], [], []
    truth = 1.0
    for _ in range(draws):
        x = (rng.random(80) < 0.5).astype(float)
        latent = rng.exponential(1, 80) / (0.01 * np.exp(truth * x))
        time, event = np.minimum(np.ceil(latent), 12), latent <= 12
        if event.sum() < 2:
            continue
        ordinary = fit_cox(time, event, x[:, None]).coefficients[0]
        plain.append(ordinary)
        got = fit_cox_firth(time, event, x[:, None])
        firth.append(got.coefficients[0])
        hits.append(got.conf_low[0] < truth < got.conf_high[0])
    assert not np.isfinite(plain).all()
    assert np.isfinite(firth).all()
    assert abs(np.mean(firth) - truth) < 4 * np.std(firth) / np.sqrt(len(firth))
    assert near(np.mean(hits), 0.95, len(hits))


@pytest.mark.parametrize("baseline", ["spline", "steps"])
def test_discrete_time_coefficients_cover(baseline: str) -> None:
    rng, draws = np.random.default_rng(15), 100
    hits = []
    for _ in range(draws):
        time, cause, design = simulate(rng, 300)
        fit = fit_discrete_time_hazard(time, cause == 1, design, baseline=baseline, n_knots=3)
        low, high = fit.conf_low[fit.n_baseline :], fit.conf_high[fit.n_baseline :]
        hits.append((low < DROPOUT) & (high > DROPOUT))
    for share in np.mean(hits, axis=0):
        assert near(share, 0.95, draws)
