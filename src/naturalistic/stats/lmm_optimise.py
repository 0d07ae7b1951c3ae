"""Minimise the profiled deviance: derivative-free descent, then Newton steps to sharpen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from naturalistic.stats.lmm_blocks import FloatArray
from naturalistic.stats.lmm_curvature import Curvature, curvature
from naturalistic.stats.lmm_likelihood import Evaluation, LinearMixedLikelihood
from naturalistic.stats.lmm_structure import SINGULAR

# Decrease of the deviance that a further Newton step must promise to be worth taking, and the
# largest promise left at an optimum that is called converged.
_WORTH_A_STEP = 1e-11
_CONVERGED = 1e-6
_MOST_STEPS = 6


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
    likelihood: LinearMixedLikelihood, start: FloatArray, radius: float, final_radius: float
) -> FloatArray:
    """COBYQA (Ragonneau 2022) on theta within its bounds."""
    if not len(start):
        return start
    reference = likelihood.evaluate(start).deviance

    def objective(theta: FloatArray) -> float:
        try:
            return likelihood.evaluate(theta).deviance - reference
        except np.linalg.LinAlgError:
            # A trial point so extreme that the cross-products lose definiteness is no candidate.
            return np.inf

    found = optimize.minimize(
        objective,
        start,
        method="COBYQA",
        bounds=likelihood.structure.bounds(),
        options={"initial_tr_radius": radius, "final_tr_radius": final_radius},
    )
    return np.asarray(found.x, dtype=np.float64)


def settle_boundary(likelihood: LinearMixedLikelihood, theta: FloatArray) -> Evaluation:
    """Put relative standard deviations that have run into zero exactly there.

    With an intercept that does not vary, the slope's variance is held in the last element alone.
    """
    structure = likelihood.structure
    best = likelihood.evaluate(theta)
    for position in structure.diagonal:
        if 0.0 < best.theta[position] < 10.0 * SINGULAR:
            trial = best.theta.copy()
            trial[position] = 0.0
            for level in structure.levels:
                if level.effects == 2 and level.first == position:
                    trial[position + 2] = np.hypot(trial[position + 1], trial[position + 2])
                    trial[position + 1] = 0.0
            candidate = likelihood.evaluate(trial)
            if candidate.deviance <= best.deviance + 1e-9:
                best = candidate
    return best


def rough_minimum(
    likelihood: LinearMixedLikelihood,
    *,
    start: FloatArray | None = None,
    radius: float = 0.3,
) -> Evaluation:
    """Descend to within about 1e-5 of the (restricted) maximum-likelihood theta.

    Parameters
    ----------
    likelihood : LinearMixedLikelihood
    start : ndarray, optional
        Starting theta; the structure's own start by default.
    radius : float
        First trust-region radius.
    """
    theta = likelihood.structure.start() if start is None else start
    return settle_boundary(likelihood, descend(likelihood, theta, radius, 1e-5))


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
    converged = promise < _CONVERGED
    message = "" if converged else f"a further step would lower the deviance by {promise:.2g}"
    return Optimum(evaluation, bend, converged, message)
