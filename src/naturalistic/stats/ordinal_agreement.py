"""Transitions between ordered ratings before and after, and tests that the margins moved."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, chdtrc, ndtri

from naturalistic.stats.paired_scores import FloatArray, check_conf_level
from naturalistic.stats.result import Estimate, not_estimable

IntArray = npt.NDArray[np.int64]


def transition_table(first: npt.ArrayLike, last: npt.ArrayLike, n_levels: int) -> IntArray:
    """Cross table of the same patients' first (rows) and last (columns) ratings.

    Parameters
    ----------
    first, last : array_like of int, shape (n_patients,)
        Levels 0 to ``n_levels - 1``; row i of both belongs to patient i.
    n_levels : int
        Levels of the rating, used or not.

    Returns
    -------
    ndarray of int, shape (n_levels, n_levels)

    Raises
    ------
    ValueError
        If shapes differ, a level is out of range or not whole.
    """
    a, b = np.asarray(first), np.asarray(last)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError("first and last must be one-dimensional and of the same length")
    for name, levels in (("first", a), ("last", b)):
        if levels.size and not np.all((levels >= 0) & (levels < n_levels) & (levels % 1 == 0)):
            raise ValueError(f"{name}: levels must be whole numbers from 0 to {n_levels - 1}")
    cells = a.astype(np.int64) * n_levels + b.astype(np.int64)
    return np.bincount(cells, minlength=n_levels**2).reshape(n_levels, n_levels)


def _square_counts(table: npt.ArrayLike) -> FloatArray:
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.shape[0] < 2:
        raise ValueError("the table must be square with at least two levels")
    if not np.all((counts >= 0.0) & (counts % 1 == 0)):
        raise ValueError("the table must hold counts")
    return counts


def _chi_square(statistic: float, df: int, method: str) -> Estimate:
    return Estimate(
        estimate=statistic,
        statistic=statistic,
        df=float(df),
        p_value=float(chdtrc(df, statistic)),
        method=method,
    )


def stuart_maxwell(table: npt.ArrayLike) -> Estimate:
    r"""Test that first and last ratings have the same distribution (marginal homogeneity).

    .. math:: \chi^2 = d' S^{-} d, \quad d_i = n_{i+} - n_{+i}, \quad
              S_{ii} = n_{i+} + n_{+i} - 2 n_{ii}, \quad S_{ij} = -(n_{ij} + n_{ji})

    Stuart (1955); Maxwell (1970). A generalised inverse leaves the value as it is with one level
    dropped, and copes with levels nobody left or entered; df is the rank of S, levels minus one where
    all are connected.

    Parameters
    ----------
    table : array_like of int, shape (n_levels, n_levels)
        Rows first, columns last.

    Returns
    -------
    Estimate
        `estimate` and `statistic` are chi-square; no interval. Not estimable where nobody's rating
        changed.

    Raises
    ------
    ValueError
        If the table is not a square table of counts.
    """
    counts = _square_counts(table)
    method = "Stuart-Maxwell test of marginal homogeneity"
    moved = counts + counts.T
    np.fill_diagonal(moved, 0.0)
    if moved.sum() == 0.0:
        return not_estimable("no rating changed", method=method)
    # S is the Laplacian of the graph of moves: symmetric, singular by one per connected set.
    covariance = np.diag(moved.sum(axis=1)) - moved
    difference = counts.sum(axis=1) - counts.sum(axis=0)
    rank = int(np.linalg.matrix_rank(covariance, hermitian=True))
    statistic = float(difference @ np.linalg.pinv(covariance, hermitian=True) @ difference)
    return _chi_square(max(statistic, 0.0), rank, method)


def bowker(table: npt.ArrayLike) -> Estimate:
    r"""Test that as many moved from i to j as from j to i, for every pair (symmetry).

    .. math:: \chi^2 = \sum_{i<j} (n_{ij} - n_{ji})^2 / (n_{ij} + n_{ji})

    Bowker (1948). df counts the pairs with a move between them; R's ``mcnemar.test`` gives NaN where
    a pair has none, and the same otherwise.

    Parameters
    ----------
    table : array_like of int, shape (n_levels, n_levels)
        Rows first, columns last.

    Returns
    -------
    Estimate
        As in `stuart_maxwell`.

    Raises
    ------
    ValueError
        If the table is not a square table of counts.
    """
    counts = _square_counts(table)
    method = "Bowker test of symmetry"
    upper = np.triu_indices(counts.shape[0], k=1)
    there, back = counts[upper], counts.T[upper]
    used = (there + back) > 0.0
    if not used.any():
        return not_estimable("no rating changed", method=method)
    terms = (there[used] - back[used]) ** 2 / (there[used] + back[used])
    return _chi_square(float(terms.sum()), int(used.sum()), method)


def mcnemar(
    table: npt.ArrayLike,
    *,
    p_value: Literal["exact", "mid_p", "chi_square", "chi_square_corrected"] = "exact",
    conf_level: float = 0.95,
) -> Estimate:
    """Change in the share of patients with a problem, and McNemar's test of it.

    Estimate: share with the problem at the end minus share at the start,
    ``(n01 - n10) / n``; interval the adjusted Wald interval of Bonett & Price (2012). p values:
    *exact* binomial on those who changed; *mid_p* (Fagerland et al. 2013); McNemar's (1947)
    *chi_square* and *chi_square_corrected* (Edwards 1948), which are R's ``mcnemar.test``.

    Parameters
    ----------
    table : array_like of int, shape (2, 2)
        Rows first, columns last; level 1 has the problem.
    p_value : {'exact', 'mid_p', 'chi_square', 'chi_square_corrected'}
        Test.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        `statistic` is chi-square for the two chi-square tests, otherwise the smaller number of
        changes. Not estimable with no patients; without a p value where nobody changed.

    Raises
    ------
    ValueError
        If the table is not a 2 by 2 table of counts or the test is unknown.
    """
    check_conf_level(conf_level)
    counts = _square_counts(table)
    if counts.shape != (2, 2):
        raise ValueError("the table must be 2 by 2")
    if p_value not in ("exact", "mid_p", "chi_square", "chi_square_corrected"):
        raise ValueError(f"unknown p_value {p_value!r}")
    method = f"change in share, adjusted Wald interval; McNemar test ({p_value})"
    n, gained, lost = float(counts.sum()), float(counts[0, 1]), float(counts[1, 0])
    if n == 0.0:
        return not_estimable("no pairs", method=method, conf_level=conf_level)
    p_gained, p_lost = (gained + 1.0) / (n + 2.0), (lost + 1.0) / (n + 2.0)
    shift = p_gained - p_lost
    std_error = math.sqrt((p_gained + p_lost - shift**2) / (n + 2.0))
    half = float(ndtri(0.5 * (1.0 + conf_level))) * std_error
    statistic, df, p = _mcnemar_test(gained, lost, p_value)
    return Estimate(
        estimate=(gained - lost) / n,
        std_error=std_error,
        conf_low=max(-1.0, shift - half),
        conf_high=min(1.0, shift + half),
        conf_level=conf_level,
        statistic=statistic,
        df=df,
        p_value=p,
        method=method,
        note="" if gained + lost > 0.0 else "nobody changed: no test",
    )


def _mcnemar_test(gained: float, lost: float, kind: str) -> tuple[float, float, float]:
    """Statistic, df and p value of the chosen test."""
    changed = gained + lost
    if changed == 0.0:
        return math.nan, math.nan, math.nan
    if kind.startswith("chi_square"):
        distance = abs(gained - lost)
        if kind == "chi_square_corrected" and distance > 0.0:
            distance -= 1.0
        statistic = distance**2 / changed
        return statistic, 1.0, float(chdtrc(1.0, statistic))
    fewer, trials = int(min(gained, lost)), int(changed)
    below = float(bdtr(fewer, trials, 0.5))
    if kind == "exact":
        return float(fewer), math.nan, min(1.0, 2.0 * below)
    at = below - (float(bdtr(fewer - 1, trials, 0.5)) if fewer > 0 else 0.0)
    mid = 1.0 if gained == lost else min(1.0, 2.0 * below - at)
    return float(fewer), math.nan, mid
