"""Figures of analyses that no other section shows: nothing that was released goes unmentioned."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Section, Table
from naturalistic.report.released import Released, is_ok
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    label,
    listed,
    lower_first,
    number,
    population_label,
    term_label,
)
from naturalistic.tables.estimates import dimension_levels
from naturalistic.vocabulary import ESTIMANDS, POPULATIONS

# analyses with a section of their own; one that is missing here is shown twice, never not at all
SHOWN = frozenset(
    {
        "participant_flow",
        "characteristics",
        "outcome_change",
        "clinical_change",
        "attendance",
        "attendance_over_time",
        "dose_response",
        "dropout",
        "dropout_models",
        "length_of_therapy",
        "outcome_models",
        "nice_alignment",
        "access_and_waits",
        "equity",
        "national_metrics",
        "decommissioning",
        "missing_outcomes",
        "bias",
        "benchmarks",
        "therapist_ratings",
        "session_scores",
        "talking_therapies_measures",
    }
)
MOST = 60  # rows of one analysis


def further(released: Released, _: PublishedStudy | None) -> Section | None:
    """A folded table for each analysis without a section of its own."""
    names = [name for name in released.estimates if name not in SHOWN and released.has(name)]
    tables: list[Block] = [_table(released, name) for name in names]
    if not tables:
        return None
    words = listed(lower_first(_title(name)) for name in names)
    finding = f"Figures without a section of their own: {words}."
    return Section("further", "Further figures", (finding,), tuple(tables))


def _title(name: str) -> str:
    return capital(name.replace("_", " "))


def _table(released: Released, name: str) -> Table:
    rows = released.rows(name)
    # what can be shown comes first, in the order of the analysis
    found = sorted((row for _, row in rows.iterrows()), key=lambda row: not is_ok(row))
    chosen = found[:MOST]
    note = f"All figures: release/estimates/{name}.csv."
    if len(rows) > MOST:
        note = f"The first {MOST} of {number(len(rows), 0)} figures. {note}"
    return Table(
        f"{_title(name)}: figures as released",
        ("Figure", "Of whom", "Variant", "Value (interval)", "People"),
        [_line(released, row) for row in chosen],
        folded=True,
        note=note,
    )


def _line(released: Released, row: pd.Series) -> tuple[str, ...]:
    what = ESTIMANDS[str(row["estimand"])].label
    if term := str(row["term"]):
        what += f": {lower_first(term_label(term, str(row['contrast'])))}"
    variant = [str(row[c]).replace("_", " ") for c in ("definition", "model", "specification")]
    if pd.notna(row["time"]):
        variant.append(f"at {row['time']:g} {str(row['time_unit']).replace('_', ' ')}".strip())
    people = "–" if pd.isna(row["n_patients"]) else count(row, "n_patients")
    return (
        what,
        _whom(released, row),
        "; ".join(part for part in variant if part) or "–",
        brief_interval(row),
        people,
    )


def _whom(released: Released, row: pd.Series) -> str:
    population = str(row["population"])
    parts = []
    if population in POPULATIONS:
        parts.append(population_label(population, lower_is_better=released.lower_is_better))
    if str(row["instrument"]) in released.instruments:
        parts.append(released.measure_name(str(row["instrument"]), str(row["scale"])))
    levels = dimension_levels(str(row["dimensions"]))
    parts += [f"{label(name)}: {lower_first(label(name, level))}" for name, level in levels.items()]
    return "; ".join(parts) or "–"
