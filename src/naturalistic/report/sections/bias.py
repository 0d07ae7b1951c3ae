"""What else could explain the change: regression to the mean, waiting lists, choices of the analysis."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.loader import load_benchmarks
from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Section, Table
from naturalistic.report.plots.specification_curve import Specification, specification_plot
from naturalistic.report.released import Released, is_ok
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    number,
    percent,
    term_label,
    value,
)
from naturalistic.tables.estimates import dimension_levels

NAME = "bias"
CHOICES = {
    "missing_forms": "Missing forms",
    "effect_size": "Effect size",
    "first_days": "Days around the first session",
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
}


def bias(released: Released, _: PublishedStudy | None) -> Section | None:
    """Other explanations of the change, and how much the answer depends on choices."""
    if not released.has(NAME):
        return None
    blocks: list[Block] = [b for b in (_curve(released),) if b]
    tables = (_without(released), _regression(released), _groups(released))
    blocks += [table for table in tables if table]
    findings = [text for text in (_regression_words(released), _curve_words(released)) if text]
    if not findings:
        findings = ["Other explanations of the change cannot be weighed for this cohort."]
    return Section("bias", "What else could explain the change", tuple(findings), tuple(blocks))


def _regression_words(released: Released) -> str:
    rows = released.rows(NAME, term="selected_by_severity")
    known = [float(row["estimate"]) for _, row in rows.iterrows() if is_ok(row)]
    if not known:
        return ""
    return (
        f"People come when they feel worst and would move towards the average without help: between {number(min(known))} "
        f"and {number(max(known))} points of the change, depending on what is assumed about scores without therapy."
    )


def _summary(released: Released, term: str, contrast: str = "") -> pd.Series | None:
    rows = released.rows(NAME, specification="curve_summary", term=term, contrast=contrast)
    return rows.iloc[0] if len(rows) else None


def _curve_words(released: Released) -> str:
    median, low, high = (_summary(released, t) for t in ("median", "lowest", "highest"))
    if median is None or not (is_ok(median) and is_ok(low) and is_ok(high)):
        return ""
    above = [
        f"{percent(row['estimate'])} above {name}"
        for key, name in (("gibbard_waiting_list", "0.24"), ("metapsy_waiting_list", "0.38"))
        if (row := _summary(released, "specifications_above", key)) is not None and is_ok(row)
    ]
    words = f"; {' and '.join(above)} (changes on waiting lists)" if above else ""
    return (
        f"Over every declared combination of choices the standardised change lies between {value(low)} and {value(high)}, "
        f"with a median of {value(median)}{words}."
    )


def _curve(released: Released) -> Figure | None:
    rows = released.rows(NAME, specification="curve")
    found = []
    for _, row in rows.iterrows():
        if not is_ok(row) or pd.isna(row["conf_low"]):
            continue
        levels = dimension_levels(str(row["dimensions"]))
        choices = {"People": WORDS.get(str(row["population"]), str(row["population"]))}
        choices |= {CHOICES[k]: WORDS.get(levels[k], levels[k]) for k in CHOICES if k in levels}
        value_, low, high = (float(row[c]) for c in ("estimate", "conf_low", "conf_high"))
        found.append(Specification(value_, low, high, choices))
    if len(found) < 2:
        return None
    values = sorted(each.value for each in found)
    known = load_benchmarks()
    guides = {"no change": 0.0}
    for key, name in (("gibbard_waiting_list", "0.24"), ("metapsy_waiting_list", "0.38")):
        guides[name] = known[key].value or 0.0
    tenths = [values[round(q / 10 * (len(values) - 1))] for q in range(11)]
    return Figure(
        "specification_curve",
        specification_plot(
            found, guides, y_label="Standardised mean change", synthetic=released.synthetic
        ),
        f"Every one of {len(found)} combinations of defensible choices, in rising order, with its interval; the marks below "
        "say which choices made it. Dashed: no change, and changes on waiting lists (0.24 and 0.38).",
        f"Dots in rising order from {number(values[0], 2)} to {number(values[-1], 2)}.",
        Table(
            "Standardised mean change over the combinations",
            ("Share of combinations at or below", "Standardised mean change"),
            [(percent(q / 10), number(v, 2)) for q, v in enumerate(tenths)],
        ),
    )


def _without(released: Released) -> Table | None:
    rows = released.rows(NAME, specification="minus_benchmark")
    known = load_benchmarks()
    lines = []
    for _, row in rows.iterrows():
        found = known.get(str(row["term"]))
        if found is None or found.value is None:
            continue
        duration = found.duration or "length not read"
        lines.append(
            (
                found.label,
                number(found.value, 2),
                capital(found.design.replace("_", " ")),
                f"{found.measure}; {duration}",
                brief_interval(row),
            )
        )
    if not lines:
        return None
    return Table(
        "Change without this therapy, and this cohort minus it (people with both forms, SDs of first scores)",
        (
            "Published change",
            "SDs",
            "Without therapy as",
            "Measure; length",
            "This cohort minus it",
        ),
        lines,
        note="Waits of about ten weeks are not one or two years. Care as usual is treatment, not its absence.",
        prose=True,
    )


def _regression(released: Released) -> Table | None:
    lines = []
    for term, name in (
        ("selected_by_severity", "As far from the average as here"),
        ("selected_beyond_cut_off", "Everybody beyond the cut-off"),
    ):
        for _, row in released.rows(NAME, term=term).iterrows():
            levels = dimension_levels(str(row["dimensions"]))
            if levels:
                cells = (levels["population_mean"], levels["reliability"], brief_interval(row))
                lines.append((name, *cells))
    if not lines:
        return None
    return Table(
        "Points expected from regression to the mean alone",
        (
            "People come because they are",
            "Average without therapy",
            "Correlation over time",
            "Points",
        ),
        lines,
        folded=True,
    )


def _groups(released: Released) -> Table | None:
    rows = released.rows(NAME, estimand="adjusted_difference")
    found: dict[tuple[str, str], dict[str, pd.Series]] = {}
    for _, row in rows.iterrows():
        key = (str(row["term"]), str(row["contrast"]))
        found.setdefault(key, {})[str(row["specification"])] = row
    lines = [
        (
            term_label(*key),
            brief_interval(pair.get("raw")),
            brief_interval(pair.get("adjusted_for_first_score")),
            count(pair["raw"], "n_patients"),
        )
        for key, pair in found.items()
        if "raw" in pair
    ]
    if not lines:
        return None
    return Table(
        "Differences in change between groups, raw and between people who started at the same score",
        ("Group", "Raw, points", "Same first score, points", "People"),
        lines,
        folded=True,
        note="They differ because a group that starts worse has further to move and regresses more.",
    )
