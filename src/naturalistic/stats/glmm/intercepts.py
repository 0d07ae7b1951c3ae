"""The random intercepts of a fitted generalised mixed model, as a caller sees them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from naturalistic.stats.glmm.request import Grouping, Request
from naturalistic.stats.glmm.result import RandomIntercept, finite_exp, normal_quantile
from naturalistic.stats.glmm.search import Solution

Array = NDArray[np.float64]


def random_intercepts(
    request: Request,
    solution: Solution,
    standard_deviations: Array,
    errors: Array,
    profiles: tuple[tuple[float, float], ...],
) -> tuple[RandomIntercept, ...]:
    """Every random intercept with its levels.

    Parameters
    ----------
    request : Request
    solution : Solution
    standard_deviations, errors : ndarray, shape (k,)
        Of the random effects, and the errors of these; NaN at 0.
    profiles : tuple of (float, float)
        Profile limits of every standard deviation.
    """
    left_over = solution.modes.system.inverse_diagonal()
    effects = []
    for factor, grouping in enumerate(request.groupings):
        spread = float(standard_deviations[factor])
        modes, conditional = np.zeros(len(grouping.levels)), np.zeros(len(grouping.levels))
        if factor in solution.active:
            place = solution.active.index(factor)
            signed = solution.optimum.parameters[solution.model.n_coefficients + place]
            modes = signed * solution.modes.effects[place]
            conditional = spread * np.sqrt(left_over[place])
        error, limits = float(errors[factor]), profiles[factor]
        effects.append(
            one_intercept(grouping, spread, error, modes, conditional, request.conf_level, limits)
        )
    return tuple(effects)


def one_intercept(
    grouping: Grouping,
    spread: float,
    error: float,
    modes: Array,
    conditional: Array | float,
    conf_level: float,
    profile: tuple[float, float] = (float("nan"), float("nan")),
) -> RandomIntercept:
    """One random intercept: a standard deviation with its error, modes with theirs."""
    stretch = float("nan")
    if spread > 0.0:
        stretch = finite_exp(normal_quantile(conf_level) * error / spread)
    return RandomIntercept(
        label=grouping.label,
        levels=grouping.levels,
        rows_per_level=grouping.rows_per_level(),
        standard_deviation=spread,
        variance=spread**2,
        standard_deviation_std_error=error,
        standard_deviation_conf_low=spread / stretch,
        standard_deviation_conf_high=spread * stretch,
        profile_conf_low=profile[0],
        profile_conf_high=profile[1],
        modes=modes,
        conditional_std_errors=np.broadcast_to(conditional, modes.shape),
        singular=spread == 0.0,
    )
