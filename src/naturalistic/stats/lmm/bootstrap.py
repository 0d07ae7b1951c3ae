"""Parametric bootstrap of the variance parts of a linear mixed model, without rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from naturalistic.stats.lmm.blocks import FloatArray
from naturalistic.stats.lmm.inference import component_values
from naturalistic.stats.lmm.likelihood import LinearMixedLikelihood
from naturalistic.stats.lmm.optimise import rough_minimum
from naturalistic.stats.lmm.result import LinearMixedModelFit
from naturalistic.stats.lmm.shares import variances_at
from naturalistic.stats.lmm.simulation import Simulator
from naturalistic.stats.result import Estimate, not_estimable

_METHOD = "parametric bootstrap, percentile interval"


def bootstrap(
    fit: LinearMixedModelFit,
    statistic: Callable[[LinearMixedLikelihood, FloatArray, float], FloatArray],
    draws: int,
    generator: np.random.Generator,
) -> FloatArray:
    """Refit simulated outcomes and collect a statistic of the variance parameters.

    Parameters
    ----------
    fit : LinearMixedModelFit
    statistic : callable
        Of the likelihood, theta and the residual variance.
    draws : int
    generator : numpy.random.Generator

    Returns
    -------
    ndarray, shape (draws, k)
    """
    state = fit.fitted()
    simulator = Simulator.of(state)
    scale = state.evaluation.residual_variance
    start = state.evaluation.theta.copy()
    diagonal = state.likelihood.structure.diagonal
    start[diagonal] = np.maximum(start[diagonal], 0.05)  # off the boundary, where the slope is zero
    found = []
    for _ in range(draws):
        likelihood = simulator.draw(generator)
        evaluation = rough_minimum(likelihood, start=start)
        variance = evaluation.residual_variance * scale
        found.append(statistic(likelihood, evaluation.theta, variance))
    return np.array(found)


def bootstrap_components(
    fit: LinearMixedModelFit,
    draws: int,
    generator: np.random.Generator,
    *,
    conf_level: float = 0.95,
) -> dict[str, Estimate]:
    """Percentile intervals of all variance components by parametric bootstrap.

    Parameters
    ----------
    fit : LinearMixedModelFit
    draws : int
        At least 99; 999 for limits that are to be quoted.
    generator : numpy.random.Generator
    conf_level : float

    Returns
    -------
    dict
        By the key of the component, as in ``fit.components``.
    """

    def values(likelihood: LinearMixedLikelihood, theta: FloatArray, variance: float) -> FloatArray:
        return np.array([v for *_, v in component_values(likelihood.structure, theta, variance)])

    if fit.state is None:
        return {}
    found = bootstrap(fit, values, draws, generator)
    return {
        component.key: _percentile(component.value, found[:, k], conf_level)
        for k, component in enumerate(fit.components)
    }


def bootstrap_share(
    fit: LinearMixedModelFit,
    level: str,
    draws: int,
    generator: np.random.Generator,
    *,
    at_time: float = 0.0,
    conf_level: float = 0.95,
) -> Estimate:
    """Percentile interval of a level's intraclass correlation by parametric bootstrap.

    Parameters
    ----------
    fit : LinearMixedModelFit
    level : str
    draws : int
    generator : numpy.random.Generator
    at_time, conf_level : float

    See Also
    --------
    naturalistic.stats.lmm.shares.variance_share : the estimand
    """
    if fit.state is None:
        return not_estimable(fit.notes[0], method=_METHOD, conf_level=conf_level)

    def share(likelihood: LinearMixedLikelihood, theta: FloatArray, variance: float) -> FloatArray:
        parts = variances_at(likelihood.structure, theta, at_time)
        return np.array([parts[level] / sum(parts.values())])

    state = fit.fitted()
    if level not in {known.name for known in state.likelihood.structure.levels}:
        raise ValueError(f"no level {level!r} in the model")
    estimate = share(state.likelihood, state.evaluation.theta, 1.0)[0]
    return _percentile(float(estimate), bootstrap(fit, share, draws, generator)[:, 0], conf_level)


def _percentile(estimate: float, drawn: FloatArray, conf_level: float) -> Estimate:
    tail = (1.0 - conf_level) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    return Estimate(
        estimate,
        std_error=float(drawn.std(ddof=1)),
        conf_low=float(low),
        conf_high=float(high),
        conf_level=conf_level,
        method=f"{_METHOD}, {len(drawn)} draws",
    )
