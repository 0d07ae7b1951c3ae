"""Predicted effects of therapists and services on the random-effect columns.

See `naturalistic.stats.lmm.predictions` for the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from naturalistic.stats.lmm.blocks import FloatArray, IntArray, unpack
from naturalistic.stats.lmm.crossed import CrossedUpper, level_offsets
from naturalistic.stats.lmm.result import FittedState


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
class CellSelectors:
    """Positions in the joint system, and loaded factors, of everything above a cell."""

    index: IntArray
    factor: FloatArray


def cell_selectors(state: FittedState) -> CellSelectors:
    """Where everything above each cell stands in a crossed model's joint system."""
    structure, upper = state.likelihood.structure, state.likelihood.upper
    offsets = level_offsets(structure, upper.counts)
    index, factors = [], []
    for position, (level, count) in enumerate(zip(structure.upper, upper.counts, strict=True)):
        first = offsets[position] + count * np.arange(level.effects)
        index.append(upper.codes[position][:, None] + first[None])
        factors.append(level.loading @ level.factor(state.evaluation.theta))
    return CellSelectors(np.concatenate(index, axis=1), np.concatenate(factors, axis=1))


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
        spreads.append(block_covariance(crossed, index, repeated))
    cells = cell_selectors(state)
    if not with_covariance:
        return UpperEffects(effects, [], by_cell, np.zeros((0, *cells.factor.shape[:1] * 2)))
    repeated = np.broadcast_to(cells.factor, (len(cells.index), *cells.factor.shape))
    return UpperEffects(effects, spreads, by_cell, block_covariance(crossed, cells.index, repeated))


# Right-hand sides solved at a time for the conditional covariances of crossed effects.
_SOLVE_AT_ONCE = 512


def block_covariance(crossed: CrossedUpper, index: IntArray, factor: FloatArray) -> FloatArray:
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
