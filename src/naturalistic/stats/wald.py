"""An estimate from a number and its standard error: symmetric limits and the test of a null value."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from naturalistic.stats.result import Estimate


def reference_quantile(conf_level: float, df: float) -> float:
    """Half-width of an interval in standard errors: normal, or t for finite `df`."""
    upper = (1 + conf_level) / 2
    return float(special.ndtri(upper) if np.isinf(df) else special.stdtrit(df, upper))


def two_sided_p(statistic: NDArray[np.float64], df: float) -> NDArray[np.float64]:
    """Two-sided p-values against the normal, or t for finite `df`."""
    size = np.abs(statistic)
    return np.asarray(2 * (special.ndtr(-size) if np.isinf(df) else special.stdtr(df, -size)))


def wald_estimate(
    value: float,
    std_error: float,
    df: float,
    *,
    conf_level: float,
    null: float = 0.0,
    method: str = "",
    note: str = "",
) -> Estimate:
    r"""Limits :math:`\hat\theta \pm q\,se` and the two-sided test of :math:`\theta = \theta_0`.

    q is a quantile of Student's t with `df` degrees of freedom, of the normal where they are
    infinite (Student 1908; Wald 1943).

    Parameters
    ----------
    value, std_error : float
        The number and its standard error, in one unit.
    df : float
        Degrees of freedom of the error; infinite for the normal.
    conf_level : float
        Nominal coverage.
    null : float
        Value under the null hypothesis of the test.
    method, note : str
        As in `Estimate`.

    Returns
    -------
    Estimate
        Without a test where the standard error is 0.
    """
    half = reference_quantile(conf_level, df) * std_error
    statistic = (value - null) / std_error if std_error > 0.0 else math.nan
    return Estimate(
        estimate=value,
        std_error=std_error,
        conf_low=value - half,
        conf_high=value + half,
        conf_level=conf_level,
        statistic=statistic,
        df=df,
        p_value=float(two_sided_p(np.asarray(statistic), df)),
        method=method,
        note=note,
    )
