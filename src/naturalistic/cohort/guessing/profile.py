"""The files of an unknown extract with all their columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

from naturalistic.cohort.cells import Cells, read_numbers
from naturalistic.cohort.guessing.column import Column
from naturalistic.cohort.guessing.dates import DateGuess, guess_dates
from naturalistic.cohort.guessing.labels import Labels, read_labels
from naturalistic.cohort.identifiers import identifying_header, identifying_shapes
from naturalistic.cohort.readers import read_file
from naturalistic.cohort.reading import RawFile, UnreadableFileError
from naturalistic.cohort.rules import RULES
from naturalistic.errors import ExtractError
from naturalistic.settings.mapping import SourceFile

_HEADER_ROWS_TRIED = 6
_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_NEARLY_ALL = 0.9


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
        unique = column.n_distinct >= _NEARLY_ALL * column.n_filled or column.numeric
        rules += identifying_shapes(column.texts, is_id=bool(unique))
        if column.numeric:
            rules = [rule for rule in rules if rule != "phone_number" or rule == rules[0]]
    return tuple(dict.fromkeys(rule for rule in rules if rule))
