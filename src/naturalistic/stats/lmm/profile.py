"""Profile-likelihood intervals of standard deviations and of shares of variance.

An interval holds every value whose profiled deviance lies within the chi-squared quantile of the
minimum. A level is described in a chart in which the quantity is the first diagonal element of the
covariance factor: for the intercept at time t the origin of time is moved to t, for the slope the
two effects change places. Each evaluation costs one likelihood on the reduced statistics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from naturalistic.stats.lmm.blocks import FloatArray
from naturalistic.stats.lmm.optimise import descend
from naturalistic.stats.lmm.result import FittedState, LinearMixedModelFit
from naturalistic.stats.lmm.shares import variances_at
from naturalistic.stats.lmm.structure import Level
from naturalistic.stats.result import Estimate, not_estimable

_METHOD = "profile likelihood"


@dataclass(frozen=True, slots=True)
class _Chart:
    """A level's theta in coordinates whose first element is the quantity of interest."""

    level: Level
    matrix: FloatArray

    def to_chart(self, theta: FloatArray) -> FloatArray:
        """Elements of the chart from the level's part of theta."""
        factor = self.matrix @ self.level.factor(theta)
        return _lower_elements(factor @ factor.T)

    def to_theta(self, elements: FloatArray) -> FloatArray:
        """The level's part of theta from elements of the chart: the way back of `to_chart`."""
        factor = np.array([[elements[0]]])
        if self.level.effects == 2:
            factor = np.array([[elements[0], 0.0], [elements[1], elements[2]]])
        factor = np.linalg.solve(self.matrix, factor)
        return _lower_elements(factor @ factor.T)


def _lower_elements(covariance: FloatArray) -> FloatArray:
    first = float(np.sqrt(covariance[0, 0]))
    if covariance.shape[0] == 1:
        return np.array([first])
    off = float(covariance[1, 0]) / first if first > 0.0 else 0.0
    return np.array([first, off, float(np.sqrt(max(float(covariance[1, 1]) - off**2, 0.0)))])


def _chart(state: FittedState, level: Level, *, slope: bool, at_time: float) -> _Chart:
    if level.effects == 1:
        return _Chart(level, np.eye(1))
    columns = state.likelihood.structure.columns
    inner = (at_time - columns.time_mean) / columns.time_scale
    matrix = np.array([[1.0, inner], [0.0, 1.0 / columns.time_scale]])
    return _Chart(level, matrix[::-1].copy() if slope else matrix)


def _level(state: FittedState, name: str) -> Level:
    for level in state.likelihood.structure.levels:
        if level.name == name and not level.occasions:
            return level
    raise ValueError(f"no level {name!r} with random effects of its own in the model")


def _others(state: FittedState, level: Level) -> tuple[list[int], list[tuple[float, float]]]:
    structure = state.likelihood.structure
    own = range(level.first, level.first + level.size)
    positions = [k for k in range(structure.size) if k not in own]
    bounds = structure.bounds()
    rest = [(-np.inf, np.inf), (0.0, np.inf)][: level.size - 1]
    return positions, [bounds[k] for k in positions] + rest


class _WarmStart:
    """Remembers where the last inner minimum was."""

    def __init__(self, start: FloatArray) -> None:
        self.at = start


def _interval(
    excess: Callable[[float], float], centre: float, step: float, upper: float, conf_level: float
) -> tuple[float, float]:
    """Where `excess` (zero at `centre`, rising on both sides) crosses the chi-squared quantile."""
    threshold = float(np.sqrt(stats.chi2.ppf(conf_level, 1)))

    def distance(value: float) -> float:
        """Root of the deviance less the threshold: 0 at a limit of the interval."""
        # the square root is nearly linear in the value, which the root finder likes
        return float(np.sqrt(max(excess(value), 0.0))) - threshold

    def outward(direction: float, limit: float) -> float:
        """First value on one side where the profile is too far from its best, or the limit."""
        inside, below = centre, -threshold
        while True:
            outside = inside + direction * step
            if (outside - limit) * direction >= 0.0:
                outside = limit
            above = distance(outside)
            if above > 0.0:
                break
            if outside == limit:
                return limit
            inside, below = outside, above
        known = {inside: below, outside: above}
        return float(
            optimize.brentq(
                lambda value: known[value] if value in known else distance(value),
                *sorted(known),
                xtol=1e-5 * step,
            )
        )

    return outward(-1.0, 0.0), outward(1.0, upper)


def profile_standard_deviation(
    fit: LinearMixedModelFit,
    key: str,
    *,
    at_time: float = 0.0,
    conf_level: float = 0.95,
) -> Estimate:
    """Profile interval of a random-effect or residual standard deviation.

    The criterion is the fit's own; R's ``confint(method = "profile")`` always profiles the ML
    deviance, so give it an ML fit to obtain the same numbers (Bates, Maechler, Bolker and Walker
    2015, J. Stat. Softw. 67(1), section 5.1).

    Parameters
    ----------
    fit : LinearMixedModelFit
    key : str
        ``therapist.intercept``, ``patient.slope``, ``residual.all`` and so on.
    at_time : float
        Where intercepts are taken when the level has a slope.
    conf_level : float

    Raises
    ------
    ValueError
        When the model has no such component, or it is a covariance.
    """
    if fit.state is None:
        return not_estimable(fit.notes[0], method=_METHOD, conf_level=conf_level)
    state, component = fit.fitted(), fit.component(key)
    if component.name not in {"intercept", "slope", "all"}:
        raise ValueError(f"{key} is not a standard deviation with a profile")
    if component.group == "residual":
        return _profile_residual(state, conf_level)
    level = _level(state, component.group)
    chart = _chart(state, level, slope=component.name == "slope", at_time=at_time)
    positions, bounds = _others(state, level)
    theta, likelihood = state.evaluation.theta, state.likelihood
    sigma = float(np.sqrt(state.evaluation.residual_variance))
    own = chart.to_chart(theta)
    warm = _WarmStart(np.concatenate([theta[positions], own[1:], [np.log(sigma)]]))
    estimate = float(own[0]) * sigma
    base = state.evaluation.deviance

    def excess(value: float) -> float:
        def objective(free: FloatArray) -> float:
            spread = float(np.exp(free[-1]))
            full = np.empty(len(theta))
            full[positions] = free[: len(positions)]
            elements = np.concatenate([[value / spread], free[len(positions) : -1]])
            full[level.first : level.first + level.size] = chart.to_theta(elements)
            return likelihood.evaluate(full).deviance_at(spread) - base

        limits = [*bounds, (-np.inf, np.inf)]
        warm.at, least = descend(objective, warm.at, limits, rows=likelihood.rows.rows)
        return least

    scale = state.likelihood.structure.columns.time_scale if component.name == "slope" else 1.0
    step = 0.2 * sigma / scale
    if component.std_error > 0.0:  # about the half-width of a Wald interval of the SD
        step = min(step, 2.0 * component.std_error / (2.0 * estimate))
    low, high = _interval(excess, estimate, step, np.inf, conf_level)
    return Estimate(estimate, conf_low=low, conf_high=high, conf_level=conf_level, method=_METHOD)


def _profile_residual(state: FittedState, conf_level: float) -> Estimate:
    likelihood, theta = state.likelihood, state.evaluation.theta
    sigma = float(np.sqrt(state.evaluation.residual_variance))
    base, bounds = state.evaluation.deviance, likelihood.structure.bounds()
    warm = _WarmStart(theta)

    def excess(value: float) -> float:
        def objective(trial: FloatArray) -> float:
            return likelihood.evaluate(trial).deviance_at(value) - base

        warm.at, least = descend(objective, warm.at, bounds, rows=likelihood.rows.rows)
        return least

    low, high = _interval(
        excess, sigma, 1.5 * sigma / np.sqrt(state.evaluation.degrees), np.inf, conf_level
    )
    return Estimate(sigma, conf_low=low, conf_high=high, conf_level=conf_level, method=_METHOD)


def profile_share(
    fit: LinearMixedModelFit, level: str, *, at_time: float = 0.0, conf_level: float = 0.95
) -> Estimate:
    """Profile interval of a level's intraclass correlation at one time.

    Parameters
    ----------
    fit : LinearMixedModelFit
    level : str
        ``patient``, ``therapist`` or ``service``; not the patient of a two-occasion model.
    at_time : float
        In the original unit of time.
    conf_level : float

    See Also
    --------
    naturalistic.stats.lmm.shares.variance_share : estimand and delta-method interval
    """
    if fit.state is None:
        return not_estimable(fit.notes[0], method=_METHOD, conf_level=conf_level)
    state, own = fit.fitted(), _level(fit.fitted(), level)
    structure, theta = state.likelihood.structure, state.evaluation.theta
    chart = _chart(state, own, slope=False, at_time=at_time)
    positions, bounds = _others(state, own)
    variances = variances_at(structure, theta, at_time)
    estimate = variances[level] / sum(variances.values())
    warm = _WarmStart(np.concatenate([theta[positions], chart.to_chart(theta)[1:]]))
    base = state.evaluation.deviance

    def excess(share: float) -> float:
        def objective(free: FloatArray) -> float:
            full = theta.copy()
            full[positions] = free[: len(positions)]
            others = variances_at(structure, full, at_time)
            rest = sum(value for name, value in others.items() if name != level)
            first = float(np.sqrt(share / (1.0 - share) * rest))
            elements = np.concatenate([[first], free[len(positions) :]])
            full[own.first : own.first + own.size] = chart.to_theta(elements)
            return state.likelihood.evaluate(full).deviance - base

        rows = state.likelihood.rows.rows
        warm.at, least = descend(objective, warm.at, bounds, rows=rows)
        return least

    low, high = _interval(excess, estimate, max(0.5 * estimate, 0.005), 1.0 - 1e-9, conf_level)
    return Estimate(estimate, conf_low=low, conf_high=high, conf_level=conf_level, method=_METHOD)
