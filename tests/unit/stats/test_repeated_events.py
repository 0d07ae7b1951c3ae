"""Missed sessions in a row: a known truth comes back in short series, and misuse is refused."""

import numpy as np
import pytest

from naturalistic.stats.repeated_events import repeated_events


def series(
    people: int, length: int, after_event: float, seed: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """Bookings of people who differ in how often they miss; `after_event` is added after a missed one."""
    rng = np.random.default_rng(seed)
    own = rng.beta(1.5, 4.0, people)
    missed = np.zeros((people, length), dtype=bool)
    missed[:, 0] = rng.random(people) < own
    for t in range(1, length):
        missed[:, t] = rng.random(people) < np.clip(own + after_event * missed[:, t - 1], 0, 0.98)
    return missed.ravel(), np.repeat(np.arange(people), length)


def test_differences_between_people_are_not_taken_for_what_follows_a_missed_session() -> None:
    found = repeated_events(*series(4000, 5, 0.0))
    assert found.total.conf_low > 0.05, "people who miss more miss more again"
    assert abs(found.within.estimate) < 3 * found.within.std_error
    assert found.within.std_error < 0.02
    assert found.total.estimate == pytest.approx(found.between.estimate + found.within.estimate)


def test_what_follows_a_missed_session_is_found() -> None:
    found = repeated_events(*series(2000, 12, 0.15))
    assert found.within.conf_low > 0.05
    assert found.within.p_value < 1e-6


def test_coverage_of_the_interval_where_nothing_follows() -> None:
    covered = 0
    for seed in range(200):
        within = repeated_events(*series(150, 6, 0.0, seed)).within
        covered += within.conf_low <= 0.0 <= within.conf_high
    assert covered >= 181, "95 % of 200, less three standard errors"


def test_nothing_to_compare_is_said() -> None:
    found = repeated_events([False, False, False, False], [1, 1, 2, 2])
    assert found.within.status == "not_estimable"
    assert found.within.note
    assert repeated_events([], []).within.status == "not_estimable"


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="stand together"):
        repeated_events([True, False, True], [1, 2, 1])
    with pytest.raises(ValueError, match="one length"):
        repeated_events([True], [1, 2])
