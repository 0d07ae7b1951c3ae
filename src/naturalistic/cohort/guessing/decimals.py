"""Which sign stands before the decimals of a file's numbers: only what its values show."""

from __future__ import annotations

import re
from collections.abc import Iterable

from naturalistic.cohort.cells import Cells
from naturalistic.settings.mapping_columns import FORMATS_JOINED_BY

_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_FRACTIONS = {sign: re.compile(rf"[+-]?\d*{re.escape(sign)}\d+", re.ASCII) for sign in (".", ",")}
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+", re.ASCII)
_NEARLY_ALL = 0.9


def decimal_signs(columns: Iterable[Cells]) -> str:
    """The sign before the decimals, as the mapping writes it.

    A column tells a sign where nearly all its texts are numbers and some of them have that sign before decimals. Numbers
    such as "1,250" alone tell nothing: they are thousands.

    Parameters
    ----------
    columns : iterable of Cells
        Columns of one file.

    Returns
    -------
    str
        ".", ",", or ", or ." where columns differ.
    """
    told: set[str] = set()
    for cells in columns:
        told |= _signs_of([str(text) for text in cells.values if text])
    return FORMATS_JOINED_BY.join(sorted(told)) if told else "."


def _signs_of(texts: list[str]) -> set[str]:
    whole = sum(bool(_WHOLE.fullmatch(text)) for text in texts)
    found = {
        sign: [text for text in texts if pattern.fullmatch(text)]
        for sign, pattern in _FRACTIONS.items()
    }
    if whole + sum(map(len, found.values())) < _NEARLY_ALL * len(texts):
        return set()
    if all(_THOUSANDS.fullmatch(text) for text in found[","]):
        found[","] = []
    return {sign for sign, held in found.items() if held}
