from __future__ import annotations

import math

import numpy as np
import pytest

from naturalistic.stats.category_agreement import category_agreement


def test_agreement_by_hand():
    result = category_agreement([0, 0, 1, 1, 2, 2], [0, 1, 1, 1, 2, 0], 3)
    assert result.table.tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]
    assert (result.n_patients, result.n_moved) == (6, 2)
    by_chance = (2 * 2 + 2 * 3 + 2 * 1) / 36
    assert result.kappa == pytest.approx((4 / 6 - by_chance) / (1 - by_chance))


def test_same_method_agrees_and_nobody_has_no_kappa():
    codes = np.array([0, 3, 3, 5], dtype=np.int8)
    same = category_agreement(codes, codes, 6)
    assert same.n_moved == 0 and same.kappa == 1
    assert math.isnan(category_agreement([], [], 6).kappa)
    assert math.isnan(category_agreement([1, 1], [1, 1], 6).kappa)


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="same length"):
        category_agreement([0], [0, 1], 2)
    with pytest.raises(ValueError, match="between 0 and 1"):
        category_agreement([0, 2], [0, 1], 2)
