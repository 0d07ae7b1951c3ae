"""Where the names of the columns stand: below titles, in one line or in two above each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from naturalistic.cohort.cells import Cells, read_numbers
from naturalistic.cohort.guessing.dates import guess_dates
from naturalistic.cohort.identifiers import identifying_shapes
from naturalistic.cohort.numerals import EITHER
from naturalistic.cohort.reading import joined_header, tidy_name

ROWS_LOOKED_AT = 14
_FAR = np.datetime64("2100-01-01", "D")


def find_header(lines: Sequence[Sequence[str]]) -> tuple[int, int] | None:
    """The first line of the header, counted from 1, and how many lines it has.

    A line is a header where most columns have a name of their own in it and it holds no data. The line above belongs to it
    where it tells names apart that stand twice, the line below where it fills what is left empty.

    Parameters
    ----------
    lines : sequence of sequence of str
        The first rows of a file.

    Returns
    -------
    tuple of int, or None
        None where no line is a header.
    """
    width = max((len(_filled(line)) for line in lines), default=0)
    padded = [[*map(tidy_name, line), *[""] * (width - len(line))][:width] for line in lines]
    for place, line in enumerate(padded):
        if is_header(line):
            if place and _tells_apart(padded[place - 1], line):
                return place, 2
            if place + 1 < len(padded) and _completes(line, padded[place + 1]):
                return place + 1, 2
            return place + 1, 1
        if holds_data(line):
            return None
    return None


def _filled(line: Sequence[str]) -> Sequence[str]:
    """The line up to its last cell that holds anything."""
    last = max((place for place, text in enumerate(line) if tidy_name(text)), default=-1)
    return line[: last + 1]


def _tells_apart(above: list[str], names: list[str]) -> bool:
    """The line above holds names of groups: with them fewer names stand twice."""
    held = [text for text in above if text]
    if len(held) < 2 or holds_data(above):
        return False
    return len(set(joined_header([above, names]))) > len(set(names))


def _completes(names: list[str], below: list[str]) -> bool:
    """The line below goes on with the names: it is filled under each group and its empty cells, and nowhere else.

    A row of data would hold an id or a name of a person under a column that has its whole name above.
    """
    gaps = [place for place, name in enumerate(names) if not name]
    if not gaps or not names[0] or holds_data(below):
        return False
    heads = {max(p for p in range(gap) if names[p]) for gap in gaps}
    filled = {place for place, text in enumerate(below) if text}
    return filled == heads | set(gaps) and not any(below[p][:1].isdigit() for p in filled)


def is_header(header: Sequence[str]) -> bool:
    """Most cells hold a name of their own."""
    named = [name for name in header if name]
    return (
        bool(named)
        and len(named) >= 0.6 * len(header)
        and not holds_data(header)
        and len(set(named)) > 0.5 * len(named)
    )


def holds_data(header: Sequence[str]) -> bool:
    """Cells that no name of a column has: dates, numbers, NHS numbers, addresses."""
    named = [name for name in header if name]
    if not named:
        return False
    texts = np.array(named, dtype=object)
    shapes = identifying_shapes(texts, is_id=False)
    if {"nhs_number", "email_address", "full_postcode", "phone_number"} & set(shapes):
        return True
    plain = Cells(np.arange(len(texts), dtype=np.int32), texts)
    numbers = int((~np.isnan(read_numbers(plain, None, (), EITHER)[0])).sum())
    dates = sum(guess_dates(np.array([t], object), _FAR, typed=False) is not None for t in named)
    return numbers + dates >= max(1, 0.3 * len(named)) and len(named) > 1
