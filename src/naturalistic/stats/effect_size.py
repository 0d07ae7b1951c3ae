"""Size of the change from first to last score; positive is improvement in every function."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy.typing as npt
from scipy.special import stdtrit

from naturalistic.stats.paired_scores import (
    BetterIs,
    PairedMoments,
    check_conf_level,
    paired_moments,
)
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.standardised_change import standardised_change_from_moments
from naturalistic.stats.standardised_change_formulas import (
    INTERVALS,
    Interval,
    Standardiser,
    hedges_correction,
)
from naturalistic.stats.wald import wald_estimate

__all__ = [
    "INTERVALS",
    "Interval",
    "Standardiser",
    "hedges_correction",
    "paired_moments",
    "percentage_change",
    "raw_mean_change",
    "standardised_change_from_moments",
    "standardised_mean_change",
]


def raw_mean_change(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    better_is: BetterIs,
    conf_level: float = 0.95,
    null_change: float = 0.0,
) -> Estimate:
    """Mean improvement in the unit of the scale, with the paired t test.

    Estimate: mean of the differences D; interval and test from t with n - 1 df (Student 1908).

    Parameters
    ----------
    pre, post : array_like, shape (n_patients,)
        First and last scores of the same patients.
    better_is : {'lower', 'higher'}
        Direction of the scale.
    conf_level : float
        Nominal coverage.
    null_change : float
        Improvement under the null hypothesis of the test, in the unit of the scale.

    Returns
    -------
    Estimate
        One pair, or the same change for everybody, gives the mean without an interval and a note.

    Raises
    ------
    ValueError
        If shapes differ, a score is missing, or an argument is out of range.
    """
    check_conf_level(conf_level)
    moments = paired_moments(pre, post, better_is=better_is)
    method = "mean change, paired t interval"
    if moments.n == 0:
        return not_estimable("no pairs", method=method, conf_level=conf_level)
    if moments.n == 1 or moments.sd_difference == 0.0:
        note = (
            "one pair: no interval"
            if moments.n == 1
            else "every patient changed by the same amount: no spread, so no interval"
        )
        return Estimate(moments.mean_improvement, conf_level=conf_level, method=method, note=note)
    df = moments.n - 1
    std_error = moments.sd_difference / math.sqrt(moments.n)
    return wald_estimate(
        moments.mean_improvement,
        std_error,
        float(df),
        conf_level=conf_level,
        null=null_change,
        method=method,
    )


def percentage_change(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    better_is: BetterIs,
    conf_level: float = 0.95,
) -> Estimate:
    r"""Mean improvement as a percentage of the mean first score.

    Estimate :math:`100\,\bar D / \bar X`; interval by Fieller's theorem (Fieller 1954), exact for
    normal scores: all :math:`\theta` with
    :math:`(\bar D-\theta\bar X)^2 \le t^2 (s_D^2 - 2\theta s_{DX} + \theta^2 s_X^2)/n`.
    It means something only on a scale whose 0 is the absence of the problem.

    Parameters
    ----------
    pre, post, better_is, conf_level
        As in `raw_mean_change`.

    Returns
    -------
    Estimate
        Percent. Not estimable where the mean first score is not positive; without an interval
        where that mean is not distinguishable from 0 (Fieller's set is then unbounded).

    Raises
    ------
    ValueError
        If shapes differ, a score is missing, or an argument is out of range.
    """
    check_conf_level(conf_level)
    m = paired_moments(pre, post, better_is=better_is)
    method = "mean change in percent of the mean first score, Fieller interval"
    if m.n == 0:
        return not_estimable("no pairs", method=method, conf_level=conf_level)
    if not m.mean_pre > 0.0:
        return not_estimable(
            "the mean first score is not positive", method=method, conf_level=conf_level
        )
    ratio = m.mean_improvement / m.mean_pre
    plain = Estimate(100.0 * ratio, conf_level=conf_level, method=method)
    if m.n == 1:
        return replace(plain, note="one pair: no interval")
    sign = 1.0 if better_is == "lower" else -1.0
    shared = 0.0 if math.isnan(m.correlation) else m.correlation * m.sd_pre * m.sd_post
    covariance = sign * (m.sd_pre**2 - shared)  # of the improvement with the first score
    limits = _fieller_limits(m, covariance, conf_level)
    if limits is None:
        return replace(
            plain, note="the mean first score is not distinguishable from 0: no interval"
        )
    variance = m.sd_difference**2 - 2.0 * ratio * covariance + (ratio * m.sd_pre) ** 2
    # The terms cancel to rounding noise where everybody changed by the same percentage.
    if variance <= 1e-13 * (m.sd_difference**2 + (ratio * m.sd_pre) ** 2):
        return replace(plain, note="no spread in the percentage: no interval")
    return replace(
        plain,
        std_error=100.0 * math.sqrt(variance / m.n) / m.mean_pre,
        conf_low=100.0 * limits[0],
        conf_high=100.0 * limits[1],
    )


def _fieller_limits(
    m: PairedMoments, covariance: float, conf_level: float
) -> tuple[float, float] | None:
    """Limits of mean improvement over mean first score; None where Fieller's set is unbounded."""
    unit = float(stdtrit(m.n - 1, 0.5 * (1.0 + conf_level))) ** 2 / m.n
    a = m.mean_pre**2 - unit * m.sd_pre**2
    b = m.mean_improvement * m.mean_pre - unit * covariance
    c = m.mean_improvement**2 - unit * m.sd_difference**2
    if a <= 0.0:
        return None
    half = math.sqrt(max(b * b - a * c, 0.0)) / a
    return b / a - half, b / a + half


def standardised_mean_change(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    better_is: BetterIs,
    standardiser: Standardiser = "pre_sd",
    interval: Interval | None = None,
    bias_corrected: bool = True,
    external_sd: float | None = None,
    external_sd_n: int | None = None,
    conf_level: float = 0.95,
) -> Estimate:
    """Mean improvement in standard deviations; see `standardised_change_from_moments`.

    Parameters
    ----------
    pre, post, better_is
        As in `raw_mean_change`.
    standardiser, interval, bias_corrected, external_sd, external_sd_n, conf_level
        As in `standardised_change_from_moments`.

    Returns
    -------
    Estimate
        In standard deviations, positive = improvement.

    Raises
    ------
    ValueError
        If shapes differ, a score is missing, or an argument is out of range.
    """
    return standardised_change_from_moments(
        paired_moments(pre, post, better_is=better_is),
        standardiser=standardiser,
        interval=interval,
        bias_corrected=bias_corrected,
        external_sd=external_sd,
        external_sd_n=external_sd_n,
        conf_level=conf_level,
    )
