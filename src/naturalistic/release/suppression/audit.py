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
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from naturalistic.release.suppression.counts import IntArray
from naturalistic.release.suppression.links_model import Links
from naturalistic.release.suppression.programme import Answer, Programme
from naturalistic.release.suppression.shown import FloatArray, Shown

CLOSE = 1e-6
AT_ONCE = 100  # findings solved one by one before the choice is made again
KEPT = 50  # solutions remembered: each proves many counts safe


@dataclass(frozen=True)
class Exposure:
    """A count that can be narrowed down, and by what.

    Attributes
    ----------
    count : int
        Number of the count.
    end : int
        0 where it cannot be few enough, 1 where it cannot be many enough.
    gap : float
        By how much its range falls short.
    price_low, price_high : array of float, shape (counts,)
        How much the range grows when the interval of each count grows by one at that end.
    """

    count: int
    end: int
    gap: float
    price_low: FloatArray
    price_high: FloatArray


@dataclass(frozen=True)
class Wanted:
    """Counts that must stay unknown, by the end of their range.

    Attributes
    ----------
    few, many : array of int
        Counts that must be possible as few as `floor`, and as many as `top`.
    floor, top : int
        The ends.
    """

    few: IntArray
    many: IntArray
    floor: int
    top: int

    def ends(self) -> list[tuple[int, IntArray, float, float]]:
        """Number of the end, counts, direction in which they are made small, and how small that must be."""
        return [(0, self.few, 1.0, float(self.floor)), (1, self.many, -1.0, -float(self.top))]

    def without(self, given_up: set[tuple[int, int]]) -> Wanted:
        """The same without some counts at one end (count, end)."""
        few = [n for n in self.few.tolist() if (n, 0) not in given_up]
        many = [n for n in self.many.tolist() if (n, 1) not in given_up]
        return Wanted(np.array(few, dtype=int), np.array(many, dtype=int), self.floor, self.top)

    @property
    def number(self) -> int:
        """Ends that are asked for."""
        return len(self.few) + len(self.many)


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
        self.programme = Programme(self.equal, self.at_most)
        self.position = np.full(size, -1, dtype=np.int64)
        self.position[self.used] = np.arange(len(self.used))

    def exposed_by_one(self, shown: Shown, wanted: Wanted) -> list[Exposure]:
        """Counts that one relation alone keeps from an end of their range, with the reasons."""
        return [
            exposure
            for end, counts, sign, target in wanted.ends()
            for matrix, both in ((self.equal, True), (self.at_most, False))
            for exposure in self._by_one_relation(matrix, both, shown, (end, counts, sign, target))
        ]

    def exposed_by_all(self, shown: Shown, wanted: Wanted) -> list[Exposure]:
        """Counts that all relations together narrow down, with the reasons.

        At most `AT_ONCE` findings are returned at either end: those left are found the next time. Nothing is found once
        `budget` is used up.
        """
        found: list[Exposure] = []
        for end, counts, sign, target in wanted.ends():
            left = self._doubtful(shown, counts, sign, target)
            some: list[Exposure] = []
            while len(left) and len(some) < AT_ONCE and self.budget > 0:
                exposure = self._one(shown, int(left[0]), (end, sign, target))
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
        self, matrix: csr_array, both: bool, shown: Shown, asked: tuple[int, IntArray, float, float]
    ) -> list[Exposure]:
        """Counts that one relation alone gives away, seen from all its other counts."""
        end, counts, sign, target = asked
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        columns, values = matrix.indices, matrix.data
        low, high = shown.low[self.seen_as][columns], shown.high[self.seen_as][columns]
        is_wanted = np.zeros(len(self.used), dtype=bool)
        is_wanted[self.position[counts]] = True
        found: list[Exposure] = []
        # sign * x = - sum of sign * a_k / a_x * x_k: smallest where each term takes the end that makes a_k / a_x
        # times sign largest; kept for either sign of a_x
        for positive in (True, False):
            direction = sign if positive else -sign
            ends = np.where(direction * values > 0, high, low)
            free = np.bincount(rows, weights=~np.isfinite(ends), minlength=matrix.shape[0])
            part = np.where(np.isfinite(ends), values * np.where(np.isfinite(ends), ends, 0.0), 0.0)
            total = np.bincount(rows, weights=part, minlength=matrix.shape[0])
            candidate = is_wanted[columns] & ((values > 0) == positive)
            candidate &= both | (values * sign < 0)
            candidate &= free[rows] - ~np.isfinite(ends) == 0
            least = -sign * (total[rows] - part) / values
            found += [
                self._by_row(matrix, int(place), float(least[place]) - target, (end, sign))
                for place in np.flatnonzero(candidate & (least > target + CLOSE))
            ]
        return found

    def _by_row(
        self, matrix: csr_array, place: int, gap: float, asked: tuple[int, float]
    ) -> Exposure:
        end, sign = asked
        row = int(np.searchsorted(matrix.indptr, place, side="right")) - 1
        span = np.arange(matrix.indptr[row], matrix.indptr[row + 1])
        others = span[span != place]
        slope = -matrix.data[others] / matrix.data[place] * sign
        prices = np.zeros((2, self.size))
        seen_as = self.seen_as[matrix.indices[others]]
        np.add.at(prices[0], seen_as, np.maximum(slope, 0.0))
        np.add.at(prices[1], seen_as, np.maximum(-slope, 0.0))
        number = int(self.used[matrix.indices[place]])
        return Exposure(number, end, gap, prices[0], prices[1])

    def _doubtful(self, shown: Shown, counts: IntArray, sign: float, target: float) -> IntArray:
        """Counts that are not proved safe by solutions for many of them at once."""
        left = self._not_proved(shown, counts, sign, target)
        while len(left) and self.budget > 0:
            before = len(left)
            self._solve(shown, left, sign, abs(target))
            left = self._not_proved(shown, left, sign, target)
            if len(left) == before:
                break
        return left

    def _solve(self, shown: Shown, wanted: IntArray, sign: float, top: float) -> Answer:
        """What makes the wanted counts small (or large, up to `top`) together; a solution is kept as a proof for others."""
        self.budget -= 1
        low, high = shown.low[self.seen_as], shown.high[self.seen_as]
        cost = np.zeros(len(self.used))
        place = self.position[wanted]
        cost[place] = sign
        if sign < 0:
            high[place] = np.maximum(np.minimum(high[place], top), low[place])
        self.programme.bound(low, high)
        answer = self.programme.smallest(cost)
        if len(answer.x):
            self._solutions = [answer.x, *self._solutions[: KEPT - 1]]
        return answer

    def _one(self, shown: Shown, number: int, asked: tuple[int, float, float]) -> Exposure | None:
        end, sign, target = asked
        answer = self._solve(shown, np.array([number]), sign, abs(target) + 1.0)
        if answer.value <= target + CLOSE:
            return None
        low, high = np.zeros(self.size), np.zeros(self.size)
        np.add.at(low, self.seen_as, answer.price_low)
        np.add.at(high, self.seen_as, answer.price_high)
        return Exposure(number, end, answer.value - target, low, high)


def _matrix(relations: list[tuple[tuple[int, int], ...]], size: int) -> csr_array:
    rows = [i for i, terms in enumerate(relations) for _ in terms]
    columns = [n for terms in relations for n, _ in terms]
    values = [float(c) for terms in relations for _, c in terms]
    return csr_array((values, (rows, columns)), shape=(len(relations), size))


def _rows_of(matrix: csr_array, columns: IntArray) -> csr_array:
    part = matrix[:, columns] if matrix.shape[0] else csr_array((0, len(columns)))
    filled = np.flatnonzero(np.diff(part.indptr)) if part.shape[0] else np.zeros(0, dtype=int)
    return part[filled] if len(filled) else csr_array((0, len(columns)))
