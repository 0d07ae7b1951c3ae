"""Slope and relative index of inequality of a rate, from counts and populations of ranked groups."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from naturalistic.stats.inequality import InequalityIndices, ridits
from naturalistic.stats.paired_scores import check_conf_level
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.wald import wald_estimate

FloatArray = npt.NDArray[np.float64]
STEPS = 100
CLOSE = 1e-12


def rate_inequality(
    events: npt.ArrayLike,
    population: npt.ArrayLike,
    *,
    per: float = 100_000.0,
    conf_level: float = 0.95,
) -> InequalityIndices:
    r"""Inequality of a rate over ranked groups of a population.

    Poisson regression of the counts on the ridit of each group in the population, with the population as offset:

    .. math:: x_i \sim \text{Poisson}(N_i e^{\alpha + \beta r_i}),\qquad RII = e^{\beta},\qquad
        SII = e^{\alpha + \beta} - e^{\alpha}

    (Moreno-Betancur and others 2015, Epidemiology 26:518, multiplicative model). Errors are widened by the root of the
    Pearson dispersion where it exceeds one, since rates of ranked groups rarely follow a line exactly; t with two fewer
    degrees of freedom than groups. The slope index by the delta method.

    Parameters
    ----------
    events : array_like of int, shape (n_groups,)
        People with the event, lowest group of the ranking first.
    population : array_like of float, shape (n_groups,)
        People it could have happened to.
    per : float
        Unit of the slope index.
    conf_level : float
        Nominal coverage.

    Raises
    ------
    ValueError
        Shapes differ, a count is negative or a population is not positive.
    """
    check_conf_level(conf_level)
    x, n = np.asarray(events, dtype=np.float64), np.asarray(population, dtype=np.float64)
    if x.ndim != 1 or x.shape != n.shape:
        raise ValueError("events and population must be one-dimensional and of one length")
    if np.any(x < 0) or not np.all(n > 0):
        raise ValueError("no count may be negative, and every population must be positive")
    method = "Poisson regression on the ridit of the group, widened by the dispersion"
    if x.size < 3 or np.count_nonzero(x) < 2:
        reason = "fewer than three groups, or too few events"
        none = not_estimable(reason, method=method, conf_level=conf_level)
        return InequalityIndices(none, none)
    design = np.column_stack([np.ones(x.size), ridits(n)])
    beta, fitted = _fit(x, n, design)
    df = float(x.size - 2)
    dispersion = max(1.0, float(np.sum((x - fitted) ** 2 / fitted) / df))
    covariance = dispersion * np.linalg.inv(design.T @ (design * fitted[:, None]))
    low, high = float(np.exp(beta[0])), float(np.exp(beta.sum()))
    gradient = np.array([high - low, high])
    error = math.sqrt(float(gradient @ covariance @ gradient))
    slope = wald_estimate((high - low) * per, error * per, df, conf_level=conf_level, method=method)
    log_error = math.sqrt(covariance[1, 1])
    spread = math.exp(float(stdtrit(df, 0.5 + conf_level / 2.0)) * log_error)
    ratio = high / low
    limits = ratio / spread, ratio * spread
    relative = Estimate(ratio, log_error, *limits, conf_level, df=df, method=method)
    return InequalityIndices(slope, relative)


def _fit(x: FloatArray, n: FloatArray, design: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coefficients and fitted counts by Newton's method, from the flat rate."""
    beta = np.array([math.log(x.sum() / n.sum()), 0.0])
    for _ in range(STEPS):
        fitted = n * np.exp(design @ beta)
        step = np.linalg.solve(design.T @ (design * fitted[:, None]), design.T @ (x - fitted))
        beta = beta + step
        if np.max(np.abs(step)) < CLOSE:
            break
    else:
        raise ArithmeticError("the regression of the rate did not converge")
    return beta, n * np.exp(design @ beta)
