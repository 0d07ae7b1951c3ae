"""Ids that are the same but for how they are written: capitals, and zeros that a spreadsheet took away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from naturalistic.cohort.cells import Cells, read_ids
from naturalistic.cohort.problems import ProblemLog
from naturalistic.cohort.reading import RawFile, tidy_name
from naturalistic.settings.mapping import IdDifference, Mapping
from naturalistic.tables.cohort import COHORT_TABLES

_ZEROS = re.compile(r"\A0+(?=\d+(?:\.0*)?$)", re.ASCII)
_WAYS: tuple[tuple[IdDifference, ...], ...] = (
    ("capitals",),
    ("leading_zeros",),
    ("capitals", "leading_zeros"),
)
_WORDS = {"capitals": "capitals", "leading_zeros": "leading zeros"}


def plain_id(text: str, ignored: Iterable[IdDifference]) -> str:
    """An id without what the mapping says does not matter."""
    if "leading_zeros" in ignored:
        text = _ZEROS.sub("", text, count=1)
    return text.casefold() if "capitals" in ignored else text


def with_plain_ids(raw: RawFile, names: Iterable[str], ignored: Iterable[IdDifference]) -> RawFile:
    """The file with the ids in these columns written alike."""
    ways = tuple(ignored)
    if not ways:
        return raw
    columns = {
        name: _plain(cells, ways) if name in set(names) else cells
        for name, cells in raw.columns.items()
    }
    return replace(raw, columns=columns)


def _plain(cells: Cells, ways: tuple[IdDifference, ...]) -> Cells:
    texts = np.array([plain_id(text, ways) for text in cells.values], dtype=object)
    codes, distinct = pd.factorize(texts)
    return Cells(codes.astype(np.int32)[cells.codes], np.asarray(distinct, dtype=object))


def id_columns(mapping: Mapping, file: str) -> list[str]:
    """Columns of a file that hold ids of any kind."""
    names = [tidy_name(source) for _, _, source in _ids_of(mapping, file)]
    if mapping.opt_out and mapping.opt_out.file == file:
        names.append(tidy_name(mapping.opt_out.column))
    return names


def _ids_of(mapping: Mapping, file: str) -> Iterator[tuple[str, str, str]]:
    """Table, canonical column and column of the file."""
    for table, block in mapping.tables.blocks():
        for name, spec in block.columns.items():
            known = name in COHORT_TABLES[table].names
            is_id = name == "patient_id" or (
                known and COHORT_TABLES[table].column(name).kind == "id"
            )
            if block.file == file and is_id and spec.source is not None and not spec.drop:
                yield table, name, spec.source


@dataclass(frozen=True, slots=True)
class IdHints:
    """Says whether ids that were found nowhere would be found if they were written alike.

    Attributes
    ----------
    mapping : Mapping
    files : dict of str to RawFile
    """

    mapping: Mapping
    files: dict[str, RawFile]

    def __call__(self, table: str, path: str) -> str:
        """What the rows of a table from a file lack; empty where nothing would be won."""
        owner = "patients" if table == "referrals" else "referrals"
        theirs = self._ids(owner)
        for file, raw in self.files.items():
            if raw.path != path:
                continue
            for name, own in self._of(table, file).items():
                lost = own - theirs.get(name, own)
                if hint := _hint(lost, theirs.get(name, set()), self.mapping.ids_ignore):
                    return hint
        return ""

    def _ids(self, table: str) -> dict[str, set[str]]:
        return self._of(table, getattr(self.mapping.tables, table).file)

    def _of(self, table: str, file: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for own, name, source in _ids_of(self.mapping, file):
            if own == table and name in ("patient_id", "referral_id"):
                cells = self.files[file].column(source)
                read = read_ids(cells, self.mapping.files[file].missing_codes)
                found.setdefault(name, set()).update(i for i in read if i is not None)
        return found


def _hint(lost: set[str], theirs: set[str], known: Iterable[IdDifference]) -> str:
    won = {}
    for ways in _WAYS:
        plain = {plain_id(i, ways) for i in theirs}
        won[ways] = sum(plain_id(i, ways) in plain for i in lost)
    best = max(won, key=lambda ways: (won[ways], -len(ways)))
    if not won[best]:
        return ""
    words = " and ".join(_WORDS[way] for way in best)
    listed = ", ".join(sorted({*known, *best}))
    return (
        f"{won[best]:,} of their ids differ from known ones in {words} alone: if that is the same id, write "
        f"ids_ignore: [{listed}] at the top of the mapping"
    )


def note_ids_alike(mapping: Mapping, files: dict[str, RawFile], log: ProblemLog) -> None:
    """List the rows of patients whose id differs from that of another row in capitals or leading zeros alone."""
    block = mapping.tables.patients
    spec = block.columns["patient_id"]
    if spec.source is None or block.file not in files:
        return
    raw = files[block.file]
    cells = raw.column(spec.source)
    codes = (*mapping.files[block.file].missing_codes, *spec.missing_codes)
    ids = read_ids(cells, codes)
    plain = pd.Series([None if i is None else plain_id(i, _WAYS[-1]) for i in ids], dtype=object)
    several = pd.Series(ids, dtype=object).groupby(plain).nunique()
    alike = plain.isin(several.index[several > 1]).to_numpy(dtype=bool)
    if alike.any():
        rows = raw.rows[alike[cells.codes]]
        log.add("patients", raw.path, "patient_id", "ids_alike", rows, of=len(cells.codes))
