"""What follows a missed session in the report: the next one, and coming back."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.absence_course import NAME, shown
from naturalistic.report.wording import (
    brief_interval,
    count,
    level_of,
    number,
    reason,
    value,
)

ALL = "all_bookings"
RUNS = {"1": "One", "2": "Two in a row", "3": "Three in a row"}
LEFT_OUT = "Each course ends before the last session attended: those missed after it are the leaving itself."


def _row(released: Released, term: str, specification: str = "") -> pd.Series | None:
    estimand = "risk_difference" if term in ("total", "between", "within") else "proportion"
    return released.one(NAME, estimand=estimand, term=term, specification=specification)


def within_people(released: Released) -> Figure | None:
    """What follows a missed session, observed and as each person's own absence leads one to expect."""
    rows = {
        "After a missed session": ("missed_after_missed", "expected_after_missed"),
        "After a session attended": ("missed_after_kept", "expected_after_kept"),
    }
    found = {name: [_row(released, term) for term in terms] for name, terms in rows.items()}
    if not all(is_ok(row) for pair in found.values() for row in pair):
        return None
    within = _row(released, "within")
    return Figure(
        "missed_after_missed",
        dot_plot(
            [
                DotRow(
                    name, tuple(shown(row) for row in pair), " / ".join(value(row) for row in pair)
                )
                for name, pair in found.items()
            ],
            Scale("Share of the next sessions missed", percent=True),
            series=("Observed", "Expected if each person's absences fell in any order"),
            column="Observed / expected",
            synthetic=released.synthetic,
        ),
        "Share of sessions missed after a missed and after an attended session, and what differences between people alone "
        f"would give. Where the two markers meet, a missed session says nothing about the next beyond whose it is. "
        f"{LEFT_OUT}",
        "Two pairs of dots, observed against expected from people's own absence: "
        + "; ".join(
            f"{name.lower()} {value(pair[0])} against {value(pair[1])}"
            for name, pair in found.items()
        )
        + f". Remaining difference within people: {brief_interval(within)}.",
        _within_table(released),
    )


def _within_table(released: Released) -> Table:
    return Table(
        "What follows a missed session: between people and within a person",
        ("Quantity", "Up to the last session attended", "All sessions offered"),
        [
            (words, *(brief_interval(_row(released, term, spec)) for spec in ("", ALL)))
            for term, words in (
                ("missed_after_missed", "Missed after a missed session"),
                ("missed_after_kept", "Missed after an attended session"),
                ("total", "Difference"),
                ("between", "of it, between people (who misses more throughout)"),
                ("within", "of it, within a person (a missed session itself)"),
            )
        ],
        folded=True,
        note="Differences in shares of sessions. All sessions offered include those missed at the end of a course.",
    )


def next_words(released: Released) -> str:
    """Whether a missed session foretells the next."""
    after, kept, within = (
        _row(released, term) for term in ("missed_after_missed", "missed_after_kept", "within")
    )
    if within is None or not (is_ok(after) and is_ok(kept) and has_interval(within)):
        return f"Whether a missed session foretells the next: {reason(within)}."
    text = f"After a missed session {value(after)} of the next ones were missed, after an attended one {value(kept)}. "
    low, high = float(within["conf_low"]), float(within["conf_high"])
    ends = " to ".join(number(100 * end, 1) for end in (low, high))
    points = f"{_points(within)} percentage points ({level_of(within)}% interval {ends})"
    if low <= 0 <= high:
        return text + (
            "That difference is what one expects because some people miss more throughout: what a missed session adds "
            f"within a person, {points}, does not stand clear of chance."
        )
    more = "more" if low > 0 else "less"
    return text + (
        f"Differences between people explain part of it; within a person, a session is missed {more} often after a missed "
        f"one: {points}."
    )


def _points(row: pd.Series) -> str:
    return number(100 * float(row["estimate"]), 1)


def return_words(released: Released) -> str:
    """How often people attended again after missing."""
    rows = dict(released.levels(NAME, "missed_in_a_row", term="attended_again"))
    if not (is_ok(rows.get("1")) and is_ok(rows.get("3"))):
        return ""
    return (
        f"After one missed session people attended again in {value(rows['1'])} of cases, after three missed in a row in "
        f"{value(rows['3'])} (therapies that have ended)."
    )


def returns(released: Released) -> Table | None:
    """How often somebody attended again after sessions missed in a row."""
    rows = dict(released.levels(NAME, "missed_in_a_row", term="attended_again"))
    if not any(is_ok(row) for row in rows.values()):
        return None
    return Table(
        "After sessions missed in a row, how often somebody attended again",
        ("Missed", "Attended again (interval)", "Times it happened", "People"),
        [
            (
                words,
                brief_interval(rows.get(key)),
                count(rows.get(key), "n_events"),
                count(rows.get(key), "n_patients"),
            )
            for key, words in RUNS.items()
        ],
        folded=True,
        note="People whose therapy has ended. Not attending again includes those whom the service "
        "did not offer another session.",
    )
