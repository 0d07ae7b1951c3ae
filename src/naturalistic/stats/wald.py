"""An estimate from a number and its standard error: symmetric limits and the test of a null value."""

from __future__ import annotations

import math
from dataclasses import replace

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


def interval_estimate(
    value: float,
    std_error: float,
    *,
    conf_level: float,
    df: float = math.nan,
    method: str = "",
    note: str = "",
) -> Estimate:
    r"""Limits :math:`\hat\theta \pm q\,se`, without a test.

    q is a quantile of Student's t with `df` degrees of freedom, or of the normal where none are
    named or they are infinite.

    Parameters
    ----------
    value, std_error : float
        The number and its standard error, in one unit.
    conf_level : float
        Nominal coverage.
    df : float
        Degrees of freedom of the error.
    method, note : str
        As in `Estimate`.

    Returns
    -------
    Estimate
    """
    half = reference_quantile(conf_level, math.inf if math.isnan(df) else df) * std_error
    return Estimate(
        estimate=value,
        std_error=std_error,
        conf_low=value - half,
        conf_high=value + half,
        conf_level=conf_level,
        df=df,
        method=method,
        note=note,
    )


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
    value, std_error, conf_level, method, note
        As in `interval_estimate`.
    df : float
        Degrees of freedom of the error; infinite for the normal.
    null : float
        Value under the null hypothesis of the test.

    Returns
    -------
    Estimate
        Without a test where the standard error is 0.
    """
    plain = interval_estimate(
        value, std_error, conf_level=conf_level, df=df, method=method, note=note
    )
    statistic = (value - null) / std_error if std_error > 0.0 else math.nan
    p_value = float(two_sided_p(np.asarray(statistic), df))
    return replace(plain, statistic=statistic, p_value=p_value)
