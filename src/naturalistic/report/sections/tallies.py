"""How many of several numbers improved, got worse, or did not show which way they moved."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from naturalistic.report.released import has_interval
from naturalistic.report.wording import listed


def tally(rows: Sequence[pd.Series | None], noun: str) -> str:
    """One sentence on the rows with an interval, improvement positive; empty where there is none.

    Parameters
    ----------
    rows : sequence of Series or None
        Rows of the estimates table.
    noun : str
        What is counted, in the singular: `other scale`.
    """
    known = [row for row in rows if row is not None and has_interval(row)]
    if not known:
        return ""
    counts = {
        "improved": sum(bool(row["conf_low"] > 0) for row in known),
        "got worse": sum(bool(row["conf_high"] < 0) for row in known),
    }
    counts["did not show which way it moved"] = len(known) - sum(counts.values())
    if len(known) == 1:
        return f"The one {noun} {next(words for words, n in counts.items() if n)}."
    given = {words.replace("it moved", "they moved"): n for words, n in counts.items() if n}
    if len(given) == 1:
        return f"All {len(known)} {noun}s {next(iter(given))}."
    return f"Of {len(known)} {noun}s {listed(f'{n} {words}' for words, n in given.items())}."


def relation(row: pd.Series) -> str:
    """How a change stands to a published one, from the interval of their difference."""
    if row["conf_low"] > 0:
        return "larger than"
    return "smaller than" if row["conf_high"] < 0 else "not clearly different from"
