"""Clock times as times of day: only the part of the day is kept."""

from __future__ import annotations

import re

import numpy as np

from naturalistic.cohort.cells import Cells, cell_text

_CLOCK = re.compile(
    r"(?:.*[T ])?(?P<hour>[01]?\d|2[0-3])[:.](?P<minute>[0-5]\d)(?::\d{2}(?:\.\d+)?)?", re.ASCII
)
_HALVES = re.compile(
    r"(?:.*[T ])?(?P<hour>\d{1,2})(?:[:.][0-5]\d){0,2} ?(?P<half>[AaPp])\.?[Mm]\.?", re.ASCII
)
# ASSUME A82 mornings end at 12, afternoons at 17 o'clock
NOON, EVENING = 12, 17


def as_times_of_day(cells: Cells) -> Cells:
    """The same cells with clock times (`14:30`, `2.30 pm`, also after a date) replaced by morning, afternoon or evening.

    Other texts stay as they are: they are words of the service, for which the mapping holds codes.

    Parameters
    ----------
    cells : Cells
        Texts of a column.
    """
    texts = [_part_of_day(cell_text(value)) for value in cells.values]
    return Cells(cells.codes, np.array(texts, dtype=object))


def _part_of_day(text: str) -> str:
    if found := _HALVES.fullmatch(text.strip()):
        hour = int(found["hour"]) % NOON + (NOON if found["half"] in "Pp" else 0)
    elif found := _CLOCK.fullmatch(text.strip()):
        hour = int(found["hour"])
    else:
        return text
    return "morning" if hour < NOON else "afternoon" if hour < EVENING else "evening"
