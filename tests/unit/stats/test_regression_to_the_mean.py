from __future__ import annotations

import numpy as np
import pytest

from naturalistic.stats.paired_scores import paired_moments
from naturalistic.stats.regression_to_the_mean import (
    mee_chua_sweep,
    regression_beyond_cutoff,
    regression_of_observed_mean,
)


def test_worked_values_for_core_om():
    values = regression_beyond_cutoff(
        [18.3, 18.3, 18.3, 4.8],
        [7.1, 7.1, 7.1, 4.3],
        [0.6, 0.9, 0.6, 0.6],
        [10, 10, 15, 10],
        better_is="lower",
    )
    assert values == pytest.approx([0.65, 0.16, 1.50, 2.92], abs=5e-3)


def test_worked_values_for_an_observed_mean():
    values = regression_of_observed_mean(22.7, 18.3, [0.6, 0.7, 0.8], better_is="lower")
    assert values == pytest.approx([1.76, 1.32, 0.88])
    assert regression_of_observed_mean(15.0, 18.3, 0.6, better_is="lower") < 0
    turned = regression_of_observed_mean(-22.7, -18.3, 0.6, better_is="higher")
    assert turned == pytest.approx(1.76)


def test_grid_direction_and_limits():
    grid = regression_beyond_cutoff(
        np.array([4.8, 18.3])[:, np.newaxis], 7.1, np.array([0.5, 0.7, 1.0]), 10, better_is="lower"
    )
    assert grid.shape == (2, 3)
    assert (grid[:, 2] == 0).all()  # a perfectly stable score has nothing to regress
    assert (np.diff(grid, axis=1) < 0).all() and (grid[0, :2] > grid[1, :2]).all()
    turned = regression_beyond_cutoff(-4.8, 7.1, 0.5, -10, better_is="higher")
    assert turned == pytest.approx(grid[0, 0])
    more_forms = regression_beyond_cutoff(4.8, 7.1, 0.5, 10, better_is="lower", n_baselines=2)
    assert more_forms < grid[0, 0]
    far = regression_beyond_cutoff(0.0, 1.0, 0.5, 60.0, better_is="lower")
    assert far == pytest.approx(0.5 * 60, rel=1e-3)  # C(z) is near z far out, not 0 / 0


def test_mee_chua_divides_the_mean_improvement():
    rng = np.random.default_rng(2)
    pre = rng.normal(20, 6, 120)
    post = 4 + 0.6 * pre + rng.normal(0, 4, 120)
    mean = paired_moments(pre, post, better_is="lower").mean_improvement
    sweep = mee_chua_sweep(pre, post, [5.0, 12.0, pre.mean()], better_is="lower")
    assert sweep.effect + sweep.regression == pytest.approx([mean] * 3)
    assert sweep.regression[2] == pytest.approx(0, abs=1e-12)
    assert sweep.effect[2] == pytest.approx(mean)
    assert (sweep.conf_low < sweep.effect).all() and (sweep.effect < sweep.conf_high).all()
    turned = mee_chua_sweep(-pre, -post, [-5.0], better_is="higher")
    assert turned.effect[0] == pytest.approx(sweep.effect[0])
    worse = mee_chua_sweep(pre, post, [5.0], better_is="higher")
    assert worse.conf_low[0] == pytest.approx(-sweep.conf_high[0])


def test_mee_chua_finds_no_effect_where_all_is_regression():
    rng = np.random.default_rng(6)
    true = rng.normal(10, 4, 200_000)
    first, last = (true + rng.normal(0, 3, true.size) for _ in range(2))
    chosen = first > 14
    sweep = mee_chua_sweep(first[chosen], last[chosen], [10.0], better_is="lower")
    assert abs(sweep.effect[0]) < 4 * sweep.std_error[0]
    expected = regression_beyond_cutoff(10, 5, 0.64, 14, better_is="lower")
    assert sweep.regression[0] == pytest.approx(float(expected), abs=0.1)


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="population_sd"):
        regression_beyond_cutoff(1, 0, 0.5, 1, better_is="lower")
    with pytest.raises(ValueError, match="reliability"):
        regression_of_observed_mean(1, 0, 1.5, better_is="lower")
    with pytest.raises(ValueError, match="n_baselines"):
        regression_beyond_cutoff(1, 1, 0.5, 1, better_is="lower", n_baselines=0)
    with pytest.raises(ValueError, match="three patients"):
        mee_chua_sweep([1, 1, 1], [1, 2, 3], 0, better_is="lower")
