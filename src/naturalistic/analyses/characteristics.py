"""Who was treated, and how those who completed or have both forms differ from the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.populations import episode_frame, in_population, not_measured
from naturalistic.stats.rates import rate
from naturalistic.stats.result import Estimate
from naturalistic.stats.standardised_difference import (
    standardised_category_difference,
    standardised_mean_difference,
)
from naturalistic.vocabulary import CHARACTERISTICS

NAME = "characteristics"
NOT_RECORDED = "not_recorded"
FIRST_SCORE = "first_score"
Mask = npt.NDArray[np.bool_]


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Characteristics of everyone who started, and of the groups a reader must compare.

    Estimands
    ---------
    proportion
        Share at each level, the level "not recorded" among them; its denominator is the whole group.
    mean, standard_deviation, median
        Of age, deprivation decile and the first score, over those with a value; `n_missing` says how many have none.
    standardised_difference
        Between completers (planned ending) and everyone else who started and has ended, and between people with
        both forms and without: of means, and over all levels together (Yang and Dalton).
    """
    primary = data.settings.primary
    frame = episode_frame(
        data.tables["episodes"],
        data.tables["outcomes"],
        data.tables["patients"],
        instrument=primary.instrument,
        scale=primary.scale,
    )
    rows = EstimateRows(data.cohort, NAME)
    measure = {"instrument": primary.instrument, "scale": primary.scale}
    for name in (*CHARACTERISTICS, FIRST_SCORE):
        held = name in frame.columns and frame[name].notna().any()
        shared: dict[str, Any] = {"term": name, **(measure if name == FIRST_SCORE else {})}
        if not held:
            rows.add(
                "proportion",
                population="started",
                status="not_measured",
                note="not held in this cohort",
                **shared,
            )
            continue
        numeric = name == FIRST_SCORE or CHARACTERISTICS[name].numeric
        describe = _describe_number if numeric else _describe_levels
        for population, member in _groups(frame).items():
            if not_measured(frame, population):
                continue
            describe(rows, frame[name], member, population, data.settings.conf_level, shared)
        _compare(rows, frame, name, numeric, data.settings.conf_level, shared)
    return AnalysisResult(rows.frame())


def _groups(frame: pd.DataFrame) -> dict[str, Mask]:
    return {name: in_population(frame, name) for name in ("started", "planned_ending", "paired")}


def _comparisons(frame: pd.DataFrame) -> dict[str, tuple[Mask, Mask]]:
    """Group and reference of each comparison; open episodes are not completers nor their opposite."""
    started = in_population(frame, "started")
    ended = started & (frame["ending"] != "open").to_numpy()
    planned = in_population(frame, "planned_ending")
    paired = in_population(frame, "paired")
    return {
        "planned_ending vs other_endings": (planned, ended & ~planned),
        "paired vs not_paired": (paired, started & ~paired),
    }


def _describe_levels(
    rows: EstimateRows,
    values: pd.Series,
    member: Mask,
    population: str,
    level: float,
    shared: dict[str, Any],
) -> None:
    words = values[member].astype("object").where(values[member].notna(), NOT_RECORDED)
    total = len(words)
    for word, count in words.value_counts().sort_index().items():
        rows.add_proportion(
            int(count),
            total,
            rate(int(count), total, conf_level=level),
            population=population,
            dimensions={shared["term"]: word},
            **shared,
        )


def _describe_number(
    rows: EstimateRows,
    values: pd.Series,
    member: Mask,
    population: str,
    level: float,
    shared: dict[str, Any],
) -> None:
    numbers = values[member].astype("float64")
    known = numbers.dropna().to_numpy()
    counts: dict[str, Any] = {"n_patients": len(known), "n_missing": int(numbers.isna().sum())}
    if len(known) < 2:
        rows.add(
            "mean",
            population=population,
            status="not_estimable",
            note="fewer than two people have a value",
            **counts,
            **shared,
        )
        return
    spread = float(np.std(known, ddof=1))
    rows.add(
        "mean",
        float(known.mean()),
        population=population,
        std_error=spread / np.sqrt(len(known)),
        **counts,
        **shared,
    )
    rows.add("standard_deviation", spread, population=population, **counts, **shared)
    rows.add("median", float(np.median(known)), population=population, **counts, **shared)


def _compare(
    rows: EstimateRows,
    frame: pd.DataFrame,
    name: str,
    numeric: bool,
    level: float,
    shared: dict[str, Any],
) -> None:
    """Standardised difference of one characteristic in every comparison."""
    compare = _compare_numbers if numeric else _compare_levels
    for contrast, (group, reference) in _comparisons(frame).items():
        if note := not_measured(frame, contrast.split(" vs ", 1)[0]):
            key = {"population": "started", "contrast": contrast, **shared}
            rows.add("standardised_difference", status="not_measured", note=note, **key)
            continue
        difference, counts = compare(frame[name], group, reference, level)
        rows.add(
            "standardised_difference",
            difference,
            population="started",
            contrast=contrast,
            **counts,
            **shared,
        )


def _compare_numbers(
    column: pd.Series, group: Mask, reference: Mask, level: float
) -> tuple[Estimate, dict[str, Any]]:
    """Standardised difference of means, over those with a value."""
    values = column.astype("float64").to_numpy()
    first, second = (values[m & np.isfinite(values)] for m in (group, reference))
    n = len(first) + len(second)
    counts = {
        "n_patients": n,
        "n_events": min(len(first), len(second)),
        "n_missing": int((group | reference).sum()) - n,
    }
    return standardised_mean_difference(first, second, conf_level=level), counts


def _compare_levels(
    column: pd.Series, group: Mask, reference: Mask, level: float
) -> tuple[Estimate, dict[str, Any]]:
    """Standardised difference over all levels together, "not recorded" among them."""
    words = column.astype("object").where(column.notna(), NOT_RECORDED)
    levels = sorted(words[group | reference].unique())
    first, second = (
        words[m].value_counts().reindex(levels, fill_value=0).to_numpy() for m in (group, reference)
    )
    sizes = int(first.sum()), int(second.sum())
    counts = {"n_patients": sum(sizes), "n_events": min(sizes)}
    return standardised_category_difference(first, second, conf_level=level), counts
