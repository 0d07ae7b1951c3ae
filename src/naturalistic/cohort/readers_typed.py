"""Files whose cells carry types: workbooks, SPSS, Stata and Parquet, turned into the text a user would write."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.cohort.cells import Cells, cell_text
from naturalistic.cohort.reading import Columns, UnreadableFileError, joined_header
from naturalistic.settings.mapping import SourceFile


@dataclass(frozen=True, slots=True)
class TypedFile:
    """A file with typed cells; see `readers.OpenedFile`."""

    header: tuple[str, ...]
    described: str
    load: Callable[[list[int]], list[Cells]]
    first_row: int
    notes: tuple[str, ...] = ()

    def read(self, positions: list[int]) -> Columns:
        """The columns at these positions of the header."""
        cells = self.load(positions)
        n_rows = len(cells[0].codes) if cells else 0
        rows = np.arange(self.first_row, self.first_row + n_rows, dtype=np.int64)
        return Columns(cells, rows, np.empty(0, np.int64))


def open_workbook(data: bytes, source: SourceFile) -> TypedFile:
    """Read a sheet of an Excel or OpenDocument workbook.

    Raises
    ------
    UnreadableFileError
        Not a workbook, no such sheet, or no header row.
    """
    name, table = _sheet(data, source)
    last = source.header_row + source.header_rows - 1
    if len(table) < last:
        raise UnreadableFileError("file_without_rows", "it has no header row")
    lines = [[cell_text(value) for value in line] for line in table[source.header_row - 1 : last]]
    header, body = joined_header(lines), table[last:]

    def load(positions: list[int]) -> list[Cells]:
        texts = ([cell_text(record[p]) for record in body] for p in positions)
        return [Cells.from_series(pd.Series(column, dtype=object)) for column in texts]

    return TypedFile(header, f"sheet {name!r}", load, last + 1)


def first_rows_of_sheet(data: bytes, source: SourceFile, n: int) -> list[list[str]]:
    """The first rows of a sheet as text, whatever the mapping says of its header."""
    return [[cell_text(value) for value in row] for row in _sheet(data, source)[1][:n]]


def _sheet(data: bytes, source: SourceFile) -> tuple[str, list[list[Any]]]:
    """Name and cells of the sheet that the mapping names."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = book.sheet_names
        name = _name_of_sheet(source.sheet, names)
        return name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except CalamineError as bad:
        raise UnreadableFileError(
            "file_unreadable", "it is not a workbook, or it is locked"
        ) from bad


def _name_of_sheet(sheet: str | int, names: list[str]) -> str:
    if isinstance(sheet, str) and sheet not in names:
        shown = ", ".join(map(repr, names))
        raise UnreadableFileError("file_unreadable", f"no sheet {sheet!r}; it has {shown}")
    if isinstance(sheet, int) and sheet >= len(names):
        raise UnreadableFileError("file_unreadable", f"no sheet number {sheet} (0 is the first)")
    return sheet if isinstance(sheet, str) else names[sheet]


def open_spss(path: Path) -> TypedFile:
    """Read an SPSS file: its values, not their labels; user-defined missing values are missing.

    Raises
    ------
    UnreadableFileError
        Not an SPSS file.
    """
    import pyreadstat

    return _open_statistical(path, pyreadstat.read_sav, "SPSS")


def open_stata(path: Path) -> TypedFile:
    """Read a Stata file: its values, not their labels; extended missing values are missing.

    Raises
    ------
    UnreadableFileError
        Not a Stata file.
    """
    import pyreadstat

    return _open_statistical(path, pyreadstat.read_dta, "Stata")


def _open_statistical(path: Path, reader: Callable[..., tuple], program: str) -> TypedFile:
    """A file of a statistical program; only the columns that are asked for are read."""
    from pyreadstat import PyreadstatError, ReadstatError

    def call(**choices: object) -> tuple:
        """The reader's answer, or an error that names the program."""
        try:
            return reader(path, **choices)
        except (PyreadstatError, ReadstatError, UnicodeDecodeError) as bad:
            hint = f"it is not a {program} file, or it is damaged"
            raise UnreadableFileError("file_unreadable", hint) from bad

    header = tuple(call(metadataonly=True)[1].column_names)

    def load(positions: list[int]) -> list[Cells]:
        frame = call(usecols=[header[p] for p in positions])[0]
        return [Cells.from_series(frame[header[p]]) for p in positions]

    return TypedFile(header, f"{program}, values not labels", load, 1)


def open_parquet(path: Path) -> TypedFile:
    """Read a Parquet file.

    Raises
    ------
    UnreadableFileError
        Not a Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        header = tuple(parquet.read_schema(path).names)
    except (pa.ArrowInvalid, OSError) as bad:
        raise UnreadableFileError("file_unreadable", "it is not a Parquet file") from bad

    def load(positions: list[int]) -> list[Cells]:
        table = parquet.read_table(path, columns=[header[p] for p in positions])
        return [Cells.from_series(table[header[p]].to_pandas()) for p in positions]

    return TypedFile(header, "Parquet", load, 1)
