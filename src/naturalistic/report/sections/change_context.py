"""The change beside what would be expected without this therapy: waiting lists, care as usual, selection alone."""

from __future__ import annotations

import math

import pandas as pd

from naturalistic.reference.benchmark_models import Benchmark
from naturalistic.report import sentences
from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.axis import Point, Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.change_beside import expected_from_selection, outside
from naturalistic.report.sections.change_lead import (
    IMPUTED,
    STANDARDISED,
    declared_row_spread,
    spread_row,
    who,
)
from naturalistic.report.sections.forests import point
from naturalistic.report.sections.published_marks import (
    CHECKED,
    published_limits,
    published_name,
    published_row,
)
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    number,
    value,
)

SELECTION = {
    "selected_by_severity": "People come because they feel unusually bad",
    "selected_beyond_cut_off": "Everybody beyond the clinical cut-off comes",
}


def context_figure(released: Released) -> Figure | None:
    """The change here, published changes without this therapy, and the band of selection, in SDs."""
    ours = [(name, row) for name, row in _ours(released) if row is not None and is_ok(row)]
    if not ours:
        return None
    published, bands = outside(released), _bands(released)
    rows = [DotRow("This cohort", heading=True)]
    rows += [
        DotRow(name, (point(row), None), brief_interval(row), indented=True) for name, row in ours
    ]
    for heading, designs in (
        ("Published: waiting for therapy", ("waiting_list", "untreated")),
        ("Published: care as usual, which is treatment", ("usual_care",)),
    ):
        found = [each for each in published if each.design in designs]
        rows += [DotRow(heading, heading=True)] if found else []
        rows += [published_row(each) for each in found]
    if bands:
        rows.append(DotRow("Expected from who comes, without any help", heading=True))
    for name, (low, high) in bands.items():
        text = f"{number(low, 2)} to {number(high, 2)}"
        rows.append(DotRow(name, (None, Point(math.nan, low, high)), text, indented=True))
    scale = Scale(
        "Improvement in standard deviations of scores before therapy",
        null=0.0,
        guides=tuple(each.value or 0.0 for each in published),
        bands=tuple(bands.values())[:1],
    )
    return Figure(
        "change_in_context",
        dot_plot(
            rows,
            scale,
            series=("this cohort", "published, or expected"),
            column="SDs (interval)",
            synthetic=released.synthetic,
        ),
        _caption(released, published, bands),
        _alternative(ours, published, bands),
        _table(released, ours, published, bands),
    )


def _ours(released: Released) -> list[tuple[str, pd.Series | None]]:
    names = {"paired": "Both forms", "planned_ending": "Planned ending, both forms"}
    first = released.primary["population"]
    order = sorted(names, key=lambda name: name != first)
    found: list[tuple[str, pd.Series | None]] = []
    for population in order if first in names else [first, *order]:
        if population == "started":
            continue
        row = sentences.primary_change(released, STANDARDISED, population=population)
        found.append((names.get(population, capital(who(released, population))), row))
    everyone = released.one(
        "missing_outcomes", estimand=STANDARDISED, specification=IMPUTED, term=""
    )
    found.append(("Everyone who started, missing forms imputed", everyone))
    return found


def _bands(released: Released) -> dict[str, tuple[float, float]]:
    """Ranges in SDs of first scores, by how people are taken to come."""
    row = spread_row(released)
    if row is None or not is_ok(row) or not float(row["estimate"]) > 0:
        return {}
    spread = float(row["estimate"])
    found = {name: expected_from_selection(released, term) for term, name in SELECTION.items()}
    return {name: (b[0] / spread, b[1] / spread) for name, b in found.items() if b is not None}


def _caption(
    released: Released, published: list[Benchmark], bands: dict[str, tuple[float, float]]
) -> str:
    spread = declared_row_spread(released)
    parts = ["The same change in three groups of people, beside changes published elsewhere."]
    if spread:
        parts.append(f"One standard deviation is {spread} points on {released.measure_name()}.")
    parts.append("Dotted: the published means.")
    if bands:
        parts.append(
            "Shaded: what would be expected only because people come when they feel worst, from the mildest to the "
            "strongest assumption."
        )
    if any(each.prediction_low is not None for each in published):
        parts.append("Thin dashed line: where single published groups lie.")
    parts += [f"{each.label}: {_sentence(each.warning)}" for each in published if each.warning]
    return " ".join(parts)


def _sentence(text: str) -> str:
    return f"{text[:1].lower()}{text[1:].rstrip('.')}."


def _alternative(
    ours: list[tuple[str, pd.Series]],
    published: list[Benchmark],
    bands: dict[str, tuple[float, float]],
) -> str:
    parts = [f"{name}: {value(row)}" for name, row in ours]
    parts += [f"{each.label}: {number(each.value, 2)}" for each in published]
    parts += [f"{name}: {number(a, 2)} to {number(b, 2)}" for name, (a, b) in bands.items()]
    return f"Dot plot of improvement in standard deviations. {'; '.join(parts)}."


def _table(
    released: Released,
    ours: list[tuple[str, pd.Series]],
    published: list[Benchmark],
    bands: dict[str, tuple[float, float]],
) -> Table:
    minus = {
        str(row["term"]): row
        for _, row in released.rows("bias", specification="minus_benchmark").iterrows()
    }
    lines = [(name, brief_interval(row), count(row, "n_patients"), "–", "–") for name, row in ours]
    lines += [
        (
            published_name(each),
            published_limits(each),
            "–" if each.n is None else number(each.n, 0),
            brief_interval(minus.get(each.key)),
            CHECKED.get(each.status, each.status),
        )
        for each in published
    ]
    lines += [
        (name, f"{number(a, 2)} to {number(b, 2)}", "–", "–", "–") for name, (a, b) in bands.items()
    ]
    header = ("Who", "SDs (interval)", "People", "Both forms here minus it", "Published figure")
    return Table("Improvement in standard deviations of scores before therapy", header, lines)
