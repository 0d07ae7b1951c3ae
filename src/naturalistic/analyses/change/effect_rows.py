"""Every size of a change with every interval, for one group of people on one scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from naturalistic.analyses.change.people import FloatArray, Mask, Started
from naturalistic.analyses.interface import EstimateRows
from naturalistic.settings.config import AnalysisSettings
from naturalistic.stats.change_sums import ChangeMeasure, sums_of_units
from naturalistic.stats.effect_size import (
    percentage_change,
    raw_mean_change,
    standardised_mean_change,
)
from naturalistic.stats.effect_size_bootstrap import bootstrap_change
from naturalistic.stats.effect_size_jackknife import jackknife_of_sums
from naturalistic.stats.paired_tests import probability_of_improvement, wilcoxon_signed_rank
from naturalistic.stats.rates import clustered_rate, rate

RESAMPLED: dict[str, ChangeMeasure] = {
    "mean_change": "raw",
    "standardised_mean_change": "pre_sd",
}
BY_THERAPIST: dict[str, ChangeMeasure] = {
    **RESAMPLED,
    "standardised_change_d_z": "difference_sd",
    "standardised_change_d_av": "average_sd",
    "standardised_change_d_rm": "repeated_measures",
    "standardised_change_external": "external_sd",
    "percentage_change": "percentage",
}


@dataclass(frozen=True)
class Sizes:
    """What is computed for a group.

    Attributes
    ----------
    settings : AnalysisSettings
    rng : numpy.random.Generator
        For the bootstrap.
    external_sd : float or None
        SD of the clinical norm of the scale.
    external_note : str
        Which sample that is.
    positive_scale : bool
        0 is the absence of the problem, so that a percentage has a meaning.
    detail : {"all", "subgroup", "short"}
        All intervals; those of a subgroup (the ones that hold, and one bootstrap); or means and the two main sizes.
    not_run : str
        Why there is no bootstrap although asked for; empty where there is.
    national_sd, national_note : float or None, str
        SD of first scores in NHS Talking Therapies in England, and how it was found.
    """

    settings: AnalysisSettings
    rng: np.random.Generator
    external_sd: float | None
    external_note: str
    positive_scale: bool
    detail: Literal["all", "subgroup", "short"] = "all"
    not_run: str = ""
    national_sd: float | None = None
    national_note: str = ""


def add_sizes(
    rows: EstimateRows, people: Started, member: Mask, among: Mask, sizes: Sizes, **key: Any
) -> None:
    """Means, change, its standardised forms, tests and intervals of the pairs in `member`.

    Parameters
    ----------
    rows : EstimateRows
    people : Started
    member : ndarray of bool
        The group; those of it with both forms count.
    among : ndarray of bool
        Everyone who started and is at that level: what share of them the numbers rest on.
    sizes : Sizes
    **key
        Key columns of the rows.
    """
    used = member & people.paired
    counts = {**people.counts(used), "n_missing": int(among.sum() - (used & among).sum())}
    pre, post = people.first[used], people.last[used]
    level = sizes.settings.conf_level
    _share(rows, people, used, among, level, key)
    _moments(rows, pre, post, counts, key)
    same: dict[str, Any] = {"better_is": people.better_is, "conf_level": level}
    rows.add("mean_change", raw_mean_change(pre, post, **same), **counts, **key)
    if sizes.detail == "short":
        size = standardised_mean_change(pre, post, **same)
        rows.add("standardised_mean_change", size, **counts, **key)
        _therapists(rows, people, used, sizes, {**counts, **key})
        return
    _standardised(rows, pre, post, same, sizes, counts, key)
    _ranks(rows, pre, post, same, counts, key)
    _therapists(rows, people, used, sizes, {**counts, **key})
    _resampled(rows, people, used, sizes, {**counts, **key})


def _share(
    rows: EstimateRows, people: Started, used: Mask, among: Mask, level: float, key: dict[str, Any]
) -> None:
    """What share of everyone who started the numbers rest on."""
    n, started = int((used & among).sum()), int(among.sum())
    value = rate(n, started, conf_level=level) if started else None
    rows.add_proportion(n, started, value, term="share_of_started", **key)
    cluster = people.therapists(among)
    if cluster is not None:
        value = clustered_rate(used[among], cluster, conf_level=level)
        columns = {**key, "term": "share_of_started", "specification": "therapist_clustered"}
        rows.add_proportion(n, started, value, **columns)


def _moments(
    rows: EstimateRows,
    pre: FloatArray,
    post: FloatArray,
    counts: dict[str, Any],
    key: dict[str, Any],
) -> None:
    n = len(pre)
    for term, scores in (("first", pre), ("last", post)):
        if n < 2:
            for estimand in ("mean", "standard_deviation"):
                note = "fewer than two people with both forms"
                rows.add(estimand, term=term, status="not_estimable", note=note, **counts, **key)
            continue
        spread = float(np.std(scores, ddof=1))
        error = spread / np.sqrt(n)
        rows.add("mean", float(scores.mean()), term=term, std_error=error, **counts, **key)
        rows.add("standard_deviation", spread, term=term, **counts, **key)
    if n >= 3 and np.ptp(pre) > 0 and np.ptp(post) > 0:
        rows.add("correlation", float(np.corrcoef(pre, post)[0, 1]), **counts, **key)


def _standardised(
    rows: EstimateRows,
    pre: FloatArray,
    post: FloatArray,
    same: dict[str, Any],
    sizes: Sizes,
    counts: dict[str, Any],
    key: dict[str, Any],
) -> None:
    """The main interval of each form first, then the others with their name in `specification`."""
    columns = {**counts, **key}
    forms: dict[str, tuple[str, str]] = {
        "standardised_mean_change": ("pre_sd", "homoscedastic"),
        "standardised_change_d_z": ("difference_sd", "large_sample"),
        "standardised_change_d_av": ("average_sd", "homoscedastic"),
        "standardised_change_d_rm": ("repeated_measures", "noncentral_t"),
    }
    for estimand, (standardiser, other) in forms.items():
        args: dict[str, Any] = {"standardiser": standardiser, **same}
        rows.add(estimand, standardised_mean_change(pre, post, **args), **columns)
        if sizes.detail != "all":
            continue
        value = standardised_mean_change(pre, post, interval=other, **args)  # type: ignore[arg-type]  # one of its words
        rows.add(estimand, value, specification=other, **columns)
    if sizes.national_sd is not None:
        value = standardised_mean_change(
            pre, post, standardiser="external_sd", external_sd=sizes.national_sd, **same
        )
        shared = {**columns, "specification": "national_sd", "note": sizes.national_note}
        rows.add("standardised_change_external", value, **shared)
    if sizes.external_sd is None:
        note = "no SD of a clinical population is published for the scale"
        rows.add("standardised_change_external", status="not_estimable", note=note, **columns)
    else:
        value = standardised_mean_change(
            pre, post, standardiser="external_sd", external_sd=sizes.external_sd, **same
        )
        note = f"SD {sizes.external_sd:g}: {sizes.external_note}"
        rows.add("standardised_change_external", value, note=note, **columns)
    if sizes.positive_scale:
        rows.add("percentage_change", percentage_change(pre, post, **same), **columns)


def _ranks(
    rows: EstimateRows,
    pre: FloatArray,
    post: FloatArray,
    same: dict[str, Any],
    counts: dict[str, Any],
    key: dict[str, Any],
) -> None:
    rows.add("rank_biserial", wilcoxon_signed_rank(pre, post, **same), **counts, **key)
    rows.add(
        "probability_of_improvement", probability_of_improvement(pre, post, **same), **counts, **key
    )


def _therapists(
    rows: EstimateRows, people: Started, used: Mask, sizes: Sizes, columns: dict[str, Any]
) -> None:
    """Each size with the interval that allows for therapists: the one to quote where they are known."""
    cluster = people.therapists(used)
    if cluster is None:
        return
    pre, post = people.first[used], people.last[used]
    units = sums_of_units(pre, post, cluster)
    for estimand, measure in BY_THERAPIST.items():
        if estimand not in RESAMPLED and sizes.detail == "short":
            continue
        if measure == "external_sd" and sizes.external_sd is None:
            continue
        if measure == "percentage" and not sizes.positive_scale:
            continue
        value = jackknife_of_sums(
            *units,
            measure=measure,
            better_is=people.better_is,
            word="therapists",
            external_sd=sizes.external_sd if measure == "external_sd" else None,
            conf_level=sizes.settings.conf_level,
        )
        rows.add(estimand, value, specification="jackknife_by_therapist", **columns)


def _resampled(
    rows: EstimateRows, people: Started, used: Mask, sizes: Sizes, columns: dict[str, Any]
) -> None:
    """The bootstrap by person and by therapist (of a subgroup: the last it can)."""
    cluster = people.therapists(used)
    names = ["bca_by_person"] + (["bca_by_therapist"] if cluster is not None else [])
    for estimand, measure in RESAMPLED.items():
        for name in names if sizes.detail == "all" else names[-1:]:
            shared = {**columns, "specification": name}
            if sizes.not_run:
                rows.add(estimand, status="not_run", note=sizes.not_run, **shared)
                continue
            value = bootstrap_change(
                people.first[used],
                people.last[used],
                measure=measure,
                better_is=people.better_is,
                rng=sizes.rng,
                draws=sizes.settings.resampling.bootstrap_draws,
                cluster=cluster if name == "bca_by_therapist" else None,
                conf_level=sizes.settings.conf_level,
            )
            rows.add(estimand, value, **shared)
