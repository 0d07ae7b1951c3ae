"""Change by number of sessions in the report: the two figures."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.axis import Point
from naturalistic.report.plots.binned import Series, binned_lines
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.wording import (
    brief_interval,
    count,
    reason,
    value,
)

NAME = "dose_response"
ENDINGS = {"planned_ending": "Planned ending", "unplanned_ending": "Dropped out"}


def in_order(rows: dict[str, pd.Series]) -> dict[str, pd.Series]:
    """Bins in the order of their first number."""
    return dict(sorted(rows.items(), key=lambda item: int(item[0].split(" ")[0])))


def bands_of(
    released: Released, estimand: str = "mean_change", term: str = ""
) -> dict[str, pd.Series]:
    """Rows by bin of sessions attended in all."""
    return in_order(dict(released.levels(NAME, "sessions", estimand=estimand, term=term)))


def short_name(name: str) -> str:
    """A bin as it stands under an axis: `3–5`, `20+`."""
    return name.replace(" to ", "–").replace(" or more", "+")


def point_of(row: pd.Series | None) -> Point | None:
    """A point with its interval, where there is a row."""
    return None if row is None else point(row)


def people_of(row: pd.Series | None) -> str:
    """For under a figure: a number, or a dash."""
    text = reason(None) if row is None else count(row, "n_patients")
    return text if text[:1].isdigit() else "–"


def change_by_sessions(released: Released) -> Figure | None:
    """Change by sessions attended in all, for everyone and by ending."""
    bands = bands_of(released)
    if not any(is_ok(row) for row in bands.values()):
        return None
    known = {name: row for name, row in bands.items() if is_ok(row)}
    return Figure(
        "change_by_sessions_attended",
        binned_lines(
            [short_name(name) for name in bands],
            _lines_by_ending(released, bands),
            x_label="Sessions attended in all",
            y_label="Mean change (points, improvement up)",
            counts=[people_of(row) for row in bands.values()],
            counts_label="People with both forms",
            synthetic=released.synthetic,
        ),
        f"Mean change on {released.measure_name()} from the first to the last form by sessions attended in all, of people "
        "whose therapy has ended and who have both forms, with intervals. Each point is of different people. "
        "Associations, not effects of the number of sessions.",
        "Points with intervals of mean change by sessions attended: "
        + "; ".join(f"{name} sessions {value(row)}" for name, row in known.items())
        + ".",
        _table_by_sessions(released, bands),
    )


def _lines_by_ending(released: Released, bands: dict[str, pd.Series]) -> list[Series]:
    both: dict[str, dict[str, pd.Series]] = {}
    for levels, row in released.cells(NAME, "sessions", "ending", estimand="mean_change", term=""):
        both.setdefault(levels["ending"], {})[levels["sessions"]] = row
    everyone = Series("Everyone with both forms", [point_of(row) for row in bands.values()])
    return [everyone] + [
        Series(words, [point_of(both.get(word, {}).get(name)) for name in bands])
        for word, words in ENDINGS.items()
        if any(is_ok(row) for row in both.get(word, {}).values())
    ]


def _table_by_sessions(released: Released, bands: dict[str, pd.Series]) -> Table:
    rates = bands_of(released, "proportion", "reliable_improvement")
    pace = bands_of(released, term="per_ten_sessions")
    return Table(
        "Change by sessions attended, people with both forms",
        (
            "Sessions",
            "Mean change (interval)",
            "Per ten sessions (interval)",
            "Reliably improved (interval)",
            "People",
        ),
        [
            (
                name,
                brief_interval(row),
                brief_interval(pace.get(name)),
                brief_interval(rates.get(name)),
                count(row, "n_patients"),
            )
            for name, row in bands.items()
        ],
        folded=True,
    )


def improvement_so_far(released: Released) -> Figure | None:
    """Improvement by session, of everyone measured there and by total number of sessions."""
    key = {"estimand": "mean_change", "term": "improvement_so_far"}
    everyone = in_order(dict(released.levels(NAME, "session", **key)))
    if not any(is_ok(row) for row in everyone.values()):
        return None
    strata = _strata(released, key)
    lines = [Series("Everyone measured", [point_of(row) for row in everyone.values()])]
    lines += [
        Series(f"{short_name(name)} sessions in all", [point_of(rows.get(b)) for b in everyone])
        for name, rows in list(strata.items())[:3]
        if any(is_ok(row) for row in rows.values())
    ]
    ends = [row for row in everyone.values() if is_ok(row)]
    return Figure(
        "improvement_so_far",
        binned_lines(
            [short_name(name) for name in everyone],
            lines,
            x_label="Sessions attended so far",
            y_label="Improvement so far (points)",
            counts=[people_of(row) for row in everyone.values()],
            counts_label="People measured there",
            synthetic=released.synthetic,
        ),
        f"Mean improvement on {released.measure_name()} so far, by sessions attended so far, with intervals: everyone "
        "measured at that point (the aggregate curve, along which the people change as some leave), and apart by how many "
        "sessions people had in the end. Therapies that have ended.",
        f"Lines of improvement by session: {value(ends[0])} points at the first and {value(ends[-1])} at the last point "
        "of the aggregate curve; lines of people with few, middling and many sessions beside it.",
        _table_so_far(everyone, strata),
    )


def _strata(released: Released, key: dict[str, str]) -> dict[str, dict[str, pd.Series]]:
    """Rows by total number of sessions and session, both in order."""
    strata: dict[str, dict[str, pd.Series]] = {}
    for levels, row in released.cells(NAME, "session", "total_sessions", **key):
        strata.setdefault(levels["total_sessions"], {})[levels["session"]] = row
    return dict(sorted(strata.items(), key=lambda item: int(item[0].split(" ")[0])))


def _table_so_far(everyone: dict[str, pd.Series], strata: dict[str, dict[str, pd.Series]]) -> Table:
    return Table(
        "Improvement so far by session, for everyone measured and by total number of sessions",
        (
            "Sessions so far",
            "Everyone",
            *(f"{short_name(name)} in all" for name in strata),
            "People",
        ),
        [
            (
                name,
                brief_interval(row),
                *(brief_interval(rows.get(name)) for rows in strata.values()),
                count(row, "n_patients"),
            )
            for name, row in everyone.items()
        ],
        folded=True,
    )
