"""Reliable improvement as rows: odds ratios, differences in probability averaged over the cohort, described people."""

from __future__ import annotations

from typing import Any

import numpy as np

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.model_rows import add_coefficients
from naturalistic.analyses.outcome.described import Described
from naturalistic.analyses.outcome.improvement_model import (
    ALIKE,
    ImprovementModel,
    among_those_who_differ,
    improvement_model,
    obstacle,
)
from naturalistic.analyses.outcome.model_tables import clusters
from naturalistic.analyses.outcome.people import FloatArray, OutcomePeople, people_behind
from naturalistic.analyses.outcome.side_by_side import BASELINE
from naturalistic.stats.generalised_mixed_model import (
    average_marginal_effects,
    average_prediction,
    latent_variance_share,
)
from naturalistic.stats.marginal_models import fit_cluster_robust_glm

MODEL = "reliable_improvement"
MOST_ROWS = 20_000
AVERAGED = "population-averaged: compares the average people of two groups, whoever treats them"


def add_improvement(rows: EstimateRows, people: OutcomePeople, described: list[Described]) -> None:
    """Probability of reliable improvement of everyone with both scores, on the first score and the predictors.

    Estimands
    ---------
    odds_ratio
        Logistic mixed model with therapist effects (Laplace), and its population-averaged twin.
    risk_difference
        The same as differences in probability: everybody set to the level against everybody set to the reference level,
        averaged over the cohort, therapists integrated out. Per unit of a number. Levels at which everybody or nobody
        improved are set aside with their people.
    standardised_risk
        Probability of a described person who starts at the cohort's mean first score.
    """
    key: dict[str, Any] = {"model": MODEL, "specification": "adjusted"}
    if reason := obstacle(people):
        rows.add("odds_ratio", term="Intercept", status="not_estimable", note=reason, **key)
        return
    model = improvement_model(people)
    refitted = [f"refitted without therapist effects: {model.dropped}"] if model.dropped else []
    shared: dict[str, Any] = {
        "denominator": len(model.person),
        "n_therapists": people.therapist.recorded if model.therapists else None,
        "n_missing": len(people.frame) - len(model.person),
        "note": "; ".join((*refitted, *model.fit.notes, *people.notes)),
    }
    add_coefficients(
        rows,
        "odds_ratio",
        model.fit,
        model.terms,
        counts=_counts(model),
        ratio=True,
        **{**shared, **key, "method": model.fit.formula},
    )
    _twin(rows, people, model)
    if model.fit.status == "ok" and model.therapists:
        share = latent_variance_share(model.fit, "therapist")
        columns = {"n_patients": len(model.person), "n_therapists": people.therapist.recorded}
        rows.add("intraclass_correlation", share, term="therapist", **{**columns, **key})
    kept = among_those_who_differ(people, model)
    _probabilities(rows, model, kept, {**shared, **key})
    for one in described:
        _described(rows, kept, one, {**shared, "model": MODEL})


def _counts(model: ImprovementModel) -> dict[str, int]:
    return people_behind(model.levels, model.terms, np.ones(len(model.person), dtype=bool))


def _twin(rows: EstimateRows, people: OutcomePeople, model: ImprovementModel) -> None:
    cluster, what = clusters(people, model.person)
    twin = fit_cluster_robust_glm(
        model.yes,
        model.matrix,
        family="binomial",
        cluster=cluster,
        term_names=model.names,
        cluster_label=what,
        conf_level=people.conf_level,
    )
    add_coefficients(
        rows,
        "odds_ratio",
        twin,
        model.terms,
        counts=_counts(model),
        ratio=True,
        model=MODEL,
        specification="population_averaged",
        denominator=len(model.person),
        method=twin.method,
        note="; ".join((AVERAGED, *twin.notes)),
    )


def _probabilities(
    rows: EstimateRows, model: ImprovementModel, kept: ImprovementModel, shared: dict[str, Any]
) -> None:
    """Average marginal effects; columns of one factor are set together."""
    notes = [str(shared["note"])]
    matrix = kept.matrix
    if kept.set_aside:
        n = len(model.person) - len(kept.person)
        notes.insert(0, f"{ALIKE} at {', '.join(kept.set_aside)}: averaged without these people")
        shared = {**shared, "n_missing": int(shared["n_missing"]) + n}
    if len(matrix) > MOST_ROWS:
        matrix = _spread_sample(kept)
        notes.insert(0, f"averaged over {MOST_ROWS} people spread evenly over the predictions")
    factors = [
        [t.column for t in kept.terms if t.term == name and " vs " in t.contrast]
        for name in dict.fromkeys(term.term for term in kept.terms)
    ]
    counts = {**_counts(model), **_counts(kept)}
    for term in model.terms:
        if term.column == "Intercept":
            continue
        place = {"term": term.term, "contrast": term.contrast}
        columns = {**shared, **place, "n_patients": counts[term.column], "note": "; ".join(notes)}
        if reason := _no_effect(kept, term.column):
            columns["note"] = f"{reason}; {columns['note']}"
            rows.add("risk_difference", **{**columns, "status": "not_estimable"})
            continue
        effect = average_marginal_effects(
            kept.fit, matrix, terms=[term.column], factors=[f for f in factors if f]
        )[0].effect
        rows.add("risk_difference", effect, **columns)


def _no_effect(kept: ImprovementModel, column: str) -> str:
    if column in kept.set_aside:
        return f"{ALIKE} at this level"
    if kept.fit.status != "ok" or column in kept.fit.dropped_terms:
        return "left out of the model"
    return ""


def _spread_sample(model: ImprovementModel) -> FloatArray:
    """Rows at evenly spaced places in the order of the linear predictor: the same whatever the order of the file."""
    beta = np.nan_to_num(model.fit.coefficients)
    order = np.argsort(model.matrix @ beta, kind="stable")
    step = len(order) / MOST_ROWS
    return model.matrix[order[((np.arange(MOST_ROWS) + 0.5) * step).astype(int)]]


def _described(
    rows: EstimateRows, model: ImprovementModel, one: Described, shared: dict[str, Any]
) -> None:
    key = {**shared, "specification": "described_person", "term": one.name}
    if one.obstacle:
        rows.add("standardised_risk", status="not_measured", **{**key, "note": one.obstacle})
        return
    design, terms = one.design_and_terms(model.formula, {BASELINE: np.zeros(1)})
    names = [term.column for term in terms]
    if any(design[0, names.index(name)] for name in model.set_aside):
        note = f"{ALIKE} at a level of this person"
        rows.add("standardised_risk", status="not_estimable", **{**key, "note": note})
        return
    rows.add(
        "standardised_risk",
        average_prediction(model.fit, design[:, [names.index(name) for name in model.names]]),
        **{
            **key,
            "n_patients": one.n_patients,
            "note": f"{one.words}; starting at the mean first score of the cohort",
        },
    )
