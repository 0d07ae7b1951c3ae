"""The words of a pooled report: what each headline is called, and its figures in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from naturalistic.report.wording import (
    absence_label,
    capital,
    lower_first,
    number,
    percent,
    population_label,
)
from naturalistic.vocabulary import DROPOUT_DEFINITIONS, ESTIMANDS

SHARES = frozenset(
    {"reliable_improvement", "reliable_deterioration", "dropout", "absence", "both_forms"}
)
ESTIMATORS = {
    "reml": "REML",
    "paule_mandel": "Paule-Mandel",
    "dersimonian_laird": "DerSimonian-Laird",
    "common_effect": "Common effect",
    "hksj": "Hartung-Knapp interval",
    "hksj_not_below": "Hartung-Knapp interval, not below chance",
    "normal": "normal interval",
}


def headline_title(name: str, primary: Mapping[str, Any]) -> str:
    """Heading of a headline."""
    if name in ("primary", "mean_change"):
        title = ESTIMANDS[primary["estimand"] if name == "primary" else "mean_change"].label
        return f"{title} (pre-declared primary figure)" if name == "primary" else title
    return {
        "reliable_improvement": "Reliable improvement",
        "reliable_deterioration": "Reliable deterioration",
        "dropout": "Dropping out",
        "absence": "Sessions missed",
        "both_forms": "Both forms there",
    }[name]


def level_label(level: str) -> str:
    """Readers' words for an estimator and its interval; other levels as they are."""
    return "; ".join(ESTIMATORS.get(part, part) for part in level.split(", "))


def services_counted(count: int) -> str:
    """`1 service`, `5 services`."""
    return "1 service" if count == 1 else f"{count} services"


def of_whom(name: str, primary: Mapping[str, Any], instruments: Mapping[str, Any]) -> str:
    """The denominator and the measure of a headline in words."""
    if name == "dropout":
        how = DROPOUT_DEFINITIONS[primary["dropout_definition"]].label
        return f"of everyone who started and whose ending is known ({how})"
    if name == "absence":
        return f"of sessions ({absence_label(primary['absence_definition'])})"
    if name == "both_forms":
        return "of everyone who started"
    facts = instruments.get(primary["instrument"])
    measure = facts.name if facts else primary["instrument"]
    return f"on {measure}; {lower_first(population_label(primary['population']))}"


def shown(value: Any, name: str, estimand: str) -> str:
    """A figure of a headline as a reader quotes it."""
    if value is None or pd.isna(value):
        return "–"
    if name in SHARES:
        return percent(value)
    return number(value, ESTIMANDS[estimand].digits)


def limits(row: Any, low: str, high: str, name: str) -> str:
    """`a to b`; empty without limits."""
    if pd.isna(row[low]) or pd.isna(row[high]):
        return ""
    estimand = str(row["estimand"])
    return f"{shown(row[low], name, estimand)} to {shown(row[high], name, estimand)}"


def quoted(row: Any, name: str) -> str:
    """`0.76 (0.65 to 0.87)`."""
    between = limits(row, "conf_low", "conf_high", name)
    value = shown(row["estimate"], name, str(row["estimand"]))
    return f"{value} ({between})" if between else value


def difference_sentence(row: Any, services: pd.DataFrame, name: str) -> str:
    """How far services differ, before any average."""
    k, estimand = int(row["k"]), str(row["estimand"])
    if k == 1:
        return "One service gives this figure: nothing was pooled, and how services differ cannot be seen."
    lowest, highest = (shown(services["estimate"].agg(f), name, estimand) for f in ("min", "max"))
    said = f"The figures of {k} services run from {lowest} to {highest}."
    if row["tau2"] == 0:
        said += " They differ no more than chance alone would make them."
    elif pd.notna(row["i2"]):
        said += f" Of the variation between them {percent(row['i2'])} is more than chance"
        said += f" (interval {percent(row['i2_low'])} to {percent(row['i2_high'])})."
    if k < 5:
        said += f" With {k} services it is hardly known how far services differ."
    return said


def average_sentence(row: Any, name: str) -> str:
    """The average and what a further service may expect."""
    if int(row["k"]) == 1:
        return f"That service's own figure is {quoted(row, name)}."
    level = round(100 * float(row["conf_level"]))
    between = limits(row, "conf_low", "conf_high", name)
    value = shown(row["estimate"], name, str(row["estimand"]))
    said = f"In the typical service it is {value} ({level}% interval {between})."
    expected = limits(row, "prediction_low", "prediction_high", name)
    if expected:
        between = expected.replace(" to ", " and ")
        said += f" In a further service of this kind the true figure is expected between {between}."
    return said


def not_given_sentence(row: Any, services: int, name: str) -> str:
    """Which way the services that do not give a share may turn the average."""
    k = int(row["k"])
    if name not in SHARES or k == services:
        return ""
    return (
        f"{k} of {services} services give this figure. One that is not given was not recorded, or withheld because it is "
        "about few people: where few have an outcome the average of the services that give it is too high."
    )


def therapists_sentence(row: Any, alone: Any, name: str) -> str:
    """Whether people who share a therapist count as that, and what it would be if they did not."""
    k = int(row["k"])
    if k == 1:
        return ""
    if name == "absence":
        return "Sessions of one person count together; people of one therapist count as strangers to each other."
    if alone is None:
        return (
            "No service tells how alike people of one therapist are here, so every person counts on their own: what "
            "therapists differ by stands among what services differ by, and the interval may be too narrow."
        )
    told, high = int(row["k_design_effect"]), number(row["design_effect_high"], 2)
    which = f"{told} of {k} services"
    if high == "1.00":
        return (
            f"In {which} it is known how alike people of one therapist are: no more than strangers."
        )
    said = (
        "People of one therapist tend to be alike, so this figure, the one to read, counts the people of a service for "
        f"fewer than they are (design effect in {which}: median {number(row['design_effect'], 2)}, "
        f"{number(row['design_effect_low'], 2)} to {high}"
    )
    if told < k:
        said += (
            f"; the other {k - told} are taken to have {number(row['design_effect_assumed'], 2)}"
        )
    return (
        f"{said}). With every person counted on their own it would be {quoted(alone, name)}"
        f"{_beside(row, alone)}."
    )


def _beside(row: Any, alone: Any) -> str:
    """By how much the two intervals and the variances between services differ."""
    width, other = (r["conf_high"] - r["conf_low"] for r in (row, alone))
    said = f": {number(other / width, 2)} times as wide an interval" if width > 0 else ""
    spread = [number(r["tau2"], 3) for r in (alone, row)]
    if pd.isna(row["tau2"]) or spread[0] == spread[1]:
        return said
    return f"{said}, and a variance between services of {spread[0]}, not {spread[1]}"


def note_sentence(row: Any) -> str:
    """The cautions of a row as a sentence."""
    note = row["note"]
    return f"{capital(str(note))}." if isinstance(note, str) and note else ""
