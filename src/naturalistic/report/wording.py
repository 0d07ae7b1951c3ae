"""Numbers as readers see them: the only place that formats."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from naturalistic.report.catalogue import problem_label, therapy_label
from naturalistic.vocabulary import (
    ABSENCE_DEFINITIONS,
    CHANGE_CATEGORIES,
    CHARACTERISTICS,
    ESTIMANDS,
    POPULATIONS,
)

WITHHELD = "withheld"
NOT_MEASURED = "not measured here"
NEARLY_ALL = "nearly all"  # withheld because few people are left over
_ALL_BUT = "all but"  # how the reason of such a row begins
NOT_ESTIMABLE = "cannot be estimated"
NOT_RUN = "not run"
_STATUS = {
    "withheld": WITHHELD,
    "not_measured": NOT_MEASURED,
    "not_estimable": NOT_ESTIMABLE,
    "not_run": NOT_RUN,
}
MINUS = "−"
_NARROW = 0.04
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_SPECIAL = {
    "first_score": "Score before therapy",
    "baseline": "Score before therapy",
    "not_recorded": "Not recorded",
    "small_groups_together": "Small groups together",
    "time": "Change over therapy",
    "Intercept": "Score before therapy, reference person",
    "year": "Year of referral",
}
_NAMES = frozenset(
    ("Asian", "Black", "White", "Buddhist", "Christian", "Hindu", "Jewish", "Muslim", "Sikh")
)
_SWAPPED = {"below": "above", "above": "below"}


def number(value: Any, digits: int = 1) -> str:
    """A number with a fixed number of decimals, a real minus sign and thousands separated; a dash when missing."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return "–"
    text = f"{float(value):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def brief(value: float) -> str:
    """A number with one decimal, or none where it is whole."""
    return number(value, 0 if float(value).is_integer() else 1)


def plain(value: float) -> str:
    """A number with as many decimals as it has."""
    return f"{value:g}".replace("-", MINUS)


def reason(row: pd.Series | None) -> str:
    """Why there is no number, in two or three words; empty where there is one."""
    if row is None:
        return NOT_MEASURED
    if str(row["status"]) == "withheld" and str(row["note"]).startswith(_ALL_BUT):
        return NEARLY_ALL
    return _STATUS.get(str(row["status"]), "")


def count(row: pd.Series | None, column: str = "estimate") -> str:
    """A number of people, or why there is none."""
    return reason(row) or number(row[column], 0)  # type: ignore[index]  # None has a reason


def percent(value: Any, digits: int = 0) -> str:
    """A proportion as a percentage."""
    text = number(None if value is None or pd.isna(value) else 100 * float(value), digits)
    return text if text == "–" else f"{text}%"


def value(row: pd.Series | None) -> str:
    """The estimate of a row in its own unit, or why there is none."""
    if row is None or reason(row):
        return reason(row)
    return _in_unit(row, "estimate")


def interval(row: pd.Series | None) -> str:
    """The limits of a row, `a to b`; empty when it has none."""
    if row is None or pd.isna(row["conf_low"]) or pd.isna(row["conf_high"]):
        return ""
    return f"{_in_unit(row, 'conf_low')} to {_in_unit(row, 'conf_high')}"


def _in_unit(row: pd.Series, column: str) -> str:
    estimand = ESTIMANDS[str(row["estimand"])]
    share = estimand.unit == "proportion" or estimand.key in (
        "cumulative_incidence",
        "survival_probability",
    )
    width = row["conf_high"] - row["conf_low"]
    if share:
        # a narrow interval of whole per cents would show no width
        narrow = pd.notna(width) and (width < _NARROW or _shown_as_null(row, estimand.null))
        return percent(row[column], 1 if narrow else 0)
    digits = estimand.digits
    if estimand.key == "coefficient" and pd.notna(width) and width >= 1:
        # hundredths of a point say nothing when the interval is wider than a point
        digits = min(digits, 1)
    if estimand.scale == "log" and 0 <= row[column] < 10**-digits / 2:
        return f"<{10**-digits:g}"
    return number(row[column], digits)


def _shown_as_null(row: pd.Series, null: float | None) -> bool:
    """Whether a limit of a difference of shares is clear of no difference and would be printed as 0%."""
    low, high = float(row["conf_low"]), float(row["conf_high"])
    return null == 0 and low * high > 0 and min(abs(low), abs(high)) < 0.005


def with_interval(row: pd.Series | None) -> str:
    """The estimate with its interval, `4.9 (95% interval 4.2 to 5.6)`."""
    limits = interval(row)
    if row is None or not limits:
        return value(row)
    return f"{value(row)} ({level_of(row)}% interval {limits})"


def brief_interval(row: pd.Series | None) -> str:
    """The estimate with its interval for a table, `4.9 (4.2 to 5.6)`."""
    limits = interval(row)
    return f"{value(row)} ({limits})" if limits else value(row)


def percentage_points(row: pd.Series | None, unit: str = "") -> str:
    """A difference of shares, `−25 (−29 to −21)`, with one decimal where the interval is narrow or a limit shows as 0.

    Parameters
    ----------
    unit : str
        What follows the estimate; "percentage points" is told in the singular where it stands for one.
    """
    if row is None or reason(row):
        return reason(row)
    exact = [100 * float(row[c]) for c in ("estimate", "conf_low", "conf_high")]
    width = exact[2] - exact[1]
    clear = exact[1] * exact[2] > 0 and min(map(abs, exact[1:])) < 0.5  # not to be shown as 0
    digits = 1 if clear or width < 100 * _NARROW else 0
    values = [number(each, digits) for each in exact]
    if unit == " percentage points" and values[0].lstrip(MINUS) == "1":
        unit = " percentage point"
    limits = "" if math.isnan(width) else f" ({values[1]} to {values[2]})"
    return f"{values[0]}{unit}{limits}"


def level_of(row: pd.Series) -> int:
    """Nominal coverage of the interval, per cent."""
    return 95 if pd.isna(row["conf_level"]) else round(100 * float(row["conf_level"]))


def long_date(iso: str) -> str:
    """`2023-12-31` as `31 December 2023`."""
    day = dt.date.fromisoformat(iso)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def listed(words: Iterable[str]) -> str:
    """`a, b and c`."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def capital(text: str) -> str:
    """`text` with a capital at the start."""
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """`text` with a small letter at the start, unless its first word is an abbreviation or a name."""
    first = text.split(" ", 1)[0]
    if text[:2].isupper() or any(letter.isupper() for letter in first[1:]) or first in _NAMES:
        return text
    return text[:1].lower() + text[1:]


def label(characteristic: str, level: str | None = None) -> str:
    """Readers' words for a characteristic, or for one of its levels."""
    known = CHARACTERISTICS.get(characteristic)
    if level is None:
        return known.label if known else _SPECIAL.get(characteristic, _plain(characteristic))
    if level in _SPECIAL:
        return _SPECIAL[level]
    if known and level in known.levels:
        return known.levels[level].label
    if characteristic == "problem":
        return problem_label(level) or _plain(level)
    if characteristic == "therapy_model":
        return therapy_label(level) or _plain(level)
    return _plain(level)


def term_label(term: str, contrast: str) -> str:
    """Readers' words for a coefficient: `Gender: male (against female)`, `Age at referral (years), per 10 years`."""
    name = label(term)
    if " vs " in contrast:
        level, reference = contrast.split(" vs ", 1)
        return f"{name}: {label(term, level)} (against {lower_first(label(term, reference))})"
    return f"{_without_unit(name)}, {contrast}" if contrast else name


def term_in_sentence(term: str, contrast: str) -> str:
    """A coefficient as the subject of a sentence: `male rather than female (gender)`, `higher age at referral`."""
    name = lower_first(_without_unit(label(term)))
    if " vs " in contrast:
        level, reference = contrast.split(" vs ", 1)
        here, there = (lower_first(label(term, each)) for each in (level, reference))
        return f"{here} rather than {there} ({name})"
    return f"higher {name}"


def absence_label(definition: str) -> str:
    """Readers' words for a definition of absence."""
    return ABSENCE_DEFINITIONS[definition][0]


def category_label(category: str, *, lower_is_better: bool) -> str:
    """Readers' words for a category of change, in the direction of the scale."""
    return _in_direction(CHANGE_CATEGORIES[category].label, lower_is_better)


def population_label(population: str, *, lower_is_better: bool = True) -> str:
    """Readers' words for who is counted, in the direction of the scale."""
    return _in_direction(POPULATIONS[population].label, lower_is_better)


def _in_direction(text: str, lower_is_better: bool) -> str:
    """The vocabulary speaks of scales on which lower is better; on the others below and above change places."""
    if lower_is_better:
        return text
    return re.sub(r"\b(below|above)\b", lambda found: _SWAPPED[found.group()], text)


def _without_unit(name: str) -> str:
    return re.sub(r" \(.*\)$", "", name)


def _plain(key: str) -> str:
    return capital(key.replace("_", " ").strip())
