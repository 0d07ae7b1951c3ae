"""The profile of a whole extract, made while it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.cohort.build_tables import Extract
from naturalistic.cohort.cells import Cells, read_ids
from naturalistic.cohort.drift.columns import RawColumn, column_profile
from naturalistic.cohort.drift.models import ColumnProfile, ExtractFileProfile, ExtractProfile
from naturalistic.cohort.numerals import POINT, Numerals
from naturalistic.cohort.plan import MappedColumn, column_contract
from naturalistic.cohort.reading import RawFile
from naturalistic.settings.mapping import ColumnMap

_COARSENED = ColumnMap.model_construct(codes=None, missing_codes=())


def profile_extract(
    extract: Extract,
    columns: Mapping[str, Sequence[MappedColumn]],
    tables: Mapping[str, pd.DataFrame],
    opted_out: np.ndarray,
    data_cut: str,
) -> ExtractProfile:
    """Count what every mapped column of an extract holds.

    Parameters
    ----------
    extract : Extract
        The files as they were read.
    columns : mapping of str to sequence of MappedColumn
        Mapped columns by file.
    tables : mapping of str to DataFrame
        The canonical tables: what the mapping makes coarser (age, area) is counted after that.
    opted_out : ndarray of int64
        Pseudonyms of people whose rows are not counted.
    data_cut : str
        Day at which the data end.

    Returns
    -------
    ExtractProfile
    """
    files = {}
    hidden = _OptedOut.of(extract, columns, opted_out) if opted_out.size else None
    for name, raw in extract.files.items():
        if not columns[name]:
            continue  # a list of people who opted out
        kept = hidden.rows_kept(name) if hidden else np.ones(len(raw.rows), dtype=bool)
        files[name] = ExtractFileProfile(
            path=raw.path,
            described=raw.described,
            rows=int(kept.sum()),
            header=tuple(name for name in raw.header if name),
            columns=_columns(extract, name, columns[name], tables, kept),
        )
    return ExtractProfile(digest=extract_digest(extract.files), data_cut=data_cut, files=files)


def extract_digest(files: Mapping[str, RawFile]) -> str:
    """One digest over the bytes of all files, whatever they are called."""
    joined = "\n".join(f"{name} {files[name].digest}" for name in sorted(files))
    return hashlib.sha256(joined.encode("utf-8")).hexdigest()


def _columns(
    extract: Extract,
    file: str,
    mapped: Sequence[MappedColumn],
    tables: Mapping[str, pd.DataFrame],
    kept: np.ndarray,
) -> dict[str, ColumnProfile]:
    owners = _owners(extract, file, mapped, kept)
    by_source: dict[str, list[MappedColumn]] = {}
    for column in mapped:
        by_source.setdefault(column.source, []).append(column)
    found = {}
    for source, several in by_source.items():
        meanings = tuple(dict.fromkeys(_meaning(column) for column in several))
        made = _coarsened(extract, several[0], tables) or _as_it_stands(
            extract, file, several[0], kept, owners
        )
        found[source] = column_profile(made, meanings)
    return found


def _meaning(column: MappedColumn) -> str:
    # answers are named as in the file
    return column.table if column.name == column.source else f"{column.table}.{column.name}"


def _coarsened(
    extract: Extract, column: MappedColumn, tables: Mapping[str, pd.DataFrame]
) -> RawColumn | None:
    """What was made of a date of birth or a postcode: its own values are never counted."""
    if not column.spec.coarsen:
        return None
    kind = column_contract(column.table, column.name).kind
    cells = Cells.from_series(tables[column.table][column.name].astype(object))
    return RawColumn(cells, kind, _COARSENED, (), None, True, POINT, None, extract.pseudonyms)


def _as_it_stands(
    extract: Extract, file: str, column: MappedColumn, kept: np.ndarray, owners: np.ndarray | None
) -> RawColumn:
    raw, source = extract.files[file], extract.mapping.files[file]
    cells = raw.column(column.source)
    return RawColumn(
        cells if kept.all() else cells.take(np.flatnonzero(kept)),
        column.kind,
        column.spec,
        (*source.missing_codes, *column.spec.missing_codes),
        column.spec.date_format or source.date_format,
        raw.typed,
        Numerals.of(source, typed=raw.typed),
        owners,
        extract.pseudonyms,
    )


def _owners(
    extract: Extract, file: str, mapped: Sequence[MappedColumn], kept: np.ndarray
) -> np.ndarray | None:
    """Whose row each is: by the patient's number, else by the referral's."""
    for name in ("patient_id", "referral_id"):
        for column in mapped:
            if column.name == name:
                return extract.files[file].column(column.source).codes[kept]
    return None


@dataclass(frozen=True, slots=True)
class _OptedOut:
    """People who opted out, and their referrals, as pseudonyms."""

    extract: Extract
    columns: Mapping[str, Sequence[MappedColumn]]
    people: np.ndarray
    referrals: np.ndarray

    @classmethod
    def of(
        cls, extract: Extract, columns: Mapping[str, Sequence[MappedColumn]], people: np.ndarray
    ) -> _OptedOut:
        """With the referrals of the people, by the file that holds both numbers."""
        alone = cls(extract, columns, people, np.empty(0, np.int64))
        file = extract.mapping.tables.referrals.file
        persons, referrals = alone._ids(file, "patient"), alone._ids(file, "referral")
        if persons is None or referrals is None:
            return alone
        return cls(extract, columns, people, np.unique(referrals[np.isin(persons, people)]))

    def rows_kept(self, file: str) -> np.ndarray:
        """Rows of a file that belong to none of them."""
        kept = np.ones(len(self.extract.files[file].rows), dtype=bool)
        for kind, gone in (("patient", self.people), ("referral", self.referrals)):
            ids = self._ids(file, kind)
            if ids is not None:
                kept &= ~np.isin(ids, gone)
        return kept

    def _ids(self, file: str, kind: str) -> np.ndarray | None:
        """Pseudonyms in the rows of a file; None where it does not hold that number."""
        for column in self.columns[file]:
            if column.name == f"{kind}_id":
                cells = self.extract.files[file].column(column.source)
                codes = (
                    *self.extract.mapping.files[file].missing_codes,
                    *column.spec.missing_codes,
                )
                return self.extract.pseudonyms.of(kind, read_ids(cells, codes))[cells.codes]
        return None
