"""Cox model with a shared gamma frailty: how much therapists differ in who leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naturalistic.stats.coefficient_table import (
    CoefficientTable,
    coefficient_columns,
)
from naturalistic.stats.cox import fit_cox
from naturalistic.stats.hazards.cox_design import expand
from naturalistic.stats.hazards.cox_fit import CoxFit
from naturalistic.stats.hazards.cox_input import FloatArray, IndexArray, label_codes
from naturalistic.stats.hazards.cox_prediction import has_finite_coefficients
from naturalistic.stats.hazards.frailty_likelihood import FrailtyPoint
from naturalistic.stats.hazards.frailty_variance import (
    METHOD,
    FrailtySearch,
    median_hazard_ratio,
    share_of_variation,
    variance_estimates,
)
from naturalistic.stats.result import Estimate, not_estimable

MOST_CLUSTERS = 3000
__all__ = ["FrailtyFit", "fit_frailty_cox", "median_hazard_ratio", "share_of_variation"]


@dataclass(frozen=True, slots=True)
class FrailtyFit(CoefficientTable):
    """A fitted shared-frailty model; coefficients are log hazard ratios within a cluster.

    Attributes
    ----------
    variance : Estimate
        Variance of the frailty (mean 1), with profile likelihood limits and the likelihood ratio
        test against no frailty (p halved: the null lies on the boundary).
    median_hazard_ratio : Estimate
        Median ratio of the hazards of two like patients of two random clusters, the higher over
        the lower (Bengtsson and Dribe 2010): upper quartile of F(2/theta, 2/theta).
    share_of_variation : Estimate
        Variance of the log frailty over itself plus pi^2/6, the variance of log time around the
        model on the complementary log-log scale (Goldstein, Browne and Rasbash 2002).
    cluster_labels : (G,)
    log_frailty : (G,) predicted log frailty of each cluster.
    log_frailty_se : (G,) its prediction error.
    events_per_cluster : (G,)
    loglik, loglik_without : float
        Marginal log-likelihood and that of the model without frailty.
    n, n_events : float
    converged : bool
    """

    variance: Estimate
    median_hazard_ratio: Estimate
    share_of_variation: Estimate
    cluster_labels: NDArray[np.generic] = field(repr=False)
    log_frailty: FloatArray = field(repr=False)
    log_frailty_se: FloatArray = field(repr=False)
    events_per_cluster: FloatArray = field(repr=False)
    loglik: float
    loglik_without: float
    n: float
    n_events: float
    converged: bool


def fit_frailty_cox(
    time: ArrayLike,
    event: ArrayLike,
    design: ArrayLike,
    cluster: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    ties: str = "efron",
    theta: float | None = None,
    term_names: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> FrailtyFit:
    """Fit h(t | x, cluster g) = u_g h0(t) exp(x'b), u_g gamma with mean 1 and variance theta.

    Coefficients and log frailties maximise the penalised partial likelihood, theta the marginal
    likelihood (Therneau, Grambsch and Pankratz 2003); R's ``coxph(... + frailty(cluster))`` with
    the dense information matrix and without its early stop. Standard errors take theta as known.

    Parameters
    ----------
    time, event, design, entry, strata, ties, term_names, conf_level : as `fit_cox`. Late entry is
        treated as in R: the frailties of those who entered late are not thinned by survival.
    cluster : (n,) labels (therapist), at most 3000 different ones.
    theta : float
        Hold the variance at this value instead of estimating it.

    Returns
    -------
    FrailtyFit
        ``not_estimable`` without events or finite estimates. A variance of 0 (on the boundary) is
        an estimate; its note says so.

    Raises
    ------
    ValueError
        As `fit_cox`; fewer than two or too many clusters; a negative theta.
    """
    plain = fit_cox(
        time,
        event,
        design,
        entry=entry,
        strata=strata,
        ties=ties,
        term_names=term_names,
        conf_level=conf_level,
    )
    data = plain.data
    labels, codes = label_codes(cluster, "cluster", data.n_rows)
    if not 2 <= len(labels) <= MOST_CLUSTERS:
        raise ValueError(f"a frailty needs 2 to {MOST_CLUSTERS} clusters, not {len(labels)}")
    if theta is not None and theta < 0:
        raise ValueError("theta must not be negative")
    codes = codes[data.order]
    if not has_finite_coefficients(plain):
        return _without_frailty(plain, labels, codes, refused=True)
    search = FrailtySearch(plain, codes, len(labels))
    best = search.best() if theta is None else theta
    if best <= 0:
        return _without_frailty(plain, labels, codes, search=search)
    return _with_frailty(plain, labels, codes, search, search.at(best), estimated=theta is None)


@dataclass(frozen=True, slots=True)
class _Frailties:
    """What the model says of the clusters, and how well it explains the data."""

    variance: Estimate
    median_hazard_ratio: Estimate
    share_of_variation: Estimate
    log_frailty: FloatArray
    log_frailty_se: FloatArray
    loglik: float
    converged: bool


def _with_frailty(
    plain: CoxFit,
    labels: NDArray[np.generic],
    codes: IndexArray,
    search: FrailtySearch,
    point: FrailtyPoint,
    *,
    estimated: bool,
) -> FrailtyFit:
    """Estimates at a variance above zero, in the covariates' own units."""
    data, p = plain.data, len(point.beta)
    covariance = point.inverse_information[:p, :p] / np.outer(data.scale, data.scale)
    gain = point.marginal - plain.loglik
    frailties = _Frailties(
        *variance_estimates(search, point.theta, gain, plain.conf_level, estimated=estimated),
        log_frailty=point.log_frailty,
        log_frailty_se=np.sqrt(point.inverse_information.diagonal()[p:]),
        loglik=point.marginal,
        converged=point.converged,
    )
    return _assemble(
        plain,
        labels,
        codes,
        expand(point.beta / data.scale, plain.active),
        expand(covariance, plain.active),
        frailties,
    )


def _without_frailty(
    plain: CoxFit,
    labels: NDArray[np.generic],
    codes: IndexArray,
    *,
    refused: bool = False,
    search: FrailtySearch | None = None,
) -> FrailtyFit:
    """Estimates of the plain model where the variance is zero or nothing can be estimated."""
    reason = "; ".join(plain.notes) or "no finite estimates"
    nothing = not_estimable(reason, method=METHOD, conf_level=plain.conf_level)
    derived = (nothing, nothing, nothing)
    if search is not None:
        derived = variance_estimates(search, 0.0, 0.0, plain.conf_level, estimated=True)
    level = np.full(len(labels), np.nan if refused else 0.0)
    frailties = _Frailties(*derived, level, level, plain.loglik, plain.converged)
    return _assemble(
        plain,
        labels,
        codes,
        plain.coefficients,
        plain.naive_covariance,
        frailties,
        status="not_estimable" if refused else "ok",
    )


def _assemble(
    plain: CoxFit,
    labels: NDArray[np.generic],
    codes: IndexArray,
    coefficients: FloatArray,
    covariance: FloatArray,
    frailties: _Frailties,
    *,
    status: str = "ok",
) -> FrailtyFit:
    """The result, beside what it takes over from the model without frailty."""
    return FrailtyFit(
        terms=plain.terms,
        **coefficient_columns(coefficients, covariance, plain.conf_level, np.inf),
        conf_level=plain.conf_level,
        naive_covariance=covariance,
        df_residual=np.inf,
        status=status,
        method=METHOD,
        notes=plain.notes,
        variance=frailties.variance,
        median_hazard_ratio=frailties.median_hazard_ratio,
        share_of_variation=frailties.share_of_variation,
        cluster_labels=labels,
        log_frailty=frailties.log_frailty,
        log_frailty_se=frailties.log_frailty_se,
        events_per_cluster=_events(plain, codes, len(labels)),
        loglik=frailties.loglik,
        loglik_without=plain.loglik,
        n=plain.n,
        n_events=plain.n_events,
        converged=frailties.converged,
    )


def _events(plain: CoxFit, codes: IndexArray, n_clusters: int) -> FloatArray:
    return np.bincount(codes[plain.data.death_row], minlength=n_clusters).astype(float)
