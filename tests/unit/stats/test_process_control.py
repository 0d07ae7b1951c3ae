"""XmR charts on series short enough to work out by hand."""

import numpy as np
import pytest

from naturalistic.stats.process_control import xmr_chart


def marked(flags: np.ndarray) -> list[int]:
    return np.flatnonzero(flags).tolist()


def test_limits_on_paper() -> None:
    # ranges 2, 1, 3, 2: mean 2; mean of the values 10
    chart = xmr_chart([9.0, 11.0, 10.0, 11.0 + 1 - 3 + 4 - 6, 9.0 + 4])
    assert chart.mean == pytest.approx(10.0)
    ranges = [2.0, 1.0, 3.0, 6.0]
    assert chart.mean_range == pytest.approx(np.mean(ranges))
    assert chart.upper == pytest.approx(10 + 2.66 * 3.0)
    assert chart.lower == pytest.approx(10 - 2.66 * 3.0)
    assert not chart.enough_points


def test_one_jump_does_not_widen_the_limits_and_is_marked() -> None:
    quiet = [10.0, 11.0] * 8
    values = [*quiet[:8], 40.0, *quiet[8:]]
    chart = xmr_chart(values)
    # 14 ranges of 1 and the two of the jump, 29 and 30, above 3.267 times the mean: set aside
    assert chart.mean_range == pytest.approx(1.0)
    assert marked(chart.outside_limits) == [8]


@pytest.mark.parametrize(("run", "expected"), [(6, []), (7, list(range(10, 17)))])
def test_seven_in_a_row_on_one_side(run: int, expected: list[int]) -> None:
    below = [10.0, 8.0] * 5
    above = [12.0, 11.5] * 4
    values = [*below, *above[:run], 9.0, 12.0, 9.0]
    chart = xmr_chart(values)
    assert marked(chart.shift & (np.array(values) > chart.mean)) == expected


@pytest.mark.parametrize(("rise", "expected"), [(6, []), (7, list(range(2, 9)))])
def test_seven_points_that_all_rise(rise: int, expected: list[int]) -> None:
    values = [5.0, 3.0, *[2.0 + 0.5 * i for i in range(rise)], 1.0, 6.0]
    assert marked(xmr_chart(values).trend) == expected


def test_a_tie_breaks_a_trend() -> None:
    assert not xmr_chart([1, 2, 3, 4, 4, 5, 6, 7]).trend.any()


def test_two_of_three_near_one_limit_only() -> None:
    base = np.array([0.0, 1.0] * 10)
    # mean range 1 stays nearly 1; near the limit: more than 1.773 ranges from the mean
    same = base.copy()
    same[[8, 10]] = 2.9
    chart = xmr_chart(same)
    near = np.abs(same - chart.mean) > 2 * 2.66 / 3 * chart.mean_range
    assert marked(near & ~chart.outside_limits) == [8, 10]
    assert marked(chart.near_limits) == [8, 10]
    opposite = base.copy()
    opposite[8], opposite[10] = 2.9, -1.9
    assert not xmr_chart(opposite).near_limits.any()
    apart = base.copy()
    apart[[8, 12]] = 2.9
    assert not xmr_chart(apart).near_limits.any()


def test_a_series_without_change_has_no_special_cause() -> None:
    chart = xmr_chart([4.0] * 14)
    assert (chart.lower, chart.upper) == (4.0, 4.0)
    assert not chart.special_cause.any()
    assert chart.enough_points


@pytest.mark.parametrize("values", [[1.0], [1.0, np.nan], [[1.0, 2.0]]])
def test_misuse(values: list[float]) -> None:
    with pytest.raises(ValueError, match="series"):
        xmr_chart(values)
