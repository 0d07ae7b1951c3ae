"""What else could explain the change: choices of the analysis, regression to the mean, endings recorded wrongly."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.loader import load_benchmarks
from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Section, Table, Text
from naturalistic.report.drift import drift
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.bias_curve import curve_figure, curve_sentence
from naturalistic.report.sections.change_context import SELECTION
from naturalistic.report.sections.published_marks import CHECKED
from naturalistic.report.wording import brief_interval, capital, number, reason, value
from naturalistic.tables.estimates import dimension_levels

NAME = "bias"
TITLE = "What else could explain the change"
DRIFT = "After taking off the drift towards people's usual level (regression to the mean)"


def bias(released: Released, _: PublishedStudy | None) -> Section | None:
    """Other explanations of the change, and how much the answer depends on choices."""
    if not released.has(NAME):
        return None
    blocks: list[Block] = [b for b in (curve_figure(released),) if b is not None]
    if told := _endings_sentence(released):
        blocks.append(Text((told,)))
    tables = (_without(released), _regression(released), _sweep(released), _endings(released))
    blocks += [table for table in tables if table is not None]
    findings = [text for text in (curve_sentence(released), _sweep_sentence(released)) if text]
    return Section("bias", TITLE, tuple(findings), tuple(blocks))


def _without(released: Released) -> Table | None:
    """The change here minus every published change without this therapy."""
    known = load_benchmarks()
    lines = []
    for _, row in released.rows(NAME, specification="minus_benchmark").iterrows():
        found = known.get(str(row["term"]))
        if found is None or found.value is None:
            continue
        lines.append(
            (
                found.label,
                number(found.value, 2),
                f"{found.measure}; {found.duration or 'length not read'}",
                brief_interval(row),
                CHECKED.get(found.status, found.status),
            )
        )
    if not lines:
        return None
    return Table(
        "Published changes without this therapy, and this cohort minus them (people with both forms, SDs of first scores)",
        ("Published change", "SDs", "Measure; length", "This cohort minus it", "Published figure"),
        lines,
        folded=True,
        note="Waits of about ten weeks are not one or two years. Care as usual and other controls are treatment, not its "
        "absence.",
        prose=True,
    )


def _regression(released: Released) -> Table | None:
    lines = []
    for term, name in SELECTION.items():
        for _, row in released.rows(NAME, term=term).iterrows():
            levels = dimension_levels(str(row["dimensions"]))
            if levels:
                cells = (levels["population_mean"], levels["reliability"], brief_interval(row))
                lines.append((name, *cells))
    if not lines:
        return None
    return Table(
        "Points of improvement expected only from who comes (regression to the mean), by assumption",
        ("Who comes", "Usual mean score", "Correlation of two scores without help", "Points"),
        lines,
        folded=True,
        note="The usual means are published norms of the scale unless set otherwise. The lower the correlation, the more "
        "people drift.",
    )


def _sweep(released: Released) -> Table | None:
    """What is left of the change after the drift, by the mean people are taken to drift to."""
    rows = released.rows(NAME, term="mee_chua_effect").sort_values("time")
    lines = [(number(float(row["time"])), brief_interval(row)) for _, row in rows.iterrows()]
    if not lines:
        return None
    return Table(
        "Change left over after regression to the mean (Mee and Chua), by the mean people are taken to drift to",
        ("Usual mean score", "Points left (interval)"),
        lines[::4] if len(lines) > 12 else lines,
        folded=True,
        note="Where the interval holds 0, the drift towards that mean could be all there is.",
    )


def _sweep_sentence(released: Released) -> str:
    """From which usual mean on some improvement is left over after the drift towards it."""
    rows = released.rows(NAME, term="mee_chua_effect").sort_values("time")
    found = drift(released)
    if found is None or len(rows) < 2 or not all(has_interval(row) for _, row in rows.iterrows()):
        return ""
    left = f"{brief_interval(found.healthiest)} points"
    usual, healthiest = "the usual mean score", number(float(found.healthiest["time"]))
    if found.limit is None:
        return (
            f"{DRIFT}, some improvement is left over for every usual mean score assumed, down to {left} if it is "
            f"{healthiest}."
        )
    start = rows.iloc[-1 if released.lower_is_better else 0]
    if start["conf_low"] <= 0:
        return f"{DRIFT}, no improvement clear of chance is left over, whatever {usual} is."
    side = "above" if released.lower_is_better else "below"
    return (
        f"{DRIFT}, some improvement clear of chance is left over as long as {usual} lies {side} about "
        f"{number(found.limit)}; if it were {healthiest}, {left} would be left."
    )


def _ending_rows(released: Released) -> list[tuple[dict[str, str], pd.Series]]:
    rows = released.rows(NAME, term="unplanned_corrected")
    return [(dimension_levels(str(row["dimensions"])), row) for _, row in rows.iterrows()]


def _endings_sentence(released: Released) -> str:
    """How far the share of unplanned endings moves if some are recorded wrongly."""
    found = [row for _, row in _ending_rows(released)]
    known = sorted(float(row["estimate"]) for row in found if is_ok(row))
    if not known:
        why = reason(found[0]) if found else ""
        return f"Whether endings were recorded wrongly: {why}." if why else ""
    return (
        f"If some endings were recorded wrongly, the true share of unplanned endings would lie between "
        f"{number(100 * known[0], 0)}% and {number(100 * known[-1], 0)}%, over the accuracies assumed in the settings."
    )


def _endings(released: Released) -> Table | None:
    change = {
        (str(row["dimensions"]), str(row["contrast"])): row
        for _, row in released.rows(NAME, term="by_true_ending").iterrows()
    }
    lines = []
    for levels, row in _ending_rows(released):
        if not levels:
            continue
        key = str(row["dimensions"])
        cells = (_corrected(change, key, name) for name in ("planned_ending", "unplanned_ending"))
        accuracy = f"{levels['sensitivity']}; {levels['specificity']}"
        lines.append((capital(accuracy), brief_interval(row), *cells))
    if not lines:
        return None
    return Table(
        "If endings were recorded wrongly: share of unplanned endings, and the change of both, points",
        (
            "Chance that an unplanned; another ending is recorded as what it is",
            "Truly unplanned (interval)",
            "Change, truly planned",
            "Change, truly unplanned",
        ),
        lines,
        folded=True,
    )


def _corrected(change: dict[tuple[str, str], pd.Series], key: str, name: str) -> str:
    row = change.get((key, name))
    return value(row if row is not None else change.get((key, "")))
