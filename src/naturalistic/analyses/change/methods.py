"""Every method of judging reliable and clinically significant change, on the same people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from naturalistic.analyses.change.groups import (
    BoolPair,
    Group,
    Judged,
    guarded,
    published_threshold,
    sample_threshold,
)
from naturalistic.analyses.change.slope_method import judge_by_slope
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.stats.minimal_change import changed_by_difference, changed_by_percentage
from naturalistic.stats.reliable_change import exceeds
from naturalistic.stats.reliable_change_methods import (
    CRITICAL_VALUES,
    IndexMethod,
    ReferenceScores,
    reliable_change_index,
    reliably_changed,
)

HALF = 50.0
INDEX_METHODS: tuple[IndexMethod, ...] = (
    "gulliksen_lord_novick",
    "hsu_linn_lord",
    "edwards_nunnally",
    "nunnally_kotsch",
    "hageman_arrindell",
)


def judge_all(data: AnalysisInput, group: Group) -> Iterator[Judged]:
    """Every method in the order of the vocabulary; the first two are Jacobson and Truax's."""
    yield _by_threshold(group, "jacobson_truax", published_threshold(group.scale))
    yield _by_threshold(group, "jacobson_truax_sample", sample_threshold(group))
    for method in INDEX_METHODS:
        yield _by_index(group, method)
    yield judge_by_slope(data, group)
    yield guarded(
        group,
        "percentage_change",
        lambda: changed_by_percentage(
            group.first,
            group.last,
            better_is=group.people.better_is,
            percent_better=HALF,
            percent_worse=HALF,
        ),
    )
    yield _by_important_difference(group)


def _by_threshold(group: Group, method: str, threshold: float) -> Judged:
    if not threshold > 0:
        return Judged(method, None, status="not_estimable", note="no threshold is known")
    change = group.people.improvement[group.member]
    changed = (
        exceeds(change, threshold, strict=group.strict),
        exceeds(-change, threshold, strict=group.strict),
    )
    return Judged(method, group.categories(changed), threshold)


def _by_index(group: Group, method: IndexMethod) -> Judged:
    if group.reliability is None:
        return Judged(method, None, status="not_estimable", note="no reliability is published")
    if len(group.first) < 3 or np.ptp(group.first) == 0 or np.ptp(group.last) == 0:
        return Judged(method, None, status="not_estimable", note="too few people or no spread")
    reference = ReferenceScores(
        reliability=group.reliability,
        mean_pre=float(group.first.mean()),
        sd_pre=float(np.std(group.first, ddof=1)),
        mean_post=float(group.last.mean()),
        sd_post=float(np.std(group.last, ddof=1)),
        correlation=float(np.corrcoef(group.first, group.last)[0, 1]),
    )

    def who() -> BoolPair:
        """Who improved and who deteriorated beyond the critical value of the index."""
        index = reliable_change_index(
            group.first, group.last, reference, method=method, better_is=group.people.better_is
        )
        return reliably_changed(index, CRITICAL_VALUES[method], strict=group.strict)

    return guarded(group, method, who)


def _by_important_difference(group: Group) -> Judged:
    method: Literal["minimal_important_difference"] = "minimal_important_difference"
    found = [d for d in group.scale.important_differences if d.value > 0]
    if not found:
        return Judged(method, None, status="not_estimable", note="none is published for the scale")
    chosen = found[0]
    note = (
        f"{chosen.value:g} {'points' if chosen.unit == 'points' else 'per cent of the first score'}"
    )
    better_is = group.people.better_is

    def who() -> BoolPair:
        """Who improved and who deteriorated by the smallest important difference."""
        if chosen.unit == "points":
            return changed_by_difference(
                group.first, group.last, better_is=better_is, minimal_improvement=chosen.value
            )
        return changed_by_percentage(
            group.first,
            group.last,
            better_is=better_is,
            percent_better=chosen.value,
            percent_worse=chosen.value,
        )

    judged = guarded(group, method, who)
    return Judged(
        method,
        judged.categories,
        status=judged.status,
        note=judged.note or f"{note} ({chosen.population})",
    )
