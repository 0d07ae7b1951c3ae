"""Profile-likelihood limits of a random effect's standard deviation.

For every fixed value s of the standard deviation the likelihood is maximised over all other
parameters; the limits are where twice its fall reaches the chi-square quantile with 1 df (Venzon &
Moolgavkar 1988, J R Stat Soc C 37, 87-94, eq. 2). Unlike Wald limits they exist where the variance
is estimated as zero (then from 0 up to what the data still allow) and are not symmetric.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize

from naturalistic.stats.glmm.likelihood import Model
from naturalistic.stats.glmm.result import normal_quantile
from naturalistic.stats.glmm.search import Objective, Problem, Solution

Array = NDArray[np.float64]

# log odds ratios and log rate ratios beyond this between one SD of levels are not real
_LARGEST_SPREAD = 30.0


def profile_limits(
    problem: Problem, solution: Solution, factor: int, conf_level: float
) -> tuple[float, float]:
    """Lower and upper profile limit of one standard deviation.

    Parameters
    ----------
    problem : Problem
        What was maximised.
    solution : Solution
        Its maximum; converged, theta finite.
    factor : int
        Which random effect of `problem`; it may be one whose variance is zero.
    conf_level : float

    Returns
    -------
    tuple of float
        The lower limit is exactly 0 where 0 is compatible with the data. The upper limit is
        infinite where the likelihood never falls enough.
    """
    profile = _Profile(problem, solution, factor)
    allowed = normal_quantile(conf_level) ** 2 / 2.0

    def shortfall(spread: float) -> float:
        if spread == profile.estimate:
            # known: a search that starts where a far one ended may miss it when few people carry many terms
            return -allowed
        return solution.optimum.log_likelihood - profile(spread) - allowed

    estimate = profile.estimate
    low = 0.0
    if estimate > 0.0 and shortfall(0.0) > 0.0:
        low = float(brentq(shortfall, 0.0, estimate, xtol=1e-6, rtol=1e-6))
    reach = max(2.0 * estimate, 0.2)
    while shortfall(reach) < 0.0:
        reach *= 2.0
        if reach > _LARGEST_SPREAD:
            return low, float("inf")
    return low, float(brentq(shortfall, estimate, reach, xtol=1e-6, rtol=1e-6))


class _Profile:
    """Maximum of the log-likelihood at a fixed standard deviation; starts where it last ended."""

    def __init__(self, problem: Problem, solution: Solution, factor: int) -> None:
        found = solution.optimum
        active = tuple(sorted({*solution.active, factor}))
        model = Model(problem.basis, problem.offset, problem.family, problem.structure(active))
        self.place = model.n_coefficients + active.index(factor)
        precision = np.linalg.inv(found.covariance)
        self.estimate = 0.0
        self.others = found.parameters
        if factor in solution.active:
            self.estimate = float(abs(found.parameters[self.place]))
            self.others = np.delete(found.parameters, self.place)
            precision = np.delete(np.delete(precision, self.place, 0), self.place, 1)
        self.optimum = self.others
        self.scale = np.linalg.inv(np.linalg.cholesky(precision)).T
        self.objective = Objective(model, problem.quadrature_points)

    def __call__(self, spread: float) -> float:
        # where one search ended far from the optimum, the next may get stuck when few people carry many terms
        starts = [self.others] if self.others is self.optimum else [self.others, self.optimum]
        best = np.inf
        for start in starts:
            value, others = self._search(start, spread)
            if value < best:
                best, self.others = value, others
        return -best

    def _search(self, start: Array, spread: float) -> tuple[float, Array]:
        def negative(units: Array) -> tuple[float, Array]:
            vector = np.insert(start + self.scale @ units, self.place, spread)
            value, gradient = self.objective(vector)
            return -value, -(self.scale.T @ np.delete(gradient, self.place))

        found = minimize(
            negative, np.zeros(len(start)), jac=True, method="BFGS", options={"gtol": 1e-3}
        )
        return float(found.fun), start + self.scale @ found.x
