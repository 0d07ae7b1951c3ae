"""Standardised mean change from the moments of n pairs: five definitions, each with its interval.

The definitions are different numbers for the same patients (with r = .6 and equal SDs, d_z is
1.12 times d_av) and are never compared with each other.
"""

from __future__ import annotations

import math
from typing import get_args

from scipy.special import ndtr, ndtri, stdtr, stdtrit

from naturalistic.stats.effect_size_intervals import noncentrality_interval
from naturalistic.stats.paired_scores import PairedMoments, check_conf_level
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.standardised_change_formulas import (
    INTERVALS,
    Interval,
    Standardiser,
    hedges_correction,
    standardised_point,
    standardised_variance,
)

_STANDARDISER_WORDS: dict[Standardiser, str] = {
    "pre_sd": "SD of the first scores",
    "difference_sd": "SD of the differences (d_z)",
    "average_sd": "pooled SD of first and last scores (d_av)",
    "repeated_measures": "SD of the differences rescaled by their correlation (d_rm)",
    "external_sd": "SD from outside the sample",
}
_INTERVAL_WORDS: dict[Interval, str] = {
    "heteroscedastic": "large-sample interval, SDs may differ",
    "homoscedastic": "large-sample interval, equal SDs assumed",
    "noncentral_t": "noncentral t interval",
    "large_sample": "large-sample interval",
    "student_t": "t interval",
}


def _reason_against(
    standardiser: Standardiser, interval: Interval, m: PairedMoments, bias_corrected: bool
) -> str:
    """Why these pairs give no estimate; empty where they do."""
    if m.n == 0:
        return "no pairs"
    if m.n == 1:
        return "one pair: no standard deviation"
    if standardiser == "external_sd":
        return "" if m.sd_difference > 0.0 else "every patient changed by the same amount"
    if bias_corrected and m.n == 2:
        return "Hedges' correction needs at least 3 pairs"
    if standardiser == "difference_sd":
        return "" if m.sd_difference > 0.0 else "every patient changed by the same amount"
    if not m.sd_pre > 0.0:
        return "the first scores are all the same"
    if standardiser == "pre_sd" and interval == "heteroscedastic":
        no_spread = m.sd_difference == 0.0 and m.mean_improvement == 0.0
        return "no score changed" if no_spread else ""
    if math.isnan(m.correlation):
        return "the last scores are all the same, so there is no correlation"
    if standardiser == "repeated_measures" and (m.sd_difference == 0.0 or m.correlation == 1.0):
        return "first and last scores are perfectly correlated"
    no_spread = m.sd_difference == 0.0 and m.mean_improvement == 0.0
    return "no score changed" if no_spread else ""


def _paired_t(m: PairedMoments) -> tuple[float, float, float]:
    """Statistic, degrees of freedom and p value of the paired t test."""
    statistic, df = m.mean_improvement * math.sqrt(m.n) / m.sd_difference, float(m.n - 1)
    return statistic, df, 2.0 * float(stdtr(df, -abs(statistic)))


def _noncentral_t_limits(
    standardiser: Standardiser, m: PairedMoments, bias_corrected: bool, conf_level: float
) -> tuple[float, float]:
    """Limits of d_z times Hedges' J, and for d_rm times the rescaling, both taken as known."""
    factor = float(hedges_correction(m.n - 1)) if bias_corrected else 1.0
    if standardiser == "repeated_measures":
        factor *= math.sqrt(2.0 * (1.0 - m.correlation))
    low, high = noncentrality_interval(_paired_t(m)[0], m.n - 1, conf_level=conf_level)
    return low / math.sqrt(m.n) * factor, high / math.sqrt(m.n) * factor


def _in_external_sd(
    m: PairedMoments, sd: float, sd_n: int | None, conf_level: float, method: str
) -> Estimate:
    """Mean improvement over a given SD; its own sampling error enters where `sd_n` is known."""
    value, df = m.mean_improvement / sd, m.n - 1
    error_of_sd = 0.0 if sd_n is None else value**2 / (2.0 * (sd_n - 1))
    std_error = math.sqrt((m.sd_difference / sd) ** 2 / m.n + error_of_sd)
    half = float(stdtrit(df, 0.5 * (1.0 + conf_level))) * std_error
    low, high = value - half, value + half
    return Estimate(value, std_error, low, high, conf_level, *_paired_t(m), method=method)


def _check_arguments(
    standardiser: Standardiser, interval: Interval, external_sd: float | None, sd_n: int | None
) -> None:
    if standardiser not in get_args(Standardiser):
        raise ValueError(f"unknown standardiser {standardiser!r}")
    if interval not in INTERVALS[standardiser]:
        raise ValueError(f"{standardiser} has {INTERVALS[standardiser]}, not {interval!r}")
    if (external_sd is not None) != (standardiser == "external_sd"):
        raise ValueError("external_sd belongs to standardiser='external_sd', and is needed there")
    if external_sd is not None and not (math.isfinite(external_sd) and external_sd > 0.0):
        raise ValueError("external_sd must be positive")
    if sd_n is not None and (external_sd is None or sd_n < 2):
        raise ValueError("external_sd_n is the number of people behind external_sd, at least 2")


def standardised_change_from_moments(
    moments: PairedMoments,
    *,
    standardiser: Standardiser = "pre_sd",
    interval: Interval | None = None,
    bias_corrected: bool = True,
    external_sd: float | None = None,
    external_sd_n: int | None = None,
    conf_level: float = 0.95,
) -> Estimate:
    r"""Mean improvement in standard deviations, with the interval that fits the standardiser.

    With :math:`M = \bar x_1 - \bar x_2` turned so that positive is better, n pairs, correlation r,
    :math:`s_D` the SD of the differences, :math:`s_p^2 = (s_1^2 + s_2^2)/2` and g the estimate:

    - ``pre_sd`` (Becker 1988; metafor SMCR, SMCRH): :math:`J(n-1) M / s_1`.
      *heteroscedastic* (Bonett 2008): variance :math:`s_D^2/(s_1^2(n-1)) + g^2/(2(n-1))`;
      *homoscedastic* (Becker 1988, eq. 13): :math:`2(1-r)/n + g^2/(2n)`, which covers only
      where first and last scores have the same SD (0.91 instead of 0.95 at a ratio of 1.3).
    - ``difference_sd``, d_z (Gibbons et al. 1993; metafor SMCC): :math:`J(n-1) M / s_D`.
      *noncentral_t*: exact for normal differences (Steiger & Fouladi 1997), limits times J;
      *large_sample*: :math:`1/n + g^2/(2n)`.
    - ``average_sd``, d_av: :math:`J(m) M / s_p` with :math:`m = 2(n-1)/(1+r^2)`.
      *heteroscedastic* (Bonett 2008; metafor SMCRPH):
      :math:`s_D^2/(s_p^2(n-1)) + g^2(s_1^4+s_2^4+2r^2s_1^2s_2^2)/(8 s_p^4(n-1))`;
      *homoscedastic* (Cousineau 2020; SMCRP): :math:`2(1-r)/n + g^2(1+r^2)/(4n)`.
    - ``repeated_measures``, d_rm (Morris & DeShon 2002, eq. 12):
      :math:`J(n-1)\sqrt{2(1-r)}\,M/s_D`. *heteroscedastic*: delta method with the normal-theory
      covariance of the SDs and r; *noncentral_t*: the limits of d_z rescaled as if r were known,
      wider than needed.
    - ``external_sd`` (NHS Talking Therapies use England's SD of first scores): M / SD, no J,
      because this sample did not estimate the SD. *student_t*: the paired t interval over SD; with
      `external_sd_n` the SD's own variance :math:`g^2/(2(n_{SD}-1))` is added.

    Parameters
    ----------
    moments : PairedMoments
        From `paired_moments` or a published table.
    standardiser : {'pre_sd', 'difference_sd', 'average_sd', 'repeated_measures', 'external_sd'}
        The denominator.
    interval : str, optional
        One of ``INTERVALS[standardiser]``; default its first.
    bias_corrected : bool
        Multiply by Hedges' exact J.
    external_sd : float, optional
        SD in the unit of the scale, for ``external_sd``.
    external_sd_n : int, optional
        People behind `external_sd`; without it the SD counts as known.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        Test of no change: paired t for noncentral t and Student intervals, otherwise g / SE
        against the normal. Not estimable, with the reason, where a standard deviation is missing
        or 0.

    Raises
    ------
    ValueError
        If an argument is unknown, out of range, or does not belong to the standardiser.
    """
    check_conf_level(conf_level)
    chosen = INTERVALS.get(standardiser, ("large_sample",))[0] if interval is None else interval
    _check_arguments(standardiser, chosen, external_sd, external_sd_n)
    method = _method_words(standardiser, chosen, bias_corrected)
    reason = _reason_against(standardiser, chosen, moments, bias_corrected)
    if reason:
        return not_estimable(reason, method=method, conf_level=conf_level)
    if external_sd is not None:
        return _in_external_sd(moments, external_sd, external_sd_n, conf_level, method)
    value = float(
        standardised_point(
            standardiser,
            n=moments.n,
            mean_improvement=moments.mean_improvement,
            sd_pre=moments.sd_pre,
            sd_post=moments.sd_post,
            sd_difference=moments.sd_difference,
            correlation=moments.correlation,
            bias_corrected=bias_corrected,
        )
    )
    std_error = math.sqrt(standardised_variance(standardiser, chosen, moments, value))
    if chosen == "noncentral_t":
        low, high = _noncentral_t_limits(standardiser, moments, bias_corrected, conf_level)
        test = _paired_t(moments)
    else:
        half = float(ndtri(0.5 * (1.0 + conf_level))) * std_error
        low, high = value - half, value + half
        test = value / std_error, math.nan, 2.0 * float(ndtr(-abs(value) / std_error))
    return Estimate(value, std_error, low, high, conf_level, *test, method=method)


def _method_words(standardiser: Standardiser, interval: Interval, bias_corrected: bool) -> str:
    corrected = bias_corrected and standardiser != "external_sd"
    return (
        f"standardised mean change, {_STANDARDISER_WORDS[standardiser]}"
        f"{', Hedges correction' if corrected else ''}; {_INTERVAL_WORDS[interval]}"
    )
