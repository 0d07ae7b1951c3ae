"""Why cells that should hold numbers hold none, and what the mapping may say to read them."""

from __future__ import annotations

import numpy as np

from naturalistic.cohort.cells import Cells
from naturalistic.cohort.numerals import Numerals

ROWS_TO_SHOW_A_CODE = 10
CODES_LISTED = 12
_LONGEST_CODE = 40
_ANOTHER_SIGN = 0.02
"""Share of the filled cells from which on another decimal sign is no slip of the pen."""


def unreadable_numbers(
    cells: Cells, numbers: np.ndarray, unreadable: np.ndarray, written: Numerals
) -> tuple[str, str]:
    """Which rule texts break that are no numbers, and what they may be instead.

    Parameters
    ----------
    cells : Cells
        The column.
    numbers : ndarray of float, shape (n_values,)
        What was read.
    unreadable : ndarray of bool, shape (n_values,)
        Texts that were not.
    written : Numerals
        How numbers are written by the mapping.

    Returns
    -------
    rule, hint : str
    """
    counts = cells.counts()
    n_bad, n_read = int(counts[unreadable].sum()), int(counts[~np.isnan(numbers)].sum())
    rule = "most_numbers_unreadable" if n_bad > n_read else "number_unreadable"
    texts = np.flatnonzero(unreadable)
    otherwise = [i for i in texts if written.written_otherwise(cells.values[i])]
    n_other = int(counts[otherwise].sum())
    if n_other:
        other = "comma" if written.signs == "." else "point"
        sign = "','" if other == "comma" else "', or .'"
        hint = f"{n_other:,} of them have a decimal {other}: write decimal: {sign} at the file under files"
        stops = n_other >= _ANOTHER_SIGN * (n_bad + n_read)
        return ("decimal_sign" if stops else rule), hint
    n_words = int(counts[[i for i in texts if written.has_words_behind(cells.values[i])]].sum())
    if n_words:
        return rule, (
            f"{n_words:,} of them hold a number with words behind it, such as '12 (moderate)': write "
            "text_after_numbers: true at the file under files to read the number alone"
        )
    # a column of words may be the wrong column: of names, say
    often = frequent_texts(cells, unreadable) if rule == "number_unreadable" else ""
    return rule, f"no numbers: {often}" if often else ""


def frequent_texts(cells: Cells, marked: np.ndarray) -> str:
    """The marked texts that at least ten rows hold, with how many; a rarer one could say something about one person.

    Parameters
    ----------
    cells : Cells
        The column.
    marked : ndarray of bool, shape (n_values,)

    Returns
    -------
    str
        Empty where no text is held often enough.
    """
    held = zip(cells.values[marked], cells.counts()[marked], strict=True)
    often = [
        f"{text!r} in {count:,} rows"
        for text, count in held
        if count >= ROWS_TO_SHOW_A_CODE and len(text) <= _LONGEST_CODE
    ]
    return ", ".join(often[:CODES_LISTED])
