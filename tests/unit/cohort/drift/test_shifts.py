"""Sizes of shifts and their limits by chance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from naturalistic.cohort.drift.models import ColumnProfile
from naturalistic.cohort.drift.shifts import chance_limit, code_shift, mean_shift, share_shift

RNG = np.random.default_rng(20261122)


def codes(rare: int = 0, missing: int = 0, **rows: int) -> ColumnProfile:
    n = sum(rows.values()) + rare + missing
    return ColumnProfile(
        meanings=("t.c",), content="codes", looks="text", rows=n, missing=missing, codes=rows
    )


def numbers(n: int, mean: float, sd: float) -> ColumnProfile:
    return ColumnProfile(
        meanings=("t.c",), content="numbers", looks="numbers", rows=n, missing=0, mean=mean, sd=sd
    )


def test_a_share_in_closed_form():
    shift = share_shift((30, 100), (50, 100))
    assert shift.size == pytest.approx(0.2 / math.sqrt((0.3 * 0.7 + 0.5 * 0.5) / 2), rel=1e-12)
    assert shift.by_chance == pytest.approx(math.sqrt(6.634896601021213 * 0.02), rel=1e-9)
    assert shift.clear
    assert not share_shift((3, 10), (5, 10)).clear  # the same shares of few rows
    assert not share_shift((3000, 10_000), (3300, 10_000)).clear  # beyond chance, but small


def test_shares_at_the_ends():
    assert share_shift((0, 50), (0, 80)).size == 0.0
    assert share_shift((0, 50), (80, 80)).size == math.inf
    assert share_shift((0, 50), (80, 80)).clear
    assert share_shift((50, 50), (0, 80)).size == -math.inf
    assert not share_shift((0, 0), (3, 80)).clear


def test_a_mean_in_closed_form():
    shift = mean_shift(numbers(100, 10.0, 3.0), numbers(400, 12.0, 4.0))
    assert shift.size == pytest.approx(2.0 / math.sqrt(12.5), rel=1e-12)
    assert shift.clear
    assert not mean_shift(numbers(50, 10.0, 0.0), numbers(50, 10.0, 0.0)).clear
    assert mean_shift(numbers(50, 10.0, 0.0), numbers(50, 9.0, 0.0)).size == -math.inf


def test_two_codes_have_the_distance_of_one_share():
    shift = code_shift(codes(F=60, M=40), codes(F=80, M=120))
    assert shift.size == pytest.approx(abs(share_shift((60, 100), (80, 200)).size), rel=1e-9)


def test_a_code_that_slips_below_ten_rows_moves_little():
    before, now = codes(A=180, B=10, rare=10), codes(A=181, rare=19)
    assert not code_shift(before, now).clear
    assert code_shift(codes(A=100, B=100), codes(A=100, C=100)).size < math.inf
    assert code_shift(codes(A=100, B=100), codes(C=100, D=100)).size == math.inf
    assert code_shift(codes(A=100), codes(A=50)).size == 0.0


@pytest.mark.parametrize("levels", [2, 4, 7])
def test_two_samples_of_one_population_pass_the_limit_once_in_a_hundred_times(levels):
    shares = np.linspace(1, 2, levels) / np.linspace(1, 2, levels).sum()
    n_1, n_2, tries = 400, 250, 1500
    one, two = RNG.multinomial(n_1, shares, tries), RNG.multinomial(n_2, shares, tries)
    names = [f"c{k}" for k in range(levels)]
    sizes = [
        code_shift(
            codes(**dict(zip(names, a.tolist(), strict=True))),
            codes(**dict(zip(names, b.tolist(), strict=True))),
        ).size
        for a, b in zip(one, two, strict=True)
    ]
    # every code is kept, so that the level for all others is empty
    passed = np.mean(np.array(sizes) > chance_limit(n_1, n_2, levels))
    assert 0.004 < passed < 0.019  # 0.01 with a standard error of 0.0026
