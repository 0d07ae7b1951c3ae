"""Curvature of the deviance in (theta, sigma) and derivatives of the fixed-effect covariance.

One set of finite differences around the optimum gives the Newton step that sharpens it, the
asymptotic covariance of the variance parameters and everything Satterthwaite's degrees of freedom
need (Kuznetsova, Brockhoff and Christensen 2017, Journal of Statistical Software 82(13), section
3.3 and appendix A: deviance as a function of theta and sigma, not profiled over sigma).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg

from naturalistic.stats.lmm.blocks import FloatArray
from naturalistic.stats.lmm.likelihood import Evaluation, LinearMixedLikelihood

_STEP = 1e-3


@dataclass(frozen=True)
class Curvature:
    """Second-order description of the deviance at one theta.

    Attributes
    ----------
    free : list of int
        Positions of theta not held at the boundary; everything below is about these and sigma.
    hessian : ndarray, shape (free + 1, free + 1)
        Of the deviance in (theta, sigma).
    gradient : ndarray, shape (free,)
        Of the profiled deviance in theta.
    covariance_slopes : ndarray, shape (free + 1, p, p)
        Derivative of the covariance of the fixed effects (original columns) by theta and sigma.
    """

    free: list[int]
    hessian: FloatArray
    gradient: FloatArray
    covariance_slopes: FloatArray

    @cached_property
    def positive(self) -> bool:
        """Whether the deviance really has a minimum here."""
        return bool(np.linalg.eigvalsh(self._scaled()[0])[0] > 1e-10)

    def _scaled(self) -> tuple[FloatArray, FloatArray]:
        size = np.sqrt(np.maximum(np.abs(np.diag(self.hessian)), np.finfo(float).tiny))
        return self.hessian / np.outer(size, size), size

    @cached_property
    def parameter_covariance(self) -> FloatArray:
        """Asymptotic covariance of (free theta, sigma): ``2 H^-1``."""
        scaled, size = self._scaled()
        return 2.0 * linalg.inv(scaled) / np.outer(size, size)

    def newton_step(self) -> tuple[FloatArray, float]:
        """Step in free theta that minimises the profiled deviance, and the decrease it promises."""
        if not self.free:
            return np.zeros(0), 0.0
        step = -linalg.solve(self.profiled(), self.gradient, assume_a="sym")
        return step, float(-0.5 * self.gradient @ step)

    def profiled(self) -> FloatArray:
        """Hessian of the deviance profiled over sigma, shape (free, free)."""
        cross = self.hessian[:-1, -1]
        return self.hessian[:-1, :-1] - np.outer(cross, cross) / self.hessian[-1, -1]


def gradient_steps(theta: FloatArray) -> FloatArray:
    """Steps of central differences, for every element of theta."""
    return _STEP * np.maximum(np.abs(theta), 0.1)


def fixed_covariance(likelihood: LinearMixedLikelihood, evaluation: Evaluation) -> FloatArray:
    """``(X'V^-1 X)^-1`` on the original columns, without the residual variance, shape (p, p)."""
    jacobian = likelihood.rows.transform.jacobian()
    return jacobian @ evaluation.inverse_information() @ jacobian.T


def curvature(likelihood: LinearMixedLikelihood, centre: Evaluation) -> Curvature:
    """Central differences around `centre`.

    Parameters
    ----------
    likelihood : LinearMixedLikelihood
    centre : Evaluation
        At (or very near) the optimum.
    """
    free = likelihood.structure.free(centre.theta)
    count, terms = len(free), len(centre.inner)
    step = gradient_steps(centre.theta[free])
    sigma = float(np.sqrt(centre.residual_variance))

    def shifted(directions: dict[int, int]) -> Evaluation:
        theta = centre.theta.copy()
        for position, sign in directions.items():
            theta[free[position]] += sign * step[position]
        return likelihood.evaluate(theta)

    base = centre.deviance_at(sigma)
    hessian = np.zeros((count + 1, count + 1))
    slopes = np.zeros((count + 1, terms, terms))
    gradient = np.zeros(count)
    sums = np.zeros(count)
    for i in range(count):
        up, down = shifted({i: 1}), shifted({i: -1})
        sums[i] = up.deviance_at(sigma) + down.deviance_at(sigma) - 2.0 * base
        hessian[i, i] = sums[i] / step[i] ** 2
        gradient[i] = (up.deviance - down.deviance) / (2.0 * step[i])
        hessian[i, -1] = hessian[-1, i] = -(up.rss - down.rss) / step[i] / sigma**3
        difference = fixed_covariance(likelihood, up) - fixed_covariance(likelihood, down)
        slopes[i] = sigma**2 * difference / (2.0 * step[i])
        for j in range(i):
            both = shifted({i: 1, j: 1}).deviance_at(sigma)
            both += shifted({i: -1, j: -1}).deviance_at(sigma)
            mixed = both - 2.0 * base - sums[i] - sums[j]
            hessian[i, j] = hessian[j, i] = mixed / (2.0 * step[i] * step[j])
    hessian[-1, -1] = 4.0 * centre.degrees / sigma**2
    slopes[-1] = 2.0 * sigma * fixed_covariance(likelihood, centre)
    return Curvature(free, hessian, gradient, slopes)
