"""What changed since the last extract, in sentences for the terminal."""

from __future__ import annotations

import math

import pandas as pd

from naturalistic.cohort.drift.lines import WHAT

_LISTED = {
    "column_new": ("new column", "new columns"),
    "column_gone": ("column is gone", "columns are gone"),
}
_NAMES_SHOWN = 8


def drift_sentences(drift: pd.DataFrame) -> list[str]:
    """One sentence for each marked line of a comparison, the structure of the extract first, then the largest shifts.

    Parameters
    ----------
    drift : DataFrame
        From `compare.compare`.
    """
    marked = drift[drift["changed"] == "yes"]
    listed = marked["what"].isin(list(_LISTED))
    said = [_columns(rows) for _, rows in marked[listed].groupby(["file", "what"], sort=False)]
    rest = marked[~listed]
    order = rest.assign(
        place=rest["what"].map(list(WHAT).index), size=-rest["standardised_difference"].abs()
    )
    by_size = order["standardised_difference"].notna()
    order.loc[by_size, "place"] = list(WHAT).index("shares")
    order = order.sort_values(["place", "size"], kind="stable")
    return said + [_sentence(row) for row in order.to_dict("records")]


def rows_sentence(drift: pd.DataFrame) -> str:
    """How many rows each file had and has."""
    rows = drift[drift["what"] == "rows"]
    shown = [
        f"{file} {int(a):,} -> {int(b):,}"
        for file, a, b in zip(rows["file"], rows["earlier"], rows["now"], strict=True)
    ]
    return f"Rows: {', '.join(shown)}."


def _columns(rows: pd.DataFrame) -> str:
    names = list(rows["column"])
    one, several = _LISTED[rows["what"].iloc[0]]
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    label = one if len(names) == 1 else several
    return f"{rows['file'].iloc[0]}: {len(names)} {label}: {', '.join(names[:_NAMES_SHOWN])}{more}."


def _sentence(row: dict) -> str:
    what = row["what"]
    where = f"{row['file']}, {row['column']}" if row["column"] else row["file"]
    if what in ("code_new", "code_gone"):
        side = "now" if what == "code_new" else "before"
        held = row["now"] if what == "code_new" else row["earlier"]
        state = "is new" if what == "code_new" else "is gone"
        return f"{where}: the code {row['code']!r} {state} ({held} {side})."
    if what == "codes_new_rare":
        codes = "code" if row["now"] == "1" else "codes"
        return f"{where}: {row['now']} new {codes} that fewer than ten rows or people share."
    sides = f"{row['earlier']} -> {row['now']}" if row["earlier"] or row["now"] else ""
    if not math.isnan(size := row["standardised_difference"]):
        return f"{where}: {WHAT[what]}: {sides}{_size(size, row['chance_limit'])}."
    return f"{where}: {WHAT[what]}{': ' if sides else ''}{sides}."


def _size(size: float, by_chance: float) -> str:
    if math.isinf(size):
        return " (nothing in common)"
    chance = "" if math.isnan(by_chance) else f"; by chance up to {by_chance:.2f}"
    return f" (standardised difference {size:.2f}{chance})"
