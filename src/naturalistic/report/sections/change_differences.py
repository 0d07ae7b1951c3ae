"""Differences in change between groups, raw beside those between people who started at the same score."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.forests import by_chance, point
from naturalistic.report.wording import (
    brief_interval,
    count,
    label,
    lower_first,
    number,
    term_in_sentence,
    term_label,
    value,
)

NAME = "bias"
ADJUSTED = "adjusted_for_first_score"
UNTELLING = ("not_recorded", "small_groups_together", "other_ending")
MOST = 26
Pair = dict[str, pd.Series]


def _pairs(released: Released) -> dict[tuple[str, str], Pair]:
    """Raw and adjusted row of every difference; only those with both."""
    found: dict[tuple[str, str], Pair] = {}
    for _, row in released.rows(NAME, estimand="adjusted_difference").iterrows():
        key = (str(row["term"]), str(row["contrast"]))
        found.setdefault(key, {})[str(row["specification"])] = row
    return {key: pair for key, pair in found.items() if {"raw", ADJUSTED} <= set(pair)}


def _telling(released: Released) -> dict[tuple[str, str], Pair]:
    return {
        key: pair
        for key, pair in _pairs(released).items()
        if not key[1].startswith(UNTELLING)
        and all(has_interval(pair[s]) for s in ("raw", ADJUSTED))
    }


def differences_figure(released: Released) -> Figure | None:
    """Two marks a group: the raw difference, and the one between people who started at the same score."""
    found = dict(list(_telling(released).items())[:MOST])
    if not found:
        return None
    lines: list[DotRow] = []
    last = ""
    for (term, contrast), pair in found.items():
        level, _, against = contrast.partition(" vs ")
        name = label(term, level) if against else term_label(term, contrast)
        if against and term != last:
            head = f"{label(term)} (against {lower_first(label(term, against))})"
            lines.append(DotRow(head, heading=True))
        last = term
        marks = (point(pair["raw"]), point(pair[ADJUSTED]))
        text = f"{value(pair['raw'])} | {brief_interval(pair[ADJUSTED])}"
        lines.append(DotRow(name, marks, text, indented=bool(against)))
    return Figure(
        "change_raw_and_adjusted",
        dot_plot(
            lines,
            Scale(
                f"Difference in improvement on {released.measure_name()}, points",
                null=0.0,
                ends=("improved less", "improved more"),
            ),
            series=("raw", "between people who started at the same score"),
            column="raw | same start",
            synthetic=released.synthetic,
        ),
        f"How much more or less each group improved than the group it is compared with. {WHY}",
        "Dot plot of pairs of differences with intervals. " + differences_sentence(released),
        _drawn_table(found),
    )


def _drawn_table(found: dict[tuple[str, str], Pair]) -> Table:
    return Table(
        "Differences in improvement, raw and between people who started at the same score, points (interval)",
        ("Group", "Raw", "Same first score", "People"),
        [
            (
                term_label(*key),
                brief_interval(pair["raw"]),
                brief_interval(pair[ADJUSTED]),
                count(pair["raw"], "n_patients"),
            )
            for key, pair in found.items()
        ],
    )


WHY = (
    "The two differ because a group that starts with worse scores has further to move, and drifts further towards the "
    "average anyway."
)


def differences_sentence(released: Released) -> str:
    """How many adjusted differences stand clear of chance, and where adjusting changes most."""
    found = _telling(released)
    if not found:
        return ""
    n = len(found)
    clear = [
        k for k, p in found.items() if not p[ADJUSTED]["conf_low"] <= 0 <= p[ADJUSTED]["conf_high"]
    ]
    if n == 1 and not clear:
        counted = "the one difference does not stand"
    else:
        stand = "stands" if len(clear) == 1 else "stand"
        counted = f"{len(clear) or 'none'} of {n} differences {stand}"
    text = (
        f"Between people who started at the same score, {counted} "
        f"clear of chance ({by_chance(n)} by chance alone)"
    )
    names = [f"{term_in_sentence(*key)}, {_more(found[key][ADJUSTED])}" for key in clear[:3]]
    text += f": {'; '.join(names)}." if names else "."
    key, pair = max(found.items(), key=lambda item: abs(_shift(item[1])))
    return (
        f"{text} Taking the first score into account moves this difference most: {term_in_sentence(*key)}, "
        f"{brief_interval(pair['raw'])} points raw and {brief_interval(pair[ADJUSTED])} at the same first score."
    )


def _more(row: pd.Series) -> str:
    way = "more" if row["estimate"] > 0 else "less"
    low, high = sorted((float(row["conf_low"]), float(row["conf_high"])), key=abs)
    limits = f" ({number(abs(low))} to {number(abs(high))})" if low * high > 0 else ""
    return f"{number(abs(row['estimate']))} points {way} improvement{limits}"


def _shift(pair: Pair) -> float:
    return float(pair[ADJUSTED]["estimate"]) - float(pair["raw"]["estimate"])


def differences_table(released: Released) -> Table | None:
    """Every difference with its E-value, also those with groups that are not recorded."""
    found = _pairs(released)
    strength: dict[tuple[str, str], Pair] = {}
    for _, row in released.rows(NAME, estimand="e_value").iterrows():
        key = (str(row["term"]), str(row["contrast"]))
        strength.setdefault(key, {})[str(row["specification"])] = row
    lines = [
        (
            term_label(*key),
            brief_interval(pair["raw"]),
            brief_interval(pair[ADJUSTED]),
            *(value(strength.get(key, {}).get(part)) for part in ("estimate", "limit")),
            count(pair["raw"], "n_patients") if is_ok(pair["raw"]) else "–",
        )
        for key, pair in found.items()
    ]
    if not lines:
        return None
    return Table(
        "Every difference, and how strong something unrecorded would have to be to explain it",
        ("Group", "Raw", "Same first score", "E-value", "E-value of the limit", "People"),
        lines,
        folded=True,
        note="E-value: the least risk ratio that something unrecorded would need with both the group and the change to "
        "explain the adjusted difference; 1: none is needed.",
    )
