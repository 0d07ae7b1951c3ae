"""Who starts higher and who changes more: the models of the score."""

from __future__ import annotations

import math

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Section, Table, Text
from naturalistic.report.plots.axis import Scale
from naturalistic.report.released import Released, first_known, is_ok
from naturalistic.report.sections.forests import Forest, baseline_namer, forest_figure, sentence
from naturalistic.report.sections.group_differences import compared, discoveries, side_by_side
from naturalistic.report.wording import (
    brief_interval,
    count,
    lower_first,
    number,
    percent,
    reason,
    term_label,
    with_interval,
)

NAME = "outcome_models"
TIME = "time:"
PRE_POST = {"model": "pre_post", "specification": "adjusted"}


def predictors(released: Released, _: PublishedStudy | None) -> Section | None:
    """Forests of the level before therapy, of change and of reliable improvement; one difference five ways."""
    if not released.has(NAME):
        return None
    rows = released.rows(NAME, estimand="coefficient", **PRE_POST)
    level, change, chance = (
        _level_forest(released, rows),
        _change_forest(released, rows),
        _chance_forest(released),
    )
    figures = [forest_figure(released, forest) for forest in (level, change, chance)]
    blocks: list[Block | None] = [*figures, *side_by_side(released), _alone(released)]
    words = tuple(text for text in (_variances(released), discoveries(released)) if text)
    if words:
        blocks.append(Text(words))
    findings = [*_findings(released, level, change), *compared(released)]
    if len(chance.rows):
        findings.append(
            sentence(
                chance,
                "Probability of reliable improvement",
                "more often improved reliably",
                "less often improved reliably",
            )
        )
    return Section(
        "predictors",
        "Who starts higher and who changes more",
        tuple(text for text in findings if text),
        tuple(block for block in blocks if block is not None),
    )


def _findings(released: Released, level: Forest, change: Forest) -> list[str]:
    name = released.measure_name()
    start, time = (
        released.one(NAME, estimand="coefficient", term=term, **PRE_POST)
        for term in ("Intercept", "time")
    )
    if not is_ok(start) and not is_ok(time):
        return [f"Models of the score: {reason(time) or reason(start)}."]
    lower = released.lower_is_better
    worse, better = (
        ("a higher score", "a lower score") if lower else ("a lower score", "a higher score")
    )
    up, down = (worse, better) if lower else (better, worse)
    less, more = "less improvement", "more improvement"
    return [
        f"By the model, an average person at the reference levels scores {with_interval(start)} on {name} before "
        f"therapy and {_moves(time, lower)}.",
        sentence(level, "Scores before therapy", up, down),
        sentence(change, "Change over therapy", *((less, more) if lower else (more, less))),
    ]


def _moves(row: pd.Series | None, lower_is_better: bool) -> str:
    if row is None or not is_ok(row):
        return f"by the last form changes by an amount that is {reason(row)}"
    sign = "negative" if lower_is_better else "positive"
    return f"by the last form changes by {with_interval(row)} points ({sign}: improvement)"


def _level_forest(released: Released, rows: pd.DataFrame) -> Forest:
    lower = released.lower_is_better
    ends = ("lower, better", "higher, worse") if lower else ("lower, worse", "higher, better")
    chosen = rows[~rows["term"].isin(["Intercept", "time"]) & ~rows["term"].str.startswith(TIME)]
    return Forest(
        "coefficients_before_therapy",
        chosen,
        Scale("Difference before therapy, points", null=0.0, ends=ends),
        f"Differences in {released.measure_name()} before therapy, all characteristics in one mixed model{_size(rows)}. "
        "Zero means no difference.",
    )


def _change_forest(released: Released, rows: pd.DataFrame) -> Forest:
    lower = released.lower_is_better
    ends = ("more improvement", "less improvement")
    chosen = rows[rows["term"].str.startswith(TIME)]
    return Forest(
        "coefficients_of_change",
        chosen,
        Scale(
            "Difference in change over therapy, points",
            null=0.0,
            ends=ends if lower else (ends[1], ends[0]),
        ),
        f"Differences in change of {released.measure_name()} from the first to the last form, from the same model. Zero "
        "means the same change as at the reference level.",
        lambda term, contrast: term_label(term.removeprefix(TIME), contrast),
        prefix=TIME,
    )


def _chance_forest(released: Released) -> Forest:
    return Forest(
        "reliable_improvement_differences",
        released.rows(NAME, estimand="risk_difference", model="reliable_improvement"),
        Scale(
            "Difference in the probability of reliable improvement",
            null=0.0,
            percent=True,
            ends=("less often", "more often"),
        ),
        "Difference in the probability of reliable improvement if everyone with both forms were at the level named rather "
        "than at the level in brackets, at the same score before therapy, averaged over the cohort. Associations, not "
        "effects.",
        baseline_namer("per 5 points"),
    )


def _alone(released: Released) -> Table | None:
    """Every coefficient in the one adjusted model and with its characteristic alone in the model."""
    main = released.rows(NAME, estimand="coefficient", **PRE_POST)
    alone = released.rows(NAME, estimand="coefficient", model="pre_post", specification="alone")
    by_term = {(r["term"], r["contrast"]): r for _, r in alone.iterrows()}
    lines = []
    for _, row in main.iterrows():
        term, contrast = str(row["term"]), str(row["contrast"])
        if (term, contrast) not in by_term:
            continue
        other = by_term[term, contrast]
        name = term_label(term.removeprefix(TIME), contrast)
        lines.append(
            (
                f"Change: {lower_first(name)}" if term.startswith(TIME) else name,
                reason(row) or brief_interval(row),
                reason(other) or brief_interval(other),
                count(row, "n_patients"),
            )
        )
    if not lines:
        return None
    return Table(
        "Every coefficient, in the pre-declared model with all characteristics and with its characteristic alone, points",
        ("Term", "All together", "Alone", "People at that level"),
        lines,
        folded=True,
        note='Lines that begin with "Change" are differences in change from the first to the last form, the others before '
        "therapy.",
    )


def _size(rows: pd.DataFrame) -> str:
    people = first_known(rows, "denominator")
    return "" if people is None else f" (n = {number(people, 0)})"


def _parts(released: Released, model: dict[str, str]) -> dict[str, float]:
    rows = released.rows(NAME, estimand="variance", status="ok", **model)
    return {str(term): float(v) for term, v in zip(rows["term"], rows["estimate"], strict=True)}


def _variances(released: Released) -> str:
    """The spread between people, between therapists and within a person, in points."""
    parts = _parts(released, PRE_POST)
    if not parts:
        return ""
    names = {
        "patient.intercept": "between people",
        "therapist.intercept": "between therapists",
        "residual.time=0": "around a person's own level at the first form",
        "residual.time=1": "around a person's own level at the last form",
    }
    spreads = [
        f"{number(math.sqrt(max(parts[key], 0.0)))} {words}"
        for key, words in names.items()
        if key in parts
    ]
    text = f"Spread that the characteristics leave over, as standard deviations in points: {', '.join(spreads)}."
    if "therapist.intercept" not in parts:
        return (
            text
            + " The data do not record therapists, so differences between them are not measured here."
        )
    whole = sum(parts.get(key, 0.0) for key in list(names)[:3])
    if whole > 0:
        share = parts["therapist.intercept"] / whole
        text += f" Therapists stand for {percent(share)} of the spread of scores before therapy."
    return text
