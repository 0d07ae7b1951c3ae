"""Provision by area, and what bringing every area to the level of the best or the least served would take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.rates_by_group import add_rates
from naturalistic.settings.closing import Closing
from naturalistic.stats.result import Estimate
from naturalistic.stats.wald import reference_quantile

FEWEST_STARTERS = 10  # an area with fewer sets no level for the others
NO_AREAS = "the extract holds no area of residence"
LEVELLED = (
    "people a year more (or fewer) than now; which area has the most or the fewest is taken as it was seen, and what that "
    "choice adds is not in the interval"
)
FEW_SOMEWHERE = "people a year more (or fewer) than now; no interval, as an area has few people"
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
        _levelling(rows, counts, rates, years, asked, level)


def _levelling(
    rows: EstimateRows,
    counts: pd.Series,
    rates: dict[str, float],
    years: float,
    asked: Closing,
    level: float,
) -> None:
    """More or fewer people a year if every area had the rate of the best, or of the least, served one."""
    held = {name: int(counts.get(name, 0)) for name in asked.area_populations}
    least = min(rates, key=lambda name: rates[name]) if len(rates) == len(held) else None
    most = max(rates, key=lambda name: rates[name])
    shared: dict[str, Any] = {"n_patients": sum(held.values()), "time_unit": "year"}
    for term, area in (("level_up", most), ("level_down", least)):
        found = levelled(held, asked.area_populations, area, years, conf_level=level)
        note = LEVELLED
        if min(held.values()) < FEWEST_STARTERS:
            # limits hang on the number of every area: they are not given where one has few people
            found = Estimate(found.estimate, conf_level=level, method=found.method)
            note = FEW_SOMEWHERE
        rows.add("expected_number", found, term=term, note=note, **shared)


def levelled(
    starters: Mapping[str, int],
    populations: Mapping[str, float],
    area: str | None,
    years: float,
    *,
    conf_level: float = 0.95,
) -> Estimate:
    """How many more people a year would start if every area had the rate of one of them.

    With d_i starters in population P_i over T years, N = sum of P_i and the area k, the estimand is
    (d_k N / P_k - sum of d_i) / T, a sum of independent Poisson counts with weights w_i: N / P_k - 1 for k, otherwise -1.
    Its limits are put together from the score limits of each count, d + z^2 / 2 -+ z sqrt(d + z^2 / 4), by the squares of
    their distances (MOVER; Zou and Donner 2008, Stat Med 27:1693, eq. 6).

    Parameters
    ----------
    starters, populations : mapping of str to int
        People who started in all the years, and residents, by area.
    area : str or None
        The area whose rate all would have; None means a rate of nothing.
    years : float
        Length of the period.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        People a year; below 0 means fewer than now.
    """
    every = sum(populations.values())
    times = {name: -1.0 for name in starters}
    if area is not None:
        times[area] += every / populations[area]
    weights = np.array([times[name] for name in starters])
    n = np.array(list(starters.values()), dtype=float)
    z = reference_quantile(conf_level, math.inf)
    half = z * np.sqrt(n + z**2 / 4)
    below, above = half - z**2 / 2, half + z**2 / 2
    down, up = (np.where(weights > 0, a, b) * weights for a, b in ((below, above), (above, below)))
    difference = float(weights @ n)
    return Estimate(
        difference / years,
        float(np.sqrt(weights**2 @ n)) / years,
        (difference - float(np.sqrt(down @ down))) / years,
        (difference + float(np.sqrt(up @ up))) / years,
        conf_level,
        method="weighted sum of Poisson counts; limits put together from score limits (MOVER)",
    )
