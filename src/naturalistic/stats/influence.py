r"""Variances of step estimators when rows belong together (therapist, patient) or carry sampling weights.

The influence of one row on an estimate at time :math:`t` (its infinitesimal jackknife value) is, between two of
the row's own times, a fixed combination of a few functions of :math:`t` that all rows share. So a cluster's
influence is :math:`h(t)^\top z_c(t)` with :math:`z_c` a step function that moves only at the entries and exits of
the cluster's own rows, and

.. math:: V(t) = \sum_c \{h(t)^\top z_c(t)\}^2 = h(t)^\top M(t)\, h(t), \qquad M(t) = \sum_c z_c(t) z_c(t)^\top,

where :math:`M` is updated at the moves only: linear in rows and times, never clusters x times.

References
----------
Lin and Wei (1989), JASA 84:1074 (clustered sandwich of martingale sums); Williams (1995), Biometrics 51:155.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.event_table import EventTable, FloatArray, IntArray, group_codes

WeightKind = Literal["frequency", "probability"]

# of running sums of up to millions of terms; an estimated variance is never that small a part of its terms
_RELATIVE_ROUNDING = 1e-13


def cluster_codes(
    table: EventTable, cluster: ArrayLike | None, weight_kind: WeightKind, n: int
) -> IntArray | None:
    """Cluster code of each used row; None where rows are independent with frequency weights.

    Raises
    ------
    ValueError
        `weight_kind` is not known or `cluster` does not have `n` values.
    """
    if weight_kind not in ("frequency", "probability"):
        raise ValueError(f"weight_kind must be 'frequency' or 'probability', not {weight_kind!r}")
    if cluster is not None:
        codes = group_codes(cluster, n, "cluster")[1]
        return codes if table.used is None else codes[table.used]
    if weight_kind == "probability" and table.weights is not None:
        return np.arange(len(table.position))
    return None


def collapsed(table: EventTable, cluster: IntArray) -> tuple[EventTable, IntArray]:
    """The same table with rows of one cluster, time and cause made one row with their summed weight.

    Exact: such rows have the same influence. Left as it is where that does not save work (few rows a
    cell) or where entries differ.
    """
    states = table.n_causes + 1
    size = (int(cluster.max(initial=0)) + 1) * len(table.times) * states
    if table.entry is not None or size > len(cluster):
        return table, cluster
    key = (cluster * len(table.times) + table.position) * states + table.cause
    weight = np.bincount(key, weights=table.weights, minlength=size)
    cells = np.flatnonzero(weight)
    short = replace(
        table,
        position=cells // states % len(table.times),
        cause=cells % states,
        weights=weight[cells].astype(np.float64),
    )
    return short, cells // (states * len(table.times))


def n_rows(time: ArrayLike) -> int:
    """Number of rows given, before rows of weight 0 are left out."""
    return int(np.shape(time)[0])


def clustered_second_moments(
    table: EventTable, on_entry: FloatArray, on_exit: FloatArray, cluster: IntArray
) -> FloatArray:
    """Sum over clusters of the outer products of their coefficients, at every time.

    Parameters
    ----------
    table : EventTable
        The rows; their weights multiply the coefficients.
    on_entry, on_exit : ndarray of float, shape (n, q)
        What each row adds to its cluster's coefficients when it enters and when it leaves.
    cluster : ndarray of int, shape (n,)
        Code 0..C-1 of each row's cluster.

    Returns
    -------
    ndarray of float, shape (m, q, q)
    """
    m, q = len(table.times), on_exit.shape[1]
    if not m:
        return np.empty((0, q, q))
    if table.entry is None:
        start = np.zeros(len(table.position), dtype=np.int64)
    else:
        start = np.searchsorted(table.times, table.entry, side="right").astype(np.int64)
    weight = np.ones(len(table.position)) if table.weights is None else table.weights
    key = np.concatenate([cluster * m + start, cluster * m + table.position])
    moves = np.concatenate([on_entry * weight[:, None], on_exit * weight[:, None]])
    cells, sums = _sum_by_key(key, moves)
    owner, time_index = cells // m, cells % m
    running = np.cumsum(sums, axis=0)
    first = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
    carried = np.concatenate([np.zeros((1, q)), running])[first]
    after = running - np.repeat(carried, np.diff(np.append(first, len(owner))), axis=0)
    before = after - sums
    moments = np.empty((m, q, q))
    for a in range(q):
        for b in range(a + 1):
            change = after[:, a] * after[:, b] - before[:, a] * before[:, b]
            total = np.cumsum(np.bincount(time_index, weights=change, minlength=m))
            moments[:, a, b] = moments[:, b, a] = total
    return moments


def quadratic_form(vectors: FloatArray, moments: FloatArray) -> FloatArray:
    """:math:`h^T M h` at every time, not below 0; `vectors` (m, q), `moments` (m, q, q)."""
    values = np.einsum("ka,kab,kb->k", vectors, moments, vectors)
    sizes = np.einsum("ka,kab,kb->k", np.abs(vectors), np.abs(moments), np.abs(vectors))
    return without_rounding(values, sizes)


def without_rounding(values: FloatArray, sizes: FloatArray) -> FloatArray:
    """A variance that is 0 but for the rounding of terms of these sizes is 0."""
    return np.where(values <= _RELATIVE_ROUNDING * sizes, 0.0, values)


def clustered_survival_error(
    table: EventTable, survival: FloatArray, clusters: IntArray
) -> FloatArray:
    """Influence -S(t) [q - C(t) n] with C = sum D/(Y(Y-D))."""
    table, clusters = collapsed(table, clusters)
    step = inverse_survivors(table)
    shared = np.cumsum(table.all_events / table.at_risk * step)
    at_exit = np.where(table.cause > 0, step[table.position], 0.0) - shared[table.position]
    ones = np.ones(len(at_exit))
    moments = clustered_second_moments(
        table,
        np.column_stack([value_at_entry(table, shared), ones]),
        np.column_stack([at_exit, -ones]),
        clusters,
    )
    return np.sqrt(quadratic_form(np.column_stack([survival, -survival * shared]), moments))


def clustered_hazard_error(table: EventTable, clusters: IntArray) -> FloatArray:
    """Influence sum (dN - Y dH)/Y."""
    table, clusters = collapsed(table, clusters)
    step = 1.0 / table.at_risk
    shared = np.cumsum(table.all_events * step**2)
    at_exit = np.where(table.cause > 0, step[table.position], 0.0) - shared[table.position]
    ones = np.ones(len(at_exit))
    moments = clustered_second_moments(
        table,
        np.column_stack([value_at_entry(table, shared), ones]),
        np.column_stack([at_exit, -ones]),
        clusters,
    )
    return np.sqrt(quadratic_form(np.column_stack([np.ones(len(shared)), -shared]), moments))


def value_at_entry(table: EventTable, cumulative: FloatArray) -> FloatArray:
    """A cumulative function of time, shape (m, ...), at each row's entry; 0 without left truncation."""
    if table.entry is None:
        return np.zeros((len(table.position), *cumulative.shape[1:]))
    past = np.searchsorted(table.times, table.entry, side="right")
    return np.asarray(np.concatenate([np.zeros((1, *cumulative.shape[1:])), cumulative])[past])


def inverse_survivors(table: EventTable) -> FloatArray:
    """1/(Y - D), and 0 where the risk set is emptied (every use is multiplied by a survival of 0 then)."""
    left = table.survivors
    return np.divide(1.0, left, out=np.zeros_like(left), where=left > 0)


def sum_by_cluster(values: FloatArray, cluster: IntArray) -> FloatArray:
    """Sum the rows of `values` (n,) or (n, q) within clusters."""
    if values.ndim == 1:
        return np.bincount(cluster, weights=values).astype(np.float64)
    return np.column_stack([np.bincount(cluster, weights=column) for column in values.T])


def _sum_by_key(key: IntArray, values: FloatArray) -> tuple[IntArray, FloatArray]:
    """Distinct keys ascending and the sum of the rows of each."""
    size = int(key.max()) + 1
    if size <= 4 * len(key):
        cells = np.flatnonzero(np.bincount(key, minlength=size))
        sums = [np.bincount(key, weights=column, minlength=size)[cells] for column in values.T]
        return cells, np.column_stack(sums)
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return ordered[starts], np.add.reduceat(values[order], starts, axis=0)
