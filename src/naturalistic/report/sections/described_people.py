"""Described people: what the models predict for them, as curves and as a table."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.curves import Curve
from naturalistic.report.plots.trajectories import trajectories as draw
from naturalistic.report.released import Released, is_ok
from naturalistic.report.thresholds import thresholds
from naturalistic.report.wording import (
    NOT_ESTIMABLE,
    NOT_MEASURED,
    WITHHELD,
    brief_interval,
    capital,
    listed,
    lower_first,
    number,
    reason,
    with_interval,
)

NAME = "outcome_models"
PERSON = {"specification": "described_person"}
UNITS = {"attended_sessions": "session", "months": "month"}
AXES = {"attended_sessions": "Session", "months": "Months since the first form"}
OVER = {
    "attended_sessions": "sessions",
    "months": "months since the first form",
    "form": "first and last form",
}


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


def predicted_figure(released: Released) -> Figure | None:
    """Predicted courses as curves with bands; None where nothing could be predicted."""
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


def people_table(released: Released) -> Table | None:
    """Who is described, what the models predict for them in points and in probability of reliable improvement."""
    rows = released.rows(NAME, estimand="predicted_score", model="pre_post", **PERSON)
    if not len(rows):
        return None
    lines: list[tuple[str, ...]] = []
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
    why = _no_chance(released)
    note = "The settings name the people (outcome_models.described_people); everything else is at the reference level."
    if why:
        lines = [line[:3] for line in lines]
        note += f" The probability of reliable improvement: {why}."
    return Table(
        "Described people: predicted improvement in points"
        + (
            ""
            if why
            else ", and probability of reliable improvement when starting at the mean first score"
        ),
        ("Person", "Described by", "Improvement (interval)", "Reliable improvement (interval)")[
            : 3 if why else 4
        ],
        lines,
        note=note,
        prose=True,
    )


def _no_chance(released: Released) -> str:
    """Why nobody has a probability of reliable improvement; empty where somebody has."""
    key = {"model": "reliable_improvement"}
    if len(released.rows(NAME, estimand="standardised_risk", status="ok", **key, **PERSON)):
        return ""
    rows = released.rows(NAME, **key)
    rows = rows[rows["status"] != "ok"]
    if not len(rows):
        return NOT_ESTIMABLE
    row = rows.iloc[0]
    note = "" if reason(row) == WITHHELD else str(row["note"])
    return reason(row) + (f" ({note})" if note else "")


def described(released: Released) -> str:
    """Predicted improvement of each described person, with its interval."""
    every = released.rows(NAME, estimand="mean_change", model="pre_post", **PERSON)
    rows = every[every["status"] == "ok"]
    if not len(rows):
        scores = released.rows(NAME, estimand="predicted_score", **PERSON)
        lacking = len(scores) > 0 and bool((scores["status"] == "not_measured").all())
        why = reason(every.iloc[0]) if len(every) else NOT_MEASURED if lacking else NOT_ESTIMABLE
        return f"Predicted courses of described people: {why}."
    parts = [
        f"{lower_first(person_label(str(r['term'])))} {with_interval(r)}"
        for _, r in rows.iterrows()
    ]
    return (
        f"Predicted improvement from the first to the last form, in points of {released.measure_name()}: "
        f"{listed(parts)}. These are averages of people so described; single people differ far more."
    )
