r"""Contrasts of restricted mean times between two groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from naturalistic.stats.curves import normal_quantile
from naturalistic.stats.event_table import FloatArray, IntArray, event_table, group_codes
from naturalistic.stats.influence import WeightKind, n_rows, without_rounding
from naturalistic.stats.restricted_mean import (
    kept_time,
    restricted_mean_time_lost,
    time_lost_influence,
)
from naturalistic.stats.result import NAN, Estimate, not_estimable


@dataclass(frozen=True, slots=True)
class RestrictedMeanComparison:
    """Restricted mean times (kept or lost) of two groups and their contrasts.

    Attributes
    ----------
    groups : ndarray, shape (2,)
        Reference level first.
    reference, comparison : Estimate
        Mean of each group.
    difference : Estimate
        Comparison minus reference, with the test of 0.
    ratio : Estimate
        Comparison over reference; limits and the test of 1 on the log scale.
    """

    groups: NDArray[np.generic]
    reference: Estimate
    comparison: Estimate
    difference: Estimate
    ratio: Estimate


def compare_restricted_means(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    horizon: float,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    weight_kind: WeightKind = "frequency",
    cluster: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> RestrictedMeanComparison:
    r"""Difference and ratio of the mean event-free time of two groups.

    Parameters
    ----------
    time, event, horizon, entry, weights, weight_kind, cluster, conf_level
        As in `naturalistic.stats.restricted_mean.restricted_mean_time`.
    group : array_like, shape (n,)
        Two levels; the first in sorted order is the reference.

    Returns
    -------
    RestrictedMeanComparison
        Without clusters the groups are independent. With clusters that span both groups (a
        therapist sees both) the covariance of the two means enters the contrasts.

    Raises
    ------
    ValueError
        As `restricted_mean_time`, or not exactly two groups.

    References
    ----------
    Uno et al. (2014), Journal of Clinical Oncology 32:2380. R: ``survRM2::rmst2``.
    """
    return _compare(
        time, event, group, horizon, None, entry, weights, weight_kind, cluster, conf_level
    )


def compare_time_lost(
    time: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    horizon: float,
    *,
    of_cause: int = 1,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    weight_kind: WeightKind = "frequency",
    cluster: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> RestrictedMeanComparison:
    r"""Difference and ratio of the mean time two groups lose to one cause.

    Parameters
    ----------
    time, cause, horizon, entry, weights, weight_kind, cluster, conf_level
        As in `naturalistic.stats.restricted_mean.restricted_mean_time_lost`.
    group : array_like, shape (n,)
        Two levels; the first in sorted order is the reference.
    of_cause : int
        The cause, 1..K.

    Returns
    -------
    RestrictedMeanComparison
        See `compare_restricted_means`.

    Raises
    ------
    ValueError
        As `restricted_mean_time_lost`, not exactly two groups, or no such cause.

    References
    ----------
    Andersen (2013), Statistics in Medicine 32:5278.
    """
    if of_cause < 1:
        raise ValueError(f"of_cause must be 1 or more, not {of_cause}")
    return _compare(
        time, cause, group, horizon, of_cause, entry, weights, weight_kind, cluster, conf_level
    )


def _compare(
    time: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    horizon: float,
    of_cause: int | None,
    entry: ArrayLike | None,
    weights: ArrayLike | None,
    weight_kind: WeightKind,
    cluster: ArrayLike | None,
    conf_level: float,
) -> RestrictedMeanComparison:
    """Both groups and their contrasts; `of_cause` None for the time without an event."""
    levels, halves = _halves(time, cause, group, entry, weights, cluster)
    n_causes = max(of_cause, int(np.asarray(cause).max())) if of_cause else 1
    asked = _Asked(horizon, of_cause or 1, n_causes, weight_kind, conf_level)
    lost = [asked.time_lost(half) for half in halves]
    reference, comparison = lost if of_cause else [kept_time(one, horizon) for one in lost]
    # the influence on time kept is that on time lost with its sign turned: the product is the same
    both_known = all(one.status == "ok" for one in lost)
    covariance = asked.covariance(*halves) if both_known and cluster is not None else 0.0
    difference, ratio = _contrasts(reference, comparison, covariance, conf_level)
    return RestrictedMeanComparison(levels, reference, comparison, difference, ratio)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of one group: end, how it ended, start, weight and code of the cluster, each (n,)."""

    time: NDArray[Any]
    cause: NDArray[Any]
    entry: NDArray[Any] | None
    weights: NDArray[Any] | None
    owner: IntArray | None


def _halves(
    time: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    entry: ArrayLike | None,
    weights: ArrayLike | None,
    cluster: ArrayLike | None,
) -> tuple[NDArray[np.generic], tuple[_Rows, _Rows]]:
    """The two levels of the group and the rows of each."""
    n = n_rows(time)
    levels, codes = group_codes(group, n, "group")
    if len(levels) != 2:
        raise ValueError(f"group must have exactly two levels, not {len(levels)}")
    owners = None if cluster is None else group_codes(cluster, n, "cluster")[1]
    times, causes = np.asarray(time), np.asarray(cause)

    def rows(chosen: NDArray[np.bool_]) -> _Rows:
        optional = (None if v is None else np.asarray(v)[chosen] for v in (entry, weights, owners))
        return _Rows(times[chosen], causes[chosen], *optional)

    return levels, (rows(codes == 0), rows(codes == 1))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is computed for each group: time lost to a cause (1..K) up to the horizon."""

    horizon: float
    cause: int
    n_causes: int
    weight_kind: WeightKind
    conf_level: float

    def time_lost(self, rows: _Rows) -> Estimate:
        """Mean time lost in one group."""
        return restricted_mean_time_lost(
            rows.time,
            rows.cause,
            self.horizon,
            n_causes=self.n_causes,
            entry=rows.entry,
            weights=rows.weights,
            weight_kind=self.weight_kind,
            cluster=rows.owner,
            conf_level=self.conf_level,
        )[self.cause - 1]

    def covariance(self, first: _Rows, second: _Rows) -> float:
        """Covariance of the two means through the clusters that span both groups."""
        owners = [np.asarray(rows.owner) for rows in (first, second)]
        size = max(int(owner.max()) for owner in owners) + 1
        one, other = (self._influence(rows, size) for rows in (first, second))
        return float(one @ other)

    def _influence(self, rows: _Rows, n_clusters: int) -> FloatArray:
        """Influence on the time lost, summed over the rows of each cluster."""
        table = event_table(
            rows.time,
            rows.cause,
            entry=rows.entry,
            weights=rows.weights,
            n_causes=self.n_causes,
        )
        influence = time_lost_influence(table, self.cause, self.horizon)
        owner = np.asarray(rows.owner)
        used = owner if table.used is None else owner[table.used]
        return np.asarray(np.bincount(used, weights=influence, minlength=n_clusters), dtype=float)


def _contrasts(
    reference: Estimate, comparison: Estimate, covariance: float, conf_level: float
) -> tuple[Estimate, Estimate]:
    if "not_estimable" in (reference.status, comparison.status):
        reason = "; ".join(dict.fromkeys(e.note for e in (reference, comparison) if e.note))
        missing = not_estimable(reason, conf_level=conf_level)
        return missing, missing
    z = normal_quantile(conf_level)
    a, b = reference, comparison
    gap = b.estimate - a.estimate
    variance = a.std_error**2 + b.std_error**2 - 2.0 * covariance
    error = _root(variance, a.std_error**2 + b.std_error**2)
    gap_test = _normal_test(gap, error)
    difference = Estimate(
        estimate=gap,
        std_error=error,
        conf_low=gap - z * error,
        conf_high=gap + z * error,
        conf_level=conf_level,
        statistic=gap_test[0],
        p_value=gap_test[1],
        method="difference of restricted means",
    )
    if min(a.estimate, b.estimate) <= 0:
        return difference, not_estimable("a restricted mean is 0", conf_level=conf_level)
    log_ratio = float(np.log(b.estimate / a.estimate))
    size = (a.std_error / a.estimate) ** 2 + (b.std_error / b.estimate) ** 2
    log_error = _root(size - 2.0 * covariance / (a.estimate * b.estimate), size)
    ratio_test = _normal_test(log_ratio, log_error)
    ratio = Estimate(
        estimate=float(np.exp(log_ratio)),
        std_error=float(np.exp(log_ratio)) * log_error,
        conf_low=float(np.exp(log_ratio - z * log_error)),
        conf_high=float(np.exp(log_ratio + z * log_error)),
        conf_level=conf_level,
        statistic=ratio_test[0],
        p_value=ratio_test[1],
        method="ratio of restricted means, log scale",
    )
    return difference, ratio


def _root(variance: float, size: float) -> float:
    return float(np.sqrt(without_rounding(np.array(variance), np.array(size))))


def _normal_test(value: float, error: float) -> tuple[float, float]:
    """Statistic and two-sided p of 0; NaN where the standard error is 0."""
    if error == 0.0:
        return NAN, NAN
    return value / error, float(2.0 * ndtr(-abs(value / error)))
