"""Predicted random effects (BLUPs) of patients, therapists and services, with their spread.

Given the variance parameters the effects have a normal conditional distribution. From the top level
down (a service, its therapists, their patients) with ``h = Z'V^-1 (y - X beta)`` and ``Q``, ``K``
of `naturalistic.stats.lmm.blocks`:

    u = K (h - Q v),   Var(u) = sigma^2 (K + K Q C Q K)

where v are the summed effects above and C their conditional covariance. This is the convention of
lme4's ``ranef(condVar = TRUE)``: the fixed effects are taken as known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from naturalistic.stats.lmm.blocks import FloatArray, IntArray, sweep, unpack
from naturalistic.stats.lmm.patients import packed_weights
from naturalistic.stats.lmm.result import FittedState, LinearMixedModelFit
from naturalistic.stats.lmm.structure import Level
from naturalistic.stats.lmm.upper_effects import (
    UpperEffects,
    block_covariance,
    cell_selectors,
    residual_products,
    upper_effects,
)


@dataclass(frozen=True, slots=True)
class RandomEffects:
    """Predicted effects of the units of one level.

    Attributes
    ----------
    level : str
    ids : ndarray, shape (units,)
        The caller's identifiers.
    names : tuple of str
        ``intercept`` and, with a slope, ``slope`` (per unit of the original time).
    effects : ndarray, shape (units, len(names))
    covariances : ndarray, shape (units, len(names), len(names))
        Conditional covariance of each unit's effects.
    """

    level: str
    ids: IntArray
    names: tuple[str, ...]
    effects: FloatArray
    covariances: FloatArray

    @property
    def std_errors(self) -> FloatArray:
        """Conditional standard errors, shape (units, len(names))."""
        return np.sqrt(np.maximum(np.einsum("ukk->uk", self.covariances), 0.0))


def random_effects(fit: LinearMixedModelFit, level: str) -> RandomEffects:
    """Best linear unbiased predictions of one level's effects with conditional covariances.

    Parameters
    ----------
    fit : LinearMixedModelFit
    level : str
        ``patient``, ``therapist`` or ``service``. Patients of a two-occasion model with an
        unstructured covariance have no separate effect.

    Raises
    ------
    ValueError
        When the model has no such level.
    """
    state = fit.fitted()
    structure = state.likelihood.structure
    upper = upper_effects(state, with_covariance=True)
    for position, candidate in enumerate(structure.upper):
        if candidate.name == level:
            ids = state.model.therapist_ids if level == "therapist" else state.model.service_ids
            effects, spread = upper.by_level[position], upper.covariance_by_level[position]
            return _in_original_time(fit, candidate, ids, effects, spread)
    if level != "patient" or structure.patient is None or structure.patient.occasions:
        known = [c.name for c in structure.levels if not c.occasions]
        raise ValueError(f"no random effects of {level!r} in the model, which has {known}")
    effects, spread = patient_effects(state, upper, with_covariance=True)
    return _in_original_time(fit, structure.patient, state.model.patient_ids, effects, spread)


def _in_original_time(
    fit: LinearMixedModelFit, level: Level, ids: IntArray, effects: FloatArray, spread: FloatArray
) -> RandomEffects:
    """From effects on the random-effect columns to intercept and slope in the original time."""
    state = fit.fitted()
    back = state.likelihood.structure.columns.to_original_time(level.effects)
    matrix = back @ linalg.pinv(level.loading)
    covariances = state.evaluation.residual_variance * (matrix @ spread @ matrix.T)
    names = ("intercept", "slope")[: level.effects]
    return RandomEffects(level.name, ids, names, (matrix @ effects).T, covariances)


def patient_effects(
    state: FittedState, upper: UpperEffects, *, with_covariance: bool
) -> tuple[FloatArray, FloatArray]:
    """Effects of the first-level units on the random-effect columns, in the order of their codes.

    Returns
    -------
    effects : ndarray, shape (columns, units)
    covariances : ndarray, shape (units, columns, columns)
        Relative to the residual variance; of length zero unless asked for.
    """
    rows, structure = state.likelihood.rows, state.likelihood.structure
    theta, inner, count = state.evaluation.theta, state.evaluation.inner, rows.columns.count
    weights = np.broadcast_to(structure.weights(theta), (count,))
    level = structure.patient
    units = rows.units
    effects = np.zeros((count, units))
    spreads = np.zeros((units if with_covariance else 0, count, count))
    if level is None:
        return effects, spreads
    covariance = level.covariance(theta)
    lift = np.zeros((rows.cells, count))
    lift[:, : structure.passed] = upper.by_cell.T
    packed = packed_weights(structure.weights(theta))
    nested = rows.nested
    swept = sweep(nested.gram * packed, covariance)
    weight, gram = unpack(swept.weight), unpack(nested.gram * packed)
    score = weights * residual_products(nested.products, inner).T
    above = np.einsum("uab,ub->ua", gram, lift[nested.cell])
    effects[:, nested.code] = np.einsum("uab,ub->ua", weight, score - above).T
    if with_covariance:
        upper_spread = np.zeros((rows.cells, count, count))
        upper_spread[:, : structure.passed, : structure.passed] = upper.covariance_by_cell
        pull = weight @ gram
        spreads[nested.code] = weight + pull @ upper_spread[nested.cell] @ np.swapaxes(pull, 1, 2)
    if rows.crossing is not None:
        _add_crossing_patients(state, lift, packed, weights, effects, spreads)
    return effects, spreads


def _add_crossing_patients(
    state: FittedState,
    lift: FloatArray,
    packed: FloatArray,
    weights: FloatArray,
    effects: FloatArray,
    spreads: FloatArray,
) -> None:
    """Effects of patients with several therapists; their spread needs the joint inverse."""
    crossing, level = state.likelihood.rows.crossing, state.likelihood.structure.patient
    if crossing is None or level is None:
        return
    swept = sweep(crossing.gram * packed, level.covariance(state.evaluation.theta))
    weight = unpack(swept.weight)
    segment = unpack(crossing.segment_gram * packed)
    above = np.zeros((len(weight), weight.shape[1]))
    pull = np.einsum("sab,sb->sa", segment, lift[crossing.segment_cell])
    np.add.at(above, crossing.segment_unit, pull)
    score = weights * residual_products(crossing.products, state.evaluation.inner).T
    effects[:, crossing.code] = np.einsum("uab,ub->ua", weight, score - above).T
    if len(spreads):
        spreads[crossing.code] = weight + weight @ _segment_spread(state, segment) @ weight


def _segment_spread(state: FittedState, segment: FloatArray) -> FloatArray:
    """``Var(sum over segments of A_s times the effects above)`` of every crossing patient."""
    crossing, crossed = state.likelihood.rows.crossing, state.evaluation.swept.crossed
    if crossing is None or crossed is None:
        raise ValueError("only a crossed model has crossing patients")
    cells = cell_selectors(state)
    passed = cells.factor.shape[0]
    counts = np.bincount(crossing.segment_unit)
    starts = np.cumsum(counts) - counts
    out = np.empty((len(counts), segment.shape[1], segment.shape[1]))
    for held in np.unique(counts):
        units = np.flatnonzero(counts == held)
        chosen = starts[units][:, None] + np.arange(held)[None]
        index = cells.index[crossing.segment_cell[chosen]].reshape(len(units), -1)
        factor = segment[chosen][..., :passed] @ cells.factor
        factor = np.moveaxis(factor, 1, 2).reshape(len(units), segment.shape[1], -1)
        out[units] = block_covariance(crossed, index, factor)
    return out
