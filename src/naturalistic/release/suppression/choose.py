"""Which further counts to withhold, or to round more coarsely, at little loss.

First what single relations give away (a total and its levels, a numerator and its remainder): the audit names the counts
and, by the prices of the relation, the intervals that give them away; each finding becomes one linear condition on
the choices, and an integer programme finds the cheapest choice that meets all of them. Up to `EXACT_UP_TO` choices it is
solved to optimality within `GAP`; beyond that conditions are met greedily, the choice first that helps most for its cost.

Then what all relations together give away, by linear programming: choices are added greedily and never taken back, so
that the end is reached after as many rounds as there are counts at most. The loop ends only when the audit finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

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
BUDGET = 1_200_000  # linear programmes times counts in each
MANY = 200  # people in a cohort from which on the figures the report rests on stand in any case
DEAREST = 1000.0  # cost of a figure the report rests on
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
        Whether the choice is the cheapest one (within `GAP`).
    audited : bool
        Whether the audit of all relations together came to its end.
    exposed_still : set of int
        Counts that are narrowed down by figures the report rests on, or by nothing that is shown.
    """

    hidden: BoolArray
    coarse: BoolArray
    rounds: int = 0
    exact: bool = True
    audited: bool = True
    exposed_still: set[int] = field(default_factory=set)


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
    large = may_be_coarse(counts, profile)
    floor = 0 if profile.withhold_zero else 1
    if not len(sensitive):
        return choice
    many = bool(len(counts.values)) and int(counts.values.max()) >= MANY
    rules = _Rules(counts, seen_when, profile, floor, (cost >= DEAREST) & many)
    sensitive = _cheapest(choice, rules, audit, sensitive, cost, large)
    _all_together(choice, rules, audit, sensitive, cost, large)
    return choice


@dataclass(frozen=True)
class _Rules:
    """What stays the same while choices are made."""

    counts: Counts
    seen_when: Callable[[BoolArray], BoolArray]
    profile: Profile
    floor: int
    kept: BoolArray

    def look(
        self,
        choice: Choice,
        audit: Callable[[Shown, IntArray, int, int], list[Exposure]],
        sensitive: IntArray,
    ) -> tuple[list[Condition], IntArray, BoolArray]:
        """The conditions the audit finds, and the counts that are left to protect.

        What nothing shown gives away holds whatever is released, and is left out.
        """
        choice.rounds += 1
        seen = self.seen_when(choice.hidden)
        shown = knowledge(seen, choice.coarse, self.counts, self.profile)
        found = audit(shown, sensitive, self.floor, self.profile.threshold)
        new = [_condition(e, choice, seen, self.counts, self.profile, self.kept) for e in found]
        # (or only by what the report rests on, which stands all the same: the log counts them)
        helps = [_helps(c, self.counts, self.profile) for c in new]
        anyway = [e.count for e, h in zip(found, helps, strict=True) if not h]
        choice.exposed_still |= {int(n) for n in anyway}
        kept = sensitive[~np.isin(sensitive, anyway)]
        return [c for c, h in zip(new, helps, strict=True) if h], kept, seen


def _helps(condition: Condition, counts: Counts, profile: Profile) -> bool:
    """Whether some choice could make the finding smaller."""
    large = may_be_coarse(counts, profile)[condition.options]
    usable = (condition.actions == HIDE) | large
    return bool((usable & (condition.weights > 1e-9)).any())


def _cheapest(
    choice: Choice,
    rules: _Rules,
    audit: Audit,
    sensitive: IntArray,
    cost: FloatArray,
    large: BoolArray,
) -> IntArray:
    """The cheapest choice that no single relation sees through; returns what is left to protect."""
    conditions: list[Condition] = []
    for _ in range(ROUNDS):
        before = len(sensitive)
        new, sensitive, _ = rules.look(choice, audit.exposed_by_one, sensitive)
        if not new and len(sensitive) == before:
            break
        conditions += new
        if new:
            _solve(conditions, cost, large, choice)
    return sensitive


def _all_together(
    choice: Choice,
    rules: _Rules,
    audit: Audit,
    sensitive: IntArray,
    cost: FloatArray,
    large: BoolArray,
) -> None:
    """Choices are added, never taken back, until all relations together see through none.

    The audit has a budget of linear programmes, smaller where they are larger: when it is used up, what was
    found is still met, and `audited` says that the end was not reached.
    """
    audit.budget = int(BUDGET / max(len(audit.used), 1))
    while True:
        before = len(sensitive)
        new, sensitive, seen = rules.look(choice, audit.exposed_by_all, sensitive)
        if not new and len(sensitive) == before:
            choice.audited = audit.budget > 0
            return
        for condition in new:
            _add(choice, condition, cost, large & seen)
        choice.coarse &= ~choice.hidden
        choice.exact = False


def _add(choice: Choice, condition: Condition, cost: FloatArray, large: BoolArray) -> None:
    """Choices that give most for their price, until the finding should be gone; at least one."""
    options, hide = condition.options, condition.actions == HIDE
    taken = choice.hidden[options] | (~hide & (choice.coarse[options] | ~large[options]))
    made = choice.hidden[options] & hide | choice.coarse[options] & ~hide
    need = condition.need - float(condition.weights[made].sum())
    price = cost[options] * np.where(hide, 1.0, COARSE_COST) + 1e-3
    gain = np.where(taken, 0.0, np.minimum(condition.weights, max(need, 1e-9))) / price
    added = False
    for i in np.argsort(-gain, kind="stable"):
        if gain[i] <= 0 or (need <= 0 and added):
            break
        (choice.hidden if hide[i] else choice.coarse)[options[i]] = True
        need -= float(condition.weights[i])
        added = True
    left = np.flatnonzero(hide & ~choice.hidden[options])
    if not added and len(left):
        # the prices promise nothing more: the cheapest count goes all the same, and the audit looks again
        choice.hidden[options[left[np.argmin(price[left])]]] = True


def _condition(
    exposure: Exposure,
    choice: Choice,
    seen: BoolArray,
    counts: Counts,
    profile: Profile,
    kept: BoolArray,
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
        if not kept[number]:
            options.append(number)
            actions.append(HIDE)
            weights.append(by_hiding)
        options.append(number)
        actions.append(COARSEN)
        weights.append(by_coarse)
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
