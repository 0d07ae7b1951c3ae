"""Coefficients of the same model in several services, pooled together where their covariances are bundled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naturalistic.release.bundle_covariances import coefficient_name, model_name
from naturalistic.release.bundle_model import Bundle
from naturalistic.release.pooling_rows import Group, back
from naturalistic.stats.meta_analysis import pool_several

FloatArray = NDArray[np.float64]
_CLOSER, _LEAST, _DRAWS = (
    0.95,
    0.01,
    200,
)  # how rounded correlations are made a covariance matrix again
_SAME_ERROR = 0.1  # share by which two roundings of one standard error may differ
MODEL = (
    "analysis",
    "estimand",
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
        named = group.named
        if named["model"] and not named["dimensions"] and named["time"] is None:
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


def _model(
    named: dict[str, Any],
    groups: Sequence[Group],
    known: dict[str, dict[tuple[str, ...], float]],
    conf_level: float,
) -> list[dict[str, Any]]:
    head = (
        str(named["analysis"]),
        model_name(str(named["model"]), str(named["time_unit"])),
        str(named["specification"]),
    )
    entries = [
        (m.cohort, name, m.value, g)
        for g in groups
        for name in (coefficient_name(g.named["term"], g.named["contrast"]),)
        for m in g.members
        if _is_coefficient(m.error, known.get(m.cohort, {}).get((*head, name, name)))
    ]
    counts = Counter(entry[1] for entry in entries)
    entries = [entry for entry in entries if counts[entry[1]] > 1]
    if not entries:
        return []
    cohorts, terms = [e[0] for e in entries], [e[1] for e in entries]
    within = np.zeros((len(entries), len(entries)))
    for cohort in dict.fromkeys(cohorts):
        rows = [i for i, name in enumerate(cohorts) if name == cohort]
        found = known[cohort]
        block = [[found.get((*head, terms[a], terms[b]), 0.0) for b in rows] for a in rows]
        within[np.ix_(rows, rows)] = _positive(np.array(block))
    # independent between services: a full matrix needs many more services than there are terms
    fit = pool_several([e[2] for e in entries], within, cohorts, terms, conf_level=conf_level)
    by_name = {e[1]: e[3] for e in entries}
    return [
        _row(named, by_name[term], fit.estimates[j], fit.services[j], float(fit.between[j, j]))
        for j, term in enumerate(fit.terms)
    ]


def _is_coefficient(error: float, variance: float | None) -> bool:
    """Whether the bundled variance is that of this figure; a model also gives differences in risk of the same term."""
    return variance is not None and abs(error / variance**0.5 - 1) < _SAME_ERROR


def _positive(block: FloatArray) -> FloatArray:
    """A covariance matrix of rounded correlations, drawn towards independence until it is one."""
    diagonal = np.diag(np.diag(block))
    scale = np.sqrt(np.diag(block))
    for _ in range(_DRAWS):
        if np.linalg.eigvalsh(block / np.outer(scale, scale)).min() > _LEAST:
            return block
        block = diagonal + _CLOSER * (block - diagonal)
    return diagonal


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
