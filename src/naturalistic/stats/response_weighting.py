"""Means of everybody from those who answered, weighted by the inverse of their chance to answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from naturalistic.stats.clustered_means import Grouping
from naturalistic.stats.paired_scores import FloatArray

_STEPS = 50
_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class WeightedMeans:
    """Weighted means with what makes them trustworthy or not.

    Attributes
    ----------
    means : ndarray, shape (k,)
        Weighted means of the k columns.
    covariance : ndarray, shape (k, k)
        Of the means, allowing for the estimated weights and for therapists.
    coefficients : ndarray, shape (q,)
        Of the model of answering, log odds.
    weights : ndarray, shape (n_answered,)
        Of those who answered, mean 1.
    effective_size : float
        Kish's (1965) effective number of those who answered, :math:`(sum w)^2 / sum w^2`.
    df : float
        Effective number of therapists (or people) minus one.
    status, note : str
        ``not_estimable`` with the reason where the chances cannot be estimated.
    """

    means: FloatArray
    covariance: FloatArray
    coefficients: FloatArray
    weights: FloatArray
    effective_size: float
    df: float
    status: str = "ok"
    note: str = ""


def inverse_probability_means(
    values: npt.ArrayLike,
    answered: npt.ArrayLike,
    design: npt.ArrayLike,
    *,
    cluster: npt.ArrayLike | None = None,
) -> WeightedMeans:
    r"""Inverse probability weighted (Hajek) means with the stacked sandwich covariance.

    :math:`\pi_i = expit(z_i'\gamma)` by maximum likelihood, :math:`\hat\mu = \sum w_i R_i y_i/\sum
    w_i R_i` with :math:`w = 1/\pi`. The estimating equations of :math:`\gamma` and :math:`\mu` are
    stacked, so that the error allows for :math:`\gamma` being estimated (Seaman & White 2013,
    section 3; Lunceford & Davidian 2004, eq. 20): person i moves the mean by

    .. math:: \frac{R_i w_i (y_i-\hat\mu)}{\sum R w} - \frac{h' I^{-1} z_i (R_i - \pi_i)}{\sum R w},
              \quad h = \sum R_i (w_i - 1) (y_i - \hat\mu) z_i

    with I the information of the logistic model. It holds where answering depends on what is in
    `design` and not on the answer itself.

    Parameters
    ----------
    values : array_like, shape (n,) or (n, k)
        Outcomes; what those who did not answer hold is ignored.
    answered : array_like of bool, shape (n,)
        Who answered.
    design : array_like, shape (n, q)
        Of the model of answering, the constant among its columns, full rank.
    cluster : array_like, shape (n,), optional
        Therapist of each person; without it people are independent.

    Returns
    -------
    WeightedMeans

    Raises
    ------
    ValueError
        If shapes differ or a value of somebody who answered is missing.
    """
    table = np.asarray(values, dtype=np.float64)
    table = table[:, np.newaxis] if table.ndim == 1 else table
    here = np.asarray(answered, dtype=bool)
    z = np.asarray(design, dtype=np.float64)
    n = here.size
    if table.shape[0] != n or z.ndim != 2 or z.shape[0] != n or not np.isfinite(z).all():
        raise ValueError("values, answered and design must have one row a person, design complete")
    if not np.isfinite(table[here]).all():
        raise ValueError("a value of somebody who answered is missing")
    grouping = Grouping.of(n, cluster)
    fitted = _logistic(z, here)
    if isinstance(fitted, str):
        return _without_weights(fitted, table.shape[1], z.shape[1])
    coefficients, chance, information = fitted
    weight = np.where(here, 1.0 / chance, 0.0)
    means, influence = _hajek(table, here, z, weight, chance, information)
    by_group = grouping.sums(influence.T)
    factor = 1.0 if cluster is None else grouping.count / max(grouping.count - 1, 1)
    used = weight[here]
    return WeightedMeans(
        means=means,
        covariance=factor * by_group @ by_group.T,
        coefficients=coefficients,
        weights=used / used.mean(),
        effective_size=float(used.sum() ** 2 / np.sum(used**2)),
        df=grouping.df,
    )


def _without_weights(reason: str, k: int, q: int) -> WeightedMeans:
    return WeightedMeans(
        means=np.full(k, np.nan),
        covariance=np.full((k, k), np.nan),
        coefficients=np.full(q, np.nan),
        weights=np.empty(0),
        effective_size=np.nan,
        df=np.nan,
        status="not_estimable",
        note=reason,
    )


def _hajek(
    table: FloatArray,
    here: npt.NDArray[np.bool_],
    z: FloatArray,
    weight: FloatArray,
    chance: FloatArray,
    information: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Weighted means (k,) and by how much each person moves them, shape (n, k)."""
    total = float(weight.sum())
    known = np.where(here[:, np.newaxis], table, 0.0)
    means = weight @ known / total
    residual = np.where(here[:, np.newaxis], known - means, 0.0)
    pull = z.T @ ((np.where(here, weight - 1.0, 0.0))[:, np.newaxis] * residual)
    scores = z * (here - chance)[:, np.newaxis]
    moved = weight[:, np.newaxis] * residual - scores @ np.linalg.solve(information, pull)
    return means, moved / total


def _logistic(
    z: FloatArray, answered: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray] | str:
    """Coefficients, chances and information by Newton's method, or why there are none."""
    if answered.all() or not answered.any():
        return "everybody answered" if answered.all() else "nobody answered"
    beta = np.zeros(z.shape[1])
    for _ in range(_STEPS):
        chance = expit(z @ beta)
        information = (z * (chance * (1.0 - chance))[:, np.newaxis]).T @ z
        if np.linalg.cond(information) > 1e12:
            return "some people certainly answered or certainly did not: no weights"
        step = np.linalg.solve(information, z.T @ (answered - chance))
        beta = beta + step
        if float(np.max(np.abs(step))) < _TOLERANCE:
            return beta, expit(z @ beta), information
    return "the model of answering did not converge"
