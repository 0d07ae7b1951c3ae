"""One group difference seen five ways, in a table and in sentences; and what survives control of false discoveries."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from naturalistic.report.blocks import Table
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.forests import MOST, UNTELLING
from naturalistic.report.wording import (
    brief_interval,
    label,
    level_of,
    listed,
    lower_first,
    number,
    reason,
    term_in_sentence,
    term_label,
)

NAME = "outcome_models"
SIDE = {"estimand": "group_difference", "model": "side_by_side"}
WAYS = (
    ("before_therapy", "Before therapy"),
    ("raw", "Improvement, raw"),
    ("expected_from_start", "Expected from the start alone"),
    ("same_start", "At the same start"),
    ("change_model", "Change model"),
)
HEADER = ("Comparison", *(words for _, words in WAYS))
EXPLAINED = (
    "Raw: difference in mean improvement of people with both forms. Expected from the start alone: what people who start "
    "that much higher improve more whatever their group, regression to the mean in it. At the same start: difference in "
    "the last score between people with the same first score (analysis of covariance with therapist effects). Change "
    "model: mixed model of everyone with a first or a last form. Raw is the sum of expected and at the same start, but for "
    "therapist effects. Reference levels as in the figures."
)
POINTS_APART = 5.0  # as the analysis of covariance counts the first score
Group = tuple[str, str]


def _groups(released: Released) -> dict[Group, dict[str, pd.Series]]:
    """Rows of every comparison by way of looking."""
    found: dict[Group, dict[str, pd.Series]] = {}
    for _, row in released.rows(NAME, **SIDE).iterrows():
        group = (str(row["term"]), str(row["contrast"]))
        found.setdefault(group, {})[str(row["specification"])] = row
    return found


def side_by_side(released: Released) -> list[Table]:
    """The same difference five ways: first the comparisons in which some way is clear of chance, folded all of them."""
    groups = _groups(released)
    if not any(is_ok(row) for ways in groups.values() for row in ways.values()):
        return []
    clear = [
        group
        for group, ways in groups.items()
        if any(has_interval(row) and _clear(row) for row in ways.values())
    ]
    about = "each characteristic alone: points before therapy, and points of improvement (positive: more)"
    tables = [
        Table(
            f"The same difference five ways, {about}; all comparisons",
            HEADER,
            _five(groups, list(groups)),
            folded=True,
            note=EXPLAINED,
        )
    ]
    if clear:
        caption = f"The same difference five ways, {about}; comparisons that stand clear of chance in one of them"
        tables.insert(0, Table(caption, HEADER, _five(groups, clear), note=EXPLAINED))
    return tables


def _five(
    groups: dict[Group, dict[str, pd.Series]], chosen: Iterable[Group]
) -> list[tuple[str, ...]]:
    return [
        (
            _short(*group),
            *(
                reason(groups[group].get(k)) or brief_interval(groups[group].get(k))
                for k, _ in WAYS
            ),
        )
        for group in chosen
    ]


def _short(term: str, contrast: str) -> str:
    """A comparison without its reference level where the level says enough."""
    return term_label(term, contrast).split(" (against ")[0]


def compared(released: Released) -> list[str]:
    """Who starts higher, who changes more, and what is only where they start."""
    groups = {
        group: ways
        for group, ways in _groups(released).items()
        if not group[1].startswith(UNTELLING) and all(has_interval(ways.get(k)) for k, _ in WAYS)
    }
    if not groups:
        return []
    starts = [g for g, ways in groups.items() if _clear(ways["before_therapy"])]
    raw = [g for g, ways in groups.items() if _clear(ways["raw"])]
    same = [g for g, ways in groups.items() if _clear(ways["same_start"])]
    only_start = [g for g in raw if g not in same]
    text = [
        f"Of {len(groups)} comparisons, each characteristic alone, {len(starts)} differ clearly before therapy and "
        f"{len(raw)} in raw improvement; between people who start at the same score {len(same)} "
        f"{'does' if len(same) == 1 else 'do'}."
    ]
    if only_start:
        text.append(
            "A raw difference in improvement that is no longer clear between people who start alike, and may be "
            f"no more than where they start (regression to the mean): {_named(groups, only_start, 'raw')}."
        )
    if same:
        text.append(
            "A difference in improvement also between people who start at the same score: "
            f"{_named(groups, same, 'same_start')}."
        )
    quiet = [g for g in starts if g not in raw and g not in same]
    if quiet:
        text.append(
            "Different before therapy without a clear difference in improvement: "
            f"{_named(groups, quiet, 'before_therapy')}."
        )
    if words := _everybody(released):
        text.append(words)
    return [" ".join(text)]


def _clear(row: pd.Series) -> bool:
    return not float(row["conf_low"]) <= 0.0 <= float(row["conf_high"])


def _clearness(row: pd.Series) -> float:
    width = float(row["conf_high"]) - float(row["conf_low"])
    return abs(float(row["estimate"])) / max(width, 1e-12)


def _named(groups: dict[Group, dict[str, pd.Series]], chosen: Iterable[Group], way: str) -> str:
    order = sorted(chosen, key=lambda g: -_clearness(groups[g][way]))
    rest, order = len(order) - MOST, order[:MOST]
    names = [f"{term_in_sentence(*g)} ({_points(groups[g][way])})" for g in order]
    return listed(names + ([f"{rest} more in the table"] if rest > 0 else []))


def _points(row: pd.Series) -> str:
    """A difference with its sign and interval."""
    sign = "+" if float(row["estimate"]) > 0 else ""
    return f"{sign}{brief_interval(row).replace(' (', ' points, ', 1).removesuffix(')')}"


def _everybody(released: Released) -> str:
    """How much more those improve who start worse, whatever their group."""
    row = released.one(
        NAME, estimand="coefficient", model="ancova", specification="adjusted", term="baseline"
    )
    if not has_interval(row):
        return ""
    assert row is not None
    value, low, high = (
        POINTS_APART - float(row[column]) for column in ("estimate", "conf_high", "conf_low")
    )
    worse = "higher" if released.lower_is_better else "lower"
    return (
        f"Of two people who start {POINTS_APART:g} points apart, the one who starts {worse} improves {number(value)} points "
        f"more ({level_of(row)}% interval {number(low)} to {number(high)}), whatever group they belong to."
    )


def discoveries(released: Released) -> str:
    """Which characteristics remain after control of the false discovery rate, of how many tests."""
    rows = released.rows(
        NAME, estimand="false_discovery_rate", model="pre_post", specification="adjusted"
    )
    known = [row for _, row in rows.iterrows() if is_ok(row)]
    if not known:
        return ""
    rate = 1 - float(released.settings["conf_level"])
    kept = [row for row in known if float(row["estimate"]) <= rate]
    start = (
        f"Each characteristic as a whole was tested once for the score before therapy and once for change: {len(known)} "
        f"tests. With the false discovery rate held at {rate:.0%} (Benjamini and Hochberg)"
    )
    if not kept:
        return f"{start}, none stands."
    parts = []
    for prefix, words in (("", "before therapy"), ("time:", "in change")):
        mine = [
            lower_first(label(str(row["term"]).removeprefix("time:")).split(" (")[0])
            for row in kept
            if str(row["term"]).startswith("time:") == bool(prefix)
        ]
        parts.append(f"{words}: {listed(mine) or 'none'}")
    return f"{start} these stand, {'; '.join(parts)}."
