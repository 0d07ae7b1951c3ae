"""What an outsider knows about how counts hang together: sums, remainders, nested groups and curves.

Every relation here holds for the true counts. They are found by general rules over the key columns of all rows of a
cohort, not analysis by analysis; a relation that holds by chance only makes protection stricter.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pandas as pd

from naturalistic.release.row_keys import keys_without, text
from naturalistic.release.suppression.counts import (
    INSIDE,
    OF_EVERYBODY,
    Counts,
    Family,
    IntArray,
    pairs,
    people_of,
    places,
)
from naturalistic.release.suppression.levels import (
    MAIN_SCALES,
    find_levels,
    whole_populations,
)
from naturalistic.release.suppression.links_model import UNIONS, Links, unions


def find_links(frame: pd.DataFrame, groups: list[Family], counts: Counts) -> Links:
    """Every relation between the counts of `frame`; new counts (remainders) are added to `counts`."""
    links = Links(counts)
    _remainders(groups, counts, links)
    find_levels(frame, groups, counts, links)
    _without_value(frame, counts, links)
    _same_people(frame, counts, links)
    _below(frame, counts, links)
    _terms(frame, counts, links)
    _nested(frame, counts, links)
    _curves(frame, counts, links)
    links.merge()
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
            if rest < 0 or part == whole:
                continue
            if rest == 0 and (part, whole) in everybody:
                links.within((part,), whole)
            else:
                other = counts.number(f"of {whole} not {part}", rest)
                links.sums_to((part, other), whole)


def _without_value(frame: pd.DataFrame, counts: Counts, links: Links) -> None:
    """People with a value and people without one make up everybody, or everybody at that place."""
    place, population = places(frame), text(frame, "population")
    people, missing = counts.of["n_patients"], counts.of["n_missing"]
    wholes = whole_populations(frame, counts)
    rows = np.flatnonzero((people >= 0) & (missing >= 0))
    for there, group, with_value, without in {
        (place[row], population[row], int(people[row]), int(missing[row])): None for row in rows
    }:
        total = counts.names[with_value][1] + counts.names[without][1]
        # who has no value of a part of a population may be everybody else of it
        groups = (group, *INSIDE.get(group, ()))
        named = {n for g in groups for n in wholes.of(g, *OF_EVERYBODY)}
        named |= {counts.known(there, total, g) for g in groups}
        for whole in sorted(named - {-1}):
            if counts.names[whole][1] == total:
                links.sums_to((with_value, without), whole)


def _same_people(frame: pd.DataFrame, counts: Counts, links: Links) -> None:
    """As many people of one population and breakdown are the same people, whatever they are called here."""
    population, dimensions = people_of(frame), text(frame, "dimensions")
    place, scale, time = places(frame), text(frame, "scale"), text(frame, "time")
    whole = np.full(len(frame), "", dtype=object)
    for columns, where, when in (
        (("n_patients", "n_episodes"), place, time),
        (("denominator",), dimensions, whole),
    ):
        first: dict[tuple[object, ...], int] = {}
        for column in columns:
            for row in np.flatnonzero(counts.of[column] >= 0):
                number = int(counts.of[column][row])
                main = "" if scale[row] in MAIN_SCALES else scale[row]
                value = counts.names[number][1]
                key = (population[row], dimensions[row], where[row], main, when[row], value)
                if first.setdefault(key, number) != number:
                    links.sums_to((number,), first[key])


def _below(frame: pd.DataFrame, counts: Counts, links: Links) -> None:
    """What stands below a share is the people of its row and, without a breakdown, everybody of their population."""
    whose, wholes = people_of(frame), whole_populations(frame, counts)
    plain = (text(frame, "dimensions") == "") & (text(frame, "contrast") == "")
    bottom, people = counts.of["denominator"], counts.of["n_patients"]
    for row in np.flatnonzero(bottom >= 0):
        number = int(bottom[row])
        same = wholes.of(whose[row], *OF_EVERYBODY) if plain[row] else set()
        for other in sorted((same | {int(people[row])}) - {-1, number}):
            if counts.names[other][1] == counts.names[number][1]:
                links.sums_to((number,), other)


def _terms(frame: pd.DataFrame, counts: Counts, links: Links) -> None:
    """Figures that are made up of other figures of the same definition."""
    terms = text(frame, "term")
    for column in ("numerator", "n_events"):
        for rows in _groups(keys_without(frame, "term"), counts.of[column]):
            figures = {terms[row]: {int(counts.of[column][row])} for row in rows}
            levels = {name: next(iter(numbers)) for name, numbers in figures.items()}
            unions(levels, {k: v for k, v in figures.items() if k in UNIONS}, counts, links)


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
            for earlier, later in pairwise(int(n) for n in usable[order]):
                smaller, larger = (earlier, later) if column == "n_events" else (later, earlier)
                if counts.names[smaller][1] <= counts.names[larger][1]:
                    links.within((smaller,), larger)


def _groups(keys: IntArray, numbers: IntArray) -> list[IntArray]:
    """Rows with a count, by key; groups of one are left out."""
    rows = np.flatnonzero(numbers >= 0)
    order = rows[np.argsort(keys[rows], kind="stable")]
    cuts = np.flatnonzero(np.diff(keys[order])) + 1
    return [g for g in np.split(order, cuts) if len(g) > 1]
