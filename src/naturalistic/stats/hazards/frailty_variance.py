"""The variance of a shared frailty: its search, its profile limits, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize, special, stats

from naturalistic.stats.hazards.cox_fit import CoxFit
from naturalistic.stats.hazards.cox_input import IndexArray
from naturalistic.stats.hazards.frailty_likelihood import FrailtyPoint, fit_at
from naturalistic.stats.result import Estimate

METHOD = "Cox model with shared gamma frailty, marginal likelihood, profile limits"
SMALLEST_THETA, LARGEST_THETA = 1e-5, 1e3


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


class FrailtySearch:
    """Penalised fits at different variances, each starting from the last."""

    def __init__(self, plain: CoxFit, codes: IndexArray, n_clusters: int) -> None:
        self.data, self.codes, self.loglik_without = plain.data, codes, plain.loglik
        self.origin = (plain.coefficients[plain.active] * plain.data.scale, np.zeros(n_clusters))
        self.start = self.origin

    def at(self, theta: float) -> FrailtyPoint:
        """Penalised fit at a variance."""
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
            """Twice the loss of log likelihood beyond what the limit allows."""
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


def variance_estimates(
    search: FrailtySearch, best: float, gain: float, conf_level: float, *, estimated: bool
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
        """A function of the variance with its profile limits carried through."""
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
