"""Funnels of services and teams, never of therapists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.gaps.measures import Measure
from naturalistic.analyses.interface import EstimateRows
from naturalistic.stats.funnel import funnel
from naturalistic.stats.rates import rate

UNITS = ("service", "team")
TERMS = ("dropout", "reliable_improvement")
FEWEST_UNITS = 2


def add_funnels(rows: EstimateRows, frame: pd.DataFrame, found: list[Measure]) -> None:
    """Rate of each unit with its distance from the rate of all, over-dispersion allowed for, in `statistic`."""
    for measure in found:
        if measure.term not in TERMS:
            continue
        for unit in UNITS:
            _funnel(rows, frame, measure, unit)


def _funnel(rows: EstimateRows, frame: pd.DataFrame, measure: Measure, unit: str) -> None:
    among = measure.among & frame[unit].notna().to_numpy()
    codes, names = pd.factorize(frame.loc[among, unit].astype("object"), sort=True)
    key: dict[str, Any] = {"term": measure.term, "population": measure.population}
    if len(names) < FEWEST_UNITS:
        rows.add(
            "overdispersion",
            status="not_measured",
            note=f"fewer than two units: {unit}",
            contrast=unit,
            **key,
        )
        return
    n = np.bincount(codes, minlength=len(names))
    hits = np.bincount(codes, weights=measure.value[among], minlength=len(names)).astype(np.int64)
    made = funnel(hits, n)
    for i, name in enumerate(names):
        value = rate(int(hits[i]), int(n[i]))
        rows.add_proportion(
            int(hits[i]),
            int(n[i]),
            value,
            dimensions={unit: name},
            statistic=float(made.z_allowed[i]),
            **key,
        )
    people = int(n.sum())
    rows.add("overdispersion", made.overdispersion, contrast=unit, n_patients=people, **key)
    rows.add("variance", made.tau_squared, contrast=unit, n_patients=people, **key)
