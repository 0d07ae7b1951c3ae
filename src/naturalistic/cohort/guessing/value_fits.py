"""Whether the values of a column can be what its name says."""

from __future__ import annotations

import re

from naturalistic.cohort.guessing.code_words import reference_share
from naturalistic.cohort.guessing.column import Column

MOST_CODES = 40
_MOSTLY = 0.5
_NUMBERS = {
    "age": (10, 110),
    "deprivation_decile": (1, 10),
    "agreed_sessions": (1, 400),
    "agreed_days": (1, 3000),
    "sessions_attended": (0, 1000),
    "sessions_missed": (0, 500),
    "duration": (0, 600),
    "session_number": (0, 1000),
    "item": (1, 300),
}


def id_fit(column: Column, name: str) -> float:
    """How well a column can hold ids, from 0 to 1."""
    if column.dates:
        return 0.0
    if name in ("patient_id", "referral_id", "form_id"):
        # a column of few different texts says of what kind a row is, not whose it is
        if column.n_distinct < max(3, min(20, 0.2 * column.n_filled)):
            return 0.0
        if "nhs_number" in column.rules:
            return 0.0
        spaced = sum(" " in t for t in column.texts[:200]) / min(200, column.n_distinct)
        return 0.3 if spaced > 0.5 or (column.numeric and not column.whole) else 1.0
    return 1.0 if column.n_distinct >= 2 else 0.4


def date_fit(column: Column, name: str) -> float:
    """How well a column can hold dates, or days counted from one."""
    del name
    if column.dates:
        return 1.0
    if column.serial_dates:
        return 0.95
    days = {"days", "day"} & set(column.name.casefold().replace("_", " ").split())
    return 0.8 if days and column.numeric and column.whole else 0.0


def own_words_fit(column: Column, name: str) -> float:
    """How well a column can hold a service's own words; more than 1 for known therapies and problems."""
    if column.dates or (column.rules and "full_postcode" not in column.rules):
        return 0.0
    if (
        name in ("therapy_model", "problem")
        and (share := reference_share(name, column.texts[:60])) > 0.3
    ):
        return 1.0 + 0.3 * share
    if column.n_distinct > max(MOST_CODES, 0.3 * column.n_filled) and name != "area":
        return 0.0
    if name in ("instrument", "scale"):
        return (
            1.0
            if column.n_distinct <= 60 and not (column.numeric and column.spread()[1] < 1000)
            else 0.0
        )
    if column.numeric and not column.whole:
        return 0.0
    return 1.0


def number_fit(column: Column, name: str) -> float:
    """How well a column can hold the numbers of a canonical column."""
    if column.dates:
        return 0.0
    if name == "item" and not column.numeric:
        return float(_numbered(column))
    if not column.numeric:
        # "34 yrs" in some cells: the name must say it, and what cannot be read is listed when the extract is read
        return 0.6 if name in _NUMBERS and column.share_numeric >= _MOSTLY else 0.0
    if name == "value":
        return 1.0
    low, high = _NUMBERS[name]
    numbers = column.numbers[~column.missing]
    inside = (
        column.counts[~column.missing][(numbers >= low) & (numbers <= high)].sum() / column.n_filled
    )
    if inside < 0.9 or (name != "duration" and name != "age" and not column.whole):
        return 0.0
    if name == "deprivation_decile" and column.spread()[1] <= 5:
        return 0.4
    return 1.0


def _numbered(column: Column) -> bool:
    """A few texts that end with the numbers from 1 on, such as Q1 to Q9."""
    found = [re.fullmatch(r"(?:.*\D)?(\d{1,2})", str(text)) for text in column.texts[:200]]
    numbers = {int(match[1]) for match in found if match}
    return all(found) and len(numbers) == len(found) and numbers == set(range(1, len(numbers) + 1))
