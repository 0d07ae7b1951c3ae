"""The random-effects model of estimates from several services, with or without moderators."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, fdtrc, ndtr, stdtr

from naturalistic.stats.pooling.between_variance import (
    METHODS,
    Weighted,
    between_variance,
    q_profile_limits,
    typical_variance,
    weighted,
)
from naturalistic.stats.pooling.result import (
    FloatArray,
    Heterogeneity,
    Interval,
    PooledFit,
    quantile,
)

INTERVALS = ("hksj", "hksj_not_below", "normal")
PREDICTIONS = ("k_minus_2", "k_minus_1")
FEW = 5  # fewer services than this: the variance between them is hardly known
_LABELS = {
    "reml": "REML",
    "paule_mandel": "Paule-Mandel",
    "dersimonian_laird": "DerSimonian-Laird",
    "common_effect": "common effect",
    "hksj": "Hartung-Knapp-Sidik-Jonkman",
    "hksj_not_below": "Hartung-Knapp-Sidik-Jonkman, never narrower than by chance alone",
    "normal": "normal",
}


def random_effects(
    estimates: ArrayLike,
    std_errors: ArrayLike,
    *,
    design: ArrayLike | None = None,
    term_names: Sequence[str] | None = None,
    between: str = "reml",
    interval: str = "hksj",
    prediction: str = "k_minus_2",
    conf_level: float = 0.95,
) -> PooledFit:
    r"""Average of services that differ, or a regression of their estimates on what they are.

    .. math:: y_i = x_i'\beta + u_i + e_i, \quad u_i \sim N(0, \tau^2), \quad e_i \sim N(0, s_i^2)

    Parameters
    ----------
    estimates, std_errors : array_like, shape (k,)
        One a service, on the scale on which they are pooled (log for ratios, logit for proportions).
    design : array_like, shape (k, p), optional
        Moderators with their own intercept in the first column; the intercept alone when absent.
    term_names : sequence of str, optional
        Names of the columns.
    between : {'reml', 'paule_mandel', 'dersimonian_laird', 'common_effect'}
        Estimator of the variance between services.
    interval : {'hksj', 'hksj_not_below', 'normal'}
        Hartung-Knapp-Sidik-Jonkman with ``t(k - p)``; the same with its scale factor not below 1; or normal.
    prediction : {'k_minus_2', 'k_minus_1'}
        Degrees of freedom of the prediction interval: Higgins et al. 2009 (eq. 12), or those of the average.
    conf_level : float
        Coverage of every interval.

    Returns
    -------
    PooledFit
        With one service its own estimate with a normal interval, and the note that nothing was pooled.

    Raises
    ------
    ValueError
        No estimate; a missing, infinite or not positive number; a design without full rank or with as many columns as
        services; an unknown method.

    References
    ----------
    Viechtbauer W (2005). J Educ Behav Stat 30, 261-293, eq. 9. Hartung J, Knapp G (2001). Stat Med 20, 3875-3889, eq. 5.
    Sidik K, Jonkman JN (2002). Stat Med 21, 3153-3159. IntHout J et al. (2014). BMC Med Res Methodol 14:25.
    Higgins JPT, Thompson SG, Spiegelhalter DJ (2009). J R Stat Soc A 172, 137-159, eq. 12. Equal to ``metafor::rma``.
    """
    y, v = checked(estimates, std_errors)
    matrix = np.ones((len(y), 1)) if design is None else np.asarray(design, dtype=float)
    _check_design(matrix, len(y))
    for value, allowed in ((between, METHODS), (interval, INTERVALS), (prediction, PREDICTIONS)):
        if value not in allowed:
            raise ValueError(f"{value!r} is not one of {', '.join(allowed)}")
    names = _names(term_names, matrix)
    if len(y) == 1:
        return _single(y, v, names, conf_level)
    tau2 = between_variance(y, v, matrix, between)
    fit = weighted(y, v, matrix, tau2)
    df = len(y) - matrix.shape[1]
    factor = _factor(fit, df, interval)
    t_df = np.inf if interval == "normal" else float(df)
    heterogeneity = _heterogeneity(y, v, matrix, tau2, conf_level)
    return _result(
        fit,
        names,
        factor=factor,
        df=t_df,
        conf_level=conf_level,
        heterogeneity=heterogeneity,
        prediction=_prediction(fit, factor, tau2, df, prediction, conf_level),
        method=f"random effects ({_LABELS[between]}), {_LABELS[interval]} interval",
        notes=_notes(len(y), heterogeneity, fit, df, interval),
    )


def checked(
    estimates: ArrayLike, std_errors: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimates and their variances as arrays; ValueError for what cannot be pooled."""
    y, s = np.asarray(estimates, dtype=float), np.asarray(std_errors, dtype=float)
    if y.ndim != 1 or y.shape != s.shape or not len(y):
        raise ValueError("estimates and std_errors must be vectors of one length, not empty")
    if not (np.isfinite(y).all() and np.isfinite(s).all() and (s > 0).all()):
        raise ValueError("each number must be finite and every standard error above 0")
    return y, s * s


def _check_design(matrix: FloatArray, k: int) -> None:
    if matrix.ndim != 2 or len(matrix) != k or not np.isfinite(matrix).all():
        raise ValueError("design must be a matrix of finite numbers with one row a service")
    columns = matrix.shape[1]
    if (k > 1 or columns > 1) and columns >= k:
        raise ValueError(f"{k} services cannot carry {columns} coefficients")
    if np.linalg.matrix_rank(matrix) < columns:
        raise ValueError("the columns of the design are linearly dependent")


def _names(names: Sequence[str] | None, matrix: FloatArray) -> tuple[str, ...]:
    made = tuple(names) if names is not None else ("average",)
    if names is None and matrix.shape[1] > 1:
        made = ("intercept", *(f"x{j}" for j in range(1, matrix.shape[1])))
    if len(made) != matrix.shape[1] or len(set(made)) != len(made):
        raise ValueError("term_names must hold one distinct name per column of design")
    return made


def _factor(fit: Weighted, df: int, interval: str) -> float:
    """Hartung and Knapp's scale of the variance, ``y'Py / (k - p)``; 1 for normal intervals."""
    if interval == "normal":
        return 1.0
    factor = fit.q / df
    return max(1.0, factor) if interval == "hksj_not_below" else factor


def _heterogeneity(
    y: FloatArray, v: FloatArray, design: FloatArray, tau2: float, conf_level: float
) -> Heterogeneity:
    typical = typical_variance(v, design)
    low, high = q_profile_limits(y, v, design, conf_level)
    q, df = weighted(y, v, design, 0.0).q, len(y) - design.shape[1]
    return Heterogeneity(
        tau2=tau2,
        tau2_low=low,
        tau2_high=high,
        i2=tau2 / (tau2 + typical),
        i2_low=low / (low + typical),
        i2_high=high / (high + typical),
        h2=tau2 / typical + 1.0,
        q=q,
        q_df=float(df),
        q_p=float(chdtrc(df, q)),
    )


def _prediction(
    fit: Weighted, factor: float, tau2: float, df: int, kind: str, conf_level: float
) -> Interval:
    if len(fit.coefficients) > 1:
        return Interval(note="a prediction interval belongs to an average without moderators")
    t_df = df - 1 if kind == "k_minus_2" else df
    if t_df < 1:
        return Interval(note="a prediction interval needs at least three services")
    half = quantile(conf_level, t_df) * float(np.sqrt(factor * fit.unscaled[0, 0] + tau2))
    return Interval(float(fit.coefficients[0]) - half, float(fit.coefficients[0]) + half)


def _notes(k: int, found: Heterogeneity, fit: Weighted, df: int, interval: str) -> tuple[str, ...]:
    notes = []
    if k < FEW:
        notes.append(
            f"{k} services: how far services differ is hardly known from so few, and the interval is wide for that reason"
        )
    if found.tau2 == 0.0 and interval == "hksj" and fit.q < df:
        notes.append(
            "the services agree better than chance alone makes them: this interval is narrower than one "
            "that counts chance within services only"
        )
    return tuple(notes)


def _single(y: FloatArray, v: FloatArray, names: tuple[str, ...], conf_level: float) -> PooledFit:
    fit = Weighted(y, v[:, None], np.zeros((1, 1)), 0.0, 1.0 / v)
    return _result(
        fit,
        names,
        factor=1.0,
        df=np.inf,
        conf_level=conf_level,
        heterogeneity=Heterogeneity(),
        prediction=Interval(note="one service says nothing about another"),
        method="one service, normal interval",
        notes=("one service: nothing was pooled, and how services differ cannot be seen",),
    )


def _result(
    fit: Weighted,
    names: tuple[str, ...],
    *,
    factor: float,
    df: float,
    conf_level: float,
    heterogeneity: Heterogeneity,
    prediction: Interval,
    method: str,
    notes: tuple[str, ...],
) -> PooledFit:
    covariance = factor * fit.unscaled
    errors = np.sqrt(np.diag(covariance))
    # all estimates equal: a scale factor of 0, an interval without width and an infinite statistic
    with np.errstate(divide="ignore", invalid="ignore"):
        statistics = fit.coefficients / errors
    half = quantile(conf_level, df) * errors
    tails = 2.0 * (stdtr(df, -np.abs(statistics)) if np.isfinite(df) else ndtr(-np.abs(statistics)))
    return PooledFit(
        len(fit.weights),
        names,
        fit.coefficients,
        errors,
        fit.coefficients - half,
        fit.coefficients + half,
        statistics,
        tails,
        covariance,
        df,
        conf_level,
        heterogeneity,
        prediction,
        *_moderators(fit.coefficients, covariance, df),
        fit.weights / fit.weights.sum(),
        method,
        notes,
    )


def _moderators(
    coefficients: FloatArray, covariance: FloatArray, df: float
) -> tuple[float, float, float]:
    count = len(coefficients) - 1
    # services that lie exactly on the regression: a scale factor of 0 leaves nothing to test by
    if not count or not covariance.any():
        return (np.nan, np.nan, np.nan)
    rest = coefficients[1:]
    statistic = float(rest @ np.linalg.solve(covariance[1:, 1:], rest))
    if not np.isfinite(df):
        return statistic, float(count), float(chdtrc(count, statistic))
    return statistic / count, float(count), float(fdtrc(count, df, statistic / count))
