"""Funnels of services and teams."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Block, Figure, Table, Text
from naturalistic.report.plots.unit_funnel import Unit, funnel_plot
from naturalistic.report.released import Released, is_ok
from naturalistic.report.wording import brief_interval, count, label, listed, lower_first, number

NAME = "equity"
TERMS = {"dropout": "Dropped out", "reliable_improvement": "Reliably improved"}
UNITS = ("service", "team")
OUTSIDE = 1.96  # 95% limits


def funnel_figures(released: Released) -> list[Block]:
    """One funnel an outcome and kind of unit, where there are at least two units to show."""
    found = [_funnel(released, term, unit) for unit in UNITS for term in TERMS]
    return [block for block in found if block is not None]


def _funnel(released: Released, term: str, unit: str) -> Block | None:
    rows = dict(released.levels(NAME, unit, term=term))
    spread = released.one(NAME, estimand="overdispersion", term=term, contrast=unit)
    between = released.one(NAME, estimand="variance", term=term, contrast=unit)
    shown = {name: row for name, row in rows.items() if is_ok(row)}
    if not rows:
        return None
    what = f"{TERMS[term]} by {unit}"
    if len(shown) < 2 or between is None or not is_ok(between):
        return Text((f"{what}: fewer than two can be shown.",))
    units = _units(unit, shown)
    return Figure(
        f"funnel_{term}_{unit}",
        funnel_plot(
            units,
            target=_rate_of_all(list(shown.values())),
            tau_squared=float(between["estimate"]),
            x_label="People",
            y_label=TERMS[term],
            synthetic=released.synthetic,
        ),
        f"{what}, with 95% and 99.8% limits around the rate of all; the limits allow for variation between units beyond "
        f"chance (over-dispersion {_spread(spread)}). Case-mix is not allowed for. This is not a ranking.",
        f"Funnel of {lower_first(what)}, {len(units)} units: {_told(units)}.",
        Table(
            what,
            (label(unit), f"{TERMS[term]} (interval)", "People"),
            [
                (label(unit, name), brief_interval(row), count(row, "denominator"))
                for name, row in rows.items()
            ],
        ),
    )


def _units(unit: str, rows: dict[str, pd.Series]) -> list[Unit]:
    return [
        Unit(
            label(unit, name),
            float(row["estimate"]),
            float(row["denominator"]),
            _is_outside(row),
        )
        for name, row in rows.items()
    ]


def _rate_of_all(rows: list[pd.Series]) -> float:
    events = sum(float(row["numerator"]) for row in rows)
    return events / sum(float(row["denominator"]) for row in rows)


def _told(units: list[Unit]) -> str:
    outside = [each.label for each in units if each.outside]
    if not outside:
        return "none is outside the 95% limits"
    return f"outside the 95% limits: {listed(outside)}"


def _is_outside(row: pd.Series) -> bool:
    return pd.notna(row["statistic"]) and abs(float(row["statistic"])) > OUTSIDE


def _spread(row: pd.Series | None) -> str:
    return "not given" if row is None or not is_ok(row) else number(row["estimate"], 1)
