"""Rates per population against R, newcomers to come, and means."""

from __future__ import annotations

import numpy as np
import pytest

from naturalistic.stats.means import mean_with_interval
from naturalistic.stats.poisson_rates import expected_newcomers, rate_per, ratio_of_rates_per


def test_rate_per_100000_equals_poisson_test_in_r() -> None:
    # poisson.test(10, T = 45000)$conf.int * 1e5
    found = rate_per(10, 45_000)
    assert found.estimate == pytest.approx(10 / 45_000 * 1e5)
    assert (found.conf_low, found.conf_high) == pytest.approx(
        (10.6564193247387, 40.8674578711506), rel=1e-9
    )
    none = rate_per(0, 45_000)
    assert none.conf_low == 0.0
    # poisson.test(0, T = 45000)$conf.int[2] * 1e5
    assert none.conf_high == pytest.approx(8.19750989803097, rel=1e-9)


def test_rate_without_population_says_why() -> None:
    assert rate_per(3, 0.0).status == "not_estimable"
    with pytest.raises(ValueError, match="negative"):
        rate_per(-1, 10.0)


def test_ratio_of_rates_equals_poisson_test_in_r() -> None:
    # poisson.test(c(30, 50), c(20000, 30000))
    found = ratio_of_rates_per(30, 20_000, 50, 30_000)
    assert found.estimate == pytest.approx(0.9)
    limits = (0.552525973095812, 1.443223825598994)
    assert (found.conf_low, found.conf_high) == pytest.approx(limits, rel=1e-12)
    assert found.std_error == pytest.approx(np.sqrt(1 / 30 + 1 / 50))


def test_ratio_of_rates_without_events_or_population_says_why() -> None:
    assert "too few events" in ratio_of_rates_per(0, 20_000, 50, 30_000).note
    assert ratio_of_rates_per(3, 0.0, 50, 30_000).status == "not_estimable"
    with pytest.raises(ValueError, match="negative"):
        ratio_of_rates_per(3, 10.0, -1, 10.0)


def test_newcomers_of_steady_months() -> None:
    rng = np.random.default_rng(4)
    mean, drawn = expected_newcomers(np.full(12, 5), 6, draws=20_000, rng=rng)
    assert mean == pytest.approx(30)
    assert drawn.mean() == pytest.approx(30, rel=0.02)
    # Poisson chance 30 and the uncertainty of the rate 36 * 60 / 144 = 15
    assert drawn.var() == pytest.approx(45, rel=0.06)


def test_uneven_months_widen_the_forecast() -> None:
    rng = np.random.default_rng(5)
    uneven = np.array([0, 14, 0, 12, 1, 13, 0, 11, 2, 7, 0, 0])
    even = np.full(12, 5)
    assert uneven.sum() == even.sum()
    wide = expected_newcomers(uneven, 6, draws=5000, rng=rng)[1]
    narrow = expected_newcomers(even, 6, draws=5000, rng=rng)[1]
    assert wide.std() > 1.7 * narrow.std()
    assert expected_newcomers(np.zeros(12), 6, draws=10, rng=rng)[0] == 0.0
    with pytest.raises(ValueError, match="two months"):
        expected_newcomers([3], 6, draws=10, rng=rng)


def test_mean_equals_t_test_in_r() -> None:
    # t.test(c(3, 4.5, 9, 2, 7))$conf.int
    found = mean_with_interval([3, 4.5, 9, 2, 7])
    assert (found.estimate, found.df) == (pytest.approx(5.1), 4.0)
    assert (found.conf_low, found.conf_high) == pytest.approx(
        (1.52280071552989, 8.67719928447011), rel=1e-9
    )
    assert mean_with_interval([1.0]).status == "not_estimable"
    with pytest.raises(ValueError, match="number"):
        mean_with_interval([1.0, np.nan])
