"""What an outsider knows about how counts hang together: sums, remainders, nested groups and curves.

Every relation here holds for the true counts. They are found by general rules over the key columns of all rows of a
cohort, not analysis by analysis; a relation that holds by chance only makes protection stricter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd

from naturalistic.release.suppression.counts import (
    Counts,
    Family,
    IntArray,
    keys_without,
    pairs,
    text,
)
from naturalistic.vocabulary import POPULATIONS

INSIDE = {
    # population: those it is part of
    "assessed": ("referred",),
    "started": ("assessed", "referred"),
    "started_with_followup": ("started", "assessed", "referred"),
    "paired": ("started_with_followup", "started", "assessed", "referred"),
    "planned_ending": ("started", "assessed", "referred"),
    "case_at_start": ("started", "assessed", "referred"),
}
SUMMED = ("n_patients", "n_episodes", "n_events", "numerator", "denominator", "n_missing")
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


def find_links(frame: pd.DataFrame, groups: list[Family], counts: Counts) -> Links:
    """Every relation between the counts of `frame`; new counts (remainders) are added to `counts`."""
    links = Links(counts)
    _remainders(groups, counts, links)
    _levels(frame, groups, counts, links)
    _without_value(counts, links)
    _terms(frame, counts, links)
    _nested(frame, counts, links)
    _curves(frame, counts, links)
    return links


def _remainders(groups: list[Family], counts: Counts, links: Links) -> None:
    """Numerator and remainder make the denominator; so do events and the others."""
    alone = np.array([g.rows[0] for g in groups if len(g.rows) == 1], dtype=np.int64)
    everybody = {
        # the only level of a breakdown: that everybody has it is no secret
        (int(counts.of["numerator"][row]), int(counts.of["denominator"][row]))
        for row in alone
    }
    for top, bottom in (("numerator", "denominator"), ("n_events", "n_patients")):
        for part, whole in pairs(counts.of, top, bottom):
            rest = counts.names[whole][1] - counts.names[part][1]
            if rest >= 0 and part != whole and not (rest == 0 and (part, whole) in everybody):
                other = counts.number(f"of {whole} not {part}", rest)
                links.sums_to((part, other), whole)


def _levels(frame: pd.DataFrame, groups: list[Family], counts: Counts, links: Links) -> None:
    """Levels of a breakdown make up their total; levels that have a common name, the figure of that name."""
    others, dimensions = keys_without(frame, "dimensions"), text(frame, "dimensions")
    rows_of = {key: row for row, key in enumerate(zip(others, dimensions, strict=True))}
    context = keys_without(
        frame, "estimand", "term", "contrast", "dimensions", "specification", "model"
    )
    named = _named_figures(frame, counts, context)
    seen: set[tuple[object, ...]] = set()
    for group in groups:
        first = int(group.rows[0])
        parent_row = rows_of.get((others[first], group.parent))
        levels = [_level(dimensions[row], group.dimension) for row in group.rows]
        for column in SUMMED:
            numbers = [int(n) for n in counts.of[column][group.rows]]
            # a breakdown with one level only says that everybody has it, whatever is withheld
            if min(numbers) < 0 or len(numbers) == 1:
                continue
            bottoms = {int(n) for n in counts.of["denominator"][group.rows]}
            parent = int(counts.of[column][parent_row]) if parent_row is not None else -1
            mark = (*sorted(numbers), parent, *sorted(bottoms), context[first], column)
            if mark in seen:
                continue
            seen.add(mark)
            candidates = [parent, *(bottoms if len(bottoms) == 1 else ())]
            _total(group, numbers, candidates, counts, links)
            if column == "numerator":
                figures = named[(int(context[first]), group.parent)]
                _unions(dict(zip(levels, numbers, strict=True)), figures, counts, links)


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


def _total(
    group: Family, numbers: list[int], candidates: list[int], counts: Counts, links: Links
) -> None:
    total = sum(counts.names[n][1] for n in numbers)
    place = group.parent.replace("reference_", "")
    named = {counts.known(place, total), counts.known("", total)}
    for whole in {*candidates, *named} - {-1}:
        value = counts.names[whole][1]
        if value == total:
            links.sums_to(numbers, whole)
        elif value > total:
            links.within(numbers, whole)
    for number in numbers:
        level = counts.names[number][0].rsplit("=", 1)[-1]
        same = counts.known("", counts.names[number][1])
        if level in POPULATIONS and same >= 0:
            links.sums_to((number,), same)


def _unions(
    levels: dict[str, int], figures: dict[str, set[int]], counts: Counts, links: Links
) -> None:
    """Levels that make up a named figure, where the numbers agree that they do."""
    for name, wholes in figures.items():
        parts = [levels[p] for p in UNIONS[name] if p in levels]
        total = sum(counts.names[n][1] for n in parts)
        for whole in wholes:
            if parts and counts.names[whole][1] == total:
                links.sums_to(parts, whole)


def _without_value(counts: Counts, links: Links) -> None:
    """People with a value and people without one make up a larger group."""
    for people, missing in pairs(counts.of, "n_patients", "n_missing"):
        place, value = counts.names[people]
        total = value + counts.names[missing][1]
        if total == value:
            continue
        for whole in {counts.known(place, total), counts.known("", total)} - {-1}:
            links.sums_to((people, missing), whole)


def _terms(frame: pd.DataFrame, counts: Counts, links: Links) -> None:
    """Figures that are made up of other figures of the same definition."""
    terms = text(frame, "term")
    for column in ("numerator", "n_events"):
        for rows in _groups(keys_without(frame, "term"), counts.of[column]):
            figures = {terms[row]: {int(counts.of[column][row])} for row in rows}
            levels = {name: next(iter(numbers)) for name, numbers in figures.items()}
            _unions(levels, {k: v for k, v in figures.items() if k in UNIONS}, counts, links)


def _nested(frame: pd.DataFrame, counts: Counts, links: Links) -> None:
    """People of a population are people of every population it is part of."""
    populations = text(frame, "population")
    same = keys_without(frame, "population")
    for column in ("numerator", "n_patients"):
        for rows in _groups(same, counts.of[column]):
            held: dict[str, set[int]] = defaultdict(set)
            for row in rows:
                held[populations[row]].add(int(counts.of[column][row]))
            for inner, numbers in held.items():
                for outer in INSIDE.get(inner, ()):
                    for whole in held.get(outer, ()):
                        for part in numbers:
                            if counts.names[part][1] <= counts.names[whole][1]:
                                links.within((part,), whole)


def _curves(frame: pd.DataFrame, counts: Counts, links: Links) -> None:
    """Events add up and numbers at risk fall along a curve."""
    time = frame["time"].astype("float64").to_numpy()
    timed = np.where(np.isfinite(time), 0, -1)
    for column in ("n_events", "n_patients"):
        usable = np.where(timed == 0, counts.of[column], -1)
        for rows in _groups(keys_without(frame, "time"), usable):
            order = rows[np.argsort(time[rows], kind="stable")]
            numbers = [int(n) for n in usable[order]]
            values = np.array([counts.names[n][1] for n in numbers])
            if (np.diff(values) >= 0).all():
                for earlier, later in pairwise(numbers):
                    links.within((earlier,), later)
            elif (np.diff(values) <= 0).all():
                for earlier, later in pairwise(numbers):
                    links.within((later,), earlier)


def _groups(keys: IntArray, numbers: IntArray) -> list[IntArray]:
    """Rows with a count, by key; groups of one are left out."""
    rows = np.flatnonzero(numbers >= 0)
    order = rows[np.argsort(keys[rows], kind="stable")]
    cuts = np.flatnonzero(np.diff(keys[order])) + 1
    return [g for g in np.split(order, cuts) if len(g) > 1]
