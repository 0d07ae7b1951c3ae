"""Integer programmes of the attack: the smallest and the largest whole number that agrees with all that is known."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from tests.attack.system import System


def narrowed(system: System, floor: dict[int, int], threshold: int) -> list[int]:
    """Unknowns whose range does not hold every number from their floor to the threshold."""
    wanted = np.array(sorted(floor), dtype=int)
    if not len(wanted):
        return []
    solver = Solver(system, wanted)
    least = np.array([floor[u] for u in wanted.tolist()], dtype=float)
    open_low = solver.not_reached(wanted, least, sign=1.0)
    open_high = solver.not_reached(wanted, np.full(len(wanted), float(threshold)), sign=-1.0)
    return sorted({*open_low, *open_high})


class Solver:
    """Integer programmes over the equations that touch a wanted unknown, directly or not."""

    def __init__(self, system: System, wanted: np.ndarray) -> None:
        size = len(system.low)
        entries = [(i, u, c) for i, (row, _) in enumerate(system.equations) for u, c in row.items()]
        rows, columns, values = (
            (np.array(x) for x in zip(*entries, strict=True))
            if entries
            else (np.zeros(0, int), np.zeros(0, int), np.zeros(0))
        )
        matrix = csr_array((values, (rows, columns)), shape=(len(system.equations), size))
        _, part = connected_components(abs(matrix).T @ abs(matrix), directed=False)
        self.used = np.flatnonzero(np.isin(part, part[wanted]))
        self.place = np.full(size, -1)
        self.place[self.used] = np.arange(len(self.used))
        inside = matrix[:, self.used]
        kept = np.flatnonzero(np.diff(inside.indptr))
        self.matrix = inside[kept]
        self.below = np.array([low for _, low in system.equations])[kept]
        self.low = np.array(system.low)[self.used]
        self.high = np.array(system.high)[self.used]

    def _extreme(
        self, cost: np.ndarray, high: np.ndarray, *, presolve: bool = True
    ) -> np.ndarray | None:
        solved = self._solve(cost, high, presolve=presolve)
        if presolve and solved.status == 2:
            # the presolve of HiGHS 1.12 calls some of these infeasible that are not
            solved = self._solve(cost, high, presolve=False)
        if solved.status == 2:
            raise AssertionError("what is released contradicts itself: an identity is wrong")
        return None if solved.x is None else np.round(solved.x)

    def _solve(self, cost: np.ndarray, high: np.ndarray, *, presolve: bool) -> OptimizeResult:
        held = [LinearConstraint(self.matrix, self.below, 0.0)] if self.matrix.shape[0] else []
        return milp(
            cost,
            constraints=held,
            bounds=Bounds(self.low, high),
            integrality=np.ones(len(cost)),
            options={"time_limit": 300.0, "presolve": presolve},
        )

    def not_reached(self, wanted: np.ndarray, goal: np.ndarray, *, sign: float) -> list[int]:
        """Unknowns that cannot be as low (sign 1) or as high (sign -1) as their goal."""
        left = dict(zip(wanted.tolist(), goal.tolist(), strict=True))
        together = True
        lost: list[int] = []
        while left:
            mine = list(left) if together else [next(iter(left))]
            cost, high = np.zeros(len(self.used)), self.high.copy()
            cost[self.place[mine]] = sign
            if sign < 0:
                capped = self.place[mine]
                high[capped] = np.maximum(np.minimum(high[capped], goal.max()), self.low[capped])
            x = self._extreme(cost, high)
            if x is None:
                raise AssertionError("no answer in time")
            reached = [u for u, g in left.items() if sign * x[self.place[u]] <= sign * g + 1e-6]
            if not together and mine[0] not in reached:
                # nor are all its optima: what it says cannot be reached is asked again without it
                x = self._extreme(cost, high, presolve=False)
                if x is None:
                    raise AssertionError("no answer in time")
                u = mine[0]
                reached = [u] if sign * x[self.place[u]] <= sign * left[u] + 1e-6 else []
            if not together and mine[0] not in reached:
                lost.append(mine[0])
                reached.append(mine[0])
            if not reached:
                together = False
            for u in reached:
                left.pop(u)
        return lost
