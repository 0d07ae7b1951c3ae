"""The national rates on other denominators, and in every group."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Table
from naturalistic.report.released import Released
from naturalistic.report.wording import brief_interval, count, label, population_label, value
from naturalistic.tables.estimates import dimension_levels

NAME = "talking_therapies_measures"
# readers' words, and the national statistics' key
RATES = {
    "reliable_improvement": ("Reliably improved", "improvement"),
    "recovery": ("Recovered", "recovery"),
    "reliable_recovery": ("Reliably recovered", "reliable_recovery"),
    "no_reliable_change": ("No reliable change", "no_reliable_change"),
    "reliable_deterioration": ("Reliably deteriorated", "deterioration"),
}


def denominators_table(released: Released) -> Table | None:
    """The same numerators among other people."""
    rows = released.rows(NAME, specification="other_denominator")
    lines: list[tuple[str, ...]] = []
    last = ""
    for _, row in rows.iterrows():
        population = str(row["population"])
        if population != last:
            lines.append((population_label(population),))
        last = population
        lines.append((RATES[str(row["term"])][0], brief_interval(row), count(row, "denominator")))
    if not lines:
        return None
    return Table(
        "The same outcomes on other denominators",
        ("Rate", "Share (interval)", "Of people"),
        lines,
        folded=True,
        note="Both recoveries: without those known not to have been at caseness at the start.",
    )


def groups_table(released: Released) -> Table | None:
    """The five rates by year, problem, therapy and ending."""
    found: dict[tuple[str, str], dict[str, pd.Series]] = {}
    for _, row in released.rows(NAME, estimand="proportion", specification="").iterrows():
        levels = dimension_levels(str(row["dimensions"]))
        if len(levels) == 1:
            found.setdefault(next(iter(levels.items())), {})[str(row["term"])] = row
    lines: list[tuple[str, ...]] = []
    last = ""
    for (name, level), rates in found.items():
        lines += [(label(name),)] if name != last else []
        last = name
        lines.append((label(name, level), *(value(rates.get(term)) for term in RATES)))
    if not lines:
        return None
    return Table(
        "Outcomes by the national rules in every group",
        ("Group", *(words for words, _ in RATES.values())),
        lines,
        folded=True,
    )
