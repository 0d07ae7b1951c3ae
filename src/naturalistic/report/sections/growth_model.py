"""The model of all forms in the report: the form of time, what a slope amounts to, and its coefficients."""

from __future__ import annotations

import math

import pandas as pd

from naturalistic.report.blocks import Table
from naturalistic.report.plots.axis import Scale
from naturalistic.report.released import Released, first_known, has_interval, is_ok
from naturalistic.report.sections.described_people import NAME, UNITS
from naturalistic.report.sections.forests import Forest, sentence
from naturalistic.report.wording import (
    NOT_ESTIMABLE,
    WITHHELD,
    brief_interval,
    count,
    lower_first,
    number,
    reason,
    term_label,
    with_interval,
)

FORMS = {
    "linear": "Straight line",
    "logarithm": "Logarithm",
    "quadratic": "Quadratic curve",
    "piecewise": "Two straight pieces",
    "spline": "Restricted cubic spline",
}


def chosen_form(released: Released) -> pd.Series | None:
    """The row of the form of time that the declared rule chose."""
    rows = released.rows(NAME, estimand="bic_difference", contrast="chosen")
    return rows.iloc[0] if len(rows) else None


def slope_unit(released: Released) -> str:
    """What one unit of the slope is: `a month`, `per doubling of the number of sessions`."""
    row = chosen_form(released)
    return "" if row is None else str(row["note"]).removeprefix("coefficients: ")


def growth_words(released: Released) -> str:
    """What the model of all forms shows, or why there is none."""
    key = {"model": "growth", "specification": "adjusted"}
    rows = released.rows(NAME, estimand="coefficient", **key)
    if not len(rows):
        return ""
    slope = released.one(
        NAME,
        estimand="coefficient",
        term="time",
        time_unit=tuple(rows["time_unit"].unique()),
        **key,
    )
    if is_ok(slope):
        return (
            f"Over all forms, the score changes by {with_interval(slope)} points {slope_unit(released)}, for a person "
            "at the reference levels."
        )
    row = rows.iloc[0] if slope is None else slope
    why = "" if reason(row) == WITHHELD else str(row["note"])
    return f"Change over all forms: {reason(row) or NOT_ESTIMABLE}{f' ({why})' if why else ''}."


def growth_forest(released: Released) -> Forest | None:
    """Differences in improvement over all forms; None where they were not modelled."""
    rows = released.rows(NAME, model="growth", specification="change_by")
    if not len(rows):
        return None
    when = f"{UNITS[str(rows['time_unit'].iloc[0])]} {number(first_known(rows, 'time'), 0)}"
    return Forest(
        "difference_in_change_over_forms",
        rows,
        Scale(
            f"Difference in improvement by {when}, points",
            null=0.0,
            ends=("less improvement", "more improvement"),
        ),
        f"Difference in improvement from the start to {when} (by when nine tenths of the people have had their last form), "
        f"from the model of all forms, all characteristics together. Zero means the same improvement as at the reference "
        "level.",
    )


def who_improves(forest: Forest) -> str:
    """Whose improvement over all forms differs clearly."""
    return sentence(forest, "Improvement over all forms", "more improvement", "less improvement")


def forms_of_time(released: Released) -> Table | None:
    """How the candidate forms of time compare."""
    rows = released.rows(NAME, estimand="bic_difference")
    if not len(rows):
        return None
    lines = []
    for _, row in rows.iterrows():
        name = FORMS[str(row["term"])] + (" (chosen)" if row["contrast"] == "chosen" else "")
        shown = number(row["estimate"]) if is_ok(row) else f"{reason(row)}: {row['note']}"
        lines.append((name, shown))
    return Table(
        "Form of time: how much worse each fits than the best (difference in BIC)",
        ("Form", "BIC above the best"),
        lines,
        folded=True,
        note="Declared rule: the lowest BIC, by maximum likelihood on time alone, before any characteristic is looked at.",
    )


def about_the_form(released: Released) -> str:
    """Why this form of time, and what the model leaves out."""
    row = chosen_form(released)
    if row is None:
        return ""
    name = lower_first(FORMS[str(row["term"])])
    changed = _about_changes_of_therapist(released)
    return (
        f"The form of time is not chosen by eye: of five, the one with the lowest BIC leads ({name}), and the straight line "
        "stands beside it in the released figures. Correlation between neighbouring forms of one person beyond a shared "
        "level and slope is not modelled; errors that need no such model stand in the section on trust in the models."
        f"{changed}"
    )


def _about_changes_of_therapist(released: Released) -> str:
    """How much between therapists hangs on whom the forms of people who changed therapist are counted for."""
    spread = {}
    for specification in ("adjusted", "main_therapist"):
        row = released.one(
            NAME,
            estimand="variance",
            term="therapist.slope",
            model="growth",
            specification=specification,
        )
        if row is not None and is_ok(row):
            spread[specification] = math.sqrt(max(float(row["estimate"]), 0.0))
    if len(spread) < 2:
        return ""
    own, main = (number(spread[name], 2) for name in ("adjusted", "main_therapist"))
    return (
        " Where people changed therapist, each form counts for the therapist of its session: the standard deviation between "
        f"therapists' slopes is {own}; with every form counted for the main therapist it would be {main}."
    )


def growth_coefficients(released: Released) -> Table | None:
    """Every coefficient, and the formula that was fitted."""
    rows = released.rows(NAME, estimand="coefficient", model="growth", specification="adjusted")
    found = [row for _, row in rows.iterrows() if has_interval(row)]
    if not found:
        return None
    unit = slope_unit(released)
    lines = [
        (
            _growth_term(str(r["term"]), str(r["contrast"]), unit),
            brief_interval(r),
            count(r, "n_patients"),
        )
        for r in found
    ]
    return Table(
        f"Model of all forms: points, and points {unit}",
        ("Term", "Coefficient (interval)", "People"),
        lines,
        folded=True,
        note=f"The model fitted: {found[0]['method']}",
    )


def _growth_term(term: str, contrast: str, unit: str) -> str:
    if term == "time":
        return f"Points {unit}"
    if term.startswith("time_"):
        return f"Bend of the course ({term.removeprefix('time_')})"
    if term.startswith("time:"):
        return f"Points {unit}, {lower_first(term_label(term.removeprefix('time:'), contrast))}"
    return f"At the start, {lower_first(term_label(term, contrast))}"
