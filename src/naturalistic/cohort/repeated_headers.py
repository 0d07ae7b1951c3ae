"""Rows that repeat the names of the columns, as exports that were printed page by page do."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from naturalistic.cohort.reading import RawFile, tidy_name

HEADER_RULE = "header_repeated"
_NUMBERED = re.compile(r" \(\d+\)$")
_FEWEST_COLUMNS = 2


def without_repeated_headers(raw: RawFile) -> tuple[RawFile, np.ndarray]:
    """Leave out the rows that hold nothing but the names of their columns.

    Parameters
    ----------
    raw : RawFile

    Returns
    -------
    RawFile, ndarray of int64
        The file without these rows, and their numbers.
    """
    if len(raw.columns) < _FEWEST_COLUMNS:
        return raw, np.empty(0, np.int64)
    header = np.ones(len(raw.rows), dtype=bool)
    for name, cells in raw.columns.items():
        if not header.any():
            break
        names = {name.casefold(), _NUMBERED.sub("", name).casefold()}
        is_name = np.array([tidy_name(text).casefold() in names for text in cells.values], bool)
        header &= is_name[cells.codes]
    if not header.any():
        return raw, np.empty(0, np.int64)
    kept = np.flatnonzero(~header)
    columns = {name: cells.take(kept) for name, cells in raw.columns.items()}
    gone = (*raw.left_out, (HEADER_RULE, int(header.sum())))
    return replace(raw, columns=columns, rows=raw.rows[kept], left_out=gone), raw.rows[header]
