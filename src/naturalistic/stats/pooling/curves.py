"""Curves of one way of ending, pooled from counts by band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naturalistic.stats.pooling.components import Component, fit_components
from naturalistic.stats.pooling.result import FloatArray, quantile
from naturalistic.stats.result import NAN

IntArray = NDArray[np.int64]
StringArray = NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class PooledCurve:
    """Cumulative incidence in the typical service.

    Attributes
    ----------
    times : ndarray, shape (m,)
        Ends of bands that at least two services (one, where there is only one) report.
    incidence, conf_low, conf_high : ndarray, shape (m,)
        Cumulative incidence by each time.
    prediction_low, prediction_high : ndarray, shape (m,)
        Where the curve of a further service is expected; NaN with fewer than three services.
    log_minus_log, std_error : ndarray, shape (m,)
        ``log(-log(1 - F))`` and its standard error.
    services : ndarray of int, shape (m,)
        How many report each time.
    tau2 : float
        Variance between services on the complementary log-log scale, the same at all times; NaN for one service.
    status, note : str
        ``ok`` or ``not_estimable``, and why.
    """

    times: FloatArray
    incidence: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    prediction_low: FloatArray
    prediction_high: FloatArray
    log_minus_log: FloatArray
    std_error: FloatArray
    services: IntArray
    tau2: float = NAN
    status: str = "ok"
    note: str = ""


def pool_incidence(
    services: Sequence[str],
    ends: ArrayLike,
    at_risk: ArrayLike,
    events: ArrayLike,
    *,
    conf_level: float = 0.95,
) -> PooledCurve:
    r"""Pooled cumulative incidence from each service's counts by band.

    Within a service ``1 - F(t) = prod(1 - d_b / n_b)`` over its bands up to t, with ``n`` the subdistribution risk set
    (those who ended in another way stay in it), so that one way of ending needs no other. Across services

    .. math:: \log(-\log(1 - F_i(t))) = \alpha_t + u_i + e_{it}, \qquad u_i \sim N(0, \tau^2)

    with the covariance of ``e`` between times from the counts; bands may differ between services.

    Parameters
    ----------
    services : sequence of str
        The service of each band.
    ends : array_like, shape (n,)
        Where each band ends; bands of a service follow one another from 0.
    at_risk, events : array_like, shape (n,)
        Counts of each band, ``0 < events < at_risk``.
    conf_level : float
        Coverage.

    Raises
    ------
    ValueError
        Shapes differ, or counts are impossible.

    References
    ----------
    Beyersmann J, Allignol A, Schumacher M (2012). Competing Risks and Multistate Models with R, section 5.3.
    Arends LR, Hunink MGM, Stijnen T (2008). Meta-analysis of summary survival curve data. Stat Med 27, 4381-4396, eq. 7.
    """
    names = np.asarray([str(service) for service in services])
    end, n, d = (np.asarray(values, dtype=float) for values in (ends, at_risk, events))
    if not (names.shape == end.shape == n.shape == d.shape) or not len(names):
        raise ValueError("services, ends, at_risk and events must be vectors of one length")
    if not ((d > 0) & (d < n) & np.isfinite(n) & np.isfinite(end)).all():
        raise ValueError("each band needs more than 0 events and fewer than at risk")
    order = np.lexsort((end, names))
    names, end, n, d = names[order], end[order], n[order], d[order]
    y, within = _logs(names, n, d)
    common, keep = _common_times(names, end)
    if not keep.any():
        nothing = np.array([])
        note = "no two services report the same time"
        return PooledCurve(
            nothing,
            nothing,
            nothing,
            nothing,
            nothing,
            nothing,
            nothing,
            nothing,
            nothing,
            status="not_estimable",
            note=note,
        )
    y, within, names, end = y[keep], within[np.ix_(keep, keep)], names[keep], end[keep]
    column = np.searchsorted(common, end)
    return _pooled(y, within, names, common, column, conf_level)


def _logs(names: StringArray, n: FloatArray, d: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Complementary log-log of each service's curve, and its covariance between times (Greenwood)."""
    hazard = d / n
    y, within = np.empty(len(n)), np.zeros((len(n), len(n)))
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        log_survival = np.cumsum(-np.log1p(-hazard[rows]))
        variance = np.cumsum(hazard[rows] / (n[rows] * (1.0 - hazard[rows])))
        y[rows] = np.log(log_survival)
        earlier = np.minimum.outer(np.arange(len(rows)), np.arange(len(rows)))
        within[np.ix_(rows, rows)] = variance[earlier] / np.outer(log_survival, log_survival)
    return y, within


def _common_times(names: StringArray, end: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    times, position, counts = np.unique(end, return_inverse=True, return_counts=True)
    enough = counts >= min(2, len(np.unique(names)))
    return times[enough], enough[position]


def _pooled(
    y: FloatArray,
    within: FloatArray,
    names: StringArray,
    times: FloatArray,
    column: IntArray,
    conf_level: float,
) -> PooledCurve:
    kept, service = np.unique(names, return_inverse=True)
    k, design = len(kept), np.eye(len(times))[column]
    tau2, df = NAN, np.inf
    if k == 1:
        value, covariance = y, within
        note = "one service: nothing was pooled"
    else:
        part = Component(service.astype(np.int64), np.zeros(len(y), dtype=np.int64))
        fit = fit_components(y, within, design, [part])
        value, covariance, tau2 = fit.coefficients, fit.covariance, float(fit.matrices[0][0, 0])
        df = float(k - 1)
        note = f"{k} services: how far they differ is hardly known from so few" if k < 5 else ""
    error = np.sqrt(np.diag(covariance))
    half = quantile(conf_level, df) * error
    wide = np.full(len(times), NAN)
    if k > 2:
        wide = quantile(conf_level, k - 2) * np.sqrt(error**2 + tau2)
    return PooledCurve(
        times,
        _share(value),
        _share(value - half),
        _share(value + half),
        _share(value - wide),
        _share(value + wide),
        value,
        error,
        np.bincount(column, minlength=len(times)),
        tau2,
        note=note,
    )


def _share(value: FloatArray) -> FloatArray:
    """Back from the complementary log-log scale."""
    return np.asarray(-np.expm1(-np.exp(value)))
