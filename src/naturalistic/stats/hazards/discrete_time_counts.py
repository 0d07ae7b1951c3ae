"""Person-sessions as counts: one cell per pattern of covariates and session.

A discrete-time hazard model is a binomial regression on one row per person and session. Most of
those rows are copies of each other: only how many of a pattern were at risk in a session and how
many had the event there matters, so the rows are never made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naturalistic.stats.hazards.cox_input import (
    FloatArray,
    IndexArray,
    checked_arrays,
    checked_weights,
    content_key,
    finite_values,
    label_codes,
)

# Largest table of patterns x sessions built at a time.
CELLS_AT_A_TIME = 4_000_000


@dataclass(frozen=True, slots=True)
class SessionCounts:
    """Counts at risk and with the event by pattern and session, patterns in canonical order.

    Attributes
    ----------
    columns : (p, G) covariates of each pattern, centred and scaled.
    mean, scale : (p,)
    cluster : (G,) cluster code of each pattern, or None.
    n_clusters : int
    first_session : int
        Session number of session index 0.
    n_sessions : int
        Number of session indices.
    start : (G + 1,) first cell of each pattern.
    session : (C,) session index of each cell.
    at_risk, events : (C,) counts.
    n_rows, n_events : float
    """

    columns: FloatArray
    mean: FloatArray
    scale: FloatArray
    cluster: IndexArray | None
    n_clusters: int
    first_session: int
    n_sessions: int
    start: IndexArray
    session: IndexArray
    at_risk: FloatArray
    events: FloatArray
    n_rows: float
    n_events: float

    @property
    def sessions(self) -> IndexArray:
        """Session numbers, shape (n_sessions,)."""
        return np.arange(self.first_session, self.first_session + self.n_sessions)

    def total_by_session(self, values: FloatArray) -> FloatArray:
        """Sum of a cell quantity over patterns, shape (n_sessions,)."""
        return np.asarray(np.bincount(self.session, values, self.n_sessions), dtype=float)


def count_sessions(
    session: ArrayLike,
    event: ArrayLike,
    design: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    units: tuple[FloatArray, FloatArray] | None = None,
) -> SessionCounts:
    """Collapse rows at risk in sessions entry + 1, ..., session to counts.

    Parameters
    ----------
    session : (n,) last session at risk, whole numbers.
    event : (n,) 1 where the event happened at that session.
    design : (n, p) covariates.
    entry : (n,) whole numbers, last session before the row is at risk; 0 when None.
    cluster : (n,) labels; patterns are then kept apart by cluster.
    weights : (n,) numbers of identical rows.
    units : (mean, scale), each (p,), to centre and scale by; their own when None.

    Raises
    ------
    ValueError
        As `fit_discrete_time_hazard`.
    """
    rows = _checked_rows(session, event, design, entry=entry, cluster=cluster, weights=weights)
    return _counted(rows, units)


def _counted(rows: _Rows, units: tuple[FloatArray, FloatArray] | None) -> SessionCounts:
    """Counts of the distinct patterns, centred and scaled by `units` or by their own."""
    n = len(rows.last)
    origin = int(rows.before.min(initial=0)) if n == 0 else int(rows.before.min())
    n_sessions = int(rows.last.max()) - origin if n else 0

    order, pattern = _patterns(rows.covariates, rows.cluster)
    lead = np.flatnonzero(np.diff(pattern, prepend=-1))
    distinct = rows.covariates[order[lead]]
    if units is None:
        copies = np.asarray(np.bincount(pattern, rows.weight[order]), dtype=float)
        units = _units(distinct, copies)
    mean, scale = units
    start, cell_session, at_risk, events = _cells(
        pattern,
        (rows.before[order] - origin).astype(np.intp),
        (rows.last[order] - origin).astype(np.intp),
        rows.happened[order],
        rows.weight[order],
        n_sessions,
    )
    return SessionCounts(
        columns=np.ascontiguousarray(((distinct - mean) / scale).T),
        mean=mean,
        scale=scale,
        cluster=None if rows.cluster is None else rows.cluster[order[lead]],
        n_clusters=rows.n_clusters,
        first_session=origin + 1,
        n_sessions=n_sessions,
        start=start,
        session=cell_session,
        at_risk=at_risk,
        events=events,
        n_rows=float(rows.weight.sum()),
        n_events=float(rows.weight[rows.happened].sum()),
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """What a caller handed over, checked: one place a row; `cluster` holds codes, or None."""

    before: FloatArray
    last: FloatArray
    happened: NDArray[np.bool_]
    covariates: FloatArray
    weight: FloatArray
    cluster: IndexArray | None
    n_clusters: int


def _checked_rows(
    session: ArrayLike,
    event: ArrayLike,
    design: ArrayLike,
    *,
    entry: ArrayLike | None,
    cluster: ArrayLike | None,
    weights: ArrayLike | None,
) -> _Rows:
    last, happened, covariates = checked_arrays(session, event, design, "efron")
    n = len(last)
    before = np.zeros(n) if entry is None else finite_values(entry, "entry", n)
    if np.any(last != np.rint(last)) or np.any(before != np.rint(before)):
        raise ValueError("session and entry must be whole numbers")
    if np.any(before >= last):
        raise ValueError("entry must be smaller than session in every row")
    weight = np.ones(n) if weights is None else checked_weights(weights, n, frequency=True)
    labels, codes = (None, None) if cluster is None else label_codes(cluster, "cluster", n)
    n_clusters = 0 if labels is None else len(labels)
    return _Rows(before, last, happened, covariates, weight, codes, n_clusters)


def _patterns(covariates: FloatArray, codes: IndexArray | None) -> tuple[IndexArray, IndexArray]:
    """Order that brings equal rows together, and the pattern number along it.

    Rows are sorted by a key of their contents and then compared exactly. Should two different
    patterns share a key, one of them may be counted as two patterns, which changes nothing.
    """
    n, p = covariates.shape
    parts = [covariates[:, j] for j in range(p)]
    if codes is not None:
        parts.append(codes.astype(float))
    order = np.argsort(content_key(parts, n), kind="stable")
    new = np.zeros(n, dtype=bool)
    new[:1] = True
    for values in parts:
        along = values[order]
        new[1:] |= along[1:] != along[:-1]
    return order, np.cumsum(new) - 1


def _units(covariates: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of each covariate (scale 1 for a constant)."""
    p = covariates.shape[1]
    mean, scale = np.zeros(p), np.ones(p)
    for j in range(p):
        column = covariates[:, j]
        mean[j] = column[0] if column.min() == column.max() else np.average(column, weights=weight)
        spread = np.sqrt(np.average((column - mean[j]) ** 2, weights=weight))
        scale[j] = spread if spread > 0 else 1.0
    return mean, scale


def _cells(
    pattern: IndexArray,
    before: IndexArray,
    last: IndexArray,
    happened: NDArray[np.bool_],
    weight: FloatArray,
    n_sessions: int,
) -> tuple[IndexArray, IndexArray, FloatArray, FloatArray]:
    """Cells with anyone at risk, pattern by pattern; rows must be in order of their pattern."""
    n_patterns = int(pattern[-1]) + 1 if len(pattern) else 0
    width = n_sessions + 1
    block = max(1, CELLS_AT_A_TIME // max(width, 1))
    counts, sessions, at_risk, events = [], [], [], []
    for low in range(0, n_patterns, block):
        high = min(low + block, n_patterns)
        rows = slice(*np.searchsorted(pattern, [low, high]))
        base = (pattern[rows] - low) * width
        size = (high - low) * width
        w = weight[rows]
        # A row enters at one place of the table and leaves at another; the running sum is the
        # number at risk.
        change = np.bincount(base + before[rows], w, size) - np.bincount(base + last[rows], w, size)
        risk = np.cumsum(change.reshape(-1, width), axis=1)
        ended = happened[rows]
        count = np.bincount((base + last[rows] - 1)[ended], w[ended], size).reshape(-1, width)
        used = risk > 0.5
        counts.append(used.sum(axis=1))
        sessions.append(np.nonzero(used)[1])
        at_risk.append(risk[used])
        events.append(count[used])
    empty = [np.empty(0)]
    start = np.concatenate([[0], np.cumsum(np.concatenate(counts or empty))]).astype(np.intp)
    return (
        start,
        np.concatenate(sessions or empty).astype(np.int32),
        np.concatenate(at_risk or empty),
        np.concatenate(events or empty),
    )
