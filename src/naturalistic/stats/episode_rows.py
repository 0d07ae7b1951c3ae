"""Rows at risk reshaped: cut at times, restarted at a landmark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naturalistic.stats.hazards.cox_input import FloatArray, IndexArray, finite_values


@dataclass(frozen=True, slots=True)
class SplitRows:
    """Rows cut into periods.

    Attributes
    ----------
    row : (m,) index of the original row.
    entry, time : (m,) at risk when ``entry < t <= time``.
    event : (m,) int, the original code in the last piece of a row, else 0.
    period : (m,) 0 before the first cut, 1 from there, ...
    """

    row: IndexArray
    entry: FloatArray
    time: FloatArray
    event: NDArray[np.int64]
    period: IndexArray


def split_at(
    time: ArrayLike, event: ArrayLike, cuts: ArrayLike, *, entry: ArrayLike | None = None
) -> SplitRows:
    """Cut each row at given times, so that a coefficient may differ between periods.

    The answer to hazards that are not proportional: fit the pieces with the covariate multiplied by
    indicators of the period. Cutting alone changes no estimate. As R's ``survSplit``.

    Parameters
    ----------
    time : (n,) end of the time at risk.
    event : (n,) whole numbers, 0 for none (or causes).
    cuts : (c,) increasing; a period runs from just after one cut up to and including the next.
    entry : (n,) start of the time at risk; 0 when None.

    Raises
    ------
    ValueError
        Missing values, cuts that do not increase, `entry` not before `time`.
    """
    n = len(np.asarray(time))
    ends = finite_values(time, "time", n)
    starts = np.zeros(n) if entry is None else finite_values(entry, "entry", n)
    codes = finite_values(event, "event", n).astype(np.int64)
    if np.any(starts >= ends):
        raise ValueError("entry must be smaller than time in every row")
    at = np.asarray(cuts, dtype=float)
    if at.ndim != 1 or np.any(np.diff(at) <= 0):
        raise ValueError("cuts must increase")
    first = np.searchsorted(at, starts, side="right")
    last = np.searchsorted(at, ends, side="left")
    pieces = last - first + 1
    row = np.repeat(np.arange(n), pieces)
    period = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + first[row]
    edges = np.concatenate([[-np.inf], at, [np.inf]])
    return SplitRows(
        row=row,
        entry=np.maximum(edges[period], starts[row]),
        time=np.minimum(edges[period + 1], ends[row]),
        event=np.where(period == last[row], codes[row], 0),
        period=period,
    )


@dataclass(frozen=True, slots=True)
class LandmarkRows:
    """Those still at risk at a landmark.

    Attributes
    ----------
    row : (m,) index of the original row.
    entry : (m,) the landmark.
    time : (m,) end of the time at risk on the original clock.
    """

    row: IndexArray
    entry: FloatArray
    time: FloatArray


def still_at_risk(
    time: ArrayLike, landmark: float, *, entry: ArrayLike | None = None
) -> LandmarkRows:
    """Rows with more than `landmark` units at risk, restarted there (Anderson et al. 1983).

    Covariates may then be anything known at the landmark (sessions missed so far, last score);
    used from the start they would be knowledge of the future. Give `entry` and `time` with the
    events of ``row`` to the estimators: Aalen-Johansen of these rows says how the therapies still
    running after session k go on to end.

    Parameters
    ----------
    time : (n,) end of the time at risk.
    landmark : float
        On the clock of `time`; whoever ends at it is no longer at risk.
    entry : (n,) start of the time at risk; rows that begin after the landmark are left out.

    Raises
    ------
    ValueError
        Missing values.
    """
    n = len(np.asarray(time))
    ends = finite_values(time, "time", n)
    kept = ends > landmark
    if entry is not None:
        kept &= finite_values(entry, "entry", n) <= landmark
    row = np.flatnonzero(kept)
    return LandmarkRows(row, np.full(len(row), float(landmark)), ends[row])
