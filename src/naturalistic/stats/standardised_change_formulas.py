"""Formulas of the standardised mean change: Hedges' J, point estimates, sampling variances."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from naturalistic.stats.paired_scores import FloatArray, PairedMoments

Standardiser = Literal["pre_sd", "difference_sd", "average_sd", "repeated_measures", "external_sd"]
Interval = Literal["heteroscedastic", "homoscedastic", "noncentral_t", "large_sample", "student_t"]

#: The intervals a standardiser has; the first is the default.
INTERVALS: dict[Standardiser, tuple[Interval, ...]] = {
    "pre_sd": ("heteroscedastic", "homoscedastic"),
    "difference_sd": ("noncentral_t", "large_sample"),
    "average_sd": ("heteroscedastic", "homoscedastic"),
    "repeated_measures": ("heteroscedastic", "noncentral_t"),
    "external_sd": ("student_t",),
}


def hedges_correction(df: npt.ArrayLike) -> FloatArray:
    r"""Hedges' exact small-sample correction of a standardised mean difference.

    .. math:: J(m) = \frac{\Gamma(m/2)}{\sqrt{m/2}\;\Gamma((m-1)/2)}

    Hedges (1981), eq. 6e.

    Parameters
    ----------
    df : array_like
        Degrees of freedom m of the standard deviation in the denominator; need not be whole.

    Returns
    -------
    ndarray
        Same shape as `df`; NaN where m <= 1, where the correction does not exist.
    """
    m = np.asarray(df, dtype=np.float64)
    safe = np.where(m > 1.0, m, 2.0)
    log_j = gammaln(safe / 2.0) - gammaln((safe - 1.0) / 2.0) - 0.5 * np.log(safe / 2.0)
    return np.where(m > 1.0, np.exp(log_j), np.nan)


def standardised_point(
    standardiser: Standardiser,
    *,
    n: npt.ArrayLike,
    mean_improvement: npt.ArrayLike,
    sd_pre: npt.ArrayLike,
    sd_post: npt.ArrayLike,
    sd_difference: npt.ArrayLike,
    correlation: npt.ArrayLike,
    bias_corrected: bool = True,
    external_sd: float | None = None,
) -> FloatArray:
    """Point estimates from arrays of moments (one element a bootstrap draw, a group ...).

    Parameters
    ----------
    standardiser : str
        See `standardised_change_from_moments`.
    n : array_like
        Pairs behind each element.
    mean_improvement, sd_pre, sd_post, sd_difference, correlation : array_like
        Moments, broadcast against each other.
    bias_corrected : bool
        Multiply by Hedges' J (not for ``external_sd``, which this sample did not estimate).
    external_sd : float, optional
        Needed by ``external_sd``.

    Returns
    -------
    ndarray
        NaN or infinite where the moments do not give an estimate.
    """
    change = np.asarray(mean_improvement, dtype=np.float64)
    sd_1, sd_2 = np.asarray(sd_pre, dtype=np.float64), np.asarray(sd_post, dtype=np.float64)
    r = np.asarray(correlation, dtype=np.float64)
    pairs = np.asarray(n, dtype=np.float64)
    df = pairs - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        if standardiser == "external_sd":
            return change / np.float64(math.nan if external_sd is None else external_sd)
        if standardiser == "pre_sd":
            value = change / sd_1
        elif standardiser == "average_sd":
            value = change / np.sqrt(0.5 * (sd_1**2 + sd_2**2))
            df = 2.0 * (pairs - 1.0) / (1.0 + r**2)
        else:
            value = change / np.asarray(sd_difference, dtype=np.float64)
            if standardiser == "repeated_measures":
                value = value * np.sqrt(2.0 * (1.0 - r))
    return value * hedges_correction(df) if bias_corrected else value


def _repeated_measures_variance(m: PairedMoments, g: float) -> float:
    """Variance of d_rm by the delta method, with the normal-theory covariance of (s1², s2², s12).

    With equal SDs it is 2(1 - r)/n + g²(1 + r²)/(4n) to first order, that of d_av: the same
    quantity is estimated with the same error.
    """
    v1, v2, r = m.sd_pre**2, m.sd_post**2, m.correlation
    c = r * m.sd_pre * m.sd_post
    gradient_r = np.array([-r / (2.0 * v1), -r / (2.0 * v2), 1.0 / (m.sd_pre * m.sd_post)])
    gradient_spread = np.array([1.0, 1.0, -2.0]) / m.sd_difference**2
    gradient = -0.5 * (gradient_r / (1.0 - r) + gradient_spread)
    covariance = np.array(
        [
            [2.0 * v1**2, 2.0 * c**2, 2.0 * v1 * c],
            [2.0 * c**2, 2.0 * v2**2, 2.0 * v2 * c],
            [2.0 * v1 * c, 2.0 * v2 * c, v1 * v2 + c**2],
        ]
    )
    return (2.0 * (1.0 - r) + g**2 * float(gradient @ covariance @ gradient)) / (m.n - 1)


def standardised_variance(
    standardiser: Standardiser, interval: Interval, m: PairedMoments, g: float
) -> float:
    """Sampling variance of the estimate g, as listed in `standardised_change_from_moments`.

    Parameters
    ----------
    standardiser, interval : str
        A pair of ``INTERVALS`` other than ``external_sd``.
    m : PairedMoments
        Moments of at least two pairs, with the SDs the formula divides by above 0.
    g : float
        The estimate, with or without Hedges' correction.
    """
    n, r, spread = m.n, m.correlation, m.sd_difference
    if standardiser == "difference_sd":
        return 1.0 / n + g**2 / (2.0 * n)
    if standardiser == "repeated_measures":
        if interval == "noncentral_t":
            return 2.0 * (1.0 - r) / n + g**2 / (2.0 * n)
        return _repeated_measures_variance(m, g)
    if standardiser == "pre_sd":
        if interval == "homoscedastic":
            return 2.0 * (1.0 - r) / n + g**2 / (2.0 * n)
        return (spread / m.sd_pre) ** 2 / (n - 1) + g**2 / (2.0 * (n - 1))
    if interval == "homoscedastic":
        return 2.0 * (1.0 - r) / n + g**2 * (1.0 + r**2) / (4.0 * n)
    pooled = 0.5 * (m.sd_pre**2 + m.sd_post**2)
    fourth = m.sd_pre**4 + m.sd_post**4 + 2.0 * (r * m.sd_pre * m.sd_post) ** 2
    return spread**2 / (pooled * (n - 1)) + g**2 * fourth / (8.0 * pooled**2 * (n - 1))
