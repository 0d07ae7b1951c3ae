"""Step curves over time: what every survival estimator of this package returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from naturalistic.stats.event_table import EventTable, FloatArray

ConfidenceType = Literal["log-log", "log", "plain"]
CONFIDENCE_TYPES: tuple[ConfidenceType, ...] = ("log-log", "log", "plain")

# R's tolerance for "the curve is exactly at the quantile" (survival:::findq)
_QUANTILE_TOLERANCE = float(np.sqrt(np.finfo(np.float64).eps))


@dataclass(frozen=True, slots=True)
class CurveValues:
    """A curve read at chosen times; every array has the shape of the grid.

    Attributes
    ----------
    times : ndarray of float
        The grid.
    at_risk : ndarray of float
        Under observation just before each time (the numbers under a plot).
    cumulative_events, cumulative_censored : ndarray of float
        Up to and including each time.
    estimate, std_error, conf_low, conf_high : ndarray of float
        The curve there; NaN after the end of follow-up unless nobody was left to have the event.
    """

    times: FloatArray
    at_risk: FloatArray
    cumulative_events: FloatArray
    cumulative_censored: FloatArray
    estimate: FloatArray
    std_error: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray


@dataclass(frozen=True, slots=True)
class Curve:
    """A right-continuous step function of time with its uncertainty; all arrays have shape (m,).

    Attributes
    ----------
    kind : str
        ``survival``, ``cumulative_hazard`` or ``cumulative_incidence``.
    times : ndarray of float
        Distinct ends of observation, ascending: the curve can change only there.
    at_risk, events, censored : ndarray of float
        Just before, at and at each time (weighted where weights were given).
    estimate, std_error, conf_low, conf_high : ndarray of float
        Value from each time on, its standard error and pointwise limits. Limits are NaN where their scale does
        not exist: log-log limits at 0 and 1. The standard error of a survival of 0 is NaN as in R.
    start : float
        Value before the first time: 1 for survival, otherwise 0.
    complete : bool
        Nobody is left without an event at the last time, so that the curve is known for ever after it.
    entry_times, entered : ndarray of float
        Distinct entry times and how many enter there; empty when all are observed from the origin.
    conf_level : float
        Nominal pointwise coverage.
    method : str
        Estimator, standard error and limits in words.
    status, note : str
        ``ok``, or ``not_estimable`` with the reason; `note` may also carry a caution.
    """

    kind: str
    times: FloatArray
    at_risk: FloatArray
    events: FloatArray
    censored: FloatArray
    estimate: FloatArray
    std_error: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    start: float
    complete: bool
    entry_times: FloatArray = field(default_factory=lambda: np.empty(0))
    entered: FloatArray = field(default_factory=lambda: np.empty(0))
    conf_level: float = 0.95
    method: str = ""
    status: str = "ok"
    note: str = ""

    def at(self, grid: ArrayLike, *, carry_forward: bool = False) -> CurveValues:
        """Read the curve at given times.

        Parameters
        ----------
        grid : array_like of float, shape (g,)
            Times in the curve's unit, in any order.
        carry_forward : bool
            Keep the last value after the end of follow-up instead of NaN. The value is then an extrapolation
            unless the curve is complete.

        Raises
        ------
        ValueError
            A time is NaN or `grid` is not one-dimensional.
        """
        wanted = np.asarray(grid, dtype=np.float64)
        if wanted.ndim != 1 or np.isnan(wanted).any():
            raise ValueError("grid must be one-dimensional without missing values")
        past = np.searchsorted(self.times, wanted, side="right")
        end = self.times[-1] if len(self.times) else -np.inf
        unknown = (wanted > end) & (not (carry_forward or self.complete))

        def step(values: FloatArray, before: float) -> FloatArray:
            """The curve read at the wanted times; NaN where it is unknown."""
            read = np.concatenate([[before], values])[past]
            return np.where(unknown, np.nan, read)

        # before the first time the curve is where it starts by definition, and so are its limits (as R)
        begin = self.start if len(self.times) else np.nan
        return CurveValues(
            times=wanted,
            at_risk=self._at_risk(wanted),
            cumulative_events=np.concatenate([[0.0], np.cumsum(self.events)])[past],
            cumulative_censored=np.concatenate([[0.0], np.cumsum(self.censored)])[past],
            estimate=step(self.estimate, begin),
            std_error=step(self.std_error, 0.0 * begin),
            conf_low=step(self.conf_low, begin),
            conf_high=step(self.conf_high, begin),
        )

    def _at_risk(self, grid: FloatArray) -> FloatArray:
        """Number with entry < time <= end: that of the next end, less who enters in between."""
        following = np.searchsorted(self.times, grid, side="left")
        number = np.concatenate([self.at_risk, [0.0]])[following]
        if not len(self.entry_times):
            return number
        entered = np.concatenate([[0.0], np.cumsum(self.entered)])
        ends = np.concatenate([self.times, [np.inf]])[following]
        by_the_end = entered[np.searchsorted(self.entry_times, ends, side="left")]
        so_far = entered[np.searchsorted(self.entry_times, grid, side="left")]
        return np.asarray(number - (by_the_end - so_far))


def entries_by_time(table: EventTable) -> tuple[FloatArray, FloatArray]:
    """Distinct entry times and the weight that enters at each; empty without left truncation."""
    if table.entry is None:
        return np.empty(0), np.empty(0)
    distinct, index = np.unique(table.entry, return_inverse=True)
    return distinct, np.bincount(index, weights=table.weights).astype(np.float64)


def normal_quantile(conf_level: float) -> float:
    """Two-sided standard normal quantile of a confidence level strictly between 0 and 1.

    Raises
    ------
    ValueError
        The level is not between 0 and 1.
    """
    if not 0.0 < conf_level < 1.0:
        raise ValueError(f"conf_level must lie between 0 and 1, not {conf_level}")
    return float(ndtri(0.5 + conf_level / 2.0))


def first_time(times: FloatArray, heights: FloatArray, p: float) -> float:
    """First time at which a rising step function reaches p; the middle of the step where it stays at p.

    Parameters
    ----------
    times, heights : ndarray of float, shape (m,)
        Where the function steps and to what height; NaN where it is not known.
    p : float

    Returns
    -------
    float
        NaN where p is not reached.
    """
    known = ~np.isnan(heights)
    reached = np.flatnonzero(known & (heights >= p - _QUANTILE_TOLERANCE))
    if not len(reached):
        return float("nan")
    first = reached[0]
    if heights[first] > p + _QUANTILE_TOLERANCE:
        return float(times[first])
    beyond = np.flatnonzero(known & (heights > p + _QUANTILE_TOLERANCE))
    end = times[beyond[0]] if len(beyond) else times[-1]
    return float((times[first] + end) / 2.0)


def confidence_limits(
    estimate: FloatArray, std_error: FloatArray, conf_type: ConfidenceType, conf_level: float
) -> tuple[FloatArray, FloatArray]:
    r"""Pointwise limits of a probability.

    ``log-log``: :math:`F^{\exp(\pm z\,s/(F\log F))}`; ``log``: :math:`F e^{\pm z s/F}`; ``plain``:
    :math:`F \pm z s`; the last two cut at 0 and 1. Same for survival and incidence, of any shape.

    Raises
    ------
    ValueError
        Unknown `conf_type` or a level outside (0, 1).

    References
    ----------
    Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure Time Data, section 1.4.
    """
    z = normal_quantile(conf_level)
    if conf_type not in CONFIDENCE_TYPES:
        raise ValueError(
            f"conf_type must be one of {', '.join(CONFIDENCE_TYPES)}, not {conf_type!r}"
        )
    if conf_type == "plain":
        return (
            np.maximum(0.0, estimate - z * std_error),
            np.minimum(1.0, estimate + z * std_error),
        )
    # a share that misses 1 by rounding is 1
    inside = (estimate > 0.0) & (estimate < 1.0 - 1e-12 if conf_type == "log-log" else True)
    value = np.where(inside, estimate, 0.5)
    if conf_type == "log":
        spread = np.exp(z * std_error / value)
        low, high = value / spread, np.minimum(1.0, value * spread)
    else:
        exponent = np.exp(-z * std_error / (value * np.log(value)))
        low, high = value**exponent, value ** (1.0 / exponent)
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)
