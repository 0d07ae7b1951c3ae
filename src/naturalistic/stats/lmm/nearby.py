"""Find the minimum of a deviance from that of a model like it, without learning its shape anew.

Models of the same rows whose fixed effects differ have nearly the same variances and nearly the
same curvature, and so has a sample of the rows. Steps with that known curvature (the chord method,
Ortega and Rheinboldt 1970, Iterative Solution of Nonlinear Equations in Several Variables, section
7.1) need a gradient each and a handful of steps; what they lead to is the model's own minimum,
which `naturalistic.stats.lmm.optimise.sharpen` confirms with the model's own curvature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from naturalistic.stats.lmm.blocks import FloatArray
from naturalistic.stats.lmm.curvature import Curvature, gradient_steps
from naturalistic.stats.lmm.likelihood import Evaluation, LinearMixedLikelihood

# A remaining decrease of the deviance that one Newton step with the model's own curvature ends.
_NEAR_ENOUGH = 1e-3
_MOST_STEPS = 8


@dataclass(frozen=True, eq=False)
class Nearby:
    """The minimum of a model with the same random effects.

    Attributes
    ----------
    theta : ndarray
    free : list of int
        Positions of theta that were not held at the boundary.
    hessian : ndarray, shape (free, free)
        Of the deviance profiled over everything but theta, for one degree of freedom of the
        residuals.
    """

    theta: FloatArray
    free: list[int]
    hessian: FloatArray

    @classmethod
    def of(cls, evaluation: Evaluation, bend: Curvature) -> Nearby | None:
        """From an optimum; None where it is no minimum inside."""
        if not bend.free or not bend.positive:
            return None
        return cls(evaluation.theta, bend.free, bend.profiled() / evaluation.degrees)


def approach(
    likelihood: LinearMixedLikelihood, near: Nearby, start: FloatArray | None = None
) -> tuple[Evaluation, bool]:
    """Steps with the curvature of `near` from its theta.

    Parameters
    ----------
    likelihood : LinearMixedLikelihood
        With the random effects of `near`.
    near : Nearby
    start : ndarray, optional
        Another theta to start from.

    Returns
    -------
    Evaluation
        The best point found.
    bool
        Whether little is left to gain along the free positions.
    """
    bounds = np.array(likelihood.structure.bounds()).reshape(-1, 2)
    best = likelihood.evaluate(near.theta if start is None else start)
    for _ in range(_MOST_STEPS):
        inside = set(likelihood.structure.free(best.theta))
        place = [k for k, position in enumerate(near.free) if position in inside]
        free = [near.free[k] for k in place]
        if not free:
            return best, False
        gradient = _gradient(likelihood, best, free)
        hessian = near.hessian[np.ix_(place, place)] * best.degrees
        step = -linalg.solve(hessian, gradient, assume_a="pos")
        if -0.5 * gradient @ step < _NEAR_ENOUGH:
            return best, True
        moved = best.theta.copy()
        moved[free] += step
        try:
            candidate = likelihood.evaluate(np.clip(moved, bounds[:, 0], bounds[:, 1]))
        except np.linalg.LinAlgError:
            return best, False
        if not candidate.deviance < best.deviance:
            return best, False
        best = candidate
    return best, False


def _gradient(likelihood: LinearMixedLikelihood, centre: Evaluation, free: list[int]) -> FloatArray:
    """Central differences of the profiled deviance."""
    steps = gradient_steps(centre.theta[free])
    gradient = np.empty(len(free))
    for place, position in enumerate(free):
        ends = []
        for sign in (1.0, -1.0):
            theta = centre.theta.copy()
            theta[position] += sign * steps[place]
            ends.append(likelihood.evaluate(theta).deviance)
        gradient[place] = (ends[0] - ends[1]) / (2.0 * steps[place])
    return gradient
