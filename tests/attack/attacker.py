"""An outsider who has everything in `release/` of a cohort and tries to work out what was withheld.

No code is shared with the protector: this module imports nothing of the package. The outsider reads all of it (`reading`),
knows the profile (threshold, rounding base, what is rounded more coarsely) and how the figures hang together: levels and
totals, numerators and remainders, people with and without a value, populations inside each other, curves, named unions of
categories, the same people in several tables, and n worked back from spreads, errors, limits and degrees of freedom
(`worked_back`). Each
candidate identity is put to an oracle before it is used, so that the outsider knows everything an expert of the field
could know about which of them hold, and is never led astray.

For a withheld count the outsider finds the smallest and the largest whole number that agrees with all of it
(HiGHS integer programmes). The count is recovered, in the sense of the promise, when that range does not hold every
number from 0 to the threshold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain, pairwise

import numpy as np

from tests.attack.reading import KEY, SLOTS, Released
from tests.attack.solver import narrowed
from tests.attack.system import Slot, System
from tests.attack.worked_back import Spreads, guesses

LARGER = {
    "assessed": ["referred"],
    "started": ["referred", "assessed"],
    "started_with_followup": ["referred", "assessed", "started"],
    "paired": ["referred", "assessed", "started", "started_with_followup"],
    "planned_ending": ["referred", "assessed", "started"],
    "case_at_start": ["referred", "assessed", "started"],
}
MADE_OF = {
    "reliable_improvement": ("recovered", "improved"),
    "reliable_deterioration": ("deteriorated", "deteriorated_across_cutoff"),
    "recovery": ("recovered",),
}
MAIN_SCALES = ("", "all", "total")  # the scale that other tables speak of without naming it
Oracle = Callable[[list[tuple[Slot, int]], str], bool]


class Attacker:
    """What can be worked out from one release.

    Parameters
    ----------
    released : Released
        The release.
    oracle : callable
        Whether a linear relation between slots (``"="`` to 0 or ``"<"`` at most 0) holds in truth.
    """

    def __init__(self, released: Released, oracle: Oracle) -> None:
        self.released, self.oracle = released, oracle
        self.rows = released.rows
        self.column = {c: self.rows[c].to_numpy() for c in self.rows.columns}
        self.people = np.array([e in ("count",) for e in self.column["estimand"]])
        self.system = System()
        self.shares = self._kinds_of_shares()
        self._same_people()
        self._know_what_is_shown()
        self._sums()
        self._parts()
        self._below()
        self._inside()
        self._curves()
        self._from_errors()
        self._from_words()

    # -- unknowns -----------------------------------------------------------------------------------------------------

    def _exists(self, slot: Slot) -> bool:
        return self.oracle([(slot, 1)], "exists")

    def _kind(self, row: int) -> tuple[str, ...]:
        return tuple(self.column[k][row] for k in ("analysis", "estimand", "definition", "term"))

    def _kinds_of_shares(self) -> set[tuple[str, ...]]:
        """Kinds of rows whose `n_patients` is not the number with the level but that of all it is a share of."""
        return {
            self._kind(row)
            for row in range(len(self.rows))
            if self._exists((row, "numerator"))
            and self._exists((row, "n_patients"))
            and not self.oracle([((row, "n_patients"), 1), ((row, "numerator"), -1)], "=")
        }

    def _same_people(self) -> None:
        """One unknown for the same people wherever they stand: by population and breakdown, or by event."""
        known: dict[tuple[object, ...], list[int]] = defaultdict(list)
        first: dict[int, Slot] = {}
        for row in range(len(self.rows)):
            for column in SLOTS:
                slot = (row, column)
                if not self._exists(slot):
                    continue
                for unknown in known[self._who(row, column)]:
                    if self.oracle([(slot, 1), (first[unknown], -1)], "="):
                        break
                else:
                    unknown = self.system.new()
                    first[unknown] = slot
                    known[self._who(row, column)].append(unknown)
                self.system.name[slot] = unknown

    def _who(self, row: int, column: str) -> tuple[object, ...]:
        value = {k: self.column[k][row] for k in KEY}
        place = value["dimensions"] or f"{value['term']}={value['contrast'].split(' vs ')[0]}"
        # the main scale is the one that other tables speak of without naming it
        scale = value["scale"] if value["scale"] not in ("", "all") else ""
        whole = (
            self._population(row, column),
            value["dimensions"],
            value["instrument"] and scale,
        )
        if column in ("n_patients", "n_episodes"):
            level = value["term"].partition("_by_")[0] + "="  # category_by_method is of categories
            of_all = level in value["dimensions"] and self._kind(row) in self.shares
            return (
                *whole,
                value["contrast"] and place,
                value["time"],
                *(["all"] if of_all else []),
            )
        if column in ("numerator", "n_events"):
            if value["term"] + "=" in value["dimensions"]:
                return (*whole, "", value["time"])
            kept = ("definition", "instrument", "scale", "term", "time", "contrast")
            return (*whole, *(value[k] for k in kept))
        if column == "denominator":
            return ("below", *whole)
        return (
            "without",
            *whole,
            value["instrument"],
            value["scale"],
            value["term"],
            value["contrast"],
        )

    def _population(self, row: int, column: str) -> str:
        """Whose people a count is of: a share of those who started is one of everybody who started."""
        before, share, of_whom = self.column["term"][row].partition("share_of_")
        shared = share and not before and of_whom in LARGER
        below = column in ("n_patients", "denominator")
        return of_whom if shared and below else self.column["population"][row]

    def _know_what_is_shown(self) -> None:
        tables = (
            (slot, float(text))
            for slot in self.system.name
            if (text := self.column[slot[1]][slot[0]]) != ""
        )
        bundle = (((row, column), value) for row, column, value in self.released.seen_again)
        for slot, value in chain(tables, bundle):
            unknown = self.system.name[slot]
            low, high = self._interval(value, *slot)
            self.system.low[unknown] = max(self.system.low[unknown], low)
            self.system.high[unknown] = min(self.system.high[unknown], high)

    def _interval(self, shown: float, row: int, column: str) -> tuple[float, float]:
        base = self._base(row, column)
        low = np.ceil(shown - base / 2)
        high = np.ceil(shown + base / 2) - 1
        return max(low, self.released.threshold + 1), high

    def _base(self, row: int, column: str) -> int:
        """What a count is rounded to."""
        key = (*(self.column[k][row] for k in KEY), column)
        return self.released.coarse.get(key, self.released.base)

    # -- equations ----------------------------------------------------------------------------------------------------

    def _equal(self, parts: Iterable[Slot], whole: Slot) -> None:
        terms = [(p, 1) for p in parts] + [(whole, -1)]
        # nobody and nobody make nobody by chance in every small table: that says nothing
        if self.oracle([(whole, 1)], "any") and self.oracle(terms, "="):
            self._add(terms, both=True)

    def _at_most(self, parts: Iterable[Slot], whole: Slot) -> None:
        terms = [(p, 1) for p in parts] + [(whole, -1)]
        if self.oracle(terms, "<"):
            self._add(terms, both=False)

    def _add(self, terms: list[tuple[Slot, int]], *, both: bool) -> None:
        total: dict[int, float] = defaultdict(float)
        for slot, sign in terms:
            total[self.system.name[slot]] += sign
        row = {u: c for u, c in total.items() if c}
        if row:
            self.system.equations.append((row, 0.0 if both else -np.inf))

    def _groups(self, *left_out: str) -> list[list[int]]:
        found: dict[tuple[str, ...], list[int]] = defaultdict(list)
        kept = [k for k in KEY if k not in left_out]
        for row in range(len(self.rows)):
            found[tuple(self.column[k][row] for k in kept)].append(row)
        return [rows for rows in found.values() if len(rows) > 1]

    def _breakdowns(self) -> dict[tuple[str, ...], list[int]]:
        """Rows that differ in one level only, by what they share."""
        found: dict[tuple[str, ...], list[int]] = defaultdict(list)
        kept = [k for k in KEY if k != "dimensions"]
        for row, dimensions in enumerate(self.column["dimensions"]):
            parts = dimensions.split(";") if dimensions else []
            for part in parts:
                rest = ";".join(p for p in parts if p != part)
                key = (part.split("=")[0], rest, *(self.column[k][row] for k in kept))
                found[key].append(row)
        return found

    def _sums(self) -> None:
        """Levels against the row of their total, their denominator, and everybody in the population."""
        whole_rows = {tuple(self.column[k][row] for k in KEY): row for row in range(len(self.rows))}
        everybody = self._everybody()
        done: set[tuple[object, ...]] = set()
        kept = [k for k in KEY if k != "dimensions"]
        listed = self._levels_listed()
        for key, rows in self._breakdowns().items():
            if len(rows) < 2:
                continue
            # a level that has no row here but one elsewhere may have people: then the rest do not make up everybody
            complete = {_level(self.column["dimensions"][r], key[0]) for r in rows} >= listed[
                key[0]
            ]
            parent = dict(zip(kept, key[2:], strict=True)) | {"dimensions": key[1]}
            total_row = whole_rows.get(tuple(parent[k] for k in KEY))
            for column in SLOTS:
                parts = [(row, column) for row in rows]
                if any(p not in self.system.name for p in parts):
                    continue
                mark = (key[0], key[1], *(self.system.name[p] for p in parts))
                main = not key[1] and parent["scale"] in MAIN_SCALES
                wholes = list(everybody.get(parent["population"], [])) if main else []
                bottoms = [(row, "denominator") for row in rows]
                shares = all(b in self.system.name for b in bottoms) and all(
                    self.oracle([(b, 1), (bottoms[0], -1)], "=") for b in bottoms[1:]
                )
                # where all rows have one denominator it is the whole, and not something to add up
                if shares and column == "denominator":
                    continue
                if shares and all(self.oracle([(p, 1), (bottoms[0], -1)], "=") for p in parts):
                    continue
                wholes += bottoms[:1] if shares else []
                wholes += [(total_row, column)] if total_row is not None else []
                for whole in wholes:
                    if whole not in self.system.name:
                        continue
                    full = (*mark, self.system.name[whole])
                    if full in done:
                        continue
                    done.add(full)
                    if complete:
                        self._equal(parts, whole)
                    if whole[1] == column:
                        self._at_most(parts, whole)
                self._unions(rows, column, parent)

    def _levels_listed(self) -> dict[str, set[str]]:
        """Every level of a breakdown that stands anywhere in the release."""
        found: dict[str, set[str]] = defaultdict(set)
        for dimensions in self.column["dimensions"]:
            for part in dimensions.split(";") if dimensions else []:
                found[part.split("=")[0]].add(part.split("=", 1)[1])
        return found

    def _everybody(self) -> dict[str, list[Slot]]:
        """Slots that hold a whole population, one for each distinct unknown."""
        found: dict[str, dict[int, Slot]] = defaultdict(dict)
        for (row, column), unknown in self.system.name.items():
            plain = not self.column["dimensions"][row] and not self.column["contrast"][row]
            plain &= self.column["scale"][row] in MAIN_SCALES
            plain &= self._of_everybody(row)
            if plain and column in ("n_patients", "denominator"):
                found[self._population(row, column)].setdefault(unknown, (row, column))
        return {name: list(slots.values()) for name, slots in found.items()} | {"": []}

    def _of_everybody(self, row: int) -> bool:
        """Only part of a population is still at risk, or a case at the start: as many elsewhere are so by chance."""
        return self.column["estimand"][row] != "at_risk" and self.column["term"][row] != "recovery"

    def _unions(self, rows: list[int], column: str, parent: dict[str, str]) -> None:
        if column != "numerator":
            return
        for row, term in enumerate(self.column["term"]):
            if term not in MADE_OF or self.column["dimensions"][row] != parent["dimensions"]:
                continue
            same = ("definition", "instrument", "scale", "population", "analysis")
            if any(self.column[k][row] != parent[k] for k in same):
                continue
            names = [f"={name}" for name in MADE_OF[term]]
            parts = [
                (r, column) for r in rows if any(n in self.column["dimensions"][r] for n in names)
            ]
            if parts and (row, column) in self.system.name:
                self._equal(parts, (row, column))

    def _parts(self) -> None:
        """Numerator within denominator; people with and without a value make up everybody."""
        self.wholes = self._wholes()
        done: set[tuple[int, ...]] = set()
        for row in range(len(self.rows)):
            slots = {c: (row, c) for c in SLOTS if (row, c) in self.system.name}
            for part, whole in (("numerator", "denominator"), ("n_events", "n_patients")):
                if part in slots and whole in slots:
                    pair = (self.system.name[slots[part]], self.system.name[slots[whole]])
                    if pair not in done:
                        done.add(pair)
                        self._at_most([slots[part]], slots[whole])
            if "n_missing" in slots and "n_patients" in slots:
                self._with_and_without(row, slots, done)

    def _with_and_without(
        self, row: int, slots: dict[str, Slot], done: set[tuple[int, ...]]
    ) -> None:
        """Who has no value of a part of those who started is everybody else who started, of a level too."""
        population = self.column["population"][row]
        groups = {population, *{"started"}.intersection(LARGER.get(population, []))}
        for group in sorted(groups):
            for whole in self.wholes.get((group, self.column["dimensions"][row]), []):
                unknowns = (slots["n_missing"], slots["n_patients"], whole)
                mark = tuple(self.system.name[u] for u in unknowns)
                if mark not in done:
                    done.add(mark)
                    self._equal([slots["n_patients"], slots["n_missing"]], whole)

    def _wholes(self) -> dict[tuple[str, str], list[Slot]]:
        """Slots that hold a whole population or a whole level of it, by population and breakdown."""
        found: dict[tuple[str, str], dict[int, Slot]] = defaultdict(dict)
        for (row, column), unknown in self.system.name.items():
            plain = not self.column["contrast"][row] and self.column["scale"][row] in MAIN_SCALES
            plain &= self._of_everybody(row)
            dimensions = self.column["dimensions"][row]
            level = column == "numerator" and dimensions.startswith(f"{self.column['term'][row]}=")
            if plain and (column in ("n_patients", "denominator") or level):
                key = (self._population(row, column), dimensions)
                found[key].setdefault(unknown, (row, column))
        return {key: list(slots.values()) for key, slots in found.items() if key[0]}

    def _below(self) -> None:
        """What stands below a share is the number of people of its row, and of its whole population."""
        everybody = self._everybody()
        done: set[tuple[int, int]] = set()
        for row in range(len(self.rows)):
            below = (row, "denominator")
            if below not in self.system.name:
                continue
            whole = not self.column["dimensions"][row] and not self.column["contrast"][row]
            others = everybody.get(self._population(*below), []) if whole else []
            for other in [(row, "n_patients"), *others]:
                instruments = {self.column["instrument"][r] for r in (row, other[0])} - {""}
                # as many people with another questionnaire need not be the same people
                if other not in self.system.name or len(instruments) > 1:
                    continue
                pair = (self.system.name[below], self.system.name[other])
                if pair[0] != pair[1] and pair not in done:
                    done.add(pair)
                    self._equal([below], other)

    def _inside(self) -> None:
        for rows in self._groups("population"):
            by_population: dict[str, list[int]] = defaultdict(list)
            for row in rows:
                by_population[self.column["population"][row]].append(row)
            for inner, mine in by_population.items():
                for outer in LARGER.get(inner, []):
                    for theirs in by_population.get(outer, []):
                        for row in mine:
                            for column in ("numerator", "n_patients"):
                                a, b = (row, column), (theirs, column)
                                if a in self.system.name and b in self.system.name:
                                    self._at_most([a], b)

    def _curves(self) -> None:
        for rows in self._groups("time"):
            timed = [r for r in rows if self.column["time"][r]]
            timed.sort(key=lambda r: float(self.column["time"][r]))
            for column in ("n_events", "n_patients"):
                held = [r for r in timed if (r, column) in self.system.name]
                for earlier, later in pairwise(held):
                    # events add up, people under observation fall
                    if column == "n_events":
                        self._at_most([(earlier, column)], (later, column))
                    else:
                        self._at_most([(later, column)], (earlier, column))

    def _from_errors(self) -> None:
        """n worked back from errors, limits and degrees of freedom; used where it holds the truth."""
        spreads = Spreads(self.column)
        for row in range(len(self.rows)):
            for column, low, high in guesses(self.column, row, spreads):
                if (row, column) not in self.system.name:
                    continue
                # errors and degrees of freedom are released as if n were the rounded n: they speak of that number
                base = self._base(row, column)
                first, last = np.ceil(low / base - 1e-9) * base, np.floor(high / base + 1e-9) * base
                if first <= last:
                    self._between(
                        (row, column), np.ceil(first - base / 2), np.ceil(last + base / 2) - 1
                    )

    def _between(self, slot: Slot, low: float, high: float) -> None:
        """A range that a slot lies in; used where it holds the truth."""
        unknown = self.system.name[slot]
        if self.oracle([(slot, 1)], f"in {low} {high}"):
            self.system.low[unknown] = max(self.system.low[unknown], low)
            self.system.high[unknown] = min(self.system.high[unknown], high)

    def _from_words(self) -> None:
        """A number of people that is said somewhere and stands in no table is that of whatever it is the number of."""
        first = {unknown: slot for slot, unknown in self.system.name.items()}
        for number in self.released.said:
            for slot in first.values():
                self._between(slot, float(number), float(number))

    # -- answers ------------------------------------------------------------------------------------------------------

    def recovered(self, targets: list[Slot], least: Callable[[Slot], int]) -> list[Slot]:
        """Those targets whose range does not hold every number from `least` to the threshold."""
        unknowns: dict[int, list[Slot]] = defaultdict(list)
        for slot in targets:
            unknowns[self.system.name[slot]].append(slot)
        floor = {u: min(least(s) for s in slots) for u, slots in unknowns.items()}
        lost = narrowed(self.system, floor, self.released.threshold)
        return [slot for u in lost for slot in unknowns[u]]


def _level(dimensions: str, dimension: str) -> str:
    return dict(part.split("=", 1) for part in dimensions.split(";"))[dimension]
