"""Segmented regression of a series at a named change, with errors that allow for serial correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naturalistic.stats.paired_scores import check_conf_level
from naturalistic.stats.result import Estimate
from naturalistic.stats.wald import wald_estimate

FloatArray = npt.NDArray[np.float64]
FEWEST_A_SIDE = 8
TERMS = ("level_before", "slope_before", "level_change", "slope_change")


@dataclass(frozen=True, slots=True)
class SegmentedRegression:
    """Coefficients of a segmented regression.

    Attributes
    ----------
    level_before : Estimate
        Level at the first point after the change had the earlier line gone on.
    slope_before : Estimate
        Change per point before.
    level_change, slope_change : Estimate
        Step at the first point after the change, and by how much the slope differs from then on.
    covariance : ndarray, shape (4, 4)
        Newey-West covariance in the order of `TERMS`.
    lag : int
        Lags of the residuals' correlation that are allowed for.
    durbin_watson : float
        Durbin-Watson statistic of the residuals; near 2 without correlation of neighbours.
    """

    level_before: Estimate
    slope_before: Estimate
    level_change: Estimate
    slope_change: Estimate
    covariance: FloatArray
    lag: int
    durbin_watson: float


def default_lag(n_points: int) -> int:
    r"""Lags by the rule of thumb :math:`\lfloor 4 (n/100)^{2/9} \rfloor` (Newey and West 1994, Rev Econ Stud 61:631)."""
    return int(np.floor(4.0 * (n_points / 100.0) ** (2.0 / 9.0)))


def segmented_regression(
    values: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    time: npt.ArrayLike | None = None,
    lag: int | None = None,
    conf_level: float = 0.95,
) -> SegmentedRegression:
    r"""Level and slope before a change, and by how much both differ after it.

    .. math:: y_t = \beta_0 + \beta_1 (t - T) + \beta_2 D_t + \beta_3 D_t (t - T) + u_t

    T is the time of the first point after the change, D is 1 from then on (Wagner, Soumerai, Zhang and Ross-Degnan
    2002, J Clin Pharm Ther 27:299, equation 1, with time counted from the change). Least squares; covariance
    :math:`\frac{n}{n-4}(X'X)^{-1} [\Gamma_0 + \sum_l (1-\frac{l}{L+1})(\Gamma_l+\Gamma_l')] (X'X)^{-1}` (Newey and
    West 1987, Econometrica 55:703, equation 5, Bartlett weights); t with n - 4 degrees of freedom.

    Parameters
    ----------
    values : array_like of float, shape (n_points,)
        The series in order of time.
    after : array_like of bool, shape (n_points,)
        Whether a point lies after the change: False up to a point, True from then on.
    time : array_like of float, shape (n_points,), optional
        Number of each period, where some are left out; default 0, 1, 2, ...
    lag : int, optional
        L; default `default_lag`.
    conf_level : float
        Nominal coverage.

    Raises
    ------
    ValueError
        Wrong shapes, a missing value, unordered times, fewer than three points on a side, or an impossible lag.
    """
    check_conf_level(conf_level)
    y, changed, clock = _checked(values, after, time)
    chosen = default_lag(y.size) if lag is None else lag
    if not 0 <= chosen < y.size:
        raise ValueError("lag must lie between 0 and the number of points")
    since = clock - clock[changed][0]
    design = np.column_stack([np.ones(y.size), since, changed, since * changed])
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ (design.T @ y)
    residuals = y - design @ coefficients
    meat = _long_run(design * residuals[:, None], chosen)
    covariance = y.size / (y.size - 4.0) * inverse @ meat @ inverse
    squares = float(residuals @ residuals)
    method = f"segmented regression, least squares, Newey-West errors with {chosen} lags"
    level_before, slope_before, level_change, slope_change = (
        wald_estimate(
            float(b), float(np.sqrt(v)), y.size - 4.0, conf_level=conf_level, method=method
        )
        for b, v in zip(coefficients, np.diag(covariance), strict=True)
    )
    watson = float(np.sum(np.diff(residuals) ** 2)) / squares if squares > 0 else float("nan")
    return SegmentedRegression(
        level_before,
        slope_before,
        level_change,
        slope_change,
        covariance=covariance,
        lag=chosen,
        durbin_watson=watson,
    )


def _checked(
    values: npt.ArrayLike, after: npt.ArrayLike, time: npt.ArrayLike | None
) -> tuple[FloatArray, npt.NDArray[np.bool_], FloatArray]:
    y, changed = np.asarray(values, dtype=np.float64), np.asarray(after, dtype=bool)
    clock = np.arange(y.size, dtype=np.float64) if time is None else np.asarray(time, np.float64)
    if y.ndim != 1 or changed.shape != y.shape or clock.shape != y.shape:
        raise ValueError("values, after and time must be one-dimensional and of the same length")
    if not np.isfinite(y).all() or not np.isfinite(clock).all():
        raise ValueError("the series must hold finite values")
    if np.any(np.diff(clock) <= 0) or np.any(np.diff(changed.astype(int)) < 0):
        raise ValueError("points must be in order of time, those before the change first")
    if min(int(changed.sum()), int((~changed).sum())) < 3:
        raise ValueError("at least three points are needed on each side of the change")
    return y, changed, clock


def _long_run(scores: FloatArray, lag: int) -> FloatArray:
    """Sum of the scores' autocovariances with Bartlett weights."""
    total: FloatArray = scores.T @ scores
    for step in range(1, lag + 1):
        gamma = scores[step:].T @ scores[:-step]
        total = total + (1.0 - step / (lag + 1.0)) * (gamma + gamma.T)
    return total
