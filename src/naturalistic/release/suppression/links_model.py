"""Linear relations between counts, as an outsider knows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from naturalistic.release.suppression.counts import Counts

SAME = ([1, -1], [-1, 1])  # coefficients of a relation that says that two counts are the same

UNIONS = {
    # a figure that counts the people of several levels, or of several other figures, of the same definition
    "reliable_improvement": ("recovered", "improved"),
    "reliable_deterioration": ("deteriorated", "deteriorated_across_cutoff"),
    "recovery": ("recovered",),
    "dropout_or_unknown": ("dropout", "unknown_ending"),
    "estimated_dropout": ("declared_dropout", "unknown_ending"),
    "estimated_unplanned": ("declared_unplanned", "unknown_ending"),
}


@dataclass
class Links:
    """Linear relations between counts: sum of coefficient times count equals 0, or is at most 0.

    Attributes
    ----------
    counts : Counts
        The counts that are related.
    equal, at_most : dict of tuple of (int, int) to None
        Each key is one relation: its counts with their coefficients, sorted.
    """

    counts: Counts
    equal: dict[tuple[tuple[int, int], ...], None] = field(default_factory=dict)
    at_most: dict[tuple[tuple[int, int], ...], None] = field(default_factory=dict)

    def sums_to(self, parts: Iterable[int], whole: int) -> None:
        """The parts add up to the whole."""
        listed = list(parts)
        if whole in listed:
            if len(listed) == 1:
                return
            whole = self.counts.twin(whole)
        self._add(self.equal, [(p, 1) for p in listed] + [(whole, -1)])

    def within(self, parts: Iterable[int], whole: int) -> None:
        """The parts add up to no more than the whole."""
        self._add(self.at_most, [(p, 1) for p in parts] + [(whole, -1)])

    def merge(self) -> None:
        """One count in the place of all that are known to be the same people, here and in the rows.

        They are withheld and rounded together then: an outsider puts what is shown of each together anyway, and a
        reader finds one number, not two.
        """
        pairs = [[n for n, _ in terms] for terms in self.equal if [c for _, c in terms] in SAME]
        if not pairs:
            return
        first, second = np.array(pairs).T
        size = len(self.counts.names)
        graph = coo_array((np.ones(len(pairs)), (first, second)), shape=(size, size))
        number, group = connected_components(graph, directed=False)
        standing = np.full(number, size)
        np.minimum.at(standing, group, np.arange(size))
        self.counts.stand_for(standing[group])
        for relations in (self.equal, self.at_most):
            before = list(relations)
            relations.clear()
            for terms in before:
                self._add(relations, [(int(standing[group[n]]), c) for n, c in terms])

    @staticmethod
    def _add(
        relations: dict[tuple[tuple[int, int], ...], None], terms: list[tuple[int, int]]
    ) -> None:
        total: dict[int, int] = defaultdict(int)
        for number, coefficient in terms:
            total[number] += coefficient
        kept = tuple(sorted((n, c) for n, c in total.items() if c))
        if kept:
            relations[kept] = None


def unions(
    levels: dict[str, int], figures: dict[str, set[int]], counts: Counts, links: Links
) -> None:
    """Levels that make up a named figure, where the numbers agree that they do."""
    for name, wholes in figures.items():
        parts = [levels[p] for p in UNIONS[name] if p in levels]
        total = sum(counts.names[n][1] for n in parts)
        for whole in wholes:
            if parts and counts.names[whole][1] == total:
                links.sums_to(parts, whole)
