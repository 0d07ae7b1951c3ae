"""Who lacks a last form, the change under every way to deal with that, and the tipping point."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Section, Table
from naturalistic.report.plots.dots import DotRow, Scale, dot_plot
from naturalistic.report.plots.tipping import Shift, Target, tipping_plot
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    label,
    number,
    reason,
    value,
    with_interval,
)

NAME = "missing_outcomes"
METHODS = {
    "complete_pairs": "Only people with both forms",
    "mixed_model": "All scores, mixed model",
    "multiple_imputation": "Everyone who started, multiple imputation",
    "inverse_probability_weights": "Everyone who started, weighted",
    "last_observation_carried_forward": "As if nobody without a form had changed",
    "worst_case": "As if all of them had got reliably worse (a bound)",
    "worst_possible": "As if all of them had ended at the worst score (a bound)",
}
TARGETS = {
    "nothing": "No change",
    "reliable_change": "Reliable change",
    "gibbard_waiting_list": "Waiting list, CORE-OM",
    "metapsy_waiting_list": "Waiting lists, depression",
}


def missing(released: Released, _: PublishedStudy | None) -> Section | None:
    """Missing last forms: who, what the change could be, and how much worse they would have to be."""
    if not released.has(NAME):
        return None
    blocks: list[Block] = [b for b in (_methods(released), _tipping(released)) if b]
    blocks += [table for table in (_points(released), _who(released)) if table]
    findings = [text for text in (_share(released), _range(released), _needed(released)) if text]
    if not findings:
        findings = ["How many people lack a last form cannot be given for this cohort."]
    return Section("missing", "Forms that are missing", tuple(findings), tuple(blocks))


def _share(released: Released) -> str:
    row = released.one(NAME, term="no_last_form")
    if not is_ok(row):
        return ""
    return f"Of everyone who started, {value(row)} have no usable last form."


def _method_rows(released: Released, estimand: str = "mean_change") -> dict[str, pd.Series]:
    rows = released.rows(NAME, estimand=estimand, term="")
    found = {str(row["specification"]): row for _, row in rows.iterrows()}
    return {name: found[name] for name in METHODS if name in found}


def _range(released: Released) -> str:
    found = {name: row for name, row in _method_rows(released).items() if is_ok(row)}
    if "complete_pairs" not in found or "multiple_imputation" not in found:
        return ""
    pairs, everyone = found["complete_pairs"], found["multiple_imputation"]
    return (
        f"People with both forms improved by {with_interval(pairs)} points on average; for everyone who started, with the "
        f"missing forms imputed from what is known of them, it is {with_interval(everyone)} points."
    )


def _needed(released: Released) -> str:
    points = _crossing(released, "nothing")
    estimate = points.get("estimate")
    if estimate is None or not is_ok(estimate):
        return ""
    return (
        f"Those without a last form would have to be {value(estimate)} points worse than people like them who have one for "
        "the average change of everyone who started to be nothing."
    )


def _methods(released: Released) -> Figure | None:
    rows = _method_rows(released)
    if not any(is_ok(row) for row in rows.values()):
        return None
    unit = f"Mean improvement on {released.measure_name()}, points"
    dots = [
        DotRow(METHODS[name], (point(row),), reason(row) or brief_interval(row))
        for name, row in rows.items()
    ]
    standardised = _method_rows(released, "standardised_mean_change")
    return Figure(
        "change_by_method_for_missing_forms",
        dot_plot(
            dots, Scale(unit, null=0.0), column="Points (interval)", synthetic=released.synthetic
        ),
        "The same change under each way to deal with last forms that are missing. The last three lines are not estimates "
        "but what-ifs.",
        "Dot plot with intervals. "
        + "; ".join(f"{METHODS[name]}: {value(row)}" for name, row in rows.items() if is_ok(row))
        + ".",
        Table(
            "Change under each method for missing forms",
            ("Method", "Points (interval)", "SDs of first scores (interval)", "People"),
            [
                (
                    METHODS[name],
                    brief_interval(row),
                    brief_interval(standardised.get(name)),
                    count(row, "n_patients"),
                )
                for name, row in rows.items()
            ],
        ),
    )


def _crossing(released: Released, term: str, who: str = "everyone") -> dict[str, pd.Series]:
    rows = released.rows(NAME, estimand="tipping_point", term=term, dimensions=f"shifted={who}")
    return {str(row["contrast"]): row for _, row in rows.iterrows()}


def _tipping(released: Released) -> Figure | None:
    rows = released.rows(NAME, term="tipping_curve", dimensions="shifted=everyone")
    rows = rows[[is_ok(row) for _, row in rows.iterrows()]] if len(rows) else rows
    if len(rows) < 2:
        return None
    rows = rows.sort_values("time")
    curve = Shift(
        *(rows[c].astype(float).tolist() for c in ("time", "estimate", "conf_low", "conf_high"))
    )
    levels = released.rows(NAME, term="target")
    targets, words = [], []
    for _, row in levels.iterrows():
        name = str(row["contrast"])
        if not is_ok(row):
            continue
        crossing = _crossing(released, name).get("estimate")
        at = float(crossing["estimate"]) if is_ok(crossing) else None  # type: ignore[index]  # is_ok knows
        targets.append(Target(TARGETS.get(name, capital(label(name))), float(row["estimate"]), at))
        if at is not None:
            words.append(f"{targets[-1].label} at {number(at)}")
    return Figure(
        "tipping_point",
        tipping_plot(
            curve,
            targets,
            x_label="Points by which people without a last form are worse than imputed",
            y_label="Mean improvement of everyone, points",
            synthetic=released.synthetic,
        ),
        "Mean improvement of everyone who started if those without a last form are worse than people like them who have "
        "one. Dots: where the estimate reaches a dashed line.",
        f"A falling line with its interval. It reaches: {'; '.join(words) or 'none of the levels shown'}.",
        Table(
            "Mean improvement of everyone by how much worse those without a form are",
            ("Points worse", "Mean improvement (interval)"),
            [(number(float(row["time"])), brief_interval(row)) for _, row in rows[::5].iterrows()],
        ),
    )


def _points(released: Released) -> Table | None:
    rows = released.rows(NAME, estimand="tipping_point")
    if not len(rows) or not any(is_ok(row) for _, row in rows.iterrows()):
        return None
    lines = []
    for dimensions in dict.fromkeys(rows["dimensions"].astype(str)):
        who = dimensions.removeprefix("shifted=")
        name = "Everyone without a last form" if who == "everyone" else label("ending", who)
        for term in TARGETS:
            found = _crossing(released, term, who)
            if found:
                cells = (value(found.get("estimate")), value(found.get("lower_limit")))
                lines.append((f"{name}: {TARGETS[term]}", *cells))
    note = "Points by which they would have to be worse; a negative number: it is already so without any shift."
    return Table(
        "Tipping points, overall and by way of ending",
        ("Who is shifted, and to what", "Estimate gets there", "Lower limit gets there"),
        lines,
        folded=True,
        note=note,
    )


def _who(released: Released) -> Table | None:
    rows = released.rows(NAME, term="no_last_form", specification="")
    lines = []
    for _, row in rows.iterrows():
        name, _, level = str(row["dimensions"]).partition("=")
        words = f"{label(name)}: {label(name, level)}" if name else "Everyone who started"
        lines.append((words, brief_interval(row), count(row, "denominator")))
    if not lines:
        return None
    return Table(
        "Share without a last form", ("Group", "Share (interval)", "Started"), lines, folded=True
    )
