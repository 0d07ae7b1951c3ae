"""One table of counts by time is all that non-parametric survival estimation needs.

Session numbers are whole and heavily tied: a million episodes collapse to some sixty rows. Everything that is
estimated from the table (Kaplan-Meier, Aalen-Johansen, log-rank, Gray) is exact on ties; no time is ever moved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Weighted counts are sums of floats: a risk set emptied by its events may miss 0 by rounding.
_RELATIVE_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class EventTable:
    """Weighted counts at every distinct time at which an observation ends.

    Events at a time happen before censorings at the same time: who is censored at `t` is at risk at `t`.

    Attributes
    ----------
    times : ndarray of float, shape (m,)
        Distinct ends of observation, ascending.
    at_risk : ndarray of float, shape (m,)
        Under observation just before each time: entry < time <= end.
    events : ndarray of float, shape (m, K)
        Events of each cause at each time.
    censored : ndarray of float, shape (m,)
        Observations that end there without an event.
    position : ndarray of int, shape (n,)
        Index into `times` of the end of each used row.
    cause : ndarray of int, shape (n,)
        0 censored, 1..K the cause, of each used row.
    weights : ndarray of float, shape (n,), or None
        Weight of each used row; None when every row counts once.
    entry : ndarray of float, shape (n,), or None
        Entry time of each used row; None when everyone is observed from the origin.
    used : ndarray of bool or None
        Which of the rows given have a positive weight; None when all have.
    """

    times: FloatArray
    at_risk: FloatArray
    events: FloatArray
    censored: FloatArray
    position: IntArray
    cause: IntArray
    weights: FloatArray | None
    entry: FloatArray | None
    used: NDArray[np.bool_] | None

    @property
    def n_causes(self) -> int:
        """Number of causes K."""
        return int(self.events.shape[1])

    @property
    def all_events(self) -> FloatArray:
        """Events of any cause at each time, shape (m,)."""
        return np.asarray(self.events.sum(axis=1))

    @property
    def survivors(self) -> FloatArray:
        """At risk minus events of any cause, exactly 0 where the risk set is emptied, shape (m,)."""
        left = self.at_risk - self.all_events
        return np.where(left <= _RELATIVE_ROUNDING * self.at_risk, 0.0, left)


def event_table(
    time: ArrayLike,
    cause: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    n_causes: int | None = None,
) -> EventTable:
    """Count events, censorings and persons at risk at every distinct time.

    Parameters
    ----------
    time : array_like of float, shape (n,)
        End of observation, in any unit, not negative.
    cause : array_like of int or bool, shape (n,)
        0 (or False) censored, 1..K how it ended.
    entry : array_like of float, shape (n,), optional
        Start of observation (left truncation); each must lie before `time`.
    weights : array_like of float, shape (n,), optional
        Not negative; rows of weight 0 are left out.
    n_causes : int, optional
        K, where some causes may not occur; default the largest cause present (at least 1).

    Raises
    ------
    ValueError
        Shapes differ, a value is missing or infinite, a time or weight is negative, a cause is not one of 0..K,
        or an entry does not lie before its time.
    """
    times, causes, largest = _checked_outcomes(time, cause, n_causes)
    entries = None if entry is None else _checked_entry(entry, times)
    weight, used = _checked_weights(weights, len(times))
    if used is not None:
        times, causes = times[used], causes[used]
        entries = None if entries is None else entries[used]
    distinct, position = distinct_times(times)
    cells = np.bincount(
        position * (largest + 1) + causes, weights=weight, minlength=len(distinct) * (largest + 1)
    )
    counts = cells.reshape(len(distinct), largest + 1).astype(np.float64)
    at_risk = np.cumsum(counts.sum(axis=1)[::-1])[::-1]
    if entries is not None:
        at_risk = at_risk - _not_yet_entered(entries, weight, distinct)
    return EventTable(
        times=distinct,
        at_risk=at_risk,
        events=counts[:, 1:],
        censored=counts[:, 0],
        position=position,
        cause=causes,
        weights=weight,
        entry=entries,
        used=used,
    )


def distinct_times(time: FloatArray) -> tuple[FloatArray, IntArray]:
    """Distinct values ascending and the index of each value among them.

    Whole numbers of a small range (sessions) are counted instead of sorted: linear time.
    """
    if len(time) and time.max() <= 4.0 * len(time) + 1000.0:
        whole = time.astype(np.int64)
        if np.array_equal(whole, time):
            present = np.bincount(whole) > 0
            rank = np.cumsum(present) - 1
            return np.flatnonzero(present).astype(np.float64), rank[whole]
    distinct, position = np.unique(time, return_inverse=True)
    return distinct, position.astype(np.int64)


def group_codes(group: ArrayLike, n: int, name: str) -> tuple[NDArray[np.generic], IntArray]:
    """Sorted levels of a grouping variable and the index of each row's level.

    Raises
    ------
    ValueError
        Not one-dimensional of length `n`, or a missing value.
    """
    values = np.asarray(group)
    if values.shape != (n,):
        raise ValueError(f"{name} must be one-dimensional of length {n}, not {values.shape}")
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ValueError(f"{name} holds missing values")
    if values.dtype.kind in "iub" and n and int(values.min()) >= 0 and int(values.max()) <= 4 * n:
        present = np.bincount(values) > 0
        return np.flatnonzero(present), (np.cumsum(present) - 1)[values.astype(np.int64)]
    levels, codes = np.unique(values, return_inverse=True)
    return levels, codes.astype(np.int64)


def _checked_outcomes(
    time: ArrayLike, cause: ArrayLike, n_causes: int | None
) -> tuple[FloatArray, IntArray, int]:
    times = np.asarray(time, dtype=np.float64)
    causes = np.asarray(cause)
    if times.ndim != 1 or causes.shape != times.shape:
        raise ValueError(
            f"time and event (or cause) must be one-dimensional of one length, not {times.shape} "
            f"and {causes.shape}"
        )
    if not np.isfinite(times).all() or (times < 0).any():
        raise ValueError("time must be finite and not negative")
    whole = causes.astype(np.int64, copy=False) if causes.dtype.kind in "iub" else _whole(causes)
    largest = max(1, int(whole.max(initial=0))) if n_causes is None else n_causes
    if whole.min(initial=0) < 0 or whole.max(initial=0) > largest:
        raise ValueError(f"cause must be 0 (censored) or one of 1 to {largest}")
    return times, whole, largest


def _whole(causes: NDArray[np.generic]) -> IntArray:
    values = causes.astype(np.float64)
    if not np.isfinite(values).all() or (values != np.rint(values)).any():
        raise ValueError("event (or cause) must be whole numbers without missing values")
    return values.astype(np.int64)


def _checked_entry(entry: ArrayLike, times: FloatArray) -> FloatArray:
    entries = np.asarray(entry, dtype=np.float64)
    if entries.shape != times.shape:
        raise ValueError(f"entry has shape {entries.shape}, time {times.shape}")
    if not np.isfinite(entries).all():
        raise ValueError("entry must be finite")
    if (entries >= times).any():
        raise ValueError(
            f"entry must lie before time; it does not in {int((entries >= times).sum())} rows"
        )
    return entries


def _checked_weights(
    weights: ArrayLike | None, n: int
) -> tuple[FloatArray | None, NDArray[np.bool_] | None]:
    if weights is None:
        return None, None
    weight = np.asarray(weights, dtype=np.float64)
    if weight.shape != (n,):
        raise ValueError(f"weights have shape {weight.shape}, time ({n},)")
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("weights must be finite and not negative")
    used = weight > 0
    return (weight, None) if used.all() else (weight[used], used)


def _not_yet_entered(
    entry: FloatArray, weights: FloatArray | None, times: FloatArray
) -> FloatArray:
    """Weight of the rows whose entry is at or after each time."""
    order = np.argsort(entry, kind="stable")
    weight = np.ones(len(entry)) if weights is None else weights[order]
    before = np.concatenate([[0.0], np.cumsum(weight)])
    return np.asarray(before[-1] - before[np.searchsorted(entry[order], times, side="left")])
