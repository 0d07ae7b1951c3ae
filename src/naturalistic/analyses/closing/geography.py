"""Provision by area, and what bringing every area to the level of the best or the least served would take."""

from __future__ import annotations

from typing import Any

import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.rates_by_group import add_rates
from naturalistic.settings.closing import Closing

FEWEST_STARTERS = 10  # an area with fewer sets no level for the others
NO_AREAS = "the extract holds no area of residence"
NO_POPULATIONS = "state closing.area_populations (area: number of people) to have rates"


def add_geography(
    rows: EstimateRows,
    starters: pd.DataFrame,
    years: float,
    asked: Closing,
    level: float,
    reference: str = "",
) -> None:
    """People who started per 100,000 residents a year by area, how areas compare, and the two levelling scenarios.

    Parameters
    ----------
    rows : EstimateRows
        Takes the rows.
    starters : DataFrame
        People who started, with `area`.
    years : float
        Length of the period they started in.
    asked : Closing
        Populations of the areas as the user states them.
    level : float
        Nominal coverage.
    reference : str
        Area the others are compared with; the largest where it is not among them.
    """
    area = starters["area"].astype("object")
    if not area.notna().any() or not asked.area_populations or not years > 0:
        note = NO_AREAS if not area.notna().any() else NO_POPULATIONS
        rows.add("rate_per_100000", term="started", status="not_measured", note=note)
        return
    found = add_rates(
        rows,
        area,
        asked.area_populations,
        years,
        name="area",
        reference=reference,
        conf_level=level,
        term="started",
    )
    counts = area.value_counts()
    rates = {
        name: value.estimate
        for name, value in found.items()
        if int(counts.get(name, 0)) >= FEWEST_STARTERS
    }
    if len(asked.area_populations) > 1 and rates:
        _levelling(rows, counts, rates, years, asked)


def _levelling(
    rows: EstimateRows, counts: pd.Series, rates: dict[str, float], years: float, asked: Closing
) -> None:
    """More or fewer people a year if every area had the rate of the best, or of the least, served one."""
    now = sum(int(counts.get(name, 0)) for name in asked.area_populations) / years
    every = sum(asked.area_populations.values())
    n = sum(int(counts.get(name, 0)) for name in asked.area_populations)
    least = min(rates.values()) if len(rates) == len(asked.area_populations) else 0.0
    shared: dict[str, Any] = {"n_patients": n, "time_unit": "year"}
    for term, rate in (("level_up", max(rates.values())), ("level_down", least)):
        difference = rate * every / 100_000 - now
        note = "people a year more (or fewer) than now, at the observed rates; their uncertainty stands beside each rate"
        rows.add("expected_number", difference, term=term, note=note, **shared)
