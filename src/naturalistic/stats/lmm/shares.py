"""Shares of variance: intraclass correlations and R squared of a linear mixed model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from naturalistic.stats.lmm.blocks import FloatArray
from naturalistic.stats.lmm.inference import numeric_jacobian
from naturalistic.stats.lmm.result import FittedState, LinearMixedModelFit
from naturalistic.stats.lmm.structure import RandomStructure
from naturalistic.stats.result import Estimate, not_estimable


def variances_at(structure: RandomStructure, theta: FloatArray, at_time: float) -> dict[str, float]:
    """Variance of every level and of the residual at one time, relative to the residual variance.

    In a two-occasion model the patient's part is the covariance of the occasions and the residual
    what the variance at that occasion exceeds it by; `at_time` must be one of the occasions.
    """
    columns = structure.columns
    found: dict[str, float] = {}
    residual = 1.0
    for level in structure.levels:
        if level.occasions:
            if at_time not in columns.occasions:
                raise ValueError(f"at_time must be one of the occasions {columns.occasions}")
            covariance = level.covariance(theta)
            last = columns.occasions.index(at_time)
            spread = float(np.exp(2.0 * theta[level.first])) if last else 1.0
            found["patient"] = float(covariance[0, 1])
            residual = spread * float(1.0 + covariance[0, 0]) - float(covariance[0, 1])
            continue
        inner = (at_time - columns.time_mean) / columns.time_scale
        point = np.array([1.0, inner])[: level.effects] @ level.factor(theta)
        found[level.name] = float(point @ point)
    found["residual"] = residual
    return found


def variance_share(
    fit: LinearMixedModelFit, level: str, *, at_time: float = 0.0, conf_level: float = 0.95
) -> Estimate:
    """Intraclass correlation: the share of one level in the variance of the outcome at a time.

    ``ICC = Var(level) / (sum of all levels + residual)`` given the fixed effects, at
    `at_time` when effects have slopes or occasions have their own variance. The interval is
    symmetric on the logit scale, by the delta method from the curvature of the (restricted)
    likelihood in (theta, sigma). For few therapists prefer the profile interval
    (`naturalistic.stats.lmm.profile`) or the bootstrap.

    Parameters
    ----------
    fit : LinearMixedModelFit
    level : str
    at_time : float
        In the original unit of time.
    conf_level : float

    Raises
    ------
    ValueError
        When the model has no such level.
    """
    method = "intraclass correlation, delta-method logit interval"
    if fit.state is None:
        return not_estimable(fit.notes[0], method=method, conf_level=conf_level)
    state = fit.fitted()
    structure, theta = state.likelihood.structure, state.evaluation.theta
    if level not in {known.name for known in structure.levels}:
        raise ValueError(f"no level {level!r} in the model")
    share = _share(structure, theta, level, at_time)
    if not 0.0 < share < 1.0:
        return Estimate(
            share,
            conf_level=conf_level,
            method=method,
            note="the estimate lies on the boundary: no delta-method interval",
        )
    free, covariance = state.curvature.free, state.curvature.parameter_covariance

    def logit(parameters: FloatArray) -> FloatArray:
        moved = theta.copy()
        moved[free] = parameters
        return np.array([special.logit(_share(structure, moved, level, at_time))])

    slope = numeric_jacobian(logit, theta[free])[0]
    error = float(np.sqrt(slope @ covariance[:-1, :-1] @ slope))
    centre, margin = (
        float(special.logit(share)),
        error * float(stats.norm.ppf(0.5 + conf_level / 2)),
    )
    return Estimate(
        share,
        std_error=error * share * (1.0 - share),
        conf_low=float(special.expit(centre - margin)),
        conf_high=float(special.expit(centre + margin)),
        conf_level=conf_level,
        method=method,
        note="; ".join(fit.notes),
    )


def _share(structure: RandomStructure, theta: FloatArray, level: str, at_time: float) -> float:
    found = variances_at(structure, theta, at_time)
    return found[level] / sum(found.values())


@dataclass(frozen=True, slots=True)
class RSquared:
    """Explained variance of a linear mixed model.

    Attributes
    ----------
    marginal : float
        By the fixed effects.
    conditional : float
        By fixed and random effects together.
    fixed_variance, random_variance, residual_variance : float
        The parts, in squared units of the outcome.
    """

    marginal: float
    conditional: float
    fixed_variance: float
    random_variance: float
    residual_variance: float


def r_squared(fit: LinearMixedModelFit) -> RSquared:
    """Marginal and conditional R squared.

    ``R2_m = s_f / (s_f + s_r + s_e)``, ``R2_c = (s_f + s_r) / (s_f + s_r + s_e)`` with s_f the
    variance of ``X beta`` over the rows (Nakagawa and Schielzeth 2013, Methods Ecol. Evol. 4,
    133-142, eqs. 26 and 30) and s_r the mean over the rows of ``z'Dz``, which admits slopes
    (Johnson 2014, ibid. 5, 944-946, eq. 10).

    Parameters
    ----------
    fit : LinearMixedModelFit

    Raises
    ------
    ValueError
        When the model was not fitted or has no constant column.
    """
    state = fit.fitted()
    rows, structure = state.likelihood.rows, state.likelihood.structure
    if rows.transform.intercept is None:
        raise ValueError("R squared needs a constant column in the design")
    inner = state.evaluation.inner.copy()
    inner[rows.transform.intercept] = 0.0  # the other inner columns have mean zero
    gram = rows.total.sum(axis=0)[:-1, :-1]
    fixed = float(inner @ gram @ inner) / (rows.rows - 1)
    random, residual = _mean_random_variance(state, structure)
    total = fixed + random + residual
    return RSquared(fixed / total, (fixed + random) / total, fixed, random, residual)


def _mean_random_variance(state: FittedState, structure: RandomStructure) -> tuple[float, float]:
    """Random and residual variance, averaged over the rows."""
    rows, sigma2 = state.likelihood.rows, state.evaluation.residual_variance
    theta = state.evaluation.theta
    if structure.columns.strata == 2:
        weight = rows.stratum_rows / rows.rows
        parts = [variances_at(structure, theta, t) for t in structure.columns.occasions]
        residual = sigma2 * float(weight @ [part.pop("residual") for part in parts])
        return sigma2 * float(weight @ [sum(part.values()) for part in parts]), residual
    mean = rows.nested.gram.sum(axis=1)
    if rows.crossing is not None:
        mean = mean + rows.crossing.gram.sum(axis=1)
    mean = mean / rows.rows
    moments = np.array([[mean[0]]]) if len(mean) == 1 else np.array([mean[:2], mean[1:]])
    random = 0.0
    for level in structure.levels:
        factor = level.factor(theta)
        block = factor @ factor.T
        random += float(np.trace(block @ moments[: level.effects, : level.effects]))
    return sigma2 * random, sigma2
