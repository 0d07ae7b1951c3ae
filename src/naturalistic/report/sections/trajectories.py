"""The course of the score: described people, the form of time, and what a slope amounts to."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.curves import Curve
from naturalistic.report.plots.trajectories import trajectories as draw
from naturalistic.report.released import Released, first_known, has_interval, is_ok
from naturalistic.report.sections.forests import Forest, forest_figure, sentence
from naturalistic.report.thresholds import thresholds
from naturalistic.report.wording import (
    NOT_ESTIMABLE,
    WITHHELD,
    brief_interval,
    capital,
    count,
    listed,
    lower_first,
    number,
    reason,
    term_label,
    value,
    with_interval,
)

NAME = "outcome_models"
PERSON = {"specification": "described_person"}
FORMS = {
    "linear": "Straight line",
    "logarithm": "Logarithm",
    "quadratic": "Quadratic curve",
    "piecewise": "Two straight pieces",
    "spline": "Restricted cubic spline",
}
UNITS = {"attended_sessions": "session", "months": "month"}
AXES = {"attended_sessions": "Session", "months": "Months since the first form"}
OVER = {
    "attended_sessions": "sessions",
    "months": "months since the first form",
    "form": "first and last form",
}


def trajectories(released: Released, _: PublishedStudy | None) -> Section | None:
    """Predicted courses of described people with intervals, and the model of all forms where it was run."""
    if not released.has(NAME):
        return None
    figure, forest = _figure(released), _forest(released)
    blocks: list[Block | None] = [
        figure,
        _people(released),
        None if forest is None else forest_figure(released, forest),
        _forms_of_time(released),
        _coefficients(released),
    ]
    findings = [_described(released), growth_words(released)]
    if forest is not None:
        findings.append(_who(released, forest))
    words = _about_the_form(released)
    return Section(
        "trajectories",
        "The course of the score, for described people",
        tuple(text for text in findings if text),
        (
            *(block for block in blocks if block is not None),
            *((Text((words,)),) if words else ()),
        ),
    )


def person_label(key: str) -> str:
    """Readers' words for a described person."""
    return capital(key.replace("_", " "))


def _scores(released: Released) -> pd.DataFrame:
    """Predicted scores over all forms where they were modelled, else of the first and last form."""
    for model in ("growth", "pre_post"):
        rows = released.rows(NAME, estimand="predicted_score", model=model, status="ok", **PERSON)
        if len(rows):
            return rows
    return rows


def _figure(released: Released) -> Figure | None:
    rows = _scores(released)
    if not len(rows):
        return None
    unit = str(rows["time_unit"].iloc[0])
    lines = []
    for name in dict.fromkeys(rows["term"]):
        mine = rows[rows["term"] == name]
        points = [
            mine[c].astype(float).tolist() for c in ("time", "estimate", "conf_low", "conf_high")
        ]
        lines.append(Curve(person_label(str(name)), *points))
    limits = thresholds(released)
    level = (limits.cut_offs[0], "Clinical cut-off") if len(limits.cut_offs) == 1 else None
    two = unit == "form"
    name = released.measure_name()
    ends = "; ".join(
        f"{line.label}: {number(line.value[0])} at the start, {number(line.value[-1])} at the end"
        for line in lines
    )
    return Figure(
        "predicted_trajectories",
        draw(
            lines,
            x_label="" if two else AXES[unit],
            y_label=f"Predicted score, {name}",
            ticks=((0.0, "First form"), (1.0, "Last form")) if two else (),
            level=level,
            synthetic=released.synthetic,
        ),
        f"Predicted {name} of described people over {OVER[unit]}, with 95% intervals of the mean"
        f"{_average_therapist(released)}. The people are described in the table; they are not anybody in the data.",
        f"Curves with bands. {ends}.",
        _points(rows, unit),
    )


def _average_therapist(released: Released) -> str:
    """What the therapist of a described person is taken to be, where therapists are in the models."""
    row = released.one(
        NAME,
        estimand="variance",
        term="therapist.slope",
        model="pre_post",
        specification="adjusted",
    )
    return ", treated by an average therapist" if is_ok(row) else ""


def _points(rows: pd.DataFrame, unit: str) -> Table:
    names = {0.0: "First form", 1.0: "Last form"}
    lines = []
    for _, row in rows.iterrows():
        at = names[float(row["time"])] if unit == "form" else f"{UNITS[unit]} {number(row['time'])}"
        lines.append((person_label(str(row["term"])), capital(at), brief_interval(row)))
    return Table("Predicted scores with intervals", ("Person", "When", "Score (interval)"), lines)


def _people(released: Released) -> Table | None:
    """Who is described, what the models predict for them in points and in probability of reliable improvement."""
    rows = released.rows(NAME, estimand="predicted_score", model="pre_post", **PERSON)
    if not len(rows):
        return None
    lines = []
    for name in dict.fromkeys(rows["term"]):
        mine = rows[rows["term"] == name].iloc[0]
        gain = released.one(NAME, estimand="mean_change", model="pre_post", term=name, **PERSON)
        chance = released.one(
            NAME, estimand="standardised_risk", model="reliable_improvement", term=name, **PERSON
        )
        who = str(mine["note"]) if is_ok(mine) else reason(mine)
        if not is_ok(mine) and str(mine["note"]):
            who += f" ({mine['note']})"
        lines.append(
            (
                person_label(str(name)),
                who,
                brief_interval(gain) if is_ok(gain) else "–",
                brief_interval(chance) if is_ok(chance) else "–",
            )
        )
    return Table(
        "Described people: predicted improvement in points, and probability of reliable improvement when starting at the "
        "mean first score",
        ("Person", "Described by", "Improvement (interval)", "Reliable improvement (interval)"),
        lines,
        note="The settings name the people (outcome_models.described_people); everything else is at the reference level.",
        prose=True,
    )


def _described(released: Released) -> str:
    every = released.rows(NAME, estimand="mean_change", model="pre_post", **PERSON)
    rows = every[every["status"] == "ok"]
    if not len(rows):
        why = reason(every.iloc[0]) if len(every) else "cannot be estimated"
        return f"Predicted courses of described people: {why}."
    parts = [f"{lower_first(person_label(str(r['term'])))} {value(r)}" for _, r in rows.iterrows()]
    return (
        f"Predicted improvement from the first to the last form, in points of {released.measure_name()}: "
        f"{listed(parts)}. These are averages of people so described; single people differ far more."
    )


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


def _forest(released: Released) -> Forest | None:
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


def _who(released: Released, forest: Forest) -> str:
    return sentence(forest, "Improvement over all forms", "more improvement", "less improvement")


def _forms_of_time(released: Released) -> Table | None:
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


def _about_the_form(released: Released) -> str:
    row = chosen_form(released)
    if row is None:
        return ""
    name = lower_first(FORMS[str(row["term"])])
    return (
        f"The form of time is not chosen by eye: of five, the one with the lowest BIC leads ({name}), and the straight line "
        "stands beside it in the released figures. Correlation between neighbouring forms of one person beyond a shared "
        "level and slope is not modelled; errors that need no such model stand in the section on trust in the models."
    )


def _coefficients(released: Released) -> Table | None:
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
