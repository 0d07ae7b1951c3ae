"""Kaplan-Meier, Nelson-Aalen, quantiles, log-rank, restricted means: small cases and properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from naturalistic.stats.curves import confidence_limits
from naturalistic.stats.event_table import distinct_times, event_table
from naturalistic.stats.restricted_mean import restricted_mean_time, restricted_mean_time_lost
from naturalistic.stats.restricted_mean_comparison import (
    compare_restricted_means,
    compare_time_lost,
)
from naturalistic.stats.survival import kaplan_meier, nelson_aalen, quantiles
from naturalistic.stats.survival_tests import log_rank

# Freireich et al. (1963), weeks in remission under 6-MP; 0 censored
REMISSION = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35])
RELAPSED = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0])


@st.composite
def episodes(draw, max_causes: int = 1, fractional: bool = False):
    n = draw(st.integers(1, 40))
    whole = draw(hnp.arrays(np.int64, n, elements=st.integers(1, 8)))
    time = whole / 3.0 if fractional else whole
    cause = draw(hnp.arrays(np.int64, n, elements=st.integers(0, max_causes)))
    return time, cause


def test_textbook_remission_times() -> None:
    curve = kaplan_meier(REMISSION, RELAPSED)
    # Cox and Oakes (1984), table 4.1
    events = curve.events > 0
    assert curve.times[events].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk[events].tolist() == [21, 17, 15, 12, 11, 7, 6]
    np.testing.assert_allclose(
        curve.estimate[events], [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], atol=5e-4
    )
    assert curve.std_error[events][0] == pytest.approx(np.sqrt(18 / 21 * 3 / 21 / 21))
    median = quantiles(curve, [0.5])[0]
    assert (median.estimate, median.conf_low) == (23, 13)
    assert np.isnan(median.conf_high)


@given(episodes())
@settings(deadline=None)
def test_survival_falls_from_one_and_stays_a_probability(data) -> None:
    curve = kaplan_meier(*data)
    assert np.all(np.diff(np.append(1.0, curve.estimate)) <= 0)
    assert np.all((curve.estimate >= 0) & (curve.estimate <= 1))
    known = np.isfinite(curve.conf_low)
    assert np.all(curve.conf_low[known] <= curve.estimate[known])
    assert np.all(curve.estimate[known] <= curve.conf_high[known])


@given(episodes(fractional=True), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_of_rows_changes_no_bit(data, random) -> None:
    time, event = data
    order = np.array(random.sample(range(len(time)), len(time)))
    one, other = kaplan_meier(time, event), kaplan_meier(time[order], event[order])
    for name in ("times", "at_risk", "estimate", "std_error", "conf_low", "conf_high"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@given(episodes(), st.integers(0, 10**6))
@settings(deadline=None)
def test_frequency_weights_are_rows_written_out(data, seed) -> None:
    time, event = data
    rng = np.random.default_rng(seed)
    count = rng.integers(0, 4, len(time))
    cluster = rng.integers(0, 3, len(time))
    rows = np.repeat(np.arange(len(time)), count)
    for options in ({}, {"cluster": cluster}):
        short = {key: value[rows] for key, value in options.items()}
        a = kaplan_meier(time, event, weights=count, **options)
        b = kaplan_meier(time[rows], event[rows], **short)
        for name in ("times", "at_risk", "events", "estimate", "std_error"):
            np.testing.assert_allclose(getattr(a, name), getattr(b, name), atol=1e-12)


@given(episodes())
@settings(deadline=None)
def test_entry_before_everything_changes_nothing(data) -> None:
    time, event = data
    a = kaplan_meier(time, event)
    b = kaplan_meier(time, event, entry=np.full(len(time), -1.0))
    np.testing.assert_array_equal(a.estimate, b.estimate)
    np.testing.assert_array_equal(a.at([0, 3, 20]).at_risk, b.at([0, 3, 20]).at_risk)


@given(episodes(), st.integers(0, 10**6))
@settings(deadline=None)
def test_numbers_at_risk_between_times_are_counted_rows(data, seed) -> None:
    time, event = data
    entry = np.random.default_rng(seed).uniform(0, 1, len(time)) * time * 0.99
    grid = np.arange(0, 10, 0.25)
    values = kaplan_meier(time, event, entry=entry).at(grid)
    under = (entry < grid[:, None]) & (time >= grid[:, None])
    np.testing.assert_array_equal(values.at_risk, under.sum(axis=1))
    seen = (time <= grid[:, None]) & (event == 1)
    np.testing.assert_array_equal(values.cumulative_events, seen.sum(axis=1))


@given(episodes())
@settings(deadline=None)
def test_clusters_of_one_row_give_the_plain_standard_errors(data) -> None:
    time, event = data
    rows = np.arange(len(time))
    for estimator in (kaplan_meier,):
        np.testing.assert_allclose(
            estimator(time, event, cluster=rows).std_error,
            estimator(time, event).std_error,
            atol=1e-12,
        )


@given(episodes())
@settings(deadline=None)
def test_probability_weights_that_are_equal_cancel(data) -> None:
    time, event = data
    weighted = kaplan_meier(time, event, weights=np.full(len(time), 2.5), weight_kind="probability")
    plain = kaplan_meier(time, event)
    np.testing.assert_allclose(weighted.estimate, plain.estimate, atol=1e-12)
    np.testing.assert_allclose(weighted.std_error, plain.std_error, atol=1e-12)


def test_copied_rows_in_one_cluster_carry_no_information() -> None:
    time, event = np.tile(REMISSION, 5), np.tile(RELAPSED, 5)
    who = np.tile(np.arange(21), 5)
    once, copied = kaplan_meier(REMISSION, RELAPSED), kaplan_meier(time, event, cluster=who)
    np.testing.assert_allclose(copied.std_error, once.std_error, atol=1e-12)
    hazard = nelson_aalen(REMISSION, RELAPSED, cluster=np.arange(21))
    copied = nelson_aalen(time, event, cluster=who)
    np.testing.assert_allclose(copied.std_error, hazard.std_error, atol=1e-12)


def test_nobody_has_the_event() -> None:
    curve = kaplan_meier([3, 5, 5], [0, 0, 0])
    assert curve.estimate.tolist() == [1, 1]
    assert curve.std_error.tolist() == [0, 0]
    assert np.isnan(curve.conf_low).all()
    assert curve.note == "no event: no limits"
    assert quantiles(curve, [0.5])[0].status == "not_estimable"
    mean = restricted_mean_time([3, 5, 5], [0, 0, 0], 4)
    assert (mean.estimate, mean.std_error) == (4, 0)
    assert "no event" in mean.note


def test_everybody_has_the_event_at_once() -> None:
    curve = kaplan_meier([2, 2], [1, 1])
    assert curve.estimate.tolist() == [0]
    assert np.isnan(curve.std_error).all()
    assert curve.complete
    assert curve.at([1, 2, 99]).estimate.tolist() == [1, 0, 0]


def test_single_event_is_a_right_number() -> None:
    curve = kaplan_meier([4], [1])
    assert (curve.times.tolist(), curve.estimate.tolist()) == ([4], [0])
    assert quantiles(curve, [0.5])[0].estimate == 4


def test_no_observations_say_so() -> None:
    for estimator in (kaplan_meier, nelson_aalen):
        curve = estimator([], [])
        assert (curve.status, curve.note) == ("not_estimable", "no observations")
        values = curve.at([0, 1])
        assert np.isnan(values.estimate).all()
        assert values.at_risk.tolist() == [0, 0]
    weightless = kaplan_meier([1, 2], [1, 0], weights=[0, 0], cluster=[1, 1])
    assert weightless.status == "not_estimable"
    assert restricted_mean_time([], [], 3).note == "no observations"


def test_nothing_is_known_after_the_end_of_follow_up_unless_asked() -> None:
    curve = kaplan_meier([1, 2, 3], [1, 0, 0])
    assert np.isnan(curve.at([3.5]).estimate[0])
    assert curve.at([3.5], carry_forward=True).estimate[0] == pytest.approx(2 / 3)
    assert curve.at([3.5]).at_risk[0] == 0


def test_risk_set_emptied_before_later_entries_is_said() -> None:
    curve = kaplan_meier([1, 5, 6], [1, 1, 0], entry=[0, 2, 2])
    assert curve.estimate.tolist() == [0, 0, 0]
    assert "emptied at 1" in curve.note


def test_nelson_aalen_and_its_tie_correction_by_hand() -> None:
    plain = nelson_aalen([1, 1, 2, 3], [1, 1, 1, 0])
    np.testing.assert_allclose(plain.estimate, [2 / 4, 2 / 4 + 1 / 2, 1.0])
    np.testing.assert_allclose(plain.std_error[0], np.sqrt(2) / 4)
    fine = nelson_aalen([1, 1, 2, 3], [1, 1, 1, 0], tie_correction=True)
    np.testing.assert_allclose(fine.estimate[0], 1 / 4 + 1 / 3)
    np.testing.assert_allclose(fine.std_error[0] ** 2, 1 / 16 + 1 / 9)
    with pytest.raises(ValueError, match="tie_correction"):
        nelson_aalen([1, 2], [1, 1], tie_correction=True, cluster=[1, 2])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1]), "one length"),
        (([1, np.nan], [1, 0]), "finite"),
        (([-1, 2], [1, 0]), "not negative"),
        (([1, 2], [1, 2]), "1 to 1"),
        (([1, 2], [1, -1]), "1 to 1"),
        (([1, 2], [1, np.nan]), "whole numbers"),
        (([1, 2], [1, 0.5]), "whole numbers"),
    ],
)
def test_misuse_is_refused(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        kaplan_meier(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"entry": [0, 2]}, "before time; it does not in 1 rows"),
        ({"entry": [0, np.nan]}, "entry must be finite"),
        ({"entry": [0]}, "shape"),
        ({"weights": [1, -1]}, "weights"),
        ({"weights": [1]}, "weights have shape"),
        ({"cluster": [1]}, "cluster"),
        ({"cluster": [1.0, np.nan]}, "missing"),
        ({"weight_kind": "sampling"}, "weight_kind"),
        ({"conf_level": 95}, "conf_level"),
        ({"conf_type": "logit"}, "conf_type"),
    ],
)
def test_bad_options_are_refused(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        kaplan_meier([1, 2], [1, 0], **options)


def test_quantiles_refuse_what_they_cannot_mean() -> None:
    with pytest.raises(ValueError, match="survival or cumulative incidence"):
        quantiles(nelson_aalen([1, 2], [1, 1]))
    with pytest.raises(ValueError, match="strictly between"):
        quantiles(kaplan_meier([1, 2], [1, 1]), [1.0])
    with pytest.raises(ValueError, match="grid"):
        kaplan_meier([1, 2], [1, 1]).at([np.nan])


def test_counting_and_sorting_find_the_same_distinct_times() -> None:
    rng = np.random.default_rng(3)
    whole = rng.integers(0, 50, 500).astype(float)
    for values in (whole, whole / 7, whole * 1e6):
        distinct, position = distinct_times(values)
        np.testing.assert_array_equal(distinct, np.unique(values))
        np.testing.assert_array_equal(distinct[position], values)


def test_rounding_of_weights_does_not_leave_anyone_at_risk() -> None:
    weights = np.array([0.1, 0.2, 0.3, 0.7, 1.1])
    table = event_table([1, 2, 2, 2, 2], [0, 1, 1, 1, 1], weights=weights)
    assert table.survivors[-1] == 0
    assert kaplan_meier([1, 2, 2, 2, 2], [0, 1, 1, 1, 1], weights=weights).estimate[-1] == 0


def test_limits_have_their_closed_forms() -> None:
    low, high = confidence_limits(np.array([0.3]), np.array([0.1]), "plain", 0.95)
    assert (low[0], high[0]) == pytest.approx((0.3 - 0.195996398, 0.3 + 0.195996398))
    low, high = confidence_limits(np.array([0.9]), np.array([0.1]), "log", 0.95)
    assert (low[0], high[0]) == pytest.approx((0.9 * np.exp(-0.195996398 / 0.9), 1.0))
    low, high = confidence_limits(np.array([0.3]), np.array([0.1]), "log-log", 0.95)
    swing = 0.195996398 / (0.3 * np.log(0.3))
    assert (low[0], high[0]) == pytest.approx((0.3 ** np.exp(-swing), 0.3 ** np.exp(swing)))


# ---- log-rank


def test_log_rank_of_one_table_is_mantel_haenszel() -> None:
    # one event time: observed 3 of 4 in A, 1 of 6 in B
    time = np.array([1, 1, 1, 2, 1, 2, 2, 2, 2, 2])
    event = np.array([1, 1, 1, 0, 1, 0, 0, 0, 0, 0])
    group = np.array(["A"] * 4 + ["B"] * 6)
    test = log_rank(time, event, group)
    expected, variance = 4 * 4 / 10, 4 * 6 * 4 * 6 / (100 * 9)
    assert test.expected[0] == pytest.approx(expected)
    assert test.variance[0, 0] == pytest.approx(variance)
    assert test.statistic == pytest.approx((3 - expected) ** 2 / variance)
    assert test.groups.tolist() == ["A", "B"]
    assert test.n.tolist() == [4, 6]


@given(episodes(), st.integers(0, 10**6))
@settings(deadline=None)
def test_log_rank_properties(data, seed) -> None:
    time, event = data
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 3, len(time))
    test = log_rank(time, event, group)
    assert test.observed.sum() == pytest.approx(test.expected.sum())
    np.testing.assert_allclose(test.variance.sum(axis=1), 0, atol=1e-10)
    if test.status == "ok":
        assert 0 <= test.p_value <= 1
        order = rng.permutation(len(time))
        again = log_rank(time[order], event[order], group[order])
        assert again.statistic == test.statistic
        relabelled = log_rank(time, event, np.array(["c", "a", "b"])[group])
        assert relabelled.statistic == pytest.approx(test.statistic)
        copies = log_rank(time, event, group, weights=np.full(len(time), 2))
        twice = log_rank(np.tile(time, 2), np.tile(event, 2), np.tile(group, 2))
        assert copies.statistic == pytest.approx(twice.statistic)
    else:
        assert np.isnan(test.statistic)
        assert test.note


def test_log_rank_without_a_comparison_says_why() -> None:
    for group in ([1, 1, 1], [1, 2, 2]):
        test = log_rank([1, 2, 3], [0, 0, 1] if group[1] == 2 else [1, 1, 1], group)
        assert test.status == "not_estimable"
        assert "fewer than two groups" in test.note


def test_group_never_at_risk_takes_no_degree_of_freedom() -> None:
    time = np.array([1, 5, 6, 7, 8, 9])
    test = log_rank(time, [0, 1, 1, 1, 1, 0], [3, 1, 2, 1, 2, 2])
    assert test.df == 1
    assert "1 groups are never at risk" in test.note
    assert test.statistic == pytest.approx(
        log_rank(time[1:], [1, 1, 1, 1, 0], [1, 2, 1, 2, 2]).statistic
    )


def test_stratified_log_rank_adds_scores_of_strata() -> None:
    rng = np.random.default_rng(8)
    time, event = rng.integers(1, 9, 80), rng.integers(0, 2, 80)
    group, stratum = rng.integers(0, 2, 80), rng.integers(0, 3, 80)
    parts = [log_rank(*(x[stratum == s] for x in (time, event, group))) for s in range(3)]
    test = log_rank(time, event, group, strata=stratum)
    np.testing.assert_allclose(test.observed, sum(p.observed for p in parts))
    np.testing.assert_allclose(test.expected, sum(p.expected for p in parts))
    np.testing.assert_allclose(test.variance, sum(p.variance for p in parts))


def test_trend_scores_must_match_the_groups() -> None:
    with pytest.raises(ValueError, match="2 finite numbers"):
        log_rank([1, 2, 3, 4], [1, 1, 1, 1], [0, 1, 0, 1], trend=True, scores=[1, 2, 3])


# ---- restricted means


def test_restricted_mean_by_hand() -> None:
    # S = 3/4 on [1, 3), 3/8 from 3
    mean = restricted_mean_time([1, 2, 3, 5], [1, 0, 1, 0], 4)
    assert mean.estimate == pytest.approx(1 + 2 * 0.75 + 1 * 0.375)
    variance = (2 * 0.75 + 0.375) ** 2 / (4 * 3) + 0.375**2 / (2 * 1)
    assert mean.std_error == pytest.approx(np.sqrt(variance))


@given(episodes(max_causes=3), st.floats(0.5, 8))
@settings(deadline=None)
def test_time_kept_and_lost_add_up_to_the_horizon(data, horizon) -> None:
    time, cause = data
    lost = restricted_mean_time_lost(time, cause, horizon, n_causes=3)
    kept = restricted_mean_time(time, cause > 0, horizon)
    assert {x.status for x in lost} == {kept.status}
    if kept.status == "ok":
        assert kept.estimate + sum(x.estimate for x in lost) == pytest.approx(horizon)
        alone = restricted_mean_time_lost(
            time, cause, horizon, n_causes=3, cluster=np.arange(len(time))
        )
        np.testing.assert_allclose(
            [x.std_error for x in alone], [x.std_error for x in lost], atol=1e-10
        )


def test_horizon_after_follow_up_is_not_estimable() -> None:
    mean = restricted_mean_time([1, 2, 3], [1, 0, 0], 5)
    assert mean.status == "not_estimable"
    assert "follow-up ends at 3" in mean.note
    assert restricted_mean_time([1, 2, 3], [1, 1, 1], 5).estimate == pytest.approx(2)
    with pytest.raises(ValueError, match="horizon"):
        restricted_mean_time([1], [1], 0)
    comparison = compare_restricted_means([1, 2, 3, 9], [1, 0, 0, 1], [0, 0, 1, 1], 5)
    assert comparison.difference.status == "not_estimable"
    assert "follow-up ends" in comparison.difference.note
    with pytest.raises(ValueError, match="exactly two levels"):
        compare_restricted_means([1, 2], [1, 1], [1, 1], 1)


def test_clusters_in_both_groups_cancel_what_they_share() -> None:
    # the same persons observed under both conditions: the difference is exactly 0, so is its error
    time, event = np.tile(REMISSION, 2), np.tile(RELAPSED, 2)
    group, who = np.repeat([0, 1], 21), np.tile(np.arange(21), 2)
    paired = compare_restricted_means(time, event, group, 20, cluster=who)
    assert paired.difference.estimate == 0
    assert paired.difference.std_error == 0
    assert np.isnan(paired.difference.p_value)
    apart = compare_restricted_means(time, event, group, 20)
    assert apart.difference.std_error > 1


def test_time_lost_to_the_only_cause_mirrors_time_kept() -> None:
    rng = np.random.default_rng(3)
    time, event, group = rng.integers(1, 20, 120), rng.integers(0, 2, 120), rng.integers(0, 2, 120)
    for cluster in (None, rng.integers(0, 9, 120)):
        kept = compare_restricted_means(time, event, group, 15, cluster=cluster)
        lost = compare_time_lost(time, event, group, 15, cluster=cluster)
        assert lost.difference.estimate == pytest.approx(-kept.difference.estimate)
        assert lost.difference.std_error == pytest.approx(kept.difference.std_error)
        assert lost.difference.conf_low == pytest.approx(-kept.difference.conf_high)


def test_time_lost_to_a_cause_by_group() -> None:
    rng = np.random.default_rng(4)
    time, cause, group = rng.integers(1, 20, 150), rng.integers(0, 4, 150), rng.integers(0, 2, 150)
    comparison = compare_time_lost(time, cause, group, 12, of_cause=2)
    means = [restricted_mean_time_lost(time[group == g], cause[group == g], 12)[1] for g in (0, 1)]
    assert (comparison.reference, comparison.comparison) == tuple(means)
    gap = means[1].estimate - means[0].estimate
    assert comparison.difference.estimate == pytest.approx(gap)
    error = np.hypot(means[0].std_error, means[1].std_error)
    assert comparison.difference.std_error == pytest.approx(error)
    # a cause that never occurs loses no time in either group: there is no ratio
    absent = compare_time_lost(time, cause, group, 12, of_cause=5)
    assert absent.difference.estimate == 0
    assert (absent.ratio.status, absent.ratio.note) == ("not_estimable", "a restricted mean is 0")
    with pytest.raises(ValueError, match="of_cause"):
        compare_time_lost(time, cause, group, 12, of_cause=0)
