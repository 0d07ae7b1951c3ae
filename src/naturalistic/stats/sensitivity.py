"""How strong something unmeasured, or wrongly recorded, would have to be to explain a result."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from naturalistic.stats.paired_scores import check_conf_level
from naturalistic.stats.result import Estimate, not_estimable


@dataclass(frozen=True, slots=True)
class EValue:
    """E-values of a risk ratio.

    Attributes
    ----------
    estimate : float
        Least risk ratio of an unmeasured confounder with both sides that would explain the estimate
        away.
    limit : float
        The same for the confidence limit nearer to no association; 1 where the interval holds it.
    """

    estimate: float
    limit: float


def _e_value(risk_ratio: float) -> float:
    away = max(risk_ratio, 1.0 / risk_ratio)
    return away + math.sqrt(away * (away - 1.0))


def e_value(risk_ratio: float, conf_low: float, conf_high: float) -> EValue:
    r"""E-value, :math:`RR + \sqrt{RR(RR - 1)}` (VanderWeele & Ding 2017).

    Parameters
    ----------
    risk_ratio, conf_low, conf_high : float
        A risk ratio and its limits, or an approximation from the functions below.

    Returns
    -------
    EValue

    Raises
    ------
    ValueError
        If a ratio is not positive or the limits do not enclose the estimate.
    """
    if not 0.0 < conf_low <= risk_ratio <= conf_high < math.inf:
        raise ValueError("0 < conf_low <= risk_ratio <= conf_high is needed")
    nearer = conf_low if risk_ratio >= 1.0 else conf_high
    crosses = conf_low <= 1.0 <= conf_high
    return EValue(estimate=_e_value(risk_ratio), limit=1.0 if crosses else _e_value(nearer))


def risk_ratio_from_odds_ratio(odds_ratio: float, *, rare: bool) -> float:
    """Approximate risk ratio: the odds ratio of a rare outcome, its square root of a common one.

    VanderWeele (2017); rare is below 15 % at the end of follow-up.

    Raises
    ------
    ValueError
        If the ratio is not positive.
    """
    if not odds_ratio > 0.0:
        raise ValueError("odds_ratio must be positive")
    return odds_ratio if rare else math.sqrt(odds_ratio)


def risk_ratio_from_hazard_ratio(hazard_ratio: float, *, rare: bool) -> float:
    r"""Approximate risk ratio; common outcomes by :math:`(1-.5^{\sqrt{HR}})/(1-.5^{\sqrt{1/HR}})`.

    VanderWeele (2017).

    Raises
    ------
    ValueError
        If the ratio is not positive.
    """
    if not hazard_ratio > 0.0:
        raise ValueError("hazard_ratio must be positive")
    if rare:
        return hazard_ratio
    root = math.sqrt(hazard_ratio)
    return (1.0 - 0.5**root) / (1.0 - 0.5 ** (1.0 / root))


def risk_ratios_from_standardised_difference(
    difference: float, std_error: float
) -> tuple[float, float, float]:
    r"""Approximate risk ratio with 95 % limits: :math:`\exp(.91 d)`, :math:`\exp(.91 d \mp 1.78 se)`.

    Chinn (2000) with VanderWeele (2017), as tabulated in VanderWeele & Ding (2017), table 2.

    Returns
    -------
    tuple of float
        Estimate, lower and upper limit.

    Raises
    ------
    ValueError
        If the standard error is negative.
    """
    if not std_error >= 0.0:
        raise ValueError("std_error must not be negative")
    centre, half = 0.91 * difference, 1.78 * std_error
    return math.exp(centre), math.exp(centre - half), math.exp(centre + half)


def _check_accuracy(sensitivity: float, specificity: float) -> None:
    if not (0.0 <= sensitivity <= 1.0 and 0.0 <= specificity <= 1.0):
        raise ValueError("sensitivity and specificity must lie between 0 and 1")


def corrected_share(
    numerator: int,
    denominator: int,
    *,
    sensitivity: float,
    specificity: float,
    conf_level: float = 0.95,
) -> Estimate:
    r"""Share with an ending if the record of it has a known error.

    .. math:: \pi = \frac{p + Sp - 1}{Se + Sp - 1}, \qquad
              se = \frac{\sqrt{p(1-p)/n}}{Se + Sp - 1}

    Rogan & Gladen (1978), eqs 2 and 3, with sensitivity and specificity taken as known.

    Parameters
    ----------
    numerator, denominator : int
        Patients recorded with the ending, and all with a recorded ending.
    sensitivity, specificity : float
        Chance that an ending of this kind, and of another kind, is recorded rightly.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        A proportion, cut off at 0 and 1 with a note. Not estimable with nobody, or where the record is
        no better than chance.

    Raises
    ------
    ValueError
        If a count or an accuracy is out of range.
    """
    check_conf_level(conf_level)
    _check_accuracy(sensitivity, specificity)
    if not 0 <= numerator <= denominator:
        raise ValueError("numerator must lie between 0 and the denominator")
    method = "share corrected for misclassification (Rogan and Gladen)"
    youden = sensitivity + specificity - 1.0
    if denominator == 0:
        return not_estimable("nobody in the denominator", method=method, conf_level=conf_level)
    if youden <= 0.0:
        return not_estimable(
            "sensitivity and specificity add up to 1 or less: the record says nothing",
            method=method,
            conf_level=conf_level,
        )
    share = numerator / denominator
    value = (share + specificity - 1.0) / youden
    std_error = math.sqrt(share * (1.0 - share) / denominator) / youden
    half = float(ndtri(0.5 * (1.0 + conf_level))) * std_error
    low, high, kept = (min(1.0, max(0.0, v)) for v in (value - half, value + half, value))
    outside = abs(kept - value) > 1e-12  # not the rounding of floats
    return Estimate(
        estimate=kept,
        std_error=std_error,
        conf_low=low,
        conf_high=high,
        conf_level=conf_level,
        method=method,
        note="the record cannot have this accuracy: corrected share outside 0 to 1"
        if outside
        else "",
    )


def corrected_odds_ratio(
    exposed: tuple[int, int],
    unexposed: tuple[int, int],
    *,
    sensitivity: tuple[float, float],
    specificity: tuple[float, float],
    conf_level: float = 0.95,
) -> Estimate:
    r"""Odds ratio of an ending between two groups, corrected for a wrongly recorded ending.

    Each group's share is corrected as in `corrected_share`; the interval is symmetric on the log scale,
    with :math:`var(\log OR) = \sum se_g^2 / \{\pi_g(1-\pi_g)\}^2` (delta method; Greenland 1988).
    Different accuracies in the two groups are differential misclassification.

    Parameters
    ----------
    exposed, unexposed : tuple of int
        Patients recorded with the ending, and all, in each group.
    sensitivity, specificity : tuple of float
        In the exposed and in the unexposed group.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        An odds ratio; `std_error` is that of its logarithm, the test is of 1. Not estimable where a
        corrected share is not strictly between 0 and 1.

    Raises
    ------
    ValueError
        If a count or an accuracy is out of range.
    """
    method = "odds ratio corrected for misclassification of the ending"
    log_odds, variance = [], 0.0
    for (numerator, denominator), se, sp in zip(
        (exposed, unexposed), sensitivity, specificity, strict=True
    ):
        part = corrected_share(
            numerator, denominator, sensitivity=se, specificity=sp, conf_level=conf_level
        )
        if part.status != "ok":
            return not_estimable(part.note, method=method, conf_level=conf_level)
        if not 0.0 < part.estimate < 1.0:
            return not_estimable(
                "a corrected share is not between 0 and 1", method=method, conf_level=conf_level
            )
        spread = part.estimate * (1.0 - part.estimate)
        log_odds.append(math.log(part.estimate / (1.0 - part.estimate)))
        variance += (part.std_error / spread) ** 2
    value, std_error = log_odds[0] - log_odds[1], math.sqrt(variance)
    half = float(ndtri(0.5 * (1.0 + conf_level))) * std_error
    return Estimate(
        estimate=math.exp(value),
        std_error=std_error,
        conf_low=math.exp(value - half),
        conf_high=math.exp(value + half),
        conf_level=conf_level,
        statistic=value / std_error,
        p_value=math.erfc(abs(value) / std_error / math.sqrt(2.0)),
        method=method,
    )


def corrected_group_means(
    mean_with: float,
    mean_without: float,
    share_with: float,
    *,
    sensitivity: float,
    specificity: float,
) -> tuple[float, float]:
    """Mean outcome by true ending, from the means by recorded ending.

    Each recorded group is a mixture of both true endings; given the true ending, the error of the
    record must not depend on the outcome. Solves the two equations of the mixture.

    Parameters
    ----------
    mean_with, mean_without : float
        Mean outcome of those recorded with and without the ending.
    share_with : float
        Share recorded with it, strictly between 0 and 1.
    sensitivity, specificity : float
        As in `corrected_share`.

    Returns
    -------
    tuple of float
        Mean outcome of those who truly have, and truly have not, the ending.

    Raises
    ------
    ValueError
        If an argument is out of range, or the corrected share is not strictly between 0 and 1.
    """
    _check_accuracy(sensitivity, specificity)
    if not 0.0 < share_with < 1.0:
        raise ValueError("share_with must lie strictly between 0 and 1")
    youden = sensitivity + specificity - 1.0
    true_share = (share_with + specificity - 1.0) / youden if youden > 0.0 else math.nan
    if not 0.0 < true_share < 1.0:
        raise ValueError("this accuracy cannot have given the recorded share")
    have = true_share * sensitivity / share_with
    have_not_recorded = true_share * (1.0 - sensitivity) / (1.0 - share_with)
    mixture = np.array([[have, 1.0 - have], [have_not_recorded, 1.0 - have_not_recorded]])
    with_it, without_it = np.linalg.solve(mixture, np.array([mean_with, mean_without]))
    return float(with_it), float(without_it)
