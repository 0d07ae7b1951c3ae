"""Least squares with errors that allow for patients of one therapist being alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naturalistic.stats.clustered_means import Grouping
from naturalistic.stats.paired_scores import FloatArray, check_conf_level
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.wald import wald_estimate


@dataclass(frozen=True, slots=True)
class Regression:
    """Coefficients with cluster-robust covariance.

    Attributes
    ----------
    coefficients : ndarray, shape (q,)
        Least squares.
    covariance : ndarray, shape (q, q)
        CR1.
    residual_sd : float
        SD of the residuals, divisor n - q.
    df : float
        Effective number of therapists minus one.
    status, note : str
        ``not_estimable`` with the reason where the columns determine each other.
    """

    coefficients: FloatArray
    covariance: FloatArray
    residual_sd: float
    df: float
    status: str = "ok"
    note: str = ""

    def coefficient(self, number: int, *, conf_level: float = 0.95, method: str = "") -> Estimate:
        """One coefficient with its t interval and test of 0."""
        check_conf_level(conf_level)
        if self.status != "ok":
            return not_estimable(self.note, method=method, conf_level=conf_level)
        value = float(self.coefficients[number])
        error = float(np.sqrt(max(self.covariance[number, number], 0.0)))
        if not (error > 0.0 and self.df >= 1.0):
            reason = "no residual spread, or too few therapists"
            return not_estimable(reason, method=method, conf_level=conf_level)
        return wald_estimate(value, error, self.df, conf_level=conf_level, method=method)


def clustered_least_squares(
    outcome: npt.ArrayLike, design: npt.ArrayLike, *, cluster: npt.ArrayLike | None = None
) -> Regression:
    r"""Least squares with the sandwich by therapist.

    .. math:: V = \frac{G}{G-1}\frac{n-1}{n-q}\;(X'X)^{-1}\Big(\sum_g X_g'e_ge_g'X_g\Big)(X'X)^{-1}

    CR1 (Liang & Zeger 1986; Cameron & Miller 2015, eq. 11; R's ``sandwich::vcovCL(type = "HC1")``).
    Without therapists every person is their own cluster (HC1).

    Parameters
    ----------
    outcome : array_like, shape (n,)
        No missing values.
    design : array_like, shape (n, q)
        The constant among its columns.
    cluster : array_like, shape (n,), optional
        Therapist.

    Returns
    -------
    Regression

    Raises
    ------
    ValueError
        If shapes differ or a value is missing.
    """
    y, x = np.asarray(outcome, dtype=np.float64), np.asarray(design, dtype=np.float64)
    if y.ndim != 1 or x.ndim != 2 or x.shape[0] != y.size:
        raise ValueError("outcome and design must have one row a person")
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise ValueError("a value is missing")
    n, q = x.shape
    grouping = Grouping.of(n, cluster)
    empty = np.full(q, np.nan)
    if n <= q or np.linalg.matrix_rank(x) < q:
        reason = "too few people, or the columns determine each other"
        return Regression(
            empty, np.full((q, q), np.nan), np.nan, grouping.df, "not_estimable", reason
        )
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ (x.T @ y)
    residual = y - x @ beta
    sums = grouping.sums((x * residual[:, np.newaxis]).T)
    factor = grouping.count / max(grouping.count - 1, 1) * (n - 1) / (n - q)
    return Regression(
        beta,
        factor * inverse @ (sums @ sums.T) @ inverse,
        float(np.sqrt(residual @ residual / (n - q))),
        grouping.df,
    )
