"""What a pooled analysis returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from naturalistic.stats.result import NAN, Estimate

FloatArray = NDArray[np.float64]


def quantile(conf_level: float, df: float) -> float:
    """Two-sided quantile of t; of the normal where `df` is infinite.

    Raises
    ------
    ValueError
        `conf_level` outside (0, 1).
    """
    if not 0.0 < conf_level < 1.0:
        raise ValueError("conf_level must lie strictly between 0 and 1")
    tail = 0.5 + conf_level / 2.0
    return float(stdtrit(df, tail)) if np.isfinite(df) else float(ndtri(tail))


@dataclass(frozen=True, slots=True)
class Interval:
    """Lower and upper limit; NaN where there are none, with the reason."""

    low: float = NAN
    high: float = NAN
    note: str = ""


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """How far services differ beyond chance.

    Attributes
    ----------
    tau2, tau2_low, tau2_high : float
        Variance between services on the analysis scale, with its Q-profile interval.
    i2, i2_low, i2_high : float
        Share of the variation between estimates that is not chance, 0 to 1: ``tau2 / (tau2 + s2)``.
    h2 : float
        Total over chance variation, ``tau2 / s2 + 1``.
    q, q_df, q_p : float
        Cochran's test of equal effects.
    """

    tau2: float = NAN
    tau2_low: float = NAN
    tau2_high: float = NAN
    i2: float = NAN
    i2_low: float = NAN
    i2_high: float = NAN
    h2: float = NAN
    q: float = NAN
    q_df: float = NAN
    q_p: float = NAN


@dataclass(frozen=True, slots=True, eq=False)
class PooledFit:
    """A random-effects analysis of `k` services.

    Attributes
    ----------
    k : int
        Services.
    term_names : tuple of str
        Columns of the design; ``("average",)`` without moderators.
    coefficients, standard_errors, conf_low, conf_high, statistics, p_values : ndarray, shape (p,)
        On the analysis scale.
    covariance : ndarray, shape (p, p)
        Of the coefficients.
    df : float
        Degrees of freedom of tests and intervals; infinite for normal ones.
    conf_level : float
        Nominal coverage.
    heterogeneity : Heterogeneity
        Variation that is left after the design.
    prediction : Interval
        Where the true value of a further service is expected; only without moderators.
    moderators_statistic, moderators_df, moderators_p : float
        Joint test of all terms but the intercept (F, or chi-square with normal intervals); NaN without moderators.
    weights : ndarray, shape (k,)
        Share of each service in the average, summing to 1.
    method : str
        Estimator and interval in words.
    notes : tuple of str
        What a reader must know.
    """

    k: int
    term_names: tuple[str, ...]
    coefficients: FloatArray
    standard_errors: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    statistics: FloatArray
    p_values: FloatArray
    covariance: FloatArray
    df: float
    conf_level: float
    heterogeneity: Heterogeneity
    prediction: Interval
    moderators_statistic: float
    moderators_df: float
    moderators_p: float
    weights: FloatArray
    method: str
    notes: tuple[str, ...] = ()

    def term(self, name: str) -> Estimate:
        """One coefficient as an `Estimate`; ValueError for an unknown name."""
        j = self.term_names.index(name)
        return Estimate(
            float(self.coefficients[j]),
            float(self.standard_errors[j]),
            float(self.conf_low[j]),
            float(self.conf_high[j]),
            self.conf_level,
            float(self.statistics[j]),
            self.df,
            float(self.p_values[j]),
            method=self.method,
            note="; ".join(self.notes),
        )

    @property
    def average(self) -> Estimate:
        """The first coefficient: without moderators the average over services."""
        return self.term(self.term_names[0])
