"""Covariances leave only between released coefficients, and no finer than their counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.interface import EstimateRows
from naturalistic.release.bundle_covariances import COLUMNS, released_covariances
from naturalistic.release.pooling_models import _positive
from naturalistic.stats.result import Estimate
from naturalistic.tables.estimates import COVARIANCES

EXACT = np.array([[0.25, 0.06, 0.10], [0.06, 0.16, 0.05], [0.10, 0.05, 0.36]])
NAMES = ("Intercept", "age|per 10 years", "gender|male vs female")


def covariances() -> pd.DataFrame:
    i, j = np.tril_indices(3)
    frame = pd.DataFrame(
        {
            "cohort": "c",
            "analysis": "outcome_models",
            "model": "pre_post.attended_sessions",
            "specification": "adjusted",
            "term_a": [NAMES[k] for k in i],
            "term_b": [NAMES[k] for k in j],
            "value": EXACT[i, j],
        }
    )
    return COVARIANCES.conform(frame)


def released(**gender: object) -> pd.DataFrame:
    rows = EstimateRows(
        "c",
        "outcome_models",
        model="pre_post",
        specification="adjusted",
        time_unit="attended_sessions",
    )
    rows.add("coefficient", Estimate(20.0, 0.5), term="Intercept", n_patients=200)
    rows.add("coefficient", Estimate(0.1, 0.4), term="age", contrast="per 10 years", n_patients=200)
    given = {"status": "withheld", "note": "few"} if gender else {"n_patients": 25}
    value = None if gender else Estimate(1.0, 0.6)
    rows.add("coefficient", value, term="gender", contrast="male vs female", **given)
    return rows.frame()


def found(frame: pd.DataFrame) -> dict:
    made = released_covariances({"outcome_models": covariances()}, {"outcome_models": frame}, 5)
    assert tuple(made.columns) == COLUMNS
    return {(r["term_a"], r["term_b"]): r["value"] for r in made.to_dict("records")}


def test_correlations_are_rounded_to_what_the_counts_tell():
    values = found(released())
    assert values[NAMES[0], NAMES[0]] == pytest.approx(0.25)
    # 0.06 / (0.5 x 0.4) = 0.3: steps of 0.05
    assert values[NAMES[1], NAMES[0]] == pytest.approx(0.3 * 0.5 * 0.4)
    # 0.10 / (0.5 x 0.6) = 0.33 with 25 people behind it: steps of 5 / 25
    assert values[NAMES[2], NAMES[0]] == pytest.approx(0.4 * 0.5 * 0.6)


def test_a_withheld_coefficient_has_no_covariance():
    assert set(found(released(withheld=True))) == {
        (NAMES[0], NAMES[0]),
        (NAMES[1], NAMES[0]),
        (NAMES[1], NAMES[1]),
    }


def test_a_difference_in_risk_of_the_same_term_is_not_the_coefficient():
    rows = EstimateRows(
        "c",
        "outcome_models",
        model="pre_post",
        specification="adjusted",
        time_unit="attended_sessions",
    )
    key = {"term": "age", "contrast": "per 10 years", "n_patients": 200}
    rows.add("risk_difference", Estimate(0.02, 0.03), **key)
    both = pd.concat([released(), rows.frame()], ignore_index=True)
    assert found(both) == found(released())


def test_rounded_correlations_become_a_covariance_matrix_again():
    rounded = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    assert np.linalg.eigvalsh(rounded).min() < 0
    mended = _positive(rounded)
    assert np.linalg.eigvalsh(mended).min() > 0
    assert np.diag(mended).tolist() == [1.0, 1.0, 1.0]
    assert _positive(np.eye(3)).tolist() == np.eye(3).tolist()
