"""Absence over the course of therapy in the report."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.axis import Point
from naturalistic.report.plots.binned import Series, binned_lines
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.wording import (
    absence_label,
    brief_interval,
    count,
    value,
    with_interval,
)

NAME = "attendance_over_time"
ENDINGS = {"": "Everyone", "planned_ending": "Planned ending", "unplanned_ending": "Dropped out"}


def _curves(released: Released) -> dict[str, dict[str, pd.Series]]:
    """Rows by ending (empty for everyone) and bin."""
    found: dict[str, dict[str, pd.Series]] = {word: {} for word in ENDINGS}
    found[""] = dict(released.levels(NAME, "booking", term="absence_by_booking"))
    for levels, row in released.cells(NAME, "booking", "ending", term="absence_by_booking"):
        found[levels["ending"]][levels["booking"]] = row
    return found


def course(released: Released) -> Figure | None:
    """Share missed by number of the session offered."""
    found = _curves(released)
    bins = sorted(found[""], key=lambda name: int(name.split(" ")[0]))
    if not any(is_ok(row) for row in found[""].values()):
        return None
    lines = [
        Series(words, [shown(found[word].get(name)) for name in bins])
        for word, words in ENDINGS.items()
        if any(is_ok(row) for row in found[word].values())
    ]
    counts = [count(found[""][name], "n_patients") for name in bins]
    short = [c if c[:1].isdigit() else "–" for c in counts]
    known = [found[""][name] for name in bins if is_ok(found[""][name])]
    return Figure(
        "absence_over_the_course",
        binned_lines(
            [name.replace(" to ", "–").replace(" or more", "+") for name in bins],
            lines,
            x_label="Number of the session offered",
            y_label="Share missed",
            percent=True,
            counts=short,
            counts_label="People still offered sessions",
            synthetic=released.synthetic,
        ),
        f"Share of sessions missed ({absence_label(released.primary['absence_definition'])}) by how many had been offered, "
        "with intervals: everyone, and those whose therapy ended as planned and by dropping out. Along each line the people "
        "change, because those who have left are no longer offered sessions.",
        f"Lines of the share missed by number of the session: {value(known[0])} in the first bin and {value(known[-1])} in "
        "the last one shown, for everyone.",
        Table(
            "Share of sessions missed over the course of therapy",
            ("Sessions offered", *ENDINGS.values(), "People"),
            [
                (name, *(brief_interval(found[word].get(name)) for word in ENDINGS), people)
                for name, people in zip(bins, counts, strict=True)
            ],
            folded=True,
        ),
    )


def shown(row: pd.Series | None) -> Point | None:
    """A point with its interval, where there is a row."""
    return None if row is None else point(row)


def course_words(released: Released) -> str:
    """Absence in the first sessions of those who left and of those who stayed."""
    found = _curves(released)
    rows = {word: next(iter(found[word].values()), None) for word in ENDINGS}
    stayed, left = rows["planned_ending"], rows["unplanned_ending"]
    if not (is_ok(stayed) and is_ok(left)):
        return ""
    first = next(iter(found[""])).replace(" to ", " to ")
    return (
        f"In their first sessions offered (number {first}), people who later dropped out missed {with_interval(left)}; "
        f"people who came to a planned ending missed {with_interval(stayed)}."
    )
