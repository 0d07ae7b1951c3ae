"""People per 100,000 of a stated population a year, by group, and how the groups compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.stats.poisson_rates import rate_per, ratio_of_rates_per
from naturalistic.stats.result import Estimate


def years_between(dates: pd.Series) -> float:
    """Length of the period that dates span, in years; 0 where fewer than two are known."""
    known = dates.dropna()
    if len(known) < 2:
        return 0.0
    return float((known.max() - known.min()).days + 1) / 365.25


def add_rates(
    rows: EstimateRows,
    groups: pd.Series,
    populations: Mapping[str, float],
    years: float,
    *,
    name: str,
    reference: str | None = "",
    conf_level: float,
    **columns: Any,
) -> dict[str, Estimate]:
    """A rate for every group of a stated population, its ratio to the reference group, and the people of no such group.

    Parameters
    ----------
    rows : EstimateRows
        Takes the rows: `rate_per_100000` and `ratio_to_reference` by group, and a `count` of the others.
    groups : Series
        Group of each person, missing where it is not recorded.
    populations : mapping of str to float
        Number of people by group.
    years : float
        Length of the period, above 0.
    name : str
        What the groups are levels of.
    reference : str or None
        Group the others are compared with; the largest population where it is not among them; None for no comparison.
    conf_level : float
        Nominal coverage.
    columns : object
        Further columns of every row (`term`, `population`).

    Returns
    -------
    dict of str to Estimate
        The rates.
    """
    words = groups.astype("object")
    counts = {str(word): int(n) for word, n in words.value_counts().items()}
    largest = max(populations, key=populations.__getitem__)
    base = reference if reference is not None and reference in populations else largest
    unknown = int(words.isna().sum())
    rates: dict[str, Estimate] = {}
    for group, people in sorted(populations.items()):
        n = counts.get(group, 0)
        # the people are the events: beside a population of thousands there are no few others to protect
        shared: dict[str, Any] = {**columns, "dimensions": {name: group}, "n_patients": n}
        rates[group] = rate_per(n, people * years, conf_level=conf_level)
        rows.add("rate_per_100000", rates[group], n_missing=unknown, **shared)
        if reference is not None and group != base:
            against = counts.get(base, 0), populations[base] * years
            ratio = ratio_of_rates_per(n, people * years, *against, conf_level=conf_level)
            rows.add("ratio_to_reference", ratio, contrast=f"{group} vs {base}", **shared)
    others = sum(n for group, n in counts.items() if group not in populations) + unknown
    term = f"{columns['term']}_other_or_unknown_{name}"
    rows.add("count", others, **{**columns, "term": term, "n_patients": others})
    return rates
