"""Predicted random effects (BLUPs) of patients, therapists and services, with their spread.

Given the variance parameters the effects have a normal conditional distribution. From the top level
down (a service, its therapists, their patients) with ``h = Z'V^-1 (y - X beta)`` and ``Q``, ``K``
of `naturalistic.stats.lmm_blocks`:

    u = K (h - Q v),   Var(u) = sigma^2 (K + K Q C Q K)

where v are the summed effects above and C their conditional covariance. This is the convention of
lme4's ``ranef(condVar = TRUE)``: the fixed effects are taken as known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from naturalistic.stats.linear_mixed_model import FittedState, LinearMixedModelFit
from naturalistic.stats.lmm_blocks import FloatArray, IntArray, sweep, unpack
from naturalistic.stats.lmm_crossed import CrossedUpper, level_offsets
from naturalistic.stats.lmm_patients import packed_weights
from naturalistic.stats.lmm_structure import Level


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


@dataclass(frozen=True, slots=True)
class UpperEffects:
    """Effects of the upper levels on the random-effect columns.

    Attributes
    ----------
    by_level : list of ndarray, each shape (passed, units)
    covariance_by_level : list of ndarray, each shape (units, passed, passed)
        Relative to the residual variance.
    by_cell : ndarray, shape (passed, cells)
        Sum over the levels.
    covariance_by_cell : ndarray, shape (cells, passed, passed)
    """

    by_level: list[FloatArray]
    covariance_by_level: list[FloatArray]
    by_cell: FloatArray
    covariance_by_cell: FloatArray


def residual_products(products: FloatArray, inner: FloatArray) -> FloatArray:
    """``Z'(y - X beta)`` from ``Z'[X, y]``, shape (columns, units)."""
    return products[..., -1] - products[..., :-1] @ inner


def upper_effects(state: FittedState, *, with_covariance: bool) -> UpperEffects:
    """Solve the upper levels, nested or crossed.

    Parameters
    ----------
    state : FittedState
    with_covariance : bool
        The conditional covariances too; for crossed levels they cost a solve per unit, and without
        them their arrays are empty.
    """
    likelihood, evaluation = state.likelihood, state.evaluation
    if not likelihood.structure.upper:
        cells, passed = likelihood.rows.cells, likelihood.structure.passed
        return UpperEffects([], [], np.zeros((passed, cells)), np.zeros((cells, passed, passed)))
    if evaluation.swept.crossed is not None:
        return _crossed_effects(state, evaluation.swept.crossed, with_covariance=with_covariance)
    return _nested_effects(state)


def _nested_effects(state: FittedState) -> UpperEffects:
    likelihood, evaluation = state.likelihood, state.evaluation
    chain = likelihood.upper.chain
    passed = likelihood.structure.passed
    total = np.zeros((passed, 1))
    spread = np.zeros((1, passed, passed))
    effects: list[FloatArray] = []
    spreads: list[FloatArray] = []
    for depth in reversed(range(len(chain))):
        node = evaluation.swept.nested[depth]
        units = node.gram.shape[1]
        above = chain[depth + 1] if depth + 1 < len(chain) else np.zeros(units, dtype=np.int64)
        gram, weight = unpack(node.gram), unpack(node.weight)
        score = residual_products(node.products, evaluation.inner).T
        upper, upper_spread = total.T[above], spread[above]
        own = np.einsum("uab,ub->ua", weight, score - np.einsum("uab,ub->ua", gram, upper))
        pull = weight @ gram
        keep = np.eye(passed) - pull
        spreads.insert(0, weight + pull @ upper_spread @ np.swapaxes(pull, 1, 2))
        effects.insert(0, own.T)
        total = (own + upper).T
        spread = weight + keep @ upper_spread @ np.swapaxes(keep, 1, 2)
    cell = chain[0]
    return UpperEffects(effects, spreads, total[:, cell], spread[cell])


@dataclass(frozen=True, slots=True)
class _CellSelectors:
    """Positions in the joint system, and loaded factors, of everything above a cell."""

    index: IntArray
    factor: FloatArray


def _cell_selectors(state: FittedState) -> _CellSelectors:
    structure, upper = state.likelihood.structure, state.likelihood.upper
    offsets = level_offsets(structure, upper.counts)
    index, factors = [], []
    for position, (level, count) in enumerate(zip(structure.upper, upper.counts, strict=True)):
        first = offsets[position] + count * np.arange(level.effects)
        index.append(upper.codes[position][:, None] + first[None])
        factors.append(level.loading @ level.factor(state.evaluation.theta))
    return _CellSelectors(np.concatenate(index, axis=1), np.concatenate(factors, axis=1))


def _crossed_effects(
    state: FittedState, crossed: CrossedUpper, *, with_covariance: bool
) -> UpperEffects:
    likelihood, evaluation = state.likelihood, state.evaluation
    structure, upper = likelihood.structure, likelihood.upper
    solved = crossed.solution[:, -1] - crossed.solution[:, :-1] @ evaluation.inner
    offsets = level_offsets(structure, upper.counts)
    by_cell = np.zeros((structure.passed, likelihood.rows.cells))
    effects, spreads = [], []
    for position, (level, count) in enumerate(zip(structure.upper, upper.counts, strict=True)):
        factor = level.loading @ level.factor(evaluation.theta)
        part = solved[offsets[position] : offsets[position + 1]].reshape(-1, count)
        effects.append(factor @ part)
        by_cell += effects[-1][:, upper.codes[position]]
        if not with_covariance:
            continue
        first = offsets[position] + count * np.arange(level.effects)
        index = np.arange(count)[:, None] + first[None]
        repeated = np.broadcast_to(factor, (count, *factor.shape))
        spreads.append(_block_covariance(crossed, index, repeated))
    cells = _cell_selectors(state)
    if not with_covariance:
        return UpperEffects(effects, [], by_cell, np.zeros((0, *cells.factor.shape[:1] * 2)))
    repeated = np.broadcast_to(cells.factor, (len(cells.index), *cells.factor.shape))
    return UpperEffects(
        effects, spreads, by_cell, _block_covariance(crossed, cells.index, repeated)
    )


# Right-hand sides solved at a time for the conditional covariances of crossed effects.
_SOLVE_AT_ONCE = 512


def _block_covariance(crossed: CrossedUpper, index: IntArray, factor: FloatArray) -> FloatArray:
    """``F M^-1[index, index] F'`` for every unit; index (units, k), factor (units, passed, k)."""
    units, width = index.shape
    size = crossed.solution.shape[0]
    inverse = np.empty((units, width, width))
    step = max(1, _SOLVE_AT_ONCE // width)
    for start in range(0, units, step):
        part = index[start : start + step]
        flat = part.ravel()
        right = np.zeros((size, flat.size))
        right[flat, np.arange(flat.size)] = 1.0
        solved = crossed.solve(right).reshape(size, *part.shape)
        taken = solved[part][np.arange(len(part)), :, np.arange(len(part))]
        inverse[start : start + step] = taken
    return factor @ inverse @ np.swapaxes(factor, 1, 2)


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
    cells = _cell_selectors(state)
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
        out[units] = _block_covariance(crossed, index, factor)
    return out
