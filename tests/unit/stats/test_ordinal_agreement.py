from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from naturalistic.stats.ordinal_agreement import (
    bowker,
    mcnemar,
    stuart_maxwell,
    transition_table,
)


def test_transition_table_counts_patients():
    table = transition_table([0, 1, 2, 2, 2], [0, 0, 1, 1, 2], 4)
    assert table.shape == (4, 4) and table.sum() == 5
    assert table[2, 1] == 2 and table[1, 0] == 1 and table[3].sum() == 0


def test_two_levels_are_mcnemar():
    table = [[20, 5], [12, 30]]
    expected = (5 - 12) ** 2 / 17
    for result in (stuart_maxwell(table), bowker(table), mcnemar(table, p_value="chi_square")):
        assert result.statistic == pytest.approx(expected)
        assert result.df == 1


def test_unused_levels_change_nothing():
    table = np.array([[20, 12, 5], [3, 30, 18], [1, 6, 25]])
    padded = np.zeros((4, 4), dtype=int)
    padded[np.ix_([0, 2, 3], [0, 2, 3])] = table
    assert stuart_maxwell(padded).statistic == pytest.approx(stuart_maxwell(table).statistic)
    assert stuart_maxwell(padded).df == 2
    assert bowker(padded) == bowker(table)


def test_levels_in_two_separate_sets():
    # Moves only between 0 and 1, and between 2 and 3: two independent McNemar tests.
    table = [[5, 9, 0, 0], [2, 5, 0, 0], [0, 0, 5, 7], [0, 0, 1, 5]]
    result = stuart_maxwell(table)
    assert result.df == 2
    assert result.statistic == pytest.approx(49 / 11 + 36 / 8)


def test_swapping_first_and_last_changes_no_test_and_turns_the_share():
    table = np.array([[20, 5], [12, 30]])
    assert stuart_maxwell(table.T).statistic == pytest.approx(stuart_maxwell(table).statistic)
    one, other = mcnemar(table), mcnemar(table.T)
    assert other.estimate == -one.estimate and other.p_value == one.p_value
    assert other.conf_low == pytest.approx(-one.conf_high)


def test_mcnemar_by_hand():
    table = [[20, 2], [9, 30]]
    exact = mcnemar(table)
    assert exact.estimate == pytest.approx((2 - 9) / 61)
    assert exact.p_value == pytest.approx(binomtest(2, 11).pvalue)
    point = math.comb(11, 2) / 2**11
    assert mcnemar(table, p_value="mid_p").p_value == pytest.approx(exact.p_value - point)
    corrected = mcnemar(table, p_value="chi_square_corrected")
    assert corrected.statistic == pytest.approx(36 / 11)
    shift = 3 / 63 - 10 / 63
    half = 1.959963984540054 * math.sqrt((13 / 63 - shift**2) / 63)
    assert exact.conf_low == pytest.approx(shift - half)


def test_no_change():
    still = [[4, 0], [0, 3]]
    assert stuart_maxwell(still).note == "no rating changed"
    assert bowker(still).note == "no rating changed"
    result = mcnemar(still)
    assert result.estimate == 0 and math.isnan(result.p_value) and "nobody" in result.note
    assert result.conf_low < 0 < result.conf_high
    assert mcnemar([[0, 0], [0, 0]]).status == "not_estimable"
    even = [[4, 3], [3, 3]]
    assert mcnemar(even).p_value == 1 and mcnemar(even, p_value="mid_p").p_value == 1


def test_misuse_is_refused():
    for table in ([[1, 2, 3], [4, 5, 6]], [[1]], [[1, -1], [0, 2]], [[1, 0.5], [0, 2]]):
        with pytest.raises(ValueError, match="table"):
            bowker(table)
    with pytest.raises(ValueError, match="2 by 2"):
        mcnemar(np.ones((3, 3)))
    with pytest.raises(ValueError, match="p_value"):
        mcnemar([[1, 2], [3, 4]], p_value="normal")
    with pytest.raises(ValueError, match="last"):
        transition_table([0, 1], [0, 4], 4)
    with pytest.raises(ValueError, match="whole"):
        transition_table([0.5], [0], 4)
    with pytest.raises(ValueError, match="same length"):
        transition_table([0, 1], [0], 4)
