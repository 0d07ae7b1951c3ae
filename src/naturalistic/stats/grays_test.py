"""Gray's test that groups share the cumulative incidence of one cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.event_table import FloatArray, event_table
from naturalistic.stats.incidence_variance import without_replacement
from naturalistic.stats.influence import n_rows
from naturalistic.stats.survival_tests import (
    GroupCounts,
    GroupTest,
    counts_by_group,
    group_test,
)


def grays_test(
    time: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    *,
    of_cause: int = 1,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    rho: float = 0.0,
) -> GroupTest:
    r"""Test that the cumulative incidence of one cause is the same in G groups.

    The log-rank idea for subdistribution hazards. With :math:`Y_g, S_g, F_g` of group g, who ended by
    another cause stays at risk in expectation, :math:`R_g=Y_g\{1-F_g(t^-)\}/S_g(t^-)`, and

    .. math:: z_g=\sum_k W(t_k)\{d_{gk}-d_{\cdot k}R_{gk}/R_{\cdot k}\},\qquad W=\{1-F(t^-)\}^\rho,

    with :math:`F(t)=\sum_k d_{\cdot k}/\sum_g (Y_g/S_{g-})` the common incidence.

    Parameters
    ----------
    time : array_like of float, shape (n,)
        End of observation, not negative; ties are exact.
    cause : array_like of int, shape (n,)
        0 censored, 1..K how it ended.
    group : array_like, shape (n,)
        Levels in their sorted order.
    of_cause : int
        The cause whose incidence is compared.
    strata : array_like, shape (n,), optional
        Only members of the same stratum are compared.
    weights : array_like, shape (n,), optional
        Frequency weights (a row stands for that many persons).
    rho : float
        Positive: early differences count more.

    Returns
    -------
    GroupTest
        ``not_estimable`` where fewer than two groups can be compared.

    Raises
    ------
    ValueError
        Wrong shapes, missing values or no such cause.

    Notes
    -----
    Left truncation is not offered: the test's variance is not derived for it.

    References
    ----------
    Gray (1988), Annals of Statistics 16:1141, section 2. R: ``cmprsk::cuminc``.
    """
    if of_cause < 1:
        raise ValueError(f"of_cause must be 1 or more, not {of_cause}")
    table = event_table(time, cause, weights=weights)
    counts = counts_by_group(table, group, strata, n_rows(time))
    return _test_of_cause(counts, of_cause, rho, stratified=strata is not None)


def grays_tests(
    time: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    *,
    n_causes: int | None = None,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    rho: float = 0.0,
) -> tuple[GroupTest, ...]:
    """Gray's test of every cause from one count of the rows; see `grays_test`.

    Parameters
    ----------
    time, cause, group, strata, weights, rho
        As in `grays_test`.
    n_causes : int, optional
        K, where some causes may not occur.

    Returns
    -------
    tuple of GroupTest, length K
        Of causes 1..K.

    Raises
    ------
    ValueError
        As `grays_test`.
    """
    table = event_table(time, cause, weights=weights, n_causes=n_causes)
    counts = counts_by_group(table, group, strata, n_rows(time))
    return tuple(
        _test_of_cause(counts, j + 1, rho, stratified=strata is not None)
        for j in range(table.n_causes)
    )


def _test_of_cause(
    counts: GroupCounts, of_cause: int, rho: float, *, stratified: bool
) -> GroupTest:
    """Test of one cause; a cause beyond those counted has no events."""
    size, n_causes = len(counts.levels), counts.events.shape[3]
    observed, expected, variance = np.zeros(size), np.zeros(size), np.zeros((size, size))
    for risk, happened in zip(counts.at_risk, counts.events, strict=True):
        own = happened[..., of_cause - 1] if of_cause <= n_causes else np.zeros_like(risk)
        data = _stratum(risk, own, happened.sum(axis=2) - own, rho)
        seen, due = _score(data)
        observed, expected = observed + seen, expected + due
        variance = variance + _score_variance(data)
    return group_test(
        counts.levels,
        counts.n,
        observed,
        expected,
        variance,
        name=f"Gray's test (rho={rho:g})" + (", stratified" if stratified else ""),
    )


@dataclass(frozen=True, slots=True)
class _Stratum:
    """What both the score and its variance need; groups are columns, times rows."""

    at_risk: FloatArray
    own: FloatArray
    other: FloatArray
    survival: FloatArray
    survival_before: FloatArray
    incidence_before: FloatArray
    inflated: FloatArray
    """Y_g / S_g(t-): persons the group would still have without any ending."""
    happened: FloatArray
    """Own events of all groups, shape (m,)."""
    common_rise: FloatArray
    """Steps of the common incidence, shape (m,)."""
    weight: FloatArray
    """W(t), shape (m,)."""


def _stratum(at_risk: FloatArray, own: FloatArray, other: FloatArray, rho: float) -> _Stratum:
    ended = own + other
    # a group whose last member ends: rounding must not leave anyone over
    kept = np.where(at_risk > 0, 1.0 - ended / np.where(at_risk > 0, at_risk, 1.0), 1.0)
    kept = np.where((at_risk > 0) & (ended >= at_risk), 0.0, kept)
    survival: FloatArray = np.cumprod(kept, axis=0, dtype=np.float64)
    before = _lagged(survival, 1.0)
    rate = np.divide(own, at_risk, out=np.zeros_like(own), where=at_risk > 0)
    incidence: FloatArray = np.cumsum(before * rate, axis=0, dtype=np.float64)
    inflated = np.divide(at_risk, before, out=np.zeros_like(before), where=before > 0)
    happened: FloatArray = own.sum(axis=1)
    total = inflated.sum(axis=1)
    rise = np.divide(happened, total, out=np.zeros_like(happened), where=total > 0)
    remaining = _remaining(rise)
    return _Stratum(
        at_risk=at_risk,
        own=own,
        other=other,
        survival=survival,
        survival_before=before,
        incidence_before=_lagged(incidence, 0.0),
        inflated=inflated,
        happened=happened,
        common_rise=rise,
        # nobody is left to compare once the common incidence has reached 1
        weight=np.power(remaining, rho, out=np.zeros_like(remaining), where=remaining > 0),
    )


def _score(data: _Stratum) -> tuple[FloatArray, FloatArray]:
    """Observed and expected weighted events of each group, shape (G,)."""
    subdistribution = data.inflated * (1.0 - data.incidence_before)
    total = subdistribution.sum(axis=1, keepdims=True)
    share = np.divide(subdistribution, total, out=np.zeros_like(subdistribution), where=total > 0)
    return data.weight @ data.own, (data.weight * data.happened) @ share


def _score_variance(data: _Stratum) -> FloatArray:
    r"""Covariance of the score, shape (G, G).

    Writing the error of each group's incidence as a sum of martingales of its own cause and of the
    other causes and summing by parts, the score of group g has the coefficient
    :math:`(S_{r-}/Y_r)\{a_{gr}+c_{gr}(1-b_r)\}` on an own event in group r and
    :math:`-(S_{r-}/Y_r)\,c_{gr}b_r` on another event, where :math:`b_r=(1-F)/S_r`,
    :math:`a_{gr}=W(\delta_{gr}-p_g)Y_r/S_{r-}`, :math:`p_g` the share of group g in
    :math:`T=\sum_g Y_g/S_{g-}`, and :math:`c_{gr}(t)=\sum_{u>t} a_{gr}(u)\,dF(u)/\{1-F(u^-)\}`.
    Under the hypothesis an own event in group r has the rate :math:`d_{\cdot}S_{r-}/(T Y_r)`.
    """
    total = data.inflated.sum(axis=1, keepdims=True)
    parts = np.divide(data.inflated, total, out=np.zeros_like(data.inflated), where=total > 0)
    risk = np.where(data.at_risk > 0, data.at_risk, 1.0)
    before = data.survival_before
    own_variance = before * data.common_rise[:, None] / risk
    own_variance *= without_replacement(data.happened[:, None], total * before)
    other_variance = (before / risk) ** 2 * data.other * without_replacement(data.other, risk)
    live = (data.at_risk > 0) & (before > 0)
    remaining = _remaining(data.common_rise)
    slope = np.divide(
        data.common_rise, remaining, out=np.zeros_like(remaining), where=remaining > 0
    )
    left = np.divide(
        (remaining - data.common_rise)[:, None],
        data.survival,
        out=np.ones_like(before),
        where=data.survival > 0,
    )
    left_other = np.where(data.survival > 0, left, 0.0)
    size = data.at_risk.shape[1]
    variance = np.zeros((size, size))
    for r, indicator in enumerate(np.eye(size)):
        a = (data.weight * data.inflated[:, r])[:, None] * (indicator - parts)
        running = np.cumsum(a * slope[:, None], axis=0)
        c = running[-1] - running
        on_own = a + c * (1.0 - left[:, [r]])
        on_other = c * left_other[:, [r]]
        variance += on_own.T @ (on_own * np.where(live, own_variance, 0.0)[:, [r]])
        variance += on_other.T @ (on_other * np.where(live, other_variance, 0.0)[:, [r]])
    return variance


def _remaining(rise: FloatArray) -> FloatArray:
    """1 - F(t-) of the common incidence, not below 0."""
    return np.maximum(1.0 - _lagged(np.cumsum(rise, dtype=np.float64), 0.0), 0.0)


def _lagged(values: FloatArray, first: float) -> FloatArray:
    """The value just before each time."""
    start = np.full((1, *values.shape[1:]), first)
    return np.asarray(np.concatenate([start, values])[: len(values)])
