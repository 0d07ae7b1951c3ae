"""How many people got better and how many worse: categories, four denominators, and other methods."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report import sentences
from naturalistic.report.blocks import Block, Figure, Heading, Section, Table, Text
from naturalistic.report.drawing import PALE
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.bars import Part, stacked_bars
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import JACOBSON_TRUAX, Released, is_ok
from naturalistic.report.sections.change_methods import (
    methods_figure,
    methods_sentence,
    pairs_table,
    thresholds_table,
)
from naturalistic.report.sections.forests import point
from naturalistic.report.thresholds import thresholds
from naturalistic.report.wording import (
    brief_interval,
    capital,
    category_label,
    number,
    percent,
    reason,
    value,
)

NAME = "clinical_change"
TITLE = "How many people got better, and how many worse"
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


Rows = dict[str, pd.Series]


def change_rates(released: Released, _: PublishedStudy | None) -> Section | None:
    """Categories of change, the rates on four denominators, and whether they depend on the method."""
    if not released.has(NAME):
        return None
    finding = sentences.reliable_rates(released)
    rows = released.rows(NAME)
    if bool((rows["status"] == "not_measured").all()):
        return Section("change_rates", TITLE, (f"{finding[:-1]}: {rows.iloc[0]['note']}.",))
    limits = thresholds(released)
    rule = f"Reliable change on {released.measure_name()}: {limits.reliable_words}. Cut-off: {limits.cut_off_words}."
    figures = [f for f in (category_bars(released), headline_rates(released)) if f is not None]
    blocks: list[Block] = [*figures, Text((rule,))]
    if (figure := methods_figure(released)) is not None:
        told = tuple(text for text in (methods_sentence(released),) if text)
        blocks.append(Heading("Does it depend on the method?"))
        blocks += [*([Text(told)] if told else []), figure]
    blocks += [t for t in (thresholds_table(released), pairs_table(released)) if t is not None]
    return Section("change_rates", TITLE, (finding,), tuple(blocks))


def category_bars(released: Released) -> Figure | None:
    """Categories of change as bars, those who started on the non-clinical side apart."""
    found = _categories(released)
    if not found:
        return None
    lower = released.lower_is_better
    groups = _sides(lower)
    names = {c: category_label(c, lower_is_better=lower) for c in CATEGORIES}
    parts = [Part(names[c], colour, hatch, dark) for c, (colour, hatch, dark) in CATEGORIES.items()]
    shares = [[_share(rows.get(c)) for c in CATEGORIES] for rows in found.values()]
    known = next(iter(found.values()))
    words = "; ".join(f"{names[c]}: {value(row)}" for c, row in known.items() if is_ok(row))
    hatched = ""
    if any(None in row for row in shares):
        hatched = " Hatched white: withheld because the number is small."
    return Figure(
        "categories_of_change",
        stacked_bars(
            [f"{groups[case]}\n(n = {_total(rows)})" for case, rows in found.items()],
            shares,
            parts,
            x_label="Share of people with both forms",
            synthetic=released.synthetic,
        ),
        "Reliable and clinically significant change (Jacobson and Truax). People who did not start on the clinical side "
        f"cannot recover and stand apart.{hatched}",
        f"Stacked bars of the categories of change. {words}.",
        Table(
            "Share of people with both forms in each category (interval)",
            ("Category", *(groups[case].replace("\n", " ") for case in found)),
            [
                (names[c], *(brief_interval(rows.get(c)) for rows in found.values()))
                for c in CATEGORIES
            ],
        ),
    )


def _sides(lower: bool) -> dict[str, str]:
    clinical, other = ("above", "below") if lower else ("below", "above")
    return {
        "": "Everyone with\nboth forms",
        "yes": f"Started {clinical}\nthe cut-off",
        "no": f"Started {other}\nthe cut-off",
    }


def _categories(released: Released) -> dict[str, Rows]:
    """Rows by category, of everyone and by the side they started on; groups without any number left out."""
    key = {"term": "category", **JACOBSON_TRUAX, **released.measure}
    found: dict[str, Rows] = {"": dict(released.levels(NAME, "category", **key))}
    for levels, row in released.cells(NAME, "case_at_start", "category", **key):
        found.setdefault(levels["case_at_start"], {})[levels["category"]] = row
    order = [case for case in _sides(True) if case in found]
    return {c: found[c] for c in order if any(is_ok(row) for row in found[c].values())}


def _share(row: pd.Series | None) -> float | None:
    return float(row["estimate"]) if row is not None and is_ok(row) else None


def _total(rows: Rows) -> str:
    known = [row["denominator"] for row in rows.values() if is_ok(row)]
    return number(known[0], 0) if known else "withheld"


def _rate(released: Released, term: str, population: str) -> pd.Series | None:
    key = {"term": term, "population": population, **JACOBSON_TRUAX, **released.measure}
    return released.one(NAME, **key)


def headline_rates(released: Released) -> Figure | None:
    """Reliable improvement, recovery and reliable deterioration on four denominators side by side."""
    rows: list[DotRow] = []
    table: list[tuple[str, ...]] = []
    for term, name in RATES.items():
        rows.append(DotRow(_of_whom(released, term, name), heading=True))
        for population, words in DENOMINATORS.items():
            row = _rate(released, term, population)
            mark = (point(row) if row is not None else None,)
            rows.append(DotRow(words, mark, _text(row), indented=True))
            clustered = _clustered(released, term, population)
            table.append((f"{name}, {words}", brief_interval(row), clustered, _people(row)))
    if not any(any(row.points) for row in rows):
        return None
    finding = ", ".join(
        f"{value(_rate(released, 'reliable_improvement', p))} {words}"
        for p, words in DENOMINATORS.items()
    )
    header = ("Rate", "Share (interval)", "Allowing for therapists", "People")
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
        Table("Rates on four denominators", header, table),
    )


def _clustered(released: Released, term: str, population: str) -> str:
    key = {"term": term, "population": population, **JACOBSON_TRUAX, **released.measure}
    row = released.one(NAME, specification="therapist_clustered", **key)
    return "–" if row is None else brief_interval(row)


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
