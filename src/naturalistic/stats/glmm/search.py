"""The search around the optimiser: parameters that end at the edge of their range.

A variance of zero and an infinite theta are legitimate maximum likelihood estimates. Both are
found by comparing with the smaller model that holds there exactly, so that the reported
log-likelihood is the supremum and not a point on the way to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from naturalistic.stats.glmm.families import Family, NegativeBinomial, Poisson
from naturalistic.stats.glmm.likelihood import Model, Modes
from naturalistic.stats.glmm.optimise import Optimum, maximise
from naturalistic.stats.glmm.quadrature import adaptive_quadrature
from naturalistic.stats.glmm.start import information_guess, starting_vector
from naturalistic.stats.glmm.structure import NoFactor, OneFactor, Structure
from naturalistic.stats.glmm.two_factors import TwoFactors

Array = NDArray[np.float64]

# standard deviations below this (log odds or log rate) are compared with zero
_SMALL_SPREAD = 0.05
# spreads tried before a zero is believed
_SPREADS_TO_TRY = (0.1, 0.3, 0.7)
_SAME_LIKELIHOOD = 1e-7


@dataclass(frozen=True, slots=True)
class Solution:
    """Maximum likelihood estimates of the model that was kept.

    Attributes
    ----------
    model : Model
        Without the factors whose variance is zero; Poisson where theta is infinite.
    active : tuple of int
        Factors (of the structure asked for) with a positive variance.
    optimum : Optimum
        Parameters of `model`.
    modes : Modes
        Random effects there.
    theta_infinite : bool
        The negative binomial ended at its Poisson limit.
    """

    model: Model
    active: tuple[int, ...]
    optimum: Optimum
    modes: Modes
    theta_infinite: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be maximised.

    Attributes
    ----------
    basis : ndarray, shape (n, p)
        Orthogonal design.
    offset : ndarray of shape (n,) or float
    family : Family
    groups : tuple of ndarray of int, shape (n,)
        Level of each row for each factor.
    n_levels : tuple of int
    quadrature_points : int
    """

    basis: Array
    offset: Array | float
    family: Family
    groups: tuple[NDArray[np.int64], ...]
    n_levels: tuple[int, ...]
    quadrature_points: int

    def structure(self, active: tuple[int, ...]) -> Structure:
        """Linear algebra for the factors in `active`."""
        if not active:
            return NoFactor(len(self.basis))
        if len(active) == 1:
            return OneFactor(self.groups[active[0]], self.n_levels[active[0]])
        first, second = active
        return TwoFactors(
            self.groups[first],
            self.groups[second],
            (self.n_levels[first], self.n_levels[second]),
        )


def search(problem: Problem, coefficients: Array, eta: Array) -> Solution:
    """Maximise the likelihood; `coefficients` and `eta` come from the plain regression."""
    solution = _maximise(problem, tuple(range(len(problem.groups))), coefficients, eta)
    solution = _without_empty_spreads(problem, solution, coefficients, eta)
    family = problem.family
    if isinstance(family, NegativeBinomial):
        limit = replace(problem, family=Poisson(family.counts))
        parameters = solution.model.unpack(solution.optimum.parameters)
        near = parameters.theta > 30.0 * max(1.0, float(np.mean(family.counts)))
        if near or not solution.optimum.converged:
            poisson = search(limit, coefficients, eta)
            rise = solution.optimum.log_likelihood - poisson.optimum.log_likelihood
            if rise <= _SAME_LIKELIHOOD:
                return replace(poisson, theta_infinite=True)
    return solution


def _without_empty_spreads(
    problem: Problem, solution: Solution, coefficients: Array, eta: Array
) -> Solution:
    while solution.active:
        p = solution.model.n_coefficients
        spreads = np.abs(solution.optimum.parameters[p : p + len(solution.active)])
        smallest = int(np.argmin(spreads))
        if spreads[smallest] > _SMALL_SPREAD:
            break
        fewer = tuple(k for j, k in enumerate(solution.active) if j != smallest)
        smaller = _maximise(problem, fewer, coefficients, eta)
        if solution.optimum.log_likelihood > smaller.optimum.log_likelihood + _SAME_LIKELIHOOD:
            break
        retry = _better_spread(problem, solution, smallest)
        if retry is not None:
            return retry
        solution = smaller
    return solution


def _better_spread(problem: Problem, solution: Solution, factor: int) -> Solution | None:
    """Search again from a larger spread where the likelihood is higher there than at zero."""
    model, best = solution.model, solution.optimum
    objective = Objective(model, problem.quadrature_points)
    for spread in _SPREADS_TO_TRY:
        vector = best.parameters.copy()
        vector[model.n_coefficients + factor] = spread
        if objective(vector)[0] > best.log_likelihood + _SAME_LIKELIHOOD:
            return _from_vector(problem, model, solution.active, vector)
    return None


def _maximise(
    problem: Problem, active: tuple[int, ...], coefficients: Array, eta: Array
) -> Solution:
    model = Model(problem.basis, problem.offset, problem.family, problem.structure(active))
    return _from_vector(problem, model, active, starting_vector(model, coefficients, eta))


def _from_vector(
    problem: Problem, model: Model, active: tuple[int, ...], vector: Array
) -> Solution:
    objective = Objective(model, problem.quadrature_points)
    optimum = maximise(objective, vector, information_guess(model, vector))
    modes = model.modes(model.unpack(optimum.parameters), objective.effects)
    return Solution(
        model, active, replace(optimum, converged=optimum.converged and modes.converged), modes
    )


class Objective:
    """Log-likelihood and gradient of a flat vector; modes start where the last search ended."""

    def __init__(self, model: Model, quadrature_points: int) -> None:
        self.model = model
        self.quadrature_points = quadrature_points
        self.effects = model.zero_effects()

    def __call__(self, vector: Array) -> tuple[float, Array]:
        """Evaluate at a flat parameter vector."""
        parameters = self.model.unpack(vector)
        modes = self.model.modes(parameters, self.effects)
        self.effects = modes.effects
        if self.quadrature_points > 1 and self.model.n_factors:
            return adaptive_quadrature(self.model, parameters, modes, self.quadrature_points)
        return self.model.laplace(parameters, modes)
