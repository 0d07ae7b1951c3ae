"""Sessions attended, what was missed before each, and whether the person dropped out after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naturalistic.analyses.attending.bookings import Bookings, BoolArray, IntArray

TENTHS = 10


@dataclass(frozen=True, eq=False)
class Steps:
    """Attended sessions from the second on, and whether the person dropped out after each.

    Attributes
    ----------
    person, number : (n,) int arrays
        Row of the person and number of the attended session.
    recent : (n,) bool array
        Something was missed between this and the attended session before.
    earlier : (n,) int array
        Share of earlier bookings missed, in tenths.
    left : (n,) bool array
        Dropped out after this session.
    """

    person: IntArray
    number: IntArray
    recent: BoolArray
    earlier: IntArray
    left: BoolArray


def steps_of(bookings: Bookings, state: npt.NDArray[np.object_]) -> Steps:
    """The steps of everyone; the last step of people whose leaving cannot be judged is left out.

    Parameters
    ----------
    bookings : Bookings
        Of everyone who started.
    state : (n_people,) array of str
        ``dropout``, ``other_end``, ``open`` or ``unknown``.
    """
    total = np.cumsum(bookings.missed)
    start: IntArray = total - bookings.missed
    first = np.arange(len(bookings)) - bookings.number + 1
    missed_so_far = total - start[first] if len(bookings) else total
    attended = bookings.only(bookings.seen)
    missed, position = missed_so_far[bookings.seen], bookings.number[bookings.seen]
    follows = attended.same_as_before
    last = np.ones(len(attended), dtype=bool)
    last[:-1] = attended.person[1:] != attended.person[:-1]
    here = state[attended.person]
    judged = ~last | np.isin(here, ("dropout", "other_end"))
    use = follows & judged
    before = np.flatnonzero(use) - 1
    return Steps(
        attended.person[use],
        attended.number[use],
        missed[use] > missed[before],
        np.rint(TENTHS * missed[before] / position[before]).astype(np.int64),
        (last & (here == "dropout"))[use],
    )
