from __future__ import annotations

import math
import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturalistic.stats.effect_size import (
    INTERVALS,
    hedges_correction,
    paired_moments,
    percentage_change,
    raw_mean_change,
    standardised_change_from_moments,
    standardised_mean_change,
)

CHOICES = [(s, i) for s, intervals in INTERVALS.items() for i in intervals]
PRE = np.array([22.0, 18, 25, 30, 17, 21, 26, 19])
POST = np.array([15.0, 17, 20, 31, 9, 20, 18, 12])


def _change(pre, post, standardiser, interval, better_is="lower", **arguments):
    if standardiser == "external_sd":
        arguments["external_sd"] = 7.1
    return standardised_mean_change(
        pre, post, better_is=better_is, standardiser=standardiser, interval=interval, **arguments
    )


def test_hedges_correction_by_hand():
    # J(2) = Γ(1) / (√1 Γ(1/2)) = 1/√π;  J(3) = Γ(3/2) / (√1.5 Γ(1))
    assert hedges_correction(2) == pytest.approx(1 / math.sqrt(math.pi), rel=1e-14)
    assert hedges_correction(3) == pytest.approx(0.5 * math.sqrt(math.pi / 1.5), rel=1e-14)
    assert np.isnan(hedges_correction([1, 0, -2])).all()
    assert hedges_correction(1e6) == pytest.approx(1 - 3 / (4e6 - 1), abs=1e-9)


def test_definitions_by_hand():
    change, sd_pre = PRE - POST, PRE.std(ddof=1)
    r = np.corrcoef(PRE, POST)[0, 1]
    average = math.sqrt((PRE.var(ddof=1) + POST.var(ddof=1)) / 2)
    d_z = change.mean() / change.std(ddof=1)
    expected = {
        "pre_sd": change.mean() / sd_pre,
        "difference_sd": d_z,
        "average_sd": change.mean() / average,
        "repeated_measures": d_z * math.sqrt(2 * (1 - r)),
        "external_sd": change.mean() / 7.1,
    }
    for standardiser, value in expected.items():
        plain = _change(PRE, POST, standardiser, None, bias_corrected=False)
        assert plain.estimate == pytest.approx(value, rel=1e-13), standardiser
    corrected = _change(PRE, POST, "average_sd", None)
    df = 2 * 7 / (1 + r**2)
    assert corrected.estimate == pytest.approx(
        expected["average_sd"] * float(hedges_correction(df)), rel=1e-13
    )


def test_default_is_pre_sd_with_the_heteroscedastic_interval():
    result = standardised_mean_change(PRE, POST, better_is="lower")
    assert result == _change(PRE, POST, "pre_sd", "heteroscedastic")
    spread = (PRE - POST).std(ddof=1) / PRE.std(ddof=1)
    variance = spread**2 / 7 + result.estimate**2 / 14
    assert result.std_error == pytest.approx(math.sqrt(variance), rel=1e-13)
    assert result.conf_high - result.estimate == pytest.approx(
        1.959963984540054 * result.std_error, rel=1e-12
    )
    assert result.p_value == pytest.approx(
        math.erfc(result.estimate / result.std_error / math.sqrt(2)), rel=1e-10
    )


@pytest.mark.parametrize(("standardiser", "interval"), CHOICES)
def test_sign_turns_with_the_direction_of_the_scale(standardiser, interval):
    lower = _change(PRE, POST, standardiser, interval, "lower")
    higher = _change(PRE, POST, standardiser, interval, "higher")
    mirrored = lower.negated()
    for name in ("estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value"):
        assert getattr(higher, name) == pytest.approx(getattr(mirrored, name), rel=1e-9), name
    assert lower.estimate > 0 and lower.conf_low < lower.estimate < lower.conf_high


@pytest.mark.parametrize(("standardiser", "interval"), CHOICES)
@pytest.mark.parametrize(
    ("pre", "post", "reason"),
    [
        ([], [], "no pairs"),
        ([20], [10], "one pair"),
        ([9, 9, 9], [9, 9, 9], "same|no score|amount"),
    ],
)
def test_too_little_gives_a_reason(pre, post, reason, standardiser, interval):
    result = _change(pre, post, standardiser, interval)
    assert result.status == "not_estimable"
    assert math.isnan(result.estimate)
    assert re.search(reason, result.note)


@pytest.mark.parametrize("standardiser", ["pre_sd", "difference_sd", "average_sd"])
def test_two_pairs_need_no_correction_and_three_can_have_it(standardiser):
    two = _change([20, 26], [15, 14], standardiser, None)
    assert two.status == "not_estimable" and "3 pairs" in two.note
    assert _change([20, 26], [15, 14], standardiser, None, bias_corrected=False).status == "ok"
    three = _change([20, 26, 21], [15, 14, 18], standardiser, None)
    assert three.status == "ok" and three.conf_low < three.estimate < three.conf_high


def test_zero_variance_where_it_matters():
    same_first = _change([20, 20, 20], [11, 14, 19], "pre_sd", None)
    assert "first scores are all the same" in same_first.note
    same_change = _change([20, 22, 24], [15, 17, 19], "difference_sd", None)
    assert "same amount" in same_change.note
    same_last = _change([20, 22, 27], [5, 5, 5], "average_sd", None)
    assert "no correlation" in same_last.note
    # The SD of first scores is still there, so this one has an answer.
    assert _change([20, 22, 27], [5, 5, 5], "pre_sd", None).status == "ok"
    assert _change([20, 22, 24], [15, 17, 19], "pre_sd", None).estimate > 0
    perfect = _change([20, 22, 24], [15, 17, 19], "repeated_measures", None)
    assert "perfectly correlated" in perfect.note


def test_deterioration_is_negative():
    assert _change(POST, PRE, "pre_sd", None).estimate < 0
    assert raw_mean_change([5, 6, 7], [8, 8, 9], better_is="lower").estimate == pytest.approx(
        -7 / 3
    )


def test_raw_mean_change_by_hand_and_against_a_benchmark():
    result = raw_mean_change(PRE, POST, better_is="lower")
    change = PRE - POST
    se = change.std(ddof=1) / math.sqrt(8)
    assert result.estimate == change.mean() and result.df == 7
    assert result.conf_low == pytest.approx(change.mean() - 2.364624251 * se, rel=1e-9)
    shifted = raw_mean_change(PRE, POST, better_is="lower", null_change=change.mean())
    assert shifted.statistic == 0 and shifted.p_value == pytest.approx(1)
    wider = raw_mean_change(PRE, POST, better_is="lower", conf_level=0.99)
    assert wider.conf_low < result.conf_low


def test_raw_mean_change_without_spread_keeps_the_number():
    one = raw_mean_change([20], [12], better_is="lower")
    assert one.estimate == 8 and one.status == "ok" and "one pair" in one.note
    same = raw_mean_change([20, 25, 31], [15, 20, 26], better_is="lower")
    assert same.estimate == 5 and math.isnan(same.conf_low) and "same amount" in same.note
    assert raw_mean_change([], [], better_is="lower").status == "not_estimable"


def test_percentage_change():
    result = percentage_change(PRE, POST, better_is="lower")
    assert result.estimate == pytest.approx(100 * (PRE.mean() - POST.mean()) / PRE.mean())
    assert result.conf_low < result.estimate < result.conf_high
    worse = percentage_change(PRE, POST, better_is="higher")
    assert (worse.estimate, worse.conf_low, worse.conf_high) == pytest.approx(
        (-result.estimate, -result.conf_high, -result.conf_low)
    )
    # Fieller's limits are the ratios at which D - theta X just differs from 0.
    for theta in (result.conf_low, result.conf_high):
        rest = (PRE - POST) - theta / 100 * PRE
        t = rest.mean() / (rest.std(ddof=1) / math.sqrt(8))
        assert abs(t) == pytest.approx(2.364624251592785, rel=1e-9)


def test_percentage_change_that_has_no_meaning_or_no_interval():
    assert "not positive" in percentage_change([0, 0], [1, 2], better_is="lower").note
    assert percentage_change([], [], better_is="lower").note == "no pairs"
    assert percentage_change([10], [5], better_is="lower").estimate == 50
    near_zero = percentage_change([-9, 10, 1], [4, 2, 3], better_is="lower")
    assert "not distinguishable" in near_zero.note and math.isnan(near_zero.conf_low)
    same = percentage_change([10, 12, 13], [7, 8.4, 9.1], better_is="lower")
    assert same.estimate == pytest.approx(30) and "no spread" in same.note


def test_external_sd_with_its_own_sample_is_less_certain():
    known = _change(PRE, POST, "external_sd", None)
    estimated = _change(PRE, POST, "external_sd", None, external_sd_n=50)
    raw = raw_mean_change(PRE, POST, better_is="lower")
    assert known.conf_low == pytest.approx(raw.conf_low / 7.1)
    extra = known.estimate**2 / 98
    assert estimated.std_error**2 == pytest.approx(known.std_error**2 + extra)


@pytest.mark.parametrize(
    "arguments",
    [
        {"standardiser": "sd"},
        {"interval": "bca"},
        {"standardiser": "difference_sd", "interval": "heteroscedastic"},
        {"standardiser": "external_sd"},
        {"external_sd": 7.0},
        {"standardiser": "external_sd", "external_sd": 0.0},
        {"standardiser": "external_sd", "external_sd": 7.0, "external_sd_n": 1},
        {"conf_level": 1.0},
    ],
)
def test_misuse_is_refused(arguments):
    with pytest.raises(ValueError):
        standardised_mean_change(PRE, POST, better_is="lower", **arguments)


scores = st.integers(min_value=0, max_value=40)


@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(scores, scores), min_size=3, max_size=25), seed=st.integers(0, 99))
@pytest.mark.parametrize("standardiser", ["pre_sd", "difference_sd", "average_sd"])
def test_row_order_unit_and_direction_of_the_scale(standardiser, pairs, seed):
    pre, post = np.array(pairs, dtype=float).T
    order = np.random.default_rng(seed).permutation(pre.size)
    whole = _change(pre, post, standardiser, None)
    shuffled = _change(pre[order], post[order], standardiser, None)
    per_item = _change(pre / 10, post / 10, standardiser, None)
    assert whole.status == shuffled.status == per_item.status
    if whole.status == "ok":
        assert shuffled.estimate == pytest.approx(whole.estimate, rel=1e-9, abs=1e-12)
        assert per_item.conf_low == pytest.approx(whole.conf_low, rel=1e-7, abs=1e-9)
        turned = _change(pre, post, standardiser, None, "higher")
        assert turned.estimate == -whole.estimate
        assert turned.conf_low == pytest.approx(-whole.conf_high, rel=1e-9, abs=1e-9)
        mirrored = _change(-pre, -post, standardiser, None, "higher")
        assert mirrored.estimate == pytest.approx(whole.estimate, rel=1e-12)


def test_a_million_patients_in_seconds():
    rng = np.random.default_rng(3)
    pre = rng.normal(20, 7, 1_000_000)
    post = 0.6 * pre + rng.normal(4, 5, pre.size)
    began = time.perf_counter()
    moments = paired_moments(pre, post, better_is="lower")
    results = [
        standardised_change_from_moments(moments, standardiser=s, interval=i)
        for s, i in CHOICES
        if s != "external_sd"
    ]
    raw_mean_change(pre, post, better_is="lower")
    assert time.perf_counter() - began < 5
    assert all(result.status == "ok" for result in results)
    # The exact and the large-sample interval meet when n is large.
    exact, large = results[2], results[3]
    assert exact.conf_low == pytest.approx(large.conf_low, abs=1e-5)
