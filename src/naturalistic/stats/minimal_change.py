"""Who changed by a percentage of the first score, or by a minimal important difference."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from naturalistic.stats.paired_scores import BetterIs, as_pairs, improvement
from naturalistic.stats.reliable_change import BoolArray, exceeds


def changed_by_percentage(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    better_is: BetterIs,
    percent_better: float = 50.0,
    percent_worse: float = 50.0,
) -> tuple[BoolArray, BoolArray]:
    """Who improved, and who deteriorated, by a percentage of the first score.

    Reaching the percentage is enough. From a first score of 0 any increase is more than every
    percentage of it; no change is no change. (R's clinicalsignificance counts such a patient as
    improved and deteriorated at once.)

    Parameters
    ----------
    pre, post : array_like, shape (n_patients,)
        First and last scores, not negative.
    better_is : {'lower', 'higher'}
        Direction of the scale.
    percent_better, percent_worse : float
        Positive percentages of the first score.

    Returns
    -------
    tuple of ndarray of bool
        Better, worse.

    Raises
    ------
    ValueError
        If shapes differ, a score is missing or negative, or a percentage is not positive.
    """
    first, last = as_pairs(pre, post)
    if np.any(first < 0.0) or np.any(last < 0.0):
        raise ValueError("percentages need scores that are not negative")
    if not (percent_better > 0.0 and percent_worse > 0.0):
        raise ValueError("percentages must be positive")
    change = improvement(first, last, better_is)
    moved = exceeds(np.abs(change), 0.0, strict=True)
    better = exceeds(change, first * percent_better / 100.0, strict=False)
    worse = exceeds(-change, first * percent_worse / 100.0, strict=False)
    return better & moved & (change > 0.0), worse & moved & (change < 0.0)


def changed_by_difference(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    better_is: BetterIs,
    minimal_improvement: float,
    minimal_deterioration: float | None = None,
) -> tuple[BoolArray, BoolArray]:
    """Who changed by at least a minimal important difference taken from an anchor.

    Parameters
    ----------
    pre, post, better_is
        As in `changed_by_percentage`; scores may be negative.
    minimal_improvement : float
        Smallest improvement that matters, in the unit of the scale.
    minimal_deterioration : float, optional
        Smallest deterioration that matters, as a positive number; default the same.

    Returns
    -------
    tuple of ndarray of bool
        Better, worse.

    Raises
    ------
    ValueError
        If shapes differ, a score is missing, or a difference is not positive.
    """
    first, last = as_pairs(pre, post)
    down = minimal_improvement if minimal_deterioration is None else minimal_deterioration
    if not (minimal_improvement > 0.0 and down > 0.0):
        raise ValueError("minimal differences must be positive")
    change = improvement(first, last, better_is)
    return (
        exceeds(change, minimal_improvement, strict=False),
        exceeds(-change, down, strict=False),
    )
