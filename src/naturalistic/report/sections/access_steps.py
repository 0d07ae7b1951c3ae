"""What each chart over time is named, and the step it shows at a named change of the service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from naturalistic.report.blocks import Block, Table, Text
from naturalistic.report.released import Released, is_ok
from naturalistic.report.wording import capital, interval, listed, lower_first, number, reason

NAME = "access_and_waits"
PERIODS = {"month": "month", "quarter": "quarter", "half_year": "half-year", "year": "year"}


@dataclass(frozen=True)
class Chart:
    """How one measure is named, and whether it is a share."""

    name: str
    axis: str
    share: bool = False


CHARTS = {
    "referrals": Chart("people referred", "People referred"),
    "starts": Chart("people starting therapy", "People starting"),
    "first_session_in_time": Chart(
        "first session within 126 days of referral", "Share of referrals", share=True
    ),
    "missed_sessions": Chart("sessions missed", "Share of sessions", share=True),
    "both_forms": Chart(
        "both forms held, of people whose therapy ended", "Share of people", share=True
    ),
}


def named_change(released: Released) -> Mapping[str, Any] | None:
    """Name and date of the change of service in the settings; None where none is named."""
    change = released.settings.get("service_change") or {}
    return change if change.get("date") else None


def step_findings(released: Released, charts: Mapping[str, Chart]) -> Iterator[str]:
    """Whether any series shows a step at the named change; nothing where none is named."""
    change = named_change(released)
    if change is None:
        return
    rows = {term: released.one(NAME, estimand="level_change", term=term) for term in charts}
    clear = [
        f"{charts[term].name} ({_change(charts[term], row)})"
        for term, row in rows.items()
        if row is not None and is_ok(row) and row["conf_low"] * row["conf_high"] > 0
    ]
    if clear:
        yield f"At the change named in the settings ({change['name']}) there was a step in {listed(clear)}."
    elif any(is_ok(row) for row in rows.values()):
        yield f"At the change named in the settings ({change['name']}) no series shows a step clear of chance."
    else:
        yield f"Whether there was a step at the change named in the settings ({change['name']}) cannot be estimated."


def steps(released: Released, charts: Mapping[str, tuple[Chart, str]]) -> Block:
    """Step and change of slope of each chart, or that no change is named.

    Parameters
    ----------
    charts : mapping
        Chart and period by term.
    """
    change = named_change(released)
    if change is None:
        text = (
            "No change of the service is set (service_change in the settings), so no step is looked for "
            "(interrupted time series: not set)."
        )
        return Text((text,))
    rows = []
    for term, (chart, period) in charts.items():
        step, slope = (
            released.one(NAME, estimand=estimand, term=term)
            for estimand in ("level_change", "slope_change")
        )
        rows.append(
            (
                capital(chart.name),
                PERIODS[period],
                _change(chart, step),
                _change(chart, slope),
            )
        )
    return Table(
        f"Step and change of slope at: {change['name']} ({change['date']})",
        ("Series", "By", "Step (interval)", "Change of slope for each period (interval)"),
        rows,
        note="Segmented regression with errors that allow for serial correlation (Newey-West). Other things that happened "
        "at the same time cannot be told apart from the change.",
    )


def _change(chart: Chart, row: pd.Series | None) -> str:
    """A difference in its own unit: percentage points for a share."""
    if row is None or not is_ok(row):
        return (
            reason(row)
            if row is None or not str(row["note"])
            else f"{reason(row)}: {lower_first(str(row['note']))}"
        )
    scale, unit, digits = (100.0, " points", 1) if chart.share else (1.0, "", 1)
    values = [number(scale * float(row[c]), digits) for c in ("estimate", "conf_low", "conf_high")]
    has_limits = bool(interval(row))
    return f"{values[0]}{unit} ({values[1]} to {values[2]})" if has_limits else values[0] + unit
