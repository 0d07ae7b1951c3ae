"""Intervals of effect sizes: noncentral t (exact) and bias-corrected accelerated bootstrap."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, chdtri, ndtr, ndtri

from naturalistic.stats.paired_scores import FloatArray, check_conf_level

_NODES = 200
#: The normal density beyond this is below 1e-18.
_FAR = 9.0


@lru_cache(maxsize=1)
def _legendre() -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of the Gauss-Legendre rule on [-1, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def _scaled_chi(df: float) -> tuple[FloatArray, FloatArray]:
    """Nodes s and probability weights of S = sqrt(chi-square(df) / df).

    The weights are divided by their sum, so the normalising constant, whose logarithm loses
    digits for a large df, is never needed to full precision.
    """
    nodes, weights = _legendre()
    low = max(0.0, 1.0 - 10.0 / math.sqrt(2.0 * df))
    high = math.sqrt(float(chdtri(df, 1e-22)) / df)
    s = 0.5 * (high - low) * nodes + 0.5 * (high + low)
    u = s - 1.0
    log_density = (df - 1.0) * np.log(s) - df * (u + 0.5 * u * u)
    mass = weights * np.exp(log_density - log_density.max())
    return s, mass / mass.sum()


def _cdf_of_noncentrality(t: float, df: float) -> Callable[[float], float]:
    """P(T <= t) as a function of the noncentrality, for t >= 0.

    Z and S each may be integrated over; the narrower one is, so that what remains under the integral
    is smooth: Phi(t S - delta) over S, or P(S >= (z + delta) / t) over z.
    """
    if t <= math.sqrt(2.0 * df):
        s, mass = _scaled_chi(df)
        return lambda noncentrality: float(np.dot(mass, ndtr(t * s - noncentrality)))
    nodes, weights = _legendre()

    def over_z(noncentrality: float) -> float:
        """Probability of a statistic at least as large, integrated over the numerator."""
        # Below z = -delta every S is large enough: that part is Phi(-delta).
        low = max(-noncentrality, -_FAR)
        if low >= _FAR:
            return 1.0
        z = 0.5 * (_FAR - low) * nodes + 0.5 * (_FAR + low)
        density = 0.5 * (_FAR - low) * weights * np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        tail = chdtrc(df, df * ((z + noncentrality) / t) ** 2)
        return float(ndtr(low) + np.dot(density, tail))

    return over_z


def noncentral_t_cdf(t: float, df: float, noncentrality: float) -> float:
    r"""Distribution function of the noncentral t.

    .. math:: P(T \le t) = E\,\Phi(t S - \delta), \qquad S = \sqrt{\chi^2_\nu / \nu},

    by a 200-point Gauss-Legendre rule, over S or, where t is far out, over the normal variable. It
    serves every df and noncentrality, where the usual series fail (scipy gives NaN at t = -6.48,
    df = 96, delta = 5.5; R's is good up to a noncentrality of 37.6).

    Parameters
    ----------
    t : float
        Argument.
    df : float
        Degrees of freedom, at least 1.
    noncentrality : float
        Noncentrality delta.

    Raises
    ------
    ValueError
        If `df` is below 1.
    """
    if not df >= 1.0:
        raise ValueError(f"df must be at least 1, not {df}")
    if t < 0.0:
        return 1.0 - _cdf_of_noncentrality(-t, df)(-noncentrality)
    return _cdf_of_noncentrality(t, df)(noncentrality)


def noncentrality_interval(t: float, df: float, *, conf_level: float = 0.95) -> tuple[float, float]:
    """Exact interval of the noncentrality of an observed t, by inverting the distribution.

    Steiger & Fouladi (1997); Cumming & Finch (2001). The lower limit is the noncentrality under
    which a t at least as large as the observed one has probability (1 - conf_level) / 2.

    Parameters
    ----------
    t : float
        Observed t statistic.
    df : float
        Its degrees of freedom, at least 1.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    tuple of float
        Lower and upper limit; divided by sqrt(n) they are limits of the standardised change d_z.

    Raises
    ------
    ValueError
        If `conf_level` lies outside (0, 1), `df` is below 1 or `t` is not finite.
    """
    check_conf_level(conf_level)
    if not math.isfinite(t):
        raise ValueError("t must be finite")
    if not df >= 1.0:
        raise ValueError(f"df must be at least 1, not {df}")
    # The interval of -t is the mirror image; working with t >= 0 keeps one bracket.
    if t < 0.0:
        low, high = noncentrality_interval(-t, df, conf_level=conf_level)
        return -high, -low
    tail = 0.5 * (1.0 - conf_level)
    cdf = _cdf_of_noncentrality(t, df)
    reach = (abs(float(ndtri(tail))) + 6.0) * math.sqrt(1.0 + t * t / (2.0 * df)) + 0.5 * t

    low, high = (
        float(brentq(lambda ncp, p=p: cdf(ncp) - p, t - reach, t + reach, xtol=1e-13, rtol=1e-14))
        for p in (1.0 - tail, tail)
    )
    return low, high


def bca_interval(
    draws: FloatArray, jackknife: FloatArray, estimate: float, *, conf_level: float = 0.95
) -> tuple[float, float]:
    r"""Bias-corrected accelerated bootstrap interval.

    .. math::
        \alpha_\pm = \Phi\Big(z_0 + \frac{z_0 \pm z}{1 - a (z_0 \pm z)}\Big), \quad
        z_0 = \Phi^{-1}(\text{share of draws below } \hat\theta), \quad
        a = \frac{\sum d_i^3}{6 (\sum d_i^2)^{3/2}},\ d_i = \bar\theta_{(\cdot)} - \theta_{(i)}.

    Efron (1987), eqs 2.3 and 6.6; draws equal to the estimate count half, which matters for
    scores on a grid.

    Parameters
    ----------
    draws : ndarray, shape (n_draws,)
        The statistic on each resample.
    jackknife : ndarray, shape (n_units,)
        The statistic with each resampled unit (patient or therapist) left out.
    estimate : float
        The statistic on the data.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    tuple of float
        Limits; both NaN where the draws do not vary or lie on one side of the estimate.

    Raises
    ------
    ValueError
        If `conf_level` lies outside (0, 1), or a draw or jackknife value is not finite.
    """
    check_conf_level(conf_level)
    if not (np.isfinite(draws).all() and np.isfinite(jackknife).all()):
        raise ValueError("draws and jackknife values must be finite")
    below = float(np.mean(draws < estimate) + 0.5 * np.mean(draws == estimate))
    if not 0.0 < below < 1.0 or np.ptp(draws) == 0.0:
        return math.nan, math.nan
    deviation = jackknife.mean() - jackknife
    spread = float(np.sum(deviation**2))
    acceleration = float(np.sum(deviation**3)) / (6.0 * spread**1.5) if spread > 0.0 else 0.0
    bias = float(ndtri(below))
    z = bias + float(ndtri(0.5 * (1.0 + conf_level))) * np.array([-1.0, 1.0])
    low, high = np.quantile(draws, ndtr(bias + z / (1.0 - acceleration * z)))
    return float(low), float(high)
