"""Who gets access, waits, attends, stays and improves, by protected characteristic and deprivation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.gaps.funnels import add_funnels
from naturalistic.analyses.gaps.measures import (
    DEPRIVATION,
    FIFTH,
    Mask,
    Measure,
    measures,
    people_frame,
)
from naturalistic.analyses.gaps.uptake import add_uptake
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.stats.inequality import (
    adjusted_differences,
    difference_of_estimates,
    difference_of_means,
    inequality_indices,
    ratio_of_estimates,
    ratio_of_rates,
)
from naturalistic.stats.rate_difference import rate_difference
from naturalistic.stats.result import Estimate
from naturalistic.vocabulary import CHARACTERISTICS

NAME = "equity"
NOT_RECORDED = "not_recorded"
ADJUSTED = "adjusted_for_baseline"
ESTIMANDS = {"rate": "proportion", "ratio": "proportion", "mean": "mean"}
FEWEST = 2
CHARACTERISTIC_NAMES = (
    *(c.key for c in CHARACTERISTICS.values() if c.protected and not c.numeric),
    FIFTH,
)


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Levels, gaps and gradients of six outcomes; `term` names the outcome.

    Estimands
    ---------
    proportion, mean, mean_change by characteristic
        access (started, of people referred), wait (days from referral to first session, of people who started and have
        both dates), missed_sessions, dropout, change, reliable_improvement. People without a recorded level are the level
        "not_recorded" and are compared with nobody.
    difference_from_reference, ratio_to_reference
        Against the reference level of the settings, or else the largest; `specification` "adjusted_for_baseline": at the
        same score before therapy.
    slope_index, relative_index
        Over deciles of deprivation, from the most to the least deprived end, unadjusted and adjusted.
    rate_per_100000, ratio_to_reference, slope_index, relative_index of "referred" and "started"
        A year, of the populations that the settings state; see `gaps.uptake`.
    proportion by service and team, overdispersion
        Funnels of dropout and reliable improvement.
    """
    rows = EstimateRows(data.cohort, NAME)
    frame = people_frame(data)
    found = [m for m in measures(data, frame) if m.among.any()]
    if not found:
        rows.add("proportion", term="access", status="not_measured", note="nobody was referred")
        return AnalysisResult(rows.frame())
    for name in CHARACTERISTIC_NAMES:
        if not frame[name].notna().any():
            note = "the extract does not hold it for anybody"
            rows.add(
                "proportion",
                term="access",
                dimensions={name: NOT_RECORDED},
                status="not_measured",
                note=note,
            )
            continue
        for measure in found:
            _by_level(rows, data, frame, measure, name)
    _gradients(rows, data, frame, found)
    add_uptake(rows, data, frame)
    add_funnels(rows, frame, found)
    return AnalysisResult(rows.frame())


def _by_level(
    rows: EstimateRows, data: AnalysisInput, frame: pd.DataFrame, measure: Measure, name: str
) -> None:
    conf = data.settings.conf_level
    codes, names = pd.factorize(frame[name], sort=True)
    levels = [str(word) for word in names]
    held = np.bincount(codes[measure.among & (codes >= 0)], minlength=len(levels))
    size = dict(zip(levels, held.tolist(), strict=True))
    reference = data.settings.reference_levels.get(name, "")
    if not size.get(reference):
        reference = max(levels, key=lambda level: (size[level], level))
    at_reference = codes == levels.index(reference)
    base = measure.among & at_reference
    missing = int((measure.among & (codes < 0)).sum())
    against, _ = measure.of(at_reference, conf)
    key: dict[str, Any] = {"term": measure.term, "population": measure.population}
    for level in [*levels, *([NOT_RECORDED] if missing else [])]:
        who = codes == (levels.index(level) if level != NOT_RECORDED else -1)
        value, counts = measure.of(who, conf)
        shared = key | {"dimensions": {name: level}, "n_missing": missing}
        estimand = "mean_change" if measure.term == "change" else ESTIMANDS[measure.kind]
        rows.add(estimand, value, **shared, **counts)
        if level in (reference, NOT_RECORDED) or size[level] < FEWEST or size[reference] < FEWEST:
            continue
        gap, ratio = _gap(measure, who & measure.among, base, value, against, conf)
        contrast: dict[str, Any] = {
            "contrast": f"{level} vs {reference}",
            "n_patients": size[level],
        }
        rows.add("difference_from_reference", gap, **shared, **contrast)
        rows.add("ratio_to_reference", ratio, **shared, **contrast)
    if measure.baseline:
        order = [reference, *(level for level in levels if level != reference)]
        place = np.array([*(order.index(level) for level in levels), -1])
        _adjusted(rows, frame, measure, name, place[codes], order, conf)


def _gap(
    measure: Measure, who: Mask, base: Mask, value: Estimate, against: Estimate, conf: float
) -> tuple[Estimate, Estimate]:
    """Absolute and relative gap, each with the interval that fits its kind."""
    if measure.kind == "rate":
        counts = [
            int(measure.value[who].sum()),
            int(who.sum()),
            int(measure.value[base].sum()),
            int(base.sum()),
        ]
        return (
            rate_difference(*counts, conf_level=conf),
            ratio_of_rates(*counts, conf_level=conf),
        )
    if measure.kind == "mean":
        gap = difference_of_means(measure.value[who], measure.value[base], conf_level=conf)
        return gap, ratio_of_estimates(value, against)
    return difference_of_estimates(value, against), ratio_of_estimates(value, against)


def _adjusted(
    rows: EstimateRows,
    frame: pd.DataFrame,
    measure: Measure,
    name: str,
    code: np.ndarray,
    levels: list[str],
    conf: float,
) -> None:
    """Differences at the same score before therapy; `code` is the position in `levels`, the reference first."""
    score = frame["first_score"].to_numpy(dtype=np.float64, na_value=np.nan)
    kept = measure.among & np.isfinite(score) & (code >= 0)
    if len(levels) < FEWEST or not kept.any():
        return
    found = adjusted_differences(
        measure.value[kept], code[kept], len(levels), score[kept, None], conf_level=conf
    )
    held = np.bincount(code[kept], minlength=len(levels))
    for level, n, value in zip(levels[1:], held[1:], found, strict=True):
        rows.add(
            "difference_from_reference",
            value,
            term=measure.term,
            population=measure.population,
            specification=ADJUSTED,
            dimensions={name: level},
            contrast=f"{level} vs {levels[0]}",
            n_patients=int(n),
        )


def _gradients(
    rows: EstimateRows, data: AnalysisInput, frame: pd.DataFrame, found: list[Measure]
) -> None:
    """Slope and relative index over deciles of deprivation."""
    decile = frame[DEPRIVATION].to_numpy(dtype=np.float64, na_value=np.nan)
    score = frame["first_score"].to_numpy(dtype=np.float64, na_value=np.nan)
    conf = data.settings.conf_level
    for measure in found:
        key: dict[str, Any] = {"term": measure.term, "population": measure.population}
        if not np.isfinite(decile).any():
            note = "the extract does not hold deprivation"
            rows.add("slope_index", status="not_measured", note=note, **key)
            continue
        outcome = measure.value
        if measure.bottom is not None:
            outcome = np.divide(
                outcome, measure.bottom, out=np.zeros_like(outcome), where=measure.among
            )
        for specification in ("", *([ADJUSTED] if measure.baseline else [])):
            kept = measure.among & np.isfinite(decile)
            kept &= np.isfinite(score) if specification else True
            covariates = score[kept, None] if specification else None
            indices = inequality_indices(
                outcome[kept], decile[kept], covariates=covariates, conf_level=conf
            )
            counts = {
                "n_patients": int(kept.sum()),
                "n_missing": int((measure.among & ~kept).sum()),
            }
            columns = key | counts | {"specification": specification}
            rows.add("slope_index", indices.slope, **columns)
            rows.add("relative_index", indices.relative, **columns)
