"""Rows of every method of judging change, of the cut-offs, and of who changes category between methods."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from naturalistic.analyses.change.groups import (
    Group,
    Judged,
    cut_offs,
    published_threshold,
    sample_threshold,
)
from naturalistic.analyses.change.methods import judge_all
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.stats.category_agreement import category_agreement
from naturalistic.stats.rates import clustered_rate, rate
from naturalistic.stats.reliable_change import ChangeCategory, ChangeClassification
from naturalistic.vocabulary import CHANGE_CATEGORIES

MAIN = "jacobson_truax"
OTHER = "other_method"
DISAGREE = 0.1
IN_USE = ("beside the main rates", "judges the main rates")
WORDS = tuple(CHANGE_CATEGORIES)
Therapist = npt.NDArray[np.int64] | None


def add_methods(rows: EstimateRows, data: AnalysisInput, group: Group, key: dict[str, Any]) -> None:
    """Thresholds, cut-offs, categories by every method, and agreement with the method of the report."""
    level = data.settings.conf_level
    by_sample = data.settings.reliable_change.criterion == "sample"
    used = int(by_sample and np.isfinite(sample_threshold(group)))
    _thresholds(rows, group, used, key)
    judged = list(judge_all(data, group))
    for each in judged:
        therapist = group.people.therapists(group.member)
        _categories(rows, each, level, therapist, {**key, "definition": each.method})
    _cut_off_variants(rows, group, judged[used], level, key)
    reference = judged[used].categories
    if reference is None:
        return
    for each in judged:
        if each.categories is not None and each is not judged[used]:
            _agreement(rows, judged[used].method, reference, each.method, each.categories, key)


def _thresholds(rows: EstimateRows, group: Group, used: int, key: dict[str, Any]) -> None:
    """The published threshold and this sample's own, which judges the main rates, and a warning where they disagree."""
    published, sample = published_threshold(group.scale), sample_threshold(group)
    apart = abs(sample - published) > DISAGREE * published
    caution = f"; this sample's own is {sample:.2f}: the two disagree" if apart else ""
    counts = {"n_patients": len(group.first)}
    own = f"SD of the first scores of everyone who started, {IN_USE[used == 1]}"
    values = {
        "jacobson_truax": (published, f"as published, {IN_USE[used == 0]}{caution}"),
        "jacobson_truax_sample": (sample, own),
    }
    for method, (value, note) in values.items():
        known = np.isfinite(value)
        rows.add(
            "threshold",
            float(value) if known else None,
            term="reliable_change",
            status="ok" if known else "not_estimable",
            note=note if known else "no threshold, or no reliability, is published",
            **{**key, "definition": method, "population": "paired", **counts},
        )


def _categories(
    rows: EstimateRows, each: Judged, level: float, therapist: Therapist, key: dict[str, Any]
) -> None:
    columns = {**key, "population": "paired", "specification": OTHER}
    if each.categories is None:
        rows.add(
            "proportion", term="reliable_improvement", status=each.status, note=each.note, **columns
        )
        return
    counts, total = each.categories.counts(), len(each.categories.category)
    for word, n in zip(WORDS, counts, strict=True):
        rows.add_proportion(
            int(n),
            total,
            rate(int(n), total, conf_level=level) if total else None,
            term="category_by_method",
            dimensions={"category": word},
            note=each.note,
            **columns,
        )
    _headlines(rows, each.categories, level, therapist, columns, each.note)


def _headlines(
    rows: EstimateRows,
    categories: ChangeClassification,
    level: float,
    therapist: Therapist,
    columns: dict[str, Any],
    note: str,
) -> None:
    case = ~categories.started_below_cutoff
    everybody = np.ones_like(case)
    recovered = categories.category == ChangeCategory.RECOVERED
    terms = {
        "reliable_improvement": (categories.reliably_improved, everybody),
        "reliable_deterioration": (categories.reliably_deteriorated, everybody),
        "recovery": (recovered, case),
    }
    for term, (hit, among) in terms.items():
        top, bottom = int((hit & among).sum()), int(among.sum())
        value = rate(top, bottom, conf_level=level) if bottom else None
        caution = {"note": note} if bottom and note else {}
        rows.add_proportion(top, bottom, value, term=term, **columns, **caution)
        if therapist is None or not bottom:
            continue
        value = clustered_rate(hit[among], therapist[among], conf_level=level)
        clustered = {**columns, "specification": f"{OTHER}_therapist_clustered"}
        rows.add_proportion(top, bottom, value, term=term, **clustered, **caution)


def _cut_off_variants(
    rows: EstimateRows, group: Group, main: Judged, level: float, key: dict[str, Any]
) -> None:
    """Recovery by the same reliable change with each cut-off of Jacobson and Truax."""
    for name, (value, source) in cut_offs(group).items():
        columns = {**key, "definition": main.method, "population": "paired"}
        n: dict[str, Any] = {"n_patients": len(group.first)}
        rows.add("threshold", value, term="cut_off", contrast=name, note=source, **columns, **n)
        inside = group.scale.minimum <= value <= group.scale.maximum
        if main.categories is None or not inside:
            continue
        limits = replace(
            group.limits, value=np.full(group.people.n, value), equal_is_clinical=True, exists=True
        )
        changed = (main.categories.reliably_improved, main.categories.reliably_deteriorated)
        again = replace(group, limits=limits).categories(changed)
        case = ~again.started_below_cutoff
        top = int(((again.category == ChangeCategory.RECOVERED) & case).sum())
        bottom = int(case.sum())
        rows.add_proportion(
            top,
            bottom,
            rate(top, bottom, conf_level=level) if bottom else None,
            term="recovery",
            specification=f"cut_off_{name}",
            **columns,
        )


def _agreement(
    rows: EstimateRows,
    reference: str,
    first: ChangeClassification,
    method: str,
    second: ChangeClassification,
    key: dict[str, Any],
) -> None:
    """How many change category from the reference method to another, and where they go."""
    found = category_agreement(first.category, second.category, len(WORDS))
    columns: dict[str, Any] = {
        **key,
        "definition": method,
        "population": "paired",
        "contrast": f"{method} vs {reference}",
    }
    rows.add_proportion(
        found.n_moved,
        found.n_patients,
        rate(found.n_moved, found.n_patients) if found.n_patients else None,
        term="category_moved",
        **columns,
    )
    counts: dict[str, Any] = {"n_patients": found.n_patients}
    known = np.isfinite(found.kappa)
    rows.add(
        "kappa",
        found.kappa if known else None,
        term="category",
        status="ok" if known else "not_estimable",
        note="" if known else "everybody is in one category",
        **columns,
        **counts,
    )
    _add_pairs(rows, found.table, columns)


def _add_pairs(rows: EstimateRows, table: npt.NDArray[np.int64], columns: dict[str, Any]) -> None:
    """How many are in each pair of categories that anybody is in."""
    for i, j in np.argwhere(table > 0):
        n = int(table[i, j])
        rows.add(
            "count",
            n,
            term="category_pair",
            dimensions={"reference_category": WORDS[i], "category": WORDS[j]},
            n_patients=n,
            **columns,
        )
