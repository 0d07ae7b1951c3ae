"""Numbers as readers see them: the only place that formats."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from naturalistic.vocabulary import ABSENCE_DEFINITIONS, CHARACTERISTICS, ESTIMANDS

WITHHELD = "withheld"
NOT_MEASURED = "not measured here"
NOT_ESTIMABLE = "cannot be estimated"
NOT_RUN = "not run"
_STATUS = {
    "withheld": WITHHELD,
    "not_measured": NOT_MEASURED,
    "not_estimable": NOT_ESTIMABLE,
    "not_run": NOT_RUN,
}
MINUS = "−"


def number(value: Any, digits: int = 1) -> str:
    """A number with a fixed number of decimals, a real minus sign and thousands separated; a dash when missing."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return "–"
    text = f"{float(value):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def count(row: pd.Series | None, column: str = "estimate") -> str:
    """A number of people, or why there is none."""
    if row is None:
        return NOT_MEASURED
    return _STATUS.get(str(row["status"])) or number(row[column], 0)


def percent(value: Any, digits: int = 0) -> str:
    """A proportion as a percentage."""
    text = number(None if value is None or pd.isna(value) else 100 * float(value), digits)
    return text if text == "–" else f"{text}%"


def value(row: pd.Series | None) -> str:
    """The estimate of a row in its own unit, or why there is none."""
    if row is None:
        return NOT_MEASURED
    if reason := _STATUS.get(str(row["status"])):
        return reason
    estimand = ESTIMANDS[str(row["estimand"])]
    if estimand.unit == "proportion":
        return percent(row["estimate"])
    return number(row["estimate"], estimand.digits)


def interval(row: pd.Series | None) -> str:
    """The limits of a row, `a to b`; empty when it has none."""
    if row is None or pd.isna(row["conf_low"]) or pd.isna(row["conf_high"]):
        return ""
    estimand = ESTIMANDS[str(row["estimand"])]
    if estimand.unit == "proportion":
        return f"{percent(row['conf_low'])} to {percent(row['conf_high'])}"
    return (
        f"{number(row['conf_low'], estimand.digits)} to {number(row['conf_high'], estimand.digits)}"
    )


def with_interval(row: pd.Series | None) -> str:
    """The estimate with its interval, `4.9 (95% interval 4.2 to 5.6)`."""
    limits = interval(row)
    if row is None or not limits:
        return value(row)
    level = 95 if pd.isna(row["conf_level"]) else round(100 * float(row["conf_level"]))
    return f"{value(row)} ({level}% interval {limits})"


def p_value(value: Any) -> str:
    """A p value as journals print it."""
    if value is None or pd.isna(value):
        return "–"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def label(characteristic: str, level: str | None = None) -> str:
    """Readers' words for a characteristic, or for one of its levels."""
    special = {
        "first_score": "Score before therapy",
        "not_recorded": "Not recorded",
        "small_groups_together": "Small groups together",
        "time": "Change over therapy",
        "Intercept": "Score before therapy, reference person",
        "baseline": "Score before therapy",
    }
    known = CHARACTERISTICS.get(characteristic)
    if level is None:
        return known.label if known else special.get(characteristic, _plain(characteristic))
    if level in special:
        return special[level]
    if known and level in known.levels:
        return known.levels[level].label
    return _plain(level)


def absence_label(definition: str) -> str:
    """Readers' words for a definition of absence."""
    return ABSENCE_DEFINITIONS[definition][0]


def _plain(key: str) -> str:
    return key.replace("_", " ").strip().capitalize()
