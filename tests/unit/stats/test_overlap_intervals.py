"""Intervals that do not overlap differ: the multiplier of Goldstein and Healy."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from naturalistic.stats.overlap_intervals import overlap_multiplier


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_equal_errors_give_the_quantile_over_the_root_of_two(level: float) -> None:
    z = NormalDist().inv_cdf(0.5 + level / 2)
    assert overlap_multiplier(np.full(7, 0.3), conf_level=level) == pytest.approx(z / np.sqrt(2))


def test_two_units_have_a_closed_form() -> None:
    first, second = 0.4, 1.7
    z = NormalDist().inv_cdf(0.975)
    expected = z * np.hypot(first, second) / (first + second)
    assert overlap_multiplier([first, second]) == pytest.approx(expected, rel=1e-10)
    assert overlap_multiplier([10 * first, 10 * second]) == pytest.approx(expected, rel=1e-10)


def test_pairs_without_a_difference_miss_each_other_as_often_as_stated() -> None:
    rng = np.random.default_rng(3)
    errors = rng.uniform(0.3, 2.0, 25)
    reach = overlap_multiplier(errors) * errors
    first, second = np.triu_indices(25, k=1)
    drawn = rng.normal(0, errors, (4000, 25))
    apart = np.abs(drawn[:, first] - drawn[:, second]) > reach[first] + reach[second]
    assert apart.mean() == pytest.approx(0.05, abs=0.003)


def test_many_units_need_no_more_memory() -> None:
    errors = np.random.default_rng(1).uniform(0.5, 1.5, 30_000)
    assert overlap_multiplier(errors) == pytest.approx(
        overlap_multiplier(np.sort(errors)[::60]), abs=1e-3
    )


@pytest.mark.parametrize("errors", [[1.0], [1.0, 0.0], [1.0, np.nan], [[1.0, 2.0]]])
def test_what_makes_no_sense_is_refused(errors: list[float]) -> None:
    with pytest.raises(ValueError, match=r"standard errors|two units"):
        overlap_multiplier(errors)


def test_a_level_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="conf_level"):
        overlap_multiplier([1.0, 1.0], conf_level=1.0)
