"""What the columns of a file hold, as far as it can be seen without knowing what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath

import numpy as np

from naturalistic.cohort.cells import Cells, code_key, missing_values, read_numbers
from naturalistic.cohort.guessing.dates import DateGuess, guess_dates, looks_like_serials
from naturalistic.cohort.guessing.header_words import concept_words
from naturalistic.cohort.guessing.labels import Labels, read_labels
from naturalistic.cohort.identifiers import identifying_header, identifying_shapes
from naturalistic.cohort.readers import read_file
from naturalistic.cohort.reading import RawFile, UnreadableFileError
from naturalistic.cohort.rules import RULES
from naturalistic.errors import ExtractError
from naturalistic.settings.mapping import SourceFile

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
_HEADER_ROWS_TRIED = 6
_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")


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
    """

    file: str
    name: str
    label: str
    cells: Cells
    value_labels: dict[str, str] = field(default_factory=dict)
    dates: DateGuess | None = None
    rules: tuple[str, ...] = ()
    owners: np.ndarray | None = None

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
        return read_numbers(self.cells, None, _USUAL_MISSING)[0]

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

    @property
    def serial_dates(self) -> bool:
        """Its numbers can be Excel's day numbers."""
        return self.numeric and self.n_distinct > 1 and looks_like_serials(*self.spread())

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


@dataclass(frozen=True)
class FileProfile:
    """One file of the extract.

    Attributes
    ----------
    key, path : str
        Name and path in the mapping.
    source : SourceFile
        How it was read.
    raw : RawFile
        Its columns.
    columns : dict of str to Column
        By name; columns without a name or with a repeated one are left out.
    unusable : tuple of str
        What was left out, in words.
    """

    key: str
    source: SourceFile
    raw: RawFile
    columns: dict[str, Column]
    unusable: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """Rows below the header."""
        return len(self.raw.rows)

    @property
    def stem(self) -> str:
        """Name of the file without folder and ending."""
        return PurePath(self.source.path).stem


def sheets_of(path: Path) -> list[str | int]:
    """Names of the sheets of a workbook that hold anything; the first for every other file."""
    if path.suffix.lower() not in _WORKBOOKS:
        return [0]
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        names = [n for n in book.sheet_names if len(book.get_sheet_by_name(n).to_python()) > 1]
    except CalamineError:
        return [0]  # reading it says what is wrong
    return list(names) if len(book.sheet_names) > 1 and names else [0]


def profile_file(
    key: str, path: str, project: Path, today: np.datetime64, sheet: str | int = 0
) -> FileProfile:
    """Read a file and look at every column.

    Parameters
    ----------
    key, path : str
        Name and path of the file in the mapping.
    project : Path
        Folder that relative paths start from.
    today : datetime64
        Dates long after it are implausible.
    sheet : str or int
        Sheet of a workbook.

    Raises
    ------
    ExtractError
        The file cannot be read, or its first row holds data instead of names.
    """
    source, raw = _read(key, path, project, sheet)
    labels = read_labels(project / path)
    columns = {name: _column(key, raw, name, labels, today) for name in raw.columns}
    unnamed = sum(not name for name in raw.header)
    unusable = [f"{unnamed} columns without a name"] if unnamed else []
    twice = sorted({n for n in raw.header if n and raw.header.count(n) > 1})
    unusable += [f"{name} (stands twice in the header)" for name in twice]
    return FileProfile(key, source, raw, columns, tuple(unusable))


def _read(key: str, path: str, project: Path, sheet: str | int) -> tuple[SourceFile, RawFile]:
    def usable(header: tuple[str, ...]) -> list[str]:
        return [name for name in header if name and header.count(name) == 1]

    best: tuple[SourceFile, RawFile] | None = None
    for header_row in range(1, _HEADER_ROWS_TRIED + 1):
        source = SourceFile(path=path, header_row=header_row, sheet=sheet)
        try:
            raw = read_file(key, source, project, usable)
        except UnreadableFileError as bad:
            if best is not None:
                break
            rule = RULES[bad.rule]
            if header_row == _HEADER_ROWS_TRIED or bad.rule in ("file_absent",):
                hint = f" ({bad.hint})" if bad.hint else ""
                raise ExtractError(f"{path}: {rule.says}{hint}.") from bad
            continue
        if _is_header(raw.header):
            return source, raw
        best = best or (source, raw)
        if _holds_data(raw.header):
            break
    if best is None or _holds_data(best[1].header):
        raise ExtractError(
            f"{path}: its first row looks like data, not like names of columns. Add a row with the names, or ask for an "
            "extract with one."
        )
    return best


def _is_header(header: tuple[str, ...]) -> bool:
    """Most cells hold a name of their own."""
    named = [name for name in header if name]
    return (
        len(named) >= 0.6 * len(header)
        and not _holds_data(header)
        and len(set(named)) > 0.5 * len(named)
    )


def _holds_data(header: tuple[str, ...]) -> bool:
    """Cells that no name of a column has: dates, numbers, NHS numbers, addresses."""
    named = [name for name in header if name]
    if not named:
        return False
    texts = np.array(named, dtype=object)
    shapes = identifying_shapes(texts, is_id=False)
    if {"nhs_number", "email_address", "full_postcode", "phone_number"} & set(shapes):
        return True
    plain = Cells(np.arange(len(texts), dtype=np.int32), texts)
    numbers = int((~np.isnan(read_numbers(plain, None, ())[0])).sum())
    dates = sum(guess_dates(np.array([t], object), _FAR, typed=False) is not None for t in named)
    return numbers + dates >= max(1, 0.3 * len(named)) and len(named) > 1


_FAR = np.datetime64("2100-01-01", "D")


def _column(key: str, raw: RawFile, name: str, labels: Labels, today: np.datetime64) -> Column:
    cells = raw.columns[name]
    plain = Column(key, name, labels.columns.get(name, ""), cells)
    texts = plain.texts
    dates = guess_dates(texts, today, typed=raw.typed) if len(texts) else None
    return Column(
        key,
        name,
        plain.label,
        cells,
        labels.values.get(name, {}),
        dates,
        _identifying(name, plain, dates, raw),
    )


def _identifying(
    name: str, column: Column, dates: DateGuess | None, raw: RawFile
) -> tuple[str, ...]:
    rules = [identifying_header(name)]
    if dates is None and len(column.texts):
        unique = column.n_distinct >= _MOST * column.n_filled or column.numeric
        rules += identifying_shapes(column.texts, is_id=bool(unique))
        if column.numeric:
            rules = [rule for rule in rules if rule != "phone_number" or rule == rules[0]]
    return tuple(dict.fromkeys(rule for rule in rules if rule))
