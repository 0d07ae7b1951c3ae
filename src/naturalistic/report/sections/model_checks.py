"""How far the models can be trusted: forms missing not at random, twins with other assumptions, what was noted."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.wording import (
    brief_interval,
    capital,
    label,
    level_of,
    lower_first,
    number,
    reason,
    term_label,
    value,
    with_interval,
)
from naturalistic.tables.estimates import dimension_levels

NAME = "outcome_models"
MIXTURE, SHARED = {"model": "pattern_mixture"}, {"model": "shared_parameter"}
ENDINGS = {
    "planned_ending": "Planned ending",
    "unplanned_ending": "Unplanned ending (dropped out)",
    "other_or_unknown_ending": "Other, unknown or still in therapy",
}
MODELS = (
    ("growth", "all forms"),
    ("pre_post", "first and last form"),
    ("ancova", "the last form at the same first score"),
)


def model_checks(released: Released, _: PublishedStudy | None) -> Section | None:
    """Pattern mixture, slope and dropout, mixed against population-averaged, and the notes of every model."""
    if not released.has(NAME):
        return None
    blocks: list[Block | None] = [_mixture_figure(released)]
    blocks += [_twins(released, model, words) for model, words in MODELS]
    blocks += [_odds(released), _formulas(released)]
    cautions = Text(
        (
            "No test can tell whether forms are missing at random: what is missing is not seen. These checks show how much "
            "the average would move under other assumptions, not which one is true.",
            "A coefficient of a mixed model compares two people who see the same therapist; its population-averaged twin "
            "compares the average people of two groups, whoever treats them. They answer different questions and need not "
            "agree.",
        )
    )
    return Section(
        "model_checks",
        "How far the models can be trusted",
        tuple(text for text in (_mixture(released), _slope(released)) if text),
        (*(block for block in blocks if block is not None), cautions),
    )


def _overall(released: Released, specification: str) -> pd.Series | None:
    return released.one(NAME, estimand="mean_change", specification=specification, **MIXTURE)


def _mixture(released: Released) -> str:
    mixed, plain = _overall(released, "by_ending"), _overall(released, "missing_at_random")
    if not (is_ok(mixed) and is_ok(plain)):
        note = "" if mixed is None else str(mixed["note"])
        return (
            "Whether the average improvement hangs on who left no form: "
            f"{reason(mixed)}{f' ({note})' if note else ''}."
        )
    assert mixed is not None and plain is not None
    gap = float(mixed["estimate"]) - float(plain["estimate"])
    way = "smaller" if gap < 0 else "larger"
    return (
        "If people who ended in the same way but left no last form changed like those who left one, the average improvement "
        f"of everyone who started is {with_interval(mixed)} points; if missing forms had nothing to do with the ending it "
        f"is {with_interval(plain)}. Allowing for the ending makes it {number(abs(gap))} points {way}."
    )


def _slope(released: Released) -> str:
    rows = released.rows(NAME, estimand="hazard_ratio", **SHARED)
    mine = rows[rows["term"] == "patient_slope"]
    if not len(mine):
        return ""
    row = mine.iloc[0]
    if not has_interval(row):
        note = str(row["note"])
        return f"Whether people who improve more slowly leave sooner: {reason(row)}{f' ({note})' if note else ''}."
    low, high = float(row["conf_low"]), float(row["conf_high"])
    text = (
        "People whose scores improve faster by one standard deviation drop out at "
        f"{value(row)} times the rate of others ({level_of(row)}% interval {number(low, 2)} to {number(high, 2)})."
    )
    if high < 1:
        return text + (
            " Who improves more slowly leaves sooner: forms are then missing because of how therapy goes, and averages of "
            "those who stay are too favourable."
        )
    if low > 1:
        return text + (
            " Who improves faster leaves sooner: averages of those who stay are then too unfavourable."
        )
    return text + " The data do not show that leaving hangs on how fast somebody improves."


def _ending(name: str) -> str:
    if name in ENDINGS:
        return ENDINGS[name]
    return capital(name.replace("_", " "))


def _mixture_figure(released: Released) -> Figure | None:
    rows = released.rows(NAME, estimand="mean_change", **MIXTURE)
    found: list[tuple[str, pd.Series]] = []
    for _, row in rows.iterrows():
        levels = dimension_levels(str(row["dimensions"]))
        if levels:
            found.append((_ending(levels["ending"]), row))
        elif row["specification"] == "by_ending":
            found.append(("Everyone who started, by ending", row))
        else:
            found.append(("Everyone who started, missing at random", row))
    if not any(has_interval(row) for _, row in found):
        return None
    lines = [DotRow(name, (point(row),), reason(row) or brief_interval(row)) for name, row in found]
    return Figure(
        "pattern_mixture",
        dot_plot(
            lines,
            Scale("Improvement from the first to the last form, points", null=0.0),
            column="Points (interval)",
            synthetic=released.synthetic,
        ),
        f"Improvement of {released.measure_name()} by way of ending, and averaged over everyone who started under two "
        "assumptions about forms that are missing.",
        "Dots with intervals. "
        + "; ".join(f"{name}: {value(row)}" for name, row in found if is_ok(row))
        + ".",
        Table(
            "Improvement by way of ending and under two assumptions",
            ("Who", "Points (interval)"),
            [(name, reason(row) or brief_interval(row)) for name, row in found],
        ),
    )


def _by_term(
    released: Released, estimand: str, model: str, specification: str
) -> dict[tuple[str, str], pd.Series]:
    rows = released.rows(NAME, estimand=estimand, model=model, specification=specification)
    return {(str(r["term"]), str(r["contrast"])): r for _, r in rows.iterrows()}


def _twins(released: Released, model: str, words: str) -> Table | None:
    main = _by_term(released, "coefficient", model, "adjusted")
    if not any(is_ok(row) for row in main.values()):
        return None
    others = [
        (heading, found)
        for heading, key in (
            ("Same, robust errors", "cluster_robust"),
            ("Population-averaged", "population_averaged"),
        )
        if (found := _by_term(released, "coefficient", model, key))
    ]
    lines = [
        (_term(*term), _cell(row), *(_cell(found.get(term)) for _, found in others))
        for term, row in main.items()
    ]
    return Table(
        f"Model of {words}: mixed model beside its twins, points",
        ("Term", "Mixed model", *(heading for heading, _ in others)),
        lines,
        folded=True,
        note="Robust errors allow for any correlation within a therapist (or a person, where none is recorded).",
    )


def _odds(released: Released) -> Table | None:
    main = _by_term(released, "odds_ratio", "reliable_improvement", "adjusted")
    if not any(is_ok(row) for row in main.values()):
        return None
    twin = _by_term(released, "odds_ratio", "reliable_improvement", "population_averaged")
    lines = [(_term(*term), _cell(row), _cell(twin.get(term))) for term, row in main.items()]
    return Table(
        "Reliable improvement: odds ratios of the mixed model beside the population-averaged ones",
        ("Term", "Same therapist", "Population-averaged"),
        lines,
        folded=True,
    )


def _cell(row: pd.Series | None) -> str:
    return "–" if row is None else reason(row) or brief_interval(row)


def _term(term: str, contrast: str) -> str:
    if term == "time":
        return "Change"
    if term.startswith("time_"):
        return f"Bend of the course ({term.removeprefix('time_')})"
    if term.startswith("time:"):
        return f"Change, {lower_first(term_label(term.removeprefix('time:'), contrast))}"
    if term == "baseline":
        return f"{label(term)}, per 5 points"
    return term_label(term, contrast)


def _formulas(released: Released) -> Table | None:
    """Every model as it was fitted, and what was noted: levels left out, variances at zero, refits."""
    wanted = (
        ("First and last form", "coefficient", "pre_post"),
        ("All forms", "coefficient", "growth"),
        ("All forms, straight line", "coefficient", "growth_linear"),
        ("Last form, same first score", "coefficient", "ancova"),
        ("Reliable improvement", "odds_ratio", "reliable_improvement"),
    )
    lines = []
    for name, estimand, model in wanted:
        rows = released.rows(NAME, estimand=estimand, model=model, specification="adjusted")
        if len(rows):
            row = next((r for _, r in rows.iterrows() if is_ok(r)), rows.iloc[0])
            lines.append((name, str(row["method"]) or "–", str(row["note"]) or "–"))
    if not lines:
        return None
    return Table(
        "The models as they were fitted, and what was noted",
        ("Model", "Formula", "Notes"),
        lines,
        folded=True,
        prose=True,
    )
