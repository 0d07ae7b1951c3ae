"""Indices of inequality, gaps and funnels against R (inequality.R makes the numbers)."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.funnel import funnel, funnel_limits
from naturalistic.stats.inequality import (
    adjusted_differences,
    difference_of_estimates,
    difference_of_means,
    inequality_indices,
    ratio_of_estimates,
    ratio_of_rates,
)
from naturalistic.stats.result import Estimate

GOLDEN = json.loads((Path(__file__).parent / "inequality.json").read_text())
GROUP, X, Y = (np.array(GOLDEN[name], dtype=float) for name in ("group", "x", "y"))


@pytest.mark.parametrize("name", ["crude", "adjusted"])
def test_slope_and_relative_index(name: str) -> None:
    golden = GOLDEN[name]
    covariates = X[:, None] if name == "adjusted" else None
    found = inequality_indices(Y, GROUP, covariates=covariates)
    assert found.slope.estimate == pytest.approx(golden["sii"], rel=1e-8)
    assert found.slope.std_error == pytest.approx(golden["se"], rel=1e-8)
    low = golden["sii"] - golden["half"] * golden["se"]
    assert found.slope.conf_low == pytest.approx(low, rel=1e-7)
    assert found.relative.estimate == pytest.approx(golden["rii"], rel=1e-8)
    assert found.relative.std_error == pytest.approx(golden["log_se"], rel=1e-8)
    high = golden["rii"] * math.exp(golden["half"] * golden["log_se"])
    assert found.relative.conf_high == pytest.approx(high, rel=1e-7)


def test_difference_of_means() -> None:
    golden = GOLDEN["welch"]
    found = difference_of_means(X[GROUP > 5], X[GROUP <= 5])
    assert found.estimate == pytest.approx(golden["difference"], rel=1e-9)
    assert (found.conf_low, found.conf_high) == pytest.approx(tuple(golden["ci"]), rel=1e-8)
    assert found.df == pytest.approx(golden["df"], rel=1e-8)
    assert found.p_value == pytest.approx(golden["p"], rel=1e-7)


def test_adjusted_differences_of_groups() -> None:
    golden = GOLDEN["dummies"]
    code = np.select([GROUP <= 3, GROUP <= 6], [0, 1], 2)
    found = adjusted_differences(Y, code, 3, X[:, None])
    assert [e.estimate for e in found] == pytest.approx(golden["beta"], rel=1e-8)
    assert [e.std_error for e in found] == pytest.approx(golden["se"], rel=1e-8)


def test_gaps_between_estimates_on_paper() -> None:
    a, b = Estimate(6.0, 0.3, 5.4, 6.6), Estimate(4.0, 0.4, 3.2, 4.8)
    gap = difference_of_estimates(a, b)
    assert (gap.estimate, gap.std_error) == pytest.approx((2.0, 0.5))
    ratio = ratio_of_estimates(a, b)
    assert (ratio.estimate, ratio.std_error) == pytest.approx((1.5, math.hypot(0.05, 0.1)))
    assert ratio_of_estimates(a, Estimate(-1.0, 0.1, -1.2, -0.8)).status == "not_estimable"


def test_a_ratio_without_a_bounded_interval_is_none() -> None:
    clear, unclear = Estimate(4.0, 0.4, 3.2, 4.8), Estimate(0.2, 1.5, -2.8, 3.2)
    for ratio in (ratio_of_estimates(unclear, clear), ratio_of_estimates(clear, unclear)):
        assert ratio.status == "not_estimable"
        assert "too few people or events" in ratio.note
        assert math.isnan(ratio.estimate)
    # the line through few events of ten people falls on 0 at the lower end; its slope still stands
    few = inequality_indices([0, 0, 0, 0, 0, 1, 0, 0, 1, 1], np.arange(1, 11))
    assert few.slope.status == "ok"
    assert few.relative.status == "not_estimable"
    assert "end of the ranking" in few.relative.note


def test_funnel() -> None:
    golden = GOLDEN["funnel"]
    found = funnel(golden["hits"], golden["people"])
    assert found.target == pytest.approx(golden["target"])
    np.testing.assert_allclose(found.z, golden["z"], rtol=1e-10)
    assert found.overdispersion == pytest.approx(golden["phi"], rel=1e-10)
    assert found.tau_squared == pytest.approx(golden["tau2"], rel=1e-10)
    np.testing.assert_allclose(found.z_allowed, golden["zd"], rtol=1e-10)


def test_limits_of_a_funnel_enclose_the_target_and_narrow() -> None:
    low, high = funnel_limits(0.4, [10, 100, 1000], 0.95)
    assert np.all((low < 0.4) & (high > 0.4))
    assert np.all(np.diff(high - low) < 0)
    wide = funnel_limits(0.4, [1000], 0.95, tau_squared=0.01)
    assert wide[1][0] - wide[0][0] > high[2] - low[2]


def test_ratio_of_rates_on_paper() -> None:
    # 20/40 against 10/40: ratio 2; variance 1/20 - 1/40 + 1/10 - 1/40 = 0.1
    found = ratio_of_rates(20, 40, 10, 40)
    assert found.estimate == pytest.approx(2.0)
    assert found.std_error == pytest.approx(math.sqrt(0.1))
    assert found.conf_low == pytest.approx(2 * math.exp(-1.959963984540054 * math.sqrt(0.1)))


def test_what_cannot_be_estimated_says_why() -> None:
    assert ratio_of_rates(0, 10, 3, 10).status == "not_estimable"
    assert difference_of_means([1.0], [1.0, 2.0]).status == "not_estimable"
    assert inequality_indices([0, 1, 1, 0, 1], [1, 2, 1, 2, 1]).slope.status == "not_estimable"


def test_misuse() -> None:
    with pytest.raises(ValueError, match="between 0"):
        ratio_of_rates(11, 10, 3, 10)
    with pytest.raises(ValueError, match="two units"):
        funnel([1], [10])
    with pytest.raises(ValueError, match="missing"):
        inequality_indices([np.nan, 1.0], [1, 2])
