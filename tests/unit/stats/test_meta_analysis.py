"""Pooling of few services, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from naturalistic.stats.meta_analysis import (
    design_effects,
    effective_people,
    influence,
    leave_one_out,
    pool_incidence,
    pool_proportions,
    pool_several,
    random_effects,
    service_funnel,
    services_in_trusts,
    subgroups,
)
from naturalistic.stats.rates import wilson_limits


def test_one_service_is_not_pooled_and_says_so():
    fit = random_effects([0.5], [0.1])
    assert fit.average.estimate == 0.5
    assert fit.average.conf_high == pytest.approx(0.5 + 1.959963984540054 * 0.1)
    assert np.isnan(fit.heterogeneity.tau2)
    assert "nothing was pooled" in fit.notes[0]
    assert "one service" in fit.prediction.note


@pytest.mark.parametrize("k", [2, 3, 4])
def test_few_services_are_worded_as_few(k):
    fit = random_effects(np.linspace(0.2, 0.9, k), np.full(k, 0.1))
    assert fit.notes[0].startswith(f"{k} services: how far services differ is hardly known")
    assert fit.df == k - 1
    assert np.isnan(fit.prediction.low) == (k == 2)


def test_an_interval_narrower_than_chance_is_said_and_can_be_widened():
    y, s = [0.30, 0.31, 0.29, 0.305, 0.30], [0.1, 0.12, 0.11, 0.1, 0.1]
    plain = random_effects(y, s)
    assert "narrower" in " ".join(plain.notes)
    assert plain.heterogeneity.tau2 == plain.heterogeneity.tau2_high == 0.0
    wide = random_effects(y, s, interval="hksj_not_below")
    assert wide.average.conf_high > plain.average.conf_high
    assert not wide.notes


def test_the_result_does_not_depend_on_the_order_or_on_the_unit():
    rng = np.random.default_rng(3)
    y, s = rng.normal(0.8, 0.3, 12), rng.uniform(0.05, 0.2, 12)
    order = rng.permutation(12)
    one, other = random_effects(y, s), random_effects(y[order] * 1e6, s[order] * 1e6)
    assert other.average.estimate == pytest.approx(1e6 * one.average.estimate, rel=1e-12)
    assert other.heterogeneity.tau2 == pytest.approx(1e12 * one.heterogeneity.tau2, rel=1e-9)


@pytest.mark.parametrize(
    ("y", "s"),
    [([], []), ([1.0], [0.0]), ([np.nan], [1.0]), ([1.0], [np.inf]), ([1.0, 2.0], [1.0])],
)
def test_what_cannot_be_pooled_is_refused(y, s):
    with pytest.raises(ValueError, match=r"must be (finite|vectors)|standard error"):
        random_effects(y, s)


def test_designs_and_methods_are_checked():
    y, s = [0.1, 0.2, 0.4], [0.1, 0.1, 0.1]
    with pytest.raises(ValueError, match="cannot carry"):
        random_effects(y, s, design=np.eye(3))
    with pytest.raises(ValueError, match="linearly dependent"):
        random_effects(y, s, design=np.ones((3, 2)))
    with pytest.raises(ValueError, match="is not one of"):
        random_effects(y, s, between="guess")
    with pytest.raises(ValueError, match="at least two"):
        leave_one_out(y[:1], s[:1])
    with pytest.raises(ValueError, match="at least three"):
        influence(y[:2], s[:2])
    with pytest.raises(ValueError, match="at least three"):
        service_funnel(y[:2], s[:2])


def test_a_wild_service_stands_out():
    y, s = np.r_[np.full(9, 0.5) + np.linspace(-0.05, 0.05, 9), 2.5], np.full(10, 0.1)
    assert np.argmax(np.abs(influence(y, s).studentised_residual)) == 9
    funnel = service_funnel(y, s)
    assert funnel.z[9] > 3
    low, high = funnel.limits([0.1, 0.2], 0.95)
    assert low[1] < low[0] < funnel.target < high[0] < high[1]


def test_levels_that_cannot_be_told_apart():
    y, s = [0.1, 0.5, 0.9], [0.1, 0.1, 0.1]
    assert services_in_trusts(y, s, ["a", "a", "a"]).average.status == "not_estimable"
    assert "one service" in services_in_trusts(y, s, ["a", "b", "c"]).note
    assert "in one group" in subgroups(y, s, ["a", "a", "a"]).note


def test_proportions_need_no_correction_for_nobody():
    fit = pool_proportions([0, 12, 30, 9], [40, 50, 60, 45])
    assert 0 < fit.typical.conf_low < fit.typical.estimate < fit.typical.conf_high < 1
    assert abs(fit.average - 0.5) < abs(fit.typical.estimate - 0.5)
    assert fit.tau2_low <= fit.tau2 <= fit.tau2_high
    assert pool_proportions([3], [9]).typical.status == "not_estimable"
    equal = pool_proportions([20, 20, 20], [50, 50, 50])
    assert equal.tau2 == 0.0
    assert equal.typical.estimate == pytest.approx(0.4)


def test_with_design_effects_of_one_nothing_changes():
    x, n = [10, 30, 24, 61], [40, 80, 90, 120]
    plain, twin = pool_proportions(x, n), pool_proportions(x, n, design_effects=np.ones(4))
    assert twin.typical.estimate == plain.typical.estimate
    assert twin.typical.std_error == plain.typical.std_error
    assert (twin.tau2, twin.tau2_high, twin.average) == (
        plain.tau2,
        plain.tau2_high,
        plain.average,
    )
    assert twin.prediction == plain.prediction
    assert twin.log_likelihood == plain.log_likelihood
    assert "effective numbers" in twin.typical.method
    assert "effective numbers" not in plain.typical.method


def test_whole_design_effects_are_the_counts_of_fewer_people():
    fewer = pool_proportions([10, 30, 24, 61], [40, 80, 90, 120])
    twin = pool_proportions([20, 90, 24, 61], [80, 240, 90, 120], design_effects=[2, 3, 1, 1])
    assert twin.typical.conf_high == fewer.typical.conf_high
    assert twin.tau2 == fewer.tau2


@pytest.mark.parametrize(
    ("x", "n", "d", "why"),
    [
        ([1, 2], [5, 5], [1, 0.9], "none below 1"),
        ([1, 2], [5, 5], [1], "one a service"),
        ([1, 2], [5, 5], [1, np.nan], "none below 1"),
        ([1.5, 2], [5, 5], [1, 1], "whole numbers"),
        ([1.5, 2], [5, 5], None, "whole numbers"),
        ([6, 2], [5, 5], [1, 1], "response <= trials"),
    ],
)
def test_impossible_effective_numbers_are_refused(x, n, d, why):
    with pytest.raises(ValueError, match=why):
        pool_proportions(x, n, design_effects=d)


def test_people_behind_limits_are_those_the_limits_were_made_from():
    share = np.repeat([0.02, 0.5, 0.97], 4)
    people = np.tile([3.0, 17.4, 260.0, 1e5], 3)
    for z in (1.96, 2.78):
        low, high = wilson_limits(share, people, z)
        # a limit cut off at 0 or 1 is that number to rounding already
        np.testing.assert_allclose(effective_people(share, low, high, z), people, rtol=1e-7)
    nothing = effective_people([0.0, 1.0, 0.5, 0.5], [0, 0.8, 0.5, np.nan], [0.2, 1, 0.5, 0.6], 2.0)
    assert np.isnan(nothing).all()


def test_services_without_a_design_effect_are_given_one_and_named():
    people, effective = [100, 80, 60, 50], [50, 100, np.nan, 10]
    found = design_effects(people, effective)
    assert found.values.tolist() == [2.0, 1.0, 2.0, 5.0]  # never below 1
    assert found.own.tolist() == [True, True, False, True]
    assert found.assumed == 2.0
    assert design_effects(people, effective, unknown="one").values.tolist() == [2.0, 1.0, 1.0, 5.0]
    assert np.isnan(design_effects([100], [50]).assumed)
    assert design_effects([100, 50], [np.nan, np.nan]) is None
    with pytest.raises(ValueError, match="not one of median, one"):
        design_effects(people, effective, unknown="mean")
    with pytest.raises(ValueError, match="one length"):
        design_effects(people, [1.0])
    with pytest.raises(ValueError, match="positive"):
        design_effects([0.0], [1.0])


def test_several_equals_single_where_there_is_one_term():
    y, s = np.array([0.2, 0.5, 0.9, 0.4]), np.array([0.1, 0.2, 0.15, 0.1])
    several = pool_several(y, np.diag(s**2), list("abcd"), ["x"] * 4)
    one = random_effects(y, s, interval="normal")
    assert several.estimates[0].estimate == pytest.approx(one.average.estimate, rel=1e-6)
    assert several.between[0, 0] == pytest.approx(one.heterogeneity.tau2, rel=1e-5)
    with pytest.raises(ValueError, match="twice"):
        pool_several(y, np.diag(s**2), list("aabb"), ["x"] * 4)
    assert (
        pool_several(y[:2], np.diag(s[:2] ** 2), ["a", "b"], ["x", "y"]).estimates[0].status
        == "not_estimable"
    )


def test_a_curve_of_one_service_is_its_own():
    curve = pool_incidence(["a", "a"], [4, 8], [100, 80], [20, 16])
    assert curve.incidence.tolist() == pytest.approx([0.2, 1 - 0.8 * 0.8])
    assert "nothing was pooled" in curve.note


def test_pooled_curves_rise_and_lie_among_the_services():
    services = np.repeat(["a", "b", "c", "d", "e"], 2)
    curve = pool_incidence(
        services, [4, 8] * 5, [100, 80] * 5, [20, 16, 10, 12, 30, 9, 18, 14, 25, 10]
    )
    assert np.all(np.diff(curve.incidence) > 0)
    assert 0.1 < curve.incidence[0] < 0.3
    assert np.all(curve.prediction_low < curve.conf_low)
    with pytest.raises(ValueError, match="more than 0 events"):
        pool_incidence(["a"], [4], [10], [0])
    lone = pool_incidence(["a", "b"], [4, 6], [10, 10], [2, 2])
    assert lone.status == "not_estimable"


def test_curves_that_agree_exactly_have_no_variance_between_services():
    curve = pool_incidence(np.repeat(["a", "b", "c"], 2), [4, 8] * 3, [90, 72] * 3, [18, 12] * 3)
    assert curve.tau2 == 0.0
    assert curve.prediction_low[0] <= curve.incidence[0] == pytest.approx(0.2)


def test_services_that_agree_exactly():
    y, s = [0.5] * 5, [0.1] * 5
    assert np.isnan(influence(y, s).dffits).all()
    design = np.column_stack([np.ones(5), np.arange(5.0)])
    assert np.isnan(random_effects(y, s, design=design).moderators_statistic)
