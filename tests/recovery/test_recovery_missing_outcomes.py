"""Missing last forms with a known truth; the full study is benchmarks/missing_outcomes_recovery.py."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "missing_outcomes_recovery.py"
SPEC = importlib.util.spec_from_file_location("missing_outcomes_recovery", PATH)
assert SPEC is not None and SPEC.loader is not None
study = importlib.util.module_from_spec(SPEC)
sys.modules["missing_outcomes_recovery"] = study
SPEC.loader.exec_module(study)

REPLICATES = 120
# these two take most of the time and are in the full study
SLOW = ("mixed model", "imputation, matched values")


@pytest.fixture(scope="module")
def missing_at_random() -> dict[str, study.Cell]:
    return study.run("MAR", replicates=REPLICATES, imputations=10, iterations=2, leave_out=SLOW)


def test_imputation_with_therapists_covers(missing_at_random: dict[str, study.Cell]) -> None:
    cell = missing_at_random["imputation, therapists carried"]
    low = 0.95 - 4 * math.sqrt(0.95 * 0.05 / REPLICATES)
    assert low < cell.coverage
    assert abs(cell.bias) < 4 * cell.bias_error + 0.05
    assert 0.85 < cell.mean_error / cell.empirical_error < 1.2


def test_imputation_without_therapists_is_too_narrow(
    missing_at_random: dict[str, study.Cell],
) -> None:
    plain = missing_at_random["imputation, therapists ignored"]
    assert plain.mean_error / plain.empirical_error < 0.88


def test_complete_pairs_are_biased_and_weights_are_not(
    missing_at_random: dict[str, study.Cell],
) -> None:
    pairs, weights = (
        missing_at_random[n] for n in ("complete pairs", "inverse probability weights")
    )
    assert abs(pairs.bias) > 4 * pairs.bias_error
    assert abs(weights.bias) < 4 * weights.bias_error + 0.05


def test_the_tipping_point_finds_the_shift_that_was_made() -> None:
    """Those without a form are `delta` points worse than imputed: at that delta the estimate is true."""
    cell = study.run("MNAR", replicates=40, imputations=10, iterations=2, leave_out=SLOW)
    at_truth = cell["imputation, shifted by the truth"]
    assert abs(at_truth.bias) < 4 * at_truth.bias_error + 0.05
    assert abs(cell["imputation, therapists carried"].bias) > 5 * at_truth.bias_error
    assert np.isfinite(at_truth.coverage)
