"""The variance between services: REML, Paule-Mandel, DerSimonian-Laird, and its Q-profile interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtri

FloatArray = NDArray[np.float64]

METHODS = ("reml", "paule_mandel", "dersimonian_laird", "common_effect")
_GRID = 80  # points at which the REML score is looked at before its roots are refined
_ROUNDING = 100 * np.finfo(float).eps  # residuals this small beside the estimates are none
_STEPS = 200  # doublings of an upper bound before the search is given up


@dataclass(frozen=True, slots=True)
class Weighted:
    """Weighted least squares of the services' estimates, given the variance between them.

    Attributes
    ----------
    coefficients : ndarray, shape (p,)
        Generalised least squares estimate.
    unscaled : ndarray, shape (p, p)
        ``(X'WX)^-1``.
    projection : ndarray, shape (k, k)
        ``P = W - W X (X'WX)^-1 X'W``.
    q : float
        ``y'Py``, Cochran's Q with these weights.
    weights : ndarray, shape (k,)
        ``1 / (v + tau2)``.
    """

    coefficients: FloatArray
    unscaled: FloatArray
    projection: FloatArray
    q: float
    weights: FloatArray


def weighted(y: FloatArray, v: FloatArray, design: FloatArray, tau2: float) -> Weighted:
    """Weighted least squares with weights ``1 / (v + tau2)``."""
    weights = 1.0 / (v + tau2)
    scaled = design * weights[:, None]
    unscaled = np.asarray(np.linalg.inv(design.T @ scaled), dtype=np.float64)
    projection = np.diag(weights) - scaled @ unscaled @ scaled.T
    coefficients = unscaled @ (scaled.T @ y)
    # from the residuals: y'Py of numbers far from 0 would lose digits
    residual = y - design @ coefficients
    q = float(weights @ (residual * residual))
    exact = q <= _ROUNDING**2 * float(weights @ (y * y))
    return Weighted(coefficients, unscaled, projection, 0.0 if exact else q, weights)


def between_variance(y: FloatArray, v: FloatArray, design: FloatArray, method: str) -> float:
    """Variance between services beyond the design, never below 0.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
        Estimates and their squared standard errors.
    design : ndarray, shape (k, p)
        Intercept and moderators, of full rank, ``p < k``.
    method : {'reml', 'paule_mandel', 'dersimonian_laird', 'common_effect'}
        Restricted maximum likelihood (Viechtbauer 2005, eq. 9); the root of ``Q(tau2) = k - p`` (Paule & Mandel 1982);
        the method of moments (DerSimonian & Laird 1986, eq. 8); or 0.
    """
    if method == "common_effect":
        return 0.0
    df = len(y) - design.shape[1]
    if method == "dersimonian_laird":
        fixed = weighted(y, v, design, 0.0)
        return max(0.0, (fixed.q - df) / float(np.trace(fixed.projection)))
    if method == "paule_mandel":
        return _decreasing_root(lambda t: weighted(y, v, design, t).q - df, _scale(y, v, design))
    if method == "reml":
        return _reml(y, v, design)
    raise ValueError(f"{method!r} is not one of {', '.join(METHODS)}")


def q_profile_limits(
    y: FloatArray, v: FloatArray, design: FloatArray, conf_level: float
) -> tuple[float, float]:
    """Limits of the variance between services: where ``Q(tau2)`` meets the quantiles of its chi-square distribution.

    Both are 0 where even ``Q(0)`` lies below the lower quantile: the estimates agree better than chance.

    References
    ----------
    Viechtbauer W (2007). Confidence intervals for the amount of heterogeneity in meta-analysis. Stat Med 26, 37-52, eq. 16.
    """
    df = len(y) - design.shape[1]
    tail = (1.0 - conf_level) / 2.0
    scale = _scale(y, v, design)

    def limit(quantile: float) -> float:
        return _decreasing_root(lambda t: weighted(y, v, design, t).q - quantile, scale)

    return limit(float(chdtri(df, tail))), limit(float(chdtri(df, 1.0 - tail)))


def typical_variance(v: FloatArray, design: FloatArray) -> float:
    """The typical variance within services, ``(k - p) / tr(P)`` without any between (Higgins & Thompson 2002, eq. 9)."""
    fixed = weighted(np.zeros(len(v)), v, design, 0.0)
    return float((len(v) - design.shape[1]) / np.trace(fixed.projection))


def reml_error(v: FloatArray, design: FloatArray, tau2: float) -> float:
    """Standard error of the REML estimate, ``sqrt(2 / tr(PP))`` (Viechtbauer 2005, eq. 11)."""
    projection = weighted(np.zeros(len(v)), v, design, tau2).projection
    return float(np.sqrt(2.0 / np.sum(projection * projection)))


def _scale(y: FloatArray, v: FloatArray, design: FloatArray) -> float:
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(residual @ residual / (len(y) - design.shape[1]) + v.max())


def _decreasing_root(function: Callable[[float], float], upper: float) -> float:
    """Root of a decreasing function of a variance; 0 where it is negative at 0 already."""
    if function(0.0) <= 0.0:
        return 0.0
    for _ in range(_STEPS):
        if function(upper) < 0.0:
            return float(brentq(function, 0.0, upper, xtol=1e-300, rtol=1e-14, maxiter=500))
        upper *= 2.0
    raise ArithmeticError("no upper end for the variance between services was found")


def _reml(y: FloatArray, v: FloatArray, design: FloatArray) -> float:
    """The highest of all maxima of the restricted likelihood: its score is looked at along a grid and refined."""

    def score(tau2: float) -> float:
        fit = weighted(y, v, design, tau2)
        residual = fit.weights * (y - design @ fit.coefficients)
        return float(residual @ residual - np.trace(fit.projection))

    def likelihood(tau2: float) -> float:
        fit = weighted(y, v, design, tau2)
        determinant = np.linalg.slogdet(fit.unscaled)[1]
        return float(np.log(fit.weights).sum() + determinant - fit.q)

    upper = _scale(y, v, design)
    for _ in range(_STEPS):
        if score(upper) < 0.0:
            break
        upper *= 2.0
    grid = np.concatenate([[0.0], upper * np.logspace(-10, 0, _GRID)])
    signs = [score(float(t)) for t in grid]
    found = [0.0] + [
        float(brentq(score, grid[i], grid[i + 1], xtol=1e-300, rtol=1e-14, maxiter=500))
        for i in range(_GRID)
        if signs[i] > 0.0 >= signs[i + 1]
    ]
    return max(found, key=likelihood)
