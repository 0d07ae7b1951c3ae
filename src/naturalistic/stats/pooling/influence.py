"""What each service does to the pooled result: the average without it, and how far it stands out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.pooling.between_variance import between_variance, weighted
from naturalistic.stats.pooling.random_effects import checked, random_effects
from naturalistic.stats.pooling.result import FloatArray, PooledFit

_ROUNDING = 100 * np.finfo(float).eps  # a residual below it is 0


def leave_one_out(
    estimates: ArrayLike,
    std_errors: ArrayLike,
    *,
    between: str = "reml",
    interval: str = "hksj",
    conf_level: float = 0.95,
) -> tuple[PooledFit, ...]:
    """The pooled result without each service in turn, in the order given (equal to ``metafor::leave1out``).

    Raises
    ------
    ValueError
        Fewer than two services, or what `random_effects` refuses.
    """
    y, v = checked(estimates, std_errors)
    if len(y) < 2:
        raise ValueError("leaving one service out needs at least two")
    errors = np.sqrt(v)
    return tuple(
        random_effects(
            np.delete(y, i),
            np.delete(errors, i),
            between=between,
            interval=interval,
            conf_level=conf_level,
        )
        for i in range(len(y))
    )


@dataclass(frozen=True, slots=True, eq=False)
class Influence:
    """Deletion diagnostics, one value a service.

    Attributes
    ----------
    studentised_residual : ndarray, shape (k,)
        Externally studentised: how far the service lies from the average of the others, in its standard errors.
    dffits : ndarray, shape (k,)
        Change of the service's fitted value when it is left out, in standard errors.
    cook : ndarray, shape (k,)
        Cook's distance of the average.
    covariance_ratio : ndarray, shape (k,)
        Variance of the average without the service over that with it; below 1: more precise without it.
    tau2_without, q_without : ndarray, shape (k,)
        Variance between services, and Cochran's Q, without it.
    hat : ndarray, shape (k,)
        Leverage, the share of its weight.
    dfbeta : ndarray, shape (k,)
        Change of the average when it is left out, in standard errors.
    """

    studentised_residual: FloatArray
    dffits: FloatArray
    cook: FloatArray
    covariance_ratio: FloatArray
    tau2_without: FloatArray
    q_without: FloatArray
    hat: FloatArray
    dfbeta: FloatArray


def influence(
    estimates: ArrayLike, std_errors: ArrayLike, *, between: str = "reml", interval: str = "hksj"
) -> Influence:
    """Deletion diagnostics of the average of services (equal to ``metafor::influence.rma.uni``).

    Raises
    ------
    ValueError
        Fewer than three services, or what `random_effects` refuses.

    References
    ----------
    Viechtbauer W, Cheung MWL (2010). Outlier and influence diagnostics for meta-analysis. Res Synth Methods 1, 112-125.
    """
    y, v = checked(estimates, std_errors)
    if len(y) < 3:
        raise ValueError("influence needs at least three services")
    full = random_effects(y, np.sqrt(v), between=between, interval=interval)
    rows = [_one(y, v, i, full, between, interval) for i in range(len(y))]
    return Influence(*np.array(rows).T)


def _one(
    y: FloatArray, v: FloatArray, i: int, full: PooledFit, between: str, interval: str
) -> tuple[float, ...]:
    rest_y, rest_v = np.delete(y, i), np.delete(v, i)
    design = np.ones((len(rest_y), 1))
    tau2 = between_variance(rest_y, rest_v, design, between)
    fit = weighted(rest_y, rest_v, design, tau2)
    factor = 1.0 if interval == "normal" else fit.q / (len(rest_y) - 1)
    factor = max(1.0, factor) if interval == "hksj_not_below" else factor
    average, variance = float(fit.coefficients[0]), factor * float(fit.unscaled[0, 0])
    hat = float(full.weights[i])
    residual = float(y[i]) - average
    residual = 0.0 if abs(residual) < _ROUNDING else residual
    shift = float(full.coefficients[0]) - average
    whole = float(np.sum(1.0 / (v + tau2)))
    return (
        _ratio(residual, np.sqrt(factor * (v[i] + tau2) + variance)),
        _ratio(shift, np.sqrt(factor * hat * (tau2 + v[i]))),
        _ratio(shift**2, float(full.covariance[0, 0])),
        _ratio(variance, float(full.covariance[0, 0])),
        tau2,
        weighted(rest_y, rest_v, design, 0.0).q,
        hat,
        _ratio(shift, np.sqrt(factor / whole)),
    )


def _ratio(top: float, bottom: float) -> float:
    """NaN where services agree so exactly that there is nothing to measure by."""
    return float(top / bottom) if bottom > 0 else float("nan")
