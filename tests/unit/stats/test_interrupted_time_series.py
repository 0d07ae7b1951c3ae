"""Segmented regression on lines without noise, and what it refuses."""

import numpy as np
import pytest

from naturalistic.stats.interrupted_time_series import default_lag, segmented_regression


def test_two_lines_are_found_again() -> None:
    time = np.arange(20.0)
    after = time >= 12
    noise = np.where(time % 2 == 0, 1e-6, -1e-6)
    values = 50 + 2 * (time - 12) + after * (-10 + 0.5 * (time - 12)) + noise
    found = segmented_regression(values, after)
    assert found.level_before.estimate == pytest.approx(50, abs=1e-4)
    assert found.slope_before.estimate == pytest.approx(2, abs=1e-4)
    assert found.level_change.estimate == pytest.approx(-10, abs=1e-4)
    assert found.slope_change.estimate == pytest.approx(0.5, abs=1e-4)
    assert found.level_change.conf_low < -10 < found.level_change.conf_high


def test_intervals_cover_the_truth_with_correlated_errors() -> None:
    rng = np.random.default_rng(4)
    after = np.arange(120) >= 60
    covered = 0
    for _ in range(200):
        shocks = rng.normal(size=160)
        errors = np.zeros(160)
        for t in range(1, 160):
            errors[t] = 0.3 * errors[t - 1] + shocks[t]
        values = 5 + 3.0 * after + errors[40:]
        found = segmented_regression(values, after).level_change
        covered += found.conf_low <= 3.0 <= found.conf_high
    assert 170 <= covered <= 198


def test_default_lag() -> None:
    assert [default_lag(n) for n in (24, 100, 192)] == [2, 4, 4]


@pytest.mark.parametrize(
    ("values", "after", "why"),
    [
        ([1.0, 2, 3, 4], [0, 0, 1, 1], "three points"),
        ([1.0, 2, 3, 4, 5, 6], [0, 1, 0, 1, 1, 1], "in order"),
        ([1.0, 2, np.nan, 4, 5, 6], [0, 0, 0, 1, 1, 1], "finite"),
        ([1.0, 2, 3], [0, 1], "same length"),
    ],
)
def test_misuse(values: list[float], after: list[int], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        segmented_regression(values, after)
