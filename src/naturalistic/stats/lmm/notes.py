"""Words about a fitted linear mixed model: its formula, and what a reader must be told."""

from __future__ import annotations

import numpy as np

from naturalistic.stats.lmm.blocks import FloatArray
from naturalistic.stats.lmm.checks import ModelInput
from naturalistic.stats.lmm.inference import VarianceComponent, zero_variances
from naturalistic.stats.lmm.likelihood import Evaluation, LinearMixedLikelihood
from naturalistic.stats.lmm.structure import SINGULAR, RandomStructure

# A residual sum of squares below this share of the outcome's is rounding, not variation.
_NO_VARIATION = 1e-10

# A residual variance below this share of the outcome's has run into the bound of the search.
_NO_RESIDUAL = 1e-7

# Above this share of therapists (services) with one patient a reader is told.
_MANY_SINGLE = 0.25


def model_formula(model: ModelInput, terms: tuple[str, ...]) -> str:
    """The model in R's notation.

    ``us(time | patient)`` stands for the unstructured covariance of two occasions.
    """
    parts = list(terms)
    request, time = model.request, model.labels.time
    if request.occasions:
        parts.append(f"us({time} | patient)")
    elif request.patient:
        parts.append(_random_term("patient", request.patient_slope, time))
    if request.therapist:
        parts.append(_random_term("therapist", request.therapist_slope, time))
    if request.service:
        parts.append(_random_term("service", request.service_slope, time))
    return f"{model.labels.outcome} ~ {' + '.join(parts)}"


def _random_term(group: str, slope: bool, time_name: str) -> str:
    return f"(1 + {time_name} | {group})" if slope else f"(1 | {group})"


def degenerate_fit(likelihood: LinearMixedLikelihood, evaluation: Evaluation | None = None) -> str:
    """Why there is nothing random left to model; empty when there is.

    Without `evaluation` the fixed effects alone are tried (does the design determine the outcome?).
    """
    rows = likelihood.rows
    terms = rows.terms
    gram = rows.total.sum(axis=0)
    total = float(gram[terms, terms])
    if terms >= rows.rows:
        return f"{rows.rows} rows cannot carry {terms} fixed effects and a residual variance"
    if evaluation is None:
        inner = np.linalg.solve(gram[:terms, :terms], gram[:terms, terms])
        left = total - float(gram[:terms, terms] @ inner)
        if left <= _NO_VARIATION * total:
            return "the design columns determine the outcome exactly: nothing is left to model"
        return ""
    if evaluation.residual_variance * rows.rows <= _NO_RESIDUAL * total:
        return "the residual variance is zero: the random effects determine the outcome exactly"
    return ""


def singular_notes(
    structure: RandomStructure, theta: FloatArray, components: tuple[VarianceComponent, ...]
) -> tuple[bool, list[str]]:
    """Whether the fit lies on the boundary of the parameter space, and what that means."""
    notes = []
    held = zero_variances(structure, theta)
    for level in structure.levels:
        if level.occasions:
            notes += _occasion_notes(components)
            continue
        for name in ("intercept", "slope")[: level.effects]:
            if (level.name, name) in held:
                notes.append(
                    f"the {name} variance between {level.name}s was estimated as zero: the data "
                    "show no more variation between them than chance would give"
                )
        factor = level.factor(theta)
        if level.effects == 2 and factor[1, 1] < SINGULAR and (level.name, "slope") not in held:
            sign = "plus" if factor[1, 0] * factor[0, 0] > 0 else "minus"
            notes.append(
                f"intercepts and slopes of {level.name}s were estimated as perfectly correlated "
                f"({sign} one): the data cannot support both"
            )
    singular = any("estimated as" in note for note in notes)
    return singular, notes


def thin_level_notes(likelihood: LinearMixedLikelihood) -> list[str]:
    """Say where many units of a level hold a single patient."""
    rows, upper = likelihood.rows, likelihood.upper
    if likelihood.structure.patient is None:  # one row is one patient
        by_cell = rows.cell_rows.sum(axis=0)
    else:
        by_cell = np.bincount(rows.nested.cell, minlength=rows.cells).astype(np.float64)
        if rows.crossing is not None:
            by_cell += np.bincount(rows.crossing.segment_cell, minlength=rows.cells)
    notes = []
    levels = zip(likelihood.structure.upper, upper.codes, upper.counts, strict=True)
    for level, codes, count in levels:
        patients = np.bincount(codes, weights=by_cell, minlength=count)
        single = int((patients == 1).sum())
        if single > _MANY_SINGLE * count:
            notes.append(
                f"{single} of {count} {level.name}s have a single patient: they say little about "
                f"the variance between {level.name}s"
            )
    return notes


def _occasion_notes(components: tuple[VarianceComponent, ...]) -> list[str]:
    values = {component.key: component.value for component in components}
    if values["patient.intercept"] < 0.0:
        return ["the two occasions are negatively correlated: no patient intercept expresses that"]
    notes = []
    for key, value in values.items():
        if key.startswith("residual") and value < 0.0:
            notes.append(
                f"the covariance of the two occasions exceeds the variance at {key[9:]}: the "
                "difference is not a residual variance"
            )
    return notes
