"""Over which form of time a score is modelled: five candidates and the declared rule that chooses one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from naturalistic.analyses.outcome.people import FloatArray
from naturalistic.stats.splines import restricted_cubic_spline, spline_knots

SPLINE_KNOTS = 4
SESSIONS_A_UNIT = 10.0


@dataclass(frozen=True)
class Clock:
    """What time is counted in.

    Attributes
    ----------
    unit : {"attended_sessions", "months"}
    origin : float
        Value of the clock at the start of therapy: session 1, or month 0.
    per : float
        Steps of the clock in one unit of the coefficient: ten sessions, one month.
    """

    unit: str
    origin: float
    per: float


SESSIONS = Clock("attended_sessions", 1.0, SESSIONS_A_UNIT)
MONTHS = Clock("months", 0.0, 1.0)


@dataclass(frozen=True)
class TimeForm:
    """One form of time.

    Attributes
    ----------
    name : str
    columns : callable
        From values of the clock to columns; the first is the one on which people, therapists and groups differ.
    words : str
        What one unit of the first column is.
    fewest_times : int
        Different times it needs.
    """

    name: str
    columns: Callable[[FloatArray], FloatArray]
    words: str
    fewest_times: int


def time_forms(clock: Clock, seen: FloatArray) -> tuple[list[TimeForm], dict[str, str]]:
    """The five candidates, and why one of them cannot be had.

    Linear; logarithm to the base 2 (of the session number, or of months + 1); quadratic; piecewise linear with a knot at
    the median time; restricted cubic spline with four knots at Harrell's quantiles.

    Parameters
    ----------
    clock : Clock
    seen : ndarray
        Times of the forms; knots are quantiles of those after the start.
    """
    names = {
        "attended_sessions": ("per 10 sessions", "per doubling of the number of sessions"),
        "months": ("a month", "per doubling of the months since the start plus one"),
    }
    each, doubling = names[clock.unit]
    later = seen[seen > clock.origin]

    def linear(time: FloatArray) -> FloatArray:
        return ((time - clock.origin) / clock.per)[:, np.newaxis]

    def logarithm(time: FloatArray) -> FloatArray:
        return np.log2(time - clock.origin + 1.0)[:, np.newaxis]

    def quadratic(time: FloatArray) -> FloatArray:
        return np.column_stack([linear(time), linear(time) ** 2])

    forms = [
        TimeForm("linear", linear, each, 2),
        TimeForm("logarithm", logarithm, doubling, 2),
        TimeForm("quadratic", quadratic, f"{each}, at the start", 3),
    ]
    refused: dict[str, str] = {}
    if len(later):
        forms.append(_piecewise(linear, clock, float(np.median(later)), each))
    else:
        refused["piecewise"] = "no form after the start"
    try:
        knots = spline_knots(linear(later)[:, 0], SPLINE_KNOTS)
    except ValueError as error:
        refused["spline"] = str(error)
    else:

        def spline(time: FloatArray) -> FloatArray:
            return restricted_cubic_spline(linear(time)[:, 0], knots)

        forms.append(TimeForm("spline", spline, f"{each}, at the start", 5))
    return forms, refused


def _piecewise(
    linear: Callable[[FloatArray], FloatArray], clock: Clock, knot: float, each: str
) -> TimeForm:
    bend = (knot - clock.origin) / clock.per

    def columns(time: FloatArray) -> FloatArray:
        x = linear(time)
        return np.column_stack([x, np.maximum(x - bend, 0.0)])

    unit = "session" if clock is SESSIONS else "month"
    return TimeForm("piecewise", columns, f"{each}, up to {unit} {knot:g}", 3)
