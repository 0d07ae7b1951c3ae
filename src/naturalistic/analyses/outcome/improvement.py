"""Reliable improvement: odds ratios, differences in probability averaged over the cohort, described people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.model_rows import add_coefficients
from naturalistic.analyses.outcome.described import Described
from naturalistic.analyses.outcome.model_tables import AVERAGED, clusters
from naturalistic.analyses.outcome.people import FloatArray, OutcomePeople, people_behind
from naturalistic.analyses.outcome.side_by_side import BASELINE, BASELINE_UNIT
from naturalistic.analyses.predictors import Term, design_matrix
from naturalistic.stats.generalised_mixed_model import (
    GeneralisedMixedModelFit,
    average_marginal_effects,
    average_prediction,
    fit_generalised_mixed_model,
    latent_variance_share,
)
from naturalistic.stats.lmm.checks import FEWEST_GROUPS
from naturalistic.stats.marginal_models import fit_cluster_robust_glm

MODEL = "reliable_improvement"
MOST_ROWS = 20_000
INFINITE = "no finite estimate: everybody or nobody at this level improved reliably"


@dataclass(frozen=True, eq=False)
class ImprovementModel:
    """The fitted model of reliable improvement."""

    fit: GeneralisedMixedModelFit
    levels: pd.DataFrame
    matrix: FloatArray
    terms: list[Term]
    formula: str


def add_improvement(rows: EstimateRows, people: OutcomePeople, described: list[Described]) -> None:
    """Probability of reliable improvement of everyone with both scores, on the first score and the predictors.

    Estimands
    ---------
    odds_ratio
        Logistic mixed model with therapist effects (Laplace), and its population-averaged twin.
    risk_difference
        The same as differences in probability: everybody set to the level against everybody set to the reference level,
        averaged over the cohort, therapists integrated out. Per unit of a number.
    standardised_risk
        Probability of a described person who starts at the cohort's mean first score.
    """
    improved = people.reliably_improved
    person = np.flatnonzero(people.paired & np.isfinite(improved))
    yes = improved[person]
    key: dict[str, Any] = {"model": MODEL, "specification": "adjusted"}
    reason = ""
    if len(person) < 3 or not np.isfinite(yes).any():
        reason = "no criterion of reliable change is known for this scale, or too few people have both scores"
    elif yes.min() == yes.max():
        reason = "everybody or nobody improved reliably"
    if reason:
        rows.add("odds_ratio", term="Intercept", status="not_estimable", note=reason, **key)
        return
    first = people.first[person]
    levels = people.levels(person).assign(**{BASELINE: (first - first.mean()) / BASELINE_UNIT})
    formula = " + ".join(["1", BASELINE, *people.predictors.used])
    matrix, terms = design_matrix(formula, levels)
    codes = people.therapist.codes
    group = (
        None if codes is None or len(np.unique(codes[person])) < FEWEST_GROUPS else codes[person]
    )
    names = [term.column for term in terms]
    fit = fit_generalised_mixed_model(
        yes,
        matrix,
        family="binomial",
        group=group,
        group_label="therapist",
        term_names=names,
        conf_level=people.conf_level,
    )
    note = "; ".join((*fit.notes, *people.notes))
    if fit.status != "ok" and group is not None:
        note = f"refitted without therapist effects: {fit.notes[0]}"
        group = None
        fit = fit_generalised_mixed_model(
            yes, matrix, family="binomial", term_names=names, conf_level=people.conf_level
        )
        note = "; ".join((note, *fit.notes, *people.notes))
    counts = people_behind(levels, terms, np.ones(len(person), dtype=bool))
    shared: dict[str, Any] = {
        "denominator": len(person),
        "n_therapists": people.therapist.recorded if group is not None else None,
        "n_missing": len(people.frame) - len(person),
        "note": note,
    }
    add_coefficients(
        rows,
        "odds_ratio",
        fit,
        terms,
        counts=counts,
        ratio=True,
        **{**shared, **key, "method": fit.formula},
    )
    _twin(rows, people, person, yes, matrix, terms, counts)
    model = ImprovementModel(fit, levels, matrix, terms, formula)
    _probabilities(rows, model, counts, {**shared, **key})
    _share(rows, fit, len(person), people, key)
    for one in described:
        _described(rows, model, one, {**shared, "model": MODEL})


def _twin(
    rows: EstimateRows,
    people: OutcomePeople,
    person: np.ndarray,
    yes: FloatArray,
    matrix: FloatArray,
    terms: list[Term],
    counts: dict[str, int],
) -> None:
    cluster, what = clusters(people, person)
    twin = fit_cluster_robust_glm(
        yes,
        matrix,
        family="binomial",
        cluster=cluster,
        term_names=[term.column for term in terms],
        cluster_label=what,
        conf_level=people.conf_level,
    )
    add_coefficients(
        rows,
        "odds_ratio",
        twin,
        terms,
        counts=counts,
        ratio=True,
        model=MODEL,
        specification="population_averaged",
        denominator=len(person),
        method=twin.method,
        note="; ".join((AVERAGED.split(",")[0], *twin.notes)),
    )


def _probabilities(
    rows: EstimateRows, model: ImprovementModel, counts: dict[str, int], shared: dict[str, Any]
) -> None:
    """Average marginal effects; columns of one factor are set together."""
    fit, matrix, note = model.fit, model.matrix, str(shared["note"])
    if len(matrix) > MOST_ROWS:
        matrix = _spread_sample(model)
        note = f"averaged over {MOST_ROWS} people spread evenly over the predicted probabilities; {note}"
    factors = [
        [t.column for t in model.terms if t.term == name and " vs " in t.contrast]
        for name in dict.fromkeys(term.term for term in model.terms)
    ]
    for term in model.terms:
        if term.column == "Intercept":
            continue
        columns = {**shared, "n_patients": counts[term.column], "note": note}
        if fit.status != "ok" or term.column in fit.dropped_terms:
            columns["note"] = f"left out of the model; {note}"
            rows.add(
                "risk_difference",
                term=term.term,
                contrast=term.contrast,
                **{**columns, "status": "not_estimable"},
            )
            continue
        effect = average_marginal_effects(
            fit, matrix, terms=[term.column], factors=[f for f in factors if f]
        )[0].effect
        rows.add("risk_difference", effect, term=term.term, contrast=term.contrast, **columns)


def _spread_sample(model: ImprovementModel) -> FloatArray:
    """Rows at evenly spaced places in the order of the linear predictor: the same whatever the order of the file."""
    beta = np.nan_to_num(model.fit.coefficients)
    order = np.argsort(model.matrix @ beta, kind="stable")
    step = len(order) / MOST_ROWS
    return model.matrix[order[((np.arange(MOST_ROWS) + 0.5) * step).astype(int)]]


def _share(
    rows: EstimateRows,
    fit: GeneralisedMixedModelFit,
    n: int,
    people: OutcomePeople,
    key: dict[str, Any],
) -> None:
    if not fit.random_effects or fit.status != "ok":
        return
    rows.add(
        "intraclass_correlation",
        latent_variance_share(fit, "therapist"),
        term="therapist",
        n_patients=n,
        n_therapists=people.therapist.recorded,
        **key,
    )


def _described(
    rows: EstimateRows, model: ImprovementModel, one: Described, shared: dict[str, Any]
) -> None:
    key = {**shared, "specification": "described_person", "term": one.name}
    if one.obstacle:
        rows.add("standardised_risk", status="not_measured", **{**key, "note": one.obstacle})
        return
    design = one.design(model.formula, {BASELINE: np.zeros(1)})
    rows.add(
        "standardised_risk",
        average_prediction(model.fit, design),
        **{
            **key,
            "n_patients": one.n_patients,
            "note": f"{one.words}; starting at the mean first score of the cohort",
        },
    )
