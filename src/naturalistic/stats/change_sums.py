"""Pre/post effect sizes from sums over patients or therapists: what resampling works on.

Every effect size here is a function of six sums, so a resample, or a sample with one therapist left
out, is one row of sums: no data are copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from naturalistic.stats.cluster_codes import cluster_codes
from naturalistic.stats.paired_scores import (
    BetterIs,
    FloatArray,
    as_pairs,
    check_conf_level,
    check_direction,
)
from naturalistic.stats.standardised_change_formulas import Standardiser, standardised_point

ChangeMeasure = Literal["raw", "percentage"] | Standardiser
MEASURES: tuple[str, ...] = ("raw", "percentage", *get_args(Standardiser))


def check_measure(measure: str, external_sd: float | None) -> None:
    """Refuse an unknown measure, or one without the SD it needs.

    Raises
    ------
    ValueError
        If the measure is unknown, or `external_sd` is given without need or needed and not given.
    """
    if measure not in MEASURES:
        raise ValueError(f"unknown measure {measure!r}")
    if (external_sd is not None) != (measure == "external_sd"):
        raise ValueError("external_sd belongs to measure='external_sd', and is needed there")
    if external_sd is not None and not external_sd > 0.0:
        raise ValueError("external_sd must be positive")


def checked_change(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    measure: ChangeMeasure,
    better_is: BetterIs,
    external_sd: float | None,
    conf_level: float,
) -> tuple[FloatArray, FloatArray]:
    """First and last scores of a resampled effect size, all its arguments checked.

    Raises
    ------
    ValueError
        If shapes differ, a score is missing, or an argument is out of range.
    """
    check_conf_level(conf_level)
    check_direction(better_is)
    check_measure(measure, external_sd)
    return as_pairs(pre, post)


def sums_of_units(
    pre: FloatArray, post: FloatArray, cluster: npt.ArrayLike | None
) -> tuple[FloatArray, float]:
    """Sums (n, x, y, x², y², xy) of each unit that is drawn, and the centre taken off the scores.

    Centring keeps digits in the sums of squares. Rows are put in an order that depends on scores
    only, so that neither row order nor the value of a therapist's pseudonym can change a draw.

    Parameters
    ----------
    pre, post : ndarray, shape (n_patients,)
        First and last scores, at least one patient.
    cluster : array_like, shape (n_patients,), optional
        Therapist of each patient; without it every patient is a unit.

    Returns
    -------
    tuple
        Sums, shape (n_units, 6), and the centre.

    Raises
    ------
    ValueError
        If `cluster` has another length.
    """
    order = np.lexsort((post, pre))
    x, y = pre[order], post[order]
    centre = 0.5 * float(np.mean(x) + np.mean(y))
    x, y = x - centre, y - centre
    sums: FloatArray = np.column_stack([np.ones_like(x), x, y, x * x, y * y, x * y])
    if cluster is None:
        return sums, centre
    labels = np.asarray(cluster)
    if labels.shape != pre.shape:
        raise ValueError("cluster must have one label a patient")
    index, count = cluster_codes(labels[order])
    by_group: FloatArray = np.column_stack(
        [np.bincount(index, weights=column, minlength=count) for column in sums.T]
    )
    return by_group[np.lexsort(by_group.T)], centre


def values_of_sums(
    sums: FloatArray,
    centre: float,
    measure: ChangeMeasure,
    better_is: BetterIs,
    bias_corrected: bool,
    external_sd: float | None,
) -> FloatArray:
    """The effect size of each row of sums.

    Parameters
    ----------
    sums : ndarray, shape (n_rows, 6)
        Sums of whole samples, in the columns of `sums_of_units`.
    centre : float
        What was taken off the scores.
    measure, better_is, bias_corrected, external_sd
        As in `effect_size_jackknife.jackknife_change`.

    Returns
    -------
    ndarray, shape (n_rows,)
        NaN or infinite where a sample gives no value.
    """
    n, x, y, xx, yy, xy = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        change = (x - y) / n if better_is == "lower" else (y - x) / n
        if measure == "raw":
            return change
        if measure == "percentage":
            mean_pre = centre + x / n
            return np.where(mean_pre > 0.0, 100.0 * change / mean_pre, np.nan)
        v1, v2, c = (
            (product - a * b / n) / (n - 1.0)
            for product, a, b in ((xx, x, x), (yy, y, y), (xy, x, y))
        )
        # A spread below rounding noise of the sums is none.
        noise = 1e-12 * (xx + yy) / n
        v1, v2 = np.where(v1 > noise, v1, 0.0), np.where(v2 > noise, v2, 0.0)
        spread = v1 + v2 - 2.0 * c
        return standardised_point(
            measure,
            n=n,
            mean_improvement=change,
            sd_pre=np.sqrt(v1),
            sd_post=np.sqrt(v2),
            sd_difference=np.sqrt(np.where(spread > noise, spread, 0.0)),
            correlation=np.clip(c / np.sqrt(v1 * v2), -1.0, 1.0),
            bias_corrected=bias_corrected,
            external_sd=external_sd,
        )


@dataclass(frozen=True, slots=True)
class ChangeOfSums:
    """An effect size as a function of the sums of units; fields as in `values_of_sums`.

    Attributes
    ----------
    units : (n_units, 6) sums of each patient or therapist.
    """

    units: FloatArray
    centre: float
    measure: ChangeMeasure
    better_is: BetterIs
    bias_corrected: bool
    external_sd: float | None

    def of(self, sums: FloatArray) -> FloatArray:
        """The effect size of each row of sums (n_rows, 6), shape (n_rows,)."""
        return values_of_sums(
            sums,
            self.centre,
            self.measure,
            self.better_is,
            self.bias_corrected,
            self.external_sd,
        )

    def of_all(self) -> float:
        """The effect size of all units together."""
        return float(self.of(self.units.sum(axis=0)[np.newaxis])[0])

    def of_all_but_one(self) -> FloatArray:
        """The effect size with each unit left out in turn, shape (n_units,)."""
        return self.of(self.units.sum(axis=0) - self.units)
