"""What therapists saw change, problem by problem, and whether the questionnaire saw the same."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Section, Table
from naturalistic.report.plots.dots import DotRow, Scale, dot_plot
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.wording import brief_interval, capital, count, lower_first, reason, value
from naturalistic.tables.estimates import dimension_levels

NAME = "therapist_ratings"


def therapist_view(released: Released, _: PublishedStudy | None) -> Section | None:
    """Problems and risks before and after, most moved first, and agreement with the questionnaire."""
    if not released.has(NAME):
        return None
    found = _changes(released)
    shown = [pair for pair in found if is_ok(pair[1])]
    blocks: list[Block] = []
    if shown:
        blocks.append(_figure(released, found))
    if table := _agreement(released):
        blocks.append(table)
    if len(shown) > 1:
        most, least = shown[0], shown[-1]
        finding = (
            f"In the therapists' ratings {lower_first(most[0])} moved most ({value(most[1])} SDs) and "
            f"{lower_first(least[0])} least ({value(least[1])})."
        )
    elif shown:
        finding = f"Therapists rated one subject before and after: {lower_first(shown[0][0])}."
    else:
        finding = "No rating of therapists before and after can be shown."
    return Section("therapist_view", "What therapists saw", (finding,), tuple(blocks))


def _changes(released: Released) -> list[tuple[str, pd.Series]]:
    rows = released.rows(NAME, estimand="standardised_mean_change")
    found = []
    for _, row in rows.iterrows():
        for kind, subject in dimension_levels(str(row["dimensions"])).items():
            words = capital(subject.replace("_", " "))
            found.append((f"Risk: {lower_first(words)}" if kind == "risk" else words, row))
    return sorted(found, key=lambda pair: -float(pair[1]["estimate"]) if is_ok(pair[1]) else 9.0)


def _figure(released: Released, found: list[tuple[str, pd.Series]]) -> Figure:
    rows = [DotRow(name, (point(row),), reason(row) or brief_interval(row)) for name, row in found]
    return Figure(
        "therapist_ratings",
        dot_plot(
            rows,
            Scale("Improvement of the rating, SDs", null=0.0),
            column="SDs (interval)",
            synthetic=released.synthetic,
        ),
        "Change of the therapists' ratings (absent to severe) from before to after, of everyone rated at both times, in "
        "SDs of the first ratings.",
        "Dot plot with intervals. "
        + "; ".join(f"{name}: {value(row)}" for name, row in found if is_ok(row))
        + ".",
        Table(
            "Change of therapists' ratings",
            ("Subject", "SDs (interval)", "People"),
            [(name, brief_interval(row), count(row, "n_patients")) for name, row in found],
        ),
    )


def _agreement(released: Released) -> Table | None:
    rows = released.rows(NAME, estimand="intraclass_correlation")
    lines = [
        (capital(str(row["term"])), brief_interval(row), count(row, "n_patients"))
        for _, row in rows.iterrows()
    ]
    if not lines:
        return None
    return Table(
        f"Agreement of mean problem severity with {released.measure_name()} (intraclass correlation)",
        ("When", "Correlation (interval)", "People"),
        lines,
        note="0: no agreement; 1: both witnesses order people and distances between them alike.",
    )
