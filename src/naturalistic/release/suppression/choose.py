"""Which further counts to withhold, or to round more coarsely, at the least loss.

The problem is solved by cutting planes: the audit names the counts that can be narrowed down and, by its dual prices, the
intervals that give them away; each such finding becomes one linear condition on the choices, and an integer programme
finds the cheapest choice that meets all conditions found so far; the audit then looks again. Up to `EXACT_UP_TO` choices
the integer programme is solved to optimality within `GAP`; beyond that conditions are met greedily, the choice first that
helps most for its cost. Either way the loop ends only when the audit finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from naturalistic.release.profiles import Profile
from naturalistic.release.suppression.audit import Audit, Exposure
from naturalistic.release.suppression.counts import Counts, IntArray
from naturalistic.release.suppression.shown import (
    BoolArray,
    FloatArray,
    Shown,
    knowledge,
    may_be_coarse,
)

EXACT_UP_TO = 1500  # choices in one integer programme
GAP = 0.01
SECONDS = 10.0
ROUNDS = 60
COARSE_COST = 0.04  # of the cost of withholding the same count
HIDE, COARSEN = 0, 1


@dataclass
class Choice:
    """Counts that are no longer seen, or seen rounded coarsely; how they were chosen.

    Attributes
    ----------
    hidden, coarse : array of bool, shape (counts,)
        What was chosen.
    rounds : int
        How often the audit looked.
    exact : bool
        Whether every integer programme was solved to optimality (within `GAP`).
    """

    hidden: BoolArray
    coarse: BoolArray
    rounds: int = 0
    exact: bool = True


@dataclass(frozen=True)
class Condition:
    """The weights of the choices must add up to at least `need`."""

    options: IntArray  # numbers of counts, shape (k,)
    actions: IntArray  # HIDE or COARSEN, shape (k,)
    weights: FloatArray
    need: float


def choose(
    counts: Counts,
    audit: Audit,
    sensitive: IntArray,
    cost: FloatArray,
    seen_when: Callable[[BoolArray], BoolArray],
    profile: Profile,
) -> Choice:
    """The cheapest protection of the sensitive counts.

    Parameters
    ----------
    counts : Counts
        The counts.
    audit : Audit
        Their relations.
    sensitive : array of int
        Counts that must stay unknown.
    cost : array of float, shape (counts,)
        What is lost when a count is withheld.
    seen_when : callable
        Which counts are seen when these are withheld: rows that show a withheld count go as a whole.
    profile : Profile
        Rules.
    """
    size = len(counts.names)
    choice = Choice(np.zeros(size, dtype=bool), np.zeros(size, dtype=bool))
    conditions: list[Condition] = []
    large = may_be_coarse(counts, profile)
    floor = 0 if profile.withhold_zero else 1
    if not len(sensitive):
        return choice
    found: list[Exposure] = []
    while choice.rounds < ROUNDS:
        choice.rounds += 1
        seen = seen_when(choice.hidden)
        shown = knowledge(seen, choice.coarse, counts, profile)
        found = audit.exposed(shown, sensitive, floor, profile.threshold)
        new = [_condition(e, shown, choice, seen, counts, profile) for e in found]
        # nothing that is shown gives these away: they hold whatever is released
        anyway = [e.count for e, c in zip(found, new, strict=True) if not len(c.options)]
        sensitive = sensitive[~np.isin(sensitive, anyway)]
        conditions += [c for c in new if len(c.options)]
        if len(anyway) == len(found):
            if not found:
                return choice
            continue
        _solve(conditions, cost, large, choice)
    choice.hidden |= _everything_near(audit, found, seen)
    return choice


def _everything_near(audit: Audit, found: list[Exposure], seen: BoolArray) -> BoolArray:
    """After the last round: everything that gives a count away goes, whatever it costs."""
    near = np.zeros(len(seen), dtype=bool)
    near[audit.used] = True
    return near & seen if found else np.zeros(len(seen), dtype=bool)


def _condition(
    exposure: Exposure,
    shown: Shown,
    choice: Choice,
    seen: BoolArray,
    counts: Counts,
    profile: Profile,
) -> Condition:
    """What has to be chosen so that the exposure goes, over all choices made so far.

    The prices are those of the present choice; taken back, what was already chosen counts too, so that the condition stays
    true whatever else is chosen.
    """
    size = len(seen)
    none = np.zeros(size, dtype=bool)
    fine = knowledge(np.ones(size, dtype=bool), none, counts, profile)
    rough = knowledge(np.ones(size, dtype=bool), ~none, counts, profile)
    used = np.flatnonzero((exposure.price_low > 1e-9) | (exposure.price_high > 1e-9))
    used = used[seen[used] | choice.hidden[used]]
    options, actions, weights = [], [], []
    need = exposure.gap
    for number in used:
        a, b = exposure.price_low[number], exposure.price_high[number]
        by_coarse = a * (fine.low[number] - rough.low[number])
        by_coarse += b * (rough.high[number] - fine.high[number])
        # a count that is not seen has no upper end: as much as is needed, if that end has a price
        by_hiding = np.inf if b > 1e-9 else a * fine.low[number]
        if choice.hidden[number]:
            need += a * fine.low[number]
        elif choice.coarse[number]:
            need += by_coarse
        options += [number, number]
        actions += [HIDE, COARSEN]
        weights += [by_hiding, by_coarse]
    exact = np.array(weights, dtype=float)
    # a coarse interval may end short of the fine one: then rounding coarsely makes an end worse, and more is needed
    most = max(need - float(np.minimum(exact, 0.0).sum()), 0.0)
    return Condition(
        np.array(options, dtype=int), np.array(actions, dtype=int), np.minimum(exact, most), need
    )


def _solve(conditions: list[Condition], cost: FloatArray, large: BoolArray, choice: Choice) -> None:
    """The cheapest choice that meets every condition, written into `choice`."""
    keys = sorted(
        {
            (int(n), int(a))
            for c in conditions
            for n, a in zip(c.options, c.actions, strict=True)
            if a == HIDE or large[n]
        }
    )
    index = {key: i for i, key in enumerate(keys)}
    price = np.array([cost[n] * (1.0 if a == HIDE else COARSE_COST) + 1e-3 for n, a in keys])
    rows, columns, values, needs = [], [], [], []
    for i, condition in enumerate(conditions):
        for n, a, w in zip(condition.options, condition.actions, condition.weights, strict=True):
            if (int(n), int(a)) in index and w != 0:
                rows.append(i)
                columns.append(index[int(n), int(a)])
                values.append(w)
        needs.append(condition.need)
    matrix = csr_array((values, (rows, columns)), shape=(len(conditions), len(keys)))
    reachable = np.asarray(matrix.maximum(0).sum(axis=1)).ravel()
    goal = np.minimum(np.array(needs), reachable) - 1e-6
    chosen = _optimum(matrix, goal, price, keys) if len(keys) <= EXACT_UP_TO else None
    if chosen is None:
        chosen, choice.exact = _greedy(matrix, goal, price), False
    choice.hidden[:] = False
    choice.coarse[:] = False
    for (n, a), taken in zip(keys, chosen, strict=True):
        if taken:
            (choice.hidden if a == HIDE else choice.coarse)[n] = True
    choice.coarse &= ~choice.hidden


def _one_action_each(keys: list[tuple[int, int]]) -> csr_array:
    """A count is withheld or rounded coarsely, not both."""
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
        bounds=Bounds(0, 1),
        integrality=np.ones(len(price)),
        options={"time_limit": SECONDS, "mip_rel_gap": GAP},
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
