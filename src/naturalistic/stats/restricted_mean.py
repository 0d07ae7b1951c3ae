r"""Mean time up to a horizon: without an event, or lost to one cause.

:math:`\mathrm{RMST}=\int_0^\tau S(t)\,dt`, :math:`\mathrm{RMTL}_j=\int_0^\tau F_j(t)\,dt`. With all causes,
:math:`\mathrm{RMST}+\sum_j \mathrm{RMTL}_j=\tau`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.competing_risks import incidence_of
from naturalistic.stats.curves import normal_quantile
from naturalistic.stats.event_table import (
    EventTable,
    FloatArray,
    IntArray,
    event_table,
)
from naturalistic.stats.influence import (
    WeightKind,
    cluster_codes,
    inverse_survivors,
    n_rows,
    sum_by_cluster,
    value_at_entry,
    without_rounding,
)
from naturalistic.stats.result import Estimate, not_estimable


def restricted_mean_time(
    time: ArrayLike,
    event: ArrayLike,
    horizon: float,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    weight_kind: WeightKind = "frequency",
    cluster: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> Estimate:
    r"""Mean event-free time up to a horizon, the area under Kaplan-Meier from 0 to it.

    Parameters
    ----------
    time, event, entry, weights, weight_kind, cluster, conf_level
        As in `naturalistic.stats.survival.kaplan_meier`.
    horizon : float
        :math:`\tau > 0`, in the unit of `time`.

    Returns
    -------
    Estimate
        In the unit of `time`, variance :math:`\sum_k\{\int_{t_k}^\tau S\}^2 d_k/\{Y_k(Y_k-d_k)\}`.
        ``not_estimable`` where follow-up ends before the horizon with people still at risk.

    Raises
    ------
    ValueError
        As `kaplan_meier`, or a horizon that is not positive.

    References
    ----------
    Royston and Parmar (2013), BMC Medical Research Methodology 13:152. R: ``survfit(..., rmean=)``.
    """
    lost = restricted_mean_time_lost(
        time,
        np.asarray(event),
        horizon,
        n_causes=1,
        entry=entry,
        weights=weights,
        weight_kind=weight_kind,
        cluster=cluster,
        conf_level=conf_level,
    )[0]
    return kept_time(lost, horizon)


def restricted_mean_time_lost(
    time: ArrayLike,
    cause: ArrayLike,
    horizon: float,
    *,
    n_causes: int | None = None,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    weight_kind: WeightKind = "frequency",
    cluster: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> tuple[Estimate, ...]:
    r"""Mean time up to a horizon lost to each cause, the area under its cumulative incidence.

    Parameters
    ----------
    time, cause, n_causes, entry, weights, weight_kind, cluster, conf_level
        As in `naturalistic.stats.competing_risks.aalen_johansen`.
    horizon : float
        :math:`\tau > 0`, in the unit of `time`.

    Returns
    -------
    tuple of Estimate, length K
        Of causes 1..K, in the unit of `time`. ``not_estimable`` where follow-up ends before the
        horizon with people still at risk.

    Raises
    ------
    ValueError
        As `aalen_johansen`, or a horizon that is not positive.

    Notes
    -----
    An event of cause j at :math:`t_k` moves the estimate by :math:`\alpha_k=(\tau-t_k)S_-/Y`, any event by
    :math:`-\beta_k`, :math:`\beta_k=\int_{t_k}^\tau\{F_j(t)-F_{jk}\}dt/(Y-D)`; the variance sums the multinomial
    variances of :math:`\alpha d_j-\beta D`, or the squares of the clusters' sums.

    References
    ----------
    Andersen (2013), Statistics in Medicine 32:5278, section 3. R: ``survfit(..., rmean=)``, multi-state.
    """
    if not (np.isfinite(horizon) and horizon > 0):
        raise ValueError(f"horizon must be positive, not {horizon}")
    table = event_table(time, cause, entry=entry, weights=weights, n_causes=n_causes)
    clusters = cluster_codes(table, cluster, weight_kind, n_rows(time))
    z = normal_quantile(conf_level)
    survival, before, incidence = incidence_of(table)
    method = "area under Aalen-Johansen"
    reason = _why_not(table, survival, horizon)
    if reason:
        missing = not_estimable(reason, method=method, conf_level=conf_level)
        return (missing,) * table.n_causes
    found = []
    for j in range(table.n_causes):
        mean, gain, loss = _area(table, before, incidence[:, j], horizon)
        error = _area_error(table, j, gain, loss, clusters)
        found.append(
            Estimate(
                estimate=mean,
                std_error=error,
                conf_low=mean - z * error,
                conf_high=mean + z * error,
                conf_level=conf_level,
                method=method + ("" if clusters is None else ", clustered influence"),
                note="" if table.events[:, j].any() else "no event: the standard error is 0",
            )
        )
    return tuple(found)


def kept_time(lost: Estimate, horizon: float) -> Estimate:
    """Time without an event from the time lost to it."""
    method = lost.method.replace("Aalen-Johansen", "Kaplan-Meier")
    if lost.status != "ok":
        return not_estimable(lost.note, method=method, conf_level=lost.conf_level)
    return Estimate(
        estimate=horizon - lost.estimate,
        std_error=lost.std_error,
        conf_low=horizon - lost.conf_high,
        conf_high=horizon - lost.conf_low,
        conf_level=lost.conf_level,
        method=method,
        note=lost.note,
    )


def _why_not(table: EventTable, survival: FloatArray, horizon: float) -> str:
    if not len(table.times):
        return "no observations"
    if horizon > table.times[-1] and survival[-1] > 0.0:
        return (
            f"follow-up ends at {table.times[-1]:g}, before the horizon {horizon:g}, with people "
            "still without an event"
        )
    return ""


def _area(
    table: EventTable, before: FloatArray, incidence: FloatArray, horizon: float
) -> tuple[float, FloatArray, FloatArray]:
    """Area under F to the horizon, and what an event adds (own cause) and takes away (any cause)."""
    inside = table.times <= horizon
    widths = np.diff(np.minimum(np.append(table.times, horizon), horizon))
    # area of F from each time to the horizon
    areas = np.cumsum((widths * incidence)[::-1])[::-1]
    remaining = np.where(inside, horizon - table.times, 0.0)
    gain = remaining * before / table.at_risk
    loss = np.where(inside, areas - remaining * incidence, 0.0) * inverse_survivors(table)
    return float(areas[0]), gain, loss


def _area_error(
    table: EventTable, cause: int, gain: FloatArray, loss: FloatArray, clusters: IntArray | None
) -> float:
    """Standard error of the area under F of one cause (0-based)."""
    if clusters is None:
        variance = _multinomial_variance(table, cause, gain, loss)
    else:
        influence = _row_influence(table, cause, gain, loss)
        variance = float((sum_by_cluster(influence, clusters) ** 2).sum())
    return float(np.sqrt(max(variance, 0.0)))


def _multinomial_variance(
    table: EventTable, cause: int, gain: FloatArray, loss: FloatArray
) -> float:
    own, every = table.events[:, cause], table.all_events
    squares = own * (gain - loss) ** 2 + (every - own) * loss**2
    centred = squares - (gain * own - loss * every) ** 2 / table.at_risk
    return float(without_rounding(centred.sum(), squares.sum()))


def _row_influence(table: EventTable, cause: int, gain: FloatArray, loss: FloatArray) -> FloatArray:
    """Weighted influence of each row on the area under F of one cause (0-based), shape (n,)."""
    compensator = np.cumsum(
        (gain * table.events[:, cause] - loss * table.all_events) / table.at_risk
    )
    happened = np.where(table.cause == cause + 1, gain[table.position], 0.0)
    happened -= np.where(table.cause > 0, loss[table.position], 0.0)
    value = happened - compensator[table.position] + value_at_entry(table, compensator)
    return value if table.weights is None else value * table.weights


def time_lost_influence(table: EventTable, cause: int, horizon: float) -> FloatArray:
    """Weighted influence of each used row on the time lost to `cause` (1..K), shape (n,)."""
    _, before, incidence = incidence_of(table)
    _, gain, loss = _area(table, before, incidence[:, cause - 1], horizon)
    return _row_influence(table, cause - 1, gain, loss)
