"""Proportions of several services by their counts: a logistic model with a random intercept, exact likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, roots_hermitenorm

from naturalistic.stats.generalised_mixed_model import fit_generalised_mixed_model
from naturalistic.stats.pooling.result import FloatArray, Interval, quantile
from naturalistic.stats.result import NAN, Estimate, not_estimable

QUADRATURE = 51
NO_INTERVAL = Interval()
_METHOD = (
    "logistic model with a random intercept by service (adaptive quadrature), t interval by the "
    "number of services"
)
_EFFECTIVE = f"{_METHOD}; on effective numbers of people, for therapists (Rao and Scott)"


@dataclass(frozen=True, slots=True)
class PooledProportion:
    """A proportion over services.

    Attributes
    ----------
    typical : Estimate
        Of the service in the middle, as a proportion; `std_error` is on the logit scale.
    average : float
        Mean over services, ``E[expit(mu + u)]``: nearer to one half than the typical one.
    tau2, tau2_low, tau2_high : float
        Variance of the logit between services, with its profile-likelihood limits.
    prediction : Interval
        Where the true proportion of a further service is expected.
    log_likelihood : float
        With all constants (gamma functions for factorials of numbers that are not whole).
    """

    typical: Estimate
    average: float = NAN
    tau2: float = NAN
    tau2_low: float = NAN
    tau2_high: float = NAN
    prediction: Interval = NO_INTERVAL
    log_likelihood: float = NAN


def pool_proportions(
    events: ArrayLike,
    people: ArrayLike,
    *,
    design_effects: ArrayLike | None = None,
    conf_level: float = 0.95,
    profile: bool = True,
) -> PooledProportion:
    r"""Binomial-normal model: counts within a service are binomial, logits between services normal.

    .. math:: x_i \sim Bin(n_i, p_i), \quad logit(p_i) = \mu + u_i, \quad u_i \sim N(0, \tau^2)

    No transformation and no continuity correction: services with nobody or everybody count as they are. With design
    effects d the same model of :math:`x_i / d_i` out of :math:`n_i / d_i`: a service's chance error is then that of people
    who share therapists, not of as many strangers.

    Parameters
    ----------
    events, people : array_like of whole numbers, shape (k,)
        Numerator and denominator of each service.
    design_effects : array_like, shape (k,), optional
        Variance of each service's rate over that of as many strangers, at least 1 (`design_effect.design_effects`).
    conf_level : float
        Coverage.
    profile : bool
        Also find limits of the variance.

    Raises
    ------
    ValueError
        Shapes differ, numbers are not whole, a numerator exceeds its denominator, or a design effect is below 1.

    References
    ----------
    Stijnen T, Hamza TH, Ozdemir P (2010). Stat Med 29, 3046-3067, eq. 6. Equal to ``metafor::rma.glmm(measure = "PLO",
    test = "t")`` with many quadrature points. Effective numbers: Rao JNK, Scott AJ (1992). Biometrics 48, 577-585.
    """
    x, n, method, family = _numbers(events, people, design_effects)
    if len(x) < 2:
        alone = "one service: nothing was pooled, and how services differ cannot be seen"
        return PooledProportion(not_estimable(alone, method=method, conf_level=conf_level))
    fit = fit_generalised_mixed_model(
        x,
        np.ones((len(x), 1)),
        family=family,
        trials=n,
        group=np.arange(len(x)),
        quadrature_points=QUADRATURE,
        term_names=["average"],
        group_label="service",
        conf_level=conf_level,
        profile=profile,
    )
    if fit.status != "ok" or not np.isfinite(fit.coefficients[0]):
        return PooledProportion(
            not_estimable("; ".join(fit.notes), method=method, conf_level=conf_level)
        )
    effect = fit.random_effect("service")
    mean, error = float(fit.coefficients[0]), float(fit.standard_errors[0])
    return PooledProportion(
        _typical(mean, error, len(x), conf_level, method),
        average_of_logits(mean, effect.standard_deviation),
        effect.variance,
        effect.profile_conf_low**2,
        effect.profile_conf_high**2,
        _prediction(mean, error, effect.variance, len(x), conf_level),
        fit.log_likelihood,
    )


def _numbers(
    events: ArrayLike, people: ArrayLike, design_effects: ArrayLike | None
) -> tuple[FloatArray, FloatArray, str, str]:
    """Numerators and denominators the model takes, its words and the family of the engine."""
    x, n = np.asarray(events, dtype=float), np.asarray(people, dtype=float)
    if x.shape != n.shape or x.ndim != 1 or not len(x):
        raise ValueError("events and people must be vectors of one length, not empty")
    if design_effects is None:
        return x, n, _METHOD, "binomial"
    effects = np.asarray(design_effects, dtype=float)
    if effects.shape != x.shape or not np.all(effects >= 1.0):
        raise ValueError("design effects must be a vector of one a service, none below 1")
    if np.any(x != np.rint(x)) or np.any(n != np.rint(n)):
        raise ValueError("events and people must be whole numbers")
    return x / effects, n / effects, _EFFECTIVE, "effective_binomial"


def average_of_logits(mean: float, sd: float) -> float:
    """Mean of ``expit(mean + sd z)`` over a standard normal z."""
    points, weights = roots_hermitenorm(QUADRATURE)
    return float(weights @ expit(mean + sd * points) / weights.sum())


def _typical(mean: float, error: float, k: int, conf_level: float, method: str) -> Estimate:
    half = quantile(conf_level, k - 1) * error
    few = f"{k} services: how far services differ is hardly known from so few" if k < 5 else ""
    return Estimate(
        float(expit(mean)),
        error,
        float(expit(mean - half)),
        float(expit(mean + half)),
        conf_level,
        df=float(k - 1),
        method=method,
        note=few,
    )


def _prediction(mean: float, error: float, tau2: float, k: int, conf_level: float) -> Interval:
    if k < 3:
        return Interval(note="a prediction interval needs at least three services")
    half = quantile(conf_level, k - 2) * float(np.sqrt(tau2 + error**2))
    return Interval(float(expit(mean - half)), float(expit(mean + half)))
