"""The cohort beside published figures that mean the same, and why others are not set beside it."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.benchmark_models import Benchmark
from naturalistic.reference.loader import load_benchmarks
from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report import sentences
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.sections.published_marks import (
    CHECKED,
    published_limits,
    published_row,
)
from naturalistic.report.sections.tallies import relation
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    listed,
    number,
    percentage_points,
    population_label,
    reason,
)
from naturalistic.vocabulary import POPULATIONS

NAME = "benchmarks"
TITLE = "Beside published figures"
CHANGE = "standardised_change_difference"
REFUSED = "; not set side by side: "
MOST = 10  # published changes in the figure; all are in the table
DRAWN = ("Who", "SDs (interval)", "Where single services lie")
HEADER = (
    "Published figure",
    "People here",
    "This cohort minus it (interval)",
    "Published figure is",
)


def benchmarks(released: Released, _: PublishedStudy | None) -> Section | None:
    """Published figures that mean the same as one of this cohort, and the others with the reason."""
    if not released.has(NAME):
        return None
    rows = [row for _, row in released.rows(NAME).iterrows()]
    drawn = [row for row in rows if is_ok(row)]
    refused = [row for row in rows if not is_ok(row)]
    blocks: list[Block] = []
    if (figure := _figure(released, drawn)) is not None:
        blocks.append(figure)
    if told := _prediction(drawn):
        blocks.append(Text((told,)))
    if drawn:
        note = "Shares in percentage points, changes in SDs of first scores. Other people and places: no ranking."
        caption = "Every published figure that means the same as one of this cohort"
        lines = [_line(released, row) for row in drawn]
        blocks.append(Table(caption, HEADER, lines, folded=True, note=note, prose=True))
    if refused:
        caption = "Published figures that are not set side by side, and why"
        lines = [_refused(row) for row in refused]
        blocks.append(
            Table(caption, ("Published figure", "Why not"), lines, folded=True, prose=True)
        )
    return Section("benchmarks", TITLE, (_finding(released, drawn, len(refused)),), tuple(blocks))


def _own_measure(released: Released, row: pd.Series) -> bool:
    found = load_benchmarks().get(str(row["term"]))
    return found is not None and found.instrument == released.primary["instrument"]


def _finding(released: Released, drawn: list[pd.Series], refused: int) -> str:
    """How the change compares with published changes on the same measure, or why nothing is compared."""
    changes = [row for row in drawn if str(row["estimand"]) == CHANGE and has_interval(row)]
    same = [row for row in changes if _own_measure(released, row)]
    chosen = same or changes
    if not chosen:
        return (
            f"No published change means the same as that of this cohort; {refused} published figures are listed with the "
            "reason why they are not set beside it."
        )
    known = load_benchmarks()
    if same:
        parts = [
            f"{relation(row)} {number(known[str(row['term'])].value, 2)} ({known[str(row['term'])].label})"
            for row in same
        ]
        return f"Measured in standard deviations, the change of this cohort is {listed(parts)}."
    tally = {words: 0 for words in ("larger than", "smaller than", "not clearly different from")}
    for row in chosen:
        tally[relation(row)] += 1
    parts = [f"{words} {n} of them" for words, n in tally.items() if n]
    return (
        f"{len(chosen)} published changes in standard deviations are set beside that of this cohort, none of them on the "
        f"same questionnaire alone: it is {listed(parts)}."
    )


def _figure(released: Released, drawn: list[pd.Series]) -> Figure | None:
    """The change of this cohort above the published changes that mean the same, each with both its intervals."""
    known = load_benchmarks()
    changes = [row for row in drawn if str(row["estimand"]) == CHANGE and str(row["term"]) in known]
    changes.sort(key=lambda row: not _own_measure(released, row))
    lines, table = _beside(released, changes)
    if not table:
        return None
    shown = sum(1 for line in lines if line.points and line.points[1] is not None)
    more = (
        f" Shown are {shown} of {len(changes)}; all are in the table."
        if shown < len(changes)
        else ""
    )
    return Figure(
        "beside_published_changes",
        dot_plot(
            lines,
            Scale("Improvement in standard deviations of first scores", null=0.0),
            series=("this cohort", "published"),
            column="SDs (interval)",
            synthetic=released.synthetic,
        ),
        "Change of this cohort and published changes that were measured in the same way on people chosen in the same way; "
        "figures of planned endings stand only beside planned endings. Other places and other people: this is no ranking."
        f"{more}",
        "Dot plot with intervals. "
        + "; ".join(f"{name}: {limits}" for name, limits, _ in table)
        + ".",
        Table("Improvement in standard deviations, here and published", DRAWN, table),
    )


def _beside(
    released: Released, changes: list[pd.Series]
) -> tuple[list[DotRow], list[tuple[str, str, str]]]:
    """Lines of the figure and of its table: for each population this cohort, then the published changes."""
    known = load_benchmarks()
    lines: list[DotRow] = []
    table: list[tuple[str, str, str]] = []
    populations = dict.fromkeys(str(row["population"]) for row in changes)
    most = MOST // max(len(populations), 1)
    for population in populations:
        ours = sentences.primary_change(released, "standardised_mean_change", population=population)
        found = [known[str(row["term"])] for row in changes if row["population"] == population]
        if ours is None or not is_ok(ours):
            continue
        lines.append(DotRow(_who(released, population), heading=True))
        here = f"This cohort ({count(ours, 'n_patients')})"
        lines.append(DotRow(here, (point(ours), None), brief_interval(ours), indented=True))
        table.append((f"This cohort, {_group(released, population)}", brief_interval(ours), "–"))
        lines += [published_row(each) for each in found[:most]]
        table += [(each.label, published_limits(each), _outer(each)) for each in found[:most]]
    return lines, table


def _who(released: Released, population: str) -> str:
    return capital(_group(released, population))


def _group(released: Released, population: str) -> str:
    words = {"paired": "people with both forms", "planned_ending": "people with a planned ending"}
    if population in words:
        return words[population]
    if population in POPULATIONS:
        return population_label(population, lower_is_better=released.lower_is_better)
    return "finished courses"


def _outer(each: Benchmark) -> str:
    if each.prediction_low is None:
        return "not published"
    return f"{number(each.prediction_low, 2)} to {number(each.prediction_high, 2)}"


def _prediction(drawn: list[pd.Series]) -> str:
    """What the published intervals are of: means, or single services."""
    known = load_benchmarks()
    found = [known[str(row["term"])] for row in drawn if str(row["term"]) in known]
    if not found:
        return ""
    with_one = [each for each in found if each.prediction_low is not None]
    if with_one:
        return (
            f"The thin dashed line says where single services lie; it is published for {len(with_one)} of {len(found)} of "
            "these figures. The other intervals are of a mean over services."
        )
    return (
        "The published intervals are of a mean over services. Between which values single services lie is not published for "
        "any of these figures, and services differ far more than their mean is uncertain: lying outside such an interval "
        "is nothing unusual."
    )


def _line(released: Released, row: pd.Series) -> tuple[str, ...]:
    found = load_benchmarks().get(str(row["term"]))
    checked = CHECKED.get(found.status, found.status) if found is not None else "national count"
    who = capital(_group(released, str(row["population"])))
    share = str(row["estimand"]) == "proportion_difference"
    minus = percentage_points(row) if share else brief_interval(row)
    return capital(str(row["note"])), who, minus, checked


def _refused(row: pd.Series) -> tuple[str, str]:
    note = str(row["note"])
    if REFUSED in note:
        figure, why = note.split(REFUSED, 1)
        return capital(figure), capital(why)
    return capital(str(row["term"]).replace("_", " ")), capital(reason(row))
