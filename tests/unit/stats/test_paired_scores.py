from __future__ import annotations

import math

import numpy as np
import pytest

from naturalistic.stats.paired_scores import PairedMoments, paired_moments


def test_moments_of_three_pairs_by_hand():
    moments = paired_moments([10, 12, 17], [8, 9, 10], better_is="lower")
    assert moments.n == 3
    assert moments.mean_pre == 13 and moments.mean_post == 9
    assert moments.mean_improvement == 4
    assert moments.sd_pre == pytest.approx(math.sqrt(13))
    assert moments.sd_post == pytest.approx(1)
    assert moments.sd_difference == pytest.approx(math.sqrt(7))
    assert moments.correlation == pytest.approx(3.5 / math.sqrt(13))


def test_published_table_gives_the_same_moments():
    pre, post = np.array([10.0, 12, 17, 9]), np.array([8.0, 9, 10, 11])
    seen = paired_moments(pre, post, better_is="higher")
    published = PairedMoments.from_published(
        n=4,
        mean_pre=seen.mean_pre,
        mean_post=seen.mean_post,
        sd_pre=seen.sd_pre,
        sd_post=seen.sd_post,
        correlation=seen.correlation,
        better_is="higher",
    )
    assert published.sd_difference == pytest.approx(seen.sd_difference, rel=1e-12)
    assert published.mean_improvement == seen.mean_improvement


def test_spread_that_is_only_float_rounding_counts_as_none():
    pre = np.array([0.1, 0.2, 0.3]) + 0.2
    moments = paired_moments(pre, pre - 0.1, better_is="lower")
    assert moments.sd_difference == 0.0
    assert paired_moments([0.1] * 3, [1, 2, 3], better_is="lower").sd_pre == 0.0


def test_no_spread_has_no_correlation_and_no_pairs_have_no_means():
    assert math.isnan(paired_moments([5, 5], [3, 4], better_is="lower").correlation)
    assert math.isnan(paired_moments([], [], better_is="lower").mean_pre)


@pytest.mark.parametrize(
    ("pre", "post", "better_is", "message"),
    [
        ([1, 2], [1], "lower", "2 scores"),
        ([1, math.nan], [1, 2], "lower", "1 of 2"),
        ([1, 2], [1, math.inf], "lower", "post"),
        ([[1, 2]], [[1, 2]], "lower", "one-dimensional"),
        ([1, 2], [1, 2], "down", "better_is"),
    ],
)
def test_misuse_is_refused(pre, post, better_is, message):
    with pytest.raises(ValueError, match=message):
        paired_moments(pre, post, better_is=better_is)


def test_impossible_published_moments_are_refused():
    with pytest.raises(ValueError, match="correlation"):
        PairedMoments.from_published(
            n=5, mean_pre=1, mean_post=1, sd_pre=1, sd_post=1, correlation=1.1, better_is="lower"
        )
