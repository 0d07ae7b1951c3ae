"""How each count can be seen: rounded finely, rounded coarsely, or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naturalistic.release.profiles import Profile
from naturalistic.release.suppression.counts import PEOPLE_COUNTS, Counts, IntArray

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
LADDER = (1, 2, 4)  # a count is rounded to this many times the rounding base
COARSE_FROM = 5  # only counts of at least this many coarse steps are rounded coarsely: an error of a tenth at most
HEADLINE_FROM = (
    2  # figures the report rests on sooner: an error of a quarter at most is better than no figure
)


@dataclass(frozen=True)
class Shown:
    """What an outsider knows about each count before putting anything together.

    Attributes
    ----------
    low, high : array of float, shape (counts,)
        Smallest and largest number it can be; 0 and infinity where it is not seen.
    """

    low: FloatArray
    high: FloatArray


def interval(
    values: npt.ArrayLike, base: npt.ArrayLike, profile: Profile
) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest count that is shown as the same rounded number."""
    exact = np.asarray(values, dtype=float)
    step = np.broadcast_to(np.asarray(base, dtype=float), exact.shape)
    middle = np.floor(exact / step + 0.5) * step
    least = 0.0 if not profile.withhold_zero else profile.threshold + 1.0
    low = np.maximum(np.ceil(middle - step / 2), np.where(exact == 0, 0.0, least))
    high = np.where(exact == 0, 0.0, np.ceil(middle + step / 2) - 1)
    return low, high


def columns_seen(counts: Counts, visible: BoolArray, profile: Profile) -> BoolArray:
    """Whether a count is seen in some row, shape (counts,)."""
    seen = np.zeros(len(counts.names), dtype=bool)
    values = counts.values
    for column in (*PEOPLE_COUNTS, "estimate", "n_missing"):
        numbers = counts.of[column][visible]
        numbers = numbers[numbers >= 0]
        if column == "n_missing":  # left empty where it is small; the row itself may stand
            numbers = numbers[~is_small(values[numbers], profile)]
        seen[numbers] = True
    return seen


def is_small(values: npt.ArrayLike, profile: Profile) -> BoolArray:
    """Counts that must not be known: 0 (or 1) up to the threshold."""
    counts = np.asarray(values, dtype=float)
    floor = 0 if profile.withhold_zero else 1
    return (counts >= floor) & (counts <= profile.threshold)


def is_few_missing(values: npt.ArrayLike, profile: Profile) -> BoolArray:
    """Numbers of people without a value that must not be known: from 1 to the threshold. That nobody lacks one may be."""
    counts = np.asarray(values, dtype=float)
    return (counts >= 1) & (counts <= profile.threshold)


def knowledge(seen: BoolArray, step: IntArray, counts: Counts, profile: Profile) -> Shown:
    """What is known of each count, given which are seen and to how many times the base each is rounded."""
    low, high = interval(counts.values, step * profile.rounding_base, profile)
    return Shown(np.where(seen, low, 0.0), np.where(seen, high, np.inf))


def may_be_coarse(values: IntArray, step: int, headline: BoolArray, profile: Profile) -> BoolArray:
    """Counts large enough to be rounded to so many times the base."""
    steps = np.where(headline, HEADLINE_FROM, COARSE_FROM)
    return values >= steps * step * profile.rounding_base


def rounded(values: npt.ArrayLike, step: npt.ArrayLike, profile: Profile) -> FloatArray:
    """Counts as they are shown, each rounded to so many times the base."""
    exact, base = np.asarray(values, dtype=float), np.asarray(step) * profile.rounding_base
    return np.floor(exact / base + 0.5) * base
