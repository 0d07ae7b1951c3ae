"""Minimise the profiled deviance: quasi-Newton descent, then Newton steps to sharpen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from naturalistic.stats.lmm.blocks import FloatArray
from naturalistic.stats.lmm.curvature import Curvature, curvature
from naturalistic.stats.lmm.likelihood import Evaluation, LinearMixedLikelihood
from naturalistic.stats.lmm.nearby import Nearby, approach
from naturalistic.stats.lmm.statistics import keep_cells
from naturalistic.stats.lmm.structure import SINGULAR

# Decrease of the deviance that a further Newton step must promise to be worth taking, and the
# largest promise left at an optimum that is called converged.
_WORTH_A_STEP = 1e-11
_CONVERGED = 1e-6
_ROUNDING = 1e-12
_MOST_STEPS = 6
_NO_CANDIDATE = 1e30

# A sample for the starting values of a large model: patients wanted, and cells at least.
_SAMPLE_UNITS = 20_000
_SAMPLE_CELLS = 30

# A probe of the gradient at the boundary and steps along it (relative variances), and directions
# that span the symmetric matrices.
_PROBE = 1e-5
_INWARD = (1e-4, 1e-3, 1e-2, 1e-1)
_DIRECTIONS = {1: ((1.0,),), 2: ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0))}
_MOST_RESTARTS = 5


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the deviance is least.

    Attributes
    ----------
    evaluation : Evaluation
    curvature : Curvature
    converged : bool
    message : str
        Why not, when not converged.
    """

    evaluation: Evaluation
    curvature: Curvature
    converged: bool
    message: str


def descend(
    objective: Callable[[FloatArray], float],
    start: FloatArray,
    bounds: Sequence[tuple[float, float]],
    *,
    rows: int = 1,
) -> tuple[FloatArray, float]:
    """Minimise a deviance in a box by SLSQP (a dense quasi-Newton method) with forward differences.

    Parameters
    ----------
    objective : callable
        May raise `numpy.linalg.LinAlgError` at points so extreme that they are no candidates.
    start : ndarray
    bounds : sequence of pairs
    rows : int
        Rows behind the deviance, whose size sets the scale of the stopping rule.

    Returns
    -------
    ndarray, float
        The minimum and the value there.
    """
    if not len(start):
        return start, objective(start)
    reference = objective(start)
    scale = max(1.0, rows / 1000.0)

    def guarded(trial: FloatArray) -> float:
        try:
            return (objective(trial) - reference) / scale
        except np.linalg.LinAlgError:
            return _NO_CANDIDATE

    found = optimize.minimize(
        guarded,
        start,
        method="SLSQP",
        bounds=bounds,
        options={"eps": 1e-5, "ftol": 1e-10},
    )
    return np.asarray(found.x, dtype=np.float64), float(found.fun) * scale + reference


def _descend_from(likelihood: LinearMixedLikelihood, theta: FloatArray) -> Evaluation:
    found, _ = descend(
        lambda trial: likelihood.evaluate(trial).deviance,
        theta,
        likelihood.structure.bounds(),
        rows=likelihood.rows.rows,
    )
    return settle_boundary(likelihood, found)


def _sampled(likelihood: LinearMixedLikelihood) -> LinearMixedLikelihood | None:
    """The likelihood of every k-th cell of a large model; None where all of it is quick enough."""
    rows = likelihood.rows
    stride = rows.units // _SAMPLE_UNITS
    if stride < 3 or rows.cells < stride * _SAMPLE_CELLS or rows.collapsed is not None:
        return None
    return replace(likelihood, rows=keep_cells(rows, np.arange(rows.cells) % stride == 0))


def _first_descent(likelihood: LinearMixedLikelihood, near: Nearby | None) -> Evaluation:
    """The minimum from the structure's start; of large models from a model like it, or a sample.

    A sample that does not identify the fixed effects is no use and is passed over.
    """
    start, sample = likelihood.structure.start(), _sampled(likelihood)
    if sample is None:
        return _descend_from(likelihood, start)
    if near is None or len(near.theta) != len(start):
        try:
            found = _descend_from(sample, start)
            near, start = Nearby.of(found, curvature(sample, found)), found.theta
        except np.linalg.LinAlgError:
            near = None
    if near is None:
        return _descend_from(likelihood, start)
    best, close = approach(likelihood, near)
    return best if close else _descend_from(likelihood, best.theta)


def _at_zero(likelihood: LinearMixedLikelihood, theta: FloatArray, position: int) -> FloatArray:
    """`theta` with one relative standard deviation at zero, in its one canonical form.

    With an intercept that does not vary, the slope's variance is held in the last element alone.
    """
    moved = theta.copy()
    moved[position] = 0.0
    for level in likelihood.structure.levels:
        if level.effects == 2 and level.first == position:
            moved[position + 2] = np.hypot(moved[position + 1], moved[position + 2])
            moved[position + 1] = 0.0
    return moved


def settle_boundary(likelihood: LinearMixedLikelihood, theta: FloatArray) -> Evaluation:
    """Put relative standard deviations that have run into zero exactly there."""
    best = likelihood.evaluate(theta)
    for position in likelihood.structure.diagonal:
        if best.theta[position] < 10.0 * SINGULAR:
            candidate = likelihood.evaluate(_at_zero(likelihood, best.theta, position))
            if candidate.deviance <= best.deviance + 1e-9:
                best = candidate
    return best


def _factor_theta(covariance: FloatArray) -> FloatArray:
    """Elements of the lower factor of a covariance, after its negative eigenvalues became zero."""
    values, vectors = np.linalg.eigh(covariance)
    nearest = (vectors * np.maximum(values, 0.0)) @ vectors.T
    first = float(np.sqrt(nearest[0, 0]))
    if len(values) == 1:
        return np.array([first])
    off = float(nearest[0, 1]) / first if first > 0.0 else 0.0
    return np.array([first, off, float(np.sqrt(max(nearest[1, 1] - off**2, 0.0)))])


def _inward(likelihood: LinearMixedLikelihood, best: Evaluation) -> Iterator[Evaluation]:
    """Trials along the projected gradient from every covariance that has no full rank.

    The deviance is differentiable in a covariance D everywhere, in its factor only away from the
    boundary; its gradient G in D is found from small positive semi-definite additions to D.
    """
    for level in likelihood.structure.levels:
        part = slice(level.first, level.first + level.size)
        if level.occasions or np.all(best.theta[part][[0, 2][: level.effects]] > 0.0):
            continue

        def at(covariance: FloatArray, part: slice = part) -> Evaluation:
            theta = best.theta.copy()
            theta[part] = _factor_theta(covariance)
            return likelihood.evaluate(theta)

        factor = level.factor(best.theta)
        here = factor @ factor.T
        slopes = [
            (at(here + _PROBE * np.outer(v, v)).deviance - best.deviance) / _PROBE
            for v in (np.array(_DIRECTIONS[level.effects]))
        ]
        gradient = np.array([[slopes[0]]])
        if level.effects == 2:
            cross = (slopes[2] - slopes[0] - slopes[1]) / 2.0
            gradient = np.array([[slopes[0], cross], [cross, slopes[1]]])
        steepness = float(np.linalg.norm(gradient))
        for length in _INWARD if steepness > 0.0 else ():
            yield at(here - length * gradient / steepness)


def rough_minimum(
    likelihood: LinearMixedLikelihood,
    *,
    start: FloatArray | None = None,
    near: Nearby | None = None,
) -> Evaluation:
    """Descend to within about 1e-5 of the (restricted) maximum-likelihood theta.

    The deviance is even in every relative standard deviation, so that zero is always a stationary
    point of theta; a descent that ends there is continued wherever a step inwards lowers it.

    Parameters
    ----------
    likelihood : LinearMixedLikelihood
    start : ndarray, optional
        Starting theta; by default the structure's, or one that a sample of a large model gives.
    near : Nearby, optional
        Minimum of a model like this one, which makes the search in a large model shorter.
    """
    best = _first_descent(likelihood, near) if start is None else _descend_from(likelihood, start)
    for _ in range(_MOST_RESTARTS):
        trials = _inward(likelihood, best)
        inside = min(trials, key=lambda trial: trial.deviance, default=best)
        if inside.deviance >= best.deviance - max(1e-7, 1e-12 * abs(best.deviance)):
            break
        best = _descend_from(likelihood, inside.theta)
    return best


def sharpen(likelihood: LinearMixedLikelihood, evaluation: Evaluation) -> Optimum:
    """Newton steps from a rough minimum, and the curvature there."""
    bounds = np.array(likelihood.structure.bounds()).reshape(-1, 2)
    for _ in range(_MOST_STEPS):
        bend = curvature(likelihood, evaluation)
        if not bend.positive:
            return Optimum(evaluation, bend, False, "the likelihood has no clear maximum")
        step, promise = bend.newton_step()
        if promise < _WORTH_A_STEP:
            return Optimum(evaluation, bend, True, "")
        moved = evaluation.theta.copy()
        moved[bend.free] += step
        candidate = likelihood.evaluate(np.clip(moved, bounds[:, 0], bounds[:, 1]))
        # the sum over rows carries rounding of this size
        rounding = 1e-13 * abs(evaluation.deviance)
        if candidate.deviance > evaluation.deviance + rounding:
            break
        small = bool(np.all(np.abs(step) < 1e-4 * np.maximum(np.abs(moved[bend.free]), 0.1)))
        evaluation = settle_boundary(likelihood, candidate.theta)
        if small and likelihood.structure.free(evaluation.theta) == bend.free:
            return Optimum(evaluation, bend, True, "")
    bend = curvature(likelihood, evaluation)
    promise = bend.newton_step()[1] if bend.positive else np.inf
    # with millions of rows the deviance itself is not known more exactly than this
    converged = promise < max(_CONVERGED, _ROUNDING * abs(evaluation.deviance))
    message = "" if converged else f"a further step would lower the deviance by {promise:.2g}"
    return Optimum(evaluation, bend, converged, message)
