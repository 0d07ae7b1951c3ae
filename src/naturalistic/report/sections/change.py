"""How scores changed, for whom, and how many people improved or deteriorated reliably."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report import sentences
from naturalistic.report.blocks import Block, Section, Table, Text
from naturalistic.report.released import MAIN, Released, is_ok
from naturalistic.report.sections.change_rates import category_bars, headline_rates
from naturalistic.report.sections.change_scores import change_distribution, score_squares
from naturalistic.report.thresholds import thresholds
from naturalistic.report.wording import (
    brief_interval,
    count,
    label,
    lower_first,
    population_label,
    reason,
    value,
)
from naturalistic.tables.estimates import dimension_levels

NAME = "outcome_change"
POPULATIONS = ("paired", "planned_ending", "case_at_start")
HEADER = (
    "n",
    "Before: mean (SD)",
    "After: mean (SD)",
    "Mean change (interval)",
    "Standardised, pre SD",
    "Standardised, d_z",
)
ON_SUBGROUPS = (
    "Subgroups differ in more than the one characteristic they are named by, and with many subgroups some differ by "
    "chance. The models further down set them side by side."
)
NOTE = (
    "Improvement is positive. Intervals in brackets. Pre SD: mean change divided by the standard deviation before "
    "therapy; d_z: divided by the standard deviation of the changes."
)


def change(released: Released, _: PublishedStudy | None) -> Section | None:
    """Pre and post scores, change, categories of change and headline rates."""
    if not released.has(NAME):
        return None
    figures = (
        score_squares(released),
        change_distribution(released),
        category_bars(released),
        headline_rates(released),
    )
    blocks: list[Block] = [figure for figure in figures if figure is not None]
    if _measured(released):
        limits = thresholds(released)
        blocks.insert(
            0,
            Text(
                (
                    f"Reliable change on {released.measure_name()}: {limits.reliable_words}. "
                    f"Cut-off: {limits.cut_off_words}.",
                )
            ),
        )
        blocks += [_all_scales(released)]
        if (subgroups := _subgroups(released)) is not None:
            blocks += [subgroups, Text((ON_SUBGROUPS,))]
    found = (
        sentences.mean_change(released),
        sentences.size_of_change(released),
        sentences.reliable_rates(released),
    )
    return Section(
        "change", "Change over therapy", tuple(text for text in found if text), tuple(blocks)
    )


def _measured(released: Released) -> bool:
    return not bool((released.rows(NAME)["status"] == "not_measured").all())


def _cells(rows: pd.DataFrame) -> tuple[str, ...]:
    """One line of the table of change from the rows of one group on one scale."""
    found = {(str(row["estimand"]), str(row["term"])): row for _, row in rows.iterrows()}
    change_row = found.get(("mean_change", ""))
    scores = []
    for term in ("first", "last"):
        mean, spread = found.get(("mean", term)), found.get(("standard_deviation", term))
        known = is_ok(mean) and is_ok(spread)
        scores.append(f"{value(mean)} ({value(spread)})" if known else _why(mean, change_row))
    return (
        _people(change_row),
        *scores,
        brief_interval(change_row),
        brief_interval(found.get(("standardised_mean_change", ""))),
        brief_interval(found.get(("standardised_change_d_z", ""))),
    )


def _why(row: pd.Series | None, otherwise: pd.Series | None) -> str:
    return reason(row if row is not None else otherwise) or "–"


def _people(row: pd.Series | None) -> str:
    return count(row, "n_patients") if row is not None else reason(None)


def _all_scales(released: Released) -> Table:
    whole = released.rows(NAME, dimensions="", population=POPULATIONS, **MAIN)
    rows = []
    pairs = whole[["instrument", "scale"]].astype(str).drop_duplicates()
    primary = tuple(released.measure.values())
    order = sorted(pairs.itertuples(index=False, name=None), key=lambda pair: pair != primary)
    for instrument, scale in order:
        for population in POPULATIONS:
            chosen = whole[
                (whole["instrument"] == instrument)
                & (whole["scale"] == scale)
                & (whole["population"] == population)
            ]
            if len(chosen):
                rows.append((_name(released, instrument, scale, population), *_cells(chosen)))
    return Table(
        "Change on every scale, of people with a first and a last form",
        ("Scale and group", *HEADER),
        rows,
        folded=True,
        note=NOTE,
    )


def _name(released: Released, instrument: str, scale: str, population: str) -> str:
    lower = released.instruments[instrument].better_is == "lower"
    groups = {
        "paired": "all with both forms",
        "planned_ending": "planned ending",
        "case_at_start": lower_first(population_label("case_at_start", lower_is_better=lower)),
    }
    facts = released.instruments[instrument]
    return f"{facts.name}, {lower_first(facts.scale(scale).label)}: {groups[population]}"


def _subgroups(released: Released) -> Table | None:
    rows = released.rows(NAME, population="paired", **released.measure, **MAIN)
    rows = rows[(rows["dimensions"] != "") & (rows["estimand"] != "count")]
    lines: list[tuple[str, ...]] = []
    last = ""
    for dimensions, group in rows.groupby("dimensions", sort=False, observed=True):
        levels = dimension_levels(str(dimensions))
        if len(levels) != 1:
            continue
        ((name, level),) = levels.items()
        lines += [(label(name),)] if name != last else []
        lines.append((label(name, level), *_cells(group)))
        last = name
    if not lines:
        return None
    return Table(
        f"Change on {released.measure_name()} by subgroup, of people with both forms",
        ("Group", *HEADER),
        lines,
        folded=True,
        note=NOTE,
    )
