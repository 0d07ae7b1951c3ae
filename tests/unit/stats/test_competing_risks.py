"""Aalen-Johansen and Gray's test: small cases, properties, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from naturalistic.stats.competing_risks import aalen_johansen
from naturalistic.stats.grays_test import grays_test
from naturalistic.stats.survival import kaplan_meier, nelson_aalen, quantiles
from naturalistic.stats.survival_tests import log_rank


@st.composite
def endings(draw, minimum: int = 1):
    n = draw(st.integers(minimum, 40))
    time = draw(hnp.arrays(np.int64, n, elements=st.integers(1, 8)))
    cause = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 3)))
    return time, cause


def test_by_hand_with_ties_between_causes_and_censoring() -> None:
    # session 1: one of each cause and a censoring among 6; session 2: cause 1 of the 3 left
    curves = aalen_johansen([1, 1, 1, 2, 2, 3], [1, 2, 0, 1, 0, 2])
    np.testing.assert_allclose(curves.estimate[:, 0], [1 / 6, 1 / 6 + 2 / 9, 1 / 6 + 2 / 9])
    np.testing.assert_allclose(curves.estimate[:, 1], [1 / 6, 1 / 6, 1 / 6 + 4 / 9])
    assert curves.at_risk.tolist() == [6, 3, 1]
    # the first step is a multinomial proportion
    np.testing.assert_allclose(curves.std_error[0], np.sqrt(1 / 6 * 5 / 6 / 6))


@given(endings())
@settings(deadline=None)
def test_states_sum_to_one(data) -> None:
    curves = aalen_johansen(*data, n_causes=3)
    np.testing.assert_allclose(curves.survival + curves.estimate.sum(axis=1), 1, atol=1e-12)
    shares = curves.state_occupation(np.linspace(0, curves.times[-1], 7))
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-12)
    assert np.all((shares > -1e-12) & (shares < 1 + 1e-12))
    assert shares[0].tolist() == [1, 0, 0, 0]


@given(endings(), st.integers(0, 10**6))
@settings(deadline=None)
def test_without_censoring_incidence_is_the_plain_share(data, seed) -> None:
    time, cause = data[0], np.random.default_rng(seed).integers(1, 4, len(data[0]))
    curves = aalen_johansen(time, cause, n_causes=3)
    for j in (1, 2, 3):
        share = np.array([np.mean((time <= t) & (cause == j)) for t in curves.times])
        np.testing.assert_allclose(curves.estimate[:, j - 1], share, atol=1e-12)
        error = np.sqrt(share * (1 - share) / len(time))
        np.testing.assert_allclose(curves.std_error[:, j - 1], error, atol=1e-7)


@given(endings())
@settings(deadline=None)
def test_one_cause_is_one_minus_kaplan_meier(data) -> None:
    time, event = data[0], data[1] > 0
    one, km = aalen_johansen(time, event), kaplan_meier(time, event)
    np.testing.assert_allclose(one.estimate[:, 0], 1 - km.estimate, atol=1e-12)
    alive = km.estimate > 0
    np.testing.assert_allclose(one.std_error[alive, 0], km.std_error[alive], atol=1e-7)


@given(endings(), st.integers(0, 10**6))
@settings(deadline=None)
def test_order_of_rows_changes_no_bit(data, seed) -> None:
    time, cause = data
    order = np.random.default_rng(seed).permutation(len(time))
    a = aalen_johansen(time, cause, n_causes=3)
    b = aalen_johansen(time[order], cause[order], n_causes=3)
    np.testing.assert_array_equal(a.estimate, b.estimate)
    np.testing.assert_array_equal(a.std_error, b.std_error)


@given(endings(), st.integers(0, 10**6))
@settings(deadline=None)
def test_clusters_weights_and_order(data, seed) -> None:
    time, cause = data
    rng = np.random.default_rng(seed)
    count, cluster = rng.integers(0, 4, len(time)), rng.integers(0, 4, len(time))
    entry = time - rng.uniform(0.1, 3, len(time))
    rows = rng.permutation(np.repeat(np.arange(len(time)), count))
    for options in ({}, {"cluster": cluster}, {"cluster": cluster, "entry": entry}):
        out = {key: value[rows] for key, value in options.items()}
        a = aalen_johansen(time, cause, weights=count, n_causes=3, **options)
        b = aalen_johansen(time[rows], cause[rows], n_causes=3, **out)
        np.testing.assert_allclose(a.estimate, b.estimate, atol=1e-12)
        # standard errors near 0 are roots of rounded zeros
        np.testing.assert_allclose(a.std_error**2, b.std_error**2, atol=1e-12)


def test_clustered_standard_error_equals_its_definition() -> None:
    # influence by brute force: derivative of the weighted estimate with respect to each row's weight
    rng = np.random.default_rng(5)
    time, cause = rng.integers(1, 9, 60), rng.integers(0, 3, 60)
    entry, cluster = time - rng.uniform(0.5, 4, 60), rng.integers(0, 7, 60)
    step = 1e-6
    for j in (1, 2):
        influence = []
        for row in range(60):
            weights = np.ones(60)
            weights[row] += step
            up = aalen_johansen(time, cause, entry=entry, weights=weights, n_causes=2)
            weights[row] -= 2 * step
            down = aalen_johansen(time, cause, entry=entry, weights=weights, n_causes=2)
            influence.append((up.estimate[:, j - 1] - down.estimate[:, j - 1]) / (2 * step))
        sums = np.array([np.array(influence)[cluster == c].sum(axis=0) for c in range(7)])
        curve = aalen_johansen(time, cause, entry=entry, cluster=cluster, n_causes=2).cause(j)
        np.testing.assert_allclose(curve.std_error, np.sqrt((sums**2).sum(axis=0)), atol=1e-8)


def test_few_clusters_are_counted_and_give_the_same_as_their_rows() -> None:
    rng = np.random.default_rng(6)
    time, cause, cluster = rng.integers(1, 9, 500), rng.integers(0, 3, 500), rng.integers(0, 4, 500)
    # an entry before everything changes no estimate but forbids counting alike rows together
    early = np.full(500, -1.0)
    for weights in (None, rng.integers(1, 4, 500)):
        options = {"weights": weights, "cluster": cluster}
        for estimator, event in ((kaplan_meier, cause == 1), (nelson_aalen, cause == 1)):
            counted = estimator(time, event, **options)
            by_row = estimator(time, event, entry=early, **options)
            np.testing.assert_allclose(counted.std_error, by_row.std_error, rtol=1e-10)
        counted = aalen_johansen(time, cause, **options)
        by_row = aalen_johansen(time, cause, entry=early, **options)
        np.testing.assert_allclose(counted.std_error, by_row.std_error, rtol=1e-10)


def test_no_event_of_a_cause_is_named() -> None:
    curves = aalen_johansen([1, 2, 3], [1, 0, 1], n_causes=3)
    assert curves.note == "no event of cause 2, 3"
    assert curves.cause(2).estimate.tolist() == [0, 0, 0]
    assert curves.cause(2).std_error.tolist() == [0, 0, 0]
    assert np.isnan(curves.cause(2).conf_high).all()
    assert quantiles(curves.cause(2), [0.5])[0].status == "not_estimable"


def test_nothing_is_known_after_follow_up_unless_all_have_ended() -> None:
    open_end = aalen_johansen([1, 2, 3], [1, 2, 0])
    assert np.isnan(open_end.state_occupation([4])).all()
    np.testing.assert_allclose(
        open_end.state_occupation([4], carry_forward=True), [[1 / 3, 1 / 3, 1 / 3]]
    )
    closed = aalen_johansen([1, 2, 3], [1, 2, 1])
    np.testing.assert_allclose(closed.state_occupation([4]), [[0, 2 / 3, 1 / 3]], atol=1e-15)


def test_no_observations_say_so() -> None:
    for options in ({}, {"cluster": np.empty(0)}, {"variance": "gray"}):
        curves = aalen_johansen([], [], n_causes=2, **options)
        assert (curves.status, curves.note) == ("not_estimable", "no observations")
        assert np.isnan(curves.state_occupation([1.0])).all()
    assert grays_test([], [], []).status == "not_estimable"


def test_quantile_of_an_incidence() -> None:
    curve = aalen_johansen(np.arange(1, 11), [1, 2] * 5).cause(1)
    # 0.1 at 1, 0.2 at 3, 0.3 at 5: the step at exactly 0.2 runs from 3 to 5
    assert [q.estimate for q in quantiles(curve, [0.2, 0.25])] == [4, 5]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_causes": 1}, "one of 1 to 1"),
        ({"variance": "delta"}, "variance must be"),
        ({"variance": "gray", "cluster": [1, 1, 2]}, "independent rows"),
    ],
)
def test_misuse_is_refused(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        aalen_johansen([1, 2, 3], [1, 2, 0], **options)
    with pytest.raises(ValueError, match="one of 1 to 2"):
        aalen_johansen([1, 2, 3], [1, 2, 0]).cause(3)


# ---- Gray's test


@given(endings(minimum=6), st.integers(0, 10**6))
@settings(deadline=None)
def test_gray_properties(data, seed) -> None:
    time, cause = data
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 3, len(time))
    test = grays_test(time, cause, group)
    assert test.observed.sum() == pytest.approx(test.expected.sum())
    np.testing.assert_allclose(test.variance.sum(axis=1), 0, atol=1e-9)
    if test.status == "ok":
        assert test.statistic >= -1e-9
        order = rng.permutation(len(time))
        assert grays_test(time[order], cause[order], group[order]).statistic == test.statistic
    else:
        assert np.isnan(test.p_value)
        assert test.note


def test_gray_without_competing_events_has_the_score_of_log_rank() -> None:
    rng = np.random.default_rng(2)
    time, event, group = rng.integers(1, 30, 200), rng.integers(0, 2, 200), rng.integers(0, 3, 200)
    gray, rank = grays_test(time, event, group), log_rank(time, event, group)
    np.testing.assert_allclose(gray.expected, rank.expected, rtol=1e-12)
    assert gray.statistic == pytest.approx(rank.statistic, rel=0.1)


def test_gray_counts_frequencies_and_levels_of_any_type() -> None:
    rng = np.random.default_rng(4)
    time, cause = rng.integers(1, 10, 90), rng.integers(0, 3, 90)
    group, count = rng.integers(0, 2, 90), rng.integers(0, 4, 90)
    rows = np.repeat(np.arange(90), count)
    short = grays_test(time, cause, np.array(["x", "y"])[group], weights=count)
    long = grays_test(time[rows], cause[rows], group[rows])
    assert short.statistic == pytest.approx(long.statistic)
    assert short.n.tolist() == long.n.tolist()


def test_gray_without_a_comparison_says_why() -> None:
    test = grays_test([1, 2, 3], [2, 2, 0], [0, 1, 1])
    assert test.status == "not_estimable"
    with pytest.raises(ValueError, match="of_cause"):
        grays_test([1, 2], [1, 1], [0, 1], of_cause=0)
    with pytest.raises(ValueError, match="group"):
        grays_test([1, 2], [1, 1], [0])
