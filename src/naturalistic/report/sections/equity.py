"""Who gets access, waits, attends, stays and improves, by protected characteristic and deprivation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Heading, Section, Table, Text
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.equity_funnels import funnel_figures
from naturalistic.report.sections.equity_uptake import uptake_blocks, uptake_findings
from naturalistic.report.sections.forests import by_chance, point
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    label,
    listed,
    lower_first,
    number,
    percentage_points,
    reason,
)
from naturalistic.tables.estimates import dimension_levels

NAME = "equity"
TITLE = "Equity"
FIFTH = "deprivation_fifth"
NOT_RECORDED = "not_recorded"
MOST = 3  # differences named for each outcome
ADJUSTED = "adjusted_for_baseline"


@dataclass(frozen=True)
class Outcome:
    """How one outcome is named, and its unit."""

    name: str
    axis: str
    share: bool
    unit: str = ""
    drawn: bool = False


OUTCOMES = {
    "access": Outcome(
        "starting therapy, of people referred",
        "Started, of people referred",
        share=True,
        drawn=True,
    ),
    "wait": Outcome("days from referral to first session", "Days", share=False, unit=" days"),
    "missed_sessions": Outcome("sessions missed, of those offered", "Sessions missed", share=True),
    "dropout": Outcome("dropping out", "Dropped out", share=True, drawn=True),
    "change": Outcome(
        "improvement", "Mean improvement, points", share=False, unit=" points", drawn=True
    ),
    "reliable_improvement": Outcome(
        "reliable improvement, of people with both forms", "Reliably improved", share=True
    ),
}
CAUTION = (
    "Groups differ in more than the characteristic named. Many comparisons are made, and some are clear of chance by "
    "chance. Small groups are withheld and not merged. People whose characteristic is not recorded are a line of their own."
)


def equity(released: Released, _: PublishedStudy | None) -> Section | None:
    """Gaps that are clear of chance, levels as figures, gaps and gradients as tables, funnels."""
    if not released.has(NAME):
        return None
    terms = [term for term in OUTCOMES if len(_levels(released, term))]
    if not terms:
        text = "Differences between groups of people are not measured here: no characteristic looked at is held."
        return Section("equity", TITLE, (text,))
    blocks: list[Block] = [Text((CAUTION,), "note")]
    drawn = [_figure(released, term) for term in terms if OUTCOMES[term].drawn]
    blocks += [figure for figure in drawn if figure is not None]
    blocks += [_gaps(released, term) for term in terms]
    if (table := _gradients(released)) is not None:
        blocks.append(table)
    blocks += uptake_blocks(released)
    if figures := funnel_figures(released):
        blocks += [Heading("Services and teams"), *figures]
    findings = [*_findings(released, terms), *uptake_findings(released), *_lacking(released)]
    return Section("equity", TITLE, tuple(findings), tuple(blocks))


def _levels(released: Released, term: str) -> list[tuple[str, str, pd.Series]]:
    """Characteristic, level and row of an outcome, those that are given at all."""
    rows = released.rows(
        NAME, estimand=("proportion", "mean", "mean_change"), term=term, specification=""
    )
    found = []
    for _, row in rows.iterrows():
        levels = dimension_levels(str(row["dimensions"]))
        if len(levels) == 1 and str(row["status"]) != "not_measured":
            (name, level), *_rest = levels.items()
            if name not in ("service", "team"):
                found.append((name, level, row))
    return found


def _named(name: str, level: str) -> str:
    if name == FIFTH and level != NOT_RECORDED:
        ends = {"1": " (most deprived)", "5": " (least deprived)"}
        return f"Fifth {level}{ends.get(level, '')}"
    return label(name, level)


def _characteristic(name: str) -> str:
    return "Deprivation" if name == FIFTH else label(name)


def _gap_rows(
    released: Released, term: str, estimand: str, specification: str = ""
) -> pd.DataFrame:
    return released.rows(NAME, estimand=estimand, term=term, specification=specification)


def _findings(released: Released, terms: list[str]) -> Iterator[str]:
    for term in terms:
        rows = [
            row
            for _, row in _gap_rows(released, term, "difference_from_reference").iterrows()
            if has_interval(row)
        ]
        clear = [row for row in rows if row["conf_low"] * row["conf_high"] > 0]
        outcome = OUTCOMES[term]
        if clear:
            # the largest in units of its own uncertainty first
            clear.sort(key=lambda row: -abs(row["estimate"]) / (row["conf_high"] - row["conf_low"]))
            told = "; ".join(_told(outcome, row) for row in clear[:MOST])
            more = len(clear) - MOST
            told += f"; {more} more in the tables" if more > 0 else ""
            yield f"In {outcome.name}, {_tally(len(clear), len(rows))}: {told}."
        elif rows:
            yield f"No difference between groups in {outcome.name} is clear of chance."
        else:
            yield f"Differences between groups in {outcome.name} cannot be given: the groups are small."


def _tally(clear: int, known: int) -> str:
    """How many comparisons stand clear of chance, and how many would where nothing differs."""
    if known == 1:
        return "1 comparison stands clear of chance"
    stand = "stands" if clear == 1 else "stand"
    return f"{clear} of {known} comparisons {stand} clear of chance ({by_chance(known)} by chance alone)"


def _told(outcome: Outcome, row: pd.Series) -> str:
    ((name, level),) = dimension_levels(str(row["dimensions"])).items()
    against = str(row["contrast"]).split(" vs ", 1)[1]
    return (
        f"{lower_first(_named(name, level))} against {lower_first(_named(name, against))} "
        f"({lower_first(_characteristic(name))}), {_difference(outcome, row)}"
    )


def _difference(outcome: Outcome, row: pd.Series | None) -> str:
    """A difference with its interval in the unit of the outcome; percentage points for a share."""
    if row is None or not is_ok(row):
        return reason(row)
    if outcome.share:
        return percentage_points(row, " percentage points")
    exact = [float(row[c]) for c in ("estimate", "conf_low", "conf_high")]
    # a limit that is clear of 0 is not shown as 0
    clear = has_interval(row) and exact[1] * exact[2] > 0 and min(map(abs, exact[1:])) < 0.05
    values = [number(value, 2 if clear else 1) for value in exact]
    limits = f" ({values[1]} to {values[2]})" if has_interval(row) else ""
    return f"{values[0]}{outcome.unit}{limits}"


def _lacking(released: Released) -> Iterator[str]:
    rows = released.rows(NAME, term="access", status="not_measured")
    names = [
        lower_first(_characteristic(name))
        for text in rows["dimensions"]
        for name in dimension_levels(str(text))
    ]
    if names:
        yield f"Not measured here: {listed(names)}."


def _figure(released: Released, term: str) -> Figure | None:
    outcome, lines, last = OUTCOMES[term], [], ""
    levels = _levels(released, term)
    if not any(is_ok(row) for _, _, row in levels):
        return None
    for name, level, row in levels:
        if name != last:
            lines.append(DotRow(_characteristic(name), heading=True))
            last = name
        text = reason(row) or brief_interval(row)
        lines.append(DotRow(_named(name, level), (point(row),), text, indented=True))
    given = [(n, v, r) for n, v, r in levels if is_ok(r)]
    low, high = (f(given, key=lambda each: float(each[2]["estimate"])) for f in (min, max))
    return Figure(
        f"equity_{term}",
        dot_plot(
            lines,
            Scale(outcome.axis, percent=outcome.share),
            column="Interval",
            synthetic=released.synthetic,
        ),
        f"{outcome.axis}, by characteristic, with intervals.",
        f"Dots with intervals of {outcome.name} by group, from {brief_interval(low[2])} "
        f"({lower_first(_named(low[0], low[1]))}) to {brief_interval(high[2])} "
        f"({lower_first(_named(high[0], high[1]))}).",
        Table(
            f"{outcome.axis} by characteristic",
            ("Characteristic", "Level", "Figure (interval)", "People"),
            [
                (_characteristic(n), _named(n, v), brief_interval(r), count(r, "n_patients"))
                for n, v, r in levels
            ],
        ),
    )


def _gaps(released: Released, term: str) -> Table:
    outcome = OUTCOMES[term]
    ratios, adjusted = (
        {(str(r["dimensions"]), str(r["contrast"])): r for _, r in rows.iterrows()}
        for rows in (
            _gap_rows(released, term, "ratio_to_reference"),
            _gap_rows(released, term, "difference_from_reference", ADJUSTED),
        )
    )
    lines = []
    for _, row in _gap_rows(released, term, "difference_from_reference").iterrows():
        key = (str(row["dimensions"]), str(row["contrast"]))
        ((name, level),) = dimension_levels(key[0]).items()
        against = key[1].split(" vs ", 1)[1]
        told = f"{_named(name, level)} against {lower_first(_named(name, against))}"
        cells = [_difference(outcome, row), brief_interval(ratios.get(key))]
        if adjusted:
            cells.append(_difference(outcome, adjusted.get(key)))
        lines.append((f"{_characteristic(name)}: {told}", *cells))
    header = ["Groups", "Difference (interval)", "Ratio (interval)"]
    header += ["Difference at the same score before therapy"] if adjusted else []
    missing = pd.to_numeric(released.rows(NAME, term=term)["n_missing"], errors="coerce").max()
    notes = [f"Not recorded for up to {number(missing, 0)} people."] if pd.notna(missing) else []
    given = [str(row["note"]) for row in ratios.values() if str(row["status"]) == "not_estimable"]
    notes += [f"A ratio that cannot be estimated: {why}." for why in dict.fromkeys(given)]
    note = " ".join(notes)
    return Table(f"Gaps in {outcome.name}", tuple(header), lines, folded=True, note=note)


def _gradients(released: Released) -> Table | None:
    rows = []
    for term, outcome in OUTCOMES.items():
        crude, adjusted = (
            released.one(NAME, estimand="slope_index", term=term, specification=specification)
            for specification in ("", ADJUSTED)
        )
        ratio = released.one(NAME, estimand="relative_index", term=term)
        if crude is None or str(crude["status"]) == "not_measured":
            continue
        rows.append(
            (
                capital(outcome.name),
                _difference(outcome, crude),
                brief_interval(ratio),
                "–" if adjusted is None else _difference(outcome, adjusted),
                count(crude, "n_patients") if is_ok(crude) else reason(crude),
            )
        )
    if not rows:
        return None
    return Table(
        "From the most to the least deprived end: slope and relative index of inequality",
        (
            "Outcome",
            "Slope index (interval)",
            "Relative index (interval)",
            "Slope at the same score before therapy",
            "People",
        ),
        rows,
        note="Above 0 (above 1): more of it at the least deprived end. Ranks by the people in the data, not the population.",
    )
