"""Coefficients of a regression with their covariance, and the tests read off them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from naturalistic.stats.hazards.cox_input import FloatArray
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.wald import reference_quantile, two_sided_p, wald_estimate


@dataclass(frozen=True, slots=True)
class ChiSquaredTest:
    """A chi-squared test."""

    statistic: float
    df: float
    p_value: float


@dataclass(frozen=True, slots=True)
class CoefficientTable:
    """Estimates of a regression on its linear scale.

    A covariate left out (aliased) has NaN everywhere; one without a finite estimate has an
    infinite coefficient and NaN elsewhere; `notes` names both.

    Attributes
    ----------
    terms : p names.
    coefficients, std_errors, z, p_values, conf_low, conf_high : (p,)
        z is referred to the normal, or to t where `df_residual` is finite.
    conf_level : float
    covariance : (p, p)
        Cluster-robust where clusters were given, else `naive_covariance`.
    naive_covariance : (p, p) inverse information.
    df_residual : float
    status : str
        ``ok`` or ``not_estimable``.
    method : str
    notes : tuple of str
    """

    terms: tuple[str, ...]
    coefficients: FloatArray
    std_errors: FloatArray
    z: FloatArray
    p_values: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    conf_level: float
    covariance: FloatArray
    naive_covariance: FloatArray
    df_residual: float
    status: str
    method: str
    notes: tuple[str, ...]

    def index(self, term: str) -> int:
        """Position of a term.

        Raises
        ------
        ValueError
            No such term.
        """
        return position_of_term(self.terms, term)

    def estimate(self, term: str) -> Estimate:
        """Coefficient of one term with its interval and Wald test."""
        weights = np.zeros(len(self.terms))
        weights[self.index(term)] = 1.0
        return self.contrast(weights)

    def contrast(self, weights: ArrayLike) -> Estimate:
        """Difference on the linear scale between two people whose covariates differ by `weights`.

        Parameters
        ----------
        weights : (p,) difference in covariates; zero for covariates that do not matter.
        """
        w = np.asarray(weights, dtype=float)
        if w.shape != (len(self.terms),):
            raise ValueError(f"weights must have one value per term ({len(self.terms)})")
        used = w != 0
        std_error = np.sqrt(w[used] @ self.covariance[np.ix_(used, used)] @ w[used])
        if not (np.isfinite(std_error) and np.isfinite(self.coefficients[used]).all()):
            about = [t for t, u in zip(self.terms, used, strict=True) if u]
            reasons = [n for n in self.notes if any(n.startswith(t) for t in about)]
            reason = "; ".join(reasons or self.notes) or "no finite estimate"
            return not_estimable(reason, method=self.method, conf_level=self.conf_level)
        value = float(w[used] @ self.coefficients[used])
        return wald_estimate(
            value,
            float(std_error),
            self.df_residual,
            conf_level=self.conf_level,
            method=self.method,
            note="; ".join(self.notes),
        )

    def wald_test(self, terms: Sequence[str]) -> ChiSquaredTest:
        """Wald test that the coefficients of `terms` are all zero (say, the levels of a factor)."""
        chosen = [self.index(term) for term in terms]
        return wald_test(self.coefficients[chosen], self.covariance[np.ix_(chosen, chosen)])


def position_of_term(terms: Sequence[str], term: str) -> int:
    """Position of a term among the terms of a model.

    Raises
    ------
    ValueError
        No such term.
    """
    if term not in terms:
        raise ValueError(f"no term {term!r}; terms are {', '.join(terms)}")
    return terms.index(term)


def chi_squared_test(statistic: float, df: float) -> ChiSquaredTest:
    """Upper tail of chi-squared; NaN for no degrees of freedom or no finite statistic."""
    if df == 0 or not np.isfinite(statistic):
        return ChiSquaredTest(np.nan, df, np.nan)
    return ChiSquaredTest(float(statistic), float(df), float(special.chdtrc(df, statistic)))


def wald_test(coefficients: FloatArray, covariance: FloatArray) -> ChiSquaredTest:
    """Wald test; NaN where a coefficient has no finite estimate or clusters are too few."""
    kept = ~np.isnan(coefficients)
    b, v = coefficients[kept], covariance[np.ix_(kept, kept)]
    df = len(b)
    if df == 0 or not (np.isfinite(b).all() and np.isfinite(v).all()):
        return chi_squared_test(np.nan, df)
    if np.linalg.matrix_rank(v / np.sqrt(np.outer(v.diagonal(), v.diagonal()))) < df:
        return chi_squared_test(np.nan, df)
    return chi_squared_test(float(b @ np.linalg.solve(v, b)), df)


def coefficient_columns(
    coefficients: FloatArray, covariance: FloatArray, conf_level: float, df_residual: float
) -> dict[str, FloatArray]:
    """The columns of a `CoefficientTable` that follow from the estimates and their covariance."""
    std_errors = np.sqrt(covariance.diagonal())
    z = coefficients / std_errors
    margin = reference_quantile(conf_level, df_residual) * std_errors
    return {
        "coefficients": coefficients,
        "std_errors": std_errors,
        "z": z,
        "p_values": two_sided_p(z, df_residual),
        "conf_low": coefficients - margin,
        "conf_high": coefficients + margin,
        "covariance": covariance,
    }
