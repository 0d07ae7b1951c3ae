"""The attack finds nothing after disclosure control, and finds what it should without the second half of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attack.cohorts import attack, exact_estimates, planted_case

FEW = ("participant_flow", "characteristics", "nice_alignment", "length_of_therapy")


@pytest.mark.parametrize(("people", "seed"), [(12, 1), (45, 2), (110, 3)])
def test_no_withheld_count_can_be_narrowed_down(people: int, seed: int, tmp_path: Path) -> None:
    found = attack(tmp_path, exact_estimates(people, seed, FEW))
    assert found.withheld > 50
    assert found.recovered == []


@pytest.mark.parametrize("profile", ["nhs_england", "strict10"])
def test_other_profiles_keep_the_promise_too(profile: str, tmp_path: Path) -> None:
    found = attack(tmp_path, exact_estimates(60, 4, FEW[:3]), profile)
    assert found.withheld > 20
    assert found.recovered == []


def test_the_attack_can_win() -> None:
    """Without secondary suppression every planted count is narrowed down, with it none."""
    cases = range(6)
    assert all(planted_case(seed) for seed in cases)
    assert not any(planted_case(seed, secondary=True) for seed in cases)
