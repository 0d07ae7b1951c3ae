"""How long therapy lasts, how it goes on from a session, and what follows missing the first two."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Table
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.dropout_differences import UNITS
from naturalistic.report.wording import brief_interval, capital, count, number, value, with_interval

LENGTH = "length_of_therapy"
MISSED = {"none": "Neither", "one": "One", "both": "Both"}


def length(released: Released) -> str:
    """Median length on both clocks, and the share over 12 months."""
    parts = []
    for clock, words in UNITS.items():
        row = released.one(LENGTH, estimand="median_time", term="median", time_unit=clock)
        if is_ok(row):
            parts.append(f"{with_interval(row)} {words}")
    if not parts:
        return "" if any_length(released) else "How long therapy lasts: not measured here."
    text = f"Half of all therapies last longer than {' and '.join(parts)}, open ones counted so far as they go"
    over = released.one(LENGTH, term="over_12_months")
    return f"{text}; {with_interval(over)} last over 12 months." if is_ok(over) else f"{text}."


def any_length(released: Released) -> bool:
    """Whether a length of therapy is held, given or withheld."""
    rows = released.rows(LENGTH, estimand="median_time")
    return bool((rows["status"] != "not_measured").any()) or not len(rows)


def lengths(released: Released) -> Table | None:
    """Quartiles, restricted means and shares longer than a time."""
    cells: list[tuple[str, ...]] = []
    if not any_length(released):
        return None
    for clock, words in UNITS.items():
        for term in ("lower_quartile", "median", "upper_quartile"):
            row = released.one(LENGTH, estimand="median_time", term=term, time_unit=clock)
            if row is not None:
                name = f"{capital(term.replace('_', ' '))}, {words}"
                cells.append((name, brief_interval(row), count(row, "n_patients")))
        for estimand, name, people in (
            ("restricted_mean_time", "Mean up to {time} {words}", "n_patients"),
            ("survival_probability", "Share longer than {time} {words}", "denominator"),
        ):
            for _, row in released.rows(LENGTH, estimand=estimand, time_unit=clock).iterrows():
                said = name.format(time=number(row["time"], 0), words=words)
                cells.append((said, brief_interval(row), count(row, people)))
    if not cells:
        return None
    return Table(
        "Length of therapy of everyone who started, open therapies counted so far as they go",
        ("Length", "Estimate (interval)", "People"),
        cells,
    )


def landmarks(released: Released) -> Table | None:
    """Of those who attended a session: planned ending and dropping out."""
    found: dict[str, dict[str, pd.Series]] = {}
    for levels, row in released.cells(LENGTH, "landmark", estimand="cumulative_incidence"):
        found.setdefault(levels["landmark"], {})[str(row["term"])] = row
    if not found:
        return None
    ordered = sorted(found, key=lambda name: int(name.rsplit("_", 1)[1]))
    return Table(
        "Of those who attended a session, how therapy goes on",
        ("Attended", "Planned ending (interval)", "Dropping out (interval)", "People"),
        [
            (
                capital(name.replace("_", " ")),
                brief_interval(found[name].get("planned_ending")),
                brief_interval(found[name].get("dropout")),
                count(found[name].get("planned_ending"), "n_patients"),
            )
            for name in ordered
        ],
    )


def first_bookings(released: Released) -> Table | None:
    """What became of those who missed the first two sessions, with the difference and its interval."""
    terms = ("first_two_sessions_missed", "never_started", "dropout")
    found = {
        term: dict(released.levels(LENGTH, "missed_of_first_two", estimand="proportion", term=term))
        for term in terms
    }
    if not found[terms[0]]:
        return None
    return Table(
        "Missing the first two treatment sessions offered, and what became of it",
        (
            "Missed",
            "Share (interval)",
            "Never started (interval)",
            "Of those who started, dropped out",
            "Percentage points more than after neither",
        ),
        [
            (
                words,
                *(brief_interval(found[term].get(level)) for term in terms),
                _more_than_after_neither(released, level),
            )
            for level, words in MISSED.items()
        ],
        note="Missed on the patient's side; sessions the service cancelled are passed over.",
    )


def _more_than_after_neither(released: Released, level: str) -> str:
    if level == "none":
        return "–"
    row = released.one(
        LENGTH, estimand="proportion_difference", term="dropout", contrast=f"{level} vs none"
    )
    if not is_ok(row):
        return value(row)
    points = [number(100 * float(row[c]), 0) for c in ("estimate", "conf_low", "conf_high")]  # type: ignore[index]  # is_ok
    return f"{points[0]} ({points[1]} to {points[2]})"
