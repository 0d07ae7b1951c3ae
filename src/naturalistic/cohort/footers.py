"""Rows below a table that are nobody's: totals, and notes of who made the export."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from naturalistic.cohort.cells import Cells
from naturalistic.cohort.reading import RawFile

FOOTER_RULE = "row_below_the_table"
_MOST_ROWS = 5
_TOTAL = re.compile(
    r"(?:(?:grand|sub|over ?all)?[ -]?totals?|sum|count|averages?|overall)\b[^A-Za-z]*",
    re.IGNORECASE,
)
_FEWEST_WORDS = 3
_FEWEST_COLUMNS = 3


def without_footer(raw: RawFile, ids: Iterable[str]) -> tuple[RawFile, np.ndarray]:
    """Leave out the rows below the table.

    From the last row upwards, at most five: a row with a word for a total in place of an id, or one that is empty but for a
    sentence of three words or more. The first row that is neither ends the search.

    Parameters
    ----------
    raw : RawFile
    ids : iterable of str
        Columns that hold the numbers of people or referrals.

    Returns
    -------
    RawFile, ndarray of int64
        The file without these rows, and their numbers.
    """
    named = [raw.columns[name] for name in ids if name in raw.columns]
    n_rows, left = len(raw.rows), len(raw.rows)
    while named and left > max(1, n_rows - _MOST_ROWS) and _is_footer(raw, named, left - 1):
        left -= 1
    if left == n_rows:
        return raw, np.empty(0, np.int64)
    kept = np.arange(left)
    columns = {name: cells.take(kept) for name, cells in raw.columns.items()}
    gone = (*raw.left_out, (FOOTER_RULE, n_rows - left))
    return replace(raw, columns=columns, rows=raw.rows[:left], left_out=gone), raw.rows[left:]


def _is_footer(raw: RawFile, named: list[Cells], row: int) -> bool:
    texts = [_text(cells, row) for cells in named]
    if any(_TOTAL.fullmatch(text) for text in texts):
        return True
    filled = [text for cells in raw.columns.values() if (text := _text(cells, row))]
    alone = len(filled) == 1 and len(raw.columns) >= _FEWEST_COLUMNS
    return alone and len(filled[0].split()) >= _FEWEST_WORDS


def _text(cells: Cells, row: int) -> str:
    return str(cells.values[cells.codes[row]])
