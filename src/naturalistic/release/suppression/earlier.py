"""What earlier releases of the same cohort showed, as counts beside those of this one.

An earlier data cut holds some of the same people. Whoever has both releases knows what each shows, how counts hang together
in each, and that a count which only grows was no larger before. The counts of an earlier release are fixed: they cannot be
withheld any more, but they must not be given away by this one, nor help to give away those of this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from naturalistic.release.profiles import Profile
from naturalistic.release.row_keys import text
from naturalistic.release.suppression.counts import Counts, collect, families
from naturalistic.release.suppression.links import find_links
from naturalistic.release.suppression.links_model import Links
from naturalistic.release.suppression.shown import Shown, interval
from naturalistic.tables.estimates import COUNT_COLUMNS, KEY_COLUMNS

GROWING = ("n_patients", "n_episodes", "n_events", "numerator", "denominator")


@dataclass
class Earlier:
    """Counts of earlier releases among all counts.

    Attributes
    ----------
    ranges : dict of int to (float, float)
        Smallest and largest number that each can be, by its number; those not shown have no end.
    """

    ranges: dict[int, tuple[float, float]] = field(default_factory=dict)

    def known(self, shown: Shown) -> Shown:
        """What is known of all counts: of those of earlier releases what was shown then."""
        low, high = shown.low.copy(), shown.high.copy()
        for number, (least, most) in self.ranges.items():
            low[number], high[number] = least, most
        return Shown(low, high)


def add_earlier(
    frame: pd.DataFrame,
    counts: Counts,
    links: Links,
    entries: Mapping[str, pd.DataFrame],
    profile: Profile,
) -> Earlier:
    """Counts and relations of earlier releases, added to those of this one.

    Parameters
    ----------
    frame : DataFrame
        Rows of this release.
    counts, links : Counts, Links
        Of this release; those of the earlier ones are added.
    entries : mapping of str to DataFrame
        What each earlier release showed, from `ledger.ledger_entry`.
    profile : Profile
        Rules.
    """
    earlier = Earlier()
    for name, entry in entries.items():
        _add(frame, counts, links, (name, entry), profile, earlier)
    return earlier


def _add(
    frame: pd.DataFrame,
    counts: Counts,
    links: Links,
    release: tuple[str, pd.DataFrame],
    profile: Profile,
    earlier: Earlier,
) -> None:
    name, entry = release
    if "rounded_to" not in entry:  # noted by an older version: the narrowest it can have been
        entry = entry.assign(rounded_to=float(profile.rounding_base))
    before = _rows(entry, "exact")
    groups = families(before)
    old = collect(before, groups, profile.threshold)
    relations = find_links(before, groups, old)
    new = [counts.number(f"{place} @{name}", value) for place, value in old.names]
    for twin, number in old.twins.items():
        counts.twins[new[twin]] = new[number]
    for mine, theirs in ((relations.equal, links.equal), (relations.at_most, links.at_most)):
        for relation in mine:
            theirs[tuple(sorted((new[n], c) for n, c in relation))] = None
    earlier.ranges |= dict.fromkeys(new, (0.0, np.inf))
    shown, rounded = _rows(entry, "shown"), _rows(entry, "rounded_to")
    for column in (*GROWING, "n_missing"):
        seen = np.flatnonzero(shown[column].notna().to_numpy() & (old.of[column] >= 0))
        low, high = interval(
            before[column].to_numpy()[seen], rounded[column].to_numpy()[seen], profile
        )
        for row, least, most in zip(seen, low, high, strict=True):
            number = new[int(old.of[column][row])]
            a, b = earlier.ranges[number]
            earlier.ranges[number] = max(a, float(least)), min(b, float(most))
    _grown(frame, counts, links, before, old, new)


def _rows(entry: pd.DataFrame, value: str) -> pd.DataFrame:
    """One row a key, always in the same order, with the counts of one kind (exact, shown, rounded to)."""
    keys = list(KEY_COLUMNS)
    wide = entry.set_index([*keys, "column"])[value].unstack("column").reset_index()
    wide["time"] = pd.to_numeric(wide["time"].where(wide["time"] != ""))
    missing = [c for c in (*COUNT_COLUMNS, "estimate") if c not in wide]
    return wide.assign(**dict.fromkeys(missing, np.nan))


def _grown(
    frame: pd.DataFrame,
    counts: Counts,
    links: Links,
    before: pd.DataFrame,
    old: Counts,
    new: list[int],
) -> None:
    """A count that is no smaller now than it was: it only grew."""
    place = {key: row for row, key in enumerate(_keys(frame))}
    for row, key in enumerate(_keys(before)):
        now = place.get(key)
        if now is None:
            continue
        for column in GROWING:
            then, today = int(old.of[column][row]), int(counts.of[column][now])
            if then >= 0 and today >= 0 and old.names[then][1] <= counts.names[today][1]:
                links.within((new[then],), today)


def _keys(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(zip(*(text(frame, column) for column in KEY_COLUMNS), strict=True))
