"""Small simulations from a known truth; the full study is benchmarks/effect_size_coverage.py."""

from __future__ import annotations

import math

import numpy as np
import pytest

from naturalistic.stats.effect_size import raw_mean_change, standardised_mean_change
from naturalistic.stats.effect_size_bootstrap import bootstrap_change
from naturalistic.stats.effect_size_jackknife import jackknife_change
from naturalistic.stats.rates import clustered_rate, rate
from naturalistic.stats.sensitivity import corrected_odds_ratio

REPLICATES = 1500
# Four Monte-Carlo standard errors around 95 %.
LOW, HIGH = (0.95 + sign * 4 * math.sqrt(0.95 * 0.05 / REPLICATES) for sign in (-1, 1))


def _pairs(rng, n, sd_post=7.8, correlation=0.6):
    a, b = rng.standard_normal((2, n))
    post = 14.6 + sd_post * (correlation * a + math.sqrt(1 - correlation**2) * b)
    return 20 + 6 * a, post


def _covered(results, truth):
    return np.mean([r.conf_low <= truth <= r.conf_high for r in results])


SPREAD = math.sqrt(36 + 7.8**2 - 2 * 0.6 * 6 * 7.8)
TRUTH = {
    ("pre_sd", "heteroscedastic"): 0.9,
    ("difference_sd", "noncentral_t"): 5.4 / SPREAD,
    ("average_sd", "heteroscedastic"): 5.4 / math.sqrt((36 + 7.8**2) / 2),
    ("repeated_measures", "heteroscedastic"): 5.4 * math.sqrt(0.8) / SPREAD,
}


@pytest.mark.parametrize(("standardiser", "interval"), TRUTH)
def test_intervals_cover_when_the_sd_grows_during_therapy(standardiser, interval):
    rng = np.random.default_rng(70)
    results = [
        standardised_mean_change(
            *_pairs(rng, 100), better_is="lower", standardiser=standardiser, interval=interval
        )
        for _ in range(REPLICATES)
    ]
    truth = TRUTH[standardiser, interval]
    assert LOW < _covered(results, truth) < HIGH
    drawn = np.array([r.estimate for r in results])
    assert drawn.mean() == pytest.approx(truth, abs=4 * drawn.std() / math.sqrt(REPLICATES))
    assert np.mean([r.std_error for r in results]) == pytest.approx(drawn.std(), rel=0.08)


def test_becker_does_not_cover_there():
    rng = np.random.default_rng(70)
    results = [
        standardised_mean_change(*_pairs(rng, 100), better_is="lower", interval="homoscedastic")
        for _ in range(REPLICATES)
    ]
    assert _covered(results, 0.9) < LOW


def test_hedges_correction_removes_the_bias_of_ten_patients():
    rng = np.random.default_rng(71)
    pairs = [_pairs(rng, 10) for _ in range(4000)]
    for corrected, unbiased in ((True, True), (False, False)):
        drawn = np.array(
            [
                standardised_mean_change(*p, better_is="lower", bias_corrected=corrected).estimate
                for p in pairs
            ]
        )
        distance = abs(drawn.mean() - 0.9) / (drawn.std() / math.sqrt(len(pairs)))
        assert (distance < 4) == unbiased


def _by_therapist(rng, n_therapists=30, n=240):
    therapist = rng.integers(n_therapists, size=n)
    own = rng.normal(0, 2.0, n_therapists)[therapist]
    pre = rng.normal(20, 6, n)
    return pre, pre - 5.4 - own - rng.normal(0, 5.0, n), therapist


def test_jackknife_by_therapist_covers_where_the_t_interval_does_not():
    rng = np.random.default_rng(72)
    clustered, plain = [], []
    for _ in range(REPLICATES):
        pre, post, therapist = _by_therapist(rng)
        clustered.append(
            jackknife_change(pre, post, measure="raw", better_is="lower", cluster=therapist)
        )
        plain.append(raw_mean_change(pre, post, better_is="lower"))
    assert LOW < _covered(clustered, 5.4) < HIGH
    assert _covered(plain, 5.4) < 0.88


def test_rates_by_therapist():
    rng = np.random.default_rng(73)
    clustered, plain = [], []
    for _ in range(REPLICATES):
        therapist = rng.integers(30, size=240)
        outcome = rng.random(240) < rng.beta(6, 4, 30)[therapist]
        clustered.append(clustered_rate(outcome, therapist))
        plain.append(rate(int(outcome.sum()), 240))
    assert _covered(clustered, 0.6) > LOW
    assert _covered(plain, 0.6) < 0.92


def test_bootstrap_covers_skewed_scores():
    rng = np.random.default_rng(74)
    results = []
    for _ in range(400):
        pre = rng.gamma(4.0, 5.0, 150)
        post = pre * rng.beta(4.0, 2.0, 150)
        results.append(
            bootstrap_change(pre, post, measure="percentage", better_is="lower", rng=rng, draws=500)
        )
    assert 0.95 - 4 * math.sqrt(0.95 * 0.05 / 400) < _covered(results, 100 / 3)


def test_known_misclassification_is_undone():
    rng = np.random.default_rng(75)
    results = []
    for _ in range(REPLICATES):
        groups = []
        for share in (0.5, 0.25):
            true = rng.random(400) < share
            recorded = np.where(true, rng.random(400) < 0.9, rng.random(400) < 0.15)
            groups.append((int(recorded.sum()), 400))
        results.append(
            corrected_odds_ratio(*groups, sensitivity=(0.9, 0.9), specificity=(0.85, 0.85))
        )
    assert LOW < _covered(results, 3.0) < HIGH
