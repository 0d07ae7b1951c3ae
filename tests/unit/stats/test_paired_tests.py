from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import wilcoxon

from naturalistic.stats.paired_tests import (
    probability_of_improvement,
    signed_ranks,
    wilcoxon_signed_rank,
)

PRE = np.array([10.0, 12, 14, 9, 20, 16])
POST = np.array([8.0, 12, 15, 3, 11, 12])  # improvements 2, 0, -1, 6, 9, 4


def test_signed_ranks_by_hand():
    ranks = signed_ranks(PRE, POST, better_is="lower")
    assert (ranks.n_changed, ranks.n_unchanged) == (5, 1)
    assert (ranks.better, ranks.worse) == (14.0, 1.0)


def test_equal_changes_are_ties_although_floats_differ():
    pre, post = np.array([12.3, 8.2, 3.0]), np.array([7.3, 3.2, 9.0])
    assert 12.3 - 7.3 != 8.2 - 3.2
    ranks = signed_ranks(pre, post, better_is="lower")
    assert sorted(ranks.ranks) == [1.5, 1.5, 3.0]


def test_rank_biserial_and_exact_p_by_hand():
    result = wilcoxon_signed_rank(PRE, POST, better_is="lower", p_value="exact")
    assert result.estimate == pytest.approx(13 / 15)
    assert result.statistic == 14
    # Of 32 sign patterns two reach 14: all better, or only rank 1 worse.
    assert result.p_value == pytest.approx(2 * 2 / 32)
    assert "1 without a change" in result.note


def test_normal_p_equals_scipy_with_ties_and_zeros():
    rng = np.random.default_rng(5)
    pre, post = rng.integers(5, 25, 60), rng.integers(0, 20, 60)
    for continuity in (True, False):
        ours = wilcoxon_signed_rank(pre, post, better_is="lower", continuity_correction=continuity)
        theirs = wilcoxon(pre - post, correction=continuity, method="asymptotic")
        assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-10)


def test_exact_p_equals_scipy_without_ties():
    change = np.array([1.5, -2.5, 3.5, 4.5, -0.5, 6.5, 7.5, 8.5])
    ours = wilcoxon_signed_rank(change, np.zeros(8), better_is="lower", p_value="exact")
    assert ours.p_value == pytest.approx(wilcoxon(change, method="exact").pvalue, rel=1e-12)


def test_sign_turns_with_direction():
    lower = wilcoxon_signed_rank(PRE, POST, better_is="lower")
    higher = wilcoxon_signed_rank(PRE, POST, better_is="higher")
    assert higher.estimate == -lower.estimate
    assert higher.conf_low == pytest.approx(-lower.conf_high)
    assert higher.p_value == pytest.approx(lower.p_value)


def test_no_change_and_one_way_change():
    assert wilcoxon_signed_rank([3, 4], [3, 4], better_is="lower").note == "no score changed"
    assert wilcoxon_signed_rank([], [], better_is="lower").note == "no pairs"
    one = wilcoxon_signed_rank([3], [1], better_is="lower", p_value="exact")
    assert one.estimate == 1 and one.p_value == 1 and math.isnan(one.conf_low)
    assert "one direction" in one.note


def test_interval_is_as_wide_as_the_estimate_varies():
    rng = np.random.default_rng(12)
    drawn = []
    for _ in range(400):
        pre = rng.normal(20, 5, 120)
        drawn.append(wilcoxon_signed_rank(pre, pre - rng.normal(4, 5, 120), better_is="lower"))
    spread = np.std([result.estimate for result in drawn])
    assert np.mean([result.std_error for result in drawn]) == pytest.approx(spread, rel=0.1)
    at_zero = wilcoxon_signed_rank(
        pre, pre - rng.normal(4, 5, 120), better_is="lower", interval="effectsize"
    )
    assert at_zero.std_error > 1.3 * spread  # on the scale of atanh r, and still too narrow
    two = wilcoxon_signed_rank([5, 6], [4, 8], better_is="lower")
    assert "fewer than three changed" in two.note and math.isnan(two.conf_low)


def test_exact_p_is_refused_for_many_and_for_unknown_words():
    many = np.arange(1.0, 202.0)
    with pytest.raises(ValueError, match="at most"):
        wilcoxon_signed_rank(many, 0 * many, better_is="lower", p_value="exact")
    with pytest.raises(ValueError, match="p_value"):
        wilcoxon_signed_rank(PRE, POST, better_is="lower", p_value="auto")
    with pytest.raises(ValueError, match="interval"):
        wilcoxon_signed_rank(PRE, POST, better_is="lower", interval="exact")


def test_probability_of_improvement_by_hand():
    result = probability_of_improvement(PRE, POST, better_is="lower")
    assert result.estimate == pytest.approx((4 + 0.5) / 6)
    better, worse = 5 / 8, 2 / 8
    half = 1.959963984540054 * math.sqrt((better + worse - (better - worse) ** 2) / 8)
    assert result.conf_low == pytest.approx(0.5 * (1 + better - worse - half))
    assert result.conf_high == min(1.0, 0.5 * (1 + better - worse + half))
    turned = probability_of_improvement(PRE, POST, better_is="higher")
    assert turned.estimate == pytest.approx(1 - result.estimate)
    assert turned.conf_low == pytest.approx(1 - result.conf_high)


def test_probability_of_improvement_at_the_edges():
    assert probability_of_improvement([], [], better_is="lower").status == "not_estimable"
    unchanged = probability_of_improvement([5, 5], [5, 5], better_is="lower")
    assert unchanged.estimate == 0.5 and unchanged.conf_low < 0.5 < unchanged.conf_high
    all_better = probability_of_improvement([5, 6], [1, 2], better_is="lower")
    assert all_better.estimate == 1 and all_better.conf_low < all_better.conf_high <= 1
