"""What a generalised (mixed) model fit returns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from naturalistic.stats.result import Estimate, not_estimable

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RandomIntercept:
    """One random intercept on the scale of the linear predictor.

    Attributes
    ----------
    label : str
        What the levels are, for instance ``therapist``.
    levels : ndarray, shape (g,)
        Identifiers, sorted.
    rows_per_level : ndarray of int, shape (g,)
        Rows of each level.
    standard_deviation, variance : float
        Exactly 0 where the fit is singular; NaN where it is not estimable.
    standard_deviation_std_error : float
        From the joint Hessian; NaN at 0.
    standard_deviation_conf_low, standard_deviation_conf_high : float
        Wald limits on the log scale; NaN at 0.
    profile_conf_low, profile_conf_high : float
        Profile-likelihood limits of the standard deviation, which exist at 0 too; NaN unless
        asked for.
    modes : ndarray, shape (g,)
        Conditional modes (log odds or log rate against the average level).
    conditional_std_errors : ndarray, shape (g,)
        Given the estimated parameters, as `condVar` of lme4.
    singular : bool
        The estimated variance is zero.
    """

    label: str
    levels: NDArray[np.generic]
    rows_per_level: NDArray[np.int64]
    standard_deviation: float
    variance: float
    standard_deviation_std_error: float
    standard_deviation_conf_low: float
    standard_deviation_conf_high: float
    profile_conf_low: float
    profile_conf_high: float
    modes: Array
    conditional_std_errors: Array
    singular: bool


@dataclass(frozen=True, slots=True, eq=False)
class GeneralisedMixedModelFit:
    """A fitted generalised linear (mixed) model; conditional (cluster-specific) coefficients.

    Attributes
    ----------
    status : str
        ``ok`` or ``not_estimable`` (then every number is NaN and `notes` says why).
    family, link : str
        ``binomial``/``logit``, ``poisson``/``log`` or ``nb2``/``log``.
    term_names : tuple of str
        The columns of the design.
    coefficients, standard_errors, z_values, p_values, conf_low, conf_high : ndarray, shape (p,)
        On the scale of the linear predictor; NaN for a term that was left out (linear
        dependence) or has no finite estimate (separation). Wald tests and limits: t with `df`
        degrees of freedom, which is the normal where they are infinite.
    df : ndarray, shape (p,)
        Between-within degrees of freedom (`naturalistic.stats.glmm.reference`): finite for terms
        that are constant within every level of the (outer) random effect.
    covariance : ndarray, shape (p, p)
        Of the coefficients, from the Hessian of all parameters jointly.
    conf_level : float
        Nominal coverage of every interval here.
    dropped_terms : tuple of str
        Columns left out as linear combinations of others.
    infinite_terms : tuple of str
        Terms whose estimate runs to infinity (separation).
    random_effects : tuple of RandomIntercept
        Empty for a plain generalised linear model.
    theta, theta_std_error : float
        NB2 size (variance ``mu + mu^2 / theta``), infinite at the Poisson limit; NaN otherwise.
    joint_covariance : ndarray, shape (p + k + t, p + k + t)
        Of coefficients, standard deviations of the `k` random effects and log theta (`t` is 1
        for NB2, else 0); NaN for what has no standard error.
    log_likelihood : float
        With all constants: comparable with glmmTMB, and between families on the same data.
    n_parameters : int
        Free parameters, the variances among them.
    aic, bic : float
        ``2 k - 2 l`` and ``k log(rows) - 2 l``.
    n_rows : int
        Rows in the model.
    converged, singular : bool
        Whether the search ended at a maximum; whether a variance was estimated as zero.
    quadrature_points : int
        1 for Laplace.
    pearson_chi_square, residual_df : float
        Sum of squared Pearson residuals at the conditional modes, and rows minus the effective
        number of coefficients and effects; see `overdispersion_test`.
    mean_count : float
        Mean over the rows of the fitted count, random effects integrated out; NaN for binomial.
    counts_can_be_overdispersed : bool
        False for single yes/no rows, which cannot show overdispersion.
    formula : str
        The model that was really fitted.
    notes : tuple of str
        What a reader must know: terms left out, separation, singular fits, thin levels.
    method : str
        Estimator in words.
    """

    status: str
    family: str
    link: str
    term_names: tuple[str, ...]
    coefficients: Array
    covariance: Array
    standard_errors: Array
    z_values: Array
    df: Array
    p_values: Array
    conf_low: Array
    conf_high: Array
    conf_level: float
    dropped_terms: tuple[str, ...]
    infinite_terms: tuple[str, ...]
    random_effects: tuple[RandomIntercept, ...]
    theta: float
    theta_std_error: float
    joint_covariance: Array
    log_likelihood: float
    n_parameters: int
    aic: float
    bic: float
    n_rows: int
    converged: bool
    singular: bool
    quadrature_points: int
    pearson_chi_square: float
    residual_df: float
    mean_count: float
    counts_can_be_overdispersed: bool
    formula: str
    notes: tuple[str, ...]
    method: str

    @property
    def n_groups(self) -> tuple[int, ...]:
        """Number of levels of each random effect."""
        return tuple(len(effect.levels) for effect in self.random_effects)

    @property
    def fitted_terms(self) -> tuple[str, ...]:
        """Terms that are in the model, whether or not their estimate is finite."""
        return tuple(name for name in self.term_names if name not in self.dropped_terms)

    def random_effect(self, label: str) -> RandomIntercept:
        """The random effect called `label`; KeyError where there is none."""
        for effect in self.random_effects:
            if effect.label == label:
                return effect
        raise KeyError(f"this model has no random effect called {label!r}")

    def term(self, name: str) -> Estimate:
        """One coefficient as an `Estimate`; ValueError for an unknown term."""
        return coefficient_of(
            self, name, self.z_values, float(self.df[self.term_names.index(name)])
        )


class _Coefficients(Protocol):
    """What conditional and population-averaged fits have in common."""

    @property
    def term_names(self) -> tuple[str, ...]: ...
    @property
    def coefficients(self) -> Array: ...
    @property
    def standard_errors(self) -> Array: ...
    @property
    def conf_low(self) -> Array: ...
    @property
    def conf_high(self) -> Array: ...
    @property
    def conf_level(self) -> float: ...
    @property
    def p_values(self) -> Array: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def method(self) -> str: ...


def coefficient_of(fit: _Coefficients, name: str, statistics: Array, df: float) -> Estimate:
    """One coefficient as an `Estimate`, with the notes about it where it has no finite value.

    Parameters
    ----------
    fit : fitted model
    name : str
        One of its terms; ValueError otherwise.
    statistics : ndarray, shape (p,)
        Estimates over errors, z or t.
    df : float
        Of the statistics.
    """
    j = fit.term_names.index(name)
    if not np.isfinite(fit.coefficients[j]):
        about = [note for note in fit.notes if f"'{name}'" in note] or list(fit.notes)
        return not_estimable("; ".join(about), method=fit.method, conf_level=fit.conf_level)
    return Estimate(
        float(fit.coefficients[j]),
        float(fit.standard_errors[j]),
        float(fit.conf_low[j]),
        float(fit.conf_high[j]),
        fit.conf_level,
        float(statistics[j]),
        df,
        float(fit.p_values[j]),
        method=fit.method,
        note="; ".join(fit.notes),
    )


def finite_exp(value: float) -> float:
    """``exp``, infinite instead of a warning where it overflows."""
    return math.exp(value) if value < 700.0 else math.inf


def normal_quantile(conf_level: float) -> float:
    """Two-sided standard normal quantile of a confidence level; ValueError outside (0, 1)."""
    if not 0.0 < conf_level < 1.0:
        raise ValueError("conf_level must lie strictly between 0 and 1")
    return float(ndtri(0.5 + conf_level / 2.0))
