"""The pre-declared main result in sentences: one finding each, by rules."""

from __future__ import annotations

import pandas as pd

from naturalistic.report import sentences
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.wording import (
    NEARLY_ALL,
    interval,
    level_of,
    lower_first,
    number,
    percent,
    reason,
    value,
)
from naturalistic.vocabulary import ESTIMANDS

NAME = "outcome_change"
IMPUTED = "multiple_imputation"
STANDARDISED = "standardised_mean_change"


def declared_row(released: Released, estimand: str) -> pd.Series | None:
    """A number of the change in the declared population; of everyone who started it rests on imputation."""
    population = released.primary["population"]
    if population == "started":
        return released.one("missing_outcomes", estimand=estimand, specification=IMPUTED, term="")
    return sentences.primary_change(released, estimand, population=population)


def who(released: Released, population: str = "") -> str:
    """The people of a population of the change, as the subject of a sentence."""
    side = "above" if released.lower_is_better else "below"
    words = {
        "paired": "people with a first and a last form",
        "planned_ending": "people with a planned ending and both forms",
        "case_at_start": f"people who started {side} the clinical cut-off and have both forms",
        "started_with_followup": "people with a usable first and any later form",
        "started": "everyone who started (missing forms imputed)",
    }
    chosen = population or released.primary["population"]
    return words.get(chosen, f"people in the group “{chosen.replace('_', ' ')}”")


def lead(released: Released) -> str:
    """The declared outcome: which way the average moved, with its interval."""
    row = declared_row(released, "mean_change")
    if row is None or not is_ok(row):
        why = str(row["note"]) if row is not None and str(row["note"]) else reason(row)
        return (
            f"Main result, declared before the analysis (change on {released.measure_name()}, {who(released)}): "
            f"{reason(row)}{'' if why == reason(row) else f' ({why})'}."
        )
    return f"Main result, declared before the analysis: {sentences.moved(released, row, who(released))}"


def rests_on(released: Released) -> str:
    """For what share of everyone who started the main result speaks."""
    population = released.primary["population"]
    if population == "started":
        share = released.one("missing_outcomes", term="no_last_form")
        if not is_ok(share):
            return ""
        return (
            f"The last form of {value(share)} of them is missing and was filled in by imputation."
        )
    share = released.one(NAME, term="share_of_started", population=population, **released.measure)
    if share is None or not (is_ok(share) or reason(share) == NEARLY_ALL):
        return f"On what share of everyone who started this rests: {reason(share)}."
    if not is_ok(share):
        return "It rests on nearly all of those who started."
    rounded = int(released.record["disclosure"]["rounding_base"]) > 1
    of = "about " if rounded else ""
    return (
        f"It rests on {value(share)} of everyone who started: {of}{number(share['numerator'], 0)} of "
        f"{of}{number(share['denominator'], 0)} people."
    )


def in_spread(released: Released) -> str:
    """The declared number in standard deviations, and for how many the last score was the better one."""
    estimand = released.primary["estimand"]
    row = declared_row(released, estimand if _is_change(estimand) else STANDARDISED)
    if row is None or not is_ok(row):
        return ""
    spread = declared_row_spread(released)
    unit = f" (one standard deviation, here {spread} points)" if spread else ""
    limits = f" ({level_of(row)}% interval {interval(row)})" if has_interval(row) else ""
    if str(row["estimand"]) == STANDARDISED:
        return (
            f"Measured against how much people differ from each other before therapy{unit}, the improvement is "
            f"{value(row)}{limits}."
        )
    name = lower_first(ESTIMANDS[str(row["estimand"])].label)
    return f"The declared number is the {name}: {value(row)}{limits}."


def better_last_score(released: Released) -> str:
    """For what share of people the last score was better than the first."""
    row = declared_row(released, "probability_of_improvement")
    if row is None or not has_interval(row):
        return ""
    return (
        f"The last score was the better one for {percent(row['estimate'])} of {who(released)} "
        f"({level_of(row)}% interval {percent(row['conf_low'])} to {percent(row['conf_high'])}; an unchanged score "
        "counts as half)."
    )


def declared_row_spread(released: Released) -> str:
    """Standard deviation of the first scores, points; empty where it is not known."""
    row = spread_row(released)
    return value(row) if is_ok(row) else ""


def spread_row(released: Released) -> pd.Series | None:
    """The row of the standard deviation of first scores."""
    population = released.primary["population"]
    return sentences.primary_change(
        released,
        "standard_deviation",
        "first",
        population="paired" if population == "started" else population,
    )


def _is_change(estimand: str) -> bool:
    return estimand.startswith("standardised_") and estimand != "standardised_difference"
