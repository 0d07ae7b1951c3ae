"""The programme that goes on from the last answer gives the answers of `linprog`."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array

from naturalistic.release.suppression.programme import Programme


@pytest.mark.parametrize("seed", range(5))
def test_answers_and_prices_are_those_of_linprog(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = 30
    equal = csr_array(rng.integers(-1, 2, (8, columns)) * (rng.random((8, columns)) < 0.3) * 1.0)
    at_most = csr_array(rng.integers(-1, 2, (6, columns)) * (rng.random((6, columns)) < 0.3) * 1.0)
    programme = Programme(equal, at_most)
    for _ in range(12):
        low = -rng.integers(0, 9, columns).astype(float)
        high = rng.integers(1, 20, columns).astype(float)
        cost = np.zeros(columns)
        cost[rng.integers(columns)] = rng.choice([-1.0, 1.0])
        programme.bound(low, high)
        answer = programme.smallest(cost)
        solved = linprog(
            cost,
            A_eq=equal,
            b_eq=np.zeros(8),
            A_ub=at_most,
            b_ub=np.zeros(6),
            bounds=np.column_stack([low, high]),
        )
        assert answer.value == pytest.approx(solved.fun, abs=1e-9)
        assert cost @ answer.x == pytest.approx(answer.value, abs=1e-9)
        assert abs(equal @ answer.x).max() < 1e-7
        # the value is what the prices of the bounds say it is (strong duality: all right-hand sides are 0)
        dual = answer.price_low @ low - answer.price_high @ high
        assert dual == pytest.approx(answer.value, abs=1e-7)


def test_no_end_and_no_answer() -> None:
    programme = Programme(csr_array(np.array([[1.0, -1.0]])), csr_array((0, 2)))
    programme.bound(np.zeros(2), np.full(2, np.inf))
    assert programme.smallest(np.array([-1.0, 0.0])).value == -np.inf
    programme.bound(np.array([0.0, 5.0]), np.array([3.0, 9.0]))
    with pytest.raises(ValueError, match="contradict"):
        programme.smallest(np.array([1.0, 0.0]))
