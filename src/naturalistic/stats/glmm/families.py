"""Response families of the generalised mixed model: log densities and their derivatives, row by row.

Every family is written for its usual link (logit for binomial counts, log for counts) with the
linear predictor `eta` as argument. The Laplace approximation needs the log density and three
derivatives of it with respect to `eta`; the exact gradient for the negative binomial also needs
the derivatives of these with respect to log theta.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Array = NDArray[np.float64]

# exp(100) is far above any mean a fit can end at and far below overflow in the products that follow
_LARGEST_LOG_MEAN = 100.0
_LARGEST_COUNT = 10_000_000


@dataclass(frozen=True, slots=True)
class RowTerms:
    """Log density of each row, without the constant, and its derivatives in `eta`.

    Attributes
    ----------
    value : ndarray, shape (n,)
        Log density up to `Family.constant`.
    first : ndarray, shape (n,)
        First derivative, the score of the row.
    curvature : ndarray, shape (n,)
        Minus the second derivative, the observed weight; positive for all three families.
    curvature_slope : ndarray, shape (n,)
        Derivative of `curvature`.
    """

    value: Array
    first: Array
    curvature: Array
    curvature_slope: Array


@dataclass(frozen=True, slots=True)
class ThetaTerms:
    """Derivatives in log theta of `value`, `first` and `curvature` of `RowTerms`, each (n,)."""

    value: Array
    first: Array
    curvature: Array


class Family(Protocol):
    """What the engine asks of a family; the data are held by the instance."""

    name: str
    link: str
    has_theta: bool

    def constant(self, theta: float) -> float:
        """Part of the log-likelihood that does not depend on `eta`."""

    def constant_slope(self, theta: float) -> float:
        """Derivative of `constant` in log theta."""

    def terms(self, eta: Array, theta: float) -> RowTerms:
        """Log density and derivatives at `eta`."""

    def theta_terms(self, eta: Array, theta: float) -> ThetaTerms:
        """Derivatives in log theta at `eta`."""

    def first_guess(self) -> Array:
        """A finite linear predictor near the data, the start of the weighted regressions."""

    def bounds(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Rows at the lowest and rows at the highest possible response."""

    def mean_and_variance(self, eta: Array, theta: float) -> tuple[Array, Array]:
        """Conditional mean and variance of the response."""

    def subset(self, rows: NDArray[np.bool_]) -> Family:
        """The same family on some of the rows."""

    def observed(self) -> Array:
        """The response as counts."""


class _WithoutTheta:
    """A density that depends on `eta` alone: every derivative in log theta is zero."""

    has_theta = False

    def constant_slope(self, theta: float) -> float:
        """Zero: there is no theta."""
        return 0.0

    def theta_terms(self, eta: Array, theta: float) -> ThetaTerms:
        """Zero in every row: there is no theta."""
        zero = np.zeros(len(eta))
        return ThetaTerms(zero, zero, zero)


class Binomial(_WithoutTheta):
    """Events out of trials, logit link: ``log C(m, s) + s eta - m log(1 + exp(eta))``."""

    name = "binomial"
    link = "logit"
    whole = True

    def __init__(self, events: Array, trials: Array) -> None:
        if np.any(events < 0) or np.any(events > trials) or np.any(trials <= 0):
            raise ValueError("binomial needs 0 <= response <= trials and trials > 0 in every row")
        if self.whole:
            _require_whole(events, "response")
            _require_whole(trials, "trials")
        self.events = events
        self.trials = trials
        ways = gammaln(trials + 1) - gammaln(events + 1) - gammaln(trials - events + 1)
        self._log_coefficients = float(np.sum(ways))

    def constant(self, theta: float) -> float:
        """Sum of the logs of the binomial coefficients."""
        return self._log_coefficients

    def terms(self, eta: Array, theta: float) -> RowTerms:
        """See `Family.terms`; written with exp(-|eta|), so that neither tail overflows."""
        small = np.exp(-np.abs(eta))
        denominator = 1.0 + small
        probability = np.where(eta >= 0, 1.0, small) / denominator
        value = self.events * eta - self.trials * (np.maximum(eta, 0.0) + np.log1p(small))
        curvature = self.trials * (small / denominator**2)
        return RowTerms(
            value,
            self.events - self.trials * probability,
            curvature,
            curvature * (1.0 - 2.0 * probability),
        )

    def first_guess(self) -> Array:
        """Empirical logits."""
        return np.log((self.events + 0.5) / (self.trials - self.events + 0.5))

    def bounds(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """No event; nothing but events."""
        return self.events == 0, self.events == self.trials

    def mean_and_variance(self, eta: Array, theta: float) -> tuple[Array, Array]:
        """``m p`` and ``m p (1 - p)``."""
        terms = self.terms(eta, theta)
        return self.events - terms.first, terms.curvature

    def subset(self, rows: NDArray[np.bool_]) -> Binomial:
        """The same family on some of the rows."""
        return type(self)(self.events[rows], self.trials[rows])

    def observed(self) -> Array:
        """Events."""
        return self.events


class EffectiveBinomial(Binomial):
    """The same of effective numbers, which need not be whole (gamma functions for the factorials)."""

    whole = False


class _Counts:
    link = "log"

    def __init__(self, counts: Array) -> None:
        if np.any(counts < 0) or np.any(counts > _LARGEST_COUNT):
            raise ValueError(f"counts must lie between 0 and {_LARGEST_COUNT:,}")
        _require_whole(counts, "response")
        self.counts = counts
        self.histogram = np.bincount(counts.astype(np.int64)) if len(counts) else np.zeros(1, int)

    def first_guess(self) -> Array:
        """Logs of the counts plus one half."""
        return np.log(self.counts + 0.5)

    def bounds(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Counts of zero; no count is the highest possible."""
        return self.counts == 0, np.zeros(len(self.counts), dtype=bool)

    def observed(self) -> Array:
        """The counts."""
        return self.counts

    def _log_factorials(self) -> float:
        values = np.arange(len(self.histogram))
        return float(np.sum(self.histogram * gammaln(values + 1.0)))


class Poisson(_WithoutTheta, _Counts):
    """Counts with variance equal to the mean, log link: ``y eta - exp(eta) - log y!``."""

    name = "poisson"

    def constant(self, theta: float) -> float:
        """Minus the sum of log y!."""
        return -self._log_factorials()

    def terms(self, eta: Array, theta: float) -> RowTerms:
        """See `Family.terms`."""
        mean = _mean(eta)
        return RowTerms(self.counts * eta - mean, self.counts - mean, mean, mean)

    def mean_and_variance(self, eta: Array, theta: float) -> tuple[Array, Array]:
        """Both are ``exp(eta)``."""
        mean = _mean(eta)
        return mean, mean

    def subset(self, rows: NDArray[np.bool_]) -> Poisson:
        """The same family on some of the rows."""
        return Poisson(self.counts[rows])


class NegativeBinomial(_Counts):
    """Counts with variance ``mu + mu^2 / theta`` (NB2), log link.

    The ratio of gamma functions is written as ``sum_{j < y} log(1 + j / theta)`` (plus y log
    theta, which cancels), because the difference of two log gammas loses all its digits when
    theta is large, where the family runs into the Poisson.
    """

    name = "nb2"
    has_theta = True

    def constant(self, theta: float) -> float:
        """``sum_i [sum_{j < y_i} log(1 + j / theta) - log y_i!]``."""
        return self._sum_over_steps(np.log1p(self._steps() / theta)) - self._log_factorials()

    def constant_slope(self, theta: float) -> float:
        """``-sum_i sum_{j < y_i} j / (theta + j)``."""
        steps = self._steps()
        return -self._sum_over_steps(steps / (theta + steps))

    def terms(self, eta: Array, theta: float) -> RowTerms:
        """See `Family.terms`: ``y eta - (y + theta) log(1 + mu / theta)`` and derivatives."""
        mean = _mean(eta)
        both = self.counts + theta
        share = theta / (theta + mean)
        curvature = both * share * (1.0 - share)
        return RowTerms(
            self.counts * eta - both * np.log1p(mean / theta),
            share * (self.counts - mean),
            curvature,
            curvature * (2.0 * share - 1.0),
        )

    def theta_terms(self, eta: Array, theta: float) -> ThetaTerms:
        """Derivatives in log theta of `terms`."""
        mean = _mean(eta)
        total = theta + mean
        value = (self.counts + theta) * mean / total - theta * np.log1p(mean / theta)
        first = theta * (self.counts - mean) * mean / total**2
        curvature = theta * mean * (self.counts * (mean - theta) + 2.0 * theta * mean) / total**3
        return ThetaTerms(value, first, curvature)

    def mean_and_variance(self, eta: Array, theta: float) -> tuple[Array, Array]:
        """``mu`` and ``mu + mu^2 / theta``."""
        mean = _mean(eta)
        return mean, mean + mean**2 / theta

    def subset(self, rows: NDArray[np.bool_]) -> NegativeBinomial:
        """The same family on some of the rows."""
        return NegativeBinomial(self.counts[rows])

    def _steps(self) -> Array:
        return np.arange(len(self.histogram) - 1, dtype=float)

    def _sum_over_steps(self, per_step: Array) -> float:
        # step j is taken by every row with y > j
        rows_above = self.histogram[::-1].cumsum()[::-1][1:]
        return float(np.sum(rows_above * per_step))


def make_family(name: str, response: Array, trials: Array | None) -> Family:
    """The family called `name` on these data; ValueError for impossible responses."""
    if name not in ("binomial", "effective_binomial", "poisson", "nb2"):
        raise ValueError(f"unknown family {name!r}: use 'binomial', 'poisson' or 'nb2'")
    if name.endswith("binomial"):
        kind = Binomial if name == "binomial" else EffectiveBinomial
        return kind(response, np.ones_like(response) if trials is None else trials)
    if trials is not None:
        raise ValueError("trials belong to the binomial family only")
    return Poisson(response) if name == "poisson" else NegativeBinomial(response)


def _mean(eta: Array) -> Array:
    return np.exp(np.minimum(eta, _LARGEST_LOG_MEAN))


def _require_whole(values: Array, what: str) -> None:
    if np.any(values != np.rint(values)):
        raise ValueError(f"{what} must hold whole numbers")
