"""Who was treated, and how those who completed or have both forms differ from the others."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.axis import Point, Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sentences import people as population_count
from naturalistic.report.wording import (
    brief_interval,
    count,
    label,
    listed,
    lower_first,
    number,
    percent,
    reason,
    value,
)
from naturalistic.vocabulary import CHARACTERISTICS

NAME = "characteristics"
GROUPS = {
    "started": "Everyone who started",
    "planned_ending": "Planned ending",
    "paired": "First and last form",
}
CONTRASTS = {
    "planned_ending vs other_endings": "planned ending against other endings",
    "paired vs not_paired": "both forms against not both",
}
LARGE = 0.2  # from here a sentence names the difference: "small" in Cohen's words
GUIDE = 0.1  # below it groups are usually called balanced (Austin 2009)


def people(released: Released, _: PublishedStudy | None) -> Section | None:
    """Table of characteristics in three groups, and standardised differences."""
    if not released.has(NAME):
        return None
    terms = list(dict.fromkeys(released.rows(NAME)["term"].astype(str)))
    absent = [t for t in terms if _held(released, t) is False]
    # numbers first: a table without a heading of its own reads badly below levels
    held = sorted((t for t in terms if t not in absent), key=lambda t: not _is_number(released, t))
    blocks: list[Block] = []
    if (figure := _love_plot(released, held)) is not None:
        blocks.append(figure)
    rows = [row for term in held for row in _rows(released, term)]
    if rows:
        blocks.append(_table(released, rows))
    if absent:
        names = listed(lower_first(label(term)) for term in absent)
        blocks.append(Text((f"Not measured here: {names}.",)))
    findings = tuple(_finding(released, held, contrast) for contrast in CONTRASTS if held)
    return Section("people", "Who was treated", findings, tuple(blocks))


def _held(released: Released, term: str) -> bool:
    rows = released.rows(NAME, term=term)
    return not bool((rows["status"] == "not_measured").all())


def _is_number(released: Released, term: str) -> bool:
    return bool((released.rows(NAME, term=term)["estimand"] == "mean").any())


def _table(released: Released, rows: list[tuple[str, ...]]) -> Table:
    heads = [f"{name} ({count(population_count(released, key))})" for key, name in GROUPS.items()]
    return Table(
        "Characteristics: number and share of each group; mean and standard deviation (SD) of numbers",
        ("Characteristic", *heads),
        rows,
        note="Shares are of the whole group, people for whom nothing is recorded among them.",
    )


def _rows(released: Released, term: str) -> list[tuple[str, ...]]:
    means = {key: released.one(NAME, term=term, population=key, estimand="mean") for key in GROUPS}
    if any(row is not None for row in means.values()):
        return [(label(term), *(_mean(released, term, key) for key in GROUPS))]
    shares = {
        key: dict(released.levels(NAME, term, term=term, population=key, estimand="proportion"))
        for key in GROUPS
    }
    levels = list(dict.fromkeys(level for group in shares.values() for level in group))
    return [(label(term),)] + [
        (label(term, level), *(_share(shares[key].get(level)) for key in GROUPS))
        for level in _in_order(term, levels)
    ]


def _in_order(term: str, levels: list[str]) -> list[str]:
    """The order of the vocabulary; what is not recorded comes last."""
    known = list(CHARACTERISTICS[term].levels) if term in CHARACTERISTICS else []
    place = {level: i for i, level in enumerate(known)}
    return sorted(
        levels, key=lambda level: (level == "not_recorded", place.get(level, len(place)), level)
    )


def _share(row: pd.Series | None) -> str:
    if row is None:
        return "–"
    return reason(row) or f"{number(row['numerator'], 0)} ({percent(row['estimate'])})"


def _mean(released: Released, term: str, population: str) -> str:
    mean, spread = (
        released.one(NAME, term=term, population=population, estimand=estimand)
        for estimand in ("mean", "standard_deviation")
    )
    if mean is None or not is_ok(mean):
        return reason(mean)
    text = f"{value(mean)} (SD {value(spread)})"
    missing = mean["n_missing"]
    return text if pd.isna(missing) or missing == 0 else f"{text}; {number(missing, 0)} missing"


def _differences(released: Released, term: str) -> list[pd.Series | None]:
    return [
        released.one(NAME, term=term, estimand="standardised_difference", contrast=contrast)
        for contrast in CONTRASTS
    ]


def _size(row: pd.Series | None) -> float:
    return abs(float(row["estimate"])) if row is not None and is_ok(row) else -1.0


def _love_plot(released: Released, held: list[str]) -> Figure | None:
    found = {term: _differences(released, term) for term in held}
    found = {term: rows for term, rows in found.items() if any(is_ok(row) for row in rows)}
    if not found:
        return None
    order = sorted(found, key=lambda term: (-max(_size(row) for row in found[term]), term))
    rows = [
        DotRow(
            label(term),
            tuple(_distance(row) for row in found[term]),
            " | ".join(number(_size(row), 2) if is_ok(row) else "–" for row in found[term]),
        )
        for term in order
    ]
    largest = order[0]
    return Figure(
        "standardised_differences",
        dot_plot(
            rows,
            Scale("Standardised difference, without its sign", null=0.0, guides=(GUIDE,)),
            series=tuple(CONTRASTS.values()),
            synthetic=released.synthetic,
        ),
        "How far groups differ in each characteristic, in standard deviations (over all levels together where there "
        "are levels). Bars are intervals. Left of the dotted line (0.1) groups are usually called balanced. People "
        "still in therapy are in neither group of the first comparison.",
        "Dot plot of standardised differences between people with a planned ending and others who have ended, and "
        f"between people with and without both forms. The largest is {lower_first(label(largest))}: "
        + " and ".join(value(row) for row in found[largest])
        + ".",
        Table(
            "Standardised differences with intervals",
            ("Characteristic", *(name.capitalize() for name in CONTRASTS.values())),
            [(label(term), *(brief_interval(row) for row in found[term])) for term in order],
        ),
    )


def _distance(row: pd.Series | None) -> Point | None:
    if row is None or not is_ok(row):
        return None
    low, high = float(row["conf_low"]), float(row["conf_high"])
    if pd.isna(low):
        return Point(_size(row), _size(row), _size(row))
    ends = sorted((abs(low), abs(high)))
    return Point(_size(row), 0.0 if low <= 0 <= high else ends[0], ends[1])


def _finding(released: Released, held: list[str], contrast: str) -> str:
    rows = {
        term: released.one(NAME, term=term, estimand="standardised_difference", contrast=contrast)
        for term in held
    }
    groups = {
        "planned_ending vs other_endings": "People with a planned ending and others who have ended",
        "paired vs not_paired": "People with both forms and without",
    }[contrast]
    if not any(is_ok(row) for row in rows.values()):
        return f"{groups}: how they differ is {reason(next(iter(rows.values())))}."
    large = {
        term: row
        for term, row in rows.items()
        if row is not None
        and has_interval(row)
        and _size(row) >= LARGE
        and not row["conf_low"] <= 0 <= row["conf_high"]
    }
    if not large:
        return (
            f"{groups} were alike in what was recorded: no standardised difference of {LARGE:g} or more stands clear "
            "of chance."
        )
    order = sorted(large.items(), key=lambda item: -_size(item[1]))
    names = [f"{lower_first(label(term))} ({number(_size(row), 2)})" for term, row in order]
    names[0] = names[0].replace("(", "(standardised difference ", 1)
    return f"{groups} differed most in {listed(names)}."
