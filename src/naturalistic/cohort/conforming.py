"""Drafts as canonical tables, typed by their contract without touching every cell."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from naturalistic.cohort.cells import categorical
from naturalistic.cohort.pseudonyms import MISSING
from naturalistic.tables.cohort import COHORT_TABLES


def empty_table(table: str) -> pd.DataFrame:
    """The canonical table without a row."""
    return _empty(table).copy()


@cache
def _empty(table: str) -> pd.DataFrame:
    return COHORT_TABLES[table].empty()


def conform(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as its contract wants it.

    The same as `Table.conform`, but the words of millions of rows are only touched by their positions.
    """
    contract = COHORT_TABLES[table]
    data: dict[str, object] = {}
    nothing = _empty(table)
    for column in contract.columns:
        if column.name not in frame:
            data[column.name] = nothing[column.name].reindex(range(len(frame))).array
            continue
        values = frame[column.name]
        if column.kind == "id" and not column.required:
            numbers = values.to_numpy()
            data[column.name] = pd.arrays.IntegerArray(numbers.copy(), numbers == MISSING)
        elif column.kind == "category":
            data[column.name] = _words_in_use(pd.Categorical(values), column.levels)
        else:
            data[column.name] = values.astype(column.dtype).array
    return pd.DataFrame(data, copy=False)


def _words_in_use(words: pd.Categorical, levels: tuple[str, ...]) -> pd.Categorical:
    held = np.asarray(words.categories, dtype=object)
    used = np.bincount(words.codes[words.codes >= 0], minlength=len(held)) > 0
    wanted = list(levels) or sorted(held[used])
    place = {word: i for i, word in enumerate(wanted)}
    positions = np.array([place.get(word, -1) for word in held] + [-1], dtype=np.int32)
    return categorical(positions[words.codes], wanted)
