"""Baseline hazard and predicted survival of a Cox fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from naturalistic.stats.cox import CoxFit
from naturalistic.stats.hazards.cox_input import FloatArray, IndexArray
from naturalistic.stats.hazards.cox_residuals import hazard_of_mean

CONF_TYPES = ("log-log", "log", "plain")


@dataclass(frozen=True, slots=True)
class BaselineHazard:
    """Breslow-type estimate of the baseline hazard with the tie rule of the fit.

    Attributes
    ----------
    time : (K,) event times, ascending within each stratum.
    stratum : (K,) stratum labels.
    increment : (K,) hazard at that time for covariates all zero.
    cumulative_hazard : (K,) its running total within the stratum.
    """

    time: FloatArray
    stratum: NDArray[np.generic]
    increment: FloatArray
    cumulative_hazard: FloatArray


@dataclass(frozen=True, slots=True)
class SurvivalPrediction:
    """Predicted survival for described persons.

    Attributes
    ----------
    times : (t,) ascending or as asked for.
    survival, std_error, conf_low, conf_high : (m, t) one row per person.
    cumulative_hazard, cumulative_hazard_se : (m, t)
    conf_level : float
    status : str
        ``ok``, or ``not_estimable`` with all values NaN.
    note : str
    """

    times: FloatArray
    survival: FloatArray
    std_error: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    cumulative_hazard: FloatArray
    cumulative_hazard_se: FloatArray
    conf_level: float
    status: str = "ok"
    note: str = ""


def has_finite_coefficients(fit: CoxFit) -> bool:
    """Whether every covariate kept has a finite estimate (and there were events)."""
    return fit.status == "ok" and bool(np.isfinite(fit.coefficients[fit.active]).all())


def baseline_hazard(fit: CoxFit) -> BaselineHazard:
    """Baseline hazard at covariates zero: increments sum over Efron terms of w/phi_l.

    Equals R's ``basehaz(fit, centered = FALSE)``. NaN without finite coefficients.
    """
    data = fit.data
    increment = np.full(data.n_cells, np.nan)
    if has_finite_coefficients(fit):
        beta = fit.coefficients[fit.active]
        shift = fit.likelihood.offset + float(data.mean @ beta)
        increment = fit.likelihood.sums.hazard * np.exp(-shift)
    cumulative = np.empty_like(increment)
    for stratum in np.unique(data.cell_stratum):
        inside = data.cell_stratum == stratum
        cumulative[inside] = np.cumsum(increment[inside])
    return BaselineHazard(
        data.cell_time, data.strata_labels[data.cell_stratum], increment, cumulative
    )


def predict_survival(
    fit: CoxFit,
    profiles: ArrayLike,
    times: ArrayLike,
    *,
    stratum: object = None,
    conf_level: float = 0.95,
    conf_type: str = "log-log",
) -> SurvivalPrediction:
    """Probability of no event by each time for people with given covariates.

    S(t | x) = exp(-H(t | x)), with var H = e^{2x'b} [sum w/phi^2 + d' V d],
    d = sum over cells of (mean of those at risk - x) dH (Tsiatis 1981; Therneau and Grambsch
    2000, eq. 10.6, with Efron's terms). With competing endings this is the survival of a world
    without them; for the probability of leaving use `standardised_risk`. V is the covariance of
    the fit (robust where it is); the first term is not cluster-robust, as in R's ``survfit``.

    Parameters
    ----------
    fit : CoxFit
    profiles : (m, p) covariates in the units of the fit.
    times : (t,) times, in the unit of the fit.
    stratum : label of the stratum; needed when the fit has several.
    conf_level : float
    conf_type : {'log-log', 'log', 'plain'}

    Returns
    -------
    SurvivalPrediction

    Raises
    ------
    ValueError
        A wrong number of covariates, an unknown stratum or `conf_type`.
    """
    x = np.asarray(profiles, dtype=float)
    at_times = np.asarray(times, dtype=float)
    if x.ndim != 2 or x.shape[1] != len(fit.terms):
        raise ValueError(f"profiles must have shape (people, {len(fit.terms)})")
    if conf_type not in CONF_TYPES:
        raise ValueError(f"conf_type must be one of {', '.join(CONF_TYPES)}")
    cells = cells_of_stratum(fit, stratum)
    if not has_finite_coefficients(fit):
        empty = np.full((len(x), len(at_times)), np.nan)
        reason = "; ".join(fit.notes)
        return SurvivalPrediction(
            at_times, empty, empty, empty, empty, empty, empty, conf_level, "not_estimable", reason
        )
    cumulative, cumulative_se = _cumulative_hazard(fit, x, at_times, cells)
    survival = np.exp(-cumulative)
    low, high = _limits(survival, cumulative, cumulative_se, conf_level, conf_type)
    return SurvivalPrediction(
        at_times,
        survival,
        survival * cumulative_se,
        low,
        high,
        cumulative,
        cumulative_se,
        conf_level,
        note="; ".join(fit.notes),
    )


def _cumulative_hazard(
    fit: CoxFit, x: FloatArray, at_times: FloatArray, cells: IndexArray
) -> tuple[FloatArray, FloatArray]:
    """H(t | x) and its standard error, each (m, t); eq. 10.6 on the standardised covariates."""
    data, at = fit.data, fit.likelihood
    scale = data.scale
    beta = fit.coefficients[fit.active] * scale
    covariance = fit.covariance[np.ix_(fit.active, fit.active)] * np.outer(scale, scale)
    standardised = (x[:, fit.active] - data.mean) / scale
    relative = np.exp(standardised @ beta - at.offset)[:, None]

    upto = np.searchsorted(data.cell_time[cells], at_times, side="right")
    sums = at.sums
    hazard = _running(sums.hazard[cells])[upto]
    own_variance = _running(sums.square[cells] / at.risk_total[cells] ** 2)[upto]
    drift = _running(hazard_of_mean(at)[:, cells])[:, upto]
    gradient = drift[None] - standardised[:, :, None] * hazard
    variance = own_variance + np.einsum("mpt,pq,mqt->mt", gradient, covariance, gradient)
    return relative * hazard, relative * np.sqrt(variance)


def cells_of_stratum(fit: CoxFit, stratum: object) -> IndexArray:
    """Event cells of one stratum, by its label.

    Raises
    ------
    ValueError
        An unknown label, or none where the fit has several strata.
    """
    labels = fit.data.strata_labels
    if stratum is None:
        if len(labels) > 1:
            raise ValueError("the fit is stratified: name the stratum")
        return np.arange(fit.data.n_cells)
    where = np.flatnonzero(labels == stratum)
    if len(where) != 1:
        raise ValueError(f"unknown stratum {stratum!r}")
    return np.flatnonzero(fit.data.cell_stratum == where[0])


def _running(values: FloatArray) -> FloatArray:
    """Running total along the last axis with a leading zero."""
    lead = np.zeros((*values.shape[:-1], 1))
    return np.concatenate([lead, np.cumsum(values, axis=-1)], axis=-1)


def _limits(
    survival: FloatArray,
    cumulative: FloatArray,
    std_error: FloatArray,
    conf_level: float,
    conf_type: str,
) -> tuple[FloatArray, FloatArray]:
    z = float(stats.norm.ppf((1 + conf_level) / 2))
    if conf_type == "plain":
        margin = z * survival * std_error
        return np.clip(survival - margin, 0, 1), np.clip(survival + margin, 0, 1)
    if conf_type == "log":
        return (
            np.exp(-cumulative - z * std_error),
            np.minimum(np.exp(-cumulative + z * std_error), 1.0),
        )
    # Before the first event H = 0 and its error is 0: the interval is the point 1.
    ratio = np.divide(std_error, cumulative, out=np.zeros_like(cumulative), where=cumulative > 0)
    return np.exp(-cumulative * np.exp(z * ratio)), np.exp(-cumulative * np.exp(-z * ratio))
