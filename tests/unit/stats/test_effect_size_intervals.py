from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln, ndtr, stdtr

from naturalistic.stats.effect_size_intervals import (
    bca_interval,
    noncentral_t_cdf,
    noncentrality_interval,
)


@pytest.mark.parametrize(
    ("t", "df", "noncentrality", "from_r"),
    [
        # R 4.2.2: pt(t, df, ncp), where its series is accurate
        (2.0, 5, 1.0, 0.77807466261594704),
        (-1.0, 1, 0.5, 0.13092587339179163),
        (6.48, 96, 5.5, 0.80851612596288169),
        (30.0, 20, 25.0, 0.83056132880131073),
        (0.1, 2, -1.0, 0.86158287720889837),
    ],
)
def test_noncentral_t_against_r(t, df, noncentrality, from_r):
    assert noncentral_t_cdf(t, df, noncentrality) == pytest.approx(from_r, abs=1e-11)


@pytest.mark.parametrize(
    ("t", "df", "noncentrality"),
    [(111, 30, 90), (500, 1, 300), (50, 2, 3), (20, 4, 25), (8, 31, 7), (7.8, 31, 7), (3, 1, -1)],
)
def test_noncentral_t_far_out_is_the_integral(t, df, noncentrality):
    # P(T <= t) = E Phi(t S - delta), by adaptive quadrature cut where Phi turns.
    def integrand(s):
        log_density = math.log(2) + df / 2 * math.log(df / 2) - gammaln(df / 2)
        log_density += (df - 1) * math.log(s) - df * s * s / 2
        return ndtr(t * s - noncentrality) * math.exp(log_density)

    turn = noncentrality / t
    points = [p for p in (turn - 4 / t, turn, turn + 4 / t, 1.0) if 1e-9 < p < 9]
    area, _ = quad(integrand, 1e-12, 9, points=points, limit=500, epsabs=1e-13, epsrel=1e-12)
    assert noncentral_t_cdf(t, df, noncentrality) == pytest.approx(area, abs=1e-11)


def test_noncentral_t_without_noncentrality_is_the_t_and_far_out_the_normal():
    assert noncentral_t_cdf(1.3, 7, 0.0) == pytest.approx(stdtr(7, 1.3), abs=1e-12)
    assert 0 <= noncentral_t_cdf(-6.48, 96, 5.5) < 1e-15  # scipy gives NaN here
    # T is near N(delta, 1 + delta²/2df): at a million df this holds to 1e-3.
    spread = math.sqrt(1 + 500**2 / 2e6)
    assert noncentral_t_cdf(500.5, 1e6, 500.0) == pytest.approx(ndtr(0.5 / spread), abs=1e-3)


@pytest.mark.parametrize("t", [0.0, 0.4, -2.5, 21.07, 80.0, 1100.0])
@pytest.mark.parametrize("df", [1, 2, 9, 341, 999_999])
def test_limits_put_half_the_rest_in_each_tail(t, df):
    low, high = noncentrality_interval(t, df, conf_level=0.9)
    assert low <= t <= high or df < 10
    assert noncentral_t_cdf(t, df, low) == pytest.approx(0.95, abs=1e-10)
    assert noncentral_t_cdf(t, df, high) == pytest.approx(0.05, abs=1e-10)


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="df"):
        noncentral_t_cdf(1.0, 0.5, 0.0)
    with pytest.raises(ValueError, match="finite"):
        noncentrality_interval(math.inf, 5)
    with pytest.raises(ValueError, match="conf_level"):
        noncentrality_interval(1.0, 5, conf_level=95)
    with pytest.raises(ValueError, match="finite"):
        bca_interval(np.array([1.0, math.nan]), np.ones(3), 1.0)


def test_bca_of_symmetric_draws_is_the_percentile_interval():
    draws = np.linspace(-1, 1, 2001)
    low, high = bca_interval(draws, np.array([-1.0, 0.0, 1.0]), 0.0)
    assert (low, high) == pytest.approx((-0.95, 0.95), abs=1e-6)


def test_bca_follows_bias_and_skew():
    draws = np.linspace(0, 1, 1001)
    plain = bca_interval(draws, np.array([-1.0, 0.0, 1.0]), 0.5)
    biased = bca_interval(draws, np.array([-1.0, 0.0, 1.0]), 0.6)
    skewed = bca_interval(draws, np.array([-3.0, 1.0, 1.0, 1.0]), 0.5)
    assert biased[0] > plain[0] and skewed[1] > plain[1]
    z0, z = 0.2533471031357997, 1.959963984540054
    assert biased[1] == pytest.approx(ndtr(2 * z0 + z), abs=1e-4)


def test_bca_without_variation_has_no_limits():
    assert np.isnan(bca_interval(np.ones(50), np.ones(5), 1.0)).all()
    assert np.isnan(bca_interval(np.linspace(1, 2, 50), np.ones(5), 0.0)).all()
