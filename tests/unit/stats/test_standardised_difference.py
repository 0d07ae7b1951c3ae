from __future__ import annotations

import math

import numpy as np
import pytest

from naturalistic.stats.standardised_difference import (
    standardised_category_difference,
    standardised_mean_difference,
    standardised_proportion_difference,
)


def test_means_by_hand():
    x, y = np.array([3.0, 5, 7, 9]), np.array([2.0, 4, 6])
    result = standardised_mean_difference(x, y)
    v1, v2 = 20 / 3, 4.0
    pooled = (v1 + v2) / 2
    d = 2 / math.sqrt(pooled)
    variance = d**2 * (v1**2 / 3 + v2**2 / 2) / (8 * pooled**2) + (v1 / 3 + v2 / 2) / pooled
    assert result.estimate == pytest.approx(d)
    assert result.std_error == pytest.approx(math.sqrt(variance))
    plain = standardised_mean_difference(x, y, interval="homoscedastic")
    assert plain.std_error == pytest.approx(math.sqrt(7 / 12 + d**2 / 14))
    assert standardised_mean_difference(y, x).estimate == pytest.approx(-d)


def test_proportions_by_hand():
    result = standardised_proportion_difference((30, 100), (20, 80))
    d = 0.05 / math.sqrt((0.3 * 0.7 + 0.25 * 0.75) / 2)
    assert result.estimate == pytest.approx(d)
    assert result.std_error == pytest.approx(math.sqrt(180 / 8000 + d**2 / 360))


def test_two_categories_are_two_proportions():
    two = standardised_category_difference([30, 70], [20, 60])
    share = standardised_proportion_difference((30, 100), (20, 80))
    assert two.estimate == pytest.approx(abs(share.estimate), rel=1e-12)
    assert two.conf_high == pytest.approx(share.conf_high, rel=1e-12)
    assert two.conf_low == 0.0


def test_order_of_levels_and_empty_levels_do_not_matter():
    group, reference = np.array([30, 50, 15, 5]), np.array([60, 80, 40, 30])
    whole = standardised_category_difference(group, reference).estimate
    order = [2, 0, 3, 1]
    assert standardised_category_difference(group[order], reference[order]).estimate == (
        pytest.approx(whole, rel=1e-12)
    )
    padded = standardised_category_difference([*group, 0], [*reference, 0])
    assert padded.estimate == pytest.approx(whole, rel=1e-12)


def test_three_categories_by_hand():
    t, c = np.array([0.5, 0.2]), np.array([0.4, 0.4])
    spread = np.array(
        [
            [(0.25 + 0.24) / 2, -(0.5 * 0.2 + 0.4 * 0.4) / 2],
            [-(0.5 * 0.2 + 0.4 * 0.4) / 2, (0.16 + 0.24) / 2],
        ]
    )
    expected = math.sqrt((t - c) @ np.linalg.inv(spread) @ (t - c))
    result = standardised_category_difference([50, 20, 30], [40, 40, 20])
    assert result.estimate == pytest.approx(expected, rel=1e-12)
    same = standardised_category_difference([5, 5, 5], [10, 10, 10])
    assert same.estimate == 0 and same.conf_low == 0


def test_reasons():
    assert "fewer than two" in standardised_mean_difference([1], [1, 2]).note
    assert "no spread" in standardised_mean_difference([1, 1], [2, 2]).note
    assert "empty" in standardised_proportion_difference((0, 0), (1, 2)).note
    assert "0 % or 100 %" in standardised_proportion_difference((0, 4), (4, 4)).note
    assert "empty" in standardised_category_difference([0, 0], [1, 2]).note
    assert "only one level" in standardised_category_difference([4, 0], [3, 0]).note
    assert "overlap" in standardised_category_difference([4, 0], [0, 3]).note


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="numerator"):
        standardised_proportion_difference((5, 4), (1, 2))
    with pytest.raises(ValueError, match="count vectors"):
        standardised_category_difference([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="interval"):
        standardised_mean_difference([1, 2], [1, 2], interval="exact")
