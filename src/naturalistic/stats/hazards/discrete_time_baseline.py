"""How the hazard of a discrete-time model depends on the session number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.hazards.cox_input import FloatArray
from naturalistic.stats.hazards.discrete_time_counts import SessionCounts
from naturalistic.stats.splines import restricted_cubic_spline, spline_knots

BASELINES = ("spline", "steps")
# A step holds at least so many events when the steps are not given.
EVENTS_PER_STEP = 5


@dataclass(frozen=True, slots=True)
class SessionBaseline:
    """Functions of the session number that carry the baseline hazard.

    Attributes
    ----------
    kind : {'spline', 'steps'}
    places : (k,) knots, or the first session of each step.
    names : m names.
    """

    kind: str
    places: FloatArray
    names: tuple[str, ...]

    def basis(self, sessions: ArrayLike) -> FloatArray:
        """Basis at given session numbers, shape (len(sessions), m)."""
        at = np.asarray(sessions, dtype=float)
        if self.kind == "steps":
            step = np.searchsorted(self.places, at, side="right") - 1
            return np.asarray(step[:, None] == np.arange(len(self.places)), dtype=float)
        return np.column_stack([np.ones(len(at)), restricted_cubic_spline(at, self.places)])


def session_baseline(
    counts: SessionCounts,
    kind: str,
    *,
    knots: ArrayLike | None = None,
    n_knots: int = 4,
    step_starts: Sequence[int] | None = None,
) -> SessionBaseline:
    """Lay out the baseline.

    Parameters
    ----------
    counts : SessionCounts
    kind : {'spline', 'steps'}
    knots : spline knots in sessions; by default Harrell's quantiles of the sessions with events,
        rounded and kept apart.
    n_knots : int
        Number of default knots.
    step_starts : first session of each step; the last step is open. By default a new step begins
        once the present one holds five events.

    Raises
    ------
    ValueError
        An unknown kind, steps that do not begin at the first session, or a step without events.
    """
    if kind not in BASELINES:
        raise ValueError(f"baseline must be one of {', '.join(BASELINES)}, not {kind!r}")
    sessions = counts.sessions
    events = counts.total_by_session(counts.events)
    if kind == "spline":
        if knots is None:
            knots = spline_knots(np.repeat(sessions, events.astype(int)), n_knots, whole=True)
        places = np.asarray(knots, dtype=float)
        names = ("baseline", *(f"baseline spline {j + 1}" for j in range(len(places) - 1)))
        return SessionBaseline(kind, places, names)
    starts = _default_steps(sessions, events) if step_starts is None else list(step_starts)
    if not starts or starts[0] > sessions[0] or np.any(np.diff(starts) <= 0):
        raise ValueError("step_starts must increase and begin at the first session at risk")
    places = np.asarray(starts, dtype=float)
    held = np.bincount(np.searchsorted(places, sessions, side="right") - 1, events, len(places))
    if np.any(held == 0):
        bare = starts[int(np.argmin(held))]
        raise ValueError(f"no event in the step that begins at session {bare}: join it to another")
    ends = [*(f"-{int(s) - 1}" for s in starts[1:]), "+"]
    names = tuple(f"session {int(s)}{e}" for s, e in zip(starts, ends, strict=True))
    return SessionBaseline(kind, places, names)


def _default_steps(sessions: np.ndarray, events: FloatArray) -> list[int]:
    starts = [int(sessions[0])]
    held = 0.0
    for session, count, left in zip(
        sessions.tolist(), events, np.cumsum(events[::-1])[::-1], strict=True
    ):
        if held >= EVENTS_PER_STEP and left >= EVENTS_PER_STEP:
            starts.append(session)
            held = 0.0
        held += count
    return starts
