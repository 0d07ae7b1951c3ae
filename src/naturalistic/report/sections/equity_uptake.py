"""Uptake per 100,000 of the population of each group, where the user states the populations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from naturalistic.report.blocks import Block, Figure, Heading, Table
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.wording import (
    brief_interval,
    capital,
    label,
    lower_first,
    number,
    reason,
    with_interval,
)
from naturalistic.tables.estimates import dimension_levels

NAME = "equity"
DECILE = "deprivation_decile"
MOST = 3  # differences told one by one
STEPS = {"referred": "people referred", "started": "people who started therapy"}
NOT_STATED = (
    "Uptake per 100,000 people who live there is not measured here: no numbers of people by group were stated "
    "(equity.populations)."
)
NOT_POSSIBLE = "Uptake per 100,000 people who live there is not measured here: {}."
CAUTION = (
    "Numbers of people by group are as stated in the settings. People whose group is not recorded are in no rate, so every "
    "rate is somewhat too low."
)


def uptake_findings(released: Released) -> Iterator[str]:
    """What is clear of chance in uptake, or that it is not measured."""
    rows = _rates(released, "referred")
    if not rows:
        if (row := _not_measured(released)) is not None:
            note = str(row["note"])
            yield NOT_STATED if "equity.populations" in note else NOT_POSSIBLE.format(note)
        return
    for term, words in STEPS.items():
        clear = [
            each
            for each in _ratios(released, term)
            if has_interval(each[3]) and (each[3]["conf_low"] > 1 or each[3]["conf_high"] < 1)
        ]
        # the largest in units of its own uncertainty first, as among the other differences
        clear.sort(key=lambda each: -abs(np.log(each[3]["estimate"])) / _spread(each[3]))
        if clear:
            more = f"; {len(clear) - MOST} more in the table" if len(clear) > MOST else ""
            told = "; ".join(_told(*each) for each in clear[:MOST])
            yield f"Differences clear of chance in {words} per 100,000: {told}{more}."
        elif any(has_interval(row) for *_, row in _ratios(released, term)):
            yield f"No difference between groups in {words} per 100,000 is clear of chance."
        index = released.one(NAME, estimand="relative_index", term=term)
        if is_ok(index):
            yield (
                f"From the most to the least deprived end of the population, the rate of {words} is multiplied by "
                f"{with_interval(index)}."
            )


def _spread(row: pd.Series) -> float:
    return float(np.log(row["conf_high"]) - np.log(row["conf_low"]))


def _told(name: str, level: str, against: str, row: pd.Series) -> str:
    return (
        f"by {lower_first(_named(name))}, {lower_first(group_name(name, level))} against {against}: "
        f"{with_interval(row)} times the rate"
    )


def uptake_blocks(released: Released) -> list[Block]:
    """The rates as a figure, and rates, ratios and the gradient as a table; nothing where no rate is given."""
    if not _rates(released, "referred"):
        return []
    blocks: list[Block] = [Heading("Uptake by the population of each group")]
    figure = _figure(released)
    return [*blocks, *([figure] if figure is not None else []), _table(released)]


def group_name(name: str, level: str) -> str:
    """Readers' words for a group; deciles say which end is which."""
    if name == DECILE and level != "not_recorded":
        ends = {"1": " (most deprived)", "10": " (least deprived)"}
        return f"Decile {level}{ends.get(level, '')}"
    return label(name, level)


def _rates(released: Released, term: str) -> list[tuple[str, str, pd.Series]]:
    """Characteristic, group and row of every rate, in the order of the analysis; deciles in their own."""
    found = []
    for _, row in released.rows(NAME, estimand="rate_per_100000", term=term).iterrows():
        for name, level in dimension_levels(str(row["dimensions"])).items():
            found.append((name, level, row))
    return sorted(found, key=lambda each: int(each[1]) if each[0] == DECILE else 0)


def _ratios(released: Released, term: str) -> list[tuple[str, str, str, pd.Series]]:
    found = []
    for _, row in released.rows(NAME, estimand="ratio_to_reference", term=term).iterrows():
        ((name, level),) = dimension_levels(str(row["dimensions"])).items()
        against = str(row["contrast"]).split(" vs ", 1)[1]
        found.append((name, level, lower_first(group_name(name, against)), row))
    return found


def _not_measured(released: Released) -> pd.Series | None:
    rows = released.rows(NAME, estimand="rate_per_100000", term="referred", status="not_measured")
    return rows.iloc[0] if len(rows) else None


def _figure(released: Released) -> Figure | None:
    rates = _rates(released, "referred")
    if not any(is_ok(row) for *_, row in rates):
        return None
    lines, last = [], ""
    for name, level, row in rates:
        if name != last:
            lines.append(DotRow(_named(name), heading=True))
            last = name
        text = reason(row) or brief_interval(row)
        lines.append(DotRow(group_name(name, level), (point(row),), text, indented=True))
    given = [each for each in rates if is_ok(each[2])]
    low, high = (f(given, key=lambda each: float(each[2]["estimate"])) for f in (min, max))
    ends = [
        f"{brief_interval(row)} ({lower_first(group_name(name, level))})"
        for name, level, row in (low, high)
    ]
    return Figure(
        "equity_uptake",
        dot_plot(
            lines,
            Scale("People referred, per 100,000 of the group a year"),
            column="Rate (interval)",
            synthetic=released.synthetic,
        ),
        "People referred per 100,000 people of each group who live there, a year, with intervals.",
        f"Dots with intervals of people referred per 100,000 a year by group, from {ends[0]} to {ends[1]}.",
        Table(
            "People referred per 100,000 of the group a year",
            ("Characteristic", "Group", "Rate (interval)"),
            [(_named(n), group_name(n, level), brief_interval(r)) for n, level, r in rates],
        ),
    )


def _table(released: Released) -> Table:
    started = {(n, level): row for n, level, row in _rates(released, "started")}
    ratios = {
        term: {(n, level): (against, row) for n, level, against, row in _ratios(released, term)}
        for term in STEPS
    }
    rows = []
    for name, level, row in _rates(released, "referred"):
        key = (name, level)
        cells = [brief_interval(row), _against(ratios["referred"].get(key))]
        cells += [brief_interval(started.get(key)), _against(ratios["started"].get(key))]
        rows.append((f"{_named(name)}: {lower_first(group_name(name, level))}", *cells))
    for estimand, words in (
        ("slope_index", "Least against most deprived end, difference (slope index)"),
        ("relative_index", "Least against most deprived end, ratio (relative index)"),
    ):
        found = [released.one(NAME, estimand=estimand, term=term) for term in STEPS]
        if any(row is not None for row in found):
            cells = [text for row in found for text in (_index(row), "–")]
            rows.append((words, *cells))
    return Table(
        "People referred and people who started, per 100,000 of the group a year",
        (
            "Group",
            "Referred (interval)",
            "Against",
            "Started (interval)",
            "Against",
        ),
        rows,
        folded=True,
        note=CAUTION,
    )


def _named(name: str) -> str:
    return "Deprivation" if name == DECILE else label(name)


def _index(row: pd.Series | None) -> str:
    """An index of inequality: people per 100,000 with one decimal, or a ratio."""
    if row is None or not is_ok(row) or str(row["estimand"]) != "slope_index":
        return brief_interval(row)
    values = [number(row[name], 1) for name in ("estimate", "conf_low", "conf_high")]
    return f"{values[0]} ({values[1]} to {values[2]})"


def _against(found: tuple[str, pd.Series] | None) -> str:
    if found is None:
        return "–"
    against, row = found
    return f"{capital(brief_interval(row))} of {against}" if is_ok(row) else reason(row)
