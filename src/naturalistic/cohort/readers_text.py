"""Delimited text: encoding, delimiter, header, and rows whose numbers stay right across quoted line breaks."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from naturalistic.cohort.cells import Cells
from naturalistic.cohort.reading import Columns, UnreadableFileError, joined_header
from naturalistic.settings.mapping import SourceFile

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "caret": "^", "tilde": "~"}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE_BYTES = 1 << 16
_SAMPLE_RECORDS = 100
_BLOCK_BYTES = 1 << 24
_HEADER_BYTES = 1 << 22
_LAST = "\x1e\x1d\x1e"
_TEXT = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, slots=True)
class TextFile:
    """Delimited text as UTF-8 bytes with its header read; see `reading.OpenedFile`.

    With `marked` the body ends in a row of our own, which must come out again as it went in: a quotation mark that was
    never closed would have swallowed it.
    """

    body: pa.Buffer
    header: tuple[str, ...]
    header_row: int
    delimiter: str
    described: str
    notes: tuple[str, ...]
    marked: bool = False

    def read(self, positions: list[int]) -> Columns:
        """The columns at these positions of the header."""
        wrong: list[int] = []
        table = self._parse(positions, wrong)
        n_records = table.num_rows + len(wrong)
        bad = np.array(wrong, dtype=np.int64)
        rows = np.arange(1, 1 + n_records, dtype=np.int64)
        rows = np.delete(rows, bad - 1) + self.header_row
        return Columns([_cells(table[str(p)]) for p in positions], rows, bad + self.header_row)

    def _parse(self, positions: list[int], wrong: list[int]) -> pa.Table:
        """The columns, and in `wrong` the numbers of the rows with another length, the first below the header 1."""
        if self.body.size == 0:
            return pa.table({str(p): pa.array([], _TEXT) for p in positions})
        swallowing: list[int] = []

        def note(row: Any) -> str:
            wrong.append(row.number)
            if "\n" in row.text.strip("\r\n"):
                swallowing.append(row.number + self.header_row)
            return "skip"

        try:
            table = arrow_csv.read_csv(self.body, *self._options(positions, note))
        except pa.ArrowInvalid as invalid:
            # the message of the parser can quote the row, so it is not passed on
            raise UnreadableFileError("file_unreadable", self.described) from invalid
        table = table.unify_dictionaries()
        if self.marked:
            last = table.num_rows - 1
            if last < 0 or any(column[last].as_py() != _LAST for column in table.columns):
                number = table.num_rows + len(wrong) + self.header_row
                swallowing = [*swallowing, number] if last >= 0 else swallowing or [number]
            table = table.slice(0, max(last, 0))
        if swallowing:
            raise UnreadableFileError("quote_not_closed", rows=np.unique(swallowing))
        return table

    def _options(
        self, positions: list[int], note: Callable[[Any], str]
    ) -> tuple[arrow_csv.ReadOptions, arrow_csv.ParseOptions, arrow_csv.ConvertOptions]:
        """How the parser reads: every column as text, rows of another length handed to `note`."""
        names = [str(i) for i in range(len(self.header))]
        return (
            # rows are only numbered when one thread reads
            arrow_csv.ReadOptions(
                use_threads=False,
                column_names=names,
                block_size=min(_BLOCK_BYTES, max(1024, self.body.size)),
            ),
            arrow_csv.ParseOptions(
                delimiter=self.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=note,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, _TEXT),
                include_columns=[str(p) for p in positions],
                strings_can_be_null=False,
            ),
        )


def open_text(data: bytes, source: SourceFile) -> TextFile:
    """Read encoding, delimiter and header of a delimited text file.

    The encoding is that of the mapping, or else of the byte order mark, or else strict UTF-8, or else Windows-1252.

    Raises
    ------
    UnreadableFileError
        The bytes are not text in that encoding, or the header row is absent.
    """
    body, encoding = _as_utf8(data, source)
    notes = ("encoding_assumed",) if encoding == "cp1252" and source.encoding == "auto" else ()
    sample = _sample(body)
    first_row = source.header_row
    delimiter = _named(source.delimiter)
    if sample[:4].lower() == "sep=" and first_row == 1:  # Excel's own note on the delimiter
        first_row, delimiter = 2, delimiter or sample[4:5]
    last_row = first_row + source.header_rows - 1
    delimiter = delimiter or sniff_delimiter(sample, last_row)
    header, offset = _header(body, delimiter, first_row, last_row)
    described = f"{encoding}, delimiter {_name(delimiter)}"
    body, marked = body.slice(offset), False
    if body.size and re.search(rb'"', memoryview(body)):
        body, marked = _with_last_row(body, delimiter, len(header)), True
    return TextFile(body, header, last_row, delimiter, described, notes, marked)


def first_rows_of_text(data: bytes, source: SourceFile, n: int) -> list[list[str]]:
    """The first records of a delimited text file, by the delimiter that splits most; its header row is not known yet."""
    sample = _sample(_as_utf8(data, source)[0])
    named = _named(source.delimiter)
    found: list[list[list[str]]] = []
    for row in range(1, n + 1):
        delimiter = named or sniff_delimiter(sample, row)
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        found.append([record for record, _ in zip(reader, range(n), strict=False)])
    return max(found, key=lambda records: max(map(len, records), default=0))


def _as_utf8(data: bytes, source: SourceFile) -> tuple[pa.Buffer, str]:
    """The bytes as UTF-8 without a byte order mark, and the encoding they had."""
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UnreadableFileError(
            "file_unreadable", "it is a workbook; give it its own file name ending"
        )
    if not data.strip():
        raise UnreadableFileError("file_without_rows", "it is empty")
    encoding, skip = _encoding(data, source.encoding)
    if encoding == "utf-8":
        return pa.py_buffer(data).slice(skip), encoding
    return pa.py_buffer(_decode(data[skip:], encoding).encode("utf-8")), encoding


def _sample(body: pa.Buffer) -> str:
    return bytes(body.slice(0, min(_SAMPLE_BYTES, body.size))).decode("utf-8", errors="ignore")


def _with_last_row(body: pa.Buffer, delimiter: str, n_columns: int) -> pa.Buffer:
    data = body.to_pybytes()
    end = b"" if data.endswith((b"\n", b"\r")) else b"\n"
    last = delimiter.join([_LAST] * n_columns).encode("utf-8")
    return pa.py_buffer(b"".join((data, end, last, b"\n")))


def sniff_delimiter(sample: str, header_row: int) -> str:
    """The delimiter that splits the header into most cells and the rows below into as many.

    A comma where nothing splits: the file has one column.
    """
    best, most = ",", 1
    for delimiter in DELIMITERS.values():
        records = []
        for record in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            records.append(len(record))
            if len(records) == _SAMPLE_RECORDS + header_row:
                break
        widths = records[header_row - 1 :]
        # the last record of the sample can be cut off
        below = [w for w in widths[1:-1] or widths[1:] if w]
        agree = sum(w == widths[0] for w in below) >= 0.8 * len(below) if widths else False
        if agree and widths[0] > most:
            best, most = delimiter, widths[0]
    return best


def _named(delimiter: str) -> str:
    if delimiter == "auto":
        return ""
    return {"\\t": "\t", "space": " ", **DELIMITERS}.get(delimiter, delimiter)


def _name(delimiter: str) -> str:
    names = {sign: name for name, sign in DELIMITERS.items()}
    return names.get(delimiter, repr(delimiter))


def _encoding(data: bytes, asked: str) -> tuple[str, int]:
    """Encoding and length of the byte order mark."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding, len(mark)
    if asked != "auto":
        try:
            return codecs.lookup(asked).name, 0
        except LookupError as unknown:
            hint = f"encoding {asked!r} is not known"
            raise UnreadableFileError("file_unreadable", hint) from unknown
    head = data[:2000]
    if head[1::2].count(0) > len(head) // 3:
        return "utf-16-le", 0
    if head[0::2].count(0) > len(head) // 3:
        return "utf-16-be", 0
    return ("utf-8" if _is_utf8(data) else "cp1252"), 0


def _is_utf8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    try:
        for start in range(0, len(view), _BLOCK_BYTES):
            decoder.decode(bytes(view[start : start + _BLOCK_BYTES]))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as bad:
        hint = f"its bytes are not {encoding} text"
        raise UnreadableFileError("file_unreadable", hint) from bad


def _header(
    body: pa.Buffer, delimiter: str, first_row: int, last_row: int
) -> tuple[tuple[str, ...], int]:
    """The names in the header rows and the number of bytes up to their end."""
    used = 0
    start = bytes(body.slice(0, min(_HEADER_BYTES, body.size)))
    end = b"\n" if b"\n" in start else b"\r"

    def lines() -> Any:
        nonlocal used
        for line in start.split(end):
            used += len(line) + 1
            yield (line + end).decode("utf-8")

    try:
        reader = csv.reader(lines(), delimiter=delimiter)
        named = [next(reader) for _ in range(last_row)][first_row - 1 :]
    except StopIteration as short:
        raise UnreadableFileError("file_without_rows", "it has no header row") from short
    except (csv.Error, UnicodeDecodeError) as bad:
        raise UnreadableFileError("file_unreadable", "its header row cannot be read") from bad
    return joined_header(named), min(used, body.size)


def _cells(column: pa.ChunkedArray) -> Cells:
    if column.num_chunks == 0 or len(column) == 0:
        return Cells(np.empty(0, np.int32), np.empty(0, object))
    joined = column.combine_chunks()
    chunk = joined.chunk(0) if isinstance(joined, pa.ChunkedArray) else joined
    values = np.array([text.strip() for text in chunk.dictionary.to_pylist()], dtype=object)
    return Cells(chunk.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), values)
