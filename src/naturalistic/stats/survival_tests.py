"""Log-rank tests that groups have the event at the same rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from naturalistic.stats.event_table import (
    EventTable,
    FloatArray,
    IntArray,
    event_table,
    group_codes,
)
from naturalistic.stats.influence import n_rows


@dataclass(frozen=True, slots=True)
class GroupTest:
    """Chi-squared test that G groups share one hazard.

    Attributes
    ----------
    statistic, df, p_value : float
        Chi-squared statistic, its degrees of freedom, upper tail probability.
    groups : ndarray, shape (G,)
        Levels in the order of the arrays below.
    n : ndarray of float, shape (G,)
        Rows (or summed frequency weights).
    observed, expected : ndarray of float, shape (G,)
        Weighted sums of events seen and of events expected under the hypothesis.
    variance : ndarray of float, shape (G, G)
        Covariance of observed minus expected.
    method, status, note : str
        As in `naturalistic.stats.result.Estimate`.
    """

    statistic: float
    df: float
    p_value: float
    groups: NDArray[np.generic]
    n: FloatArray
    observed: FloatArray
    expected: FloatArray
    variance: FloatArray
    method: str
    status: str = "ok"
    note: str = ""


def log_rank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    rho: float = 0.0,
    trend: bool = False,
    scores: Sequence[float] | None = None,
) -> GroupTest:
    r"""Log-rank test of G groups, stratified, weighted by survival, or against an ordered alternative.

    Observed minus expected events of group g, :math:`z_g=\sum_k S(t_k^-)^\rho (d_{gk}-D_k Y_{gk}/Y_k)`,
    against their hypergeometric covariance, both summed over strata.

    Parameters
    ----------
    time, event : array_like, shape (n,)
        End of observation and whether it is an event (1) or a censoring (0).
    group : array_like, shape (n,)
        Levels in their sorted order.
    strata : array_like, shape (n,), optional
        Only members of the same stratum are compared.
    entry, weights : array_like, shape (n,), optional
        Left truncation; frequency weights (a row stands for that many persons).
    rho : float
        0 log-rank, 1 Peto-Peto (earlier events count more).
    trend : bool
        One degree of freedom: :math:`(s^\top z)^2/(s^\top V s)`.
    scores : sequence of float, optional
        Scores s of the sorted levels for the trend; default 0, 1, 2, ...

    Returns
    -------
    GroupTest
        ``not_estimable`` with fewer than two groups or where no stratum compares anyone.

    Raises
    ------
    ValueError
        Wrong shapes, missing values, or scores that do not match the groups.

    References
    ----------
    Harrington and Fleming (1982), Biometrika 69:553, section 2; trend: Tarone (1975), Biometrika
    62:679. R: ``survival::survdiff``.
    """
    table = event_table(time, event, entry=entry, weights=weights, n_causes=1)
    counts = counts_by_group(table, group, strata, n_rows(time))
    observed, expected, variance = _score(counts.at_risk, counts.events[..., 0], rho)
    return group_test(
        counts.levels,
        counts.n,
        observed,
        expected,
        variance,
        name=f"log-rank (rho={rho:g})" + ("" if strata is None else ", stratified"),
        scores=_scores(scores, len(counts.levels)) if trend else None,
    )


def group_test(
    levels: NDArray[np.generic],
    n: FloatArray,
    observed: FloatArray,
    expected: FloatArray,
    variance: FloatArray,
    *,
    name: str,
    scores: FloatArray | None = None,
) -> GroupTest:
    """Chi-squared test of the differences; groups without any comparison do not count as degrees of freedom."""
    compared = np.flatnonzero(np.diag(variance) > 0)
    left_out = len(levels) - len(compared)
    note = f"{left_out} groups are never at risk at an event" if left_out else ""
    statistic, df = _chi_squared(observed - expected, variance, compared, scores)
    if np.isnan(df):
        note = "fewer than two groups have anyone at risk when an event happens"
    elif scores is not None:
        name += ", trend"
    return GroupTest(
        statistic=statistic,
        df=df,
        p_value=float(chdtrc(df, statistic)),
        groups=levels,
        n=n,
        observed=observed,
        expected=expected,
        variance=variance,
        method=name,
        status="not_estimable" if np.isnan(df) else "ok",
        note=note,
    )


def _chi_squared(
    difference: FloatArray, variance: FloatArray, compared: IntArray, scores: FloatArray | None
) -> tuple[float, float]:
    """Statistic and degrees of freedom; NaN with fewer than two groups to compare."""
    if len(compared) < 2:
        return np.nan, np.nan
    if scores is not None:
        return float((scores @ difference) ** 2 / (scores @ variance @ scores)), 1.0
    # the last group follows from the others
    keep = compared[:-1]
    solved = np.linalg.solve(variance[np.ix_(keep, keep)], difference[keep])
    return float(difference[keep] @ solved), float(len(keep))


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Counts at every distinct time by stratum and group.

    Attributes
    ----------
    levels : ndarray, shape (G,)
        Groups in sorted order.
    n : ndarray of float, shape (G,)
        Rows (or summed weights).
    at_risk : ndarray of float, shape (strata, m, G)
    events : ndarray of float, shape (strata, m, G, K)
        Of each cause.
    """

    levels: NDArray[np.generic]
    n: FloatArray
    at_risk: FloatArray
    events: FloatArray


def counts_by_group(
    table: EventTable, group: ArrayLike, strata: ArrayLike | None, n_given: int
) -> GroupCounts:
    """Count who is at risk and who has the event in each group of each stratum.

    Parameters
    ----------
    table : EventTable
    group, strata : array_like, shape (n_given,)
        Levels of all rows given, those of weight 0 among them; `strata` None for one stratum.
    n_given : int

    Raises
    ------
    ValueError
        Wrong shapes or missing levels.
    """
    levels, codes = group_codes(group, n_given, "group")
    stratum = None if strata is None else group_codes(strata, n_given, "strata")[1]
    if table.used is not None:
        codes = codes[table.used]
        stratum = None if stratum is None else stratum[table.used]
    n = np.bincount(codes, weights=table.weights, minlength=len(levels)).astype(np.float64)
    n_strata = 1 if stratum is None else int(stratum.max(initial=0)) + 1
    shape = (n_strata, len(table.times), len(levels), table.n_causes + 1)
    cell = table.position * shape[2] + codes
    if stratum is not None:
        cell = cell + stratum * (shape[1] * shape[2])
    cell = cell * shape[3] + table.cause
    counts = np.bincount(cell, weights=table.weights, minlength=int(np.prod(shape))).reshape(shape)
    numbers = counts.astype(np.float64)
    at_risk = np.asarray(np.cumsum(numbers.sum(axis=3)[:, ::-1], axis=1)[:, ::-1])
    if table.entry is not None:
        at_risk = at_risk - _not_yet_entered(table, table.entry, codes, stratum, at_risk.shape)
    return GroupCounts(levels, n, at_risk, numbers[..., 1:])


def _not_yet_entered(
    table: EventTable,
    entry: FloatArray,
    group: IntArray,
    stratum: IntArray | None,
    shape: tuple[int, ...],
) -> FloatArray:
    """Weight of the rows of each (stratum, time, group) whose entry is at or after the time."""
    n_strata, m, n_groups = shape
    # a row is missing from the risk sets of the times up to and including its entry
    last = np.searchsorted(table.times, entry, side="right") - 1
    late = last >= 0
    cell = last[late] * n_groups + group[late]
    if stratum is not None:
        cell = cell + stratum[late] * (m * n_groups)
    weight = None if table.weights is None else table.weights[late]
    counts = np.bincount(cell, weights=weight, minlength=n_strata * m * n_groups).reshape(shape)
    return np.asarray(np.cumsum(counts[:, ::-1], axis=1)[:, ::-1], dtype=np.float64)


def _score(
    at_risk: FloatArray, events: FloatArray, rho: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Observed, expected (G,) and covariance (G, G) summed over strata; inputs (strata, m, G)."""
    total, happened = at_risk.sum(axis=2), events.sum(axis=2)
    safe = np.where(total > 0, total, 1.0)
    survival = np.cumprod(1.0 - happened / safe, axis=1)
    before = np.concatenate([np.ones((len(survival), 1)), survival[:, :-1]], axis=1)
    # a survival that has reached 0 gets no weight under a negative rho
    weight = np.power(before, rho, out=np.zeros_like(before), where=before > 0)
    share = at_risk / safe[:, :, None]
    observed = np.einsum("sk,skg->g", weight, events)
    expected = np.einsum("sk,skg->g", weight * happened, share)
    spread = weight**2 * happened * (total - happened) / np.where(total > 1, total - 1.0, 1.0)
    variance = np.diag(np.einsum("sk,skg->g", spread, share))
    return observed, expected, variance - np.einsum("sk,ski,skj->ij", spread, share, share)


def _scores(scores: Sequence[float] | None, n_groups: int) -> FloatArray:
    values = np.arange(n_groups) if scores is None else np.asarray(scores)
    if values.shape != (n_groups,) or not np.isfinite(values.astype(np.float64)).all():
        raise ValueError(f"scores must be {n_groups} finite numbers, one for each group")
    return values.astype(np.float64)
