"""Categories of change, and the headline rates on four denominators side by side."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.drawing import PALE
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.bars import Part, stacked_bars
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import JACOBSON_TRUAX, Released, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.wording import (
    brief_interval,
    capital,
    category_label,
    number,
    percent,
    reason,
    value,
)

CATEGORIES = {
    # from best to worst; light and dark alternate so that neighbours differ in grey, hatching marks deterioration
    "recovered": ("#003d78", "", True),
    "improved": ("#3f86cf", "", True),
    "non_reliably_recovered": ("#a9cbea", "", False),
    "unchanged": (PALE, "", False),
    "deteriorated": ("#e39a5b", "///", False),
    "deteriorated_across_cutoff": ("#8f3a06", "///", True),
}
RATES = {
    "reliable_improvement": "Reliably improved",
    "recovery": "Recovered",
    "reliable_deterioration": "Reliably deteriorated",
}
DENOMINATORS = {
    "paired": "of those with both forms",
    "planned_ending": "of those with a planned ending",
    "started": "of everyone who started",
    "referred": "of everyone referred",
}


def category_bars(released: Released) -> Figure | None:
    """Categories of change as bars, those who started on the non-clinical side apart."""
    lower = released.lower_is_better
    sides = ("above", "below") if lower else ("below", "above")
    groups = {
        "": "Everyone with\nboth forms",
        "yes": f"Started {sides[0]}\nthe cut-off",
        "no": f"Started {sides[1]}\nthe cut-off",
    }
    key = {"term": "category", **JACOBSON_TRUAX, **released.measure}
    found = {"": dict(released.levels("clinical_change", "category", **key))}
    for levels, row in released.cells("clinical_change", "case_at_start", "category", **key):
        found.setdefault(levels["case_at_start"], {})[levels["category"]] = row
    found = {case: rows for case, rows in found.items() if any(is_ok(r) for r in rows.values())}
    if not found:
        return None
    order = [case for case in groups if case in found]
    shares = [
        [
            float(r["estimate"]) if r is not None and is_ok(r) else None
            for r in _in_order(found[case])
        ]
        for case in order
    ]
    names = {c: category_label(c, lower_is_better=lower) for c in CATEGORIES}
    parts = [Part(names[c], colour, hatch, dark) for c, (colour, hatch, dark) in CATEGORIES.items()]
    labels = [f"{groups[case]}\n(n = {_total(found[case])})" for case in order]
    return Figure(
        "categories_of_change",
        stacked_bars(
            labels,
            shares,
            parts,
            x_label="Share of people with both forms",
            synthetic=released.synthetic,
        ),
        "Reliable and clinically significant change (Jacobson and Truax). People who did not start on the clinical side "
        "cannot recover and stand apart. Hatched white: withheld because the number is small.",
        "Stacked bars of the categories of change. "
        + "; ".join(f"{names[c]}: {value(row)}" for c, row in found[order[0]].items() if is_ok(row))
        + ".",
        Table(
            "Share of people with both forms in each category (interval)",
            ("Category", *(g.replace("\n", " ") for g in (groups[case] for case in order))),
            [
                (names[c], *(brief_interval(found[case].get(c)) for case in order))
                for c in CATEGORIES
            ],
        ),
    )


def _in_order(rows: dict[str, pd.Series]) -> list[pd.Series | None]:
    return [rows.get(category) for category in CATEGORIES]


def _total(rows: dict[str, pd.Series]) -> str:
    known = [row["denominator"] for row in rows.values() if is_ok(row)]
    return number(known[0], 0) if known else "withheld"


def headline_rates(released: Released) -> Figure | None:
    """Reliable improvement, recovery and reliable deterioration on four denominators side by side."""
    rows: list[DotRow] = []
    table: list[tuple[str, ...]] = []
    for term, name in RATES.items():
        rows.append(DotRow(_of_whom(released, term, name), heading=True))
        for population, words in DENOMINATORS.items():
            row = released.one(
                "clinical_change",
                term=term,
                population=population,
                **JACOBSON_TRUAX,
                **released.measure,
            )
            rows.append(
                DotRow(words, (point(row) if row is not None else None,), _text(row), indented=True)
            )
            people = _people(row)
            table.append((f"{name}, {words}", brief_interval(row), people))
    if not any(any(row.points) for row in rows):
        return None
    best = [
        released.one(
            "clinical_change",
            term="reliable_improvement",
            population=p,
            **JACOBSON_TRUAX,
            **released.measure,
        )
        for p in DENOMINATORS
    ]
    finding = ", ".join(
        f"{value(row)} {words}" for row, words in zip(best, DENOMINATORS.values(), strict=True)
    )
    return Figure(
        "headline_rates",
        dot_plot(
            rows,
            Scale("Share of people", percent=True),
            column="Share (interval)",
            synthetic=released.synthetic,
        ),
        "The same people counted on four denominators. People without a last form are in the lower three denominators "
        "and never among those who improved, recovered or deteriorated, so these shares are the least that is certain.",
        f"Dot plot with intervals. Reliable improvement: {finding}.",
        Table("Rates on four denominators", ("Rate", "Share (interval)", "People"), table),
    )


def _people(row: pd.Series | None) -> str:
    if row is None or not is_ok(row):
        return reason(row)
    return f"{number(row['numerator'], 0)} of {number(row['denominator'], 0)}"


def _of_whom(released: Released, term: str, name: str) -> str:
    if term != "recovery":
        return name
    side = "above" if released.lower_is_better else "below"
    return f"{name} (started {side} cut-off)"


def _text(row: pd.Series | None) -> str:
    return brief_interval(row) if is_ok(row) else capital(reason(row)) or percent(None)
