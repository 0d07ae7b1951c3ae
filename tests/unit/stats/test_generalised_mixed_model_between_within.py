"""Terms that differ between therapists only are judged by the number of therapists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from naturalistic.stats.generalised_mixed_model import (
    GeneralisedMixedModelFit,
    fit_generalised_mixed_model,
)

THERAPISTS = 8


def fitted(columns: dict[str, np.ndarray] | None = None, **given: Any) -> GeneralisedMixedModelFit:
    """Attended of offered: a patient's age within, a therapist's experience between therapists."""
    rng = np.random.default_rng(11)
    rows = 40 * THERAPISTS
    group = np.arange(rows) % THERAPISTS
    age, experience = rng.normal(size=rows), rng.normal(size=THERAPISTS)[group]
    eta = 0.3 * age + 0.4 * experience + rng.normal(0, 0.7, THERAPISTS)[group]
    events = rng.binomial(9, 1 / (1 + np.exp(-eta)))
    named = {"intercept": np.ones(rows), "age": age, "experience": experience} | (columns or {})
    options = {"family": "binomial", "trials": np.full(rows, 9), "group": group} | given
    design = np.column_stack(list(named.values()))
    return fit_generalised_mixed_model(events, design, term_names=list(named), **options)


def test_limits_and_tests_use_therapists_less_the_terms_between_them() -> None:
    fit = fitted()
    # eight therapists; the intercept and experience are the same for all patients of one
    assert fit.df.tolist() == [6.0, np.inf, 6.0]
    wide, error = stats.t.ppf(0.975, 6), fit.standard_errors
    for term, factor in ((0, wide), (1, stats.norm.ppf(0.975)), (2, wide)):
        assert fit.conf_low[term] == pytest.approx(
            fit.coefficients[term] - factor * error[term], rel=1e-12
        )
        assert fit.conf_high[term] == pytest.approx(
            fit.coefficients[term] + factor * error[term], rel=1e-12
        )
    assert fit.p_values[2] == pytest.approx(2 * stats.t.sf(abs(fit.z_values[2]), 6), rel=1e-10)
    assert fit.p_values[1] == pytest.approx(2 * stats.norm.sf(abs(fit.z_values[1])), rel=1e-10)
    assert fit.term("experience").df == 6.0
    assert np.isinf(fit.term("age").df)


def test_a_term_that_others_determine_takes_no_degree_of_freedom() -> None:
    first = (np.arange(40 * THERAPISTS) % THERAPISTS == 0).astype(float)
    fit = fitted({"first": first, "not_first": 1 - first})
    assert fit.dropped_terms == ("not_first",)
    assert fit.df[[0, 2, 3]].tolist() == [5.0] * 3
    assert np.isnan(fit.df[4])


def test_as_many_terms_as_therapists_leave_nothing_to_judge_them_by() -> None:
    codes = np.arange(40 * THERAPISTS) % THERAPISTS
    each = {f"therapist_{k}": (codes == k).astype(float) for k in range(2, THERAPISTS)}
    fit = fitted(each)
    assert np.isnan(fit.conf_low[[0, 2, 3]]).all() and np.isnan(fit.p_values[[0, 2]]).all()
    assert np.isfinite(fit.conf_low[1])
    assert any("no interval and no test for 'intercept'" in note for note in fit.notes)


def test_without_therapists_all_is_normal() -> None:
    fit = fitted(group=None)
    assert np.isinf(fit.df).all()
    assert "between-within" not in fit.method


def test_with_patients_and_therapists_the_therapists_count() -> None:
    patient = np.arange(40 * THERAPISTS) // THERAPISTS // 2 * THERAPISTS
    fit = fitted(unit=patient + np.arange(40 * THERAPISTS) % THERAPISTS)
    assert fit.df.tolist() == [6.0, np.inf, 6.0]
