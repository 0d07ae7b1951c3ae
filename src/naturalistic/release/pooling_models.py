"""Coefficients of the same model in several services, pooled together where their covariances are bundled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from naturalistic.release.bundle_model import Bundle
from naturalistic.release.pooling_rows import Group, back
from naturalistic.stats.meta_analysis import pool_several

MODEL = (
    "analysis",
    "model",
    "specification",
    "instrument",
    "scale",
    "population",
    "definition",
    "time_unit",
)
COLUMNS = (
    *MODEL,
    "term",
    "contrast",
    "k",
    "estimate",
    "conf_low",
    "conf_high",
    "value",
    "std_error",
    "df",
    "tau2",
    "method",
    "note",
)


def pooled_models(
    groups: Sequence[Group], bundles: Sequence[Bundle], conf_level: float
) -> list[dict[str, Any]]:
    """Multivariate random-effects results of every model whose covariances at least two services give.

    Without covariances each coefficient is pooled on its own (`estimates.csv`), which is valid and a little less exact.
    """
    found: dict[tuple[Any, ...], list[Group]] = {}
    for group in groups:
        if group.named["model"] and not group.named["dimensions"]:
            found.setdefault(tuple(group.named[name] for name in MODEL), []).append(group)
    known = {b.cohort: _covariances(b) for b in bundles if b.covariances}
    rows: list[dict[str, Any]] = []
    for key, members in found.items():
        if len(known) > 1:
            rows += _model(dict(zip(MODEL, key, strict=True)), members, known, conf_level)
    return rows


def _covariances(bundle: Bundle) -> dict[tuple[str, ...], float]:
    made: dict[tuple[str, ...], float] = {}
    for each in bundle.covariances:
        head = (each.analysis, each.model, each.specification)
        made[(*head, each.term_a, each.term_b)] = each.value
        made[(*head, each.term_b, each.term_a)] = each.value
    return made


def column_name(term: str, contrast: str) -> str:
    """The one spelling of a coefficient in the covariances: the term, and its contrast where it has one."""
    return f"{term}[{contrast}]" if contrast else term


def _model(
    named: dict[str, Any],
    groups: Sequence[Group],
    known: dict[str, dict[tuple[str, ...], float]],
    conf_level: float,
) -> list[dict[str, Any]]:
    head = tuple(str(named[name]) for name in MODEL[:3])
    entries = [
        (m.cohort, column_name(g.named["term"], g.named["contrast"]), m.value, g)
        for g in groups
        for m in g.members
        if m.cohort in known
        and (*head, *(column_name(g.named["term"], g.named["contrast"]),) * 2) in known[m.cohort]
    ]
    counts = {name: sum(e[1] == name for e in entries) for name in {e[1] for e in entries}}
    entries = [e for e in entries if counts[e[1]] > 1]
    if not entries:
        return []
    within = np.array(
        [
            [known[a[0]].get((*head, a[1], b[1]), 0.0) if a[0] == b[0] else 0.0 for b in entries]
            for a in entries
        ]
    )
    cohorts, terms = [e[0] for e in entries], [e[1] for e in entries]
    # independent between services: a full matrix needs many more services than there are terms
    fit = pool_several([e[2] for e in entries], within, cohorts, terms, conf_level=conf_level)
    by_name = {e[1]: e[3] for e in entries}
    return [
        _row(named, by_name[term], fit.estimates[j], fit.services[j], float(fit.between[j, j]))
        for j, term in enumerate(fit.terms)
    ]


def _row(named: dict[str, Any], group: Group, given: Any, k: int, tau2: float) -> dict[str, Any]:
    return {
        **named,
        "term": group.named["term"],
        "contrast": group.named["contrast"],
        "k": k,
        "estimate": back(given.estimate, group.scale),
        "conf_low": back(given.conf_low, group.scale),
        "conf_high": back(given.conf_high, group.scale),
        "value": given.estimate,
        "std_error": given.std_error,
        "df": given.df,
        "tau2": tau2,
        "method": given.method,
        "note": given.note,
    }
