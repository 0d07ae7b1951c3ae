"""Pooled services against the one-stage mixed model on the undivided people (full study: benchmarks/pooling_recovery.md)."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

STUDY = Path(__file__).resolve().parents[2] / "benchmarks" / "pooling_recovery.py"


@pytest.fixture(scope="module")
def found():
    spec = importlib.util.spec_from_file_location("pooling_recovery", STUDY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.study(40, ((5, 1.0), (12, 1.5)))


def test_with_a_common_variance_two_stages_are_one_stage_exactly(found):
    assert found["identity"].max() < 1e-6
    assert (found["identity_tau2"] / (1 + found["tau2_one_stage"])).max() < 1e-4


def test_bundles_differ_from_the_undivided_data_by_a_small_part_of_the_standard_error(found):
    assert found["apart"].mean() < 0.15
    assert found["rounding"].mean() < 0.05
    difference = (found["bundles"] - found["one_stage"]).mean()
    assert abs(difference) < 0.05


def test_the_intervals_from_bundles_hold_their_level(found):
    # 80 cohorts: three standard errors of a coverage of 0.95 are 0.07
    assert found["covered"].mean() > 0.88
    assert found["predicted"].mean() > 0.88


def test_the_spread_between_services_is_that_of_the_undivided_data(found):
    for _, part in found.groupby("services"):
        assert part["tau2_bundles"].mean() == pytest.approx(part["tau2_one_stage"].mean(), rel=0.1)
