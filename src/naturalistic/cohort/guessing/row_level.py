"""Whether a column says something on each row, or the same on every row of a person."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from naturalistic.cohort.guessing.column import Column

_REPEATED = 1.2
_MOST_SLIPS = 0.05
_BESIDE = 0.5


def same_on_every_row(column: Column, owner: Column) -> bool:
    """Nobody (but for slips) has two different values, though people have several filled rows.

    A date that is repeated on every row of a person, such as that of the assessment, is none of the row.

    Parameters
    ----------
    column : Column
    owner : Column
        Whose row each is.
    """
    held = ~column.missing[column.cells.codes] & ~owner.missing[owner.cells.codes]
    people = np.unique(owner.cells.codes[held])
    if held.sum() < _REPEATED * max(1, len(people)):
        return False
    width = len(column.cells.values)
    pairs = owner.cells.codes[held].astype(np.int64) * width + column.cells.codes[held]
    return bool(len(np.unique(pairs)) <= (1 + _MOST_SLIPS) * len(people))


def beside(column: Column, others: Iterable[Column]) -> bool:
    """Most rows that hold any of the others hold this column too."""
    rows = np.zeros(len(column.cells.codes), dtype=bool)
    for other in others:
        rows |= ~other.missing[other.cells.codes]
    if not rows.any():
        return True
    return bool((~column.missing[column.cells.codes])[rows].mean() >= _BESIDE)
