"""Marginal log-likelihood of a generalised mixed model and its exact gradient.

With standardised effects u ~ N(0, I), linear predictor ``eta = offset + Q g + Z S u`` and row log
densities f, the Laplace approximation is (Pinheiro & Bates 1995, J Comput Graph Stat 4, eq. 7;
Bates et al. 2015, J Stat Softw 67(1))

    l(g, S, theta) = sum f(eta^) - |u^|^2 / 2 - log|H| / 2,     H = I + S Z' W Z S,

where u^ maximises ``sum f - |u|^2 / 2`` and W = -f''. The gradient follows by the chain rule
through u^: with ``v = diag(Z S H^-1 S Z')``, ``w' = dW/d eta`` and
``q = -H^-1 S Z'(w' v) / 2``, any parameter that moves the linear predictor by a vector a (u fixed)
changes l by ``a'(f' - w' v / 2 - W Z S q)``, to which the standard deviations add the terms in
which they scale the effects. Adaptive Gauss-Hermite quadrature for one factor is in
`naturalistic.stats.glmm.quadrature`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naturalistic.stats.glmm.families import Family, RowTerms, ThetaTerms
from naturalistic.stats.glmm.structure import Effects, Structure, System

Array = NDArray[np.float64]

# effects closer than this to their mode (in standard deviations) count as converged: the error
# left in the log-likelihood is of second order in it
_MODE_TOLERANCE = 1e-9
_MODE_ITERATIONS = 200
_LARGEST_STEP = 2.0
SMALLEST_LOG_THETA = -9.0


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of the model in the basis the engine works in.

    Attributes
    ----------
    coefficients : ndarray, shape (p,)
        Coefficients of the orthogonal basis.
    standard_deviations : ndarray, shape (k,)
        One for every random factor; the likelihood is even in each, so a sign means nothing.
    theta : float
        NB2 size; 1.0 where the family has none.
    theta_is_free : bool
        False where log theta was held at a limit.
    """

    coefficients: Array
    standard_deviations: Array
    theta: float
    theta_is_free: bool


@dataclass(frozen=True, slots=True)
class Modes:
    """Random effects at their joint conditional mode and what was computed there."""

    effects: Effects
    eta: Array
    terms: RowTerms
    system: System
    converged: bool


class Model:
    """Data of one fit: orthogonal basis (n, p), offset (n,), family and structure."""

    def __init__(
        self, basis: Array, offset: Array | float, family: Family, structure: Structure
    ) -> None:
        self.basis = basis
        self.offset = offset
        self.family = family
        self.structure = structure
        self.n_coefficients = basis.shape[1]
        self.n_factors = len(structure.n_levels)
        self.n_parameters = self.n_coefficients + self.n_factors + int(family.has_theta)
        # beyond this theta the negative binomial differs from the Poisson by less than 1 part in
        # 100,000 of the variance at the mean count
        mean_count = float(np.mean(family.observed())) if family.has_theta else 1.0
        self.largest_log_theta = float(np.log(1e5 * max(1.0, mean_count)))

    def unpack(self, vector: Array) -> Parameters:
        """Parameters from the flat vector (coefficients, standard deviations, log theta)."""
        p, k = self.n_coefficients, self.n_factors
        if not self.family.has_theta:
            return Parameters(vector[:p], vector[p:], 1.0, True)
        log_theta = float(vector[p + k])
        held = min(max(log_theta, SMALLEST_LOG_THETA), self.largest_log_theta)
        return Parameters(vector[:p], vector[p : p + k], float(np.exp(held)), held == log_theta)

    def zero_effects(self) -> Effects:
        """Random effects at their mean."""
        return tuple(np.zeros(levels) for levels in self.structure.n_levels)

    def modes(self, parameters: Parameters, start: Effects) -> Modes:
        """Newton's method for all effects at once, halving steps that lose ground."""
        fixed = self.offset + self.basis @ parameters.coefficients
        sds, structure = parameters.standard_deviations, self.structure
        effects, best = start, -np.inf
        step: Effects = self.zero_effects()
        for _ in range(_MODE_ITERATIONS):
            eta = fixed + structure.spread(sds, effects)
            terms = self.family.terms(eta, parameters.theta)
            height = float(np.sum(terms.value)) - sum(float(u @ u) for u in effects) / 2.0
            # the slack is rounding error of the sum, not of the step
            if height < best - 1e-10 * (1.0 + abs(best)):
                step = tuple(s / 2.0 for s in step)
                effects = tuple(u - s for u, s in zip(effects, step, strict=True))
                continue
            best = height
            system = structure.system(terms.curvature, sds)
            slopes = structure.gather(terms.first)
            step = system.solve(
                tuple(sd * g - u for sd, g, u in zip(sds, slopes, effects, strict=True))
            )
            if all(np.max(np.abs(s), initial=0.0) < _MODE_TOLERANCE for s in step):
                return Modes(effects, eta, terms, system, converged=True)
            step = structure.shorten(step, sds, _LARGEST_STEP)
            effects = tuple(u + s for u, s in zip(effects, step, strict=True))
        return Modes(effects, eta, terms, structure.system(terms.curvature, sds), converged=False)

    def laplace(self, parameters: Parameters, modes: Modes) -> tuple[float, Array]:
        """Laplace log-likelihood with all constants, and its gradient in the flat vector."""
        sds, structure, terms = parameters.standard_deviations, self.structure, modes.terms
        value = (
            float(np.sum(terms.value))
            - sum(float(u @ u) for u in modes.effects) / 2.0
            - modes.system.log_determinant() / 2.0
            + self.family.constant(parameters.theta)
        )
        leverage = modes.system.leverage()
        half_slope = terms.curvature_slope * leverage.row / 2.0
        pull = modes.system.solve(
            tuple(-sd * g for sd, g in zip(sds, structure.gather(half_slope), strict=True))
        )
        row = terms.first - half_slope - terms.curvature * structure.spread(sds, pull)
        gradient = np.empty(self.n_parameters)
        gradient[: self.n_coefficients] = row @ self.basis
        slopes = structure.gather(terms.first)
        by_level = structure.gather(row)
        for k, effects in enumerate(modes.effects):
            gradient[self.n_coefficients + k] = (
                effects @ by_level[k]
                + pull[k] @ slopes[k]
                - terms.curvature @ leverage.by_factor[k]
            )
        if self.family.has_theta:
            theta = self.family.theta_terms(modes.eta, parameters.theta)
            gradient[-1] = self._theta_slope(parameters, theta, leverage.row, pull)
        return value, gradient

    def _theta_slope(
        self, parameters: Parameters, theta: ThetaTerms, leverage: Array, pull: Effects
    ) -> float:
        if not parameters.theta_is_free:
            return 0.0
        slope = float(np.sum(theta.value)) - float(theta.curvature @ leverage) / 2.0
        slopes = self.structure.gather(theta.first)
        for sd, q, g in zip(parameters.standard_deviations, pull, slopes, strict=True):
            slope += float(sd) * float(q @ g)
        return slope + self.family.constant_slope(parameters.theta)
