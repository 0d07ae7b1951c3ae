"""Competing ways of ending, drawn from hazards for each attended session."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from naturalistic.cohort.synthetic.model import Endings

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LONGEST = 200
"""No course has more attended sessions; it then ends as planned."""

CAUSES = ("planned_ending", "unplanned_ending", "referred_on", "service_ended", "died")


def dropout_hazard(endings: Endings) -> FloatArray:
    """Hazard of dropping out after each attended session 1 ... `LONGEST`, for log hazard 0."""
    hazard = np.zeros(LONGEST)
    for start, value in endings.dropout:
        hazard[start - 1 :] = value
    return hazard


def planned_hazard(endings: Endings, agreed: int) -> FloatArray:
    """Hazard of a planned ending after each attended session 1 ... `LONGEST`, given the agreed number."""
    hazard = np.zeros(LONGEST)
    hazard[max(agreed // 4, 1) - 1 :] = endings.planned_early
    hazard[agreed - 1 :] = endings.planned_at_end
    return hazard


def draw_endings(
    endings: Endings,
    agreed: IntArray,
    log_hazard_of_dropout: FloatArray,
    rng: np.random.Generator,
) -> tuple[IntArray, IntArray]:
    """How each course would end if it were observed for ever, and after how many attended sessions.

    Within the interval after a session every hazard is constant, so latent times of the causes are drawn exactly by
    inverting their cumulative hazards; the earliest wins.

    Parameters
    ----------
    endings : Endings
        Baseline hazards.
    agreed : ndarray of int, shape (n,)
        Agreed number of sessions.
    log_hazard_of_dropout : ndarray, shape (n,)
        Log hazard ratio of dropping out of each person.
    rng : Generator
        Source of randomness.

    Returns
    -------
    cause : ndarray of int, shape (n,)
        Position in `CAUSES`.
    sessions : ndarray of int, shape (n,)
        Attended sessions, at least 1.
    """
    n = len(agreed)
    draws = rng.exponential(size=(n, len(CAUSES)))
    times = np.empty_like(draws)
    for number in np.unique(agreed):
        chosen = agreed == number
        times[chosen, 0] = _first_passage(planned_hazard(endings, int(number)), draws[chosen, 0])
    times[:, 1] = _first_passage(
        dropout_hazard(endings), draws[:, 1] / np.exp(log_hazard_of_dropout)
    )
    for i, rate in enumerate((endings.referred_on, endings.service_ended, endings.died), start=2):
        times[:, i] = draws[:, i] / rate if rate > 0 else np.inf
    cause = np.argmin(times, axis=1)
    earliest = times[np.arange(n), cause]
    cause[earliest > LONGEST] = 0
    return cause, np.clip(np.ceil(earliest), 1, LONGEST).astype(np.int64)


def _first_passage(hazard: FloatArray, target: FloatArray) -> FloatArray:
    """Time at which the cumulated hazard reaches `target`; infinite when it never does."""
    cumulated = np.concatenate([[0.0], np.cumsum(hazard)])
    interval = np.searchsorted(cumulated[1:], target, side="left")
    never = interval >= len(hazard)
    interval = np.minimum(interval, len(hazard) - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = (target - cumulated[interval]) / hazard[interval]
    return np.where(never, np.inf, interval + within)
