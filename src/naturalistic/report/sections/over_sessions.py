"""When people improve, where scores are held session by session, and whether they improve at once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.curves import Curve, curves
from naturalistic.report.released import Released, is_ok
from naturalistic.report.wording import (
    brief_interval,
    count,
    interval,
    level_of,
    number,
    reason,
    value,
    with_interval,
)

NAME = "session_scores"
TITLE = "When people improve"
SAID_AT = 12.0  # weeks: the last point of the grid up to here is put into words
CURVES = {
    "reliable_improvement": "Reliably improved",
    "recovery": "Recovered",
}
SUDDEN = {
    "sudden_gain": "Sudden gain",
    "sudden_gain_reversed": "Lost half of it again, of those with a gain",
    "sudden_loss": "Sudden loss",
}


def over_sessions(released: Released, _: PublishedStudy | None) -> Section | None:
    """First reliable improvement and first recovery by week, and sudden gains."""
    if not released.has(NAME):
        return None
    rows = released.rows(NAME)
    if not any(is_ok(row) for _, row in rows.iterrows()):
        first = rows.iloc[0]
        note = f" ({first['note']})" if str(first["note"]) else ""
        return Section(
            "over_sessions", TITLE, (f"When people first improve: {reason(first)}{note}.",)
        )
    findings = [text for text in (_reached(released, term) for term in CURVES) if text]
    findings = findings or ["The curves of first improvement are withheld: too few people."]
    blocks: list[Block] = [b for b in (_figure(released),) if b is not None]
    if told := _sudden(released):
        blocks.append(Text((told,)))
    blocks += [t for t in (_sudden_table(released), _curve_table(released)) if t is not None]
    return Section("over_sessions", TITLE, tuple(findings), tuple(blocks))


def _points(released: Released, term: str) -> pd.DataFrame:
    rows = released.rows(NAME, estimand="cumulative_incidence", term=term)
    shown = [is_ok(row) and bool(pd.notna(row["time"])) for _, row in rows.iterrows()]
    rows = rows[np.array(shown, dtype=bool)]
    return rows.sort_values("time")


def _reached(released: Released, term: str) -> str:
    """The share that had reached it by a week, and the share whose therapy had ended without it."""
    rows = _points(released, term)
    rows = rows[rows["time"].astype(float) <= SAID_AT] if len(rows) else rows
    if not len(rows):
        return ""
    row = rows.iloc[-1]
    words = {
        "reliable_improvement": ("people with a first form", "improved reliably"),
        "recovery": (
            "people who started on the clinical side",
            "improved reliably and passed the cut-off",
        ),
    }
    who, what = words[term]
    ended = _points(released, f"ended_without_{term}")
    ended = ended[ended["time"] == row["time"]] if len(ended) else ended
    text = (
        f"Within {number(float(row['time']), 0)} weeks of the first form {with_interval(row)} of {who} had {what} on at "
        "least one form"
    )
    if len(ended):
        text += f"; for {value(ended.iloc[0])} therapy had ended before"
    return f"{text}."


def _figure(released: Released) -> Figure | None:
    found = {term: _points(released, term) for term in CURVES}
    found = {term: rows for term, rows in found.items() if len(rows) > 1}
    if not found:
        return None
    lines = []
    for term, rows in found.items():
        columns = ("time", "estimate", "conf_low", "conf_high")
        numbers = (rows[c].astype(float).tolist() for c in columns)
        lines.append(Curve(CURVES[term], *numbers))
    first = next(iter(found.values()))
    at_risk = {float(row["time"]): count(row, "n_patients") for _, row in first.iterrows()}
    said = " ".join(text for text in (_reached(released, term) for term in found) if text)
    return Figure(
        "when_people_improve",
        curves(
            lines,
            at_risk,
            x_label="Weeks since the first form",
            y_label="Share that has reached it",
            synthetic=released.synthetic,
        ),
        "Share of people who have reached it on at least one form, with intervals; people whose therapy ended without it "
        "stay in the denominator. Reached once is not kept: some fall back. Below: people of the first curve who had "
        "neither reached it nor ended.",
        f"Rising curves with intervals. {said}",
        _shares(found),
    )


def _shares(found: dict[str, pd.DataFrame]) -> Table:
    """Every point of the curves."""
    return Table(
        "Share that has reached it, by weeks since the first form (interval)",
        ("Reached", "Weeks", "Share (interval)", "Still under observation"),
        [
            (
                CURVES[term],
                number(float(row["time"]), 0),
                brief_interval(row),
                count(row, "n_patients"),
            )
            for term, rows in found.items()
            for _, row in rows.iterrows()
        ],
    )


def _sudden(released: Released) -> str:
    """How many had a sudden gain, and how many of them lost it again."""
    gain, back = (released.one(NAME, term=term) for term in ("sudden_gain", "sudden_gain_reversed"))
    if gain is None or not is_ok(gain):
        return f"Sudden gains between two forms: {reason(gain)}."
    text = (
        f"{with_interval(gain)} of those whose forms allow it to be judged improved in one leap between two forms (a "
        "sudden gain)"
    )
    if is_ok(back):
        text += f"; {value(back)} of these lost half of it again"
    difference = released.one(NAME, estimand="standardised_difference", term="change")
    if difference is None or not is_ok(difference):
        return f"{text}."
    way = "more" if difference["estimate"] >= 0 else "less"
    limits = f" ({level_of(difference)}% interval {interval(difference)})"
    return (
        f"{text}. People with one improved {value(difference)} standard deviations{limits} {way} in all; the leap is "
        "part of that, so this describes and does not explain."
    )


def _sudden_table(released: Released) -> Table | None:
    rows = {term: released.one(NAME, term=term) for term in SUDDEN}
    lines = [
        (SUDDEN[term], brief_interval(row), count(row, "denominator"))
        for term, row in rows.items()
        if row is not None
    ]
    if not lines:
        return None
    return Table(
        "Sudden gains and losses (Tang and DeRubeis, adjusted critical values)",
        ("What", "Share (interval)", "Of people"),
        lines,
        folded=True,
    )


def _curve_table(released: Released) -> Table | None:
    """Ended without it, and the share not yet there if nobody had left (Kaplan-Meier)."""
    names = {
        f"{prefix}{term}": f"{words}: {CURVES[term].lower()}"
        for term in CURVES
        for prefix, words in (
            ("ended_without_", "Ended without"),
            ("not_yet_", "Not yet, endings set aside"),
        )
    }
    lines = []
    for term, name in names.items():
        rows = released.rows(NAME, term=term)
        lines += [
            (name, number(float(row["time"]), 0), brief_interval(row), count(row, "n_patients"))
            for _, row in rows.iterrows()
            if is_ok(row) and pd.notna(row["time"])
        ]
    if not lines:
        return None
    return Table(
        "Ended without it, and not yet there with endings set aside (Kaplan-Meier)",
        ("What", "Weeks", "Share (interval)", "Still under observation"),
        lines,
        folded=True,
    )
