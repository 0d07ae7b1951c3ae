"""Can a withheld count be narrowed down? The range of numbers it can be, by linear programming.

For a withheld count x the outsider knows: every relation between counts (`links`), and for each count that is seen the
interval that rounds to what is shown. x is safe when, among all counts that agree with this, it can be nobody and it can
be as many as the threshold. Many counts are proved safe by one solution; those that are left are solved one by one,
and the dual prices of those that are not safe say which intervals give them away (Fischetti and Salazar 2001,
section 4: the capacity constraints of the complementary cell suppression problem).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import OptimizeResult, linprog
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from naturalistic.release.suppression.counts import IntArray
from naturalistic.release.suppression.links import Links
from naturalistic.release.suppression.shown import FloatArray, Shown

CLOSE = 1e-6
AT_ONCE = 25  # findings solved one by one before the choice is made again
KEPT = 50  # solutions remembered: each proves many counts safe


@dataclass(frozen=True)
class Exposure:
    """A count that can be narrowed down, and by what.

    Attributes
    ----------
    count : int
        Number of the count.
    gap : float
        By how much its range falls short.
    price_low, price_high : array of float, shape (counts,)
        How much the range grows when the interval of each count grows by one at that end.
    """

    count: int
    gap: float
    price_low: FloatArray
    price_high: FloatArray


class Audit:
    """The relations between counts as matrices, and the questions asked of them.

    Parameters
    ----------
    links : Links
        Relations.
    sensitive : array of int
        Counts that must not be narrowed down; only what hangs together with one of them is kept.
    """

    def __init__(self, links: Links, sensitive: IntArray) -> None:
        size = len(links.counts.names)
        equal, at_most = _matrix(list(links.equal), size), _matrix(list(links.at_most), size)
        both = np.zeros(size, dtype=bool)
        if equal.shape[0] + at_most.shape[0]:
            hung = abs(equal).T @ abs(equal) + abs(at_most).T @ abs(at_most)
            _, part = connected_components(hung, directed=False)
            both = np.isin(part, part[sensitive])
        both[sensitive] = True
        self.used: IntArray = np.flatnonzero(both)
        self.size = size
        self._solutions: list[FloatArray] = []
        self.budget = 1000  # linear programmes that may still be solved
        self.seen_as: IntArray = links.counts.seen_as[self.used]
        self.equal = _rows_of(equal, self.used)
        self.at_most = _rows_of(at_most, self.used)
        self.position = np.full(size, -1, dtype=np.int64)
        self.position[self.used] = np.arange(len(self.used))

    def exposed_by_one(
        self, shown: Shown, sensitive: IntArray, floor: int, top: int
    ) -> list[Exposure]:
        """Counts that one relation alone keeps from being as few as `floor` or as many as `top`, with the reasons."""
        return [
            *self._by_one_relation(shown, sensitive, 1.0, float(floor)),
            *self._by_one_relation(shown, sensitive, -1.0, -float(top)),
        ]

    def exposed_by_all(
        self, shown: Shown, sensitive: IntArray, floor: int, top: int
    ) -> list[Exposure]:
        """Counts that all relations together narrow down, with the reasons.

        At most `AT_ONCE` findings are returned at either end: those left are found the next time. Nothing is found once
        `budget` is used up.
        """
        found: list[Exposure] = []
        for sign, target in ((1.0, float(floor)), (-1.0, -float(top))):
            left = self._doubtful(shown, sensitive, sign, target)
            some: list[Exposure] = []
            while len(left) and len(some) < AT_ONCE and self.budget > 0:
                exposure = self._one(shown, int(left[0]), sign, target)
                if exposure is not None:
                    some.append(exposure)
                # what was found for one often proves others safe
                left = self._not_proved(shown, left[1:], sign, target)
            found += some
        return found

    def _not_proved(self, shown: Shown, wanted: IntArray, sign: float, target: float) -> IntArray:
        """Counts that no solution found so far proves safe; solutions that no longer fit are passed over."""
        low, high = shown.low[self.seen_as], shown.high[self.seen_as]
        for x in self._solutions:
            if not len(wanted):
                break
            safe = sign * x[self.position[wanted]] <= target + CLOSE
            # a solution that proves nothing more is passed over before its bounds are looked at
            if safe.any() and (x >= low - CLOSE).all() and (x <= high + CLOSE).all():
                wanted = wanted[~safe]
        return wanted

    def _by_one_relation(
        self, shown: Shown, sensitive: IntArray, sign: float, target: float
    ) -> list[Exposure]:
        """Counts that one relation alone gives away; `sign` -1 asks for the upper end."""
        found = []
        wanted = set(self.position[sensitive].tolist())
        low, high = shown.low[self.seen_as], shown.high[self.seen_as]
        for matrix, both in ((self.equal, True), (self.at_most, False)):
            for row in range(matrix.shape[0]):
                part = slice(matrix.indptr[row], matrix.indptr[row + 1])
                columns, values = matrix.indices[part], matrix.data[part]
                for place, column in enumerate(columns):
                    if int(column) not in wanted or not (both or values[place] * sign < 0):
                        continue
                    others = np.delete(columns, place)
                    slope = -np.delete(values, place) / values[place] * sign
                    # the smallest of sign * x is the sum of each slope times the end that makes it small
                    ends = np.where(slope > 0, low[others], high[others])
                    least = float(slope @ ends) if np.isfinite(ends).all() else -np.inf
                    if least > target + CLOSE:
                        prices = np.zeros((2, self.size))
                        np.add.at(prices[0], self.seen_as[others], np.maximum(slope, 0.0))
                        np.add.at(prices[1], self.seen_as[others], np.maximum(-slope, 0.0))
                        number = int(self.used[column])
                        found.append(Exposure(number, least - target, prices[0], prices[1]))
        return found

    def _bounds(self, shown: Shown, capped: IntArray, top: float) -> npt.NDArray[np.float64]:
        high = shown.high[self.seen_as]
        place = self.position[capped]
        high[place] = np.minimum(high[place], top)
        return np.column_stack([shown.low[self.seen_as], high])

    def _doubtful(self, shown: Shown, sensitive: IntArray, sign: float, target: float) -> IntArray:
        """Counts that are not proved safe by solutions for many of them at once."""
        left = self._not_proved(shown, sensitive, sign, target)
        while len(left) and self.budget > 0:
            capped = left if sign < 0 else left[:0]
            before = len(left)
            self._solve(left, sign, self._bounds(shown, capped, abs(target)))
            left = self._not_proved(shown, left, sign, target)
            if len(left) == before:
                break
        return left

    def _solve(
        self, wanted: IntArray, sign: float, bounds: npt.NDArray[np.float64]
    ) -> OptimizeResult:
        """What makes the wanted counts small (or large) together; a solution is kept as a proof for others."""
        self.budget -= 1
        cost = np.zeros(len(self.used))
        cost[self.position[wanted]] = sign
        equal, at_most = self.equal.shape[0], self.at_most.shape[0]
        solved = linprog(
            cost,
            A_eq=self.equal if equal else None,
            b_eq=np.zeros(equal) if equal else None,
            A_ub=self.at_most if at_most else None,
            b_ub=np.zeros(at_most) if at_most else None,
            bounds=bounds,
            method="highs",
        )
        if solved.status == 0:
            self._solutions = [np.asarray(solved.x, dtype=float), *self._solutions[: KEPT - 1]]
        return solved

    def _one(self, shown: Shown, number: int, sign: float, target: float) -> Exposure | None:
        wanted = np.array([number])
        capped = wanted if sign < 0 else wanted[:0]
        solved = self._solve(wanted, sign, self._bounds(shown, capped, abs(target) + 1.0))
        if solved.status == 3 or (solved.status == 0 and solved.fun <= target + CLOSE):
            return None
        low, high = np.zeros(self.size), np.zeros(self.size)
        if solved.status == 0:
            np.add.at(low, self.seen_as, np.maximum(solved.lower.marginals, 0.0))
            np.add.at(high, self.seen_as, np.maximum(-solved.upper.marginals, 0.0))
            return Exposure(number, float(solved.fun - target), low, high)
        raise ValueError("the counts shown contradict each other")


def _matrix(relations: list[tuple[tuple[int, int], ...]], size: int) -> csr_array:
    rows = [i for i, terms in enumerate(relations) for _ in terms]
    columns = [n for terms in relations for n, _ in terms]
    values = [float(c) for terms in relations for _, c in terms]
    return csr_array((values, (rows, columns)), shape=(len(relations), size))


def _rows_of(matrix: csr_array, columns: IntArray) -> csr_array:
    part = matrix[:, columns] if matrix.shape[0] else csr_array((0, len(columns)))
    filled = np.flatnonzero(np.diff(part.indptr)) if part.shape[0] else np.zeros(0, dtype=int)
    return part[filled] if len(filled) else csr_array((0, len(columns)))
