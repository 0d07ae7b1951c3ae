"""A caseload that runs off: life table, forecast, and what chance adds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from naturalistic.stats.run_off import FEWEST_AT_RISK, run_off, weekly_endings


def test_life_table_worked_on_paper() -> None:
    # weeks 1..3; who is open after 2.5 weeks is at risk in weeks 1 and 2 only
    table = weekly_endings([0.2, 1.0, 1.5, 2.5, 3.0], [1, 2, 1, 0, 1], 2)
    assert table.at_risk.tolist() == [5, 3, 1]
    assert table.events.tolist() == [[1, 1], [1, 0], [1, 0]]


def test_forecast_is_the_conditional_cumulative_incidence_by_hand() -> None:
    # 100 courses: 20 end in week 1, half of the rest in week 2 (30 planned, 10 other), the rest open in week 3
    weeks = np.r_[np.full(20, 0.5), np.full(30, 1.5), np.full(10, 1.6), np.full(40, 3.0)]
    way = np.r_[np.full(20, 1), np.full(30, 1), np.full(10, 2), np.zeros(40)].astype(int)
    table = weekly_endings(weeks, way, 2)
    found = run_off([0.0, 1.2], table, [1, 2], draws=10, rng=np.random.default_rng(1))
    # after 1 week: 0.2 of the first, 30/80 and 10/80 of the second; after 2: 0.2 + 0.8 * 30/80; nothing ends in week 3
    np.testing.assert_allclose(found.expected, [[0.2 + 0.375, 0.125], [0.5 + 0.375, 0.1 + 0.125]])
    assert found.caseload == 2
    assert found.beyond == 0


def test_beyond_what_was_seen_the_last_half_year_goes_on() -> None:
    rng = np.random.default_rng(2)
    length = rng.geometric(0.05, 4000).astype(float)
    table = weekly_endings(length, np.ones(4000, dtype=int), 1)
    known = int(np.count_nonzero(table.at_risk >= FEWEST_AT_RISK))
    window = slice(known - 26, known)
    hazard = table.events[window].sum() / table.at_risk[window].sum()
    found = run_off([1000.0] * 50, table, [4], draws=10, rng=rng)
    assert found.beyond == 50
    assert found.expected[0, 0] == pytest.approx(50 * (1 - (1 - hazard) ** 4))


def test_draws_centre_on_the_forecast_and_spread_more_than_chance_alone() -> None:
    rng = np.random.default_rng(3)
    length = rng.geometric(0.04, 150).astype(float)
    table = weekly_endings(length, rng.integers(1, 3, 150), 2)
    found = run_off(np.arange(0, 40) * 0.7, table, [13, 26], draws=4000, rng=rng)
    total = found.draws.sum(axis=2)
    np.testing.assert_allclose(total.mean(axis=0), found.expected.sum(axis=1), rtol=0.03)
    share = found.expected.sum(axis=1) / 40
    assert np.all(total.var(axis=0) > 40 * share * (1 - share) * 0.9)


def test_too_little_seen_is_refused() -> None:
    table = weekly_endings([3.0] * 5, [1] * 5, 1)
    with pytest.raises(ValueError, match="fewer than 20 courses"):
        run_off([1.0], table, [4], draws=10, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="increase"):
        run_off([1.0], table, [4, 4], draws=10, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="known"):
        weekly_endings([np.nan], [0], 1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        weekly_endings([1.0], [2], 1)


@given(
    hnp.arrays(float, st.integers(20, 80), elements=st.floats(0, 90)),
    st.integers(0, 10_000),
)
def test_nobody_is_lost_and_order_does_not_matter(weeks: np.ndarray, seed: int) -> None:
    way = np.random.default_rng(seed).integers(0, 4, len(weeks))
    table = weekly_endings(weeks, way, 3)
    assert table.events.sum() == np.count_nonzero(way)
    again = weekly_endings(weeks[::-1], way[::-1], 3)
    assert np.array_equal(table.at_risk, again.at_risk)
    if not len(table.at_risk) or table.at_risk[0] < FEWEST_AT_RISK:
        return
    here = weeks[way == 0]
    found = run_off(here, table, [5, 30], draws=20, rng=np.random.default_rng(seed))
    assert np.all(found.draws.sum(axis=2) <= len(here))
    assert np.all(np.diff(found.draws, axis=1) >= 0)
    assert np.all(found.expected.sum(axis=1) <= len(here) + 1e-9)
