from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest

from naturalistic.stats.reliable_change import ChangeCategory, categorise
from naturalistic.stats.reliable_change_methods import (
    CRITICAL_VALUES,
    IndexMethod,
    ReferenceScores,
    reliable_change_index,
    reliably_changed,
    slope_index,
)

# The constants of the unit tests of R's clinicalsignificance: M 10, SD 5, M post 7, SD post 6, r .8
PRE = np.array([30.0, 20, 10, 8, 6, 4, 2])
POST = np.array([3.0, 2, 2, 2, 2, 2, 1])
REFERENCE = ReferenceScores(
    reliability=0.8,
    mean_pre=10,
    sd_pre=5,
    mean_post=7,
    sd_post=6,
    correlation=0.3,
    reliability_post=0.9,
)


def _index(method, pre=PRE, post=POST, reference=REFERENCE, better_is="lower"):
    return reliable_change_index(pre, post, reference, method=method, better_is=better_is)


def test_each_formula_written_out():
    expected_last = 10 + 0.8 * (PRE - 10)
    error = 5 * math.sqrt(0.2)
    true_variance = 25 + 36 - 2 * error**2 - 2 * 30 * 0.3
    r_dd = true_variance / (25 + 36 - 2 * 30 * 0.3)
    by_hand = {
        "jacobson_truax": (PRE - POST) / (math.sqrt(2) * error),
        "gulliksen_lord_novick": (expected_last - POST) / (5 * 0.6),
        "hsu_linn_lord": (expected_last - 3 - POST) / (5 * 0.6),
        "edwards_nunnally": (expected_last - POST) / error,
        "nunnally_kotsch": (expected_last - POST) / math.sqrt(0.64 * 25 * 0.2 + 25 * 0.1),
        "hageman_arrindell": ((PRE - POST) * r_dd + 3 * (1 - r_dd))
        / (math.sqrt(r_dd) * math.sqrt(2) * error),
    }
    assert set(by_hand) == set(get_args(IndexMethod)) == set(CRITICAL_VALUES)
    for method, values in by_hand.items():
        np.testing.assert_allclose(_index(method), values, rtol=1e-13, err_msg=method)
        np.testing.assert_allclose(_index(method, better_is="higher"), -values, rtol=1e-13)


def test_nunnally_kotsch_takes_one_reliability_for_both_by_default():
    same = ReferenceScores(reliability=0.8, mean_pre=10, sd_pre=5)
    explicit = ReferenceScores(reliability=0.8, mean_pre=10, sd_pre=5, reliability_post=0.8)
    np.testing.assert_array_equal(
        _index("nunnally_kotsch", reference=same), _index("nunnally_kotsch", reference=explicit)
    )


@pytest.mark.parametrize("method", get_args(IndexMethod))
def test_turning_the_scale_around_changes_nothing(method):
    turned = ReferenceScores(
        reliability=0.8,
        mean_pre=-10,
        sd_pre=5,
        mean_post=-7,
        sd_post=6,
        correlation=0.3,
        reliability_post=0.9,
    )
    np.testing.assert_allclose(
        _index(method, -PRE, -POST, turned, "higher"), _index(method), rtol=1e-12
    )


def test_average_course_is_no_change_for_hsu_linn_lord_only():
    # A patient at the mean who moves with the mean: nothing beyond the average course.
    assert _index("hsu_linn_lord", [10.0], [7.0])[0] == 0
    assert _index("gulliksen_lord_novick", [10.0], [7.0])[0] > 0


def test_total_slope_decides_not_the_deviation_from_the_mean():
    # Mean slope -2 points a session. The third patient improves by 1: less than average, still
    # improving. Judged by the deviation (+1 / 0.2) they would have "deteriorated".
    slopes, errors = np.array([-3.0, -2.0, -1.0, 0.1, 1.0]), np.full(5, 0.2)
    index = slope_index(slopes, errors, better_is="lower")
    better, worse = reliably_changed(index, 1.96)
    assert list(better) == [True, True, True, False, False]
    assert list(worse) == [False, False, False, False, True]
    assert list(slope_index(slopes, errors, better_is="higher")) == list(-index)


def test_index_and_cutoff_together():
    better, worse = reliably_changed(_index("jacobson_truax"), CRITICAL_VALUES["jacobson_truax"])
    result = categorise(PRE, POST, better, worse, 7.5, better_is="lower")
    c = ChangeCategory
    # 6.2 points are needed: 30, 20, 10 recover; 8 to 2 crosses without; the rest started below.
    assert (
        list(result.category) == [c.RECOVERED] * 3 + [c.NON_RELIABLY_RECOVERED] + [c.UNCHANGED] * 3
    )


def test_strictness_at_the_critical_value():
    assert not reliably_changed([1.96], 1.96)[0].any()
    assert reliably_changed([1.96], 1.96, strict=False)[0].all()


def test_misuse_is_refused():
    plain = ReferenceScores(reliability=0.8, mean_pre=10, sd_pre=5)
    with pytest.raises(ValueError, match="mean_post"):
        _index("hsu_linn_lord", reference=plain)
    with pytest.raises(ValueError, match="correlation"):
        _index("hageman_arrindell", reference=plain)
    with pytest.raises(ValueError, match="measurement error"):
        too_alike = ReferenceScores(0.5, 10, 5, 10, 5, 0.9)
        _index("hageman_arrindell", reference=too_alike)
    with pytest.raises(ValueError, match="unknown method"):
        _index("jt")
    with pytest.raises(ValueError, match="between 0 and 1"):
        ReferenceScores(reliability=1.0, mean_pre=10, sd_pre=5)
    with pytest.raises(ValueError, match="sd_pre"):
        ReferenceScores(reliability=0.8, mean_pre=10, sd_pre=0)
    with pytest.raises(ValueError, match="standard error"):
        slope_index([1.0], [0.0], better_is="lower")
    with pytest.raises(ValueError, match="critical_value"):
        reliably_changed([1.0], 0)
    with pytest.raises(ValueError, match="both"):
        categorise([1], [2], [True], [True], None, better_is="lower")
    with pytest.raises(ValueError, match="one element"):
        categorise([1], [2], [True, False], [False], None, better_is="lower")
