"""Degrees of freedom of the fixed effects and standard errors of the variance components."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from naturalistic.stats.lmm.blocks import FloatArray
from naturalistic.stats.lmm.curvature import Curvature
from naturalistic.stats.lmm.structure import SINGULAR, RandomStructure


@dataclass(frozen=True, slots=True)
class VarianceComponent:
    """One variance or covariance of the random part.

    Attributes
    ----------
    group : str
        ``patient``, ``therapist``, ``service`` or ``residual``.
    name : str
        ``intercept``, ``slope``, ``covariance``; for residuals ``all`` or ``time=VALUE``.
    value : float
        Variance (covariance) in squared units of the outcome, per squared unit of time for slopes.
    std_error : float
        Delta-method standard error from the curvature of the (restricted) likelihood; NaN for a
        variance estimated as zero, which has none.
    """

    group: str
    name: str
    value: float
    std_error: float

    @property
    def key(self) -> str:
        """``group.name``."""
        return f"{self.group}.{self.name}"


def satterthwaite_df(
    covariance: FloatArray, bend: Curvature, contrasts: FloatArray | None = None
) -> FloatArray:
    """Satterthwaite's degrees of freedom of linear combinations of the fixed effects.

    ``df = 2 (l'Cl)^2 / (g'Ag)``, g the derivative of ``l'Cl`` by the variance parameters and A
    their asymptotic covariance (Kuznetsova, Brockhoff and Christensen 2017, J. Stat. Softw. 82(13),
    eqs. 6 to 8). NaN where the deviance has no proper minimum.

    Parameters
    ----------
    covariance : ndarray, shape (p, p)
        Covariance of the fixed effects.
    bend : Curvature
    contrasts : ndarray, shape (k, p), optional
        Rows are combinations; the coefficients themselves by default.

    Returns
    -------
    ndarray, shape (k,)
    """
    rows = np.eye(covariance.shape[0]) if contrasts is None else contrasts
    if not bend.positive:
        return np.full(rows.shape[0], np.nan)
    variance = np.einsum("kp,pq,kq->k", rows, covariance, rows)
    slope = np.einsum("kp,fpq,kq->kf", rows, bend.covariance_slopes, rows)
    spread = np.einsum("kf,fg,kg->k", slope, bend.parameter_covariance, slope)
    return 2.0 * variance**2 / spread


def component_values(
    structure: RandomStructure, theta: FloatArray, residual_variance: float
) -> list[tuple[str, str, float]]:
    """Variance components in the units of the outcome and of the original time."""
    found: list[tuple[str, str, float]] = []
    columns = structure.columns
    for level in structure.levels:
        if level.occasions:
            covariance = level.covariance(theta) * residual_variance
            found.append(("patient", "intercept", float(covariance[0, 1])))
            # total variances of the two occasions, less what the patient intercept explains
            ratio = float(np.exp(2.0 * theta[level.first]))
            first = residual_variance + covariance[0, 0]
            for occasion, total in zip(columns.occasions, (first, first * ratio), strict=True):
                value = float(total - covariance[0, 1])
                found.append(("residual", f"time={occasion:g}", value))
            continue
        back = columns.to_original_time(level.effects) @ level.factor(theta)
        covariance = back @ back.T * residual_variance
        found.append((level.name, "intercept", float(covariance[0, 0])))
        if level.effects == 2:
            found.append((level.name, "slope", float(covariance[1, 1])))
            found.append((level.name, "covariance", float(covariance[0, 1])))
    if columns.strata == 1:
        found.append(("residual", "all", residual_variance))
    return found


def numeric_jacobian(function: Callable[[FloatArray], FloatArray], at: FloatArray) -> FloatArray:
    """Central-difference Jacobian of a smooth closed form, shape (values, parameters)."""
    columns = []
    for position in range(len(at)):
        step = np.zeros(len(at))
        step[position] = 1e-6 * max(abs(float(at[position])), 1.0)
        columns.append((function(at + step) - function(at - step)) / (2.0 * step[position]))
    return np.stack(columns, axis=1)


def variance_components(
    structure: RandomStructure, theta: FloatArray, sigma: float, bend: Curvature
) -> tuple[VarianceComponent, ...]:
    """Variance components with delta-method standard errors."""
    values = component_values(structure, theta, sigma**2)

    def closed_form(parameters: FloatArray) -> FloatArray:
        moved = theta.copy()
        moved[bend.free] = parameters[:-1]
        return np.array([v for *_, v in component_values(structure, moved, parameters[-1] ** 2)])

    errors = np.full(len(values), np.nan)
    if bend.positive:
        slope = numeric_jacobian(closed_form, np.append(theta[bend.free], sigma))
        errors = np.sqrt(np.einsum("vf,fg,vg->v", slope, bend.parameter_covariance, slope))
    held = zero_variances(structure, theta)
    return tuple(
        VarianceComponent(group, name, value, float(np.nan if (group, name) in held else error))
        for (group, name, value), error in zip(values, errors, strict=True)
    )


def zero_variances(structure: RandomStructure, theta: FloatArray) -> set[tuple[str, str]]:
    """Components that the fit put on the boundary: zero variances and their covariances."""
    held: set[tuple[str, str]] = set()
    for level in structure.levels:
        if level.occasions:
            continue
        factor = level.factor(theta)
        sizes = np.sqrt((factor**2).sum(axis=1))
        if sizes[0] < SINGULAR:
            held |= {(level.name, "intercept"), (level.name, "covariance")}
        if level.effects == 2 and sizes[1] < SINGULAR:
            held |= {(level.name, "slope"), (level.name, "covariance")}
    return held
