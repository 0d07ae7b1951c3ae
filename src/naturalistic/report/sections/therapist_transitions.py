"""People by rating before and after, one problem or risk at a time."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.heat import HeatPanel, heat_grid
from naturalistic.report.released import Released, is_ok
from naturalistic.report.wording import (
    capital,
    count,
    lower_first,
    number,
    percentage_points,
    value,
)
from naturalistic.tables.estimates import dimension_levels

NAME = "therapist_ratings"
LEVELS = ("absent", "minimal", "mild", "moderate", "severe")
Cells = dict[tuple[int, int], pd.Series]


def subject_name(kind: str, subject: str) -> str:
    """`Depression`, or `Risk: self harm`."""
    words = capital(subject.replace("_", " "))
    return f"Risk: {lower_first(words)}" if kind == "risk" else words


def _transitions(released: Released) -> dict[str, Cells]:
    """Rows by subject (`problem=depression`) and by rating before and after."""
    found: dict[str, Cells] = {}
    for _, row in released.rows(NAME, term="transition").iterrows():
        levels = dimension_levels(str(row["dimensions"]))
        if not {levels["before"], levels["after"]} <= set(LEVELS):
            continue
        pair = (LEVELS.index(levels["before"]), LEVELS.index(levels["after"]))
        for kind in ("problem", "risk"):
            if kind in levels:
                found.setdefault(f"{kind}={levels[kind]}", {})[pair] = row
    return found


def transitions_figure(released: Released, chosen: list[str]) -> Figure | None:
    """The ratings before and after of the subjects that moved most and least; None where none can be shown."""
    found = _transitions(released)
    kept = {key: found[key] for key in chosen if any(map(is_ok, found.get(key, {}).values()))}
    if not kept:
        return None
    names = {key: subject_name(*key.split("=", 1)) for key in kept}
    panels = [HeatPanel(names[key], _people(cells)) for key, cells in kept.items()]
    words = " ".join(_in_words(names[key], cells) for key, cells in kept.items())
    return Figure(
        "transitions_of_ratings",
        heat_grid(
            panels,
            LEVELS,
            x_label="Rating before therapy",
            y_label="Rating after",
            synthetic=released.synthetic,
        ),
        f"People by the therapist's rating before and after{_which(names)}. Framed: same rating; below the frames: "
        "improved; above: worse. Hatched: withheld because the number is small.",
        f"Grid of people. {words}",
        Table(
            "People by rating before and after",
            ("Rating before and after", *names.values()),
            [
                (
                    f"{capital(LEVELS[i])} to {LEVELS[j]}",
                    *(count(cells[i, j]) if (i, j) in cells else "0" for cells in kept.values()),
                )
                for i in range(len(LEVELS))
                for j in range(len(LEVELS))
                if any((i, j) in cells for cells in kept.values())
            ],
        ),
    )


def _which(names: dict[str, str]) -> str:
    if len(names) < 2:
        return ""
    most, least = names.values()
    return f": {lower_first(most)}, which moved most, and {lower_first(least)}, which moved least"


def _people(cells: Cells) -> dict[tuple[int, int], float | None]:
    return {pair: float(row["estimate"]) if is_ok(row) else None for pair, row in cells.items()}


def _in_words(name: str, cells: Cells) -> str:
    known = {pair: n for pair, n in _people(cells).items() if n is not None}
    better = sum(n for (before, after), n in known.items() if after < before)
    worse = sum(n for (before, after), n in known.items() if after > before)
    same = sum(n for (before, after), n in known.items() if after == before)
    return (
        f"{name}: of the cells that can be shown, about {number(better, 0)} people were rated better, {number(same, 0)} the "
        f"same and {number(worse, 0)} worse."
    )


def transitions_table(released: Released) -> Table | None:
    """Every subject: mean ratings, share with the problem, and whether the distribution changed."""
    rows = [
        (dimension_levels(str(row["dimensions"])), row)
        for _, row in released.rows(NAME).iterrows()
        if str(row["dimensions"]) and str(row["term"]) not in ("transition", "agreement")
    ]
    found: dict[str, dict[tuple[str, str], pd.Series]] = {}
    for levels, row in rows:
        for kind, subject in levels.items():
            key = (str(row["estimand"]), str(row["term"]))
            found.setdefault(f"{kind}={subject}", {})[key] = row
    lines = [(subject_name(*key.split("=", 1)), *_cells(of)) for key, of in found.items()]
    if not lines:
        return None
    return Table(
        "Every rating before and after, people rated at both times",
        (
            "Subject",
            "Mean before (0 absent to 4 severe)",
            "Mean after",
            "At least mild, or any risk: change in percentage points",
            "Stuart-Maxwell test",
            "Bowker test",
            "People",
        ),
        lines,
        folded=True,
        note="Tests (chi-squared, p): whether ratings have the same distribution before and after; whether moves are as "
        "frequent in both directions.",
    )


def _cells(of: dict[tuple[str, str], pd.Series]) -> tuple[str, ...]:
    change = of.get(("mean_change", ""))
    return (
        value(of.get(("mean", "before"))),
        value(of.get(("mean", "after"))),
        percentage_points(of.get(("proportion_difference", "present_change"))),
        _test(of.get(("chi_square", "stuart_maxwell"))),
        _test(of.get(("chi_square", "bowker"))),
        "–" if change is None else count(change, "n_patients"),
    )


def _test(row: pd.Series | None) -> str:
    text = value(row)
    if row is None or not is_ok(row) or pd.isna(row["p_value"]):
        return text
    p = float(row["p_value"])
    return f"{text} (p {'<0.001' if p < 0.001 else number(p, 3)})"
