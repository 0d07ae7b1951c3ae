"""Provision by area, and what bringing every area to the level of the best or the least served would take."""

from __future__ import annotations

from typing import Any

import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.settings.closing import Closing
from naturalistic.stats.poisson_rates import rate_per

FEWEST_STARTERS = 10  # an area with fewer sets no level for the others
NO_AREAS = "the extract holds no area of residence"
NO_POPULATIONS = "state closing.area_populations (area: number of people) to have rates"


def add_geography(
    rows: EstimateRows,
    starters: pd.DataFrame,
    years: float,
    asked: Closing,
    level: float,
) -> None:
    """People who started per 100,000 residents a year by area, and the two levelling scenarios.

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
    """
    area = starters["area"].astype("object")
    if not area.notna().any() or not asked.area_populations or not years > 0:
        note = NO_AREAS if not area.notna().any() else NO_POPULATIONS
        rows.add("rate_per_100000", term="started", status="not_measured", note=note)
        return
    counts = area.value_counts()
    rates: dict[str, float] = {}
    for name, people in sorted(asked.area_populations.items()):
        n = int(counts.get(name, 0))
        value = rate_per(n, people * years, conf_level=level)
        rows.add(
            "rate_per_100000",
            value,
            term="started",
            dimensions={"area": name},
            n_patients=n,
            n_events=n,
        )
        if n >= FEWEST_STARTERS:
            rates[name] = value.estimate
    elsewhere = int((~area.isin(list(asked.area_populations))).sum())
    rows.add("count", elsewhere, term="other_or_unknown_area", n_patients=elsewhere)
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
