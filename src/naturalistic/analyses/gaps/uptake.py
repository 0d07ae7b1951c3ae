"""Who is referred and who starts, per 100,000 of the population of each group, as the user states the populations."""

from __future__ import annotations

from typing import Any

import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.populations import in_population
from naturalistic.analyses.rates_by_group import add_rates, years_between
from naturalistic.settings.equity import DECILE
from naturalistic.stats.rate_inequality import rate_inequality

STEPS = {"referred": "received_date", "started": "first_session_date"}
NO_POPULATIONS = "state equity.populations (people living in the area, by group) to have uptake"
NO_PERIOD = "the dates that a rate a year needs are not held"
NOT_HELD = "the extract does not hold it for anybody"


def add_uptake(rows: EstimateRows, data: AnalysisInput, frame: pd.DataFrame) -> None:
    """Rates a year, ratios of rates, and inequality over deciles of deprivation, of being referred and of starting.

    Parameters
    ----------
    rows : EstimateRows
        Takes the rows; `term` is "referred" or "started".
    data : AnalysisInput
        Settings and calendar.
    frame : DataFrame
        Of `people_frame`; each person counts once.
    """
    populations = data.settings.equity.populations
    for term, date in STEPS.items():
        people = frame[in_population(frame, term)].drop_duplicates("patient_id")
        years = years_between(people[date]) if data.calendar == "real" else 0.0
        key: dict[str, Any] = {"term": term, "population": term}
        if not populations or not years > 0:
            note = NO_PERIOD if populations else NO_POPULATIONS
            rows.add("rate_per_100000", status="not_measured", note=note, **key)
            continue
        for name, sizes in populations.items():
            _one_characteristic(rows, data, people[name], sizes, years, name, key)


def _one_characteristic(
    rows: EstimateRows,
    data: AnalysisInput,
    held: pd.Series,
    sizes: dict[str, float],
    years: float,
    name: str,
    key: dict[str, Any],
) -> None:
    if not held.notna().any():
        dimensions = {name: "not_recorded"}
        columns = key | {"dimensions": dimensions, "status": "not_measured", "note": NOT_HELD}
        rows.add("rate_per_100000", **columns)
        return
    conf = data.settings.conf_level
    groups = held.astype("string").astype("object").where(held.notna())
    # deciles are ranked: the gradient over them is the comparison
    reference = None if name == DECILE else data.settings.reference_levels.get(name, "")
    add_rates(rows, groups, sizes, years, name=name, reference=reference, conf_level=conf, **key)
    if name != DECILE:
        return
    order = sorted(sizes, key=int)
    counts = groups.value_counts().reindex(order, fill_value=0)
    indices = rate_inequality(counts, [sizes[level] * years for level in order], conf_level=conf)
    among = int(counts.sum())
    columns = key | {"n_patients": among, "n_missing": int(held.isna().sum())}
    rows.add("slope_index", indices.slope, **columns)
    rows.add("relative_index", indices.relative, **columns)
