"""Regression with therapists: draws from its posterior for many completed data sets at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naturalistic.stats.paired_scores import FloatArray

IntArray = npt.NDArray[np.int64]

#: Ratios of the therapists' SD to the residual SD that are tried: a share of variance of 0 to .5.
_RATIOS = np.linspace(0.0, 1.0, 26)
#: Added to the diagonal of the cross products, relative to it, as R's mice does against collinearity.
_RIDGE = 1e-5


@dataclass(frozen=True, slots=True)
class Clusters:
    """Therapist of each row.

    Attributes
    ----------
    code : ndarray of int, shape (n_rows,)
        0 to `count` - 1.
    count : int
        Therapists.
    """

    code: IntArray
    count: int

    @classmethod
    def of(cls, labels: npt.ArrayLike, n_rows: int) -> Clusters:
        """From labels of any kind.

        Raises
        ------
        ValueError
            If there is not one label a row.
        """
        values = np.asarray(labels)
        if values.shape != (n_rows,):
            raise ValueError("cluster must have one label a row")
        groups, code = np.unique(values, return_inverse=True)
        return cls(code.astype(np.int64), groups.size)

    def rows(self, keep: npt.NDArray[np.bool_]) -> Clusters:
        """The same therapists for some of the rows."""
        return Clusters(self.code[keep], self.count)

    def sums(self, values: FloatArray) -> FloatArray:
        """Sums over the rows of each therapist; rows are the second to last axis."""
        member = np.zeros((self.count, self.code.size))
        member[self.code, np.arange(self.code.size)] = 1.0
        return member @ values


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
    design: FloatArray, outcome: FloatArray, clusters: Clusters | None, rng: np.random.Generator
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
    design : ndarray, shape (m, n, q)
        Of each data set, the constant among its columns.
    outcome : ndarray, shape (n,)
        Observed, the same in all data sets.
    clusters : Clusters or None
        Therapist of each row.
    rng : numpy.random.Generator
        Source of the draws.
    """
    m, n, q = design.shape
    cross = np.swapaxes(design, 1, 2) @ design
    cross = cross + _RIDGE * np.eye(q) * np.einsum("mii->mi", cross)[:, np.newaxis, :]
    right = np.einsum("mnq,n->mq", design, outcome)
    square = np.full(m, float(outcome @ outcome))
    df = max(n - q, 1)
    if clusters is None:
        shrink = np.zeros((m, 0))
        sums, totals = np.zeros((m, 0, q)), np.zeros(0)
    else:
        sums, totals = clusters.sums(design), clusters.sums(outcome[:, np.newaxis])[:, 0]
        sizes = np.bincount(clusters.code, minlength=clusters.count).astype(np.float64)
        ratio = _draw_ratio(cross, right, square, sums, totals, sizes, df, rng)
        shrink = ratio[:, np.newaxis] / (1.0 + ratio[:, np.newaxis] * sizes)
        cross, right, square = _weighted(cross, right, square, sums, totals, shrink)
    root = np.linalg.cholesky(cross)
    estimated = np.linalg.solve(cross, right[..., np.newaxis])[..., 0]
    residual = np.maximum(square - np.einsum("mq,mq->m", right, estimated), 0.0)
    sigma = np.sqrt(residual / rng.chisquare(df, size=m))
    noise = np.linalg.solve(np.swapaxes(root, 1, 2), rng.standard_normal((m, q, 1)))[..., 0]
    drawn = estimated + sigma[:, np.newaxis] * noise
    centre, drawn_centre = (
        shrink * (totals - np.einsum("mgq,mq->mg", sums, b)) for b in (estimated, drawn)
    )
    spread = sigma[:, np.newaxis] * np.sqrt(shrink)
    drawn_intercepts = drawn_centre + spread * rng.standard_normal(shrink.shape)
    return RegressionDraw(estimated, drawn, sigma, centre, drawn_intercepts)


def _weighted(
    cross: FloatArray,
    right: FloatArray,
    square: FloatArray,
    sums: FloatArray,
    totals: FloatArray,
    shrink: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """X'V^-1 X, X'V^-1 y and y'V^-1 y from the plain ones."""
    scaled = sums * shrink[..., np.newaxis]
    return (
        cross - np.swapaxes(sums, 1, 2) @ scaled,
        right - np.einsum("mgq,g->mq", scaled, totals),
        square - shrink @ totals**2,
    )


def _draw_ratio(
    cross: FloatArray,
    right: FloatArray,
    square: FloatArray,
    sums: FloatArray,
    totals: FloatArray,
    sizes: FloatArray,
    df: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Variance ratio of each data set, drawn from its marginal posterior on the grid."""
    m = cross.shape[0]
    score = np.empty((m, _RATIOS.size))
    for k, ratio in enumerate(_RATIOS**2):
        shrink = np.broadcast_to(ratio / (1.0 + ratio * sizes), (m, sizes.size))
        a, b, yy = _weighted(cross, right, square, sums, totals, shrink)
        residual = yy - np.einsum("mq,mq->m", b, np.linalg.solve(a, b[..., np.newaxis])[..., 0])
        log_size = np.linalg.slogdet(a)[1]
        score[:, k] = -0.5 * (
            float(np.log1p(ratio * sizes).sum())
            + log_size
            + df * np.log(np.maximum(residual, 1e-300))
        )
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    climb = np.cumsum(weight, axis=1)
    place = (rng.random((m, 1)) * climb[:, -1:] > climb).sum(axis=1)
    return (_RATIOS[np.minimum(place, _RATIOS.size - 1)]) ** 2
