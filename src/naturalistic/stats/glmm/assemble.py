"""From a maximised likelihood to the result a caller sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from naturalistic.stats.glmm.design import Basis
from naturalistic.stats.glmm.intercepts import one_intercept, random_intercepts
from naturalistic.stats.glmm.reference import (
    between_within_df,
    quantiles,
    reference_notes,
    two_sided,
)
from naturalistic.stats.glmm.request import Request, formula, method_name
from naturalistic.stats.glmm.result import GeneralisedMixedModelFit
from naturalistic.stats.glmm.search import Solution

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Estimates:
    """Parameters and their covariance on the caller's scale, terms left out as NaN."""

    coefficients: Array
    standard_deviations: Array
    joint: Array
    theta: float


def assemble(
    request: Request,
    basis: Basis,
    solution: Solution,
    infinite: NDArray[np.bool_],
    rank: int,
    notes: tuple[str, ...],
    profiles: tuple[tuple[float, float], ...],
) -> GeneralisedMixedModelFit:
    """Build the result.

    Parameters
    ----------
    request : Request
        All rows, separated ones included.
    basis : Basis
        Of the rows that were fitted.
    solution : Solution
    infinite : ndarray of bool, shape (p,)
        Terms without a finite estimate.
    rank : int
        Number of terms that the data can tell apart, infinite ones included.
    notes : tuple of str
        What is already known.
    profiles : tuple of (float, float)
        Profile limits of every standard deviation, NaN where not asked for.
    """
    estimates = _estimates(request, basis, solution, infinite)
    p = len(request.term_names)
    errors = np.sqrt(np.diag(estimates.joint)[p : p + len(request.groupings)])
    effects = random_intercepts(request, solution, estimates.standard_deviations, errors, profiles)
    log_likelihood = solution.optimum.log_likelihood
    size = rank + len(request.groupings) + int(_has_theta(request))
    singular = tuple(effect.label for effect in effects if effect.singular)
    names = np.array(request.term_names)
    runaway = tuple(names[infinite].tolist())
    fitted = names[np.isfinite(estimates.coefficients)].tolist()
    pearson, residual_df = _pearson(solution)
    table, closing = _coefficients(request, estimates), _closing_notes(solution, singular)
    return GeneralisedMixedModelFit(
        **_asked(request),
        **table,
        status="ok",
        dropped_terms=tuple(name for name in request.term_names if name not in (*fitted, *runaway)),
        infinite_terms=runaway,
        random_effects=effects,
        theta=estimates.theta,
        theta_std_error=_theta_error(request, estimates),
        joint_covariance=estimates.joint,
        log_likelihood=log_likelihood,
        n_parameters=size,
        aic=2.0 * size - 2.0 * log_likelihood,
        bic=size * float(np.log(request.rows)) - 2.0 * log_likelihood,
        converged=solution.optimum.converged,
        singular=bool(singular),
        pearson_chi_square=pearson,
        residual_df=residual_df,
        mean_count=_mean_count(request, solution, estimates),
        formula=formula(request, fitted, singular),
        notes=(*notes, *reference_notes(request, table["coefficients"], table["df"]), *closing),
    )


class _Coefficients(TypedDict):
    """The fixed effects of a result."""

    coefficients: Array
    covariance: Array
    standard_errors: Array
    z_values: Array
    df: Array
    p_values: Array
    conf_low: Array
    conf_high: Array


def _coefficients(request: Request, estimates: _Estimates) -> _Coefficients:
    p = len(request.term_names)
    covariance = estimates.joint[:p, :p]
    errors = np.sqrt(np.diag(covariance))
    z = estimates.coefficients / errors
    df = between_within_df(request, np.isfinite(estimates.coefficients))
    reach = quantiles(request.conf_level, df) * errors
    return {
        "coefficients": estimates.coefficients,
        "covariance": covariance,
        "standard_errors": errors,
        "z_values": z,
        "df": df,
        "p_values": two_sided(z, df),
        "conf_low": estimates.coefficients - reach,
        "conf_high": estimates.coefficients + reach,
    }


def refusal(request: Request, notes: tuple[str, ...]) -> GeneralisedMixedModelFit:
    """A result without numbers that says why."""
    p, k, nan = len(request.term_names), len(request.groupings), float("nan")
    size = p + k + int(_has_theta(request))
    effects = tuple(
        one_intercept(
            grouping, nan, nan, np.full(len(grouping.levels), nan), nan, request.conf_level
        )
        for grouping in request.groupings
    )
    return GeneralisedMixedModelFit(
        **_asked(request),
        **_no_coefficients(p),
        status="not_estimable",
        dropped_terms=(),
        infinite_terms=(),
        random_effects=effects,
        theta=nan,
        theta_std_error=nan,
        joint_covariance=np.full((size, size), nan),
        log_likelihood=nan,
        n_parameters=size,
        aic=nan,
        bic=nan,
        converged=False,
        singular=False,
        pearson_chi_square=nan,
        residual_df=nan,
        mean_count=nan,
        formula=f"{formula(request, request.term_names)}; not fitted",
        notes=notes,
    )


def _no_coefficients(p: int) -> _Coefficients:
    empty = np.full(p, np.nan)
    return {
        "coefficients": empty,
        "covariance": np.full((p, p), np.nan),
        "standard_errors": empty,
        "z_values": empty,
        "df": empty,
        "p_values": empty,
        "conf_low": empty,
        "conf_high": empty,
    }


class _Asked(TypedDict):
    """What a result has from its request, whether there are numbers or not."""

    family: str
    link: str
    term_names: tuple[str, ...]
    conf_level: float
    n_rows: int
    quadrature_points: int
    counts_can_be_overdispersed: bool
    method: str


def _asked(request: Request) -> _Asked:
    return {
        "family": request.family.name,
        "link": request.family.link,
        "term_names": request.term_names,
        "conf_level": request.conf_level,
        "n_rows": request.rows,
        "quadrature_points": request.quadrature_points,
        "counts_can_be_overdispersed": not request.single_trials,
        "method": method_name(request),
    }


def _has_theta(request: Request) -> bool:
    return request.family.has_theta


def _estimates(
    request: Request, basis: Basis, solution: Solution, infinite: NDArray[np.bool_]
) -> _Estimates:
    p, k = len(request.term_names), len(request.groupings)
    size = p + k + int(_has_theta(request))
    parameters = solution.model.unpack(solution.optimum.parameters)
    # where each estimated parameter goes; what has no place here stays NaN
    active = [p + factor for factor in solution.active]
    theta_place = [size - 1] if solution.model.family.has_theta else []
    places = np.array([*basis.kept, *active, *theta_place], dtype=np.int64)
    signs = np.where(parameters.standard_deviations < 0.0, -1.0, 1.0)
    jacobian = np.eye(len(places))
    r = len(basis.kept)
    jacobian[:r, :r] = basis.to_terms
    jacobian[range(r, r + len(active)), range(r, r + len(active))] = signs
    joint = np.full((size, size), np.nan)
    joint[np.ix_(places, places)] = jacobian @ solution.optimum.covariance @ jacobian.T
    coefficients = np.full(p, np.nan)
    coefficients[basis.kept] = basis.to_terms @ parameters.coefficients
    coefficients[infinite] = np.nan
    gone = np.flatnonzero(infinite)
    joint[gone, :] = np.nan
    joint[:, gone] = np.nan
    spreads = np.zeros(k)
    spreads[list(solution.active)] = np.abs(parameters.standard_deviations)
    theta = np.inf if solution.theta_infinite else np.nan
    if solution.model.family.has_theta:
        theta = parameters.theta
    return _Estimates(coefficients, spreads, joint, theta)


def _theta_error(request: Request, estimates: _Estimates) -> float:
    if not _has_theta(request):
        return float("nan")
    return float(estimates.theta * np.sqrt(estimates.joint[-1, -1]))


def _mean_count(request: Request, solution: Solution, estimates: _Estimates) -> float:
    if request.family.link == "logit":
        return float("nan")
    model = solution.model
    coefficients = model.unpack(solution.optimum.parameters).coefficients
    fixed = model.offset + model.basis @ coefficients
    total = np.sum(np.exp(fixed + np.sum(estimates.standard_deviations**2) / 2.0))
    # separated rows, which are not in the model, have a fitted count of 0
    return float(total) / request.rows


def _pearson(solution: Solution) -> tuple[float, float]:
    model, modes = solution.model, solution.modes
    theta = model.unpack(solution.optimum.parameters).theta
    mean, variance = model.family.mean_and_variance(modes.eta, theta)
    squared = (model.family.observed() - mean) ** 2 / np.maximum(variance, 1e-300)
    effects_used = sum(float(np.sum(1.0 - left)) for left in modes.system.inverse_diagonal())
    return float(np.sum(squared)), len(mean) - model.n_coefficients - effects_used


def _closing_notes(solution: Solution, singular: tuple[str, ...]) -> tuple[str, ...]:
    notes = [
        f"singular fit: the variance of {label} is estimated as 0; its levels do not differ by "
        "more than chance allows"
        for label in singular
    ]
    if solution.theta_infinite:
        notes.append(
            "theta is infinite: given the other terms the counts vary no more than a Poisson "
            "allows, and the fit is the Poisson's"
        )
    if not solution.optimum.converged:
        notes.append(
            "no convergence: the search did not end at a maximum of the likelihood; "
            "do not quote these numbers"
        )
    return tuple(notes)
