"""Whether an event at one booking comes with one at the next, beyond what each person's own rate explains.

People who miss often miss twice in a row often, even if every absence fell at random among their bookings. The
expectation given each person's own number of events is exact for series of any length, so that neither differences
between people nor short series bias what is left: the association within people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.wald import interval_estimate

FloatArray = npt.NDArray[np.float64]
METHOD = "expectation over all orders of each person's own bookings; errors with people as clusters"


@dataclass(frozen=True, slots=True)
class RepeatedEvents:
    """Association of neighbouring bookings, in all and within people.

    Attributes
    ----------
    after_event, after_none : Estimate
        Share of events among bookings that follow an event, and among those that follow none.
    expected_after_event, expected_after_none : Estimate
        The same shares if every person's events fell at random among their bookings.
    total : Estimate
        ``after_event - after_none``.
    between : Estimate
        What differences between people alone give: the difference of the two expectations.
    within : Estimate
        ``total - between``; its p value is the permutation test of the number of pairs of events in a row.
    n_people, n_pairs : int
        People with at least two bookings, and neighbouring pairs.
    """

    after_event: Estimate
    after_none: Estimate
    expected_after_event: Estimate
    expected_after_none: Estimate
    total: Estimate
    between: Estimate
    within: Estimate
    n_people: int
    n_pairs: int


@dataclass(frozen=True, slots=True)
class _Person:
    """Sums of each person: pairs by what came before, observed and expected, and the permutation variance."""

    both: FloatArray
    first: FloatArray
    second_only: FloatArray
    none_first: FloatArray
    expected_both: FloatArray
    expected_first: FloatArray
    expected_second_only: FloatArray
    expected_none_first: FloatArray
    variance: FloatArray


def repeated_events(
    event: npt.ArrayLike, person: npt.ArrayLike, *, conf_level: float = 0.95
) -> RepeatedEvents:
    r"""Shares after an event and after none, and the part that people's own rates do not explain.

    For a person with S events at T bookings and all orders equally likely, the numbers of neighbouring pairs have
    expectations :math:`E[N_{11}] = S(S-1)/T`, :math:`E[N_{01}] = S(T-S)/T`, :math:`E[N_{1\cdot}] = S(T-1)/T` and
    variance :math:`V[N_{11}] = (T-S)(T-S+1)S(S-1) / \{T^2(T-1)\}`: the pairs are S less the number of runs of events,
    which is hypergeometric, :math:`P(R=r) = \binom{S-1}{r-1}\binom{T-S+1}{r} / \binom{T}{S}` (Wald and Wolfowitz 1940,
    Annals of Mathematical Statistics 11, 147-162). Shares are ratios of totals over people; their errors are linearised
    with people as the sampled units and t on n - 1 degrees of freedom.

    Parameters
    ----------
    event : array_like of bool, shape (n,)
        Whether the booking was missed; the bookings of a person in order of time.
    person : array_like of int, shape (n,)
        Whose booking; the rows of a person stand together.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    RepeatedEvents
        Not estimable, with the reason, where no booking follows an event or none follows a booking without one.

    Raises
    ------
    ValueError
        If lengths differ or the rows of a person do not stand together.
    """
    missed, who = np.asarray(event, dtype=bool), np.asarray(person)
    if missed.shape != who.shape or missed.ndim != 1:
        raise ValueError("event and person must be one-dimensional and of one length")
    sums = _sums(missed, who)
    n, pairs = len(sums.both), int(sums.first.sum() + sums.none_first.sum())
    if n < 2 or not sums.first.sum() or not sums.none_first.sum():
        return _refusal(n, pairs, conf_level)
    parts = [
        _ratio(sums.both, sums.first),
        _ratio(sums.second_only, sums.none_first),
        _ratio(sums.expected_both, sums.expected_first),
        _ratio(sums.expected_second_only, sums.expected_none_first),
    ]
    (a, ia), (b, ib), (c, ic), (d, id_) = parts
    p_value = _permutation_p(sums)
    return RepeatedEvents(
        _share(a, ia, conf_level),
        _share(b, ib, conf_level),
        _share(c, ic, conf_level),
        _share(d, id_, conf_level),
        _estimate(a - b, ia - ib, conf_level),
        _estimate(c - d, ic - id_, conf_level),
        _estimate(a - b - c + d, ia - ib - ic + id_, conf_level, p_value),
        n,
        pairs,
    )


def _sums(missed: npt.NDArray[np.bool_], who: npt.NDArray[np.generic]) -> _Person:
    starts = np.flatnonzero(np.r_[True, who[1:] != who[:-1]]) if len(who) else np.empty(0, int)
    if len(np.unique(who)) != len(starts):
        raise ValueError("the rows of a person must stand together")
    code = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(who)]))
    total = np.bincount(code).astype(float) if len(code) else np.empty(0)
    events = np.bincount(code, missed) if len(code) else np.empty(0)
    same = code[1:] == code[:-1]
    before, after, owner = missed[:-1][same], missed[1:][same], code[1:][same]

    def count(flag: npt.NDArray[np.bool_]) -> FloatArray:
        """How many occasions of each person carry the flag."""
        return np.bincount(owner, flag, minlength=len(starts)).astype(np.float64)

    keep = total >= 2
    t, s = total[keep], events[keep]
    rest = t - s
    return _Person(
        count(before & after)[keep],
        count(before)[keep],
        count(~before & after)[keep],
        count(~before)[keep],
        s * (s - 1) / t,
        s * (t - 1) / t,
        s * rest / t,
        rest * (t - 1) / t,
        rest * (rest + 1) * s * (s - 1) / (t**2 * (t - 1)),
    )


def _ratio(top: FloatArray, bottom: FloatArray) -> tuple[float, FloatArray]:
    """Ratio of totals and each person's influence on it."""
    total = float(bottom.sum())
    value = float(top.sum()) / total
    return value, (top - value * bottom) / total


def _permutation_p(sums: _Person) -> float:
    """Two-sided, normal approximation to the permutation distribution of the pairs of events."""
    spread = float(np.sqrt(sums.variance.sum()))
    if not spread:
        return float("nan")
    return float(2.0 * ndtr(-abs(float((sums.both - sums.expected_both).sum())) / spread))


def _estimate(
    value: float, influence: FloatArray, conf_level: float, p_value: float = float("nan")
) -> Estimate:
    n = len(influence)
    error = float(np.sqrt(n / (n - 1) * np.square(influence).sum()))
    found = interval_estimate(value, error, conf_level=conf_level, df=float(n - 1), method=METHOD)
    return replace(found, p_value=p_value)


def _share(value: float, influence: FloatArray, conf_level: float) -> Estimate:
    found = _estimate(value, influence, conf_level)
    return replace(found, conf_low=max(found.conf_low, 0.0), conf_high=min(found.conf_high, 1.0))


def _refusal(n: int, pairs: int, conf_level: float) -> RepeatedEvents:
    reason = "too few people with two bookings, or no booking follows a missed (or a kept) one"
    none = not_estimable(reason, method=METHOD, conf_level=conf_level)
    return RepeatedEvents(none, none, none, none, none, none, none, n, pairs)
