"""Whether the verdict on a person depends on the method: who changes category, and the rates under each."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import JACOBSON_TRUAX, Released, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.wording import (
    brief_interval,
    category_label,
    count,
    label,
    lower_first,
    percent,
    reason,
    value,
)
from naturalistic.tables.estimates import dimension_levels
from naturalistic.vocabulary import CHANGE_METHODS

NAME = "clinical_change"
OTHER = "other_method"
REFERENCE = ("jacobson_truax", "jacobson_truax_sample")


def _method(key: str) -> str:
    known = CHANGE_METHODS.get(key)
    return known.label if known else label(key)


def _moved(released: Released) -> dict[str, pd.Series]:
    rows = released.rows(NAME, term="category_moved", estimand="proportion", **released.measure)
    return {str(row["definition"]): row for _, row in rows.iterrows()}


def _improved(released: Released) -> dict[str, pd.Series]:
    key = {"term": "reliable_improvement", "population": "paired", **released.measure}
    rows = released.rows(NAME, specification=OTHER, **key)
    return {str(row["definition"]): row for _, row in rows.iterrows()}


def _used(released: Released) -> str:
    """The method of the report: the one that is compared with no other."""
    return REFERENCE[released.settings["reliable_change"]["criterion"] == "sample"]


def methods_figure(released: Released) -> Figure | None:
    """People in another category, and reliably improved, under each method; None where no other can be shown."""
    moved, improved = _moved(released), _improved(released)
    if not any(is_ok(row) for row in moved.values()):
        return None
    lines = [DotRow("Placed in another category than in this report", heading=True)]
    lines += [_line(method, row) for method, row in _ordered(moved)]
    lines.append(DotRow("Reliably improved", heading=True))
    used = _used(released)
    main = released.one(
        NAME,
        term="reliable_improvement",
        population="paired",
        **JACOBSON_TRUAX,
        **released.measure,
    )
    mine = f"{_method(used)} (this report)"
    lines.append(
        DotRow(mine, (point(main) if main is not None else None,), _text(main), indented=True)
    )
    lines += [_line(m, row) for m, row in _ordered(improved) if m != used]
    return Figure(
        "methods_of_change",
        dot_plot(
            lines,
            Scale("Share of people with both forms", percent=True),
            column="Share (interval)",
            synthetic=released.synthetic,
        ),
        "The same people judged by every other published method. A method that lies far off does not make the others wrong: "
        "each answers a slightly different question.",
        "Dot plot with intervals. In another category: "
        + "; ".join(f"{_method(m)} {value(row)}" for m, row in moved.items() if is_ok(row))
        + ".",
        _table(moved, improved, used, main),
    )


def _ordered(found: dict[str, pd.Series]) -> list[tuple[str, pd.Series]]:
    """Those with a number only: why another is missing stands in the table."""
    known = [(method, row) for method, row in found.items() if is_ok(row)]
    return sorted(known, key=lambda pair: float(pair[1]["estimate"]))


def _line(method: str, row: pd.Series) -> DotRow:
    return DotRow(_method(method), (point(row),), brief_interval(row), indented=True)


def _text(row: pd.Series | None) -> str:
    return brief_interval(row) if is_ok(row) else reason(row)


def _table(
    moved: dict[str, pd.Series],
    improved: dict[str, pd.Series],
    used: str,
    main: pd.Series | None,
) -> Table:
    lines = [(f"{_method(used)} (this report)", "–", brief_interval(main), "–")]
    for method in dict.fromkeys([*moved, *improved]):
        if method == used:
            continue
        row = improved.get(method)
        note = str(row["note"]) if row is not None and str(row["note"]) else "–"
        other = brief_interval(moved[method]) if method in moved else "–"
        lines.append((_method(method), other, brief_interval(row), note))
    return Table(
        "People under each method, of those with both forms",
        ("Method", "In another category (interval)", "Reliably improved (interval)", "Note"),
        lines,
    )


def methods_sentence(released: Released) -> str:
    """How far the share of the reliably improved depends on the method."""
    improved = [row for _, row in _ordered(_improved(released))]
    moved = [row for _, row in _ordered(_moved(released))]
    if len(improved) < 2 or not moved:
        return ""
    most, least = (percent(row["estimate"]) for row in (moved[-1], moved[0]))
    across = f"between {least} and {most}" if least != most else f"{most}"
    return (
        f"Depending on the method, from {percent(improved[0]['estimate'])} to {percent(improved[-1]['estimate'])} of people "
        f"improved reliably; another method would place {across} of people in another category than this report does."
    )


def thresholds_table(released: Released) -> Table | None:
    """Reliable change and cut-offs, published and of this sample, and recovery under each cut-off."""
    rows = released.rows(NAME, estimand="threshold", **released.measure)
    recovery = {
        str(row["specification"]).removeprefix("cut_off_"): row
        for _, row in released.rows(NAME, term="recovery", **released.measure).iterrows()
        if str(row["specification"]).startswith("cut_off_")
    }
    lines = []
    for _, row in rows.iterrows():
        contrast, note = str(row["contrast"]), str(row["note"]) or "–"
        if contrast:
            name, share = f"Cut-off {contrast}", brief_interval(recovery.get(contrast))
        else:
            name, share = f"Reliable change: {_method(str(row['definition']))}", "–"
        lines.append((name, value(row), share, note))
    if not lines:
        return None
    return Table(
        "Thresholds, published and of this sample",
        ("Threshold", "Points", "Recovered with this cut-off", "Source, or caution"),
        lines,
        folded=True,
    )


def pairs_table(released: Released) -> Table | None:
    """From which category to which, for every other method."""
    rows = released.rows(NAME, term="category_pair", **released.measure)
    lower = released.lower_is_better
    lines: list[tuple[str, ...]] = []
    last = ""
    for _, row in rows.iterrows():
        levels = dimension_levels(str(row["dimensions"]))
        here, there = levels["reference_category"], levels["category"]
        method = str(row["definition"])
        if here == there or not is_ok(row):
            continue
        lines += [(_method(method),)] if method != last else []
        last = method
        words = [lower_first(category_label(c, lower_is_better=lower)) for c in (here, there)]
        lines.append((words[0].capitalize(), words[1], count(row)))
    if not lines:
        return None
    return Table(
        "Who changes category, from the method of this report to another",
        ("In this report", "By the other method", "People"),
        lines,
        folded=True,
        note="Moves of few people are withheld and left out.",
    )
