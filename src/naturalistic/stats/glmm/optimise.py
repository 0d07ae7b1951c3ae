"""Maximise the marginal likelihood: scaled BFGS, then Newton steps, then the covariance.

Parameters are optimised in units of roughly one standard error each (whitened by the penalised
information at the start), so one tolerance suits 15 and 15 million rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[np.float64]
Objective = Callable[[Array], tuple[float, Array]]

_DIFFERENCE_STEP = 1e-3
# slope at which BFGS stops, in units of about a standard error. The covariance is the curvature at
# the optimum: taken as little as 3e-4 of a unit away from it, standard errors of a mean over few
# levels are off by 1e-4 of themselves. A few more steps cost less than a second Hessian.
_FLAT = 1e-6
_SAME_PLACE = 1e-5
_NEWTON_STEPS = 15
_HALVINGS = 12
# predicted rise of the log-likelihood still to be had: where to stop, and what still counts as
# an optimum (1e-6 is what is promised)
_TARGET_RISE = 1e-11
_NEGLIGIBLE_RISE = 1e-7


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the search ended.

    Attributes
    ----------
    parameters : ndarray, shape (k,)
        Maximiser.
    log_likelihood : float
        Value there.
    covariance : ndarray, shape (k, k)
        Inverse of minus the Hessian (central differences of the exact gradient); NaN where that
        is not positive definite.
    decrement : float
        Rise of the log-likelihood that a further Newton step predicts.
    converged : bool
        Whether the Hessian is negative definite and the decrement negligible.
    evaluations : int
        Number of evaluations of likelihood and gradient.
    """

    parameters: Array
    log_likelihood: float
    covariance: Array
    decrement: float
    converged: bool
    evaluations: int


def maximise(objective: Objective, start: Array, information: Array) -> Optimum:
    """Maximise `objective` from `start`.

    Parameters
    ----------
    objective : callable
        Log-likelihood and gradient of a flat parameter vector.
    start : ndarray, shape (k,)
        Where to begin.
    information : ndarray, shape (k, k)
        Positive definite guess of minus the Hessian; only the speed depends on it.
    """
    scale = np.linalg.inv(np.linalg.cholesky(information)).T
    count = 0

    def negative(units: Array) -> tuple[float, Array]:
        nonlocal count
        count += 1
        value, gradient = objective(start + scale @ units)
        return -value, -(scale.T @ gradient)

    size = len(start)
    found = minimize(
        negative, np.zeros(size), jac=True, method="BFGS", options={"gtol": _FLAT, "maxiter": 300}
    )
    units, hessian, decrement = _newton(negative, found.x)
    value, _ = negative(units)
    definite = bool(np.linalg.eigvalsh(hessian).min() > 0.0)
    covariance = np.full((size, size), np.nan)
    if definite:
        covariance = scale @ np.linalg.inv(hessian) @ scale.T
    return Optimum(
        start + scale @ units,
        -value,
        covariance,
        decrement,
        definite and decrement < _NEGLIGIBLE_RISE,
        count,
    )


def _newton(function: Objective, start: Array) -> tuple[Array, Array, float]:
    """Newton steps with differenced Hessians, repaired where indefinite and halved at need."""
    at, (value, gradient) = start, function(start)
    hessian, taken_at, stale = _hessian(function, at), at, False
    rise = np.inf
    for _ in range(_NEWTON_STEPS):
        if stale:
            hessian, taken_at, stale = _hessian(function, at), at, False
        eigenvalues, vectors = np.linalg.eigh(hessian)
        step = vectors @ ((vectors.T @ gradient) / np.maximum(np.abs(eigenvalues), 1e-3))
        rise = float(gradient @ step) / 2.0
        if rise < _TARGET_RISE:
            break
        # a long step leaves the place where the differences were taken
        stale = bool(np.linalg.norm(step) > 0.1 or eigenvalues[0] <= 0.0)
        for _ in range(_HALVINGS):
            new_value, new_gradient = function(at - step)
            if new_value <= value:
                break
            step = step / 2.0
        else:
            break
        at, value, gradient = at - step, new_value, new_gradient
    if np.linalg.norm(at - taken_at) > _SAME_PLACE:
        hessian = _hessian(function, at)
    return at, hessian, rise


def _hessian(function: Objective, at: Array) -> Array:
    size = len(at)
    hessian = np.empty((size, size))
    for j in range(size):
        step = np.zeros(size)
        step[j] = _DIFFERENCE_STEP
        hessian[j] = (function(at + step)[1] - function(at - step)[1]) / (2.0 * _DIFFERENCE_STEP)
    return (hessian + hessian.T) / 2.0
