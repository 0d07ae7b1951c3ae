"""What happens without this therapy, endings recorded wrongly, and groups compared raw and adjusted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from naturalistic.analyses.change.people import Mask, Started, by_therapist
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.predictors import SMALLEST_LEVEL, Term, design_matrix, prepare_predictors
from naturalistic.reference.benchmark_models import Benchmark
from naturalistic.reference.loader import load_benchmarks
from naturalistic.stats.clustered_regression import Regression, clustered_least_squares
from naturalistic.stats.result import Estimate
from naturalistic.stats.sensitivity import (
    corrected_group_means,
    corrected_share,
    e_value,
    risk_ratios_from_standardised_difference,
)

PAIRED: dict[str, Any] = {"population": "paired"}
ENDINGS = ("planned_ending", "unplanned_ending")
WHY = (
    "raw: difference in change; adjusted: between people who started at the same score. They differ because a group that "
    "starts worse has further to move and regresses more"
)


def add_natural_recovery(rows: EstimateRows, data: AnalysisInput, people: Started) -> None:
    """The change of this cohort minus each published change without this therapy, in SDs."""
    member = people.paired
    ours = by_therapist(people, member, "pre_sd", data.settings.conf_level)
    for found in load_benchmarks().values():
        if found.topic != "no_treatment" or found.quantity != "standardised_mean_change":
            continue
        key: dict[str, Any] = {
            "term": found.key,
            "contrast": f"this cohort minus {found.design}",
            "specification": "minus_benchmark",
            "note": _about(found),
            **PAIRED,
            **people.counts(member),
        }
        if ours.status != "ok" or found.value is None:
            reason = ours.note or "a range is published, not a figure"
            rows.add(
                "standardised_change_difference", status="not_estimable", **{**key, "note": reason}
            )
            continue
        rows.add(
            "standardised_change_difference",
            _difference(ours, found, data.settings.conf_level),
            **key,
        )


def _about(found: Benchmark) -> str:
    duration = f"duration: {found.duration}" if found.duration else "duration not read"
    parts = (f"{found.label} {found.value}", f"measure: {found.measure}", duration, found.warning)
    return "; ".join(part.rstrip(".") for part in parts if part)


def _difference(ours: Estimate, found: Benchmark, level: float) -> Estimate:
    """Our estimate minus the published one; its error counts where limits were published."""
    theirs = 0.0
    if found.low is not None and found.high is not None:
        theirs = (found.high - found.low) / (2 * float(ndtri(0.5 + found.conf_level / 2)))
    value = ours.estimate - (found.value or 0.0)
    error = math.hypot(ours.std_error, theirs)
    # our limits come from t: the half width grows with the error
    half = (ours.conf_high - ours.conf_low) / 2 * error / ours.std_error
    method = "difference from a published figure" + (
        "" if theirs else "; the published figure counts as known"
    )
    return Estimate(value, error, value - half, value + half, level, df=ours.df, method=method)


def add_misclassified_endings(rows: EstimateRows, data: AnalysisInput, people: Started) -> None:
    """Share of unplanned endings, and the change of both, if some endings were recorded wrongly."""
    ending = people.frame["ending"].astype("object")
    known = ending.isin(ENDINGS).to_numpy(dtype=bool)
    unplanned = (ending == "unplanned_ending").to_numpy(dtype=bool)
    if not (unplanned.any() and (known & ~unplanned).any()):
        note = "planned and unplanned endings cannot both be told"
        rows.add(
            "proportion",
            term="unplanned_corrected",
            population="started",
            status="not_measured",
            note=note,
        )
        return
    top, bottom = int(unplanned.sum()), int(known.sum())
    for sensitivity in data.settings.bias.sensitivities:
        for specificity in data.settings.bias.specificities:
            levels = {"sensitivity": f"{sensitivity:g}", "specificity": f"{specificity:g}"}
            accuracy = {"sensitivity": sensitivity, "specificity": specificity}
            value = corrected_share(top, bottom, conf_level=data.settings.conf_level, **accuracy)
            rows.add(
                "proportion",
                value,
                term="unplanned_corrected",
                population="started",
                dimensions=levels,
                n_patients=bottom,
                n_events=top,
            )
            _corrected_change(rows, people, unplanned, known, accuracy, levels)


def _corrected_change(
    rows: EstimateRows,
    people: Started,
    unplanned: Mask,
    known: Mask,
    accuracy: dict[str, float],
    levels: dict[str, str],
) -> None:
    paired = people.paired & known
    with_it, without = paired & unplanned, paired & ~unplanned
    if not (with_it.any() and without.any()):
        return
    share = float(with_it.sum() / paired.sum())
    change = people.improvement
    key: dict[str, Any] = {
        "term": "by_true_ending",
        "specification": "misclassification",
        "dimensions": levels,
        **PAIRED,
    }
    try:
        means = corrected_group_means(
            float(change[with_it].mean()), float(change[without].mean()), share, **accuracy
        )
    except ValueError as error:
        rows.add("mean_change", status="not_estimable", note=str(error), **key)
        return
    for name, mean, group in zip(ENDINGS[::-1], means, (with_it, without), strict=True):
        rows.add(
            "mean_change",
            mean,
            contrast=name,
            n_patients=int(group.sum()),
            method="mixture of true endings solved; accuracy taken as known, hence no interval",
            **key,
        )


def add_group_differences(rows: EstimateRows, data: AnalysisInput, people: Started) -> None:
    """Differences in change between groups, raw and adjusted for the first score, with E-values."""
    member = people.paired
    frame = people.frame[member].reset_index(drop=True)
    used = prepare_predictors(frame, data.settings.predictors, data.settings.reference_levels)
    columns = used.frame.copy()
    ending = frame["ending"].astype("object")
    if set(ENDINGS) <= set(ending):
        words = ending.where(ending.isin(ENDINGS), "other_ending")
        levels = [*ENDINGS, *(["other_ending"] if (words == "other_ending").any() else [])]
        columns["ending"] = pd.Categorical(words, categories=levels)
    if not len(columns.columns):
        note = "no characteristic by which groups can be formed"
        rows.add("adjusted_difference", term="groups", status="not_measured", note=note, **PAIRED)
        return
    for name in columns.columns:
        matrix, terms = design_matrix(f"1 + {name}", columns[[name]])
        _one_group(rows, data, people, name, matrix, terms)


def _one_group(
    rows: EstimateRows,
    data: AnalysisInput,
    people: Started,
    name: str,
    matrix: Any,
    terms: list[Term],
) -> None:
    member = people.paired
    first = people.first[member]
    change, cluster = people.improvement[member], people.therapists(member)
    models = {
        "raw": clustered_least_squares(change, matrix, cluster=cluster),
        "adjusted_for_first_score": clustered_least_squares(
            change, np.column_stack([matrix, first - first.mean()]), cluster=cluster
        ),
    }
    method = "least squares, robust errors" + ("" if cluster is None else " by therapist")
    for k, term in enumerate(terms[1:], start=1):
        shared: dict[str, Any] = {
            "term": name,
            "contrast": term.contrast,
            "n_patients": term.n,
            **PAIRED,
        }
        if term.n < SMALLEST_LEVEL:
            # with a handful of people errors robust to therapists cover 72 %: benchmarks/synthetic_change_coverage.md
            note = f"fewer than {SMALLEST_LEVEL} people in the group"
            rows.add("adjusted_difference", status="not_estimable", note=note, **shared)
            continue
        for specification, fit in models.items():
            value = fit.coefficient(k, conf_level=data.settings.conf_level, method=method)
            rows.add("adjusted_difference", value, specification=specification, note=WHY, **shared)
        _explained_away(rows, models["adjusted_for_first_score"], k, shared)


def _explained_away(
    rows: EstimateRows, fit: Regression, number: int, shared: dict[str, Any]
) -> None:
    """E-value of the adjusted difference in residual SDs, of the estimate and of its nearer limit."""
    value = fit.coefficient(number)
    if value.status != "ok" or not fit.residual_sd > 0:
        rows.add("e_value", status="not_estimable", note=value.note or "no spread", **shared)
        return
    ratios = risk_ratios_from_standardised_difference(
        value.estimate / fit.residual_sd, value.std_error / fit.residual_sd
    )
    found = e_value(*ratios)
    note = "least risk ratio of something unmeasured with group and change that would explain it"
    for specification, number_of in (("estimate", found.estimate), ("limit", found.limit)):
        rows.add("e_value", number_of, specification=specification, note=note, **shared)
