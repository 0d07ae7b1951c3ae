"""Pairs of first and last scores: checks, direction, and the moments every estimator uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BetterIs = Literal["lower", "higher"]

#: A spread below this share of the largest score is rounding noise of floats, not spread.
RELATIVE_ZERO = 1e-12


def check_direction(better_is: str) -> None:
    """Refuse a direction other than ``lower`` or ``higher``.

    Raises
    ------
    ValueError
        If `better_is` is another word.
    """
    if better_is not in get_args(BetterIs):
        raise ValueError(f"better_is must be 'lower' or 'higher', not {better_is!r}")


def check_conf_level(conf_level: float) -> None:
    """Refuse a confidence level outside (0, 1).

    Raises
    ------
    ValueError
        If `conf_level` is not strictly between 0 and 1.
    """
    if not 0.0 < conf_level < 1.0:
        raise ValueError(f"conf_level must lie between 0 and 1, not {conf_level}")


def as_score_vector(values: npt.ArrayLike, name: str) -> FloatArray:
    """Finite scores as a one-dimensional float array.

    Raises
    ------
    ValueError
        If `values` is not one-dimensional or holds a missing or infinite score.
    """
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, not of shape {vector.shape}")
    bad = int(np.count_nonzero(~np.isfinite(vector)))
    if bad:
        raise ValueError(f"{name}: {bad} of {vector.size} scores are missing or infinite")
    return vector


def as_pairs(pre: npt.ArrayLike, post: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """First and last scores of the same patients, checked.

    Parameters
    ----------
    pre, post : array_like, shape (n_patients,)
        Scores in the unit of the scale; row i of both belongs to patient i.

    Raises
    ------
    ValueError
        If the shapes differ or a score is missing or infinite.
    """
    first, last = as_score_vector(pre, "pre"), as_score_vector(post, "post")
    if first.shape != last.shape:
        raise ValueError(f"pre has {first.size} scores and post has {last.size}")
    return first, last


def improvement(pre: FloatArray, post: FloatArray, better_is: BetterIs) -> FloatArray:
    """Change of each patient in the unit of the scale; positive is better.

    ``pre - post`` where lower scores are better, ``post - pre`` where higher ones are.
    """
    check_direction(better_is)
    return pre - post if better_is == "lower" else post - pre


@dataclass(frozen=True, slots=True)
class PairedMoments:
    """What pre/post effect sizes need to know about n pairs.

    It can also be filled from a published table (n, means, SDs, correlation), which is how an
    effect size of one definition is converted into another.

    Attributes
    ----------
    n : int
        Pairs.
    mean_pre, mean_post : float
        Means, in the unit of the scale.
    sd_pre, sd_post, sd_difference : float
        Standard deviations (divisor n - 1), in the unit of the scale; NaN for n < 2.
    correlation : float
        Pearson correlation of first and last scores; NaN where either has no spread.
    mean_improvement : float
        Mean change with positive = better.
    """

    n: int
    mean_pre: float
    mean_post: float
    sd_pre: float
    sd_post: float
    sd_difference: float
    correlation: float
    mean_improvement: float

    @classmethod
    def from_published(
        cls,
        *,
        n: int,
        mean_pre: float,
        mean_post: float,
        sd_pre: float,
        sd_post: float,
        correlation: float,
        better_is: BetterIs,
    ) -> PairedMoments:
        """Moments from a published table of means, SDs and their correlation.

        Raises
        ------
        ValueError
            If n < 1, an SD is negative, or the correlation lies outside [-1, 1].
        """
        check_direction(better_is)
        if n < 1 or sd_pre < 0 or sd_post < 0 or not -1.0 <= correlation <= 1.0:
            raise ValueError("n must be positive, SDs not negative, correlation within [-1, 1]")
        variance = sd_pre**2 + sd_post**2 - 2.0 * correlation * sd_pre * sd_post
        change = mean_pre - mean_post
        return cls(
            n=n,
            mean_pre=mean_pre,
            mean_post=mean_post,
            sd_pre=sd_pre,
            sd_post=sd_post,
            sd_difference=float(np.sqrt(max(variance, 0.0))),
            correlation=correlation,
            mean_improvement=change if better_is == "lower" else -change,
        )


def standard_deviation(values: FloatArray, scale: float | None = None) -> float:
    """Sample SD (divisor n - 1); exactly 0 where the spread is only rounding of floats.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Scores or differences of scores.
    scale : float, optional
        Largest absolute score the values were computed from; default: of `values` themselves.

    Returns
    -------
    float
        NaN for fewer than two values.
    """
    if values.size < 2:
        return float("nan")
    largest = float(np.max(np.abs(values))) if scale is None else scale
    sd = float(np.std(values, ddof=1))
    return 0.0 if sd <= RELATIVE_ZERO * largest else sd


def paired_moments(
    pre: npt.ArrayLike, post: npt.ArrayLike, *, better_is: BetterIs
) -> PairedMoments:
    """Moments of n pairs.

    Parameters
    ----------
    pre, post : array_like, shape (n_patients,)
        First and last scores; row i of both belongs to patient i.
    better_is : {'lower', 'higher'}
        Direction of the scale.

    Returns
    -------
    PairedMoments
        For n = 0 the means are NaN.

    Raises
    ------
    ValueError
        If shapes differ, or a score is missing or infinite.
    """
    first, last = as_pairs(pre, post)
    change = improvement(first, last, better_is)
    if first.size == 0:
        nan = float("nan")
        return PairedMoments(0, nan, nan, nan, nan, nan, nan, nan)
    scale = float(max(np.max(np.abs(first)), np.max(np.abs(last))))
    sd_pre, sd_post = standard_deviation(first), standard_deviation(last)
    correlation = float("nan")
    if sd_pre > 0.0 and sd_post > 0.0:
        cross = float(np.dot(first - first.mean(), last - last.mean())) / (first.size - 1)
        correlation = float(np.clip(cross / (sd_pre * sd_post), -1.0, 1.0))
    return PairedMoments(
        n=first.size,
        mean_pre=float(first.mean()),
        mean_post=float(last.mean()),
        sd_pre=sd_pre,
        sd_post=sd_post,
        sd_difference=standard_deviation(change, scale),
        correlation=correlation,
        mean_improvement=float(change.mean()),
    )
