"""From log odds and log rates to probabilities and counts, standardised over a cohort.

The mean response of row i with the random effects integrated out is

    m_i = E h(o_i + x_i' b + s Z),   Z ~ N(0, 1),   s^2 = sum of the random-effect variances,

with h the inverse link. Averages of m over the rows of a cohort, and differences between such
averages when one characteristic is set to one value or the other for everybody, are what a reader
can use. Standard errors by the delta method in the coefficients and standard deviations; the
cohort's own rows are taken as given (Lane & Nelder 1982, Biometrics 38; the population-averaged
form of Skrondal & Rabe-Hesketh 2009, J R Stat Soc A 172, sec. 7).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtr

from naturalistic.stats.glmm.result import GeneralisedMixedModelFit, normal_quantile
from naturalistic.stats.result import Estimate, not_estimable

Array = NDArray[np.float64]

# the logistic-normal integral is exact to 1e-9 with these up to a standard deviation of 3
_NODES = 61


METHOD = "average over the cohort, random effects integrated out, delta method"


@dataclass(frozen=True, slots=True)
class Average:
    """An average and its gradient in all parameters of the fit."""

    value: float
    gradient: Array


def average_prediction(
    fit: GeneralisedMixedModelFit,
    design: ArrayLike,
    *,
    offset: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Estimate:
    """Mean probability (or count) over the rows of `design`, random effects integrated out.

    Parameters
    ----------
    fit : GeneralisedMixedModelFit
    design : array_like, shape (m, p)
        The cohort, or the cohort with some columns set to chosen values; columns as fitted.
    offset : array_like, shape (m,), optional
    weights : array_like, shape (m,), optional
        Weights of the rows, for instance the appointments booked; equal if not given.

    Returns
    -------
    Estimate
        On the probability or count scale. `not_estimable` after separation, where some
        coefficient has no finite value.
    """
    method = f"{METHOD}; {fit.method}"
    refusal = refusal_of(fit, method)
    if refusal is not None:
        return refusal
    rows = checked_rows(fit, design, "design")
    return delta_estimate(fit, _average(fit, rows, offset, weights), method)


def average_contrast(
    fit: GeneralisedMixedModelFit,
    design_high: ArrayLike,
    design_low: ArrayLike,
    *,
    offset: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Estimate:
    """Difference of two average predictions, `design_high` minus `design_low`.

    Parameters are those of `average_prediction`; the two designs describe the same rows.

    Raises
    ------
    ValueError
        If the two designs differ in shape.
    """
    method = f"{METHOD}; {fit.method}"
    refusal = refusal_of(fit, method)
    if refusal is not None:
        return refusal
    high, low = (
        checked_rows(fit, design_high, "design_high"),
        checked_rows(fit, design_low, "design_low"),
    )
    if high.shape != low.shape:
        raise ValueError("the two designs must have the same rows")
    up, down = _average(fit, high, offset, weights), _average(fit, low, offset, weights)
    return delta_estimate(fit, Average(up.value - down.value, up.gradient - down.gradient), method)


def refusal_of(fit: GeneralisedMixedModelFit, method: str) -> Estimate | None:
    """Why averages over a cohort cannot be had from this fit, or None."""
    if fit.status != "ok":
        return not_estimable("; ".join(fit.notes), method=method, conf_level=fit.conf_level)
    if fit.infinite_terms:
        listed = ", ".join(f"'{name}'" for name in fit.infinite_terms)
        return not_estimable(
            f"{listed} without a finite estimate: averages over the cohort are not defined",
            method=method,
            conf_level=fit.conf_level,
        )
    return None


def checked_rows(fit: GeneralisedMixedModelFit, design: ArrayLike, what: str) -> Array:
    """The design as a matrix with the columns of the fit; ValueError otherwise."""
    rows = np.asarray(design, dtype=float)
    if rows.ndim != 2 or rows.shape[1] != len(fit.term_names) or not len(rows):
        raise ValueError(f"{what} must have rows, and the columns the model was fitted with")
    if not np.all(np.isfinite(rows)):
        raise ValueError(f"{what} holds missing or infinite values")
    return rows


def _vector(values: ArrayLike | None, rows: Array, default: float, what: str) -> Array:
    if values is None:
        return np.full(len(rows), default)
    vector = np.asarray(values, dtype=float)
    if vector.shape != (len(rows),) or not np.all(np.isfinite(vector)):
        raise ValueError(f"{what} must have one finite value per row")
    return vector


def row_weights(values: ArrayLike | None, rows: Array) -> Array:
    """Weights that sum to one; ValueError for negative ones."""
    weights = _vector(values, rows, 1.0, "weights")
    if np.any(weights < 0.0) or not np.any(weights > 0.0):
        raise ValueError("weights must not be negative, nor all zero")
    return weights / weights.sum()


def moments(fit: GeneralisedMixedModelFit, eta: Array, order: int) -> tuple[Array, Array]:
    """Integrals of the `order`-th derivative of the inverse link: plain, and against Z."""
    spread = np.sqrt(sum(effect.variance for effect in fit.random_effects))
    if fit.link == "log":
        mean = np.exp(eta + spread**2 / 2.0)
        return mean, spread * mean
    nodes, node_weights = hermegauss(_NODES) if spread > 0.0 else (np.zeros(1), np.ones(1))
    plain, tilted = np.zeros_like(eta), np.zeros_like(eta)
    for z, weight in zip(nodes, node_weights / node_weights.sum(), strict=True):
        p = expit(eta + spread * z)
        value = p if order == 0 else p * (1.0 - p)
        value = value * (1.0 - 2.0 * p) if order == 2 else value
        plain += weight * value
        tilted += weight * z * value
    return plain, tilted


def _average(
    fit: GeneralisedMixedModelFit,
    rows: Array,
    offset: ArrayLike | None,
    weights: ArrayLike | None,
) -> Average:
    eta = linear_predictor(fit, rows, offset)
    share = row_weights(weights, rows)
    first, tilted = moments(fit, eta, 1)
    by_term = (share * first) @ rows
    value = float(share @ moments(fit, eta, 0)[0])
    return Average(value, joint_gradient(fit, by_term, float(share @ tilted)))


def linear_predictor(fit: GeneralisedMixedModelFit, rows: Array, offset: ArrayLike | None) -> Array:
    """Fixed part of the linear predictor, (m,)."""
    # a column left out as dependent has no coefficient of its own: its share is in the others
    coefficients = np.where(np.isfinite(fit.coefficients), fit.coefficients, 0.0)
    return _vector(offset, rows, 0.0, "offset") + rows @ coefficients


def joint_gradient(fit: GeneralisedMixedModelFit, by_term: Array, by_spread: float) -> Array:
    """Gradient in coefficients, standard deviations and log theta (on which no mean depends)."""
    deviations = np.array([effect.standard_deviation for effect in fit.random_effects])
    total = np.sqrt(np.sum(deviations**2))
    shares = deviations / total if total > 0.0 else deviations
    gradient = np.zeros(len(fit.joint_covariance))
    gradient[: len(by_term)] = by_term
    gradient[len(by_term) : len(by_term) + len(shares)] = by_spread * shares
    return gradient


def delta_estimate(fit: GeneralisedMixedModelFit, average: Average, method: str) -> Estimate:
    """Wald estimate of an average, its error by the delta method."""
    known = np.isfinite(np.diag(fit.joint_covariance))
    covariance = fit.joint_covariance[np.ix_(known, known)]
    gradient = average.gradient[known]
    error = float(np.sqrt(gradient @ covariance @ gradient))
    reach = normal_quantile(fit.conf_level) * error
    z = average.value / error if error > 0.0 else float("nan")
    return Estimate(
        average.value,
        error,
        average.value - reach,
        average.value + reach,
        fit.conf_level,
        z,
        float("inf"),
        float(2.0 * ndtr(-abs(z))),
        method=method,
        note="; ".join(fit.notes),
    )
