"""Change by year, format, therapy model and characteristics: each group, then differences raw beside adjusted."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Heading, Section, Table, Text
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import MAIN, Released, has_interval, is_ok
from naturalistic.report.sections.change_differences import (
    differences_figure,
    differences_sentence,
    differences_table,
)
from naturalistic.report.sections.change_scales import HEADER, NOTE, change_cells
from naturalistic.report.sections.forests import point
from naturalistic.report.wording import (
    brief_interval,
    count,
    label,
    listed,
    lower_first,
    number,
    reason,
    value,
)
from naturalistic.tables.estimates import dimension_levels
from naturalistic.vocabulary import CHARACTERISTICS

NAME = "outcome_change"
TITLE = "Change in different groups"
OVER_TIME = ("year", "format", "therapy_model", "step")
UNTELLING = ("not_recorded", "small_groups_together")
MOST = 26  # groups in one figure; all are in the table
CAUTION = "Groups differ in more than the one characteristic they are named by, and with many groups some differ by chance."
Groups = dict[str, list[tuple[str, pd.DataFrame]]]


def change_groups(released: Released, _: PublishedStudy | None) -> Section | None:
    """The change of each group, and what is left of differences between people who started at the same score."""
    if not released.has(NAME):
        return None
    groups = _groups(released)
    if not any(is_ok(_change(rows)) for levels in groups.values() for _, rows in levels):
        why = reason(next((_change(r) for found in groups.values() for _, r in found), None))
        return Section("change_groups", TITLE, (f"Change by group: {why}.",))
    varying = {n: found for n, found in groups.items() if len(_telling(found)) > 1}
    over_time = {n: found for n, found in varying.items() if n in OVER_TIME}
    people = {n: found for n, found in varying.items() if n not in OVER_TIME}
    blocks: list[Block] = []
    if over_time:
        words = f"by {listed(lower_first(label(name)) for name in over_time)}"
        blocks.append(_figure(released, "change_by_year_and_therapy", over_time, words))
    if people:
        blocks.append(_figure(released, "change_by_characteristic", people, "by characteristic"))
    if (figure := differences_figure(released)) is not None:
        blocks.append(Heading("Between people who started at the same score"))
        blocks += [Text((differences_sentence(released),)), figure]
    blocks.append(_table(released, groups))
    if (table := differences_table(released)) is not None:
        blocks.append(table)
    findings = [_ranges(varying), _same(groups), CAUTION]
    return Section("change_groups", TITLE, tuple(text for text in findings if text), tuple(blocks))


def _groups(released: Released) -> Groups:
    """Rows by characteristic and level, years and therapies first, then the closed list's order."""
    rows = released.rows(NAME, population="paired", **released.measure, **MAIN)
    rows = rows[(rows["dimensions"] != "") & (rows["estimand"] != "count")]
    found: Groups = {}
    for dimensions, group in rows.groupby("dimensions", sort=False, observed=True):
        levels = dimension_levels(str(dimensions))
        if len(levels) == 1:
            ((name, level),) = levels.items()
            found.setdefault(name, []).append((level, group))
    order = [*OVER_TIME, *CHARACTERISTICS]
    return {name: found[name] for name in order if name in found}


def _change(rows: pd.DataFrame) -> pd.Series | None:
    found = rows[rows["estimand"] == "mean_change"]
    return found.iloc[0] if len(found) else None


def _telling(levels: list[tuple[str, pd.DataFrame]]) -> list[tuple[str, pd.Series]]:
    """Levels that say something and whose change can be shown."""
    found = []
    for level, rows in levels:
        row = _change(rows)
        if row is not None and is_ok(row) and not level.startswith(UNTELLING):
            found.append((level, row))
    return found


def _figure(released: Released, name: str, chosen: Groups, words: str) -> Figure:
    lines: list[DotRow] = []
    table: list[tuple[str, ...]] = []
    left_out = []
    for characteristic, levels in chosen.items():
        telling = _telling(levels)
        if sum(not line.heading for line in lines) + len(telling) > MOST:
            left_out.append(lower_first(label(characteristic)))
            continue
        lines.append(DotRow(label(characteristic), heading=True))
        for level, row in telling:
            people = f"{label(characteristic, level)} ({count(row, 'n_patients')})"
            lines.append(DotRow(people, (point(row),), brief_interval(row), indented=True))
            head = f"{label(characteristic)}: {lower_first(label(characteristic, level))}"
            table.append((head, brief_interval(row), count(row, "n_patients")))
    more = f" In the table below only: {listed(left_out)}." if left_out else ""
    whole = released.one(NAME, estimand="mean_change", population="paired", **released.measure)
    guides = (float(whole["estimate"]),) if whole is not None and is_ok(whole) else ()
    return Figure(
        name,
        dot_plot(
            lines,
            Scale(f"Mean improvement on {released.measure_name()}, points", 0.0, guides=guides),
            column="Points (interval)",
            synthetic=released.synthetic,
        ),
        f"Mean change of people with both forms {words}; number of people in brackets. Dotted: everyone with both forms. "
        f"Groups whose number is withheld, or that are not recorded, are in the table.{more}",
        "Dot plot with intervals. " + _ranges(chosen),
        Table(f"Mean change {words}", ("Group", "Points (interval)", "People"), table),
    )


def _ranges(varying: Groups) -> str:
    """Least and greatest change over the levels of the first characteristics, and whether chance would do."""
    parts = []
    for name, levels in varying.items():
        rows = [(level, row) for level, row in _telling(levels) if has_interval(row)]
        if name not in OVER_TIME or len(rows) < 2:
            continue
        rows.sort(key=lambda pair: float(pair[1]["estimate"]))
        (low, least), (high, most) = rows[0], rows[-1]
        apart = max(r["conf_low"] for _, r in rows) > min(r["conf_high"] for _, r in rows)
        verdict = (
            "some intervals do not overlap"
            if apart
            else "all intervals overlap: this alone does not show that they differ"
        )
        parts.append(
            f"By {lower_first(label(name))} the mean improvement runs from {value(least)} points "
            f"({lower_first(label(name, low))}) to {value(most)} ({lower_first(label(name, high))}); {verdict}."
        )
    if parts:
        return " ".join(parts)
    n = sum(len(_telling(levels)) for levels in varying.values())
    return f"The change of {number(n, 0)} groups can be shown." if n else ""


def _same(groups: Groups) -> str:
    """Format and model of therapy, where everybody had the same."""
    same = []
    for name in ("format", "therapy_model"):
        levels = [level for level, _ in groups.get(name, [])]
        if len(levels) == 1 and not levels[0].startswith(UNTELLING):
            same.append(f"{lower_first(label(name))} ({lower_first(label(name, levels[0]))})")
    return f"Everybody had the same {listed(same)}." if same else ""


def _table(released: Released, groups: Groups) -> Table:
    lines: list[tuple[str, ...]] = []
    for name, levels in groups.items():
        lines.append((label(name),))
        lines += [(label(name, level), *change_cells(rows)) for level, rows in levels]
    return Table(
        f"Change on {released.measure_name()} in every group, of people with both forms",
        ("Group", *HEADER),
        lines,
        folded=True,
        note=NOTE,
    )
