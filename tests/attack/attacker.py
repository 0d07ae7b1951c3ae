"""An outsider who has everything in `release/` of a cohort and tries to work out what was withheld.

No code is shared with the protector: this module imports nothing of the package. The outsider knows the profile (threshold,
rounding base, what is rounded more coarsely) and how the figures hang together: levels and totals, numerators and
remainders, people with and without a value, populations inside each other, curves, named unions of categories, the same
people in several tables, and n worked back from a standard deviation, a standard error and degrees of freedom. Each
candidate identity is put to an oracle before it is used, so that the outsider knows everything an expert of the field
could know about which of them hold, and is never led astray.

For a withheld count the outsider finds the smallest and the largest whole number that agrees with all of it
(HiGHS integer programmes). The count is recovered, in the sense of the promise, when that range does not hold every
number from 0 to the threshold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

COUNTED = ("n_patients", "n_episodes", "n_events", "numerator", "denominator")
SLOTS = (*COUNTED, "n_missing")
KEY = (
    "analysis",
    "estimand",
    "definition",
    "instrument",
    "scale",
    "population",
    "model",
    "specification",
    "term",
    "contrast",
    "dimensions",
    "time",
    "time_unit",
)
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
Slot = tuple[int, str]  # row and column
Oracle = Callable[[list[tuple[Slot, int]], str], bool]


@dataclass
class Released:
    """Everything in a release folder that holds counts."""

    rows: pd.DataFrame
    coarse: dict[tuple[str, ...], int]
    threshold: int
    base: int


def read_release(folder: Path, threshold: int, base: int) -> Released:
    """The tables of a release, as they lie there."""
    parts = [
        pd.read_csv(path, dtype=str, keep_default_na=False)
        for path in sorted((folder / "estimates").glob("*.csv"))
    ]
    rows = pd.concat([p for p in parts if len(p)], ignore_index=True)
    coarse = {}
    table = pd.read_csv(folder / "coarser_counts.csv", dtype=str, keep_default_na=False)
    for row in table.to_dict("records"):
        coarse[(*(row[k] for k in KEY), row["column"])] = int(row["rounded_to"])
    return Released(rows, coarse, threshold, base)


@dataclass
class System:
    """Unknown whole numbers, what is known of each alone, and the equations between them."""

    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    equations: list[tuple[dict[int, float], float]] = field(default_factory=list)  # upper side
    name: dict[Slot, int] = field(default_factory=dict)

    def new(self, low: float = 0.0, high: float = np.inf) -> int:
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1


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
        self._same_people()
        self._know_what_is_shown()
        self._sums()
        self._parts()
        self._inside()
        self._curves()
        self._from_errors()

    # -- unknowns -----------------------------------------------------------------------------------------------------

    def _exists(self, slot: Slot) -> bool:
        return self.oracle([(slot, 1)], "exists")

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
        whole = (value["population"], value["dimensions"], value["instrument"] and scale)
        if column in ("n_patients", "n_episodes"):
            return (*whole, value["contrast"] and place, value["time"])
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

    def _know_what_is_shown(self) -> None:
        for (row, column), unknown in self.system.name.items():
            text = self.column[column][row]
            if text == "":
                continue
            low, high = self._interval(float(text), row, column)
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
            if plain and column in ("n_patients", "denominator"):
                found[self.column["population"][row]].setdefault(unknown, (row, column))
        return {name: list(slots.values()) for name, slots in found.items()} | {"": []}

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
        everybody = self._everybody()
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
                for whole in everybody.get(self.column["population"][row], []):
                    three = (
                        self.system.name[slots["n_missing"]],
                        self.system.name[slots["n_patients"]],
                        self.system.name[whole],
                    )
                    if three not in done:
                        done.add(three)
                        self._equal([slots["n_patients"], slots["n_missing"]], whole)

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
        """n from (SD / SE)^2 of a mean, and from degrees of freedom; used where it holds the truth."""
        spread: dict[tuple[str, ...], float] = {}
        same = ("analysis", "population", "instrument", "scale", "term", "dimensions")
        for row, estimand in enumerate(self.column["estimand"]):
            if estimand == "standard_deviation" and self.column["estimate"][row]:
                key = tuple(self.column[k][row] for k in same)
                spread[key] = float(self.column["estimate"][row])
        for row, estimand in enumerate(self.column["estimand"]):
            slot = (row, "n_patients")
            if slot not in self.system.name:
                continue
            guesses: list[tuple[float, float]] = []
            error, sd = (
                self.column["std_error"][row],
                spread.get(tuple(self.column[k][row] for k in same)),
            )
            if estimand == "mean" and error and sd and float(error) > 0:
                e, half_e, half_s = float(error), _half_a_step(error), _half_a_step(str(sd))
                guesses.append(
                    (
                        max((sd - half_s), 0.0) ** 2 / (e + half_e) ** 2,
                        (sd + half_s) ** 2 / max(e - half_e, 1e-12) ** 2,
                    )
                )
            if self.column["df"][row] and not self.column["model"][row]:
                guesses.append(
                    (float(self.column["df"][row]) + 1, float(self.column["df"][row]) + 1)
                )
            unknown = self.system.name[slot]
            for low, high in guesses:
                # errors and degrees of freedom are released as if n were the rounded n: they speak of that number
                base = self._base(row, "n_patients")
                first, last = np.ceil(low / base - 1e-9) * base, np.floor(high / base + 1e-9) * base
                low, high = np.ceil(first - base / 2), np.ceil(last + base / 2) - 1
                if first <= last and self.oracle([(slot, 1)], f"in {low} {high}"):
                    self.system.low[unknown] = max(self.system.low[unknown], low)
                    self.system.high[unknown] = min(self.system.high[unknown], high)

    # -- answers ------------------------------------------------------------------------------------------------------

    def recovered(self, targets: list[Slot], least: Callable[[Slot], int]) -> list[Slot]:
        """Those targets whose range does not hold every number from `least` to the threshold."""
        unknowns: dict[int, list[Slot]] = defaultdict(list)
        for slot in targets:
            unknowns[self.system.name[slot]].append(slot)
        wanted = np.array(sorted(unknowns), dtype=int)
        floor = np.array([min(least(s) for s in unknowns[u]) for u in wanted], dtype=float)
        solver = _Solver(self.system, wanted)
        open_low = solver.not_reached(wanted, floor, sign=1.0)
        top = np.full(len(wanted), float(self.released.threshold))
        open_high = solver.not_reached(wanted, top, sign=-1.0)
        lost = sorted({*open_low, *open_high})
        return [slot for u in lost for slot in unknowns[u]]


def _level(dimensions: str, dimension: str) -> str:
    return dict(part.split("=", 1) for part in dimensions.split(";"))[dimension]


def _half_a_step(text: str) -> float:
    """Half of the last place of a number as it is written (1, 2 or 5 of it)."""
    digits = len(text.split(".")[1]) if "." in text else 0
    return 0.5 * 10.0**-digits


class _Solver:
    """Integer programmes over the equations that touch a wanted unknown, directly or not."""

    def __init__(self, system: System, wanted: np.ndarray) -> None:
        size = len(system.low)
        entries = [(i, u, c) for i, (row, _) in enumerate(system.equations) for u, c in row.items()]
        rows, columns, values = (
            (np.array(x) for x in zip(*entries, strict=True))
            if entries
            else (np.zeros(0, int), np.zeros(0, int), np.zeros(0))
        )
        matrix = csr_array((values, (rows, columns)), shape=(len(system.equations), size))
        _, part = connected_components(abs(matrix).T @ abs(matrix), directed=False)
        self.used = np.flatnonzero(np.isin(part, part[wanted]))
        self.place = np.full(size, -1)
        self.place[self.used] = np.arange(len(self.used))
        inside = matrix[:, self.used]
        kept = np.flatnonzero(np.diff(inside.indptr))
        self.matrix = inside[kept]
        self.below = np.array([low for _, low in system.equations])[kept]
        self.low = np.array(system.low)[self.used]
        self.high = np.array(system.high)[self.used]

    def _extreme(self, cost: np.ndarray, high: np.ndarray) -> np.ndarray | None:
        solved = self._solve(cost, high, presolve=True)
        if solved.status == 2:
            # the presolve of HiGHS 1.12 calls some of these infeasible that are not
            solved = self._solve(cost, high, presolve=False)
        if solved.status == 2:
            raise AssertionError("what is released contradicts itself: an identity is wrong")
        return None if solved.x is None else np.round(solved.x)

    def _solve(self, cost: np.ndarray, high: np.ndarray, *, presolve: bool) -> OptimizeResult:
        held = [LinearConstraint(self.matrix, self.below, 0.0)] if self.matrix.shape[0] else []
        return milp(
            cost,
            constraints=held,
            bounds=Bounds(self.low, high),
            integrality=np.ones(len(cost)),
            options={"time_limit": 60.0, "presolve": presolve},
        )

    def not_reached(self, wanted: np.ndarray, goal: np.ndarray, *, sign: float) -> list[int]:
        """Unknowns that cannot be as low (sign 1) or as high (sign -1) as their goal."""
        left = dict(zip(wanted.tolist(), goal.tolist(), strict=True))
        together = True
        lost: list[int] = []
        while left:
            mine = list(left) if together else [next(iter(left))]
            cost, high = np.zeros(len(self.used)), self.high.copy()
            cost[self.place[mine]] = sign
            if sign < 0:
                capped = self.place[mine]
                high[capped] = np.maximum(np.minimum(high[capped], goal.max()), self.low[capped])
            x = self._extreme(cost, high)
            if x is None:
                raise AssertionError("no answer in time")
            reached = [u for u, g in left.items() if sign * x[self.place[u]] <= sign * g + 1e-6]
            if not together and mine[0] not in reached:
                lost.append(mine[0])
                reached.append(mine[0])
            if not reached:
                together = False
            for u in reached:
                left.pop(u)
        return lost
