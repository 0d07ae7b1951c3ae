"""The files of an unknown extract with all their columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from naturalistic.cohort.footers import without_footer
from naturalistic.cohort.guessing.column import Column
from naturalistic.cohort.guessing.dates import DateGuess, guess_dates
from naturalistic.cohort.guessing.decimals import decimal_signs
from naturalistic.cohort.guessing.header_rows import ROWS_LOOKED_AT, find_header, holds_data
from naturalistic.cohort.guessing.labels import Labels, read_labels
from naturalistic.cohort.identifiers import identifying_header, identifying_shapes
from naturalistic.cohort.numerals import Numerals
from naturalistic.cohort.readers import WORKBOOK_SUFFIXES, first_rows, read_file
from naturalistic.cohort.reading import RawFile, UnreadableFileError
from naturalistic.cohort.repeated_headers import without_repeated_headers
from naturalistic.cohort.rules import RULES
from naturalistic.errors import ExtractError
from naturalistic.settings.mapping import SourceFile

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
        By name; columns without a name are left out, repeated names are numbered.
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
    """Names of the sheets of a workbook that hold a table; the first for every other file.

    A sheet of notes has nowhere two cells beside each other in two rows.
    """
    if path.suffix.lower() not in WORKBOOK_SUFFIXES:
        return [0]
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        names = [n for n in book.sheet_names if _is_table(book.get_sheet_by_name(n).to_python())]
    except CalamineError:
        return [0]  # reading it says what is wrong
    return list(names) if len(book.sheet_names) > 1 and names else [0]


def _is_table(rows: list[list[Any]]) -> bool:
    return sum(sum(cell != "" for cell in row) > 1 for row in rows) > 1


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
    source = source.model_copy(update={"decimal": decimal_signs(raw.columns.values())})
    labels = read_labels(project / path)
    written = Numerals.of(source, typed=raw.typed)
    columns = {name: _column(key, raw, name, labels, today, written) for name in raw.columns}
    unnamed = sum(not name for name in raw.header)
    unusable = [f"{unnamed} columns without a name"] if unnamed else []
    return FileProfile(key, source, raw, columns, tuple(unusable))


def _read(key: str, path: str, project: Path, sheet: str | int) -> tuple[SourceFile, RawFile]:
    """The file by the header that was found in it, without what stands below the table."""
    source = SourceFile(path=path, sheet=sheet)
    try:
        lines = first_rows(source, project, ROWS_LOOKED_AT)
        header_row, header_rows = find_header(lines) or (1, 1)
        source = source.model_copy(update={"header_row": header_row, "header_rows": header_rows})
        raw = read_file(key, source, project, lambda header: [name for name in header if name])
    except UnreadableFileError as bad:
        rule = RULES[bad.rule]
        hint = f" ({bad.hint})" if bad.hint else ""
        raise ExtractError(f"{path}: {rule.says}{hint}.") from bad
    if holds_data(raw.header):
        raise ExtractError(
            f"{path}: its first row looks like data, not like names of columns. Add a row with the names, or ask for an "
            "extract with one."
        )
    raw, _ = without_repeated_headers(raw)
    return source, without_footer(raw, raw.columns)[0]


def _column(
    key: str, raw: RawFile, name: str, labels: Labels, today: np.datetime64, written: Numerals
) -> Column:
    cells = raw.columns[name]
    plain = Column(key, name, labels.columns.get(name, ""), cells, numerals=written)
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
        numerals=written,
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
