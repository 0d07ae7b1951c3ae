"""Gaps between groups and over a ranking of groups: differences, ratios, slope and relative index of inequality."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from naturalistic.stats.paired_scores import check_conf_level
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.wald import interval_estimate, wald_estimate

FloatArray = npt.NDArray[np.float64]
NOT_CLEAR_OF_0 = "too few people or events: one of the two figures is not clear of 0, so their ratio has no bounded interval"
END_NOT_CLEAR_OF_0 = (
    "too few people or events: the fitted line is not clear of 0 at an end of the ranking, so the ratio of its ends "
    "has no bounded interval"
)


def ratio_of_rates(
    hits: int, n: int, reference_hits: int, reference_n: int, *, conf_level: float = 0.95
) -> Estimate:
    r"""Ratio of two independent rates with the interval on the logarithm.

    .. math:: s^2 = 1/x_1 - 1/n_1 + 1/x_2 - 1/n_2

    Katz, Baptista, Azen and Pike (1978), Biometrics 34:469, equation 3. `std_error` stands on the logarithm.

    Raises
    ------
    ValueError
        A count is negative or larger than its group.
    """
    method = "ratio of two rates, interval on the logarithm"
    _check_counts(hits, n, reference_hits, reference_n, conf_level)
    if not hits or not reference_hits:
        reason = "nobody has the outcome in one of the groups"
        return not_estimable(reason, method=method, conf_level=conf_level)
    ratio = (hits / n) / (reference_hits / reference_n)
    error = math.sqrt(max(1 / hits - 1 / n + 1 / reference_hits - 1 / reference_n, 0.0))
    spread = math.exp(float(ndtri(0.5 + conf_level / 2.0)) * error)
    return Estimate(
        estimate=ratio,
        std_error=error,
        conf_low=ratio / spread,
        conf_high=ratio * spread,
        conf_level=conf_level,
        method=method,
    )


def difference_of_means(
    values: npt.ArrayLike, reference: npt.ArrayLike, *, conf_level: float = 0.95
) -> Estimate:
    r"""Difference of two means with the interval that lets the variances differ.

    Welch (1947), Biometrika 34:28; degrees of freedom by Satterthwaite (1946).

    Raises
    ------
    ValueError
        A value is missing.
    """
    method = "difference of two means, Welch's interval"
    check_conf_level(conf_level)
    x, y = (np.asarray(v, dtype=np.float64) for v in (values, reference))
    if np.isnan(x).any() or np.isnan(y).any():
        raise ValueError("no value may be missing")
    if min(x.size, y.size) < 2:
        reason = "fewer than two people in one of the groups"
        return not_estimable(reason, method=method, conf_level=conf_level)
    a, b = float(x.var(ddof=1)) / x.size, float(y.var(ddof=1)) / y.size
    if a + b == 0.0:
        return not_estimable("no spread in either group", method=method, conf_level=conf_level)
    df = (a + b) ** 2 / (a**2 / (x.size - 1) + b**2 / (y.size - 1))
    return wald_estimate(
        float(x.mean() - y.mean()), math.sqrt(a + b), df, conf_level=conf_level, method=method
    )


def difference_of_estimates(value: Estimate, reference: Estimate) -> Estimate:
    r"""Difference of two independent estimates, :math:`a - b \pm z\sqrt{s_a^2 + s_b^2}`."""
    method = f"difference of two independent figures ({value.method})"
    level = value.conf_level
    if value.status != "ok" or reference.status != "ok":
        reason = "one of the two cannot be estimated"
        return not_estimable(reason, method=method, conf_level=level)
    error = math.hypot(value.std_error, reference.std_error)
    gap = value.estimate - reference.estimate
    return interval_estimate(gap, error, conf_level=level, method=method)


def ratio_of_estimates(value: Estimate, reference: Estimate) -> Estimate:
    r"""Ratio of two independent positive estimates; interval by the delta method on the logarithm.

    .. math:: s^2 = (s_a/a)^2 + (s_b/b)^2

    A ratio whose lower figure is not clear of 0 has no bounded interval (Fieller 1954, J R Stat Soc B 16:175), and one
    whose upper figure is not has no logarithm to build one on: where the own interval of either takes in 0, there is
    no ratio.
    """
    method = f"ratio of two independent figures ({value.method}), interval on the logarithm"
    level = value.conf_level
    if value.status != "ok" or reference.status != "ok":
        reason = "one of the two cannot be estimated"
        return not_estimable(reason, method=method, conf_level=level)
    if not (value.conf_low > 0.0 and reference.conf_low > 0.0):
        return not_estimable(NOT_CLEAR_OF_0, method=method, conf_level=level)
    error = math.hypot(value.std_error / value.estimate, reference.std_error / reference.estimate)
    ratio = value.estimate / reference.estimate
    spread = math.exp(float(ndtri(0.5 + level / 2.0)) * error)
    return Estimate(ratio, error, ratio / spread, ratio * spread, level, method=method)


def adjusted_differences(
    outcome: npt.ArrayLike,
    group: npt.ArrayLike,
    n_groups: int,
    covariates: npt.ArrayLike,
    *,
    conf_level: float = 0.95,
) -> list[Estimate]:
    """Difference of every group from group 0 at the same covariates: least squares with robust errors (HC1).

    For an outcome of 0 and 1 these are differences of rates (linear probability model).

    Parameters
    ----------
    outcome : array_like of float, shape (n,)
        0 or 1, or a number.
    group : array_like of int, shape (n,)
        Group of each person, 0 the reference.
    n_groups : int
        Number of groups.
    covariates : array_like of float, shape (n, k)
        To adjust for.
    conf_level : float
        Nominal coverage; t with n - k - n_groups degrees of freedom.

    Returns
    -------
    list of Estimate
        One for each group from 1 on; not estimable where a group has nobody.
    """
    check_conf_level(conf_level)
    y, codes = np.asarray(outcome, dtype=np.float64), np.asarray(group, dtype=np.int64)
    extra = np.asarray(covariates, dtype=np.float64)
    dummies = codes[:, None] == np.arange(1, n_groups)
    design = np.column_stack([np.ones(y.size), dummies, extra - extra.mean(axis=0)])
    df = float(y.size - design.shape[1])
    method = "least squares with covariates, robust errors (HC1)"
    held = np.bincount(codes, minlength=n_groups)
    if df <= 0 or not held[0]:
        reason = "too few people, or nobody in the reference group"
        return [not_estimable(reason, method=method, conf_level=conf_level)] * (n_groups - 1)
    beta, covariance = _least_squares(design, y)
    return [
        wald_estimate(
            float(beta[i]), math.sqrt(covariance[i, i]), df, conf_level=conf_level, method=method
        )
        if held[i] > 1
        else not_estimable("fewer than two people", method=method, conf_level=conf_level)
        for i in range(1, n_groups)
    ]


@dataclass(frozen=True, slots=True)
class InequalityIndices:
    """Inequality over ranked groups.

    Attributes
    ----------
    slope : Estimate
        Slope index: fitted value at the top of the ranking minus that at the bottom.
    relative : Estimate
        Relative index: their ratio; `std_error` on the logarithm.
    """

    slope: Estimate
    relative: Estimate


def inequality_indices(
    outcome: npt.ArrayLike,
    group: npt.ArrayLike,
    *,
    population: npt.ArrayLike | None = None,
    covariates: npt.ArrayLike | None = None,
    conf_level: float = 0.95,
) -> InequalityIndices:
    r"""Slope and relative index of inequality over ranked groups, from people.

    Each person stands at the middle of the share of people that their group takes up in the ranking (ridit), from 0 for
    the first group to 1 for the last. Least squares of the outcome on it, errors robust to unequal variance (HC1):

    .. math:: SII = \hat\beta,\qquad RII = \frac{\bar y + \hat\beta(1-\bar r)}{\bar y - \hat\beta\,\bar r}

    Mackenbach and Kunst (1997), Social Science and Medicine 44:757; the interval of the ratio by the delta method on its
    logarithm, and no ratio where the interval of the fitted line takes in 0 at an end (as in `ratio_of_estimates`). With
    `covariates` (centred) the values are those at their means.

    Parameters
    ----------
    outcome : array_like of float, shape (n,)
        0 or 1 for a rate, or a number.
    group : array_like of int, shape (n,)
        Rank of each person's group, lowest first.
    population : array_like of float, shape (n_groups,), optional
        People of each group in the population, lowest first; default the people themselves.
    covariates : array_like of float, shape (n, k), optional
        To adjust for.
    conf_level : float
        Nominal coverage; t with n - k - 2 degrees of freedom.

    Raises
    ------
    ValueError
        Shapes differ or a value is missing.
    """
    check_conf_level(conf_level)
    y, codes = np.asarray(outcome, dtype=np.float64), np.asarray(group, dtype=np.float64)
    if y.ndim != 1 or codes.shape != y.shape or np.isnan(y).any() or np.isnan(codes).any():
        raise ValueError("outcome and group must be one-dimensional, of one length, not missing")
    method = "least squares on the ridit of the group, robust errors (HC1)"
    levels, index = np.unique(codes, return_inverse=True)
    extra = np.empty((y.size, 0)) if covariates is None else np.asarray(covariates, np.float64)
    if levels.size < 3 or y.size <= extra.shape[1] + 3:
        none = not_estimable("fewer than three groups", method=method, conf_level=conf_level)
        return InequalityIndices(none, none)
    rank = ridits(np.bincount(index) if population is None else population)[index]
    centred = extra - extra.mean(axis=0) if extra.shape[1] else extra
    design = np.column_stack([np.ones(y.size), rank, centred])
    df = float(y.size - design.shape[1])
    beta, covariance = _least_squares(design, y)
    slope = wald_estimate(
        float(beta[1]), math.sqrt(covariance[1, 1]), df, conf_level=conf_level, method=method
    )
    relative = _relative_index(beta[:2], covariance[:2, :2], df, conf_level, method)
    return InequalityIndices(slope, relative)


def _least_squares(design: FloatArray, outcome: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coefficients and their covariance robust to unequal variance (HC1)."""
    n, p = design.shape
    inverse = np.linalg.pinv(design.T @ design)
    beta = inverse @ (design.T @ outcome)
    scores = design * (outcome - design @ beta)[:, None]
    return beta, n / float(n - p) * inverse @ (scores.T @ scores) @ inverse


def _relative_index(
    line: FloatArray, covariance: FloatArray, df: float, conf_level: float, method: str
) -> Estimate:
    """Top of the fitted line over its bottom, from intercept and slope (2,) and their covariance."""
    low, high = float(line[0]), float(line[0] + line[1])
    quantile = float(stdtrit(df, 0.5 + conf_level / 2.0))
    both = np.array([1.0, 1.0])
    errors = math.sqrt(covariance[0, 0]), math.sqrt(max(both @ covariance @ both, 0.0))
    if low <= quantile * errors[0] or high <= quantile * errors[1]:
        return not_estimable(END_NOT_CLEAR_OF_0, method=method, conf_level=conf_level)
    gradient = np.array([1.0 / high - 1.0 / low, 1.0 / high])
    error = math.sqrt(max(float(gradient @ covariance @ gradient), 0.0))
    spread = math.exp(quantile * error)
    ratio = high / low
    return Estimate(
        estimate=ratio,
        std_error=error,
        conf_low=ratio / spread,
        conf_high=ratio * spread,
        conf_level=conf_level,
        df=df,
        method=f"{method}; interval on the logarithm",
    )


def ridits(size: npt.ArrayLike) -> FloatArray:
    """Middle of the share of the ranking that each group takes up.

    Examples
    --------
    >>> ridits([1, 2, 1]).tolist()
    [0.125, 0.5, 0.875]
    """
    n = np.asarray(size, dtype=np.float64)
    return np.asarray((np.cumsum(n) - n / 2.0) / n.sum(), dtype=np.float64)


def _check_counts(hits: int, n: int, other_hits: int, other_n: int, level: float) -> None:
    check_conf_level(level)
    if not (0 <= hits <= n and 0 <= other_hits <= other_n):
        raise ValueError("every count must lie between 0 and the size of its group")
