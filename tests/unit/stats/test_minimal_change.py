from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturalistic.stats.minimal_change import changed_by_difference, changed_by_percentage


def test_percentages_by_hand():
    pre, post = [20, 20, 20, 20, 10], [10, 10.1, 30, 29.9, 10]
    better, worse = changed_by_percentage(pre, post, better_is="lower")
    assert list(better) == [True, False, False, False, False]
    assert list(worse) == [False, False, True, False, False]
    better, worse = changed_by_percentage(pre, post, better_is="higher", percent_worse=20)
    assert list(better) == [False, False, True, False, False]
    assert list(worse) == [True, True, False, False, False]


def test_a_first_score_of_zero_is_never_both():
    better, worse = changed_by_percentage([0, 0], [5, 0], better_is="lower")
    assert list(better) == [False, False] and list(worse) == [True, False]
    better, worse = changed_by_percentage([0, 0], [5, 0], better_is="higher")
    assert list(better) == [True, False] and list(worse) == [False, False]


def test_anchor_by_hand():
    better, worse = changed_by_difference(
        [20, 20, 20, 20],
        [15, 15.1, 22.9, 23],
        better_is="lower",
        minimal_improvement=5,
        minimal_deterioration=3,
    )
    assert list(better) == [True, False, False, False]
    assert list(worse) == [False, False, False, True]
    _, worse = changed_by_difference([20], [24], better_is="lower", minimal_improvement=5)
    assert not worse.any()


scores = st.integers(0, 27)


@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(scores, scores), min_size=1, max_size=30))
def test_nobody_is_better_and_worse(pairs):
    pre, post = np.array(pairs, dtype=float).T
    for better_is in ("lower", "higher"):
        better, worse = changed_by_percentage(pre, post, better_is=better_is)
        assert not (better & worse).any()


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="negative"):
        changed_by_percentage([-1], [2], better_is="lower")
    with pytest.raises(ValueError, match="positive"):
        changed_by_percentage([1], [2], better_is="lower", percent_better=0)
    with pytest.raises(ValueError, match="positive"):
        changed_by_difference([1], [2], better_is="lower", minimal_improvement=-1)
