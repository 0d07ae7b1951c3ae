"""Variances of cumulative incidences: Greenwood-type, Gray's, and clustered."""

from __future__ import annotations

import numpy as np

from naturalistic.stats.event_table import EventTable, FloatArray, IntArray
from naturalistic.stats.influence import (
    clustered_second_moments,
    collapsed,
    inverse_survivors,
    quadratic_form,
    value_at_entry,
    without_rounding,
)


def greenwood_variance(table: EventTable, before: FloatArray) -> FloatArray:
    """The formula of `aalen_johansen`, squares expanded so that running sums are enough; (m, K)."""
    at_risk, events = table.at_risk[:, None], table.events
    step = (table.all_events / table.at_risk * inverse_survivors(table))[:, None]
    own = before[:, None] ** 2 * events * (at_risk - events) / at_risk**3
    cross = before[:, None] * events / at_risk**2
    return _expanded(own, cross, step, distance_to_end(table, before))


def gray_variance(table: EventTable, survival: FloatArray, before: FloatArray) -> FloatArray:
    r"""Variance from Gray's representation, cause j and the other causes as separate martingales.

    With :math:`\phi_k(t)=\{F_j(t)-F_{jk}\}/S_k` (Gray 1988, section 2),
    :math:`\sum_k (S_-/Y)^2 [(1-\phi_k)^2 V_k(d_j) + \phi_k^2 V_k(D-d_j)]`, where tied events count
    as drawn without replacement: :math:`V(d)=d\{1-(d-1)/(Y-1)\}`.
    """
    at_risk = table.at_risk[:, None]
    events, others = table.events, table.all_events[:, None] - table.events
    scale = (before[:, None] / at_risk) ** 2
    own = scale * events * without_replacement(events, at_risk)
    other = scale * others * without_replacement(others, at_risk)
    inverse = np.divide(1.0, survival, out=np.zeros_like(survival), where=survival > 0)[:, None]
    step = (own + other) * inverse**2
    return _expanded(own, own * inverse, step, distance_to_end(table, before))


def distance_to_end(table: EventTable, before: FloatArray) -> FloatArray:
    """F(t) minus its last value, (m, K): variances depend on differences of F alone.

    Late in follow-up these distances are as small as the survival that multiplies them, so that
    the expanded squares do not cancel as those of F itself would.
    """
    steps = (before / table.at_risk)[:, None] * table.events
    return np.asarray(steps - np.cumsum(steps[::-1], axis=0)[::-1])


def _expanded(
    own: FloatArray, cross: FloatArray, step: FloatArray, distance: FloatArray
) -> FloatArray:
    """Running sum of own - 2 (f(t) - f_k) cross + (f(t) - f_k)^2 step, for every t; (m, K)."""

    def total(terms: FloatArray) -> FloatArray:
        """Sums up to and with each event time."""
        return np.cumsum(terms, axis=0)

    linear = distance * total(cross) - total(cross * distance)
    both_ends = distance**2 * total(step) + total(step * distance**2)
    squares = both_ends - 2.0 * distance * total(step * distance)
    alone = total(own)
    return without_rounding(alone - 2.0 * linear + squares, alone + both_ends)


def clustered_variance(table: EventTable, before: FloatArray, clusters: IntArray) -> FloatArray:
    r"""Sum of squared cluster influences on each incidence.

    A row's influence is :math:`\int S_-/Y\,dM_j - \int\{F_j(t)-F_j(s)\}/(Y-D)\,dM` with :math:`dM = dN - Y_i dH`;
    its coefficients on :math:`(1, -F_j(t), -G_j(t))`, :math:`G=B+E-FC`, move only at the row's entry and exit.
    F is counted from its end, see `distance_to_end`.
    """
    incidence = distance_to_end(table, before)
    table, clusters = collapsed(table, clusters)
    step = inverse_survivors(table)
    hazard = table.all_events / table.at_risk * step
    rate = before / table.at_risk
    running = np.cumsum(hazard)
    ones = np.ones(len(table.position))
    spread = np.empty_like(incidence)
    for j in range(table.n_causes):
        own = np.cumsum(rate * table.events[:, j] / table.at_risk)
        held = np.cumsum(hazard * incidence[:, j])
        gained = np.where(table.cause == j + 1, rate[table.position], 0.0)
        left = np.where(table.cause > 0, step[table.position], 0.0)
        at_exit = gained + left * incidence[table.position, j] - (own + held)[table.position]
        moments = clustered_second_moments(
            table,
            np.column_stack(
                [value_at_entry(table, own + held), value_at_entry(table, running), ones]
            ),
            np.column_stack([at_exit, left - running[table.position], -ones]),
            clusters,
        )
        shared = own + held - incidence[:, j] * running
        vectors = np.column_stack([np.ones(len(running)), -incidence[:, j], -shared])
        spread[:, j] = quadratic_form(vectors, moments)
    return spread


def without_replacement(events: FloatArray, at_risk: FloatArray) -> FloatArray:
    """Share of the variance left when tied events are drawn without replacement.

    1 - (d - 1)/(Y - 1) for d > 1, otherwise 1; arrays of shapes that broadcast.
    """
    drawn = np.maximum(events - 1.0, 0.0)
    return 1.0 - drawn / np.where(at_risk > 1.0, at_risk - 1.0, 1.0)
