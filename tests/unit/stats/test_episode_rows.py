"""Cutting rows changes no estimate; a landmark keeps who is still there."""

import numpy as np
import pytest

from naturalistic.stats.cox import fit_cox
from naturalistic.stats.episode_rows import split_at, still_at_risk


def test_worked_example() -> None:
    got = split_at([3, 5, 10], [1, 0, 2], [3, 6], entry=[0, 4, 1])
    assert got.row.tolist() == [0, 1, 2, 2, 2]
    assert got.entry.tolist() == [0, 4, 1, 3, 6]
    assert got.time.tolist() == [3, 5, 3, 6, 10]
    assert got.event.tolist() == [1, 0, 0, 0, 2]
    assert got.period.tolist() == [0, 1, 0, 1, 2]


def test_cutting_changes_no_estimate_and_keeps_time_and_events() -> None:
    rng = np.random.default_rng(1)
    time, event = rng.integers(1, 25, 300), rng.integers(0, 2, 300)
    design = rng.normal(size=(300, 2))
    cut = split_at(time, event, [2, 5, 12])
    assert (cut.time - cut.entry).sum() == time.sum()
    assert cut.event.sum() == event.sum()
    assert np.all(cut.entry < cut.time)
    whole = fit_cox(time, event, design)
    pieces = fit_cox(cut.time, cut.event, design[cut.row], entry=cut.entry)
    np.testing.assert_allclose(pieces.coefficients, whole.coefficients, rtol=1e-9)
    np.testing.assert_allclose(pieces.covariance, whole.covariance, rtol=1e-8)


def test_effect_by_period_is_the_fit_of_each_period() -> None:
    rng = np.random.default_rng(2)
    time, event, x = rng.integers(1, 25, 400), rng.integers(0, 2, 400), rng.normal(size=400)
    cut = split_at(time, event, [6])
    by_period = x[cut.row][:, None] * (cut.period[:, None] == [0, 1])
    both = fit_cox(cut.time, cut.event, by_period, entry=cut.entry)
    for period in (0, 1):
        rows = cut.period == period
        alone = fit_cox(
            cut.time[rows], cut.event[rows], x[cut.row[rows]][:, None], entry=cut.entry[rows]
        )
        assert both.coefficients[period] == pytest.approx(alone.coefficients[0], rel=1e-9)


def test_landmark_keeps_who_is_still_there() -> None:
    got = still_at_risk([1, 4, 5, 9], 4)
    assert got.row.tolist() == [2, 3]
    assert got.entry.tolist() == [4, 4]
    assert got.time.tolist() == [5, 9]
    assert still_at_risk([1, 4, 5, 9], 4, entry=[0, 0, 4.5, 4]).row.tolist() == [3]


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="cuts must increase"):
        split_at([3.0], [1], [2, 2])
    with pytest.raises(ValueError, match="entry must be smaller"):
        split_at([3.0], [1], [2], entry=[3])
    with pytest.raises(ValueError, match="time holds missing"):
        still_at_risk([np.nan], 3)
