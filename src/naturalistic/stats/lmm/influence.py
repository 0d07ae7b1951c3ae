"""What a fitted linear mixed model would say without one therapist or one service.

The cross-products of a therapist's rows, patients swept out, are known from the reduction, so a
deletion is a subtraction: no second pass over the rows. The variance parameters are held at their
estimates, as is usual for deletion diagnostics of mixed models (Christensen, Pearson and Johnson
1992, Technometrics 34, 38-45); `refit_without` estimates them anew for single cases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from naturalistic.stats.lmm.blocks import (
    FloatArray,
    IntArray,
    apply_symmetric,
    sum_by,
    sweep,
)
from naturalistic.stats.lmm.checks import FEWEST_GROUPS
from naturalistic.stats.lmm.describe import describe_fit, not_estimable_fit
from naturalistic.stats.lmm.notes import degenerate_fit
from naturalistic.stats.lmm.optimise import rough_minimum, sharpen
from naturalistic.stats.lmm.patients import packed_weights
from naturalistic.stats.lmm.result import FittedState, LinearMixedModelFit
from naturalistic.stats.lmm.statistics import keep_cells


@dataclass(frozen=True, slots=True)
class DeletionInfluence:
    """Fixed effects without each unit of a level, variance parameters held.

    Attributes
    ----------
    level : str
    ids : ndarray, shape (units,)
        The caller's identifiers.
    rows : ndarray, shape (units,)
        Rows deleted.
    coefficients : ndarray, shape (units, p)
        Fixed effects without the unit; NaN where the others do not identify them.
    standardised_change : ndarray, shape (units, p)
        (all rows minus without the unit) / standard error of all rows.
    cooks_distance : ndarray, shape (units,)
        ``d' C^-1 d / p`` with d the change and C the covariance of the fixed effects.
    """

    level: str
    ids: IntArray
    rows: FloatArray
    coefficients: FloatArray
    standardised_change: FloatArray
    cooks_distance: FloatArray


def _position(state: FittedState, level: str) -> int:
    names = [known.name for known in state.likelihood.structure.upper]
    if level not in names:
        raise ValueError(f"no level {level!r} above the patients; the model has {names}")
    return names.index(level)


def _cell_grams(state: FittedState) -> FloatArray:
    """``[X, y]'V^-1[X, y]`` of every cell with only the patients swept out, (cells, m, m)."""
    likelihood, theta = state.likelihood, state.evaluation.theta
    rows, structure = likelihood.rows, likelihood.structure
    weights = structure.weights(theta)
    gram = np.tensordot(weights, rows.gram, axes=1)
    if structure.patient is None:
        return gram
    spread = np.broadcast_to(weights, (rows.columns.count,))
    swept = sweep(rows.nested.gram * packed_weights(weights), structure.patient.covariance(theta))
    edges = np.searchsorted(rows.nested.cell, np.arange(rows.cells + 1))
    for cell, (first, last) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        products = rows.nested.products[:, first:last] * spread[:, None, None]
        weighted = apply_symmetric(swept.weight[:, first:last], products)
        gram[cell] -= np.einsum("aum,aun->mn", products, weighted)
    return gram


def _loss(weight: FloatArray, products: FloatArray) -> FloatArray:
    """``B'KB`` unit by unit, shape (units, m, m)."""
    return np.einsum("aum,aun->umn", products, apply_symmetric(weight, products))


def _grams_without(state: FittedState, position: int) -> FloatArray:
    """Swept cross-products without each unit of an upper level, nested case: (units, m, m)."""
    likelihood, swept = state.likelihood, state.evaluation.swept
    upper, levels = likelihood.upper, likelihood.structure.upper
    theta = state.evaluation.theta
    first = swept.nested[0]
    by_first = np.zeros((upper.counts[0], *swept.gram.shape))
    np.add.at(by_first, upper.chain[0], _cell_grams(state))
    by_first -= _loss(first.weight, first.products)
    if len(levels) == 1:
        return swept.gram - by_first
    above, count = upper.chain[1], upper.counts[1]
    second = swept.nested[1]
    losses = _loss(second.weight, second.products)
    if position == 1:
        by_second = np.zeros((count, *swept.gram.shape))
        np.add.at(by_second, above, by_first)
        return swept.gram - by_second + losses
    # without a therapist its service loses what the therapist passed upwards
    own = sweep(first.gram, levels[0].covariance(theta))
    passed = np.einsum("rcu,cum->rum", own.shrink, first.products)
    left = sweep(second.gram[:, above] - own.passed, levels[1].covariance(theta))
    remaining = _loss(left.weight, second.products[:, above] - passed)
    return swept.gram - by_first + losses[above] - remaining


def deletion_influence(fit: LinearMixedModelFit, level: str) -> DeletionInfluence:
    """Delete every therapist (or service) in turn, variance parameters held.

    A patient with several therapists keeps the rows with the others.

    Parameters
    ----------
    fit : LinearMixedModelFit
    level : str
        ``therapist`` or ``service``.

    Raises
    ------
    ValueError
        When the model was not fitted or has no such level.
    """
    state = fit.fitted()
    position = _position(state, level)
    likelihood, evaluation = state.likelihood, state.evaluation
    rows, upper = likelihood.rows, likelihood.upper
    codes, count = upper.codes[position], upper.counts[position]
    if upper.nested:
        grams = _grams_without(state, position)
    else:
        theta = evaluation.theta
        grams = np.stack(
            [
                replace(likelihood, rows=keep_cells(rows, codes != unit)).sweep(theta).gram
                for unit in range(count)
            ]
        )
    inner = _solve_each(grams)
    jacobian = rows.transform.jacobian()
    change = (evaluation.inner - inner) @ jacobian.T
    terms = rows.terms
    distance = np.einsum(
        "up,pq,uq->u",
        evaluation.inner - inner,
        evaluation.swept.gram[:terms, :terms],
        evaluation.inner - inner,
    ) / (terms * evaluation.residual_variance)
    ids = state.model.therapist_ids if level == "therapist" else state.model.service_ids
    deleted = sum_by(rows.cell_rows.sum(axis=0)[None], codes, count)[0]
    return DeletionInfluence(
        level, ids, deleted, fit.coefficients - change, change / fit.std_errors, distance
    )


def _solve_each(grams: FloatArray) -> FloatArray:
    """Coefficients from every swept cross-product; NaN where they are not identified."""
    out = np.full((len(grams), grams.shape[1] - 1), np.nan)
    for unit, gram in enumerate(grams):
        block = gram[:-1, :-1]
        size = np.sqrt(np.maximum(np.diag(block), 0.0))
        if np.all(size > 0.0) and np.linalg.cond(block / np.outer(size, size)) < 1e10:
            out[unit] = np.linalg.solve(block, gram[:-1, -1])
    return out


def jackknife_covariance(fit: LinearMixedModelFit, level: str) -> FloatArray:
    """Covariance of the fixed effects from leaving out each unit of the highest level.

    ``(G - 1) / G * sum of (b_g - b)(b_g - b)'``, b_g without unit g: the jackknife that behaves
    best with few clusters (CR3; Bell and McCaffrey 2002, Survey Methodology 28(2), 169-181; MacKinnon,
    Nielsen and Webb 2023, J. Econometrics 232, 272-299, eq. 15). Use t with G - 1 df.

    Parameters
    ----------
    fit : LinearMixedModelFit
    level : str
        The highest level of the model: its units must be independent of each other.

    Raises
    ------
    ValueError
        When the level is not the highest or a deletion leaves the fixed effects unidentified.
    """
    state = fit.fitted()
    if _position(state, level) != len(state.likelihood.structure.upper) - 1:
        raise ValueError(f"units of {level!r} share a higher level: leave that one out instead")
    found = deletion_influence(fit, level)
    change = found.coefficients - fit.coefficients
    if not np.isfinite(change).all():
        raise ValueError(f"some terms are identified by a single {level}: no jackknife")
    units = len(change)
    return change.T @ change * (units - 1) / units


def refit_without(fit: LinearMixedModelFit, level: str, identifier: int) -> LinearMixedModelFit:
    """The whole model without one therapist or service, variance parameters estimated anew.

    Parameters
    ----------
    fit : LinearMixedModelFit
    level : str
        ``therapist`` or ``service``.
    identifier : int
        As given to the fit.

    Raises
    ------
    ValueError
        When there is no such level or unit.
    """
    state = fit.fitted()
    position = _position(state, level)
    ids = state.model.therapist_ids if level == "therapist" else state.model.service_ids
    if identifier not in ids:
        raise ValueError(f"no {level} {identifier} in the model")
    codes = state.likelihood.upper.codes[position]
    keep = codes != int(np.searchsorted(ids, identifier))
    rows = keep_cells(state.likelihood.rows, keep)
    likelihood = replace(state.likelihood, rows=rows)
    held = [len(np.unique(code[keep])) for code in likelihood.upper.codes]
    names = [known.name for known in likelihood.structure.upper]
    counts = dict(zip(names, held, strict=True))
    model = replace(
        state.model,
        n_patients=rows.units if state.model.request.patient else state.model.n_patients,
        n_therapists=counts.get("therapist", 0),
        n_services=counts.get("service", 0),
    )
    reason = degenerate_fit(likelihood)
    if min(held) < FEWEST_GROUPS:
        reason = f"fewer than {FEWEST_GROUPS} groups are left without {level} {identifier}"
    if reason:
        return not_estimable_fit(model, fit.terms, fit.aliased, reason, fit.reml, fit.conf_level)
    optimum = sharpen(likelihood, rough_minimum(likelihood, start=state.evaluation.theta))
    return describe_fit(likelihood, optimum, model, fit.terms, fit.aliased, [], fit.conf_level)
