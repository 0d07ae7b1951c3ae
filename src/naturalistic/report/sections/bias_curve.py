"""The main result over every declared combination of choices."""

from __future__ import annotations

from statistics import median

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.specification_curve import Specification, specification_plot
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.change_beside import outside
from naturalistic.report.wording import (
    MINUS,
    listed,
    lower_first,
    number,
    percent,
    reason,
)
from naturalistic.tables.estimates import dimension_levels

NAME = "bias"
CHOICES = {
    "missing_forms": "Missing forms",
    "effect_size": "Measured in",
    "first_days": "First form within (days)",
    "last_form": "Last form",
    "clustering": "Interval by",
}
WORDS = {
    "complete_pairs": "both forms only",
    "multiple_imputation": "imputed",
    "inverse_probability_weights": "weighted",
    "last_observation_carried_forward": "carried forward",
    "pre_sd": "SD of first scores",
    "average_sd": "SD of both times",
    "external_sd": "SD of a clinical norm",
    "last_available": "last available",
    "end_form": "form of the end",
    "started": "everyone started",
    "planned_ending": "planned ending",
    "case_at_start": "clinical at the start",
    "paired": "both forms",
}


def _summary(released: Released, term: str, contrast: str = "") -> pd.Series | None:
    rows = released.rows(NAME, specification="curve_summary", term=term, contrast=contrast)
    return rows.iloc[0] if len(rows) else None


def curve_sentence(released: Released) -> str:
    """Range and median over the combinations, and how many lie above nothing and above each waiting list."""
    # the rows of the figure: their summary is rounded once more on its way out
    found = _specifications(released)
    values = sorted(each.value for each in found)
    if len(values) < 2:
        rows = released.rows(NAME, specification="curve")
        why = reason(rows.iloc[0]) if len(rows) else reason(None)
        return f"Whether other defensible choices would change the answer: {why or reason(None)}."
    lists = {each.key: each for each in outside(released) if each.design == "waiting_list"}
    said = {"nothing": "show an improvement"}
    said |= {
        key: f"lie above {number(e.value, 2)} ({lower_first(e.label)})" for key, e in lists.items()
    }
    above = []
    for key, words in said.items():
        row = _summary(released, "specifications_above", key)
        if row is not None and is_ok(row):
            above.append(f"{_share(float(row['estimate']))} {words}")
    ending = f": {listed(above)}" if above else ""
    clear = sum(each.low > 0 for each in found) / len(found)
    return (
        f"Over every declared combination of defensible choices the improvement lies between {number(values[0], 2)} and "
        f"{number(values[-1], 2)} standard deviations, for half of them below "
        f"{number(median(values), 2)}{ending}. In {_share(clear)} of them the whole interval lies above no change."
    )


def _share(share: float) -> str:
    """A share of the combinations: all and none only where it is exactly so."""
    if share in (0.0, 1.0):
        return "all" if share else "none"
    return percent(min(max(share, 0.01), 0.99))


def curve_figure(released: Released) -> Figure | None:
    """Every combination in rising order with its choices; None where fewer than two can be shown."""
    found = _specifications(released)
    if len(found) < 2:
        return None
    values = sorted(each.value for each in found)
    guides = {"no change": 0.0} | {
        number(each.value, 2): each.value or 0.0
        for each in outside(released)
        if each.design == "waiting_list"
    }
    tenths = [values[round(q / 10 * (len(values) - 1))] for q in range(11)]
    return Figure(
        "specification_curve",
        specification_plot(found, guides, y_label="Improvement, SDs", synthetic=released.synthetic),
        f"Every one of {len(found)} combinations of defensible choices, in rising order, with its interval; a mark below "
        "says which choices made it. Dashed: no change, and changes on waiting lists. Where the marks of a choice lie to "
        "the left, that choice gives smaller figures.",
        f"Dots in rising order from {number(values[0], 2)} to {number(values[-1], 2)}.",
        Table(
            "Improvement in standard deviations over the combinations",
            ("Share of combinations at or below", "SDs"),
            [(percent(q / 10), number(v, 2)) for q, v in enumerate(tenths)],
        ),
    )


def _specifications(released: Released) -> list[Specification]:
    found = []
    for _, row in released.rows(NAME, specification="curve").iterrows():
        if not is_ok(row) or pd.isna(row["conf_low"]):
            continue
        levels = dimension_levels(str(row["dimensions"]))
        choices = {"People": WORDS.get(str(row["population"]), str(row["population"]))}
        plain = {k: levels[k].replace("-", MINUS) for k in CHOICES if k in levels}
        choices |= {CHOICES[k]: WORDS.get(levels[k], words) for k, words in plain.items()}
        estimate, low, high = (float(row[c]) for c in ("estimate", "conf_low", "conf_high"))
        found.append(Specification(estimate, low, high, choices))
    return found
