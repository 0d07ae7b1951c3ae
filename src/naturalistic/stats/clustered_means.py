"""Means and standardised changes of many completed data sets, with errors that allow for therapists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
        _, code = np.unique(labels, return_inverse=True)
        sizes = np.bincount(code)
        return cls(code.astype(np.int64), sizes.size, float(n**2 / np.sum(sizes**2.0)) - 1.0)

    def sums(self, values: FloatArray) -> FloatArray:
        """Sums of the last axis by therapist."""
        if self.count == self.code.size:
            return values
        member = np.zeros((self.code.size, self.count))
        member[np.arange(self.code.size), self.code] = 1.0
        return values @ member

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
    r"""Mean improvement and its ratio to the SD of first scores, in each of m data sets.

    Person i moves the ratio :math:`d = M/s` by
    :math:`\{(D_i - M)/s - M((x_i-\bar x)^2 - s^2)/(2 s^3)\}/n` (influence function); the squared sums of
    these by therapist give the variance.

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
    distance = first - first.mean(axis=-1, keepdims=True)
    square = np.sum(distance**2, axis=-1) / (n - 1)
    sd = np.sqrt(square)
    with np.errstate(divide="ignore", invalid="ignore"):
        influence = (
            centred / sd[..., np.newaxis]
            - (mean / (2.0 * sd**3))[..., np.newaxis] * (distance**2 - square[..., np.newaxis])
        ) / n
        ratio = mean / sd
    influence -= influence.mean(axis=-1, keepdims=True)
    return ChangeOfCompleted(
        mean, grouping.variance(centred / n), ratio, grouping.variance(influence), sd
    )
