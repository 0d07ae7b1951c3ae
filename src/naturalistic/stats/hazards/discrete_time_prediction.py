"""What a discrete-time hazard model says about described persons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from naturalistic.stats.discrete_time import DiscreteTimeFit
from naturalistic.stats.hazards.cox_input import FloatArray
from naturalistic.stats.hazards.discrete_time_likelihood import hazard_of
from naturalistic.stats.wald import reference_quantile


@dataclass(frozen=True, slots=True)
class SessionPrediction:
    """A probability by session for described persons.

    Attributes
    ----------
    sessions : (k,)
    estimate, std_error, conf_low, conf_high : (m, k) one row per person.
    conf_level : float
    status : str
        ``ok``, or ``not_estimable`` with all values NaN.
    note : str
    """

    sessions: FloatArray
    estimate: FloatArray
    std_error: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    conf_level: float
    status: str = "ok"
    note: str = ""


def predict_hazard(
    fit: DiscreteTimeFit, profiles: ArrayLike, sessions: ArrayLike
) -> SessionPrediction:
    """Probability of the event at a session for those still at risk there.

    Limits are symmetric on the scale of the link; the standard error is by the delta method.

    Parameters
    ----------
    fit : DiscreteTimeFit
    profiles : (m, p) covariates in the units of the fit.
    sessions : (k,) whole numbers inside the range observed.

    Raises
    ------
    ValueError
        A wrong number of covariates, or sessions outside the range observed.
    """
    x, at = _checked(fit, profiles, sessions)
    if not _finite(fit):
        return _none(fit, at, len(x))
    linear, gradient = _linear(fit, x, at)
    covariance = fit.covariance[np.ix_(fit.active, fit.active)]
    se_linear = np.sqrt(np.einsum("mkt,ts,mks->mk", gradient, covariance, gradient))
    margin = reference_quantile(fit.conf_level, fit.df_residual) * se_linear
    return SessionPrediction(
        at,
        hazard_of(linear, fit.link),
        _slope(linear, fit.link) * se_linear,
        hazard_of(linear - margin, fit.link),
        hazard_of(linear + margin, fit.link),
        fit.conf_level,
        note="; ".join(fit.notes),
    )


def predict_left_by(
    fit: DiscreteTimeFit, profiles: ArrayLike, sessions: ArrayLike
) -> SessionPrediction:
    """Probability of having had the event by the end of each session.

    1 - S(k), S(k) the product of 1 - h over the sessions from the first one observed to k; delta
    method with limits on the scale of log(-log S). When other ways of ending were treated as
    censoring this is the probability in a world without them: fit "any ending" for the probability
    of having left, or use `standardised_risk` for one ending among others.

    Parameters and errors as `predict_hazard`.
    """
    x, at = _checked(fit, profiles, sessions)
    if not _finite(fit):
        return _none(fit, at, len(x))
    every = np.arange(fit.first_session, fit.last_session + 1, dtype=float)
    linear, gradient = _linear(fit, x, every)
    hazard = hazard_of(linear, fit.link)
    # d log(1 - h) = - h' / (1 - h) d eta
    decline = _slope(linear, fit.link) / (1 - hazard)
    upto = (at - fit.first_session).astype(int)
    cumulative = -np.cumsum(np.log1p(-hazard), axis=1)[:, upto]
    slope = np.cumsum(decline[:, :, None] * gradient, axis=1)[:, upto]
    covariance = fit.covariance[np.ix_(fit.active, fit.active)]
    std_error = np.sqrt(np.einsum("mkt,ts,mks->mk", slope, covariance, slope))
    stretch = np.exp(reference_quantile(fit.conf_level, fit.df_residual) * std_error / cumulative)
    return SessionPrediction(
        at,
        -np.expm1(-cumulative),
        np.exp(-cumulative) * std_error,
        -np.expm1(-cumulative / stretch),
        -np.expm1(-cumulative * stretch),
        fit.conf_level,
        note="; ".join(fit.notes),
    )


def _checked(
    fit: DiscreteTimeFit, profiles: ArrayLike, sessions: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    x, at = np.asarray(profiles, dtype=float), np.asarray(sessions, dtype=float)
    p = len(fit.covariates)
    if x.ndim != 2 or x.shape[1] != p:
        raise ValueError(f"profiles must have shape (people, {p})")
    inside = (at >= fit.first_session) & (at <= fit.last_session) & (at == np.rint(at))
    if not inside.all():
        raise ValueError(
            f"sessions must be whole numbers from {fit.first_session} to {fit.last_session}"
        )
    return x, at


def _finite(fit: DiscreteTimeFit) -> bool:
    return fit.status == "ok" and bool(np.isfinite(fit.coefficients[fit.active]).all())


def _linear(
    fit: DiscreteTimeFit, x: FloatArray, sessions: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Linear predictor (m, k) and its derivative in the terms kept (m, k, terms)."""
    basis = fit.baseline.basis(sessions)
    m, k = len(x), len(sessions)
    rows = np.concatenate(
        [
            np.broadcast_to(basis, (m, k, basis.shape[1])),
            np.broadcast_to(x[:, None, :], (m, k, x.shape[1])),
        ],
        axis=2,
    )[:, :, fit.active]
    return rows @ fit.coefficients[fit.active], rows


def _slope(linear: FloatArray, link: str) -> FloatArray:
    """Derivative of the hazard in the linear predictor."""
    if link == "cloglog":
        return np.asarray(np.exp(linear - np.exp(linear)))
    return np.asarray(stats.logistic.pdf(linear))


def _none(fit: DiscreteTimeFit, sessions: FloatArray, n_people: int) -> SessionPrediction:
    empty = np.full((n_people, len(sessions)), np.nan)
    return SessionPrediction(
        sessions, empty, empty, empty, empty, fit.conf_level, "not_estimable", "; ".join(fit.notes)
    )
