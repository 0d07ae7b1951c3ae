"""What earlier releases of the same cohort showed: two releases side by side must not give a few people away.

A new data cut adds people. Where a count stood in an earlier release and stands in this one, their difference is a count
too: of those who came between. The ledger keeps, inside the organisation, what each release showed; a new release is
compared with every earlier one, and cells whose difference is small are named to the person who signs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from naturalistic.release.profiles import load_profile
from naturalistic.tables.estimates import COUNT_COLUMNS, KEY_COLUMNS

COMPARED = tuple(c for c in COUNT_COLUMNS if c != "n_therapists")
DIFFERENCE_COLUMNS = (*KEY_COLUMNS, "column", "release", "why")
SMALL_STEP = "shown in both releases; the difference is small and what is shown changed"
NOW_SHOWN = "withheld in the earlier release, shown now"
NOW_WITHHELD = "shown in the earlier release, withheld now"


def ledger_entry(
    exact: Mapping[str, pd.DataFrame],
    released: Mapping[str, pd.DataFrame],
    coarser: pd.DataFrame | None = None,
    base: int = 1,
) -> pd.DataFrame:
    """One row a count of a release: its key, its column, its true value, what was shown, and rounded to what.

    Parameters
    ----------
    exact, released : mapping of str to DataFrame
        Rows at full precision and as they were seen, by analysis; what is withheld is missing.
    coarser : DataFrame, optional
        Counts rounded more coarsely than to the base, from `Protected`.
    base : int
        What the others are rounded to.
    """
    parts = []
    for name, frame in exact.items():
        before, after = frame.reset_index(drop=True), released[name].iloc[: len(frame)]
        keys = before[list(KEY_COLUMNS)].astype("object")
        for column in COMPARED:
            known = before[column].notna().to_numpy()
            part = keys[known].assign(
                column=column,
                exact=before.loc[known, column].astype("float64"),
                shown=after[column].astype("float64").to_numpy()[known],
            )
            parts.append(part)
    table = _plain(pd.concat(parts, ignore_index=True))
    if coarser is None or coarser.empty:
        return table.assign(rounded_to=float(base))
    keys_of = [*KEY_COLUMNS, "column"]
    joined = table.merge(_plain(coarser)[[*keys_of, "rounded_to"]], on=keys_of, how="left")
    return joined.assign(rounded_to=joined["rounded_to"].fillna(base).astype("float64"))


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """The key as text, so that rows of two tables meet."""
    table = table.copy()
    keys = table[list(KEY_COLUMNS)].astype("object")
    table[list(KEY_COLUMNS)] = keys.where(keys.notna(), "").astype(str)
    return table


def differences(
    now: pd.DataFrame, earlier: Mapping[str, pd.DataFrame], profile_name: str
) -> pd.DataFrame:
    """Cells that an earlier release and this one together narrow down to a few people.

    Parameters
    ----------
    now : DataFrame
        `ledger_entry` of this release.
    earlier : mapping of str to DataFrame
        That of each earlier release.
    profile_name : str
        Disclosure profile.

    Returns
    -------
    DataFrame
        Key, column, earlier release and why. It holds no count, but it names small groups: it stays inside.
    """
    threshold = load_profile(profile_name).threshold
    keys = [*KEY_COLUMNS, "column"]
    found = [pd.DataFrame(columns=list(DIFFERENCE_COLUMNS))]
    for name, before in earlier.items():
        both = before.merge(now, on=keys, suffixes=("_before", "_now"))
        step = (both["exact_now"] - both["exact_before"]).abs()
        seen_before, seen_now = both["shown_before"].notna(), both["shown_now"].notna()
        changed = both["shown_now"] != both["shown_before"]
        why = np.select(
            [
                seen_before & seen_now & changed & (step >= 1) & (step <= threshold),
                ~seen_before & seen_now & (step <= threshold),
                seen_before & ~seen_now & (step <= threshold),
            ],
            [SMALL_STEP, NOW_SHOWN, NOW_WITHHELD],
            default="",
        )
        named = both.loc[why != "", keys].assign(release=name, why=why[why != ""])
        found.append(named)
    return pd.concat([f for f in found if len(f)] or found, ignore_index=True)
