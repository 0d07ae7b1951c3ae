"""The lines of a comparison of two extracts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pandas as pd

from naturalistic.cohort.drift.shifts import Shift

# what a line compares -> what it says when it is marked
WHAT = {
    "file_new": "the file is new",
    "file_gone": "the file is gone",
    "column_new": "the column is new in the file",
    "column_gone": "the column is gone from the file",
    "column_now_mapped": "the mapping did not read the column last time",
    "column_not_mapped": "the mapping does not read the column any more",
    "rows": "rows",
    "read_as": "how the file was read",
    "looks": "what its cells look like",
    "missing": "share of rows without a value",
    "unreadable": "share of values that are no number or no date",
    "code_new": "the code is new",
    "codes_new_rare": "new codes that fewer than ten rows or people share",
    "code_gone": "no row holds the code any more",
    "shares": "shares of the codes",
    "mean": "mean",
    "quantiles": "percentiles 10, 25, 50, 75, 90",
    "period": "first and last month with ten rows or more",
    "months_under_ten": "months between them with fewer than ten rows",
    "rows_of_shared_months": "rows of the months that have ten or more in both extracts",
}
_ALWAYS = frozenset(
    [
        "file_new",
        "file_gone",
        "column_new",
        "column_gone",
        "code_new",
        "code_gone",
        "codes_new_rare",
    ]
)
COLUMNS = (
    *("file", "column", "meaning", "what", "code", "earlier", "now"),
    *("standardised_difference", "chance_limit", "changed"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison.

    Attributes
    ----------
    what : str
        A word of `WHAT`.
    file, column, meaning, code : str
        What it is about.
    earlier, now : str
        Both sides as text; empty where a side does not have it.
    standardised_difference, chance_limit : float
        See `shifts.Shift`; NaN where it is no matter of size.
    changed : str
        "yes" where it is pointed out, else "no".
    """

    what: str
    earlier: str = ""
    now: str = ""
    file: str = ""
    column: str = ""
    meaning: str = ""
    code: str = ""
    standardised_difference: float = math.nan
    chance_limit: float = math.nan
    changed: str = "no"


@dataclass(frozen=True, slots=True)
class About:
    """The file or column that lines are about.

    Attributes
    ----------
    file, column, meaning : str
    """

    file: str
    column: str = ""
    meaning: str = ""

    def line(
        self,
        what: str,
        earlier: object = "",
        now: object = "",
        *,
        code: str = "",
        marked: bool = False,
    ) -> Line:
        """A line without a size."""
        return Line(
            what,
            str(earlier),
            str(now),
            self.file,
            self.column,
            self.meaning,
            code,
            changed=_yes(marked or what in _ALWAYS),
        )

    def sized(self, what: str, sides: Iterable[str], shift: Shift) -> Line:
        """A line with a standardised difference."""
        earlier, now = sides
        return Line(
            what,
            earlier,
            now,
            self.file,
            self.column,
            self.meaning,
            "",
            shift.size,
            shift.by_chance,
            _yes(shift.clear),
        )


def _yes(changed: bool) -> str:
    return "yes" if changed else "no"


def frame_of(lines: Iterable[Line]) -> pd.DataFrame:
    """Lines as a table with the columns `COLUMNS`."""
    frame = pd.DataFrame([asdict(line) for line in lines], columns=list(COLUMNS))
    return frame.astype({"standardised_difference": "float64", "chance_limit": "float64"})
