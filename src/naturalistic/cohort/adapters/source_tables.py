"""The tables of a data set as read: the parts of each joined, every column by the name in the description."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from naturalistic.cohort.adapters.files import Part, plain_name
from naturalistic.cohort.cells import Cells
from naturalistic.cohort.problems import Places, ProblemLog
from naturalistic.cohort.readers import read_file
from naturalistic.cohort.reading import RawFile, UnreadableFileError
from naturalistic.reference.adapter_models import AdapterFile, AdapterTable
from naturalistic.settings.mapping import Adapter, SourceFile


@dataclass(frozen=True, slots=True)
class SourceTable:
    """Rows of one table from all its files.

    Attributes
    ----------
    spec : AdapterTable
    label : str
        How messages name the table.
    columns : dict of str to Cells
        By the names of the description; only those that a file holds.
    number : ndarray of int64, shape (n_rows,)
        Number of each row, counted from 1 over all parts and not changed when rows are left out.
    part : ndarray of int32, shape (n_rows,)
        Position in `parts`.
    parts : tuple of Part
    n_records, n_wrong : int
        Rows of the files, and those of them with the wrong number of cells.
    digest : str
        SHA-256 over the digests of the files.
    described : str
    typed : bool
        All cells carry types.
    left_out : tuple of (str, int)
        Reasons why rows were left out, each with how many.
    unread : tuple of str
        Columns of the files that no table of the description asks for.
    """

    spec: AdapterTable
    label: str
    columns: dict[str, Cells]
    number: np.ndarray
    part: np.ndarray
    parts: tuple[Part, ...]
    n_records: int
    n_wrong: int
    digest: str
    described: str
    typed: bool
    left_out: tuple[tuple[str, int], ...] = ()
    unread: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.number)

    def take(self, keep: np.ndarray, reason: str = "") -> SourceTable:
        """The rows of a mask; with a reason they are counted."""
        if keep.all():
            return self
        rows = np.flatnonzero(keep)
        counted = ((reason, int((~keep).sum())),) if reason else ()
        return replace(
            self,
            columns={name: cells.take(rows) for name, cells in self.columns.items()},
            number=self.number[rows],
            part=self.part[rows],
            left_out=(*self.left_out, *counted),
        )

    def held(self, names: Iterable[str]) -> list[str]:
        """Those of the names that the files hold."""
        return [name for name in names if name in self.columns]

    def filled(self, names: Iterable[str]) -> Cells:
        """The first filled of several columns in each row."""
        cells = [self.columns[name] for name in self.held(names)]
        if not cells:
            return Cells.constant("", len(self))
        first = cells[0]
        for other in cells[1:]:
            empty = np.array([not text for text in first.values], dtype=bool)[first.codes]
            values = np.concatenate([first.values, other.values])
            codes = np.where(empty, other.codes + len(first.values), first.codes)
            first = distinct_texts(Cells(codes.astype(np.int32), values))
        return first


def distinct_texts(cells: Cells) -> Cells:
    """The same cells with each text held once."""
    values, place = np.unique(cells.values.astype(str), return_inverse=True)
    return Cells(place[cells.codes].astype(np.int32), values.astype(object))


def wanted_columns(adapter: AdapterFile) -> dict[str, tuple[str, ...]]:
    """Columns to read of each table: what the views, the identifiers, the records and the order of versions ask for."""
    names: dict[str, list[str]] = {table.code: [] for table in adapter.tables}
    for table in adapter.tables:
        names[table.code] += [c for each in adapter.ids.values() for c in each]
        names[table.code] += [c for c in table.record if c not in adapter.ids]
        for group in (adapter.order.period, adapter.order.submission, adapter.order.provider):
            names[table.code] += group
    for view in adapter.views:
        for ways in view.columns.values():
            for way in ways:
                names[way.table or view.table] += [*way.source, *way.by]
    for code, columns in adapter.teams.items():
        names[code] += columns
    header = adapter.header
    asked = [*header.period, *header.submission, *adapter.order.submission, *adapter.order.provider]
    names[header.code] = asked
    return {code: tuple(dict.fromkeys(each)) for code, each in names.items()}


def read_tables(
    adapter: AdapterFile, choice: Adapter, parts: list[Part], project: Path, log: ProblemLog
) -> dict[str, SourceTable]:
    """Every table of which a file was found, by code; the header of the submissions among them.

    What cannot be read is listed in `log`; a file without rows is an empty table of that submission.
    """
    wanted = wanted_columns(adapter)
    asked = {plain_name(name) for names in wanted.values() for name in names}
    header = AdapterTable(code=adapter.header.code, name=adapter.header.name)
    read: dict[str, list[tuple[Part, RawFile, dict[str, str]]]] = {}
    for part in parts:
        names = tuple(dict.fromkeys(n for code in part.tables for n in wanted[code]))
        raw = _read(part, names, choice, project, log)
        if raw is None:
            continue
        present = _present(raw.header, names)
        for code in part.tables:
            own = {name: present[name] for name in wanted[code] if name in present}
            read.setdefault(code, []).append((part, raw, own))
    specs = {table.code: table for table in adapter.tables} | {header.code: header}
    tables = {code: _joined(specs[code], choice.folder, each, log) for code, each in read.items()}
    return {
        code: replace(table, unread=_unread([raw for _, raw, _ in read[code]], asked))
        for code, table in tables.items()
    }


def _unread(files: Iterable[RawFile], asked: set[str]) -> tuple[str, ...]:
    """Columns of the files that nobody asked for."""
    names = dict.fromkeys(name for raw in files for name in raw.header)
    return tuple(name for name in names if plain_name(name) not in asked)


def _read(
    part: Part, names: tuple[str, ...], choice: Adapter, project: Path, log: ProblemLog
) -> RawFile | None:
    source = SourceFile(path=part.path, sheet=part.sheet, encoding=choice.encoding)

    def asked(header: tuple[str, ...]) -> Iterable[str]:
        return _present(header, names).values()

    try:
        raw = read_file(part.named, source, project, asked)
    except UnreadableFileError as bad:
        if bad.rule != "file_without_rows":
            rows = bad.rows if bad.rows.size else None
            log.add("", part.named, "", bad.rule, rows, of=bad.of, hint=bad.hint)
        return None
    for rule in raw.notes:
        log.add("", part.named, "", rule)
    log.add("", part.named, "", "row_wrong_length", raw.wrong_length, of=raw.n_records)
    return raw


def _present(header: tuple[str, ...], names: Iterable[str]) -> dict[str, str]:
    """Name in the file of each name of the description that the header holds, whatever its case and signs."""
    plain: dict[str, str] = {}
    for name in header:
        plain.setdefault(plain_name(name), name)
    return {name: plain[plain_name(name)] for name in names if plain_name(name) in plain}


def _joined(
    spec: AdapterTable,
    folder: str,
    each: list[tuple[Part, RawFile, dict[str, str]]],
    log: ProblemLog,
) -> SourceTable:
    sizes = [len(raw.rows) for _, raw, _ in each]
    held = dict.fromkeys(name for _, _, present in each for name in present)
    columns = {
        name: _stacked(
            [
                raw.columns[present[name]] if name in present else Cells.constant("", size)
                for (_, raw, present), size in zip(each, sizes, strict=True)
            ]
        )
        for name in held
    }
    n_rows = sum(sizes)
    part = np.repeat(np.arange(len(each)), sizes).astype(np.int32)
    label = f"{folder}: {spec.name}"
    rows = np.concatenate([raw.rows for _, raw, _ in each])
    log.places[label] = Places(tuple(p.named for p, _, _ in each), part, rows)
    digest = hashlib.sha256("".join(raw.digest for _, raw, _ in each).encode()).hexdigest()
    return SourceTable(
        spec=spec,
        label=label,
        columns=columns,
        number=np.arange(1, n_rows + 1, dtype=np.int64),
        part=part,
        parts=tuple(p for p, _, _ in each),
        n_records=sum(raw.n_records for _, raw, _ in each),
        n_wrong=sum(raw.wrong_length.size for _, raw, _ in each),
        digest=digest,
        described=f"{len(each)} file{'s' if len(each) > 1 else ''}, {each[0][1].described}",
        typed=all(raw.typed for _, raw, _ in each),
    )


def _stacked(each: list[Cells]) -> Cells:
    starts = np.cumsum([0, *(len(cells.values) for cells in each)])
    values = np.concatenate([cells.values for cells in each])
    codes = np.concatenate([c.codes + s for c, s in zip(each, starts, strict=False)])
    return distinct_texts(Cells(codes.astype(np.int32), values))


def changed(cells: Cells, change: Callable[[str], str]) -> Cells:
    """The same cells with each distinct text changed."""
    values = np.array([change(text) for text in cells.values], dtype=object)
    return Cells(cells.codes, values)
