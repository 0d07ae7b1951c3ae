"""How much worse those without a last form would have to be for the conclusion to change."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import stdtrit

from naturalistic.stats.clustered_means import Grouping
from naturalistic.stats.paired_scores import FloatArray, check_conf_level
from naturalistic.stats.rubin import Pooled, pool


@dataclass(frozen=True, slots=True)
class TippingCurve:
    """The pooled mean improvement as a function of the shift delta.

    Attributes
    ----------
    mean, removed : ndarray, shape (m,) and float
        Mean improvement of each data set at delta 0, and how much of delta the mean loses: the share of
        people who are shifted.
    squares, cross : ndarray, shape (m,)
        Variance at delta 0, and its covariance with the shift.
    shift_square : float
        Variance of the shift for delta 1.
    df : float
        Complete-data degrees of freedom.
    n_shifted : int
        People without a form who are shifted.
    """

    mean: FloatArray
    removed: float
    squares: FloatArray
    cross: FloatArray
    shift_square: float
    df: float
    n_shifted: int

    def at(self, delta: npt.ArrayLike) -> Pooled:
        """Pooled answers with the imputed improvements lowered by each delta."""
        d = np.atleast_1d(np.asarray(delta, dtype=np.float64))
        estimates = self.mean[:, np.newaxis] - self.removed * d
        variances = (
            self.squares[:, np.newaxis]
            - 2.0 * self.cross[:, np.newaxis] * d
            + self.shift_square * d**2
        )
        return pool(estimates, np.maximum(variances, 0.0), df_complete=self.df)

    def where_estimate_reaches(self, target: float) -> float:
        """The delta at which the pooled mean is `target`; infinite if nobody is shifted."""
        if self.removed == 0.0:
            return math.inf
        return (float(self.mean.mean()) - target) / self.removed

    def where_limit_reaches(self, target: float, *, conf_level: float = 0.95) -> float:
        """The delta at which the lower limit is `target`; negative: below it without any shift.

        NaN where the limit never crosses (the interval widens faster than the mean falls).
        """
        check_conf_level(conf_level)
        if self.removed == 0.0:
            return math.inf

        def above(delta: float) -> float:
            """Lower limit of the mean at this shift, less the target."""
            pooled = self.at(delta)
            half = float(stdtrit(pooled.df[0], 0.5 * (1.0 + conf_level)) * pooled.std_error[0])
            return float(pooled.estimate[0]) - half - target

        end = self.where_estimate_reaches(target)
        step = max(1.0, abs(end))
        start = end
        for _ in range(60):
            start -= step
            if above(start) > 0.0:
                return float(brentq(above, start, end, xtol=1e-10))
            step *= 1.5
        return math.nan


def tipping_curve(
    improvement: npt.ArrayLike, shifted: npt.ArrayLike, *, cluster: npt.ArrayLike | None = None
) -> TippingCurve:
    r"""Delta-adjusted multiple imputation for a grid of delta at the cost of one.

    Everybody in `shifted` improves by delta less than imputed; the mean falls by delta times their
    share and the variance of each data set is a quadratic in delta, so the whole curve needs the data
    once. Carpenter & Kenward (2013), section 10.4; Cro et al. (2020).

    Parameters
    ----------
    improvement : array_like, shape (m, n)
        Completed improvements of m data sets, positive is better.
    shifted : array_like of bool, shape (n,)
        Whose imputed improvement is lowered: everybody without a form, or those with one way of ending.
    cluster : array_like, shape (n,), optional
        Therapist of each person.

    Returns
    -------
    TippingCurve

    Raises
    ------
    ValueError
        If shapes differ or an improvement is missing.
    """
    change = np.asarray(improvement, dtype=np.float64)
    who = np.asarray(shifted, dtype=bool)
    if change.ndim != 2 or who.shape != (change.shape[1],) or not np.isfinite(change).all():
        raise ValueError("improvement must be a complete table, shifted one element a person")
    n = change.shape[1]
    grouping = Grouping.of(n, cluster)
    mean = change.mean(axis=1)
    residual = grouping.sums(change - mean[:, np.newaxis]) / n
    share = float(who.mean())
    shift = grouping.sums((who - share)[np.newaxis])[0] / n
    factor = grouping.count / max(grouping.count - 1, 1)
    return TippingCurve(
        mean=mean,
        removed=share,
        squares=factor * np.sum(residual**2, axis=1),
        cross=factor * residual @ shift,
        shift_square=factor * float(shift @ shift),
        df=grouping.df,
        n_shifted=int(who.sum()),
    )
