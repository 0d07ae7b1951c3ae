"""Reading the files of an extract as text: only the mapped columns, every row with its number."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from naturalistic.cohort.cells import Cells
from naturalistic.cohort.dates import date_shaped
from naturalistic.cohort.identifiers import identifying_shapes
from naturalistic.cohort.readers_text import first_rows_of_text, open_text
from naturalistic.cohort.readers_typed import (
    first_rows_of_sheet,
    open_parquet,
    open_spss,
    open_stata,
    open_workbook,
)
from naturalistic.cohort.reading import (
    OpenedFile,
    RawFile,
    UnreadableFileError,
    numbered_names,
    tidy_name,
)
from naturalistic.settings.mapping import SourceFile

WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".dat", ".psv")


def read_file(
    key: str, source: SourceFile, project: Path, wanted: Callable[[tuple[str, ...]], Iterable[str]]
) -> RawFile:
    """Read one file of the extract, once.

    Parameters
    ----------
    key : str
        Name of the file in the mapping.
    source : SourceFile
        Its entry in the mapping.
    project : Path
        Folder that relative paths start from.
    wanted : callable
        Given the header, the names of the columns to read.

    Raises
    ------
    UnreadableFileError
        With the name of the rule that is broken and a hint without any value.
    """
    path = project / source.path
    if not path.is_file():
        raise UnreadableFileError("file_absent")
    opened, typed, digest = _open(path, source)
    header = numbered_names([tidy_name(name) for name in opened.header])
    names = list(dict.fromkeys(tidy_name(name) for name in wanted(header)))
    _check_header(header, names, opened.described)
    read = opened.read([header.index(name) for name in names])
    n_records = read.rows.size + read.wrong_length.size
    kept = ~_blank(read.cells, read.rows.size)
    if not kept.any() and not read.wrong_length.size:
        raise UnreadableFileError("file_without_rows", opened.described)
    _check_lengths(read.wrong_length, n_records, opened.described)
    cells = read.cells if kept.all() else [c.take(np.flatnonzero(kept)) for c in read.cells]
    return RawFile(
        key,
        source.path,
        header,
        dict(zip(names, cells, strict=True)),
        read.rows[kept],
        n_records,
        read.wrong_length,
        digest,
        opened.described,
        opened.notes,
        typed,
    )


def read_header(source: SourceFile, project: Path) -> tuple[str, ...]:
    """The names of the columns of a file, none of its cells.

    Raises
    ------
    UnreadableFileError
        The file is absent, cannot be read, or its header row looks like data, which may not be shown.
    """
    path = project / source.path
    if not path.is_file():
        raise UnreadableFileError("file_absent")
    header = numbered_names([tidy_name(name) for name in _open(path, source)[0].header])
    if _looks_like_data(header):
        raise UnreadableFileError("file_unreadable", "its header row looks like data")
    return tuple(name for name in header if name)


def first_rows(source: SourceFile, project: Path, n: int) -> list[list[str]]:
    """The first rows of a file as text, to see where its header stands; empty for files that name their columns.

    Raises
    ------
    UnreadableFileError
        The file is absent or cannot be read.
    """
    path = project / source.path
    if not path.is_file():
        raise UnreadableFileError("file_absent")
    suffix = path.suffix.lower()
    if suffix in TEXT_SUFFIXES:
        return first_rows_of_text(path.read_bytes(), source, n)
    if suffix in WORKBOOK_SUFFIXES:
        return first_rows_of_sheet(path.read_bytes(), source, n)
    return []


def _open(path: Path, source: SourceFile) -> tuple[OpenedFile, bool, str]:
    suffix = path.suffix.lower()
    try:
        data = path.read_bytes()
    except OSError as closed:
        raise UnreadableFileError("file_unreadable", "it cannot be opened") from closed
    digest = hashlib.sha256(data).hexdigest()
    if suffix in TEXT_SUFFIXES:
        return open_text(data, source), False, digest
    if suffix in WORKBOOK_SUFFIXES:
        return open_workbook(data, source), True, digest
    del data
    if suffix in (".sav", ".zsav"):
        return open_spss(path), True, digest
    if suffix == ".dta":
        return open_stata(path), True, digest
    if suffix == ".parquet":
        return open_parquet(path), True, digest
    raise UnreadableFileError(
        "file_unreadable",
        f"files ending in {suffix or 'nothing'!r} are not known; accepted: .csv, .tsv, .txt, .xlsx, .sav, .dta, "
        ".parquet",
    )


def _check_header(header: tuple[str, ...], names: list[str], described: str) -> None:
    twice = [name for name in names if name not in header and f"{name} (1)" in header]
    if twice:
        shown = ", ".join(f"{name!r}; write {name + ' (1)'!r} or the like" for name in twice)
        raise UnreadableFileError("column_twice", shown, tuple(twice))
    absent = [name for name in names if name not in header]
    if absent:
        hints = []
        data = _looks_like_data(header)
        for name in absent:
            if data:
                hints.append(repr(name))
                continue
            free = [
                h for h in header if h not in names
            ]  # a column that is mapped is not meant twice
            close = difflib.get_close_matches(name, free, n=1, cutoff=0.6)
            folded = [h for h in header if h.casefold() == name.casefold()]
            near = folded[0] if folded else close[0] if close else None
            hints.append(f"{name!r}" + (f" (did you mean {near!r}?)" if near else ""))
        read_as = f"; its header was read as {len(header)} columns, {described}"
        read_as += "; that row looks like data, so check 'header_row'" if data else ""
        raise UnreadableFileError("column_absent", ", ".join(hints) + read_as, tuple(absent))


def _looks_like_data(header: tuple[str, ...]) -> bool:
    """A header that holds dates, fractions or what identifies people is a row of data: none of it may be shown."""
    texts = np.array([name for name in header if name], dtype=object)
    if not texts.size:
        return False
    fractions = any("." in t and t.replace(".", "", 1).isdigit() for t in texts)
    dated = not np.isnat(date_shaped(texts)).all()
    return fractions or dated or bool(identifying_shapes(texts, is_id=False))


def _check_lengths(wrong: np.ndarray, n_records: int, described: str) -> None:
    if 2 * wrong.size > n_records:
        raise UnreadableFileError("most_rows_wrong_length", described, rows=wrong, of=n_records)


def _blank(columns: list[Cells], n_rows: int) -> np.ndarray:
    blank = np.ones(n_rows, dtype=bool)
    for cells in columns:
        empty = np.array([not text for text in cells.values], dtype=bool)
        blank &= empty[cells.codes]
    return blank
