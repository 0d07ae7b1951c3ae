"""Reliable and clinically significant change after Jacobson and Truax (1991)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from naturalistic.stats.change_thresholds import (
    cutoff_a,
    cutoff_b,
    cutoff_c,
    reliable_change_value,
    standard_error_of_difference,
    standard_error_of_measurement,
)
from naturalistic.stats.paired_scores import BetterIs, as_pairs, check_direction, improvement

__all__ = [
    "ChangeCategory",
    "ChangeClassification",
    "categorise",
    "classify_change",
    "cutoff_a",
    "cutoff_b",
    "cutoff_c",
    "exceeds",
    "in_clinical_range",
    "reliable_change_value",
    "reliable_change_z",
    "standard_error_of_difference",
    "standard_error_of_measurement",
]

BoolArray = npt.NDArray[np.bool_]

#: Scores are sums and means of item scores; a difference below this is rounding of floats
#: (8.2 - 3.2 is 4.999999999999999) and must not decide whether a change is "5 or more".
TOLERANCE = 1e-9


class ChangeCategory(IntEnum):
    """Where a patient stands after therapy; the categories exclude each other.

    ``RECOVERED``: reliably better, from the clinical to the functional range.
    ``IMPROVED``: reliably better, without that crossing.
    ``NON_RELIABLY_RECOVERED``: crossed to the functional range by less than a reliable change.
    ``UNCHANGED``: neither; crossing into the clinical range by less than a reliable change too.
    ``DETERIORATED``: reliably worse, without crossing.
    ``DETERIORATED_ACROSS_CUTOFF``: reliably worse, from the functional to the clinical range.
    """

    RECOVERED = 0
    IMPROVED = 1
    NON_RELIABLY_RECOVERED = 2
    UNCHANGED = 3
    DETERIORATED = 4
    DETERIORATED_ACROSS_CUTOFF = 5


@dataclass(frozen=True, slots=True)
class ChangeClassification:
    """What became of each patient.

    Attributes
    ----------
    category : ndarray of int8, shape (n_patients,)
        Codes of `ChangeCategory`.
    reliably_improved, reliably_deteriorated : ndarray of bool, shape (n_patients,)
        Change beyond the reliable-change threshold, whatever the cut-off.
    started_below_cutoff : ndarray of bool, shape (n_patients,)
        First score in the functional range: cannot recover, and is reported apart. All False
        without a cut-off.
    """

    category: npt.NDArray[np.int8]
    reliably_improved: BoolArray
    reliably_deteriorated: BoolArray
    started_below_cutoff: BoolArray

    def counts(self) -> npt.NDArray[np.int64]:
        """Patients in each category, in the order of `ChangeCategory`."""
        return np.bincount(self.category, minlength=len(ChangeCategory))


def reliable_change_z(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    sd: float,
    reliability: float,
    better_is: BetterIs,
) -> npt.NDArray[np.float64]:
    """Each patient's improvement in standard errors of a difference; positive is better.

    Parameters
    ----------
    pre, post : array_like, shape (n_patients,)
        First and last scores.
    sd, reliability : float
        As in `standard_error_of_measurement`.
    better_is : {'lower', 'higher'}
        Direction of the scale.

    Returns
    -------
    ndarray, shape (n_patients,)

    Raises
    ------
    ValueError
        If shapes differ, a score is missing, or the standard error is 0 (no spread, or perfect
        reliability), when every change would be reliable.
    """
    first, last = as_pairs(pre, post)
    standard_error = standard_error_of_difference(sd, reliability)
    if standard_error == 0.0:
        raise ValueError("the standard error of a difference is 0")
    return improvement(first, last, better_is) / standard_error


def exceeds(value: npt.ArrayLike, threshold: npt.ArrayLike, *, strict: bool) -> BoolArray:
    """Whether ``value > threshold`` (strict) or ``value >= threshold``, up to float rounding.

    Parameters
    ----------
    value, threshold : array_like
        In the unit of the scale, broadcast against each other.
    strict : bool
        True: must exceed the threshold; False: reaching it is enough.

    Returns
    -------
    ndarray of bool
    """
    excess = np.asarray(value, dtype=np.float64) - np.asarray(threshold, dtype=np.float64)
    return excess > TOLERANCE if strict else excess >= -TOLERANCE


def in_clinical_range(
    score: npt.ArrayLike,
    cutoff: npt.ArrayLike,
    *,
    better_is: BetterIs,
    cutoff_is_clinical: bool = True,
) -> BoolArray:
    """Whether a score lies on the clinical side of the cut-off.

    Parameters
    ----------
    score : array_like, shape (n_patients,)
        Scores.
    cutoff : array_like
        One cut-off, or each patient's own (by sex and age).
    better_is : {'lower', 'higher'}
        Direction of the scale.
    cutoff_is_clinical : bool
        Whether a score exactly at the cut-off counts as clinical (CORE: 10 is).

    Returns
    -------
    ndarray of bool, shape (n_patients,)
    """
    check_direction(better_is)
    sign = 1.0 if better_is == "lower" else -1.0
    return exceeds(
        sign * np.asarray(score, dtype=np.float64),
        sign * np.asarray(cutoff, dtype=np.float64),
        strict=not cutoff_is_clinical,
    )


def classify_change(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    rci: npt.ArrayLike,
    cutoff: npt.ArrayLike | None,
    *,
    better_is: BetterIs,
    strict: bool = True,
    cutoff_is_clinical: bool = True,
) -> ChangeClassification:
    """Category of change of each patient from a reliable-change threshold and a cut-off.

    Jacobson & Truax (1991), with the "non-reliably recovered" and "deteriorated across the cut-off"
    their table leaves out.

    Parameters
    ----------
    pre, post : array_like, shape (n_patients,)
        First and last scores of the same patients.
    rci : array_like
        Reliable-change threshold in the unit of the scale, positive: one, or each patient's own.
    cutoff : array_like or None
        Cut-off between clinical and functional range: one, or each patient's own. None: the scale
        has none, and only improved, unchanged and deteriorated are given.
    better_is : {'lower', 'higher'}
        Direction of the scale.
    strict : bool
        Whether a change must exceed `rci` (True, Jacobson & Truax; Evans) or may equal it (False:
        "5 or more", CORE; "6 or more", PHQ-9).
    cutoff_is_clinical : bool
        Whether a score exactly at the cut-off counts as clinical.

    Returns
    -------
    ChangeClassification

    Raises
    ------
    ValueError
        If shapes differ, a score or threshold is missing, or `rci` is not positive.
    """
    first, last = as_pairs(pre, post)
    threshold = np.broadcast_to(np.asarray(rci, dtype=np.float64), first.shape)
    if not np.all(threshold > 0.0):
        raise ValueError("rci must be positive for every patient")
    change = improvement(first, last, better_is)
    return categorise(
        first,
        last,
        exceeds(change, threshold, strict=strict),
        exceeds(-change, threshold, strict=strict),
        cutoff,
        better_is=better_is,
        cutoff_is_clinical=cutoff_is_clinical,
    )


def categorise(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    better: npt.ArrayLike,
    worse: npt.ArrayLike,
    cutoff: npt.ArrayLike | None,
    *,
    better_is: BetterIs,
    cutoff_is_clinical: bool = True,
) -> ChangeClassification:
    """Categories from who changed reliably, by whatever method, and the cut-off.

    Parameters
    ----------
    pre, post : array_like, shape (n_patients,)
        First and last scores of the same patients.
    better, worse : array_like of bool, shape (n_patients,)
        Reliable change for the better and for the worse.
    cutoff, better_is, cutoff_is_clinical
        As in `classify_change`.

    Returns
    -------
    ChangeClassification

    Raises
    ------
    ValueError
        If shapes differ, a score or cut-off is missing, or somebody is both better and worse.
    """
    first, last = as_pairs(pre, post)
    is_better, is_worse = np.asarray(better, dtype=bool), np.asarray(worse, dtype=bool)
    if is_better.shape != first.shape or is_worse.shape != first.shape:
        raise ValueError("better and worse must have one element a patient")
    if np.any(is_better & is_worse):
        raise ValueError("a patient cannot be both reliably better and reliably worse")
    clinical_first, clinical_last = (
        _clinical_at(score, cutoff, better_is, cutoff_is_clinical) for score in (first, last)
    )
    crossed_out, crossed_in = clinical_first & ~clinical_last, ~clinical_first & clinical_last
    category = np.full(first.shape, ChangeCategory.UNCHANGED, dtype=np.int8)
    category[crossed_out] = ChangeCategory.NON_RELIABLY_RECOVERED
    category[is_better] = ChangeCategory.IMPROVED
    category[is_better & crossed_out] = ChangeCategory.RECOVERED
    category[is_worse] = ChangeCategory.DETERIORATED
    category[is_worse & crossed_in] = ChangeCategory.DETERIORATED_ACROSS_CUTOFF
    return ChangeClassification(
        category=category,
        reliably_improved=is_better,
        reliably_deteriorated=is_worse,
        started_below_cutoff=~clinical_first,
    )


def _clinical_at(
    score: npt.NDArray[np.float64],
    cutoff: npt.ArrayLike | None,
    better_is: BetterIs,
    cutoff_is_clinical: bool,
) -> BoolArray:
    """Who is in the clinical range; everybody on a scale without a cut-off."""
    if cutoff is None:
        return np.ones(score.shape, dtype=bool)
    limits = np.broadcast_to(np.asarray(cutoff, dtype=np.float64), score.shape)
    if not np.all(np.isfinite(limits)):
        raise ValueError("cutoff must be finite for every patient")
    return in_clinical_range(
        score, limits, better_is=better_is, cutoff_is_clinical=cutoff_is_clinical
    )
