"""Inequality of a rate over ranked groups of a population against R (rate_inequality.R makes the numbers)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.rate_inequality import rate_inequality

GOLDEN = json.loads((Path(__file__).parent / "rate_inequality.json").read_text())


@pytest.mark.parametrize("name", ["spread", "poisson"])
def test_slope_and_relative_index_of_a_rate(name: str) -> None:
    golden = GOLDEN[name]
    found = rate_inequality(golden["events"], golden["population"])
    assert found.relative.estimate == pytest.approx(golden["rii"], rel=1e-9)
    assert found.relative.std_error == pytest.approx(golden["log_se"], rel=1e-8)
    limits = found.relative.conf_low, found.relative.conf_high
    assert limits == pytest.approx(tuple(golden["rii_ci"]), rel=1e-8)
    assert found.slope.estimate == pytest.approx(golden["sii"], rel=1e-9)
    assert found.slope.std_error == pytest.approx(golden["se"], rel=1e-8)
    limits = found.slope.conf_low, found.slope.conf_high
    assert limits == pytest.approx(tuple(golden["sii_ci"]), rel=1e-8)


def test_both_kinds_of_data_are_there() -> None:
    assert GOLDEN["spread"]["dispersion"] > 1.5
    assert GOLDEN["poisson"]["dispersion"] == 1


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(7)
    population = np.linspace(40_000, 60_000, 10)
    middle = (np.cumsum(population) - population / 2) / population.sum()
    truth = np.exp(-0.8)
    rate = 2e-3 * np.exp(-0.8 * middle)
    held = [
        found.conf_low <= truth <= found.conf_high
        for found in (
            rate_inequality(rng.poisson(population * rate), population).relative for _ in range(400)
        )
    ]
    assert 0.92 < np.mean(held) <= 1.0


def test_what_cannot_be_estimated_says_why() -> None:
    few = rate_inequality([0, 0, 5, 0], [10, 10, 10, 10])
    assert few.slope.status == few.relative.status == "not_estimable"
    assert "too few events" in few.relative.note
    assert rate_inequality([4, 5], [10, 10]).slope.status == "not_estimable"


def test_misuse() -> None:
    with pytest.raises(ValueError, match="one length"):
        rate_inequality([1, 2, 3], [10, 10])
    with pytest.raises(ValueError, match="must be positive"):
        rate_inequality([1, 2, 3], [10, 10, 0])
