"""Means and standardised changes of many completed data sets, with errors that allow for therapists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from naturalistic.stats.cluster_codes import cluster_codes
from naturalistic.stats.paired_scores import FloatArray


@dataclass(frozen=True, slots=True)
class Grouping:
    """Who is correlated with whom.

    Attributes
    ----------
    code : ndarray of int, shape (n,)
        Therapist of each person, 0 to `count` - 1; without therapists every person is their own.
    count : int
        Therapists, or people.
    df : float
        Effective number of therapists minus one, :math:`n^2 / sum(n_g^2) - 1`, as in
        `effect_size_jackknife`.
    """

    code: npt.NDArray[np.int64]
    count: int
    df: float

    @classmethod
    def of(cls, n: int, cluster: npt.ArrayLike | None) -> Grouping:
        """From labels; None: independent people.

        Raises
        ------
        ValueError
            If there is not one label a person.
        """
        if cluster is None:
            return cls(np.arange(n), n, float(n - 1))
        labels = np.asarray(cluster)
        if labels.shape != (n,):
            raise ValueError("cluster must have one label a person")
        code, count = cluster_codes(labels)
        sizes = np.bincount(code)
        return cls(code, count, float(n**2 / np.sum(sizes**2.0)) - 1.0)

    def sums(self, values: FloatArray) -> FloatArray:
        """Sums of the last axis by therapist."""
        if self.count == self.code.size:
            return values
        n = self.code.size
        member = csr_array((np.ones(n), (self.code, np.arange(n))), shape=(self.count, n))
        return np.asarray(member @ values.reshape(-1, n).T).T.reshape(
            *values.shape[:-1], self.count
        )

    def variance(self, influence: FloatArray) -> FloatArray:
        """Variance of an estimate from each person's influence on it (summing to 0), last axis.

        ``G / (G - 1)`` times the sum of squared therapist sums: the sandwich CR1.
        """
        total = np.sum(self.sums(influence) ** 2, axis=-1)
        return self.count / max(self.count - 1, 1) * total


@dataclass(frozen=True, slots=True)
class ChangeOfCompleted:
    """Answers of each completed data set, arrays of shape (m,).

    Attributes
    ----------
    mean, mean_variance : ndarray
        Mean improvement and its variance, points.
    standardised, standardised_variance : ndarray
        Mean improvement over the SD of first scores, and its variance.
    sd_first : ndarray
        SD of first scores.
    """

    mean: FloatArray
    mean_variance: FloatArray
    standardised: FloatArray
    standardised_variance: FloatArray
    sd_first: FloatArray


def change_of_completed(
    first: FloatArray, improvement: FloatArray, grouping: Grouping
) -> ChangeOfCompleted:
    """Mean improvement and its ratio to the SD of first scores, in each of m data sets.

    Variances from the squared sums, by therapist, of each person's influence on the number.

    Parameters
    ----------
    first, improvement : ndarray, shape (m, n)
        First scores and improvements.
    grouping : Grouping
        Therapists.
    """
    n = first.shape[-1]
    mean = improvement.mean(axis=-1)
    centred = improvement - mean[..., np.newaxis]
    ratio, variance = standardised_of_completed(
        first, first, improvement, grouping, standardiser="pre_sd"
    )
    return ChangeOfCompleted(
        mean, grouping.variance(centred / n), ratio, variance, first.std(axis=-1, ddof=1)
    )


def standardised_of_completed(
    first: FloatArray,
    last: FloatArray,
    improvement: FloatArray,
    grouping: Grouping,
    *,
    standardiser: str,
    external_sd: float | None = None,
) -> tuple[FloatArray, FloatArray]:
    r"""Standardised mean improvement of each of m data sets, and its variance.

    Denominator s: the SD of first scores (``pre_sd``), :math:`\sqrt{(s_1^2+s_2^2)/2}` (``average_sd``), or a
    given one (``external_sd``). Person i moves the ratio by :math:`\{(D_i - M)/s - M\,h_i/(2 s^3)\}/n`
    with :math:`h_i` the influence on :math:`s^2`: :math:`(x_i-\bar x)^2 - s_1^2`, the mean of that and its
    like for last scores, or 0.

    Parameters
    ----------
    first, last, improvement : ndarray, shape (m, n)
        Scores and improvements.
    grouping : Grouping
        Therapists.
    standardiser : {"pre_sd", "average_sd", "external_sd"}
        The denominator.
    external_sd : float, optional
        For ``external_sd``.

    Raises
    ------
    ValueError
        If the standardiser is unknown or lacks its SD.
    """
    n = first.shape[-1]
    mean = improvement.mean(axis=-1)

    def spread(scores: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Variance of each data set, and how far each person moves it."""
        distance = scores - scores.mean(axis=-1, keepdims=True)
        square = np.sum(distance**2, axis=-1) / (n - 1)
        return square, distance**2 - square[..., np.newaxis]

    if standardiser == "pre_sd":
        square, pull = spread(first)
    elif standardiser == "average_sd":
        (one, pull_one), (two, pull_two) = spread(first), spread(last)
        square, pull = 0.5 * (one + two), 0.5 * (pull_one + pull_two)
    elif standardiser == "external_sd" and external_sd is not None:
        square, pull = np.full(mean.shape, external_sd**2), np.zeros_like(first)
    else:
        raise ValueError(f"unknown standardiser {standardiser!r}, or external_sd without its SD")
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(square)
        influence = (
            (improvement - mean[..., np.newaxis]) / root[..., np.newaxis]
            - (mean / (2.0 * root**3))[..., np.newaxis] * pull
        ) / n
        ratio = mean / root
    influence -= influence.mean(axis=-1, keepdims=True)
    return ratio, grouping.variance(influence)
