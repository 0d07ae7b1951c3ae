"""Files with one row an answer or a score: which column is the questionnaire, the item or scale, the value."""

from __future__ import annotations

import re

import numpy as np

from naturalistic.cohort.guessing.columns import Guess
from naturalistic.cohort.guessing.file_roles import FileRoles, assign
from naturalistic.cohort.guessing.form_names import FormWords
from naturalistic.reference.loader import load_snomed


def long_columns(each: FileRoles, words: FormWords) -> dict[str, Guess]:
    """Columns for the questionnaire, the item or scale, and the value, where each row is one answer or score."""
    if each.forms.any or not each.repeated:
        return {}
    left = {n: gs for n, gs in each.guesses.items()}
    picked = {t: g for t, g in assign(left, {"form"}).items()}
    value = picked.get("form.value")
    if value is None or not value.column.numeric:
        return {}
    measure = _measure_column(each, words)
    item = picked.get("form.item")
    found = {"value": value}
    if measure is not None:
        found["instrument"] = measure
    if item is not None and item.column is not value.column and item.column.n_distinct >= 3:
        found["item"] = item
    elif (
        measure is not None
        and (scale := picked.get("form.scale")) is not None
        and scale.column is not measure.column
    ):
        found["scale"] = scale
    named = words.parse(each.file.stem).instruments
    return found if measure is not None or ("item" in found) or named else {}


def _measure_column(each: FileRoles, words: FormWords) -> Guess | None:
    """The column whose texts are names of questionnaires."""
    best: tuple[float, Guess] | None = None
    for column in each.file.columns.values():
        if column.dates or column.n_distinct > 60 or column.empty or column.rules:
            continue
        known = np.array([bool(measure_named(str(t), words)[0]) for t in column.texts], dtype=bool)
        share = float(known.mean())
        if share >= 0.5 and (best is None or share > best[0]):
            reason = "its texts are names or codes of questionnaires"
            best = (share, Guess("form.instrument", column, 0.7 + 0.3 * share, 0.0, reason))
    return best[1] if best else None


def item_number(text: str) -> int:
    """The number at the end of the name of an item, such as 3 in `PHQ9_Q3`; 0 where there is none."""
    found = re.search(r"(\d{1,3})\D{0,2}$", text)
    return int(found[1]) if found else 0


def measure_named(text: str, words: FormWords) -> tuple[str, str]:
    """Instrument and scale that a cell names, by name or by SNOMED code; empty texts where it names none."""
    for tool in load_snomed().tools:
        if text == tool.code and tool.instrument and tool.metric == "same":
            return tool.instrument, tool.scale or ""
    parsed = words.parse(text)
    if len(parsed.instruments) != 1 or parsed.item is not None or len(parsed.leftover) > 2:
        return "", ""
    key = parsed.instruments[0]
    return key, parsed.scale or words.instruments[key].primary_scale
