"""Levels of a breakdown make up their total, and levels with a common name the figure of that name."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.release.row_keys import keys_without, text
from naturalistic.release.suppression.counts import (
    OF_EVERYBODY,
    Counts,
    Family,
    IntArray,
    people_of,
)
from naturalistic.release.suppression.links_model import UNIONS, Links, unions
from naturalistic.vocabulary import POPULATIONS

SUMMED = ("n_patients", "n_episodes", "n_events", "numerator", "denominator", "n_missing")
MAIN_SCALES = ("", "all", "total")  # the scale that other tables speak of without naming it


@dataclass(frozen=True)
class Wholes:
    """Counts of whole populations.

    Attributes
    ----------
    by_column : mapping of (str, str) to set of int
        Counts that stand for a population, without a breakdown, in a column.
    """

    by_column: dict[tuple[str, str], set[int]]

    def of(self, population: str, *columns: str) -> set[int]:
        """Counts of a population in these columns."""
        return set().union(*(self.by_column.get((population, c), set()) for c in columns))


def whole_populations(frame: pd.DataFrame, counts: Counts) -> Wholes:
    """Every count that stands for a whole population, at any time of a curve."""
    plain = (text(frame, "dimensions") == "") & (text(frame, "contrast") == "")
    plain &= np.isin(text(frame, "scale"), MAIN_SCALES)
    population = people_of(frame)
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for column in OF_EVERYBODY:
        for row in np.flatnonzero(plain & (counts.of[column] >= 0) & (population != "")):
            found[population[row], column].add(int(counts.of[column][row]))
    return Wholes(found)


def find_levels(frame: pd.DataFrame, groups: list[Family], counts: Counts, links: Links) -> None:
    """Relations between the levels of every breakdown, their total and everybody."""
    search = _Levels(frame, groups, counts, links)
    for group in groups:
        for column in SUMMED:
            search.add(group, column)


class _Levels:
    """The levels of breakdowns, and what they may add up to."""

    def __init__(
        self, frame: pd.DataFrame, groups: list[Family], counts: Counts, links: Links
    ) -> None:
        self.counts, self.links = counts, links
        self.others = keys_without(frame, "dimensions")
        self.dimensions, self.population = text(frame, "dimensions"), text(frame, "population")
        self.main_scale = np.isin(text(frame, "scale"), MAIN_SCALES)
        self.rows_of = {
            key: row for row, key in enumerate(zip(self.others, self.dimensions, strict=True))
        }
        self.context = keys_without(
            frame, "estimand", "term", "contrast", "dimensions", "specification", "model"
        )
        self.named = _named_figures(frame, counts, self.context)
        self.wholes = whole_populations(frame, counts)
        self.listed = self._levels_listed(groups)
        self.seen: set[tuple[object, ...]] = set()

    def _levels_listed(self, groups: list[Family]) -> dict[tuple[str, str], set[str]]:
        """Levels of a breakdown that stand anywhere for a population.

        A level that has a row in one table and none in another need not be empty there: the others do not make up
        everybody.
        """
        listed: dict[tuple[str, str], set[str]] = defaultdict(set)
        for group in groups:
            for row in group.rows:
                level = _level(self.dimensions[row], group.dimension)
                listed[group.dimension, self.population[row]].add(level)
        return listed

    def add(self, group: Family, column: str) -> None:
        """Relations of one breakdown in one column of counts."""
        first, counts = int(group.rows[0]), self.counts
        numbers = [int(n) for n in counts.of[column][group.rows]]
        # a breakdown with one level only says that everybody has it, whatever is withheld; the same count in all
        # levels is that of the whole
        if min(numbers) < 0 or len(set(numbers)) == 1:
            return
        bottoms = {int(n) for n in counts.of["denominator"][group.rows]}
        shared = bottoms if len(bottoms) == 1 else set()
        parent_row = self.rows_of.get((self.others[first], group.parent))
        total = {int(counts.of[column][parent_row])} if parent_row is not None else set()
        levels = [_level(self.dimensions[row], group.dimension) for row in group.rows]
        mark = (*sorted(numbers), *total, *sorted(bottoms), self.context[first], column)
        if mark in self.seen:
            return
        self.seen.add(mark)
        self._total(group, column, dict(zip(levels, numbers, strict=True)), (total | shared) - {-1})
        if column == "numerator":
            figures = self.named[int(self.context[first]), group.parent]
            unions(dict(zip(levels, numbers, strict=True)), figures, counts, self.links)

    def _total(self, group: Family, column: str, levels: dict[str, int], totals: set[int]) -> None:
        """Levels make up the row of their total, their denominator, and everybody of their population."""
        population, names = self.population[group.rows[0]], self.counts.names
        numbers = list(levels.values())
        at_most, equal = set(totals), set(totals)
        if not group.parent and self.main_scale[group.rows[0]]:
            equal |= self.wholes.of(population, *OF_EVERYBODY)
            at_most |= self.wholes.of(population, column)
        added = sum(names[n][1] for n in numbers)
        complete = set(levels) >= self.listed[group.dimension, population]
        for whole in sorted(equal | at_most):
            value = names[whole][1]
            if value == added and complete and whole in equal:
                self.links.sums_to(numbers, whole)
            elif value >= added and whole not in numbers:
                self.links.within(numbers, whole)
        for level, number in levels.items():
            if level in POPULATIONS and not group.parent:
                for whole in self.wholes.of(level, "n_patients"):
                    if names[whole][1] == names[number][1] and whole != number:
                        self.links.sums_to((number,), whole)


def _level(dimensions: str, dimension: str) -> str:
    return dict(part.split("=", 1) for part in dimensions.split(";"))[dimension]


def _named_figures(
    frame: pd.DataFrame, counts: Counts, context: IntArray
) -> dict[tuple[int, str], dict[str, set[int]]]:
    """Numerators of named figures, by definition, breakdown and term."""
    found: dict[tuple[int, str], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    dimensions, terms = text(frame, "dimensions"), text(frame, "term")
    for row in np.flatnonzero(counts.of["numerator"] >= 0):
        if terms[row] in UNIONS:
            key = (int(context[row]), dimensions[row])
            found[key][terms[row]].add(int(counts.of["numerator"][row]))
    return found
