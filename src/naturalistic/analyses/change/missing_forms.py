"""Who lacks a last form: shares by group, a model, and unplanned endings as declared and as estimated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.change.people import Mask, Started
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.model_rows import add_coefficients, people_at
from naturalistic.analyses.predictors import (
    SMALLEST_LEVEL,
    Predictors,
    design_matrix,
    prepare_predictors,
)
from naturalistic.stats.marginal_models import fit_cluster_robust_glm
from naturalistic.stats.rates import clustered_rate, rate
from naturalistic.vocabulary import CHARACTERISTICS

TERM = "no_last_form"
KEY: dict[str, Any] = {"population": "started"}
BASELINE_UNIT = 5.0


def add_who_lacks_a_form(rows: EstimateRows, data: AnalysisInput, people: Started) -> None:
    """Shares without a last form, the model of it, and both rates of unplanned ending."""
    lacking = np.isnan(people.last)
    _share(rows, data, people, lacking, np.ones(people.n, dtype=bool), {})
    therapist = people.therapists()
    if people.n and therapist is not None:
        rows.add(
            "proportion",
            clustered_rate(lacking, therapist, conf_level=data.settings.conf_level),
            term=TERM,
            specification="therapist_clustered",
            **people.counts(),
            **KEY,
        )
        _by_therapist(rows, lacking, therapist)
    for name in ("ending", "year", *CHARACTERISTICS):
        _by_level(rows, data, people, lacking, name)
    _by_first_score(rows, data, people, lacking)
    _unplanned(rows, data, people)
    _model(rows, data, people, lacking)


def _share(
    rows: EstimateRows,
    data: AnalysisInput,
    people: Started,
    lacking: Mask,
    member: Mask,
    levels: dict[str, Any],
) -> None:
    top, bottom = int((lacking & member).sum()), int(member.sum())
    value = rate(top, bottom, conf_level=data.settings.conf_level) if bottom else None
    rows.add_proportion(top, bottom, value, term=TERM, dimensions=levels, **KEY)


def _by_level(
    rows: EstimateRows, data: AnalysisInput, people: Started, lacking: Mask, name: str
) -> None:
    if name not in people.frame.columns or not people.frame[name].notna().any():
        return
    if name in CHARACTERISTICS and CHARACTERISTICS[name].numeric:
        return
    words = people.frame[name].astype("object").where(people.frame[name].notna(), "not_recorded")
    for word in sorted(words.unique(), key=str):
        _share(rows, data, people, lacking, (words == word).to_numpy(), {name: word})


def _by_first_score(
    rows: EstimateRows, data: AnalysisInput, people: Started, lacking: Mask
) -> None:
    """By fifths of the first score."""
    known = np.isfinite(people.first)
    if known.sum() < 5 * SMALLEST_LEVEL:
        return
    edges = np.unique(np.quantile(people.first[known], [0.2, 0.4, 0.6, 0.8]))
    fifth = np.where(known, np.searchsorted(edges, people.first, side="right"), -1)
    for k in range(len(edges) + 1):
        _share(rows, data, people, lacking, fifth == k, {"first_score_fifth": k + 1})
    _share(rows, data, people, lacking, ~known, {"first_score_fifth": "no_first_form"})


def _by_therapist(rows: EstimateRows, lacking: Mask, therapist: Any) -> None:
    """Quartiles of therapists' own shares; no therapist is named."""
    sizes = np.bincount(therapist)
    enough = sizes >= SMALLEST_LEVEL
    shares = np.bincount(therapist, weights=lacking)[enough] / sizes[enough]
    if len(shares) < 4:
        return
    people = int(sizes[enough].sum())
    for word, q in (("lower_quartile", 0.25), ("median", 0.5), ("upper_quartile", 0.75)):
        rows.add(
            "proportion",
            float(np.quantile(shares, q)),
            term=f"{TERM}_of_therapists",
            contrast=word,
            n_patients=people,
            n_therapists=len(shares),
            note=f"therapists with at least {SMALLEST_LEVEL} people",
            **KEY,
        )


def _unplanned(rows: EstimateRows, data: AnalysisInput, people: Started) -> None:
    """Unplanned endings of those with a recorded ending, and with the unrecorded counted as unplanned."""
    ending = people.frame["ending"].astype("object")
    unplanned = (ending == "unplanned_ending").to_numpy(dtype=bool)
    unknown = (ending == "unknown_ending").to_numpy(dtype=bool)
    ended = (ending != "open").to_numpy(dtype=bool)
    if not (ended & ~unknown).any():
        for term in ("declared_unplanned", "estimated_unplanned"):
            note = "the extract does not say how therapy ended"
            rows.add("proportion", term=term, status="not_measured", note=note, **KEY)
        return
    pairs = {
        "declared_unplanned": (unplanned, ended & ~unknown),
        "estimated_unplanned": (unplanned | unknown, ended),
    }
    for term, (hit, among) in pairs.items():
        top, bottom = int((hit & among).sum()), int(among.sum())
        value = rate(top, bottom, conf_level=data.settings.conf_level)
        note = "those whose ending nobody recorded count as unplanned (Connell 2006)"
        rows.add_proportion(
            top, bottom, value, term=term, note=note if term[0] == "e" else "", **KEY
        )


def _model(rows: EstimateRows, data: AnalysisInput, people: Started, lacking: Mask) -> None:
    key = {**KEY, "model": TERM, "specification": "adjusted"}
    if not (lacking.any() and (~lacking).any()):
        note = "everybody, or nobody, has a last form"
        rows.add("odds_ratio", term="model", status="not_estimable", note=note, **key)
        return
    used, design = _design(data, people)
    names = list(design.columns)
    if not names or people.n < SMALLEST_LEVEL * 2:
        note = "no predictor is held in this cohort, or too few people"
        rows.add("odds_ratio", term="model", status="not_estimable", note=note, **key)
        return
    matrix, terms = design_matrix(" + ".join(["1", *names]), design)
    therapist = people.therapists()
    fit = fit_cluster_robust_glm(
        lacking.astype(float),
        matrix,
        family="binomial",
        cluster=np.arange(people.n) if therapist is None else therapist,
        term_names=[term.column for term in terms],
        cluster_label="person" if therapist is None else "therapist",
        conf_level=data.settings.conf_level,
    )
    left_out = [f"{name}: {reason}" for name, reason in used.left_out.items()]
    add_coefficients(
        rows,
        "odds_ratio",
        fit,
        terms[1:],
        counts=people_at(design, terms[1:]),
        ratio=True,
        note="; ".join((*fit.notes, *used.notes, *left_out)),
        n_events=int(lacking.sum()),
        method="logistic regression, "
        + ("robust errors" if therapist is None else "errors robust to therapist clustering"),
        **key,
    )


def _design(data: AnalysisInput, people: Started) -> tuple[Predictors, pd.DataFrame]:
    """Characteristics, ending and the first score in units of five points."""
    used = prepare_predictors(
        people.frame, data.settings.predictors, data.settings.reference_levels
    )
    design = used.frame.copy()
    ending = people.frame["ending"].astype("object")
    counts = ending.value_counts()
    kept = sorted(counts.index[counts >= SMALLEST_LEVEL], key=lambda w: (-counts[w], str(w)))
    if len(kept) > 1:
        words = ending.where(ending.isin(kept), "small_groups_together")
        order = kept if words.isin(kept).all() else [*kept, "small_groups_together"]
        design["ending"] = pd.Categorical(words, categories=order)
    first = people.first
    if np.isfinite(first).sum() > 2 and np.nanstd(first) > 0:
        design["first_score_per_5"] = (
            np.nan_to_num(first, nan=float(np.nanmean(first))) - np.nanmean(first)
        ) / BASELINE_UNIT
    return used, design
