"""What one column holds, as far as it can be seen without knowing what it means."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from naturalistic.cohort.cells import Cells, code_key, missing_values, read_numbers
from naturalistic.cohort.guessing.dates import DateGuess, looks_like_serials
from naturalistic.cohort.guessing.header_words import concept_words
from naturalistic.cohort.numerals import POINT, Numerals

ROWS_TO_WRITE_A_VALUE = 10
"""A value held by fewer rows could say something about one person, and is not written anywhere."""

DEFAULT_MISSING = ("", "NULL", "NA", "N/A")
_USUAL_MISSING = (
    *DEFAULT_MISSING,
    *(
        "NaN",
        "None",
        "#N/A",
        "#NULL!",
        ".",
        "-",
        "--",
        "?",
        "missing",
        "not recorded",
        "not known",
        "nil",
        "<NA>",
    ),
)
_FILE_MISSING = ("NaN", "#N/A", "#NULL!", ".", "-", "--", "?", "missing", "<NA>")
_MOST = 0.9
_SERIALS = 0.95
_NEARLY_ALL = 0.9


@dataclass
class Column:
    """One column of one file.

    Attributes
    ----------
    file : str
        Name of the file in the mapping.
    name : str
        Name of the column.
    label : str
        Its label in a statistical file, else empty.
    cells : Cells
        Its texts.
    value_labels : dict of str to str
        Labels of its values in a statistical file.
    dates : DateGuess or None
        How its dates are written, where it holds dates.
    rules : tuple of str
        Rules of the de-identification gate that it breaks.
    owners : ndarray of int32 or None
        Whose row each is, once that is known: twelve rows of one person are one person.
    numerals : Numerals
        How its numbers are written.
    """

    file: str
    name: str
    label: str
    cells: Cells
    value_labels: dict[str, str] = field(default_factory=dict)
    dates: DateGuess | None = None
    rules: tuple[str, ...] = ()
    owners: np.ndarray | None = None
    numerals: Numerals = POINT

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The name as words of the field."""
        return concept_words(self.name)

    @cached_property
    def counts(self) -> np.ndarray:
        """Rows that hold each text."""
        return self.cells.counts()

    @cached_property
    def missing(self) -> np.ndarray:
        """Which texts usually stand for a missing value, or are held by no row."""
        return missing_values(self.cells.values, _USUAL_MISSING) | (self.counts == 0)

    @cached_property
    def texts(self) -> np.ndarray:
        """Distinct texts that stand for something, in the order of their frequency, then of the alphabet."""
        held = self.cells.values[~self.missing]
        counts = self.counts[~self.missing]
        return held[sorted(range(len(held)), key=lambda i: (-int(counts[i]), str(held[i])))]

    @cached_property
    def n_filled(self) -> int:
        """Rows with something."""
        return int(self.counts[~self.missing].sum())

    @property
    def n_distinct(self) -> int:
        """Different texts."""
        return len(self.texts)

    @property
    def empty(self) -> bool:
        """No row holds anything."""
        return self.n_filled == 0

    def often(self) -> np.ndarray:
        """Which texts are held by at least `ROWS_TO_WRITE_A_VALUE` rows, and by as many people where they are known."""
        enough = self.counts >= ROWS_TO_WRITE_A_VALUE
        if self.owners is not None:
            pairs = np.unique(np.stack([self.cells.codes, self.owners], axis=1), axis=0)
            people = np.bincount(pairs[:, 0], minlength=len(self.cells.values))
            enough &= people >= ROWS_TO_WRITE_A_VALUE
        return enough

    def writable(self) -> list[str]:
        """Texts that may be written, in a column that identifies nobody."""
        if self.rules:
            return []
        enough = {str(v) for v in self.cells.values[self.often()]}
        return [str(text) for text in self.texts if text in enough]

    def n_rare(self) -> int:
        """Texts held by too few rows to be written."""
        return self.n_distinct - len(self.writable())

    @cached_property
    def numbers(self) -> np.ndarray:
        """The numbers among the distinct texts, and NaN."""
        return read_numbers(self.cells, None, _USUAL_MISSING, self.numerals)[0]

    @cached_property
    def share_numeric(self) -> float:
        """Share of the filled rows that hold a number."""
        if self.empty:
            return 0.0
        return float(self.counts[~np.isnan(self.numbers) & ~self.missing].sum() / self.n_filled)

    @property
    def numeric(self) -> bool:
        """Nearly all rows hold numbers."""
        return self.share_numeric >= _MOST

    def spread(self) -> tuple[float, float]:
        """Lowest and highest number, fillers such as -9 and 999 left out."""
        held = self.numbers[~np.isnan(self.numbers) & (self.counts > 0)]
        plain = held[~np.isin(held, FILLER_NUMBERS)]
        plain = plain if plain.size else held
        return float(plain.min()), float(plain.max())

    @property
    def whole(self) -> bool:
        """All its numbers are whole."""
        held = self.numbers[~np.isnan(self.numbers) & (self.counts > 0)]
        return bool((held == np.round(held)).all())

    def without_words_behind(self) -> Column:
        """Scores such as "12 (moderate)" as their numbers, where that makes numbers of the column."""
        if self.numeric or self.dates is not None:
            return self
        numbers = replace(self, numerals=replace(self.numerals, words_behind=True))
        return numbers if numbers.numeric else self

    @property
    def serial_dates(self) -> bool:
        """Its numbers can be Excel's day numbers, but for a few fillers such as 1 (1 January 1900)."""
        if not self.numeric or self.n_distinct < 2:
            return False
        held = ~np.isnan(self.numbers) & ~self.missing
        fits = np.array([looks_like_serials(n, n) for n in self.numbers], dtype=bool) & held
        return bool(self.counts[fits].sum() >= _SERIALS * self.counts[held].sum())

    def kind_in_words(self) -> str:
        """What it holds, for a column that nobody knows; no value and no extreme."""
        if self.dates is not None:
            return "dates" if self.dates.proven else "dates of unclear order"
        if self.numeric:
            kind = "whole numbers" if self.whole else "numbers"
        else:
            kind = "words or codes" if self.n_distinct < _NEARLY_ALL * self.n_filled else "texts"
        return f"{kind}, {self.n_distinct:,} different"

    def missing_here_only(self) -> tuple[str, ...]:
        """Texts beyond the default ones that stand for a missing value and may be written."""
        known = {code_key(code) for code in DEFAULT_MISSING}
        found = missing_values(self.cells.values, _FILE_MISSING) & self.often()
        return tuple(
            sorted(str(t) for t in self.cells.values[found] if t and code_key(t) not in known)
        )


FILLER_NUMBERS = (
    -9.0,
    -99.0,
    -999.0,
    -1.0,
    -8.0,
    -7.0,
    -77.0,
    -88.0,
    99.0,
    999.0,
    9999.0,
    98.0,
    998.0,
    77.0,
    88.0,
    777.0,
    888.0,
)
