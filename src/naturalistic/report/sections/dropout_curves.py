"""When people leave: the share that has ended in each way by each point of a clock."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.curves import Curve, curves
from naturalistic.report.released import MAIN, Released, is_ok
from naturalistic.report.wording import (
    WITHHELD,
    brief_interval,
    capital,
    count,
    number,
    percent,
)
from naturalistic.vocabulary import CLOCKS

NAME = "dropout"
CAUSES = {
    "dropout": "Dropped out",
    "planned_ending": "Planned ending",
    "other_ending": "Ended otherwise",
    "unknown_ending": "Ending not known",
}


def primary_definition(released: Released) -> dict[str, str]:
    """The definition of dropout the report leads with."""
    return {"definition": released.primary["dropout_definition"]}


def clocks_with_curves(released: Released) -> list[str]:
    """Clocks with at least one curve, the primary one first."""
    rows = released.rows(
        NAME, estimand="cumulative_incidence", status="ok", **primary_definition(released), **MAIN
    )
    found = [clock for clock in CLOCKS if (rows["time_unit"] == clock).any()]
    return sorted(found, key=lambda clock: clock != released.primary["clock"])


def curve_rows(released: Released, clock: str, term: str) -> pd.DataFrame:
    """Rows of one curve of the whole cohort in the order of time."""
    key = {
        "time_unit": clock,
        "term": term,
        "dimensions": "",
        **primary_definition(released),
        **MAIN,
    }
    rows = released.rows(NAME, estimand="cumulative_incidence", **key)
    return rows.sort_values("time")


def ways_of_ending(released: Released, clock: str) -> Figure | None:
    """Curves of each way of ending on one clock with the numbers under observation; None without any point."""
    found = {term: curve_rows(released, clock, term) for term in CAUSES}
    shown = {term: rows[rows["status"] == "ok"] for term, rows in found.items()}
    lines = [_as_curve(CAUSES[term], rows) for term, rows in shown.items() if len(rows)]
    if not lines:
        return None
    at_risk = at_risk_at(released, clock)
    ends = [
        f"{CAUSES[term].lower()} {percent(rows['estimate'].iloc[-1])} by {rows['time'].iloc[-1]:g}"
        for term, rows in shown.items()
        if len(rows)
    ]
    words = CLOCKS[clock].label
    return Figure(
        f"ways_of_ending_by_{clock}",
        curves(
            lines,
            at_risk,
            x_label=capital(words),
            y_label="Share who have ended this way",
            synthetic=released.synthetic,
        ),
        f"Share of everyone who started that has ended in each way, by {words} (cumulative incidence, Aalen-Johansen), "
        "with intervals as bands. Points are read at the marks and joined by lines. Numbers below: people still under "
        "observation; a dot or a missing mark means withheld because few people are concerned.",
        f"Rising curves of the ways of ending by {words}: {'; '.join(ends)}.",
        _incidence_table(found, words, at_risk),
    )


def _as_curve(name: str, rows: pd.DataFrame) -> Curve:
    """A curve of the rows; where there are no limits (nobody yet) the band has no width."""
    value = rows["estimate"].astype(float)
    low, high = (rows[c].astype(float).fillna(value) for c in ("conf_low", "conf_high"))
    time = rows["time"].astype(float)
    return Curve(name, time.tolist(), value.tolist(), low.tolist(), high.tolist())


def at_risk_at(released: Released, clock: str, definition: str | None = None) -> dict[float, str]:
    """Number still under observation at each time; a dot where it is withheld.

    Parameters
    ----------
    released : Released
        Rows.
    clock : str
        Unit of the times.
    definition : str, optional
        Definition of dropout; the primary one when None, empty for what needs none.
    """
    key = primary_definition(released) if definition is None else {"definition": definition}
    rows = released.rows(NAME, estimand="at_risk", time_unit=clock, dimensions="", **key, **MAIN)
    return {
        float(row["time"]): count(row) if is_ok(row) else "·"
        for _, row in rows.iterrows()
        if pd.notna(row["time"])
    }


def _incidence_table(
    found: dict[str, pd.DataFrame], words: str, at_risk: dict[float, str]
) -> Table:
    cells: dict[float, dict[str, pd.Series]] = {}
    for term, rows in found.items():
        for _, row in rows.iterrows():
            cells.setdefault(float(row["time"]), {})[term] = row
    return Table(
        f"Share who have ended in each way, by {words}",
        (capital(words), *CAUSES.values(), "Still under observation"),
        [
            (
                number(time, 0),
                *(brief_interval(rows.get(term)) for term in CAUSES),
                at_risk.get(time, "·").replace("·", WITHHELD),
            )
            for time, rows in sorted(cells.items())
        ],
    )
