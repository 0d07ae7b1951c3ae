"""Rubin's rules: one answer from the answers of several imputed data sets."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from naturalistic.stats.paired_scores import FloatArray, check_conf_level
from naturalistic.stats.result import Estimate


@dataclass(frozen=True, slots=True)
class Pooled:
    """Pooled answers; every array has the shape of one answer.

    Attributes
    ----------
    estimate : ndarray
        Mean of the m answers.
    within, between, total : ndarray
        Mean variance inside the data sets, variance of the m answers, and the variance of the
        pooled answer.
    df : ndarray
        Barnard and Rubin's degrees of freedom.
    relative_increase, share_missing, fraction_missing : ndarray
        Increase of variance because of what is missing, r; its share of the total, lambda; and the
        fraction of missing information with its correction for few data sets.
    imputations : int
        m.
    """

    estimate: FloatArray
    within: FloatArray
    between: FloatArray
    total: FloatArray
    df: FloatArray
    relative_increase: FloatArray
    share_missing: FloatArray
    fraction_missing: FloatArray
    imputations: int

    @property
    def std_error(self) -> FloatArray:
        """Square root of the total variance."""
        return np.sqrt(self.total)

    @property
    def simulation_error(self) -> FloatArray:
        """Standard error that comes from taking m data sets and not infinitely many."""
        return np.sqrt(self.between / self.imputations)

    def limits(self, conf_level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Limits by t with `df` degrees of freedom."""
        check_conf_level(conf_level)
        half = stdtrit(self.df, 0.5 * (1.0 + conf_level)) * self.std_error
        return self.estimate - half, self.estimate + half

    def result(
        self, *, conf_level: float = 0.95, null: float = 0.0, method: str = "", note: str = ""
    ) -> Estimate:
        """A single pooled number as an `Estimate`, with the t test of `null`.

        Raises
        ------
        ValueError
            If more than one number was pooled.
        """
        if self.estimate.size != 1:
            raise ValueError("a single pooled number is needed")
        value, error, df = (float(v.ravel()[0]) for v in (self.estimate, self.std_error, self.df))
        low, high = (float(v.ravel()[0]) for v in self.limits(conf_level))
        if not error > 0.0:
            return Estimate(value, conf_level=conf_level, method=method, note="no spread")
        statistic = (value - null) / error
        p_value = 2.0 * float(stdtr(df, -abs(statistic)))
        return Estimate(
            value, error, low, high, conf_level, statistic, df, p_value, method=method, note=note
        )


def pool(
    estimates: npt.ArrayLike, variances: npt.ArrayLike, *, df_complete: npt.ArrayLike = math.inf
) -> Pooled:
    r"""Pool the answers of m imputed data sets.

    .. math::
        T = \bar U + (1 + 1/m) B, \quad r = (1 + 1/m) B / \bar U, \quad \lambda = (1 + 1/m) B / T

    Rubin (1987), eqs 3.1.2 to 3.1.10, with :math:`\nu = \nu_{old}\nu_{obs}/(\nu_{old}+\nu_{obs})`,
    :math:`\nu_{old} = (m-1)/\lambda^2`, :math:`\nu_{obs} = \frac{\nu_{com}+1}{\nu_{com}+3}
    \nu_{com}(1-\lambda)` (Barnard & Rubin 1999, eq. 3) and :math:`FMI = (r + 2/(\nu+3))/(1+r)`; as
    ``pool`` of R's mice, which takes a lambda below 1e-4 for 1e-4.

    Parameters
    ----------
    estimates, variances : array_like, shape (m,) or (m, ...)
        The answer of each data set and its squared standard error.
    df_complete : array_like
        Degrees of freedom the analysis would have with nothing missing.

    Returns
    -------
    Pooled

    Raises
    ------
    ValueError
        If shapes differ, there are fewer than two data sets, or a variance is negative or missing.
    """
    q = np.asarray(estimates, dtype=np.float64)
    u = np.asarray(variances, dtype=np.float64)
    if q.shape != u.shape or q.ndim < 1 or q.shape[0] < 2:
        raise ValueError("estimates and variances of at least two data sets, of the same shape")
    if not (np.isfinite(q).all() and np.all(u >= 0.0)):
        raise ValueError("estimates must be finite and variances not negative")
    m = q.shape[0]
    within, between = u.mean(axis=0), q.var(axis=0, ddof=1)
    extra = (1.0 + 1.0 / m) * between
    total = within + extra
    with np.errstate(divide="ignore", invalid="ignore"):
        increase = extra / within
        share = np.where(total > 0.0, extra / total, 0.0)
        floored = np.maximum(share, 1e-4)
        old = (m - 1) / floored**2
        complete = np.broadcast_to(np.asarray(df_complete, dtype=np.float64), total.shape)
        observed = (complete + 1.0) / (complete + 3.0) * complete * (1.0 - floored)
        df = np.where(np.isinf(complete), old, old * observed / (old + observed))
        fraction = np.where(
            np.isinf(increase), 1.0, (increase + 2.0 / (df + 3.0)) / (1.0 + increase)
        )
    return Pooled(q.mean(axis=0), within, between, total, df, increase, share, fraction, m)
