from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturalistic.stats.reliable_change import (
    ChangeCategory,
    classify_change,
    cutoff_a,
    cutoff_b,
    cutoff_c,
    in_clinical_range,
    reliable_change_value,
    reliable_change_z,
    standard_error_of_difference,
    standard_error_of_measurement,
)

C = ChangeCategory


def test_reliable_change_values_in_print():
    # CECPfuns: SD 7.5, reliability .8; CORE-OM clinical SD 7.1, .94; CORE-10 7.7, .90
    assert reliable_change_value(7.5, 0.8) == pytest.approx(9.297, abs=5e-4)
    assert reliable_change_value(7.1, 0.94) == pytest.approx(4.82, abs=5e-3)
    assert reliable_change_value(7.7, 0.90) == pytest.approx(6.75, abs=5e-3)
    assert reliable_change_value(7.7, 0.90, critical_z=1.645) == pytest.approx(5.66, abs=5e-3)


def test_cutoffs_in_print_and_by_hand():
    # Connell 2007: clinical 18.3 (7.1), general population 4.8 (4.3) gives 9.9
    assert cutoff_c(18.3, 7.1, 4.8, 4.3) == pytest.approx(9.89, abs=5e-3)
    assert cutoff_a(18.3, 7.1, better_is="lower") == pytest.approx(4.1)
    assert cutoff_b(4.8, 4.3, better_is="lower") == pytest.approx(13.4)
    assert cutoff_a(40, 5, better_is="higher") == 50
    assert cutoff_b(60, 6, better_is="higher") == 48


def _classify(pre, post, **arguments):
    settings_ = {"better_is": "lower", "strict": True} | arguments
    return classify_change(
        pre, post, settings_.pop("rci", 5), settings_.pop("cutoff", 10), **settings_
    )


@pytest.mark.parametrize(
    ("pre", "post", "category"),
    [
        (20, 8, C.RECOVERED),
        (20, 12, C.IMPROVED),
        (12, 8, C.NON_RELIABLY_RECOVERED),
        (20, 18, C.UNCHANGED),
        (8, 12, C.UNCHANGED),  # crossed upwards, but by less than a reliable change
        (9, 2, C.IMPROVED),  # started below the cut-off: cannot recover
        (15, 25, C.DETERIORATED),
        (1, 8, C.DETERIORATED),
        (7, 14, C.DETERIORATED_ACROSS_CUTOFF),
        (15, 10, C.UNCHANGED),  # exactly the threshold, exactly the cut-off
        (15, 9.9, C.RECOVERED),
        (10, 4, C.RECOVERED),  # at the cut-off is clinical
    ],
)
def test_each_category(pre, post, category):
    result = _classify([pre], [post])
    assert C(result.category[0]) is category
    assert result.started_below_cutoff[0] == (pre < 10)
    mirrored = _classify([-pre], [-post], cutoff=-10, better_is="higher")
    assert C(mirrored.category[0]) is category


def test_reaching_the_threshold_counts_only_where_told():
    assert C(_classify([15], [10], strict=False).category[0]) is C.IMPROVED
    assert C(_classify([15], [20], strict=False).category[0]) is C.DETERIORATED
    assert (
        C(_classify([15], [10], cutoff_is_clinical=False).category[0]) is C.NON_RELIABLY_RECOVERED
    )


def test_float_rounding_does_not_decide():
    assert 8.2 - 3.2 < 5 < 12.3 - 7.3
    reached = _classify([8.2, 12.3], [3.2, 7.3], cutoff=None, strict=False)
    exceeded = _classify([8.2, 12.3], [3.2, 7.3], cutoff=None, strict=True)
    assert reached.reliably_improved.all() and not exceeded.reliably_improved.any()
    assert in_clinical_range(0.1 + 0.2, 0.3, better_is="higher")
    assert in_clinical_range(0.3, 0.1 + 0.2, better_is="lower")


def test_without_a_cutoff_there_is_no_recovery():
    result = _classify([20, 12, 20, 7], [8, 8, 27, 14], cutoff=None)
    assert [C(code) for code in result.category] == [
        C.IMPROVED,
        C.UNCHANGED,
        C.DETERIORATED,
        C.DETERIORATED,
    ]
    assert not result.started_below_cutoff.any()


def test_each_patient_may_have_their_own_threshold_and_cutoff():
    result = _classify([20, 20], [13, 13], rci=[5, 8], cutoff=[14, 10])
    assert list(result.category) == [C.RECOVERED, C.UNCHANGED]


def test_standard_errors_and_z():
    assert standard_error_of_measurement(10, 0.84) == pytest.approx(4)
    assert standard_error_of_difference(10, 0.84) == pytest.approx(4 * math.sqrt(2))
    z = reliable_change_z([20, 10], [10, 14], sd=10, reliability=0.84, better_is="lower")
    assert z == pytest.approx([10 / (4 * math.sqrt(2)), -4 / (4 * math.sqrt(2))])


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="rci"):
        _classify([1], [2], rci=0)
    with pytest.raises(ValueError, match="rci"):
        _classify([1], [2], rci=math.nan)
    with pytest.raises(ValueError, match="cutoff"):
        _classify([1], [2], cutoff=math.nan)
    with pytest.raises(ValueError, match="missing"):
        _classify([1], [math.nan])
    with pytest.raises(ValueError, match="reliability"):
        reliable_change_value(5, 1.2)
    with pytest.raises(ValueError, match="sd"):
        reliable_change_value(-5, 0.8)
    with pytest.raises(ValueError, match="critical_z"):
        reliable_change_value(5, 0.8, critical_z=0)
    with pytest.raises(ValueError, match="is 0"):
        reliable_change_z([1], [2], sd=5, reliability=1, better_is="lower")
    with pytest.raises(ValueError, match="SDs"):
        cutoff_c(1, 0, 2, 0)


scores = st.integers(min_value=0, max_value=40)


@settings(max_examples=100, deadline=None)
@given(
    pairs=st.lists(st.tuples(scores, scores), min_size=1, max_size=40),
    rci=st.integers(1, 12),
    cutoff=scores,
    strict=st.booleans(),
    at_cutoff=st.booleans(),
)
def test_categories_are_exhaustive_exclusive_and_consistent(pairs, rci, cutoff, strict, at_cutoff):
    pre, post = np.array(pairs, dtype=float).T
    result = _classify(
        pre, post, rci=rci, cutoff=cutoff, strict=strict, cutoff_is_clinical=at_cutoff
    )
    assert result.counts().sum() == pre.size and result.counts().size == 6
    better = np.isin(result.category, [C.RECOVERED, C.IMPROVED])
    worse = np.isin(result.category, [C.DETERIORATED, C.DETERIORATED_ACROSS_CUTOFF])
    assert (better == result.reliably_improved).all()
    assert (worse == result.reliably_deteriorated).all()
    recovered = np.isin(result.category, [C.RECOVERED, C.NON_RELIABLY_RECOVERED])
    assert not (recovered & result.started_below_cutoff).any()
    # Turning scale and direction around changes nothing.
    turned = _classify(
        -pre,
        -post,
        rci=rci,
        cutoff=-cutoff,
        strict=strict,
        cutoff_is_clinical=at_cutoff,
        better_is="higher",
    )
    assert (turned.category == result.category).all()
    # Nor does the order of the rows.
    back = _classify(
        pre[::-1], post[::-1], rci=rci, cutoff=cutoff, strict=strict, cutoff_is_clinical=at_cutoff
    )
    assert (back.category[::-1] == result.category).all()
