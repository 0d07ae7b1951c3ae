"""Pooled rates of people who share therapists hold their level (full study: benchmarks/pooling_recovery_rates.md)."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

STUDY = Path(__file__).resolve().parents[2] / "benchmarks" / "pooling_recovery_rates.py"


@pytest.fixture(scope="module")
def found():
    spec = importlib.util.spec_from_file_location("pooling_recovery_rates", STUDY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    one_large = module.Scenario("one large", module.ONE_LARGE, 0.1, 0.0)
    equal = module.Scenario("alike", ((8, 20),) * 12, 0.1, 0.2)
    made = module.study(40, (one_large, equal))
    return {"one large": made[made["scenario"] == 0], "alike": made[made["scenario"] == 1]}


def test_one_large_service_of_few_therapists_does_not_make_the_interval_too_narrow(found):
    part = found["one large"]
    # 40 replicates: three standard errors of a coverage of 0.95 are 0.10
    assert part["covered_effective"].mean() > 0.85
    assert part["covered"].mean() < part["covered_effective"].mean() - 0.05


def test_what_therapists_differ_by_is_not_what_services_differ_by(found):
    part = found["alike"]
    assert part["design_effect"].mean() == pytest.approx(1 + 19 * 0.1, rel=0.15)
    assert part["tau2"].mean() > 1.7 * 0.2**2
    assert part["tau2_effective"].mean() == pytest.approx(0.2**2, rel=0.5)
    assert part["covered_effective"].mean() > 0.85
