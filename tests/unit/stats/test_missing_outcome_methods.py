"""Edges of the methods for missing outcomes: what is refused, what must not matter, and worked cases."""

from __future__ import annotations

import numpy as np
import pytest

from naturalistic.stats.clustered_means import Grouping, change_of_completed
from naturalistic.stats.multiple_imputation import impute_by_chained_equations
from naturalistic.stats.response_weighting import inverse_probability_means
from naturalistic.stats.rubin import pool
from naturalistic.stats.tipping_point import tipping_curve


def table(n: int = 120, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    first = rng.normal(20, 6, n)
    last = 6 + 0.6 * first + rng.normal(0, 5, n)
    last[rng.random(n) < 0.3] = np.nan
    first[:4] = np.nan
    return np.column_stack([first, last, rng.integers(0, 2, n)]), rng.integers(0, 9, n)


@pytest.mark.parametrize("method", ["normal", "predictive_mean_matching"])
def test_every_gap_is_filled_and_nothing_else_is_touched(method: str) -> None:
    values, therapist = table()
    filled = impute_by_chained_equations(
        values, rng=np.random.default_rng(0), methods=method, cluster=therapist, imputations=6
    )
    assert np.isfinite(filled.completed).all()
    np.testing.assert_array_equal(filled.missing, np.isnan(values))
    for completed in filled.completed:
        np.testing.assert_array_equal(completed[~filled.missing], values[~filled.missing])
    if method == "predictive_mean_matching":
        gaps = filled.completed[:, filled.missing[:, 1], 1]
        assert np.isin(gaps, values[:, 1]).all()
    assert 0.8 < filled.potential_scale_reduction(1) < 1.6
    assert np.isnan(filled.potential_scale_reduction(2))


def test_order_of_rows_and_names_of_therapists_do_not_matter() -> None:
    values, therapist = table()
    shuffle = np.random.default_rng(1).permutation(len(values))
    rename = np.random.default_rng(2).permutation(9)
    one, two = (
        impute_by_chained_equations(v, rng=np.random.default_rng(5), cluster=c, imputations=4)
        for v, c in ((values, therapist), (values[shuffle], rename[therapist][shuffle]))
    )
    np.testing.assert_allclose(one.completed[:, shuffle], two.completed, atol=1e-9)


def test_imputation_refuses_what_cannot_be_imputed() -> None:
    values, _ = table()
    rng = np.random.default_rng(0)
    empty = values.copy()
    empty[:, 1] = np.nan
    with pytest.raises(ValueError, match="fewer than three"):
        impute_by_chained_equations(empty, rng=rng)
    with pytest.raises(ValueError, match="methods"):
        impute_by_chained_equations(values, rng=rng, methods="mean")  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ValueError, match="one label a row"):
        impute_by_chained_equations(values, rng=rng, cluster=[1, 2])


def test_completed_change_is_the_plain_one_without_therapists() -> None:
    rng = np.random.default_rng(4)
    first, change = rng.normal(20, 6, (1, 50)), rng.normal(5, 7, (1, 50))
    found = change_of_completed(first, change, Grouping.of(50, None))
    assert found.mean_variance[0] == pytest.approx(np.var(change, ddof=1) / 50)
    assert found.standardised[0] == pytest.approx(change.mean() / np.std(first, ddof=1))
    # every person their own therapist is the same as no therapists
    alone = change_of_completed(first, change, Grouping.of(50, np.arange(50)))
    assert alone.standardised_variance[0] == pytest.approx(found.standardised_variance[0])


def test_pooling_identical_answers_adds_nothing() -> None:
    same = pool([2.0, 2.0, 2.0], [0.25, 0.25, 0.25], df_complete=30)
    assert float(same.total) == 0.25
    result = same.result(null=1.0)
    assert result.statistic == pytest.approx(2.0)
    with pytest.raises(ValueError, match="two data sets"):
        pool([1.0], [1.0])


def test_tipping_points_are_where_the_curve_crosses() -> None:
    rng = np.random.default_rng(6)
    change = 5 + rng.normal(0, 6, (1, 200)) + rng.normal(0, 0.3, (20, 1))
    away = np.arange(200) % 4 == 0
    curve = tipping_curve(change, away, cluster=np.arange(200) % 10)
    at = curve.where_estimate_reaches(2.0)
    assert curve.at(at).estimate[0] == pytest.approx(2.0)
    limit = curve.where_limit_reaches(2.0)
    assert curve.at(limit).limits()[0][0] == pytest.approx(2.0, abs=1e-8)
    assert limit < at
    # by hand: data shifted first, analysed afterwards
    shifted = change - 3.0 * away
    direct = change_of_completed(
        np.tile(rng.normal(20, 5, 200), (20, 1)), shifted, Grouping.of(200, np.arange(200) % 10)
    )
    again = pool(direct.mean, direct.mean_variance, df_complete=curve.df)
    assert curve.at(3.0).std_error[0] == pytest.approx(float(again.std_error))
    nobody = tipping_curve(change, np.zeros(200, dtype=bool))
    assert nobody.where_estimate_reaches(0.0) == np.inf


def test_weights_that_cannot_be_had_say_so() -> None:
    n = 40
    design = np.column_stack([np.ones(n), np.arange(n) < 20])
    everybody = inverse_probability_means(np.arange(n), np.ones(n, dtype=bool), design)
    assert (everybody.status, everybody.note) == ("not_estimable", "everybody answered")
    separated = inverse_probability_means(np.arange(n), np.arange(n) < 20, design)
    assert separated.status == "not_estimable"


def test_weights_bring_back_the_mean_of_everybody() -> None:
    """Two groups with known shares of answers: the weighted mean is the mix of the group means."""
    group = np.repeat([0, 1], 100)
    answered = np.r_[np.arange(100) < 80, np.arange(100) < 20]
    value = np.where(group == 0, 2.0, 10.0)
    design = np.column_stack([np.ones(200), group])
    found = inverse_probability_means(value, answered, design)
    assert found.means[0] == pytest.approx(6.0)
    assert found.effective_size < answered.sum()
    assert found.weights.mean() == pytest.approx(1.0)
