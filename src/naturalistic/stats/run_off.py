r"""How a caseload closed to newcomers runs off: who will have ended, how, and by when.

The forecast rests on nothing but the ends of courses already seen, read at the same length of therapy:

.. math:: P(T \le a + t, J = j \mid T > a) = \sum_{k=a+1}^{a+t} h_{jk} \prod_{l=a+1}^{k-1} (1 - h_l)

with h the weekly probabilities of ending in way j (discrete-time Aalen-Johansen; Kalbfleisch & Prentice 2002, section 8.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
TAIL_WEEKS = 26
FEWEST_AT_RISK = 20


@dataclass(frozen=True)
class WeeklyEndings:
    """A life table by week of therapy.

    Attributes
    ----------
    at_risk : (n_weeks,) people under observation at the start of each week of therapy, week 1 first.
    events : (n_weeks, n_ways) endings within the week, by way.
    """

    at_risk: IntArray
    events: IntArray


@dataclass(frozen=True)
class RunOff:
    """Forecast of a caseload.

    Attributes
    ----------
    weeks : (n_times,) weeks after the day of notice.
    expected : (n_times, n_ways) people expected to have ended in each way by then.
    draws : (n_draws, n_times, n_ways) simulated numbers; they carry the uncertainty of the weekly probabilities and
        of chance.
    caseload : int
        People in therapy on the day of notice.
    beyond : int
        People whose course is already so long that the weekly probabilities of the tail are used throughout.
    """

    weeks: IntArray
    expected: FloatArray
    draws: IntArray
    caseload: int
    beyond: int


def weekly_endings(weeks: npt.ArrayLike, way: npt.ArrayLike, n_ways: int) -> WeeklyEndings:
    """Life table of courses of therapy, with open ones counted as long as they were seen.

    Parameters
    ----------
    weeks : array_like, shape (n,)
        Length of each course so far, in weeks. An ending after w weeks falls into week ceil(w), at least 1; an open course
        is at risk in each of its floor(w) whole weeks.
    way : array_like of int, shape (n,)
        0 still open, otherwise 1 to `n_ways`.
    n_ways : int
        Ways of ending.

    Raises
    ------
    ValueError
        Shapes differ, a length is negative or missing, or a way is out of range.
    """
    length, how = np.asarray(weeks, dtype=np.float64), np.asarray(way, dtype=np.int64)
    if length.shape != how.shape or length.ndim != 1:
        raise ValueError("weeks and way must be one-dimensional and of the same length")
    if not np.all(length >= 0.0):
        raise ValueError("every length must be known and at least 0")
    if np.any((how < 0) | (how > n_ways)):
        raise ValueError(f"every way must lie between 0 and {n_ways}")
    last = np.where(how > 0, np.maximum(np.ceil(length), 1), np.floor(length)).astype(np.int64)
    size = int(last.max(initial=0))
    leaving = np.bincount(last, minlength=size + 1)
    at_risk = len(last) - np.cumsum(leaving)[:-1] if size else np.zeros(0, dtype=np.int64)
    events = np.zeros((size, n_ways), dtype=np.int64)
    ended = how > 0
    np.add.at(events, (last[ended] - 1, how[ended] - 1), 1)
    return WeeklyEndings(at_risk, events)


def run_off(
    weeks_so_far: npt.ArrayLike,
    table: WeeklyEndings,
    weeks_ahead: npt.ArrayLike,
    *,
    draws: int,
    rng: np.random.Generator,
) -> RunOff:
    """Forecast of who of a caseload will have ended by given weeks after notice, with nobody new.

    Weeks of therapy with fewer than `FEWEST_AT_RISK` people at risk, and all later ones, take the mean weekly
    probabilities of the `TAIL_WEEKS` weeks before. Each draw takes weekly numbers of endings anew from the multinomial
    distribution of the life table, then the fate of each person.

    Parameters
    ----------
    weeks_so_far : array_like, shape (n,)
        Length so far of each person in therapy on the day of notice, in weeks.
    table : WeeklyEndings
        Of courses seen up to the day of notice.
    weeks_ahead : array_like of int, shape (n_times,)
        Increasing.
    draws : int
        Simulated run-offs.
    rng : Generator
        Source of chance.

    Raises
    ------
    ValueError
        `weeks_ahead` does not increase, or fewer than `FEWEST_AT_RISK` people were ever at risk.
    """
    ahead = np.asarray(weeks_ahead, dtype=np.int64)
    if np.any(np.diff(ahead, prepend=0) <= 0):
        raise ValueError("weeks_ahead must be positive and increase")
    known = int(np.count_nonzero(table.at_risk >= FEWEST_AT_RISK))
    if known == 0:
        raise ValueError(f"fewer than {FEWEST_AT_RISK} courses of therapy were seen")
    ages, people = np.unique(
        np.floor(np.asarray(weeks_so_far, dtype=np.float64)).astype(np.int64), return_counts=True
    )
    # beyond the tail's first week every age has the same future: such people form one group
    ages, people = _merge_beyond(ages, people, known)
    size = known + int(ahead[-1]) + 1
    expected = _conditional(_point(table, known), ages, ahead, size)
    share = np.tensordot(people, expected, axes=(0, 0))
    drawn = np.zeros((draws, len(ahead), table.events.shape[1]), dtype=np.int64)
    for d in range(draws):
        path = _conditional(_drawn(table, known, rng), ages, ahead, size)
        drawn[d] = _fates(path, people, rng)
    beyond = int(people[ages >= known].sum())
    return RunOff(ahead, share, drawn, int(people.sum()), beyond)


def _merge_beyond(ages: IntArray, people: IntArray, known: int) -> tuple[IntArray, IntArray]:
    capped = np.minimum(ages, known)
    merged, index = np.unique(capped, return_inverse=True)
    return merged, np.bincount(index, weights=people, minlength=len(merged)).astype(np.int64)


def _tail(table: WeeklyEndings, known: int) -> tuple[int, IntArray]:
    """Person-weeks and endings of the weeks that stand for all later ones."""
    window = slice(max(0, known - TAIL_WEEKS), known)
    return int(table.at_risk[window].sum()), table.events[window].sum(axis=0)


def _point(table: WeeklyEndings, known: int) -> FloatArray:
    exposure, events = _tail(table, known)
    weekly = table.events[:known] / table.at_risk[:known, None]
    return np.vstack([weekly, events / exposure])


def _drawn(table: WeeklyEndings, known: int, rng: np.random.Generator) -> FloatArray:
    """Weekly probabilities with their sampling error; the last row is the tail's."""
    weekly = table.events[:known] / table.at_risk[:known, None]
    stay = 1.0 - weekly.sum(axis=1, keepdims=True)
    cells = rng.multinomial(table.at_risk[:known], np.hstack([weekly, np.maximum(stay, 0.0)]))
    exposure, _ = _tail(table, known)
    window = slice(max(0, known - TAIL_WEEKS), known)
    tail = cells[window, :-1].sum(axis=0) / exposure
    return np.vstack([cells[:, :-1] / table.at_risk[:known, None], tail])


def _conditional(weekly: FloatArray, ages: IntArray, ahead: IntArray, size: int) -> FloatArray:
    """Probability of having ended in each way by each week ahead, by length so far; (n_ages, n_times, n_ways)."""
    rows = np.minimum(np.arange(size), len(weekly) - 1)
    hazard = weekly[rows]
    stay = 1.0 - hazard.sum(axis=1)
    # people of every age walk the same weeks side by side
    span = int(ahead[-1])
    index = np.minimum(ages[:, None] + np.arange(span)[None, :], size - 1)
    alive = np.cumprod(np.maximum(stay[index], 0.0), axis=1)
    before = np.hstack([np.ones((len(ages), 1)), alive[:, :-1]])
    ended = np.cumsum(before[:, :, None] * hazard[index], axis=1)
    return ended[:, ahead - 1, :]


def _fates(path: FloatArray, people: IntArray, rng: np.random.Generator) -> IntArray:
    """Numbers ended by each time in each way, of people who each take one of the paths; (n_times, n_ways)."""
    n_ages, n_times, n_ways = path.shape
    steps = np.diff(path, axis=1, prepend=0.0).reshape(n_ages, n_times * n_ways)
    cells = np.hstack([steps, 1.0 - steps.sum(axis=1, keepdims=True)])
    cells = np.maximum(cells, 0.0)
    counts = rng.multinomial(people, cells / cells.sum(axis=1, keepdims=True))
    in_steps: IntArray = counts[:, :-1].sum(axis=0).reshape(n_times, n_ways)
    return np.cumsum(in_steps, axis=0)
