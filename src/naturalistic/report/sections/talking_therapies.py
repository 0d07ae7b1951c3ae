"""The outcome rates of NHS Talking Therapies by the national rules, beside those of England."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.loader import load_national
from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report import sentences
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.axis import Point, Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.sections.talking_therapies_tables import (
    RATES,
    denominators_table,
    groups_table,
)
from naturalistic.report.wording import (
    brief_interval,
    count,
    listed,
    lower_first,
    percent,
    plain,
    reason,
)

NAME = "talking_therapies_measures"
TITLE = "By the rules of NHS Talking Therapies"
AT_CASENESS = ("recovery", "reliable_recovery")
MEASURES = ("phq_9", "gad_7")


def talking_therapies(released: Released, _: PublishedStudy | None) -> Section | None:
    """The five national rates on their own denominators, beside England, and on other denominators."""
    if not released.has(NAME):
        return None
    rows = {
        term: released.one(NAME, estimand="proportion", term=term, population="") for term in RATES
    }
    if not any(is_ok(row) for row in rows.values()):
        first = released.rows(NAME).iloc[0]
        note = f" ({first['note']})" if str(first["note"]) else ""
        return Section(
            "talking_therapies",
            TITLE,
            (f"Recovery by the national rules: {reason(first) or reason(None)}{note}.",),
        )
    findings = (_finding(released, rows), _beside_england(released, rows))
    blocks: list[Block] = [_figure(released, rows), Text((_rules(released),))]
    tables = (denominators_table(released), groups_table(released))
    blocks += [table for table in tables if table is not None]
    return Section("talking_therapies", TITLE, tuple(t for t in findings if t), tuple(blocks))


def _finding(released: Released, rows: dict[str, pd.Series | None]) -> str:
    """Improved and deteriorated, of finished courses; recovered, of those at caseness at the start."""
    finished = released.one(NAME, estimand="count", term="finished", population="")
    people = f" ({sentences.about(released, finished)} people)" if is_ok(finished) else ""
    return (
        f"Of finished courses{people} {_say(rows['reliable_improvement'])} improved reliably and "
        f"{_say(rows['reliable_deterioration'])} deteriorated reliably; of those whose "
        f"score at the start was in the clinical range (“at caseness”) "
        f"{_say(rows['recovery'])} recovered, {_say(rows['reliable_recovery'])} reliably."
    )


def _say(row: pd.Series | None) -> str:
    return brief_interval(row) if is_ok(row) else f"a share that is {reason(row)}"


def _rules(released: Released) -> str:
    """The rules with the thresholds of the reference facts."""
    cases, changes = [], []
    for key in MEASURES:
        facts = released.instruments[key]
        scale = facts.scale(facts.primary_scale)
        case = scale.cut_off(kind="caseness")
        change = next(c for c in scale.reliable_change if c.preferred)
        if case is not None:
            more = "above" if case.case_if == "above" else "at least"
            cases.append(f"{more} {plain(case.value)} on {facts.name}")
        more = "more than" if change.convention == "above" else "at least"
        changes.append(f"{more} {plain(change.value)} points on {facts.name}")
    return (
        "National rules: a course is finished when it has ended after at least two attended treatment sessions. "
        f"At caseness: {' or '.join(cases)}. Recovered: at caseness at the start, on neither measure at the end. "
        f"Reliable change: {' or '.join(changes)}, and not reliably the other way on the other measure."
    )


def _england() -> tuple[str, dict[str, float]]:
    latest = max(load_national().years, key=lambda year: year.year)
    shares = {term: latest.published_percent[key] / 100 for term, (_, key) in RATES.items()}
    return latest.year, shares


def _beside_england(released: Released, rows: dict[str, pd.Series | None]) -> str:
    """Which rates are higher and which lower than in England's latest year."""
    year, england = _england()
    sides: dict[str, list[str]] = {"higher": [], "lower": [], "about the same": []}
    for term, (words, _) in RATES.items():
        row = rows[term]
        if row is None or not has_interval(row):
            continue
        side = "about the same"
        if row["conf_low"] > england[term]:
            side = "higher"
        elif row["conf_high"] < england[term]:
            side = "lower"
        sides[side].append(f"{lower_first(words)} ({percent(england[term])})")
    parts = [f"{side} here: {listed(found)}" for side, found in sides.items() if found]
    if not parts:
        return ""
    return f"Against England {year} (its rate in brackets), {'; '.join(parts)}."


def _figure(released: Released, rows: dict[str, pd.Series | None]) -> Figure:
    year, england = _england()
    lines: list[DotRow] = []
    groups = {
        "Of finished courses": [term for term in RATES if term not in AT_CASENESS],
        "Of finished courses at caseness at the start": list(AT_CASENESS),
    }
    for heading, terms in groups.items():
        lines.append(DotRow(heading, heading=True))
        for term in terms:
            row, share = rows[term], england[term]
            ours = point(row) if row is not None else None
            lines.append(
                DotRow(
                    RATES[term][0],
                    (ours, Point(share, share, share)),
                    f"{_text(row)} | {percent(share)}",
                    indented=True,
                )
            )
    return Figure(
        "national_rates",
        dot_plot(
            lines,
            Scale("Share of people", percent=True),
            series=("here", f"England {year}"),
            column="here (interval) | England",
            synthetic=released.synthetic,
        ),
        f"Outcomes by the national rules, each on its own denominator, beside England {year}. People, problems and severity "
        "differ from England's: no ranking.",
        "Dot plot of shares. " + _finding(released, rows),
        _table(released, rows, england, year),
    )


def _table(
    released: Released, rows: dict[str, pd.Series | None], england: dict[str, float], year: str
) -> Table:
    return Table(
        "Outcomes by the national rules",
        ("Rate", "Here (interval)", "Allowing for therapists", "People", f"England {year}"),
        [
            (
                RATES[term][0],
                brief_interval(row),
                _clustered(released, term),
                count(row, "denominator"),
                percent(england[term], 1),
            )
            for term, row in rows.items()
        ],
    )


def _text(row: pd.Series | None) -> str:
    return brief_interval(row) if is_ok(row) else reason(row)


def _clustered(released: Released, term: str) -> str:
    row = released.one(NAME, term=term, specification="therapist_clustered", population="")
    return "–" if row is None else brief_interval(row)
