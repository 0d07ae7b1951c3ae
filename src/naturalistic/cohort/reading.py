"""What reading a file gives: columns of text with the number of every row, or the reason why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from naturalistic.cohort.cells import Cells


class UnreadableFileError(Exception):
    """A file breaks a rule that concerns the whole file or one of its columns.

    Attributes
    ----------
    rule, hint : str
        Name of the rule and what was found, without any value of a patient.
    columns : tuple of str
        Columns concerned, by their names in the mapping.
    rows : ndarray of int64
        Row numbers concerned.
    of : int
        Rows looked at.
    """

    def __init__(
        self,
        rule: str,
        hint: str = "",
        columns: tuple[str, ...] = (),
        rows: np.ndarray | None = None,
        of: int = 0,
    ) -> None:
        super().__init__(rule)
        self.rule = rule
        self.hint = hint
        self.columns = columns
        self.rows = np.empty(0, np.int64) if rows is None else rows
        self.of = of


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns read from a file.

    Attributes
    ----------
    cells : list of Cells
        One for each column asked for.
    rows : ndarray of int64
        Number of each row as the program that made the file shows it.
    wrong_length : ndarray of int64
        Numbers of rows left out because they have more or fewer cells than the header.
    """

    cells: list[Cells]
    rows: np.ndarray
    wrong_length: np.ndarray


class OpenedFile(Protocol):
    """A file whose header has been read.

    Attributes
    ----------
    header : tuple of str
        Column names as they stand in the file.
    described : str
        How the file was read (encoding, delimiter, sheet).
    notes : tuple of str
        Rules of severity "noted" that reading the file met.
    """

    @property
    def header(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def described(self) -> str: ...  # noqa: D102

    @property
    def notes(self) -> tuple[str, ...]: ...  # noqa: D102

    def read(self, positions: list[int]) -> Columns:
        """The columns at these positions of the header."""


@dataclass(frozen=True, slots=True)
class RawFile:
    """The mapped columns of one file as text.

    Attributes
    ----------
    key, path : str
        Name of the file in the mapping and path as the mapping writes it.
    header : tuple of str
        Every column name of the file, white space collapsed.
    columns : dict of str to Cells
        The mapped columns.
    rows : ndarray of int64, shape (n_rows,)
        Number of each row: in a text file or workbook the header counts, in SPSS, Stata and Parquet the first case
        is 1. A cell that spans several lines is still one row.
    n_records : int
        Rows in the file below the header, those with the wrong length and blank ones too.
    wrong_length : ndarray of int64
        Numbers of the rows with the wrong length.
    digest, described : str
        SHA-256 of the bytes, and how they were read.
    notes : tuple of str
        Names of "noted" rules.
    typed : bool
        Cells carry types (workbook, SPSS, Stata, Parquet): real dates come as ISO whatever the mapping says.
    left_out : tuple of (str, int)
        Reasons why rows were left out before, each with how many.
    """

    key: str
    path: str
    header: tuple[str, ...]
    columns: dict[str, Cells]
    rows: np.ndarray
    n_records: int
    wrong_length: np.ndarray
    digest: str
    described: str
    notes: tuple[str, ...]
    typed: bool
    left_out: tuple[tuple[str, int], ...] = ()

    def column(self, name: str) -> Cells:
        """A mapped column by its name in the file."""
        return self.columns[tidy_name(name)]


def tidy_name(name: object) -> str:
    """A column name without line breaks and doubled or surrounding spaces."""
    return " ".join(str(name).split())


def joined_header(lines: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """One name a column from several header lines above each other.

    In the upper lines an empty cell repeats the one to its left, as merged cells do; a word that the line below begins
    with is not said twice: "PHQ-9" above "Pre" and an empty cell above "Post" give "PHQ-9 Pre" and "PHQ-9 Post".
    """
    *upper, bottom = lines
    names = [tidy_name(name) for name in bottom]
    for line in reversed(upper):
        above, last = [], ""
        for place in range(len(names)):
            last = tidy_name(line[place]) if place < len(line) and tidy_name(line[place]) else last
            above.append(last)
        names = [
            name if not group or name.casefold().startswith(group.casefold()) else f"{group} {name}"
            for group, name in zip(above, names, strict=True)
        ]
    return tuple(tidy_name(name) for name in names)


def numbered_names(header: Sequence[str]) -> tuple[str, ...]:
    """Names that stand several times numbered from the left: `Date (1)`, `Date (2)`."""
    counts, seen = Counter(header), Counter[str]()
    found = []
    for name in header:
        seen[name] += 1
        found.append(f"{name} ({seen[name]})" if name and counts[name] > 1 else name)
    return tuple(found)
