"""XmR charts: a series with its mean, its process limits and the points that mark special-cause variation.

Formulas: Wheeler and Chambers (1992), Understanding Statistical Process Control, chapter 3. Rules: those of the NHS
programme Making Data Count, as the NHS-R Community's package NHSRplotthedots applies them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

LIMIT = 2.66  # 3 / d2 with d2 = 1.128, the mean range of two normal values in SDs
NEAR = 2.0 * LIMIT / 3.0
RANGE_LIMIT = 3.267  # upper limit of a moving range over the mean of the ranges
RUN = 7
FEWEST_POINTS = 12
RULES = ("outside_limits", "shift", "trend", "near_limits")


@dataclass(frozen=True, slots=True)
class XmrChart:
    """A series with its process limits; arrays have shape (n_points,).

    Attributes
    ----------
    mean : float
        Centre line.
    lower, upper : float
        Process limits, in the unit of the series; not cut at a bound of the measure.
    mean_range : float
        Mean moving range after ranges above their own limit were set aside.
    sigma : float
        `mean_range` / 1.128.
    outside_limits, shift, trend, near_limits : ndarray of bool
        Points that meet each rule.
    enough_points : bool
        At least `FEWEST_POINTS`.
    """

    mean: float
    lower: float
    upper: float
    mean_range: float
    sigma: float
    outside_limits: BoolArray
    shift: BoolArray
    trend: BoolArray
    near_limits: BoolArray
    enough_points: bool

    @property
    def special_cause(self) -> BoolArray:
        """Points that meet any rule."""
        return self.outside_limits | self.shift | self.trend | self.near_limits


def xmr_chart(values: npt.ArrayLike) -> XmrChart:
    r"""Process limits of a series and the points that mark special-cause variation.

    .. math:: \bar x \pm 2.66\,\overline{mR},\qquad mR_t = |x_t - x_{t-1}|

    Ranges at or above 3.267 times their mean are set aside once and the mean taken again, so that one jump does not
    widen the limits. Rules: a point outside the limits; seven or more points in a row on one side of the mean; seven
    or more points in a row all rising or all falling; of three points in a row two between two thirds of the way to
    the limit of one side and that limit (those two are marked).

    Parameters
    ----------
    values : array_like of float, shape (n_points,)
        The series in order of time, without gaps.

    Raises
    ------
    ValueError
        Fewer than two points, a missing value, or another shape.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or x.size < 2 or not np.isfinite(x).all():
        raise ValueError("an XmR chart needs a series of at least two finite values")
    mean, mean_range = float(x.mean()), _mean_range(x)
    lower, upper = mean - LIMIT * mean_range, mean + LIMIT * mean_range
    outside = (x < lower) | (x > upper)
    side = np.sign(x - mean).astype(np.int64)
    close = np.where(~outside & (np.abs(x - mean) > NEAR * mean_range), side, 0)
    return XmrChart(
        mean=mean,
        lower=lower,
        upper=upper,
        mean_range=mean_range,
        sigma=mean_range / 1.128,
        outside_limits=outside,
        shift=_in_runs(side, RUN),
        trend=_trend(x),
        near_limits=_two_of_three(close),
        enough_points=x.size >= FEWEST_POINTS,
    )


def _mean_range(x: FloatArray) -> float:
    ranges = np.abs(np.diff(x))
    kept = ranges[ranges < RANGE_LIMIT * ranges.mean()]
    # a series without any change has no range below its own limit of zero
    return float(kept.mean()) if kept.size else float(ranges.mean())


def _in_runs(sign: npt.NDArray[np.int64], length: int) -> BoolArray:
    """Members of unbroken runs of the same sign, not zero, of at least `length`."""
    starts = np.flatnonzero(np.diff(sign, prepend=2 * np.sign(sign[:1]) + 3))
    lengths = np.diff(np.append(starts, sign.size))
    return np.repeat(lengths >= length, lengths) & (sign != 0)


def _trend(x: FloatArray) -> BoolArray:
    """Points of seven or more in a row that all rise or all fall: six steps of the same sign."""
    steps = np.sign(np.diff(x)).astype(np.int64)
    moving = _in_runs(steps, RUN - 1) if steps.size else np.zeros(0, dtype=bool)
    return np.concatenate([moving, [False]]) | np.concatenate([[False], moving])


def _two_of_three(close: npt.NDArray[np.int64]) -> BoolArray:
    """Points near a limit that have a second one near the same limit at most two points away."""
    marked = np.zeros(close.size, dtype=bool)
    for distance in (1, 2):
        pair = (close[distance:] == close[:-distance]) & (close[distance:] != 0)
        marked[distance:] |= pair
        marked[:-distance] |= pair
    return marked
