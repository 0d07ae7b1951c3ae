"""Starting values: a plain weighted regression, then moments for the spreads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from naturalistic.stats.glmm.families import Family
from naturalistic.stats.glmm.likelihood import Model, Parameters

Array = NDArray[np.float64]

_ITERATIONS = 30
_SMALLEST_START, _LARGEST_START = 0.1, 1.5


def weighted_regression(
    basis: Array, offset: Array | float, family: Family, theta: float
) -> tuple[Array, Array]:
    """Coefficients and linear predictor of the plain generalised linear model.

    Newton's method (iteratively reweighted least squares) with halved steps. Under separation it
    drifts outwards by about one unit of the linear predictor per iteration; the caller looks at
    the linear predictor to find out.
    """
    guess = family.first_guess()
    terms = family.terms(guess, theta)
    working = terms.curvature * (guess - offset) + terms.first
    coefficients = _solve(basis, terms.curvature, basis.T @ working)
    step = np.zeros_like(coefficients)
    best = -np.inf
    for _ in range(_ITERATIONS):
        eta = offset + basis @ coefficients
        terms = family.terms(eta, theta)
        value = float(np.sum(terms.value))
        if value < best - 1e-10 * (1.0 + abs(best)):
            step = step / 2.0
            coefficients = coefficients - step
            continue
        best = value
        step = _solve(basis, terms.curvature, basis.T @ terms.first)
        coefficients = coefficients + step
        if np.max(np.abs(step), initial=0.0) < 1e-9:
            break
    return coefficients, offset + basis @ coefficients


def _solve(basis: Array, weight: Array, right: Array) -> Array:
    information = basis.T @ (weight[:, None] * basis)
    # separated rows lose their weight; the ridge keeps the system solvable until that is seen
    ridge = 1e-10 * np.trace(information) / max(len(right), 1)
    return np.linalg.solve(information + ridge * np.eye(len(right)), right)


def starting_vector(model: Model, coefficients: Array, eta: Array) -> Array:
    """Flat parameter vector to start from, given a plain regression.

    Theta by the moments of the squared residuals; each standard deviation by comparing the sums
    of scores within levels, ``E (sum f')^2 = sum w + sd^2 (sum w)^2``, with what is expected.
    """
    theta, tail = 1.0, []
    if model.family.has_theta:
        counts = model.family.observed()
        mean = np.exp(np.minimum(eta, 30.0))
        excess = float(np.sum((counts - mean) ** 2 - mean))
        theta = float(np.clip(np.sum(mean**2) / max(excess, 1e-12), 0.1, 100.0))
        tail = [np.log(theta)]
    terms = model.family.terms(eta, theta)
    spreads = []
    scores, weights = model.structure.gather(terms.first), model.structure.gather(terms.curvature)
    for score, weight in zip(scores, weights, strict=True):
        variance = np.sum(score**2 - weight) / max(float(np.sum(weight**2)), 1e-12)
        spreads.append(np.clip(np.sqrt(max(variance, 0.0)), _SMALLEST_START, _LARGEST_START))
    return np.concatenate([coefficients, spreads, tail])


def information_guess(model: Model, vector: Array) -> Array:
    """Block-diagonal guess of minus the Hessian at the start, to scale the search by.

    Coefficients: ``Q'WQ`` less what the random effects absorb. Standard deviations:
    ``2 sum rho^2 / sd^2`` with rho the reliability of each level. Log theta: by differences.
    """
    parameters = model.unpack(vector)
    modes = model.modes(parameters, model.zero_effects())
    sds, weight, structure = parameters.standard_deviations, modes.terms.curvature, model.structure
    p, k = model.n_coefficients, model.n_factors
    guess = np.zeros((model.n_parameters, model.n_parameters))
    weighted = weight[:, None] * model.basis
    guess[:p, :p] = model.basis.T @ weighted
    for j in range(p if k else 0):
        gathered = structure.gather(weighted[:, j])
        absorbed = modes.system.solve(tuple(sd * g for sd, g in zip(sds, gathered, strict=True)))
        guess[:p, j] -= weighted.T @ structure.spread(sds, absorbed)
    guess[:p, :p] = (guess[:p, :p] + guess[:p, :p].T) / 2.0
    for j, left_over in enumerate(modes.system.inverse_diagonal()):
        reliability = np.sum((1.0 - left_over) ** 2)
        guess[p + j, p + j] = 2.0 * max(float(reliability), 0.5) / sds[j] ** 2
    if model.family.has_theta:
        guess[-1, -1] = max(_theta_information(model, modes.eta, parameters), 1.0)
    return guess


def _theta_information(model: Model, eta: Array, parameters: Parameters) -> float:
    def slope(theta: float) -> float:
        rows = model.family.theta_terms(eta, theta).value
        return float(np.sum(rows)) + model.family.constant_slope(theta)

    step = 1e-3
    up, down = parameters.theta * np.exp(step), parameters.theta * np.exp(-step)
    return -(slope(up) - slope(down)) / (2.0 * step)
