"""How far outcomes differ between therapists and services; never a league table."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.caterpillar import caterpillar
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, first_known, has_interval, is_ok
from naturalistic.report.sections.forests import by_chance, point
from naturalistic.report.wording import (
    brief_interval,
    capital,
    interval,
    level_of,
    number,
    percent,
    reason,
    value,
    with_interval,
)

NAME = "outcome_models"
SHARES = (
    ("before_therapy", "Score before therapy", "pre_post"),
    ("after_therapy", "Score after therapy", "pre_post"),
    ("change", "Change", "change"),
    ("same_start", "Score after therapy, same start", "ancova"),
)
LEVELS = (("therapist", "therapists"), ("service", "services"))
DIGITS = 1


def therapists(released: Released, _: PublishedStudy | None) -> Section | None:
    """Shares of variance with intervals, predictions without names, and what shrinking means."""
    rows = released.rows(NAME, estimand="intraclass_correlation")
    rows = rows[rows["model"] != "reliable_improvement"]
    if not len(rows):
        return None
    tree = _caterpillar(released)
    blocks: list[Block | None] = [_shares(released), tree]
    findings = [_share_words(released, *level) for level in LEVELS]
    if words := _spread(released):
        findings.append(words)
    words = _shrinkage(released) if tree is not None else _why_none(released)
    if words:
        blocks.append(Text((words,)))
    return Section(
        "therapists",
        "How far outcomes differ between therapists",
        tuple(text for text in findings if text),
        tuple(block for block in blocks if block is not None),
    )


def _row(released: Released, key: str, model: str, level: str) -> pd.Series | None:
    return released.one(
        NAME, estimand="intraclass_correlation", model=model, specification=key, term=level
    )


def _share_words(released: Released, level: str, plural: str) -> str:
    row = _row(released, "change", "change", level)
    if row is None:
        return ""
    if not is_ok(row):
        note = f" ({row['note']})" if str(row["note"]) else ""
        return f"How far change differs between {plural}: {reason(row)}{note}."
    text = (
        f"{capital(plural)} stand for {with_interval(row)} of the differences in change between people, characteristics "
        "held equal."
    )
    if has_interval(row) and float(row["conf_low"]) < 0.005:
        text += " The interval reaches down to nothing: these data do not show that they differ."
    same = _row(released, "same_start", "ancova", level)
    if is_ok(same):
        text += f" Among people who start at the same score it is {with_interval(same)} of the last score."
    return text


def _shares(released: Released) -> Figure | None:
    rows = [
        (f"{words} ({plural})" if level != "therapist" else words, row)
        for level, plural in LEVELS
        for key, words, model in SHARES
        if (row := _row(released, key, model, level)) is not None
    ]
    if not any(is_ok(row) for _, row in rows):
        return None
    lines = [DotRow(name, (point(row),), reason(row) or brief_interval(row)) for name, row in rows]
    return Figure(
        "variance_shares",
        dot_plot(
            lines,
            Scale(
                "Share of the differences between people that lies between therapists", percent=True
            ),
            column="Share (interval)",
            synthetic=released.synthetic,
        ),
        "Share of variance between therapists with profile-likelihood intervals. Before therapy it says that therapists see "
        "different people; in change, and after therapy among people with the same start, that their patients fare "
        "differently.",
        "Dots with intervals. "
        + "; ".join(f"{name}: {value(row)} ({interval(row)})" for name, row in rows if is_ok(row))
        + ".",
        Table(
            "Shares of variance between therapists",
            ("Of what", "Share (interval)"),
            [(name, reason(row) or brief_interval(row)) for name, row in rows],
        ),
    )


def _effects(released: Released) -> pd.DataFrame:
    rows = released.rows(NAME, estimand="therapist_effect", status="ok")
    return rows.assign(estimate=rows["estimate"].astype(float)).sort_values("estimate")


def _caterpillar(released: Released) -> Figure | None:
    rows = _effects(released)
    if len(rows) < 2:
        return None
    points = [each for _, row in rows.iterrows() if (each := point(row)) is not None]
    values = np.array([p.value for p in points])
    summary = _summary(rows)
    return Figure(
        "therapist_caterpillar",
        caterpillar(
            points,
            y_label="Predicted improvement\nagainst the average, points",
            ends=("less improvement than average", "more improvement than average"),
            synthetic=released.synthetic,
        ),
        f"Predicted difference in improvement of {len(rows)} therapists from the average therapist. Two intervals that do "
        "not overlap differ, for two therapists chosen beforehand (Goldstein and Healy 1995); the highest against the "
        "lowest was not chosen beforehand. Nobody is named, nothing here says who they are, and the order is not a ranking "
        "of skill. Values are rounded so coarsely that nobody's number of patients can be worked out from them.",
        f"Caterpillar plot. Predictions run from {number(values[0])} to {number(values[-1])} points. "
        f"{_apart(rows)}",
        Table(
            "Distribution of the predictions (no table of single therapists)",
            ("What", "Points"),
            summary,
        ),
    )


def _summary(rows: pd.DataFrame) -> list[tuple[str, str]]:
    values = rows["estimate"].to_numpy(dtype=float)
    named = zip(
        ("Lowest", "A quarter lie below", "Half lie below", "A quarter lie above", "Highest"),
        np.quantile(values, (0, 0.25, 0.5, 0.75, 1)),
        strict=True,
    )
    return [(name, number(each, DIGITS)) for name, each in named]


def _apart(rows: pd.DataFrame) -> str:
    """How many differ from the average: intervals of the usual width, not those drawn for comparing two."""
    level = level_of(rows.iloc[0])
    reach = float(ndtri(0.5 + level / 200)) * rows["std_error"].astype(float)
    apart = int((rows["estimate"].abs() > reach).sum())
    return (
        f"{apart or 'None'} of {len(rows)} {'lies' if apart == 1 else 'lie'} clear of the average by a {level}% interval "
        f"of their own; {by_chance(len(rows), level)} by chance alone."
    )


def _spread(released: Released) -> str:
    """The spread between therapists in points, from the variance of the slopes."""
    row = released.one(
        NAME,
        estimand="variance",
        term="therapist.slope",
        model="pre_post",
        specification="adjusted",
    )
    if not is_ok(row):
        return ""
    assert row is not None
    rows = _effects(released)
    text = (
        f"In points, the standard deviation between therapists in how much their patients change is "
        f"{number(float(np.sqrt(max(float(row['estimate']), 0.0))))}."
    )
    return f"{text} {_apart(rows)}" if len(rows) > 1 else text


def _shrinkage(released: Released) -> str:
    rows = released.rows(NAME, estimand="prediction_weight", status="ok")
    weight = first_known(rows, "estimate")
    if weight is None:
        return ""
    return (
        f"A prediction is not a therapist's own average. With few patients an average is mostly luck, so each is pulled "
        f"towards the average of all therapists: for a typical therapist shown here, {percent(weight)} of the distance from "
        f"the average is kept and the rest is put down to chance. Therapists with fewer than "
        f"{released.settings['outcome_models']['smallest_caseload']} patients with both scores are not shown. Who sees "
        "whom is not decided at random: a difference is not a measure of a therapist's skill."
    )


def _why_none(released: Released) -> str:
    rows = released.rows(NAME, estimand="therapist_effect")
    if not len(rows):
        return ""
    row = rows.iloc[0]
    return f"No figure of single therapists: {row['note'] or reason(row)}."
