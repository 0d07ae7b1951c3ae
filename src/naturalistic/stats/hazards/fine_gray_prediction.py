"""Absolute incidences from a Fine-Gray model, standardised over described persons, with intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from naturalistic.stats.curves import confidence_limits, normal_quantile
from naturalistic.stats.event_table import FloatArray, IntArray
from naturalistic.stats.hazards.fine_gray_fit import FineGrayFit, Internals
from naturalistic.stats.hazards.fine_gray_influence import influence_products
from naturalistic.stats.result import NAN, Estimate, not_estimable


def standardised_incidence(
    fit: FineGrayFit, persons: ArrayLike, grid: ArrayLike, *, stratum: ArrayLike | None = None
) -> tuple[Estimate, ...]:
    r"""Mean predicted incidence :math:`N^{-1}\sum_r[1-\exp\{-\Lambda_0(t)e^{x_r^\top b}\}]` of some persons.

    Parameters
    ----------
    fit : FineGrayFit
        From `naturalistic.stats.fine_gray.fine_gray`.
    persons : array_like of float, shape (N, p)
        Covariates: one described person, or the cohort, or the cohort with one covariate set to a level.
    grid : array_like of float, shape (g,)
        Times.
    stratum : array_like of int, shape (N,), optional
        Index of each person's stratum in sorted order; default the first.

    Returns
    -------
    tuple of Estimate, length g
        Probabilities with log-log limits. The covariates of the persons are taken as given; the coefficients, the
        baseline and (convention ``crr``) the censoring distribution as estimated. ``not_estimable`` after
        follow-up or where the model is.

    Raises
    ------
    ValueError
        Wrong shapes, missing values, or no such stratum.

    Notes
    -----
    The influence of a row on :math:`\Lambda_0(t)` is :math:`\int_0^t w_i\,dM_i/S^{(0)}` and its part through G, less
    :math:`\int_0^t E^\top d\Lambda_0` times its influence on b (Fine and Gray 1999, prediction).
    """
    return _predict(fit, [(persons, stratum)], grid)


def incidence_difference(
    fit: FineGrayFit,
    persons: ArrayLike,
    reference: ArrayLike,
    grid: ArrayLike,
    *,
    stratum: ArrayLike | None = None,
    reference_stratum: ArrayLike | None = None,
) -> tuple[Estimate, ...]:
    """Difference of the standardised incidences of two sets of persons, with the test of 0.

    Parameters
    ----------
    fit, grid
        As in `standardised_incidence`.
    persons, reference : array_like of float, shapes (N, p) and (M, p)
        Usually the same cohort with one covariate set to one level and to another.
    stratum, reference_stratum : array_like of int, optional
        As in `standardised_incidence`.

    Returns
    -------
    tuple of Estimate, length g
        Persons minus reference, in probability; normal limits and test.

    Raises
    ------
    ValueError
        As `standardised_incidence`.
    """
    return _predict(fit, [(persons, stratum), (reference, reference_stratum)], grid)


def _predict(
    fit: FineGrayFit, sides: list[tuple[ArrayLike, ArrayLike | None]], grid: ArrayLike
) -> tuple[Estimate, ...]:
    times = np.asarray(grid, dtype=np.float64)
    if times.ndim != 1 or np.isnan(times).any():
        raise ValueError("grid must be one-dimensional without missing values")
    described = [_checked(fit, *side) for side in sides]
    if fit.internals is None:
        return (not_estimable(fit.note, method=fit.method, conf_level=fit.conf_level),) * len(times)
    known = times <= fit.baseline_times[-1]
    covariance, hazard = _joint_covariance(fit, fit.internals, times[known])
    value, gradient = _mean_incidence(fit.internals, *described[0], hazard)
    for other in described[1:]:
        theirs = _mean_incidence(fit.internals, *other, hazard)
        value, gradient = value - theirs[0], gradient - theirs[1]
    error = np.sqrt(np.maximum(np.einsum("ga,ab,gb->g", gradient, covariance, gradient), 0.0))
    found = iter(_estimates(fit, value, error, difference=len(sides) == 2))
    late = not_estimable(
        f"follow-up ends at {fit.baseline_times[-1]:g}",
        method=fit.method,
        conf_level=fit.conf_level,
    )
    return tuple(next(found) if here else late for here in known)


def _checked(
    fit: FineGrayFit, persons: ArrayLike, stratum: ArrayLike | None
) -> tuple[FloatArray, IntArray]:
    x = np.asarray(persons, dtype=np.float64)
    p = len(fit.coefficients)
    if x.ndim != 2 or x.shape[1] != p or not len(x) or not np.isfinite(x).all():
        raise ValueError(f"persons must be finite with {p} columns and at least one row")
    where = np.zeros(len(x), dtype=np.int64) if stratum is None else np.asarray(stratum)
    if where.shape != (len(x),) or where.dtype.kind not in "iu":
        raise ValueError("stratum must hold one whole number for each person")
    if where.min() < 0 or where.max() >= len(fit.baseline_hazard):
        raise ValueError(f"stratum must be one of 0 to {len(fit.baseline_hazard) - 1}")
    return x, where.astype(np.int64)


def _joint_covariance(
    fit: FineGrayFit, inside: Internals, times: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Covariance of (b, baseline of every stratum at every time) and that baseline, shape (S, g)."""
    sets, events = inside.sets, inside.design.events
    n_strata, m = events.shape
    reached = (fit.baseline_times[:, None] <= times).astype(np.float64)
    steps = sets.hazard * np.exp(-sets.shift)
    inverse_total = np.divide(steps, events, out=np.zeros_like(steps), where=events > 0)
    # column (stratum, time) of the kernels: 1/S0 of that stratum up to that time
    kernels = np.einsum("sm,mg,sz->smzg", inverse_total, reached, np.eye(n_strata))
    products = influence_products(
        inside.design,
        sets,
        inside.cluster,
        censoring=fit.convention == "crr",
        kernels=kernels.reshape(n_strata, m, -1),
    )
    slopes = np.einsum("sm,smp,mg->sgp", steps, sets.mean, reached)
    p, q = len(inside.scale), products.shape[0] - len(inside.scale)
    transform = np.eye(p + q)
    transform[:p, :p] = inside.inverse_information
    transform[p:, :p] = -slopes.reshape(q, p) @ inside.inverse_information
    return transform @ products @ transform.T, steps @ reached


def _mean_incidence(
    inside: Internals, persons: FloatArray, stratum: IntArray, hazard: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean incidence (g,) and its gradient (g, p + S g) in b and the baselines."""
    z = (persons - inside.centre) / inside.scale
    relative = np.exp(z @ inside.coefficients)
    n_strata, n_times = hazard.shape
    value = np.zeros(n_times)
    gradient = np.zeros((n_times, z.shape[1] + n_strata * n_times))
    for s in np.unique(stratum):
        members = stratum == s
        x, r = z[members], relative[members]
        share = len(x) / len(z)
        for g, level in enumerate(hazard[s]):
            kept = np.exp(-level * r)
            value[g] += share * float(np.mean(1.0 - kept))
            gradient[g, : z.shape[1]] += share * level * ((kept * r) @ x) / len(x)
            gradient[g, z.shape[1] + s * n_times + g] = share * float(np.mean(kept * r))
    return value, gradient


def _estimates(
    fit: FineGrayFit, value: FloatArray, error: FloatArray, *, difference: bool
) -> list[Estimate]:
    z = normal_quantile(fit.conf_level)
    if difference:
        low, high = value - z * error, value + z * error
    else:
        low, high = confidence_limits(value, error, "log-log", fit.conf_level)
    name = "difference of standardised incidences" if difference else "standardised incidence"
    found = []
    for k, number in enumerate(value):
        tested = difference and error[k] > 0
        statistic = float(number / error[k]) if tested else NAN
        found.append(
            Estimate(
                estimate=float(number),
                std_error=float(error[k]),
                conf_low=float(low[k]),
                conf_high=float(high[k]),
                conf_level=fit.conf_level,
                statistic=statistic,
                p_value=float(2.0 * ndtr(-abs(statistic))) if tested else NAN,
                method=f"{fit.method}; {name}",
            )
        )
    return found
