"""Fine-Gray regression: identities with Cox, equivariance, refusals."""

import re

import numpy as np
import pytest

from naturalistic.stats.cox import fit_cox
from naturalistic.stats.fine_gray import fine_gray
from naturalistic.stats.hazards.fine_gray_prediction import (
    incidence_difference,
    standardised_incidence,
)

RNG = np.random.default_rng(20)
N = 250
X = np.column_stack([RNG.normal(size=N), RNG.integers(0, 2, N), RNG.uniform(20, 70, N)])
TIME = RNG.integers(1, 15, N)
CAUSE = RNG.choice([0, 1, 2, 3], N, p=[0.2, 0.4, 0.25, 0.15])


@pytest.mark.parametrize("convention", ["crr", "finegray"])
def test_without_competing_events_it_is_breslow_cox(convention: str) -> None:
    event = (CAUSE > 0).astype(int)
    ours = fine_gray(X, TIME, event, convention=convention)
    cox = fit_cox(TIME, event, X, ties="breslow")
    np.testing.assert_allclose(ours.coefficients, cox.coefficients, atol=1e-9)
    np.testing.assert_allclose(np.sqrt(np.diag(ours.model_covariance)), cox.std_errors, atol=1e-9)


def test_without_censoring_competing_rows_are_at_risk_for_ever() -> None:
    cause = np.where(CAUSE == 0, 2, CAUSE)
    ours = fine_gray(X, TIME, cause)
    never = np.where(cause == 1, TIME, 99)
    cox = fit_cox(never, cause == 1, X, ties="breslow")
    np.testing.assert_allclose(ours.coefficients, cox.coefficients, atol=1e-9)


def test_scale_and_origin_of_covariates_do_not_matter() -> None:
    base, moved = fine_gray(X, TIME, CAUSE), fine_gray(X * [1, 1, 12] + [5, 0, -3], TIME, CAUSE)
    np.testing.assert_allclose(moved.coefficients * [1, 1, 12], base.coefficients, atol=1e-10)
    np.testing.assert_allclose(moved.statistic, base.statistic, atol=1e-8)
    assert moved.log_likelihood == pytest.approx(base.log_likelihood)
    grid = [1, 5, 14]
    np.testing.assert_allclose(
        moved.cumulative_incidence(X[:3] * [1, 1, 12] + [5, 0, -3], grid),
        base.cumulative_incidence(X[:3], grid),
        atol=1e-10,
    )


def test_order_of_rows_does_not_matter() -> None:
    order = np.random.default_rng(1).permutation(N)
    a, b = fine_gray(X, TIME, CAUSE), fine_gray(X[order], TIME[order], CAUSE[order])
    np.testing.assert_allclose(a.coefficients, b.coefficients, atol=1e-11)
    np.testing.assert_allclose(a.covariance, b.covariance, atol=1e-11)


def test_clusters() -> None:
    plain = fine_gray(X, TIME, CAUSE)
    rows = fine_gray(X, TIME, CAUSE, cluster=np.arange(N))
    np.testing.assert_allclose(plain.covariance, rows.covariance, atol=1e-12)
    assert rows.n_clusters == N
    # five copies of everybody, clustered by person, know no more than the persons once
    five = fine_gray(
        np.tile(X, (5, 1)), np.tile(TIME, 5), np.tile(CAUSE, 5), cluster=np.tile(np.arange(N), 5)
    )
    np.testing.assert_allclose(five.coefficients, plain.coefficients, atol=1e-9)
    np.testing.assert_allclose(five.covariance, plain.covariance, rtol=1e-6)
    assert five.n_clusters == N


def test_variance_agrees_with_the_jackknife() -> None:
    rows = np.arange(90)
    x, time, cause = X[rows, :2], TIME[rows], CAUSE[rows]
    groups = np.random.default_rng(9).integers(0, 2, len(rows))
    for options in ({}, {"censoring_group": groups}, {"strata": groups}):
        left_out = []
        for row in rows:
            keep = rows != row
            short = {key: value[keep] for key, value in options.items()}
            left_out.append(fine_gray(x[keep], time[keep], cause[keep], **short).coefficients)
        spread = np.array(left_out) - np.mean(left_out, axis=0)
        jackknife = np.sqrt((spread**2).sum(axis=0))
        np.testing.assert_allclose(
            fine_gray(x, time, cause, **options).std_error, jackknife, rtol=0.1
        )


def test_strata_have_their_own_baseline() -> None:
    stratum = np.repeat(["a", "b"], N // 2)
    # the second stratum runs twice as slowly: a common baseline would be wrong, strata are not
    time = np.where(stratum == "b", 2 * TIME, TIME)
    fit = fine_gray(X, time, CAUSE, strata=stratum)
    assert fit.baseline_hazard.shape == (2, len(fit.baseline_times))
    # each stratum has its own risk sets: its clock may run at any speed
    same = fine_gray(X, TIME, CAUSE, strata=stratum)
    np.testing.assert_allclose(fit.coefficients, same.coefficients, atol=1e-10)
    np.testing.assert_allclose(fit.covariance, same.covariance, atol=1e-10)
    slow = fit.cumulative_incidence(X[:1], [10.0], stratum=1)
    fast = same.cumulative_incidence(X[:1], [5.0], stratum=1)
    np.testing.assert_allclose(slow, fast, atol=1e-12)


def test_prediction_follows_the_incidence() -> None:
    fit = fine_gray(X, TIME, CAUSE)
    predicted = fit.cumulative_incidence(X[:4], [0, 3, 7, 14, 15])
    assert predicted.shape == (4, 5)
    assert predicted[:, 0].tolist() == [0] * 4
    assert np.all(np.diff(predicted[:, :4], axis=1) > 0)
    assert np.isnan(predicted[:, 4]).all()
    with pytest.raises(ValueError, match="3 columns"):
        fit.cumulative_incidence([[1.0]], [1])
    with pytest.raises(ValueError, match="stratum"):
        fit.cumulative_incidence(X[:1], [1], stratum=1)


# ---- predictions with intervals


def test_standardised_incidence_is_the_mean_of_the_predictions() -> None:
    stratum = np.arange(N) % 2
    for fit, where in (
        (fine_gray(X, TIME, CAUSE), None),
        (fine_gray(X, TIME, CAUSE, strata=stratum), stratum),
    ):
        found = standardised_incidence(fit, X, [2, 9, 15], stratum=where)
        each = [
            fit.cumulative_incidence(X, [2, 9], stratum=s) for s in range(len(fit.baseline_hazard))
        ]
        own = each[0] if where is None else np.where(where[:, None] == 0, each[0], each[1])
        np.testing.assert_allclose([e.estimate for e in found[:2]], own.mean(axis=0), rtol=1e-12)
        assert found[2].status == "not_estimable"
        assert "follow-up ends at 14" in found[2].note
        assert all(e.conf_low < e.estimate < e.conf_high for e in found[:2])


@pytest.mark.parametrize("options", [{}, {"strata": True}, {"censoring_group": True}])
def test_intervals_of_predictions_agree_with_the_jackknife(options: dict) -> None:
    rows = np.arange(90)
    groups = np.random.default_rng(9).integers(0, 2, len(rows))
    x, time, cause = X[rows, :2], TIME[rows], CAUSE[rows]
    one, zero = x * [1, 0] + [0, 1], x * [1, 0]
    grid = [3.0, 8.0]

    def predict(keep: np.ndarray) -> tuple:
        short = {key: groups[keep] for key in options}
        fit = fine_gray(x[keep], time[keep], cause[keep], **short)
        where = groups if "strata" in options else None
        risks = standardised_incidence(fit, one, grid, stratum=where)
        gaps = incidence_difference(fit, one, zero, grid, stratum=where, reference_stratum=where)
        return (*risks, *gaps)

    whole = predict(np.full(len(rows), True))
    left_out = [[e.estimate for e in predict(rows != row)] for row in rows]
    spread = np.array(left_out) - np.mean(left_out, axis=0)
    jackknife = np.sqrt((spread**2).sum(axis=0))
    np.testing.assert_allclose([e.std_error for e in whole], jackknife, rtol=0.1)


def test_difference_of_the_same_persons_is_nothing() -> None:
    fit = fine_gray(X, TIME, CAUSE, cluster=np.arange(N) // 5)
    gap = incidence_difference(fit, X, X, [5])[0]
    assert (gap.estimate, gap.std_error) == (0, 0)
    assert np.isnan(gap.p_value)
    moved = incidence_difference(fit, X * [1, 0, 1] + [0, 1, 0], X * [1, 0, 1], [5])[0]
    assert moved.statistic == pytest.approx(moved.estimate / moved.std_error)
    # the sign of the effect is that of the coefficient, and nearly so its test
    assert np.sign(moved.estimate) == np.sign(fit.coefficients[1])
    assert moved.statistic == pytest.approx(fit.statistic[1], abs=0.1)


def test_predictions_refuse_and_pass_on_reasons() -> None:
    fit = fine_gray(X, TIME, CAUSE)
    for persons, grid, stratum, message in (
        (X[:, :2], [1], None, "3 columns"),
        (X[:0], [1], None, "at least one row"),
        (X, [np.nan], None, "grid"),
        (X, [1], np.ones(N, int), "stratum must be one of"),
        (X, [1], np.ones(N), "whole number"),
    ):
        with pytest.raises(ValueError, match=message):
            standardised_incidence(fit, persons, grid, stratum=stratum)
    none = fine_gray(X, TIME, np.where(CAUSE == 1, 2, CAUSE))
    answer = standardised_incidence(none, X, [1, 2])
    assert [a.status for a in answer] == ["not_estimable"] * 2
    assert answer[0].note == "no event of cause 1"


@pytest.mark.parametrize(
    ("design", "cause", "reason"),
    [
        (X, np.where(CAUSE == 1, 2, CAUSE), "no event of cause 1"),
        (np.column_stack([X, np.ones(N)]), CAUSE, "columns 3 do not vary"),
        (np.column_stack([X, 2 * X[:, 0] - 1]), CAUSE, "collinear"),
        (np.column_stack([X, CAUSE == 1]), CAUSE, "no maximum.*column 3"),
    ],
)
def test_what_cannot_be_fitted_says_why(design, cause, reason) -> None:
    fit = fine_gray(design, TIME, cause)
    assert fit.status == "not_estimable"
    assert re.search(reason, fit.note)
    assert np.isnan(fit.coefficients).all()
    assert len(fit.coefficients) == design.shape[1]
    assert np.isnan(fit.cumulative_incidence(design[:1], [3.0])).all()


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((X[:5], TIME, CAUSE), {}, "250 rows"),
        ((X[:, 0], TIME, CAUSE), {}, "two dimensions"),
        ((np.where(X > 60, np.nan, X), TIME, CAUSE), {}, "finite"),
        ((X, TIME, CAUSE), {"convention": "efron"}, "convention"),
        ((X, TIME, CAUSE), {"cluster": [1]}, "cluster"),
        ((X, TIME, CAUSE), {"conf_level": 1.0}, "conf_level"),
        ((X[:, :0], TIME, CAUSE), {}, "at least one"),
    ],
)
def test_misuse_is_refused(arguments, options, message) -> None:
    with pytest.raises(ValueError, match=message):
        fine_gray(*arguments, **options)
