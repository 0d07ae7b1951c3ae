"""The specification curve: the primary estimate under every declared combination of defensible choices."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from naturalistic.analyses.change.imputation import (
    Auxiliaries,
    Completed,
    auxiliaries,
    complete_data,
)
from naturalistic.analyses.change.missing_methods import student
from naturalistic.analyses.change.people import FloatArray, Mask, Started, started_on
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.populations import in_population
from naturalistic.cohort.outcomes import derive_outcomes
from naturalistic.reference.loader import load_benchmarks
from naturalistic.settings.config import FormWindows, Resampling
from naturalistic.stats.clustered_means import Grouping, standardised_of_completed
from naturalistic.stats.response_weighting import WeightedMeans, inverse_probability_means
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.rubin import pool

FEWEST = 10
CURVE = "curve"
IMPUTED, WEIGHTED, CARRIED = (
    "multiple_imputation",
    "inverse_probability_weights",
    "last_observation_carried_forward",
)


@dataclass(frozen=True)
class Window:
    """The cohort under one choice of first and last form.

    Attributes
    ----------
    names : dict
        The choice as dimensions.
    data : AnalysisInput
        With the outcomes of that choice.
    people : Started
    completed : Completed or str
        Imputed data, or why there are none.
    helpers : Auxiliaries
        Columns that predict having a form.
    """

    names: dict[str, str]
    data: AnalysisInput
    people: Started
    completed: Completed | str
    helpers: Auxiliaries


def add_specification_curve(rows: EstimateRows, data: AnalysisInput) -> None:
    """Every combination as a row, and the median, the range and the share above each benchmark."""
    primary = data.settings.primary
    limit = data.settings.resampling.full_inference_up_to
    started = int(in_population(started_on(data).frame, "started").sum())
    if started > limit:
        note = f"the curve is set to at most {limit} people; here are {started}"
        rows.add("standardised_mean_change", specification=CURVE, status="not_run", note=note)
        return
    values: list[float] = []
    smallest = started
    for value, n, population, dimensions in _combinations(data):
        rows.add(
            "standardised_mean_change",
            value,
            population=population,
            specification=CURVE,
            n_patients=n,
            dimensions=dimensions,
        )
        if value.status == "ok":
            values.append(value.estimate)
            smallest = min(smallest, n)
    _summary(rows, data, np.array(values), smallest)
    if primary.estimand != "standardised_mean_change":
        rows.add(
            "specifications",
            float(len(values)),
            term="differs_from_primary",
            n_patients=smallest,
            note=f"the primary estimand is {primary.estimand}; the curve is in standard deviations",
        )


def _combinations(data: AnalysisInput) -> Iterator[tuple[Estimate, int, str, dict[str, str]]]:
    """Estimate, people, population and the other choices, of every combination."""
    choices = data.settings.specification_curve
    external = _external_sd(data)
    for window in _windows(data):
        for population, missing, effect, clustering in product(
            choices.populations, choices.missing, choices.effect_sizes, choices.clustering
        ):
            member = in_population(window.people.frame, population)
            value, n = _estimate(window, member, missing, effect, clustering, external)
            names = {"missing_forms": missing, "effect_size": effect, "clustering": clustering}
            yield value, n, population, {**window.names, **names}


def _external_sd(data: AnalysisInput) -> float | None:
    """SD of the preferred clinical norm of the primary scale."""
    primary = data.settings.primary
    norms = data.instruments[primary.instrument].scale(primary.scale).norms
    found = [n.sd for n in norms if n.population == "clinical" and n.preferred and n.sd is not None]
    return found[0] if found else None


def _windows(data: AnalysisInput) -> Iterator[Window]:
    """The cohort under each choice of forms; outcomes are derived again from the scores."""
    choices, primary = data.settings.specification_curve, data.settings.primary
    scores = data.tables["scores"]
    chosen = scores[
        (scores["instrument"] == primary.instrument) & (scores["scale"] == primary.scale)
    ]
    resampling = Resampling(
        **{**data.settings.resampling.model_dump(), "imputations": choices.imputations}
    )
    for first_days, last in product(choices.first_days, choices.last):
        windows = FormWindows(first_days=first_days, last=last)
        settings = data.settings.model_copy(
            update={"form_windows": windows, "resampling": resampling}
        )
        outcomes = derive_outcomes(
            chosen,
            data.tables["episodes"],
            data.instruments,
            settings,
            data.tables["patients"],
        )
        again = replace(data, tables={**data.tables, "outcomes": outcomes}, settings=settings)
        people = started_on(again)
        completed: Completed | str = "imputation is not among the choices"
        if IMPUTED in choices.missing:
            completed = complete_data(again, people, data.rng)
        names = {"first_days": f"{first_days[0]} to {first_days[1]}", "last_form": last}
        yield Window(names, again, people, completed, auxiliaries(again, people))


def _estimate(
    window: Window,
    member: Mask,
    missing: str,
    effect: str,
    clustering: str,
    external: float | None,
) -> tuple[Estimate, int]:
    people = window.people
    sd = external if effect == "external_sd" else None
    if effect == "external_sd" and external is None:
        return not_estimable("no SD of a clinical population is published"), 0
    cluster = people.therapists(member) if clustering == "therapist" else None
    if clustering == "therapist" and cluster is None:
        return not_estimable("therapists are not recorded for everybody, or too few"), 0
    n = int(member.sum())
    if n < FEWEST or int((member & people.paired).sum()) < FEWEST:
        return not_estimable(f"fewer than {FEWEST} people with both forms"), n
    if missing == IMPUTED:
        if isinstance(window.completed, str):
            return not_estimable(window.completed), n
        first, change = (
            v[:, member] for v in (window.completed.first, window.completed.improvement)
        )
        return _pooled(window, first, change, cluster, effect, sd), n
    if missing == WEIGHTED:
        return _weighted(window, member, cluster, effect, sd), n
    here = member & (people.paired if missing == "complete_pairs" else np.isfinite(people.first))
    last = people.last
    if missing == CARRIED:
        last = np.where(np.isfinite(people.last), people.last, people.first)
    cluster = people.therapists(here) if clustering == "therapist" else None
    return _plain(window, here, last, cluster, effect, sd), int(here.sum())


def _plain(
    window: Window,
    here: Mask,
    last: FloatArray,
    cluster: npt.NDArray[np.int64] | None,
    effect: str,
    sd: float | None,
) -> Estimate:
    people, level = window.people, window.data.settings.conf_level
    first, later = people.first[np.newaxis, here], last[np.newaxis, here]
    change = first - later if people.better_is == "lower" else later - first
    grouping = Grouping.of(first.shape[1], cluster)
    value, variance = standardised_of_completed(
        first, later, change, grouping, standardiser=effect, external_sd=sd
    )
    return student(float(value[0]), math.sqrt(variance[0]), grouping.df, level, effect)


def _pooled(
    window: Window,
    first: FloatArray,
    change: FloatArray,
    cluster: npt.NDArray[np.int64] | None,
    effect: str,
    sd: float | None,
) -> Estimate:
    last = first - change if window.people.better_is == "lower" else first + change
    grouping = Grouping.of(first.shape[1], cluster)
    value, variance = standardised_of_completed(
        first, last, change, grouping, standardiser=effect, external_sd=sd
    )
    found = pool(value, variance, df_complete=grouping.df)
    return found.result(conf_level=window.data.settings.conf_level, method=effect)


def _weighted(
    window: Window,
    member: Mask,
    cluster: npt.NDArray[np.int64] | None,
    effect: str,
    sd: float | None,
) -> Estimate:
    """Weighted moments of those with both forms, and the ratio by the delta method."""
    people, level = window.people, window.data.settings.conf_level
    here = people.paired[member]
    first, last = people.first[member], people.last[member]
    centre = float(np.nanmean(first))
    few = int(min(here.sum(), (~here).sum()))
    extra = window.helpers.complete[member]
    extra = extra[:, np.ptp(extra, axis=0) > 0] if few >= 5 * (extra.shape[1] + 2) else extra[:, :0]
    known = np.nan_to_num(first - centre, nan=0.0)
    x, y = first - centre, last - centre
    found = inverse_probability_means(
        np.column_stack([people.improvement[member], x, x**2, y, y**2]),
        here,
        np.column_stack([np.ones(here.size), known, extra]),
        cluster=cluster,
    )
    if found.status != "ok":
        return not_estimable(found.note)
    return _ratio(found, effect, sd, level)


def _ratio(found: WeightedMeans, effect: str, sd: float | None, level: float) -> Estimate:
    mean, x, xx, y, yy = found.means
    one, two = xx - x**2, yy - y**2
    pull = np.zeros(5)
    if effect == "external_sd":
        square = float(sd or math.nan) ** 2
    elif effect == "pre_sd":
        square, pull[1:3] = one, (-2 * x, 1.0)
    else:
        square, pull[1:] = (one + two) / 2, (-x, 0.5, -y, 0.5)
    if not square > 0:
        return not_estimable("no spread in the weighted scores")
    root = math.sqrt(square)
    gradient = -mean / (2 * root**3) * pull
    gradient[0] = 1 / root
    error = math.sqrt(max(float(gradient @ found.covariance @ gradient), 0.0))
    return student(mean / root, error, found.df, level, effect)


def _summary(rows: EstimateRows, data: AnalysisInput, values: FloatArray, n: int) -> None:
    """Median, range, and the share of specifications above nothing and above each benchmark."""
    key: dict[str, Any] = {"specification": "curve_summary", "n_patients": n}
    rows.add(
        "specifications",
        float(values.size),
        term="number",
        note="" if values.size else "no specification could be estimated",
        status="ok" if values.size else "not_estimable",
        **key,
    )
    if not values.size:
        return
    marks = {
        "median": float(np.median(values)),
        "lowest": float(values.min()),
        "highest": float(values.max()),
    }
    for name, value in marks.items():
        rows.add("standardised_mean_change", value, term=name, **key)
    known = load_benchmarks()
    targets = {"nothing": 0.0}
    for name in data.settings.missing_outcomes.benchmarks:
        if (published := known[name].value) is not None:
            targets[name] = published
    for name, target in targets.items():
        share = float(np.mean(values > target))
        rows.add("proportion", share, term="specifications_above", contrast=name, **key)
