"""Other ways than Jacobson and Truax's to say who changed reliably, on the same patients.

Each index is a change in standard errors, positive for the better. A patient is *better* where the
index exceeds the critical value, *worse* where it falls below its negative, and
`reliable_change.categorise` adds the cut-off.

Percentages and minimal important differences are in `minimal_change`. Gulliksen-Lord-Novick,
Edwards-Nunnally and Nunnally-Kotsch expect a patient without real change to move towards the mean
of first scores.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from naturalistic.stats.change_thresholds import (
    standard_error_of_difference,
    standard_error_of_measurement,
)
from naturalistic.stats.paired_scores import (
    BetterIs,
    FloatArray,
    as_pairs,
    as_score_vector,
    check_direction,
)
from naturalistic.stats.reliable_change import BoolArray, exceeds

IndexMethod = Literal[
    "jacobson_truax",
    "gulliksen_lord_novick",
    "hsu_linn_lord",
    "edwards_nunnally",
    "nunnally_kotsch",
    "hageman_arrindell",
]

#: Hageman & Arrindell accept a one-sided 5 % risk of misclassifying; the others 5 % two-sided.
CRITICAL_VALUES: dict[IndexMethod, float] = {
    "jacobson_truax": 1.96,
    "gulliksen_lord_novick": 1.96,
    "hsu_linn_lord": 1.96,
    "edwards_nunnally": 1.96,
    "nunnally_kotsch": 1.96,
    "hageman_arrindell": 1.65,
}


@dataclass(frozen=True, slots=True)
class ReferenceScores:
    """What the indices take as known about the scale and the group.

    Attributes
    ----------
    reliability : float
        Reliability of the scale, within (0, 1).
    mean_pre, sd_pre : float
        Of first scores: the sample's, or a reference's.
    mean_post, sd_post : float
        Of last scores; needed by Hsu-Linn-Lord (mean) and Hageman-Arrindell (both).
    correlation : float
        Of first and last scores; needed by Hageman-Arrindell.
    reliability_post : float, optional
        Reliability at the last measurement (Nunnally-Kotsch); default `reliability`.
    """

    reliability: float
    mean_pre: float
    sd_pre: float
    mean_post: float = math.nan
    sd_post: float = math.nan
    correlation: float = math.nan
    reliability_post: float | None = None

    def __post_init__(self) -> None:
        later = self.reliability if self.reliability_post is None else self.reliability_post
        if not (0.0 < self.reliability < 1.0 and 0.0 < later < 1.0):
            raise ValueError("reliabilities must lie strictly between 0 and 1")
        if not (self.sd_pre > 0.0 and math.isfinite(self.mean_pre)):
            raise ValueError("mean_pre must be finite and sd_pre positive")


def _scaled_change(
    method: IndexMethod, pre: FloatArray, post: FloatArray, of: ReferenceScores
) -> FloatArray:
    """Change in standard errors in the direction of the scale (post minus pre or expected)."""
    r, s = of.reliability, of.sd_pre
    if method == "jacobson_truax":
        return (post - pre) / standard_error_of_difference(s, r)
    if method == "hageman_arrindell":
        return _hageman_arrindell(pre, post, of)
    deviation = r * (pre - of.mean_pre)
    if method == "hsu_linn_lord":
        if not math.isfinite(of.mean_post):
            raise ValueError("hsu_linn_lord needs mean_post")
        return (post - of.mean_post - deviation) / (s * math.sqrt(1.0 - r**2))
    change = post - of.mean_pre - deviation
    if method == "gulliksen_lord_novick":
        return change / (s * math.sqrt(1.0 - r**2))
    if method == "edwards_nunnally":
        return change / standard_error_of_measurement(s, r)
    later = r if of.reliability_post is None else of.reliability_post
    return change / (s * math.sqrt(r**2 * (1.0 - r) + (1.0 - later)))


def _hageman_arrindell(pre: FloatArray, post: FloatArray, of: ReferenceScores) -> FloatArray:
    """Estimated true change over its standard error, with the reliability of differences r_dd."""
    if not (of.sd_post > 0.0 and math.isfinite(of.mean_post) and abs(of.correlation) <= 1.0):
        raise ValueError("hageman_arrindell needs mean_post, sd_post and correlation")
    error = standard_error_of_measurement(of.sd_pre, of.reliability)
    shared = 2.0 * of.sd_pre * of.sd_post * of.correlation
    # s² times reliability is s² - error²: the error of measurement is the same at both times.
    true_variance = of.sd_pre**2 + of.sd_post**2 - 2.0 * error**2 - shared
    observed_variance = of.sd_pre**2 + of.sd_post**2 - shared
    if not true_variance > 0.0:
        raise ValueError(
            "hageman_arrindell: differences vary less than measurement error alone would make "
            "them, so their reliability is not positive"
        )
    r_dd = true_variance / observed_variance
    mean_change = of.mean_post - of.mean_pre
    estimated = (post - pre) * r_dd + mean_change * (1.0 - r_dd)
    return estimated / (math.sqrt(2.0 * r_dd) * error)


def reliable_change_index(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    reference: ReferenceScores,
    *,
    method: IndexMethod,
    better_is: BetterIs,
) -> FloatArray:
    r"""Each patient's index of reliable change; positive is better.

    With first score x, last score y, reliability r, SD s and mean M of first scores, before the
    sign is turned to the direction of the scale:

    - ``jacobson_truax`` (1991): :math:`(y - x)/(s\sqrt{2(1-r)})`
    - ``gulliksen_lord_novick`` (Hsu 1989): :math:`(y - M - r(x - M))/(s\sqrt{1-r^2})`
    - ``hsu_linn_lord`` (Hsu 1989): the same with the mean of last scores for the first M, so that
      it judges a patient against the average course, not against no change
    - ``edwards_nunnally`` (Speer 1992): :math:`(y - M - r(x - M))/(s\sqrt{1-r})`
    - ``nunnally_kotsch`` (1983): :math:`(y - M - r(x-M))/(s\sqrt{r^2(1-r) + 1 - r_{post}})`
    - ``hageman_arrindell`` (1999): :math:`\{(y-x) r_{dd} + (M_{post}-M)(1-r_{dd})\} /
      (\sqrt{r_{dd}}\,s\sqrt{2(1-r)})` with :math:`r_{dd}` the reliability of differences

    Parameters
    ----------
    pre, post : array_like, shape (n_patients,)
        First and last scores of the same patients.
    reference : ReferenceScores
        Moments and reliability.
    method : str
        One of the above; its critical value is ``CRITICAL_VALUES[method]``.
    better_is : {'lower', 'higher'}
        Direction of the scale.

    Returns
    -------
    ndarray, shape (n_patients,)

    Raises
    ------
    ValueError
        If the method is unknown or lacks a moment, shapes differ, or a score is missing.
    """
    if method not in get_args(IndexMethod):
        raise ValueError(f"unknown method {method!r}")
    check_direction(better_is)
    first, last = as_pairs(pre, post)
    scaled = _scaled_change(method, first, last, reference)
    return -scaled if better_is == "lower" else scaled


def slope_index(
    slopes: npt.ArrayLike, standard_errors: npt.ArrayLike, *, better_is: BetterIs
) -> FloatArray:
    """Index of the hierarchical linear model: the patient's own slope over its standard error.

    The slope is the patient's **total** slope, mean slope plus own deviation, and the standard error
    belongs to that sum. With the deviation alone (as in R's clinicalsignificance) somebody who
    improves less than average counts as deteriorated.

    Parameters
    ----------
    slopes, standard_errors : array_like, shape (n_patients,)
        Predicted change of the score per unit of time, and its standard error.
    better_is : {'lower', 'higher'}
        Direction of the scale.

    Returns
    -------
    ndarray, shape (n_patients,)
        Positive is better; critical value 1.96 (Speer & Greenbaum 1995).

    Raises
    ------
    ValueError
        If shapes differ, a slope is missing, or a standard error is not positive.
    """
    check_direction(better_is)
    slope = as_score_vector(slopes, "slopes")
    error = as_score_vector(standard_errors, "standard_errors")
    if slope.shape != error.shape or not np.all(error > 0.0):
        raise ValueError("one positive standard error for each slope")
    return (-slope if better_is == "lower" else slope) / error


def reliably_changed(
    index: npt.ArrayLike, critical_value: float, *, strict: bool = True
) -> tuple[BoolArray, BoolArray]:
    """Who is better and who is worse by an index.

    Parameters
    ----------
    index : array_like, shape (n_patients,)
        Positive for the better.
    critical_value : float
        Positive.
    strict : bool
        Whether the index must exceed the critical value or may equal it.

    Returns
    -------
    tuple of ndarray of bool
        Better, worse.

    Raises
    ------
    ValueError
        If `critical_value` is not positive or an index is missing.
    """
    values = as_score_vector(index, "index")
    if not critical_value > 0.0:
        raise ValueError("critical_value must be positive")
    return (
        exceeds(values, critical_value, strict=strict),
        exceeds(-values, critical_value, strict=strict),
    )
