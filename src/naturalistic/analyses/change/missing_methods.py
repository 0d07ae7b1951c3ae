"""The mean change of everyone who started under each method for the forms that are missing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

from naturalistic.analyses.change.groups import criterion_in_use
from naturalistic.analyses.change.imputation import (
    INTERIM,
    Completed,
    auxiliaries,
    usable_auxiliaries,
)
from naturalistic.analyses.change.people import FloatArray, Mask, Started, by_therapist
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.stats.clustered_means import Grouping
from naturalistic.stats.linear_mixed_model import LinearMixedModelFit, fit_linear_mixed_model
from naturalistic.stats.reliable_change import exceeds
from naturalistic.stats.response_weighting import inverse_probability_means
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.rubin import pool

STARTED: dict[str, Any] = {"population": "started"}
CARRIED_NOTE = "takes it that nobody without a last form changed: neither likely nor cautious"
WORST = {
    "worst_case": "everybody without a last form is taken to have got reliably worse: a bound, not an estimate",
    "worst_possible": "everybody without a last form is taken to have ended at the worst score of the scale: a bound",
}


def student(
    value: float, error: float, df: float, level: float, method: str, note: str = ""
) -> Estimate:
    """An estimate with a t interval and the t test of 0."""
    if not (math.isfinite(value) and math.isfinite(error) and error > 0):
        return not_estimable(note or "no spread", method=method, conf_level=level)
    half = float(stdtrit(max(df, 1.0), 0.5 * (1.0 + level))) * error
    p = 2.0 * float(stdtr(max(df, 1.0), -abs(value) / error))
    return Estimate(
        value, error, value - half, value + half, level, value / error, df, p, "ok", method, note
    )


def add_complete_pairs(rows: EstimateRows, data: AnalysisInput, people: Started) -> None:
    """Only those with both forms, as if they were everybody."""
    _both_measures(
        rows,
        data,
        people,
        "complete_pairs",
        None,
        "those with both forms only",
        population="paired",
    )


def add_carried_forward(rows: EstimateRows, data: AnalysisInput, people: Started) -> None:
    """First score carried forward, and the two bounds; each labelled as what it is."""
    away = np.isnan(people.last)
    carried = np.where(away, people.first, people.last)
    _both_measures(rows, data, people, "last_observation_carried_forward", carried, CARRIED_NOTE)
    scale = data.instruments[data.settings.primary.instrument].scale(data.settings.primary.scale)
    worse = 1.0 if people.better_is == "lower" else -1.0
    limit = scale.maximum if people.better_is == "lower" else scale.minimum
    step = criterion_in_use(data, people, scale)
    ends: dict[str, FloatArray] = {"worst_possible": np.full(people.n, float(limit))}
    if step is not None:
        ends["worst_case"] = np.clip(people.first + worse * step, scale.minimum, scale.maximum)
    for name, end in sorted(ends.items()):
        last = np.where(away, end, people.last)
        _both_measures(rows, data, people, name, last, WORST[name])


def _both_measures(
    rows: EstimateRows,
    data: AnalysisInput,
    people: Started,
    specification: str,
    last: FloatArray | None,
    note: str,
    population: str = "started",
) -> None:
    later = people.last if last is None else last
    member = np.isfinite(people.first) & np.isfinite(later)
    if last is None:
        member &= people.paired
    missing = people.n - int(member.sum())
    measures: tuple[tuple[str, Any], ...] = (
        ("mean_change", "raw"),
        ("standardised_mean_change", "pre_sd"),
    )
    for estimand, measure in measures:
        rows.add(
            estimand,
            by_therapist(people, member, measure, data.settings.conf_level, later),
            specification=specification,
            population=population,
            n_missing=missing,
            note=note,
            **people.counts(member),
        )


def add_mixed_model(rows: EstimateRows, data: AnalysisInput, people: Started) -> None:
    """All scores of everyone: the change of everybody if forms are missing at random given scores and what predicts them."""
    key: dict[str, Any] = {**STARTED, "specification": "mixed_model"}
    here = np.r_[np.isfinite(people.first), np.isfinite(people.last)]
    if not (here[: people.n].any() and here[people.n :].any()):
        for estimand in ("mean_change", "standardised_mean_change"):
            rows.add(estimand, status="not_estimable", note="scores at one time only", **key)
        return
    fit, words = _mixed_fit(data, people, here)
    method, note = f"mixed model, both occasions{words}", "; ".join(fit.notes)
    counts = people.counts(here[: people.n] | here[people.n :])
    if fit.status != "ok" or "time" not in fit.terms:
        for estimand in ("mean_change", "standardised_mean_change"):
            rows.add(
                estimand, status="not_estimable", note=note or "no change can be modelled", **key
            )
        return
    at = fit.terms.index("time")
    sign = -1.0 if people.better_is == "lower" else 1.0
    mean, error, df = sign * fit.coefficients[at], fit.std_errors[at], float(fit.df[at])
    if not math.isfinite(df):  # no clear maximum, as the note says: as many as the therapists give
        df = Grouping.of(people.n, people.therapists()).df
    level = data.settings.conf_level
    rows.add("mean_change", student(mean, error, df, level, method, note), **counts, **key)
    first = people.first[np.isfinite(people.first)]
    sd = float(np.std(first, ddof=1)) if first.size > 2 else math.nan
    ratio = mean / sd if sd > 0 else math.nan
    # the SD of first scores has an error of its own: ratio^2 / (2 (n - 1))
    wider = math.sqrt((error / sd) ** 2 + ratio**2 / (2 * (first.size - 1))) if sd > 0 else math.nan
    rows.add(
        "standardised_mean_change",
        student(ratio, wider, df, level, f"{method}, over the SD of first scores", note),
        **counts,
        **key,
    )


def _mixed_fit(data: AnalysisInput, people: Started, here: Mask) -> tuple[LinearMixedModelFit, str]:
    """Scores on occasion and on what predicts them, at each occasion; therapist intercept and slope.

    What predicts is centred on everyone who started, so that the coefficient of time is the change of everybody: without
    it those who left and have no last form would be taken to change like those who stayed.
    """
    time, therapist = np.repeat([0.0, 1.0], people.n), people.therapists()
    helpers = usable_auxiliaries(data, people)
    centred = np.tile(helpers.complete - helpers.complete.mean(axis=0), (2, 1))
    names = [f"predictor_{k}" for k in range(centred.shape[1])]
    fit = fit_linear_mixed_model(
        np.r_[people.first, people.last][here],
        np.column_stack([np.ones(2 * people.n), time, centred, centred * time[:, np.newaxis]])[
            here
        ],
        np.tile(np.arange(people.n), 2)[here],
        time=time[here],
        occasion_variance=True,
        therapist=None if therapist is None else np.tile(therapist, 2)[here],
        therapist_slope=therapist is not None,
        term_names=["intercept", "time", *names, *(f"{name}:time" for name in names)],
        conf_level=data.settings.conf_level,
    )
    known = helpers.words.removesuffix(f", {INTERIM}")
    words = f", with {known}, each at both occasions" if names else ""
    return fit, words + ("" if therapist is None else "; therapist intercept and slope")


def add_weighted(rows: EstimateRows, data: AnalysisInput, people: Started) -> None:
    """Pairs weighted by the inverse of their chance to be a pair, with what the weights look like."""
    key: dict[str, Any] = {**STARTED, "specification": "inverse_probability_weights"}
    found = auxiliaries(data, people)
    centre = float(np.nanmean(people.first)) if np.isfinite(people.first).any() else 0.0
    # ASSUME A23: in models of having a form a missing first score takes the mean of the known ones.
    first = np.nan_to_num(people.first - centre, nan=0.0)
    few = int(min(people.paired.sum(), (~people.paired).sum()))
    complete = found.complete if few >= 5 * (found.complete.shape[1] + 2) else found.complete[:, :0]
    design = np.column_stack([np.ones(people.n), first, complete])
    distance = people.first - centre
    weighted = inverse_probability_means(
        np.column_stack([people.improvement, distance, distance**2]),
        people.paired,
        design,
        cluster=people.therapists(),
    )
    method = (
        "inverse probability of response weights, stacked sandwich error"
        + ("" if people.therapists() is None else " by therapist")
        + f"; response from first score, {found.words}"
    )
    counts = {**people.counts(people.paired), "n_missing": people.n - int(people.paired.sum())}
    if weighted.status != "ok":
        for estimand in ("mean_change", "standardised_mean_change"):
            rows.add(estimand, status="not_estimable", note=weighted.note, **key)
        return
    level, df = data.settings.conf_level, weighted.df
    mean, centre_1, square = weighted.means
    error = math.sqrt(weighted.covariance[0, 0])
    rows.add("mean_change", student(mean, error, df, level, method), **counts, **key)
    sd = math.sqrt(max(square - centre_1**2, 0.0))
    if sd > 0:
        # delta method on M / sqrt(E x^2 - (E x)^2)
        gradient = np.array([1.0 / sd, mean * centre_1 / sd**3, -mean / (2.0 * sd**3)])
        wider = math.sqrt(float(gradient @ weighted.covariance @ gradient))
        value = student(mean / sd, wider, df, level, method)
        rows.add("standardised_mean_change", value, **counts, **key)
    rows.add("effective_number", weighted.effective_size, **counts, **key)
    rows.add("largest_weight", float(weighted.weights.max()), **counts, **key)


def add_imputed(
    rows: EstimateRows, data: AnalysisInput, people: Started, completed: Completed
) -> None:
    """Pooled change of everyone, reliable change, and how the imputation went."""
    key: dict[str, Any] = {**STARTED, "specification": "multiple_imputation"}
    level, change, df = data.settings.conf_level, completed.change(), completed.grouping.df
    counts = {**people.counts(), "n_missing": int(completed.away.sum())}
    pooled = {
        "mean_change": pool(change.mean, change.mean_variance, df_complete=df),
        "standardised_mean_change": pool(
            change.standardised, change.standardised_variance, df_complete=df
        ),
    }
    for estimand, each in pooled.items():
        value = each.result(conf_level=level, method=completed.words)
        rows.add(estimand, value, **counts, **key)
    rows.add("fraction_missing", float(pooled["mean_change"].fraction_missing), **counts, **key)
    _reliable(rows, data, people, completed, {**counts, **key})
    for column, name in ((0, "first"), (1, "last")):
        _diagnostics(rows, people, completed, column, name, key)


def _reliable(
    rows: EstimateRows,
    data: AnalysisInput,
    people: Started,
    completed: Completed,
    columns: dict[str, Any],
) -> None:
    scale = data.instruments[data.settings.primary.instrument].scale(data.settings.primary.scale)
    rule = data.settings.reliable_change
    step = criterion_in_use(data, people, scale)
    if step is None:
        return
    strict = rule.inequality == "more_than"
    grouping = completed.grouping
    for term, sign in (("reliable_improvement", 1.0), ("reliable_deterioration", -1.0)):
        hit = exceeds(sign * completed.improvement, step, strict=strict).astype(float)
        share = hit.mean(axis=1)
        variance = grouping.variance((hit - share[:, np.newaxis]) / people.n)
        pooled = pool(share, variance, df_complete=grouping.df)
        value = pooled.result(conf_level=data.settings.conf_level, method=completed.words)
        rows.add("proportion", value, term=term, **columns)


def _diagnostics(
    rows: EstimateRows,
    people: Started,
    completed: Completed,
    column: int,
    name: str,
    key: dict[str, Any],
) -> None:
    """Whether the chains have settled, and how imputed scores compare with observed ones."""
    gap = completed.imputations.missing[:, column]
    if not gap.any():
        return
    values = completed.imputations.completed[:, :, column]
    n: dict[str, Any] = {"n_patients": int(gap.sum())}
    rows.add("mean", float(values[:, gap].mean()), term=f"imputed_{name}", **n, **key)
    spread = float(values[:, gap].std(axis=1).mean())
    rows.add("standard_deviation", spread, term=f"imputed_{name}", **n, **key)
    seen = values[0, ~gap]
    n = {"n_patients": int((~gap).sum())}
    rows.add("mean", float(seen.mean()), term=f"observed_{name}", **n, **key)
    rows.add("standard_deviation", float(seen.std()), term=f"observed_{name}", **n, **key)
    settled = completed.imputations.potential_scale_reduction(column)
    if math.isfinite(settled):
        note = "" if settled < 1.1 else "above 1.1: more iterations are needed"
        rows.add(
            "chain_convergence",
            settled,
            term=f"imputed_{name}",
            n_patients=people.n,
            note=note,
            **key,
        )
