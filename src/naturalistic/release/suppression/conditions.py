"""What has to be chosen so that a finding of the audit goes, and the cheapest way to do it.

A choice is a count and what is done to it: withheld (`HIDE`), or rounded to 2 or 4 times the base. Up to `EXACT_UP_TO`
choices an integer programme finds the cheapest set within `GAP`; beyond that conditions are met greedily, the choice first
that helps most for its cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from naturalistic.release.profiles import Profile
from naturalistic.release.suppression.audit import Exposure
from naturalistic.release.suppression.counts import IntArray
from naturalistic.release.suppression.shown import (
    LADDER,
    BoolArray,
    FloatArray,
    interval,
    may_be_coarse,
)

HIDE = 0
EXACT_UP_TO = 1500  # choices in one integer programme
GAP = 0.01
SECONDS = 10.0
PRICE = {HIDE: 1.0, 2: 0.02, 4: 0.04}  # share of the cost of withholding a count


@dataclass(frozen=True)
class Condition:
    """The weights of the choices must add up to at least `need`.

    Attributes
    ----------
    options, actions : array of int, shape (k,)
        Counts, and what is done to each.
    weights : array of float, shape (k,)
        By how much each widens the range.
    need : float
        By how much it must be wider.
    priced : array of int
        Every count that takes part.
    """

    options: IntArray
    actions: IntArray
    weights: FloatArray
    need: float
    priced: IntArray

    def helps(self) -> bool:
        """Whether some choice makes the finding smaller."""
        return bool((self.weights > 1e-9).any())


class Terms:
    """What each choice does to the interval an outsider knows.

    Parameters
    ----------
    values : array of int, shape (counts,)
        True counts.
    headline : array of bool, shape (counts,)
        Figures the report rests on: withheld only where nothing else helps.
    profile : Profile
        Rules.
    """

    def __init__(self, values: IntArray, headline: BoolArray, profile: Profile) -> None:
        self.headline = headline
        ends = {k: interval(values, k * profile.rounding_base, profile) for k in LADDER}
        self.low = ends[1][0]
        self.wider = {k: (self.low - ends[k][0], ends[k][1] - ends[1][1]) for k in LADDER[1:]}
        self.allowed = {k: may_be_coarse(values, k, headline, profile) for k in LADDER[1:]}

    def condition(
        self, exposure: Exposure, seen: BoolArray, hidden: BoolArray, step: IntArray
    ) -> Condition:
        """What has to be chosen so that the exposure goes, over all choices made so far.

        The prices are those of the present choice; taken back, what was already chosen counts too, so that the condition
        stays true whatever else is chosen.
        """
        a, b = exposure.price_low, exposure.price_high
        used = np.flatnonzero(((a > 1e-9) | (b > 1e-9)) & (seen | hidden))
        a, b = a[used], b[used]
        gain = {k: a * self.wider[k][0][used] + b * self.wider[k][1][used] for k in LADDER[1:]}
        # a count that is not seen has no upper end: as much as is needed, if that end has a price
        gain[HIDE] = np.where(b > 1e-9, np.inf, a * self.low[used])
        made = np.where(hidden[used], a * self.low[used], 0.0)
        for k in LADDER[1:]:
            made = np.where(~hidden[used] & (step[used] == k), gain[k], made)
            gain[k] = np.where(self.allowed[k][used], gain[k], 0.0)
        need = exposure.gap + float(made.sum())
        free = np.where(self.headline[used] & ~hidden[used], 0.0, gain[HIDE])
        best = np.maximum.reduce([free, *(gain[k] for k in LADDER[1:])])
        if best.sum() >= need:
            gain[HIDE] = free
        return _condition(used, gain, need)


def _condition(used: IntArray, gain: dict[int, FloatArray], need: float) -> Condition:
    actions = np.repeat(np.array([HIDE, *LADDER[1:]]), len(used))
    weights = np.concatenate([gain[HIDE], *(gain[k] for k in LADDER[1:])])
    options = np.tile(used, len(LADDER))
    kept = weights != 0
    options, actions, weights = options[kept], actions[kept], weights[kept]
    # a coarse interval may end short of the fine one: then rounding coarsely makes an end worse, and more is needed
    most = max(need - float(np.minimum(weights, 0.0).sum()), 0.0)
    return Condition(options, actions, np.minimum(weights, most), need, used)


def cheapest(conditions: list[Condition], cost: FloatArray) -> tuple[list[tuple[int, int]], bool]:
    """The cheapest choices (count, action) that meet every condition, and whether that is sure within `GAP`."""
    keys = sorted(
        {(int(n), int(a)) for c in conditions for n, a in zip(c.options, c.actions, strict=True)}
    )
    index = {key: i for i, key in enumerate(keys)}
    price = np.array([cost[n] * PRICE[a] + 1e-3 for n, a in keys])
    rows = np.repeat(np.arange(len(conditions)), [len(c.options) for c in conditions])
    columns = [
        index[int(n), int(a)] for c in conditions for n, a in zip(c.options, c.actions, strict=True)
    ]
    values = np.concatenate([c.weights for c in conditions])
    matrix = csr_array((values, (rows, columns)), shape=(len(conditions), len(keys)))
    goal = np.minimum([c.need for c in conditions], _reachable(matrix, keys)) - 1e-6
    chosen = _optimum(matrix, goal, price, keys) if len(keys) <= EXACT_UP_TO else None
    exact = chosen is not None
    if chosen is None:
        chosen = _greedy(matrix, goal, price)
    return [key for key, taken in zip(keys, chosen, strict=True) if taken], exact


def _reachable(matrix: csr_array, keys: list[tuple[int, int]]) -> FloatArray:
    """Most that each condition can be given, one action for each count."""
    entries = matrix.tocoo()
    best: dict[tuple[int, int], float] = {}
    for row, column, value in zip(entries.row, entries.col, entries.data, strict=True):
        at = (int(row), keys[column][0])
        best[at] = max(best.get(at, 0.0), float(value))
    most = np.zeros(matrix.shape[0])
    for (row, _), value in best.items():
        most[row] += value
    return most


def _one_action_each(keys: list[tuple[int, int]]) -> csr_array:
    """One thing is done to a count, not two."""
    counts = sorted({n for n, _ in keys})
    place = {n: i for i, n in enumerate(counts)}
    rows = [place[n] for n, _ in keys]
    entries = (np.ones(len(keys)), (rows, np.arange(len(keys))))
    return csr_array(entries, shape=(len(counts), len(keys)))


def _optimum(
    matrix: csr_array, goal: FloatArray, price: FloatArray, keys: list[tuple[int, int]]
) -> BoolArray | None:
    once = _one_action_each(keys)
    solved = milp(
        price,
        constraints=[LinearConstraint(matrix, goal, np.inf), LinearConstraint(once, 0, 1)],
        integrality=np.ones(len(keys)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": GAP, "time_limit": SECONDS},
    )
    return None if solved.x is None or solved.status != 0 else np.asarray(solved.x > 0.5)


def _greedy(matrix: csr_array, goal: FloatArray, price: FloatArray) -> BoolArray:
    """Again and again the choice that meets most of what is still needed for its price."""
    entries = matrix.tocoo()
    taken = np.zeros(len(price), dtype=bool)
    left = goal.copy()
    while (left > 1e-9).any():
        useful = np.where(taken[entries.col], 0.0, np.minimum(entries.data, left[entries.row]))
        gain = np.bincount(entries.col, weights=useful, minlength=len(price))
        best = int(np.argmax(gain / price))
        if gain[best] <= 0:
            break
        taken[best] = True
        mine = entries.col == best
        np.subtract.at(left, entries.row[mine], entries.data[mine])
        left = np.maximum(left, 0.0)
    return taken
