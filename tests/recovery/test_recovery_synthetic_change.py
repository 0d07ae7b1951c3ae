"""The tipping point finds the shift that was made; the full study is benchmarks/synthetic_change_coverage.py."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np

from naturalistic.settings.config import AnalysisSettings

PATH = Path(__file__).parents[2] / "benchmarks" / "synthetic_change_coverage.py"
SPEC = importlib.util.spec_from_file_location("synthetic_change_coverage", PATH)
assert SPEC is not None and SPEC.loader is not None
study = importlib.util.module_from_spec(SPEC)
sys.modules["synthetic_change_coverage"] = study
SPEC.loader.exec_module(study)


def test_the_estimate_reaches_the_truth_at_the_true_shift() -> None:
    settings = AnalysisSettings.model_validate({"resampling": {"imputations": 10}})
    draws = [study.harder_cohort(seed, settings) for seed in range(8100, 8104)]
    shift, _ = study.true_shift(draws)
    target = float(np.concatenate([d.improvement for d in draws]).mean())
    met = np.array([d.curve.where_estimate_reaches(target) for d in draws])
    # in 100 seeds the spread of one is about 0.8
    assert 2.0 < shift < 3.5
    assert abs(met.mean() - shift) < 3 * 0.8 / math.sqrt(len(met))
    shifted = [d.curve.at(shift) for d in draws]
    plain = [d.curve.at(0.0) for d in draws]
    assert abs(np.mean([p.estimate[0] for p in shifted]) - target) < 0.6
    assert np.mean([p.estimate[0] for p in plain]) - target > 0.6


def test_complete_data_keep_what_is_on_record() -> None:
    made = study.simulate(study.HIRSCHFELD, 8100)
    people = study.started_on(study.cohort(made, AnalysisSettings(), 8100))
    first, last = study.complete_scores(made, people, np.random.default_rng(1))
    for scores, seen in ((first, people.first), (last, people.last)):
        known = np.isfinite(seen)
        np.testing.assert_array_equal(scores[known], seen[known])
        assert np.isfinite(scores).all() and (~known).any()
    # forms that are drawn have the mean of the truth: within four standard errors
    course = people.frame["referral_id"].astype(int).to_numpy() - 1
    start = made.courses["start_score"].to_numpy()[course]
    gap = (first - start)[~np.isfinite(people.first)]
    assert abs(gap.mean()) < 4 * gap.std() / math.sqrt(gap.size) + 0.1
