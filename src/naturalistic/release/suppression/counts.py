"""The counts that stand in rows of estimates: which of them are the same group of people.

A count is named by where it stands (its breakdown, `gender=male`), by the population its people are of (its row's, or a
larger or smaller one of which as many stand there) and by its true value. Two counts with the same name are taken to be
the same people, whatever analysis they stand in. Where that is not so, protection is only stricter: an equality that does
not hold for an outsider leaves them with more possibilities than assumed here. Small values coincide by chance so often
that a small count also carries its definition and term.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.release.row_keys import keys_without, text
from naturalistic.vocabulary import ESTIMANDS, POPULATIONS

IntArray = npt.NDArray[np.int64]
PEOPLE_COUNTS = ("n_patients", "n_episodes", "n_events", "numerator", "denominator")
EVENTS = ("n_events", "numerator", "estimate")
INSIDE = {
    # population: those it is part of
    "assessed": ("referred",),
    "started": ("assessed", "referred"),
    "started_with_followup": ("started", "assessed", "referred"),
    "paired": ("started_with_followup", "started", "assessed", "referred"),
    "planned_ending": ("started", "assessed", "referred"),
    "case_at_start": ("started", "assessed", "referred"),
}
OF_EVERYBODY = ("n_patients", "denominator")  # columns that hold whole populations
SHARE_OF = "share_of_"
WITHOUT = "without a value: "
ABSENT = -1  # the row has no such count


@dataclass(frozen=True)
class Family:
    """Rows that differ in the level of one breakdown only.

    Attributes
    ----------
    rows : array of int
        Row numbers.
    dimension : str
        The breakdown whose level varies.
    parent : str
        What is left of `dimensions` without it.
    """

    rows: IntArray
    dimension: str
    parent: str


@dataclass
class Counts:
    """Every distinct count of a set of rows.

    Attributes
    ----------
    names : list of (str, int)
        Place and true value of each count.
    people : mapping of (str, int) to set of str
        Populations of which so many people stand at a place.
    of : mapping of str to array, shape (rows,)
        Number of the count that stands in a column of each row; -1 where there is none.
    twins : dict of int to int
        Counts that are seen in the place of another (see `twin`).
    same : dict of int to int
        Counts that are known to be the same people as another, which stands for them (see `stand_for`).
    """

    names: list[tuple[str, int]] = field(default_factory=list)
    people: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    of: dict[str, IntArray] = field(default_factory=dict)
    twins: dict[int, int] = field(default_factory=dict)
    same: dict[int, int] = field(default_factory=dict)
    _ids: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def values(self) -> IntArray:
        """True values, shape (counts,)."""
        return np.array([value for _, value in self.names], dtype=np.int64)

    def number(self, place: str, value: int) -> int:
        """Number of the count of that name, made when it is new."""
        name = (place, int(value))
        if name not in self._ids:
            self._ids[name] = len(self.names)
            self.names.append(name)
        return self._ids[name]

    def twin(self, number: int) -> int:
        """Another count of the same place and value, that an outsider does not know to be the same.

        Where a part is as large as the whole because the other part is nobody, both have one name; only with two
        numbers can the other part be anything but nobody.
        """
        place, value = self.names[number]
        other = self.number(f"{place} (again)", value)
        self.twins[other] = number
        return other

    @property
    def seen_as(self) -> IntArray:
        """Number of the count in whose place each is seen: itself, or the one it is the twin of."""
        own = np.arange(len(self.names))
        for twin, number in self.twins.items():
            own[twin] = number
        return own

    def stand_for(self, standing: IntArray) -> None:
        """Put, wherever it stands, another count in the place of each; shape (counts,)."""
        for column, numbers in self.of.items():
            self.of[column] = np.where(numbers >= 0, standing[numbers], numbers)
        self.twins = {
            int(standing[t]): int(standing[n])
            for t, n in self.twins.items()
            if standing[t] != standing[n]
        }
        self.same = {n: int(s) for n, s in enumerate(standing) if s != n}

    @property
    def stands_for(self) -> IntArray:
        """Number of the count that stands in the place of each: itself, or one that is the same people."""
        own = np.arange(len(self.names))
        own[list(self.same)] = list(self.same.values())
        return own

    def whose(self, place: str, value: int, population: str, *, alone: bool = False) -> str | None:
        """Population, related to this one, of which so many people stand at a place; None where there is none."""
        standing = self.people.get((place, value), set())
        wanted = (population,) if alone else related(population)
        return next((p for p in wanted if p in standing), None)

    def known(self, place: str, value: int, population: str) -> int:
        """Number of the count of so many people of a population at a place; -1 when there is none."""
        whose = self.whose(place, value, population, alone=True)
        return (
            ABSENT if whose is None else self._ids.get((called(place, whose), int(value)), ABSENT)
        )


def places(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Breakdown of each row; for the level of a model's term that level, as if the row were broken down by it."""
    dimensions, terms, contrasts = (text(frame, c) for c in ("dimensions", "term", "contrast"))
    plain = [
        d.replace("reference_", "") or (f"{t.split(':')[-1]}={c.split(' vs ')[0]}" if c else "")
        for d, t, c in zip(dimensions, terms, contrasts, strict=True)
    ]
    return np.array(plain, dtype=object)


def people_of(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Population that `n_patients` and `denominator` of each row count.

    A share of those who started counts these. A model of those who started that has as many people as have both forms
    has these people.
    """
    own, terms = text(frame, "population"), text(frame, "term")
    whose, people = own.copy(), frame["n_patients"].astype("float64").to_numpy()
    fitted = text(frame, "model") != ""
    plain = (text(frame, "dimensions") == "") & (text(frame, "contrast") == "")
    both = people[(own == "paired") & ~fitted & plain & (terms != f"{SHARE_OF}started")]
    whose[fitted & (own == "started") & np.isin(people, both[np.isfinite(both)])] = "paired"
    for row, term in enumerate(terms):
        name = term.removeprefix(SHARE_OF)
        if name != term and name in POPULATIONS:
            whose[row] = name
    return whose


def families(frame: pd.DataFrame) -> list[Family]:
    """Every set of rows that differ in the level of one breakdown only."""
    others = keys_without(frame, "dimensions")
    found: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    for row, dimensions in enumerate(text(frame, "dimensions")):
        if dimensions:
            parts = dimensions.split(";")
            for i, part in enumerate(parts):
                parent = ";".join(parts[:i] + parts[i + 1 :])
                found[(int(others[row]), part.split("=", 1)[0], parent)].append(row)
    return [
        Family(np.array(rows), dimension, parent) for (_, dimension, parent), rows in found.items()
    ]


def collect(frame: pd.DataFrame, groups: list[Family], small: int) -> Counts:
    """Every distinct count of `frame`, and where it stands; counts up to `small` are told apart more finely."""
    counts = Counts()
    place = places(frame)
    finer = _finer(frame, place)
    whole = _places_of_denominators(frame, groups, place)
    # two contrasts of one figure have the same people below them
    below = np.where(text(frame, "dimensions") == "", "", whole).astype(object)
    shares = _is_share(frame, place != whole)
    counts.people = _people_of(frame, place)
    time, own, whose = text(frame, "time"), text(frame, "population"), people_of(frame)
    scale = (
        text(frame, "instrument")
        + np.where(text(frame, "scale") == "", "", ":")
        + text(frame, "scale")
    )
    for column in (*PEOPLE_COUNTS, "n_missing", "estimate"):
        values = frame[column].astype("float64").to_numpy()
        usable = np.isfinite(values)
        if column == "estimate":
            usable &= _unit_is_people(frame) & (values == np.round(values))
        population = whose if column in OF_EVERYBODY else own
        numbers = np.full(len(frame), ABSENT, dtype=np.int64)
        for row in np.flatnonzero(usable & (values >= 0)):
            of_whole = column == "n_patients" and shares[row]
            name = below[row] if column == "denominator" else whole[row] if of_whole else place[row]
            value = int(values[row])
            group = counts.whose(name, value, population[row], alone=column in EVENTS)
            if value <= small:
                name = f"{name} [{finer[column][row]}]"
            elif column == "n_missing":
                name = called(name, population[row])
            elif group is not None:
                name = called(name, group)
            elif column in EVENTS:
                # as many people on two scales are not the same people
                name = f"{called(name, population[row])} [{scale[row]}]{time[row]}"
            else:
                when = "" if column == "denominator" else time[row]
                name = f"{called(name, population[row])}{when}"
            numbers[row] = counts.number(_kind(column) + name, value)
        counts.of[column] = numbers
    return counts


def called(place: str, population: str) -> str:
    """Name of the people of a population at a place."""
    return f"{place} |{population}|"


def related(population: str) -> tuple[str, ...]:
    """Populations whose people may be the people of this one: itself, those it is part of, those that are part of it."""
    inner = tuple(p for p, outer in INSIDE.items() if population in outer)
    if not population:
        inner = tuple(POPULATIONS)
    return (population, *INSIDE.get(population, ()), *inner, *([""] if population else []))


def _people_of(
    frame: pd.DataFrame, place: npt.NDArray[np.object_]
) -> dict[tuple[str, int], set[str]]:
    """Populations of which so many people stand at a place, outside curves: by place and number."""
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    time, population = text(frame, "time"), people_of(frame)
    people = frame["n_patients"].astype("float64").to_numpy()
    for row in np.flatnonzero(np.isfinite(people) & (time == "")):
        found[(str(place[row]), int(people[row]))].add(population[row])
    return found


def _kind(column: str) -> str:
    return WITHOUT if column == "n_missing" else ""


def _finer(
    frame: pd.DataFrame, place: npt.NDArray[np.object_]
) -> dict[str, npt.NDArray[np.object_]]:
    """What tells small counts of one place apart: the population, and for events their definition."""
    population, term, scale = text(frame, "population"), text(frame, "term"), text(frame, "scale")
    whose = people_of(frame)
    scaled = _joined(whose, np.where(scale == "all", "", scale))
    timed = _joined(scaled, text(frame, "time"))
    people = np.where(place == "", timed, whose).astype(object)
    kept = ("definition", "instrument", "scale", "term", "time", "contrast")
    full = _joined(population, *(text(frame, name) for name in kept))
    of_level = np.array(
        [bool(t) and f"{t}=" in p for t, p in zip(term, place, strict=True)], dtype=bool
    )
    events = np.where(of_level, population, full).astype(object)
    of_value = ("instrument", "scale", "term", "contrast")
    return {
        "n_patients": people,
        "denominator": np.where(place == "", scaled, whose).astype(object),
        "n_episodes": people,
        "estimate": people,
        "n_events": events,
        "numerator": events,
        "n_missing": _joined(population, *(text(frame, name) for name in of_value)),
    }


def _joined(*columns: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    return np.array(
        [",".join(map(str, parts)) for parts in zip(*columns, strict=True)], dtype=object
    )


def _unit_is_people(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    units = {name: e.unit == "people" for name, e in ESTIMANDS.items()}
    return np.array([units[e] for e in text(frame, "estimand")], dtype=bool)


def _is_share(frame: pd.DataFrame, divided: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Rows whose `n_patients` repeats a denominator that is the whole of their breakdown."""
    people, top, bottom = (
        frame[c].astype("float64").to_numpy() for c in ("n_patients", "numerator", "denominator")
    )
    repeats = divided & (people == bottom)
    alike = keys_without(frame, "dimensions")
    # where all have it, numerator and denominator agree: the other rows of the breakdown say which is repeated
    return repeats & np.isin(alike, alike[repeats & (top != people)])


def _places_of_denominators(
    frame: pd.DataFrame, groups: list[Family], place: npt.NDArray[np.object_]
) -> npt.NDArray[np.object_]:
    """Breakdown that a denominator belongs to: that of its row without what it does not vary with."""
    bottom = frame["denominator"].astype("float64").to_numpy()
    constant: dict[int, list[str]] = defaultdict(list)
    for group in groups:
        values = bottom[group.rows]
        if len(values) > 1 and np.isfinite(values).all() and (values == values[0]).all():
            for row in group.rows:
                constant[int(row)].append(group.dimension)
    whole = place.copy()
    for row, dropped in constant.items():
        parts = str(frame["dimensions"].iat[row]).split(";")
        kept = [p for p in parts if p.split("=", 1)[0] not in dropped]
        whole[row] = ";".join(kept).replace("reference_", "")
    return whole


def pairs(relation: dict[str, IntArray], *columns: str) -> Iterator[tuple[int, ...]]:
    """Distinct combinations of counts that stand together in a row in these columns."""
    stacked = np.column_stack([relation[c] for c in columns])
    complete = stacked[(stacked >= 0).all(axis=1)]
    for row in np.unique(complete, axis=0):
        yield tuple(int(v) for v in row)
