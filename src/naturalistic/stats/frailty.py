"""Cox model with a shared gamma frailty: how much therapists differ in who leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from naturalistic.stats.coefficient_table import (
    CoefficientTable,
    coefficient_columns,
)
from naturalistic.stats.cox import fit_cox
from naturalistic.stats.hazards.cox_fit import CoxFit
from naturalistic.stats.hazards.cox_input import FloatArray, IndexArray, label_codes
from naturalistic.stats.hazards.cox_prediction import has_finite_coefficients
from naturalistic.stats.hazards.frailty_likelihood import FrailtyPoint, fit_at
from naturalistic.stats.result import Estimate, not_estimable

METHOD = "Cox model with shared gamma frailty, marginal likelihood, profile limits"
SMALLEST_THETA, LARGEST_THETA = 1e-5, 1e3
MOST_CLUSTERS = 3000


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


def median_hazard_ratio(theta: float) -> float:
    """Median hazard ratio for a gamma frailty of variance theta; 1 for no variance."""
    if theta <= 0:
        return 1.0
    return float(stats.f.ppf(0.75, 2 / theta, 2 / theta))


def share_of_variation(theta: float) -> float:
    """Intraclass correlation on the complementary log-log scale for a gamma frailty."""
    if theta <= 0:
        return 0.0
    between = float(special.polygamma(1, 1 / theta))
    return between / (between + np.pi**2 / 6)


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
    search = _Search(plain, codes, len(labels))
    best = search.best() if theta is None else theta
    if best <= 0:
        return _without_frailty(plain, labels, codes, search=search)
    return _assemble(plain, labels, codes, search, search.at(best), estimated=theta is None)


class _Search:
    """Penalised fits at different variances, each starting from the last."""

    def __init__(self, plain: CoxFit, codes: IndexArray, n_clusters: int) -> None:
        self.data, self.codes, self.loglik_without = plain.data, codes, plain.loglik
        self.origin = (plain.coefficients[plain.active] * plain.data.scale, np.zeros(n_clusters))
        self.start = self.origin

    def at(self, theta: float) -> FrailtyPoint:
        point = fit_at(self.data, self.codes, theta, self.start)
        self.start = (point.beta, point.log_frailty)
        return point

    def _slope(self, log_theta: float) -> float:
        """Slope of the marginal likelihood in theta, up to a positive factor."""
        return -self.at(float(np.exp(log_theta))).marginal_slope

    def best(self) -> float:
        """Variance at which the marginal likelihood peaks; 0 if it falls from the start."""
        low = np.log(SMALLEST_THETA)
        if self._slope(low) <= 0:
            return 0.0
        high = np.log(0.5)
        while self._slope(high) > 0:
            high += 1.0
            if high > np.log(LARGEST_THETA):
                return LARGEST_THETA
        return float(np.exp(optimize.brentq(self._slope, low, high, xtol=1e-9, rtol=1e-12)))

    def limits(self, best: float, conf_level: float) -> tuple[float, float]:
        """Variances at which twice the marginal likelihood has fallen by the chi-squared point."""
        allowed = float(stats.chi2.ppf(conf_level, 1))
        top = self.loglik_without if best <= 0 else self.at(best).marginal

        def excess(log_theta: float) -> float:
            return 2 * (top - self.at(float(np.exp(log_theta))).marginal) - allowed

        smallest, start = np.log(SMALLEST_THETA), np.log(max(best, SMALLEST_THETA))
        low = 0.0
        if best > 0 and 2 * (top - self.loglik_without) > allowed and excess(smallest) > 0:
            low = float(np.exp(optimize.brentq(excess, smallest, start, xtol=1e-8)))
        high = max(start, np.log(0.05)) + 0.5
        while excess(high) < 0:
            high += 0.7
            if high > np.log(LARGEST_THETA):
                return low, np.inf
        return low, float(np.exp(optimize.brentq(excess, start, high, xtol=1e-8)))


def _variance(
    search: _Search, best: float, gain: float, conf_level: float, *, estimated: bool
) -> tuple[Estimate, Estimate, Estimate]:
    """The variance and the two quantities that follow from it."""
    if not estimated:
        held = "variance held at the given value"
        return (
            Estimate(best, conf_level=conf_level, method=METHOD, note=held),
            Estimate(median_hazard_ratio(best), conf_level=conf_level, method=METHOD, note=held),
            Estimate(share_of_variation(best), conf_level=conf_level, method=METHOD, note=held),
        )
    low, high = search.limits(best, conf_level)
    statistic = max(2 * gain, 0.0)
    p_value = float(stats.chi2.sf(statistic, 1) / 2) if best > 0 else 1.0
    note = "" if best > 0 else "on the boundary: no more variation than chance"

    def of(function: Callable[[float], float]) -> Estimate:
        return Estimate(
            function(best),
            conf_low=function(low),
            conf_high=function(high) if np.isfinite(high) else np.nan,
            conf_level=conf_level,
            statistic=statistic,
            df=1.0,
            p_value=p_value,
            method=METHOD,
            note=note,
        )

    return of(float), of(median_hazard_ratio), of(share_of_variation)


def _assemble(
    plain: CoxFit,
    labels: NDArray[np.generic],
    codes: IndexArray,
    search: _Search,
    point: FrailtyPoint,
    *,
    estimated: bool,
) -> FrailtyFit:
    data, active, p = plain.data, plain.active, len(point.beta)
    coefficients = np.full(len(active), np.nan)
    coefficients[active] = point.beta / data.scale
    covariance = np.full((len(active),) * 2, np.nan)
    covariance[np.ix_(active, active)] = point.inverse_information[:p, :p] / np.outer(
        data.scale, data.scale
    )
    gain = point.marginal - plain.loglik
    variance, ratio, share = _variance(
        search, point.theta, gain, plain.conf_level, estimated=estimated
    )
    return FrailtyFit(
        terms=plain.terms,
        **coefficient_columns(coefficients, covariance, plain.conf_level, np.inf),
        conf_level=plain.conf_level,
        naive_covariance=covariance,
        df_residual=np.inf,
        status="ok",
        method=METHOD,
        notes=plain.notes,
        variance=variance,
        median_hazard_ratio=ratio,
        share_of_variation=share,
        cluster_labels=labels,
        log_frailty=point.log_frailty,
        log_frailty_se=np.sqrt(point.inverse_information.diagonal()[p:]),
        events_per_cluster=_events(plain, codes, len(labels)),
        loglik=point.marginal,
        loglik_without=plain.loglik,
        n=plain.n,
        n_events=plain.n_events,
        converged=point.converged,
    )


def _without_frailty(
    plain: CoxFit,
    labels: NDArray[np.generic],
    codes: IndexArray,
    *,
    refused: bool = False,
    search: _Search | None = None,
) -> FrailtyFit:
    """Estimates of the plain model where the variance is zero or nothing can be estimated."""
    n_clusters = len(labels)
    reason = "; ".join(plain.notes) or "no finite estimates"
    nothing = not_estimable(reason, method=METHOD, conf_level=plain.conf_level)
    derived = (nothing, nothing, nothing)
    if search is not None:
        derived = _variance(search, 0.0, 0.0, plain.conf_level, estimated=True)
    return FrailtyFit(
        terms=plain.terms,
        **coefficient_columns(plain.coefficients, plain.naive_covariance, plain.conf_level, np.inf),
        conf_level=plain.conf_level,
        naive_covariance=plain.naive_covariance,
        df_residual=np.inf,
        status="not_estimable" if refused else "ok",
        method=METHOD,
        notes=plain.notes,
        variance=derived[0],
        median_hazard_ratio=derived[1],
        share_of_variation=derived[2],
        cluster_labels=labels,
        log_frailty=np.full(n_clusters, np.nan if refused else 0.0),
        log_frailty_se=np.full(n_clusters, np.nan if refused else 0.0),
        events_per_cluster=_events(plain, codes, n_clusters),
        loglik=plain.loglik,
        loglik_without=plain.loglik,
        n=plain.n,
        n_events=plain.n_events,
        converged=plain.converged,
    )


def _events(plain: CoxFit, codes: IndexArray, n_clusters: int) -> FloatArray:
    return np.bincount(codes[plain.data.death_row], minlength=n_clusters).astype(float)
