"""Whether the models of dropout hold: calibration in groups, constant ratios, straight lines, single people."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.axis import Point, Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.dropout_differences import (
    NAME,
    NAMED,
    UNITS,
    primary_key,
    when,
)
from naturalistic.report.sections.dropout_lead import HALVES
from naturalistic.report.sections.forests import point
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    label,
    lower_first,
    number,
    reason,
    value,
)

FIFTH = "fifth_of_predicted_probability"
Rows = dict[str, pd.Series]
ORDINALS = {"1": "Lowest fifth", "2": "Second", "3": "Middle", "4": "Fourth", "5": "Highest fifth"}


def calibration(released: Released, clock: str) -> Figure | None:
    """Expected and observed shares in fifths of what the model expects; groups, never one person."""
    key = primary_key(released, time_unit=clock, term="dropout", specification="adjusted")
    model = {"model": "standardised_cause_specific_cox", **key}
    both = {
        estimand: dict(released.levels(NAME, FIFTH, estimand=estimand, **model))
        for estimand in ("predicted_incidence", "cumulative_incidence")
    }
    expected, observed = both["predicted_incidence"], both["cumulative_incidence"]
    groups = [
        group for group in ORDINALS if is_ok(expected.get(group)) or is_ok(observed.get(group))
    ]
    if len(groups) < 2:
        return None
    time = when(clock, float(next(iter(expected.values()))["time"]))
    finding = _finding(groups, expected, observed)
    return Figure(
        "dropout_calibration",
        dot_plot(
            [
                DotRow(
                    ORDINALS[group],
                    (_point(expected.get(group)), _point(observed.get(group))),
                    f"{value(expected.get(group))} / {brief_interval(observed.get(group))}",
                )
                for group in groups
            ],
            Scale(f"Share dropped out by {time}", percent=True),
            series=("Expected by the model", "Observed"),
            column="Expected / observed (interval)",
            synthetic=released.synthetic,
        ),
        f"Does the model fit? People in fifths of the probability the model gives them of having dropped out by {time}: "
        f"expected and observed share of each fifth. {capital(finding)}. The same people the model was fitted to; no "
        "figure is given for any one person.",
        f"Expected and observed shares in fifths: {finding}.",
        _calibration_table(groups, expected, observed, time),
    )


def _finding(groups: list[str], expected: Rows, observed: Rows) -> str:
    """In how many groups what was observed agrees with the model."""
    inside = 0
    for group in groups:
        ours, seen = expected.get(group), observed.get(group)
        if ours is None or seen is None or not (is_ok(ours) and is_ok(seen)):
            continue
        inside += bool(seen["conf_low"] <= ours["estimate"] <= seen["conf_high"])
    return f"in {inside} of {len(groups)} groups the observed interval holds what the model expects"


def _calibration_table(groups: list[str], expected: Rows, observed: Rows, time: str) -> Table:
    return Table(
        f"Expected and observed shares dropped out by {time}",
        ("Fifth", "Expected", "Observed (interval)", "People"),
        [
            (
                ORDINALS[group],
                value(expected.get(group)),
                brief_interval(observed.get(group)),
                count(expected.get(group), "n_patients"),
            )
            for group in groups
        ],
        folded=True,
    )


def _point(row: pd.Series | None) -> Point | None:
    return None if row is None else point(row)


def proportionality(released: Released, clock: str) -> Table | None:
    """The test, and where it fails the ratio early and late and the time lost."""
    key = primary_key(released, time_unit=clock)
    tests = released.rows(NAME, estimand="proportional_hazards_test", **key)
    if not (tests["status"] == "ok").any():
        return None
    early_late: dict[str, list[str]] = {}
    for levels, row in released.cells(NAME, "period", estimand="hazard_ratio", **key):
        _, _, level = NAMED(str(row["term"]), str(row["contrast"])).partition(": ")
        text = f"{level} {levels['period'].replace('_', ' ')}: {brief_interval(row)}".strip()
        early_late.setdefault(str(row["term"]), []).append(text)
    lost: dict[str, list[str]] = {}
    for _, row in released.rows(NAME, estimand="time_lost_difference", **key).iterrows():
        level = str(row["contrast"]).split(" vs ")[0]
        words = HALVES.get(level) or lower_first(label(str(row["term"]), level))
        lost.setdefault(str(row["term"]), []).append(f"{words}: {brief_interval(row)}")
    return Table(
        f"Is the hazard ratio the same throughout? By {UNITS[clock]}",
        (
            "Characteristic",
            "p",
            "Where it is not: early and late",
            f"Mean {UNITS[clock]} more lost to dropping out",
        ),
        [
            (
                "All together" if row["term"] == "all_terms" else label(str(row["term"])),
                number(row["p_value"], 3) if is_ok(row) else reason(row),
                "; ".join(early_late.get(str(row["term"]), ())) or "–",
                "; ".join(lost.get(str(row["term"]), ())) or "–",
            )
            for _, row in tests.iterrows()
        ],
        folded=True,
        prose=True,
        note="A small p says that the ratio changes with time; among twenty tests one falls below 0.05 by chance. The time "
        "lost needs no ratio; nothing else is held equal in it.",
    )


def functional_form(released: Released, clock: str) -> Table | None:
    """Is a straight line enough? Where it is not, ratios along the curve."""
    key = primary_key(released, time_unit=clock)
    tests = released.rows(NAME, estimand="linearity_test", **key)
    if not (tests["status"] == "ok").any():
        return None
    curves = released.rows(NAME, estimand="hazard_ratio", model="cause_specific_cox_spline", **key)
    along: dict[str, list[str]] = {}
    for _, row in curves.iterrows():
        here, there = str(row["contrast"]).split(" vs ")
        text = f"{here} against {there}: {brief_interval(row)}"
        along.setdefault(str(row["term"]), []).append(text)
    return Table(
        f"Is a straight line enough? By {UNITS[clock]}",
        ("Number", "p", "Where it is not: hazard ratios along the curve"),
        [
            (
                label(str(row["term"])),
                number(row["p_value"], 3) if is_ok(row) else reason(row),
                "; ".join(along.get(str(row["term"]), ())) or "–",
            )
            for _, row in tests.iterrows()
        ],
        folded=True,
        prose=True,
        note="A small p says that a curve (restricted cubic spline, four knots) fits better than a line.",
    )


def influence(released: Released, clock: str) -> Table | None:
    """By how much the most influential person moves each coefficient."""
    rows = released.rows(NAME, estimand="influence", **primary_key(released, time_unit=clock))
    if not (rows["status"] == "ok").any():
        return None
    return Table(
        f"Does one person decide a coefficient? By {UNITS[clock]}",
        ("Characteristic", "Largest shift, in standard errors", "People"),
        [
            (
                NAMED(str(row["term"]), str(row["contrast"])),
                value(row),
                count(row, "n_patients"),
            )
            for _, row in rows.iterrows()
        ],
        folded=True,
        note="The shift of the log hazard ratio when the most influential person is left out, whoever that is.",
    )
