"""Which further counts to withhold, or to round more coarsely, at little loss.

First what single relations give away (a total and its levels, a numerator and its remainder): the audit names the counts
and, by the prices of the relation, the intervals that give them away; each finding becomes one linear condition on
the choices, and an integer programme finds the cheapest choice that meets all of them (`conditions`).

Then what all relations together give away, by linear programming: choices are added greedily and never taken back, so
that the end is reached after as many rounds as there are counts at most. The loop ends only when the audit finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from naturalistic.release.profiles import Profile
from naturalistic.release.suppression.audit import Audit, Exposure, Wanted
from naturalistic.release.suppression.conditions import HIDE, PRICE, Condition, Terms, cheapest
from naturalistic.release.suppression.counts import Counts, IntArray
from naturalistic.release.suppression.earlier import Earlier
from naturalistic.release.suppression.shown import BoolArray, FloatArray, Shown, knowledge

ROUNDS = 60
BUDGET = 30_000_000  # linear programmes times counts in each


@dataclass
class Choice:
    """Counts that are no longer seen, or seen rounded coarsely; how they were chosen.

    Attributes
    ----------
    hidden : array of bool, shape (counts,)
        Counts withheld.
    step : array of int, shape (counts,)
        To how many times the rounding base each count is rounded.
    rounds : int
        How often the audit looked.
    exact : bool
        Whether the choice is the cheapest one (within `conditions.GAP`).
    audited : bool
        Whether the audit of all relations together came to its end.
    given_up : set of (int, int)
        Counts and ends of their range that no choice can keep open: the relations alone rule them out.
    """

    hidden: BoolArray
    step: IntArray
    rounds: int = 0
    exact: bool = True
    audited: bool = True
    given_up: set[tuple[int, int]] = field(default_factory=set)

    @classmethod
    def nothing(cls, size: int) -> Choice:
        """Nothing is withheld or coarse."""
        return cls(np.zeros(size, dtype=bool), np.ones(size, dtype=np.int64))

    def take(self, number: int, action: int) -> None:
        """Withhold a count, or round it to so many times the base."""
        if action == HIDE:
            self.hidden[number] = True
        else:
            self.step[number] = max(int(self.step[number]), action)


@dataclass(frozen=True)
class Problem:
    """What is to be protected, and what that may cost.

    Attributes
    ----------
    counts : Counts
        The counts.
    sensitive : array of int
        Counts that must stay unknown.
    cost : array of float, shape (counts,)
        What is lost when a count is withheld.
    headline : array of bool, shape (counts,)
        Counts of figures the report rests on: withheld only where nothing else helps.
    seen_when : callable
        Which counts are seen when these are withheld: rows that show a withheld count go as a whole.
    profile : Profile
        Rules.
    earlier : Earlier
        What earlier releases showed.
    """

    counts: Counts
    sensitive: IntArray
    cost: FloatArray
    headline: BoolArray
    seen_when: Callable[[BoolArray], BoolArray]
    profile: Profile
    earlier: Earlier = field(default_factory=Earlier)

    def wanted(self) -> Wanted:
        """Both ends of every sensitive count."""
        floor = 0 if self.profile.withhold_zero else 1
        return Wanted(self.sensitive, self.sensitive, floor, self.profile.threshold)


def choose(problem: Problem, audit: Audit) -> Choice:
    """The cheapest protection of the sensitive counts.

    Parameters
    ----------
    problem : Problem
        What is to be protected.
    audit : Audit
        The relations between the counts.
    """
    choice = Choice.nothing(len(problem.counts.names))
    if len(problem.sensitive):
        search = _Search(problem, audit, choice)
        search.by_single_relations()
        search.by_all_relations()
    return choice


class _Search:
    """The search for one choice."""

    def __init__(self, problem: Problem, audit: Audit, choice: Choice) -> None:
        self.problem, self.audit, self.choice = problem, audit, choice
        self.terms = Terms(problem.counts.values, problem.headline, problem.profile)
        self.wanted = problem.wanted()

    def by_single_relations(self) -> None:
        """The cheapest choice that no single relation sees through."""
        conditions: list[Condition] = []
        for _ in range(ROUNDS):
            before = self.wanted.number
            new = self._look(self.audit.exposed_by_one)
            if not new and self.wanted.number == before:
                break
            conditions += new
            if new:
                chosen, exact = cheapest(conditions, self.problem.cost)
                self.choice.exact &= exact
                self.choice.hidden[:] = False
                self.choice.step[:] = 1
                for number, action in chosen:
                    self.choice.take(number, action)

    def by_all_relations(self) -> None:
        """Choices are added, never taken back, until all relations together see through none.

        The audit has a budget of linear programmes, smaller where they are larger: when it is used up, what was
        found is still met, and `audited` says that the end was not reached.
        """
        self.audit.budget = int(BUDGET / max(len(self.audit.used), 1))
        while True:
            before = self.wanted.number
            new = self._look(self.audit.exposed_by_all)
            if not new and self.wanted.number == before:
                self.choice.audited = self.audit.budget > 0
                return
            # one choice often meets several findings: only where none was added must one be
            if new and not any([self._add(condition) for condition in new]):
                self._withhold_one(new[0])
            self.choice.exact &= not new

    def _look(self, ask: Callable[[Shown, Wanted], list[Exposure]]) -> list[Condition]:
        """The conditions the audit finds; ends that no choice can keep open are no longer asked for."""
        choice, problem = self.choice, self.problem
        choice.rounds += 1
        seen = problem.seen_when(choice.hidden)
        shown = knowledge(seen, choice.step, problem.counts, problem.profile)
        found = ask(problem.earlier.known(shown), self.wanted)
        new = [self.terms.condition(e, seen, choice.hidden, choice.step) for e in found]
        hopeless = {(e.count, e.end) for e, c in zip(found, new, strict=True) if not c.helps()}
        choice.given_up |= hopeless
        self.wanted = self.wanted.without(hopeless)
        return [c for c in new if c.helps()]

    def _add(self, condition: Condition) -> bool:
        """Choices that give most for their price, until the finding should be gone; whether any was added."""
        choice, options, actions = self.choice, condition.options, condition.actions
        need = condition.need - self._made(condition)
        price = np.array(
            [
                self.problem.cost[n] * PRICE[int(a)] + 1e-3
                for n, a in zip(options, actions, strict=True)
            ]
        )
        open_ = ~choice.hidden[options] & ((actions == HIDE) | (choice.step[options] < actions))
        gain = np.where(open_, np.minimum(condition.weights, max(need, 1e-9)), 0.0) / price
        added = False
        for i in np.argsort(-gain, kind="stable"):
            if gain[i] <= 0 or need <= 0:
                break
            choice.take(int(options[i]), int(actions[i]))
            need -= float(condition.weights[i])
            added = True
        return added

    def _withhold_one(self, condition: Condition) -> None:
        """The prices promise nothing more: the cheapest count goes all the same, and the audit looks again."""
        left = condition.priced[~self.choice.hidden[condition.priced]]
        if len(left):
            lightest = np.lexsort((self.problem.cost[left], self.problem.headline[left]))
            self.choice.hidden[left[lightest[0]]] = True

    def _made(self, condition: Condition) -> float:
        """What the choices so far give."""
        hidden, step = self.choice.hidden[condition.options], self.choice.step[condition.options]
        made = np.where(condition.actions == HIDE, hidden, ~hidden & (step == condition.actions))
        return float(condition.weights[made].sum())
