"""Regression with therapists: draws from its posterior for many completed data sets at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from naturalistic.stats.imputation_products import Clusters, Predictors, Products
from naturalistic.stats.paired_scores import FloatArray

#: Ratios of the therapists' SD to the residual SD that are tried: a share of variance of 0 to .5.
_RATIOS = np.linspace(0.0, 1.0, 26)


@dataclass(frozen=True, slots=True)
class RegressionDraw:
    """One draw of everything for each of m data sets.

    Attributes
    ----------
    estimated, drawn : ndarray, shape (m, q)
        Coefficients: posterior mean given the variance ratio, and drawn.
    sigma : ndarray, shape (m,)
        Drawn residual SD.
    estimated_intercepts, drawn_intercepts : ndarray, shape (m, n_clusters)
        Therapists' intercepts; no columns without therapists.
    """

    estimated: FloatArray
    drawn: FloatArray
    sigma: FloatArray
    estimated_intercepts: FloatArray
    drawn_intercepts: FloatArray


def draw_regression(
    predictors: Predictors,
    outcome: FloatArray,
    clusters: Clusters | None,
    rng: np.random.Generator,
) -> RegressionDraw:
    r"""Draw from the posterior of a linear regression with a random intercept by therapist.

    :math:`y = X\beta + u_g + e`, :math:`u_g \sim N(0, \lambda\sigma^2)`. Priors: flat on
    :math:`\beta` and :math:`\log\sigma`, and flat on :math:`\sqrt\lambda` from 0 to 1 (therapists
    hold at most half of the variance). :math:`\lambda` is drawn from its marginal posterior on a
    grid, which is the restricted likelihood

    .. math:: -\tfrac12\Big[\sum_g \log(1+\lambda n_g) + \log|X'V^{-1}X| + (n-q)\log RSS\Big],
              \quad X'V^{-1}X = X'X - \sum_g \frac{\lambda}{1+\lambda n_g} s_g s_g'

    with :math:`s_g` the sums of therapist g; then :math:`\sigma^2 = RSS/\chi^2_{n-q}`,
    :math:`\beta` and each :math:`u_g` from their normal conditionals. So every draw is from the
    joint posterior, with no chain to wait for. Without therapists :math:`\lambda = 0`: the draw of
    van Buuren (2018), algorithm 3.1.

    Parameters
    ----------
    predictors : Predictors
        Of each data set, the constant among its columns.
    outcome : ndarray, shape (n,)
        Observed, the same in all data sets.
    clusters : Clusters or None
        Therapist of each row.
    rng : numpy.random.Generator
        Source of the draws.
    """
    m = predictors.imputations
    products = Products.of(predictors, outcome, clusters)
    q = predictors.same.shape[1] + len(predictors.drawn)
    df = max(outcome.size - q, 1)
    shrink = np.zeros((m, 0))
    if clusters is not None:
        ratio = _draw_ratio(products, clusters.sizes, df, m, rng)[:, np.newaxis]
        shrink = ratio / (1.0 + ratio * clusters.sizes)
    cross, right, square = products.full(shrink)
    root = np.linalg.cholesky(cross)
    solved = np.linalg.solve(cross, right[..., np.newaxis])[..., 0]
    estimated = np.asarray(solved, dtype=np.float64)
    residual = np.maximum(square - np.einsum("mq,mq->m", right, estimated), 0.0)
    sigma: FloatArray = np.sqrt(residual / rng.chisquare(df, size=m))
    noise = np.linalg.solve(root.swapaxes(1, 2), rng.standard_normal((m, q, 1)))[..., 0]
    drawn: FloatArray = estimated + sigma[:, np.newaxis] * noise
    centre, drawn_centre = (shrink * _remainders(products, b) for b in (estimated, drawn))
    spread = sigma[:, np.newaxis] * np.sqrt(shrink)
    drawn_intercepts = drawn_centre + spread * rng.standard_normal(shrink.shape)
    return RegressionDraw(estimated, drawn, sigma, centre, drawn_intercepts)


def _remainders(products: Products, coefficients: FloatArray) -> FloatArray:
    """What the sums of each therapist's outcomes are above the predicted, shape (m, G)."""
    p = products.same.shape[0]
    predicted = coefficients[:, :p] @ products.sums_same.T
    predicted += np.einsum("mv,mvg->mg", coefficients[:, p:], products.sums_drawn)
    return products.totals - predicted


def _draw_ratio(
    products: Products, sizes: FloatArray, df: int, m: int, rng: np.random.Generator
) -> FloatArray:
    """Variance ratio of each data set, drawn from its marginal posterior on the grid."""
    score = np.column_stack([products.log_posterior(r, sizes, df) for r in _RATIOS**2])
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    climb = np.cumsum(weight, axis=1)
    place = (rng.random((m, 1)) * climb[:, -1:] > climb).sum(axis=1)
    return (_RATIOS[np.minimum(place, _RATIOS.size - 1)]) ** 2
