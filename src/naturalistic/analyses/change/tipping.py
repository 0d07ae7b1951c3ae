"""The tipping point: how much worse those without a form must be for the conclusion to change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from naturalistic.analyses.change.groups import criterion_in_use
from naturalistic.analyses.change.imputation import Completed
from naturalistic.analyses.change.people import Mask, Started
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.predictors import SMALLEST_LEVEL
from naturalistic.reference.loader import load_benchmarks
from naturalistic.stats.tipping_point import TippingCurve, tipping_curve

STEPS = 40
KEY: dict[str, Any] = {"population": "started", "specification": "multiple_imputation"}


def add_tipping(
    rows: EstimateRows, data: AnalysisInput, people: Started, completed: Completed
) -> None:
    """Curve and points for everybody without a last form, and for each way of ending."""
    if not completed.away.any():
        note = "everybody who started has a last form"
        rows.add("tipping_point", status="not_estimable", note=note, **KEY)
        return
    targets = _targets(data, people, completed)
    for name, (target, note) in targets.items():
        rows.add(
            "threshold",
            target,
            term="target",
            contrast=name,
            n_patients=people.n,
            note=note,
            **KEY,
        )
    cluster = completed.grouping.code
    everyone = tipping_curve(completed.improvement, completed.away, cluster=cluster)
    _curve(rows, data, people, everyone, _end(data, everyone), "everyone", targets)
    ending = people.frame["ending"].astype("object")
    for word in sorted(ending[completed.away].dropna().unique()):
        shifted = completed.away & (ending == word).to_numpy(dtype=bool)
        if shifted.sum() >= SMALLEST_LEVEL:
            curve = tipping_curve(completed.improvement, shifted, cluster=cluster)
            _curve(rows, data, people, curve, _end(data, everyone), str(word), targets)
    _shares(rows, people, completed.away)


def _targets(
    data: AnalysisInput, people: Started, completed: Completed
) -> dict[str, tuple[float, str]]:
    """Mean improvements, in points, at which a conclusion changes."""
    primary = data.settings.primary
    scale = data.instruments[primary.instrument].scale(primary.scale)
    targets = {"nothing": (0.0, "no change on average")}
    step = criterion_in_use(data, people, scale)
    if step is not None:
        targets["reliable_change"] = (step, "the reliable change of one person, as a mean")
    sd = float(completed.change().sd_first.mean())
    known = load_benchmarks()
    for key in data.settings.missing_outcomes.benchmarks:
        found = known[key]
        if found.value is not None:
            note = f"{found.label}: {found.value:g} SD of first scores (imputed). {found.warning}"
            targets[key] = (found.value * sd, note)
    return targets


def _end(data: AnalysisInput, curve: TippingCurve) -> float:
    """Where the grid of shifts ends: a little after the mean reaches nothing, or the width of the scale."""
    primary = data.settings.primary
    scale = data.instruments[primary.instrument].scale(primary.scale)
    width = float(scale.maximum - scale.minimum)
    zero = curve.where_estimate_reaches(0.0)
    return min(width, 1.25 * zero) if zero > 0 else width / 2


def _curve(
    rows: EstimateRows,
    data: AnalysisInput,
    people: Started,
    curve: TippingCurve,
    end: float,
    who: str,
    targets: dict[str, tuple[float, str]],
) -> None:
    level = data.settings.conf_level
    counts: dict[str, Any] = {"n_patients": curve.n_shifted, "denominator": people.n}
    levels = {"shifted": who}
    grid = np.linspace(0.0, end, STEPS + 1)
    pooled = curve.at(grid)
    low, high = pooled.limits(level)
    for k, delta in enumerate(grid):
        rows.add(
            "mean_change",
            float(pooled.estimate[k]),
            term="tipping_curve",
            dimensions=levels,
            time=float(delta),
            time_unit="points_worse",
            std_error=float(pooled.std_error[k]),
            conf_low=float(low[k]),
            conf_high=float(high[k]),
            conf_level=level,
            df=float(pooled.df[k]),
            method="imputed improvements of those without a last form lowered by the shift",
            **counts,
            **KEY,
        )
    for name, (target, _) in targets.items():
        crossings = {
            "estimate": curve.where_estimate_reaches(target),
            "lower_limit": curve.where_limit_reaches(target, conf_level=level),
        }
        for contrast, delta in crossings.items():
            _point(rows, delta, name, contrast, levels, counts)


def _point(
    rows: EstimateRows,
    delta: float,
    name: str,
    contrast: str,
    levels: dict[str, str],
    counts: dict[str, Any],
) -> None:
    columns: dict[str, Any] = {"term": name, "contrast": contrast, "dimensions": levels}
    if not math.isfinite(delta):
        note = "no shift brings it there"
        rows.add("tipping_point", status="not_estimable", note=note, **columns, **counts, **KEY)
        return
    note = "already below it without any shift" if delta < 0 else ""
    rows.add("tipping_point", delta, note=note, **columns, **counts, **KEY)


def _shares(rows: EstimateRows, people: Started, away: Mask) -> None:
    rows.add_proportion(int(away.sum()), people.n, term="shifted", **KEY)
