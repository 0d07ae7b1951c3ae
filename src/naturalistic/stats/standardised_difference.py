"""Standardised differences between two groups, for measured and for categorical characteristics."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from naturalistic.stats.paired_scores import (
    FloatArray,
    as_score_vector,
    check_conf_level,
    standard_deviation,
)
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.wald import interval_estimate


def standardised_mean_difference(
    group: npt.ArrayLike,
    reference: npt.ArrayLike,
    *,
    interval: Literal["heteroscedastic", "homoscedastic"] = "heteroscedastic",
    conf_level: float = 0.95,
) -> Estimate:
    r"""Difference of two group means in SDs, :math:`d = (m_1 - m_2)/\sqrt{(s_1^2 + s_2^2)/2}`.

    Yang & Dalton (2012), eq. for continuous variables. Interval: *heteroscedastic* (Bonett 2008,
    eq. 8), variance :math:`d^2\{s_1^4/(n_1-1) + s_2^4/(n_2-1)\}/(8 s^4) +
    \{s_1^2/(n_1-1) + s_2^2/(n_2-1)\}/s^2` with s the denominator of d; or *homoscedastic* (Yang &
    Dalton 2012; Hedges & Olkin 1985), :math:`(n_1+n_2)/(n_1 n_2) + d^2/(2(n_1+n_2))`.

    Parameters
    ----------
    group, reference : array_like, shapes (n_1,) and (n_2,)
        Values of the two groups.
    interval : {'heteroscedastic', 'homoscedastic'}
        Variance formula.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        Positive where `group` has the higher mean. Not estimable with fewer than two in a group or
        without spread in either.

    Raises
    ------
    ValueError
        If a value is missing or an argument is unknown.
    """
    check_conf_level(conf_level)
    if interval not in ("heteroscedastic", "homoscedastic"):
        raise ValueError(f"interval must be heteroscedastic or homoscedastic, not {interval!r}")
    x, y = as_score_vector(group, "group"), as_score_vector(reference, "reference")
    method = f"standardised mean difference, {interval} interval"
    if min(x.size, y.size) < 2:
        return not_estimable("fewer than two in a group", method=method, conf_level=conf_level)
    v1, v2 = standard_deviation(x) ** 2, standard_deviation(y) ** 2
    pooled = 0.5 * (v1 + v2)
    if pooled == 0.0:
        return not_estimable("no spread in either group", method=method, conf_level=conf_level)
    d = float(x.mean() - y.mean()) / math.sqrt(pooled)
    if interval == "homoscedastic":
        total = x.size + y.size
        variance = total / (x.size * y.size) + d**2 / (2.0 * total)
    else:
        df1, df2 = x.size - 1, y.size - 1
        variance = d**2 * (v1**2 / df1 + v2**2 / df2) / (8.0 * pooled**2)
        variance += (v1 / df1 + v2 / df2) / pooled
    return interval_estimate(d, math.sqrt(variance), conf_level=conf_level, method=method)


def standardised_proportion_difference(
    group: tuple[int, int], reference: tuple[int, int], *, conf_level: float = 0.95
) -> Estimate:
    r"""Difference of two shares in SDs, signed.

    .. math:: d = (p_1 - p_2) \big/ \sqrt{\{p_1(1-p_1) + p_2(1-p_2)\}/2}

    Austin (2009), eq. 2; interval of Yang & Dalton (2012).

    Parameters
    ----------
    group, reference : tuple of int
        Numerator and denominator of each group.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        Not estimable with an empty group, or where both shares are 0 or 1.

    Raises
    ------
    ValueError
        If a numerator lies outside 0 to its denominator.
    """
    check_conf_level(conf_level)
    (x1, n1), (x2, n2) = group, reference
    if not (0 <= x1 <= n1 and 0 <= x2 <= n2):
        raise ValueError("every numerator must lie between 0 and its denominator")
    method = "standardised difference of proportions"
    if n1 == 0 or n2 == 0:
        return not_estimable("a group is empty", method=method, conf_level=conf_level)
    p1, p2 = x1 / n1, x2 / n2
    spread = 0.5 * (p1 * (1.0 - p1) + p2 * (1.0 - p2))
    if spread == 0.0:
        return not_estimable("both shares are 0 % or 100 %", method=method, conf_level=conf_level)
    d = (p1 - p2) / math.sqrt(spread)
    std_error = math.sqrt((n1 + n2) / (n1 * n2) + d**2 / (2.0 * (n1 + n2)))
    return interval_estimate(d, std_error, conf_level=conf_level, method=method)


def standardised_category_difference(
    group: npt.ArrayLike, reference: npt.ArrayLike, *, conf_level: float = 0.95
) -> Estimate:
    r"""Distance of two distributions over K categories in SDs.

    .. math:: d = \sqrt{(T - C)' S^{-1} (T - C)}

    with T and C the shares of all levels but one and S the mean of the two multinomial covariance
    matrices: :math:`S_{kk} = \{t_k(1-t_k) + c_k(1-c_k)\}/2`,
    :math:`S_{kl} = -(t_k t_l + c_k c_l)/2`. Yang & Dalton (2012). The value does not depend on which
    level is left out. It cannot be negative, so small samples are biased upwards and the lower limit
    stops at 0.

    Parameters
    ----------
    group, reference : array_like of int, shape (n_levels,)
        Counts of each level in the two groups, levels in the same order.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        Levels empty in both groups are left out. Not estimable with an empty group, a single level,
        or no overlap that would give S an inverse.

    Raises
    ------
    ValueError
        If shapes differ or a count is negative.
    """
    check_conf_level(conf_level)
    a, b = np.asarray(group, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape or np.any(a < 0.0) or np.any(b < 0.0):
        raise ValueError("two count vectors of the same length, without negative counts")
    method = "standardised difference of categories (Yang and Dalton)"
    n1, n2 = float(a.sum()), float(b.sum())
    if n1 == 0.0 or n2 == 0.0:
        return not_estimable("a group is empty", method=method, conf_level=conf_level)
    used = (a + b) > 0.0
    if int(used.sum()) < 2:
        return not_estimable("only one level occurs", method=method, conf_level=conf_level)
    t, c = (a[used] / n1)[1:], (b[used] / n2)[1:]
    spread = _mean_multinomial_covariance(t, c)
    if np.linalg.matrix_rank(spread) < t.size:
        return not_estimable(
            "the groups overlap too little: no common spread", method=method, conf_level=conf_level
        )
    d = math.sqrt(max(float((t - c) @ np.linalg.solve(spread, t - c)), 0.0))
    std_error = math.sqrt((n1 + n2) / (n1 * n2) + d**2 / (2.0 * (n1 + n2)))
    half = float(ndtri(0.5 * (1.0 + conf_level))) * std_error
    return Estimate(
        estimate=d,
        std_error=std_error,
        conf_low=max(0.0, d - half),
        conf_high=d + half,
        conf_level=conf_level,
        method=method,
    )


def _mean_multinomial_covariance(t: FloatArray, c: FloatArray) -> FloatArray:
    return 0.5 * (np.diag(t) - np.outer(t, t) + np.diag(c) - np.outer(c, c))
