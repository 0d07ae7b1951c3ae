"""A file's cells as typed canonical columns, with every cell that cannot be used on the list of problems."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from naturalistic.cohort.cells import (
    Cells,
    categorical,
    cell_text,
    lookup,
    read_ids,
    read_numbers,
    read_words,
)
from naturalistic.cohort.dates import DatesRead, read_dates
from naturalistic.cohort.numerals import Numerals
from naturalistic.cohort.plan import column_contract
from naturalistic.cohort.problems import ProblemLog
from naturalistic.cohort.pseudonyms import Pseudonyms
from naturalistic.cohort.reading import RawFile
from naturalistic.cohort.times_of_day import as_times_of_day
from naturalistic.cohort.unreadable import CODES_LISTED, frequent_texts, unreadable_numbers
from naturalistic.settings.mapping import ColumnMap, SourceFile
from naturalistic.tables.schema import Column
from naturalistic.vocabulary import (
    ATTENDANCE,
    CHARACTERISTICS,
    CONTACT_TYPES,
    ENDINGS,
    OCCASIONS,
    TIMES_OF_DAY,
    Word,
)

# ASSUME A45: a date before 1980 is a filler.
EARLIEST_DATE = np.datetime64("1980-01-01", "D")
EARLIEST_BIRTH = np.datetime64("1880-01-01", "D")
_LEAST_SWAPPED = 3
_SWAPPED = 0.01
_OUTWARD = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?|BFPO)(?:\s*\d[A-Z]{2}|\s*\d{1,4})?", re.IGNORECASE)
_YEAR = re.compile(r"(1[89]|20)\d\d")
_CLOSED_LISTS: dict[str, Mapping[str, Word]] = {
    "attendance": ATTENDANCE,
    "contact_type": CONTACT_TYPES,
    "ending": ENDINGS,
    "occasion": OCCASIONS,
    "time_of_day": TIMES_OF_DAY,
}
ID_KINDS = {
    "patient_id": "patient",
    "referral_id": "referral",
    "therapist_id": "therapist",
    "form_id": "form",
}


@dataclass(slots=True)
class Draft:
    """Rows of one file on their way into a canonical table.

    Attributes
    ----------
    table, file : str
        Canonical table, and path of the file as the mapping writes it.
    frame : DataFrame
        Canonical columns typed as far as reading goes, `row` (number in the file) and helpers whose names begin with
        an underscore. Ids are 0 where missing.
    counted_from_referral : set of str
        Date columns that hold days since the referral, counted from `RELATIVE_DAY_ZERO` for the time being.
    """

    table: str
    file: str
    frame: pd.DataFrame
    counted_from_referral: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """Reads the columns of one file for one table.

    Attributes
    ----------
    raw, source : RawFile, SourceFile
        The file and its entry in the mapping.
    table : str
        Canonical table.
    log : ProblemLog
        Where cells that cannot be used are listed.
    pseudonyms : Pseudonyms
        Makes the ids.
    """

    raw: RawFile
    source: SourceFile
    table: str
    log: ProblemLog
    pseudonyms: Pseudonyms

    def cells(self, spec: ColumnMap) -> Cells:
        """The text of a column, or of a constant."""
        if spec.source is None:
            return Cells.constant(spec.constant, len(self.raw.rows))
        return self.raw.column(spec.source)

    def missing_codes(self, spec: ColumnMap) -> tuple[str, ...]:
        """Texts that stand for a missing value in a column."""
        return (*self.source.missing_codes, *spec.missing_codes)

    def read(self, name: str, spec: ColumnMap) -> object:
        """A canonical column as int64 (ids, 0 = missing), Categorical, float or datetime64[ms]."""
        contract = column_contract(self.table, name)
        if contract.kind == "id":
            return self.ids(ID_KINDS[name], spec)
        if spec.coarsen == "outward_postcode":
            return self.outward_postcodes(name, spec)
        if contract.kind == "category":
            return self.words(name, spec, contract)
        if contract.kind == "date":
            return self.dates(name, spec)
        return self.numbers(name, self.cells(spec), spec, contract)

    def ids(self, kind: str, spec: ColumnMap) -> np.ndarray:
        """Pseudonyms, 0 where missing."""
        cells = self.cells(spec)
        return self.pseudonyms.of(kind, read_ids(cells, self.missing_codes(spec)))[cells.codes]

    def words(self, name: str, spec: ColumnMap, contract: Column) -> pd.Categorical:
        """Words of a closed list, or the service's own words."""
        cells = self.cells(spec)
        if contract.name == "time_of_day" and not spec.codes:
            cells = as_times_of_day(cells)
        levels = _labels(contract.name, contract.levels)
        words, unknown = read_words(cells, spec.codes, levels, self.missing_codes(spec))
        accepted = list(spec.codes or contract.levels)
        self._report_unknown(name, cells, unknown, accepted, words)
        return _categorical(words, cells.codes, contract.levels)

    def numbers(
        self, name: str, cells: Cells, spec: ColumnMap, contract: Column | None
    ) -> np.ndarray:
        """Numbers inside the range of the column, NaN elsewhere."""
        written = Numerals.of(self.source, typed=self.raw.typed)
        numbers, unreadable = read_numbers(cells, spec.codes, self.missing_codes(spec), written)
        rule, hint = unreadable_numbers(cells, numbers, unreadable, written)
        self.report(name, rule, cells, unreadable, hint)
        if spec.multiply_by is not None:
            numbers = numbers * spec.multiply_by
        if contract is None:
            return numbers[cells.codes]
        if contract.kind == "integer":
            fraction = ~np.isnan(numbers) & (numbers != np.round(numbers))
            self.report(name, "number_not_whole", cells, fraction)
            numbers[fraction] = np.nan
        low = -np.inf if contract.minimum is None else contract.minimum
        high = np.inf if contract.maximum is None else contract.maximum
        outside = (numbers < low) | (numbers > high)
        self.report(name, "number_out_of_range", cells, outside, f"accepted: {low:g} to {high:g}")
        numbers[outside] = np.nan
        return numbers[cells.codes]

    def dates(
        self, name: str, spec: ColumnMap, earliest: np.datetime64 = EARLIEST_DATE
    ) -> np.ndarray:
        """Dates, NaT where missing, unreadable or before `earliest`.

        Codes stand for dates in the format of the column ("month 6" for 183 days); other texts are dates themselves.
        """
        cells = self.cells(spec)
        if spec.codes:
            coded = lookup(cells.values, spec.codes)
            texts = [
                t if c is None else cell_text(c) for t, c in zip(cells.values, coded, strict=True)
            ]
            cells = Cells(cells.codes, np.array(texts, dtype=object))
        declared = spec.date_format or self.source.date_format
        read = read_dates(cells, declared, self.missing_codes(spec), typed=self.raw.typed)
        said = f"declared: {declared or 'none, only real dates of the file'}"
        if read.only_fits:
            hint = f"{said}; fits: {read.only_fits}"
            self.report(name, "date_order", cells, read.unreadable, hint)
        elif self._most(cells, read.unreadable, read.dates):
            self.report(name, "most_dates_unreadable", cells, read.unreadable, said)
        elif self._mixed(cells, read):
            self.report(name, "date_orders_mixed", cells, read.swapped, said)
            self.report(name, "date_unreadable", cells, read.unreadable & ~read.swapped, said)
        else:
            if n := int(cells.counts()[read.swapped].sum()):
                said += f"; {n:,} of them would be dates with day and month in the other order"
            self.report(name, "date_unreadable", cells, read.unreadable, said)
        early = read.dates < earliest
        self.report(name, "date_far_past", cells, early)
        dates = np.where(early, np.datetime64("NaT", "D"), read.dates)
        return dates.astype("datetime64[ms]")[cells.codes]

    def outward_postcodes(self, name: str, spec: ColumnMap) -> pd.Categorical:
        """The first half of postcodes."""
        cells = self.cells(spec)
        texts, _ = read_words(cells, None, {}, self.missing_codes(spec))
        found = [None if t is None else _OUTWARD.fullmatch(t) for t in texts]
        areas = np.array([None if f is None else f[1].upper() for f in found], dtype=object)
        lost = np.array(
            [t is not None and f is None for t, f in zip(texts, found, strict=True)], bool
        )
        self.report(name, "postcode_unreadable", cells, lost)
        return _categorical(areas, cells.codes, ())

    def birth_years(self, name: str, spec: ColumnMap) -> np.ndarray:
        """Years of birth from dates of birth or from years, NaN where missing."""
        cells = self.cells(spec)
        plain = np.array([bool(_YEAR.fullmatch(text)) for text in cells.values], dtype=bool)
        if plain.mean() > 0.5:
            return self.numbers(name, cells, spec, None)
        dates = self.dates(name, spec, EARLIEST_BIRTH)
        years = dates.astype("datetime64[Y]").astype(np.int64) + 1970.0
        return np.where(np.isnat(dates), np.nan, years)

    def report(self, name: str, rule: str, cells: Cells, texts: np.ndarray, hint: str = "") -> None:
        """List the rows whose text is marked."""
        if texts.any():
            rows = self.raw.rows[texts[cells.codes]]
            self.log.add(
                self.table, self.raw.path, name, rule, rows, of=len(cells.codes), hint=hint
            )

    def _mixed(self, cells: Cells, read: DatesRead) -> bool:
        """More dates in the other order than slips of the pen explain: others, up to the 12th, hide among the rest."""
        counts = cells.counts()
        n = int(counts[read.swapped].sum())
        return n >= _LEAST_SWAPPED and n > _SWAPPED * int(counts[~np.isnat(read.dates)].sum())

    def _most(self, cells: Cells, bad: np.ndarray, read: np.ndarray) -> bool:
        counts = cells.counts()
        n_bad = int(counts[bad].sum())
        return n_bad > int(counts[~pd.isna(read)].sum())

    def _report_unknown(
        self, name: str, cells: Cells, unknown: np.ndarray, accepted: list[str], words: np.ndarray
    ) -> None:
        if not unknown.any():
            return
        listed = ", ".join(accepted[:CODES_LISTED])
        hint = f"accepted: {listed}{', ...' if len(accepted) > CODES_LISTED else ''}"
        if often := frequent_texts(cells, unknown):
            hint += f"; not explained: {often}"
        rule = "most_codes_unknown" if self._most(cells, unknown, words) else "code_unknown"
        self.report(name, rule, cells, unknown, hint)


def draft_table(reader: ColumnReader, columns: dict[str, ColumnMap]) -> Draft:
    """The mapped columns of one file as a draft of a canonical table."""
    data: dict[str, object] = {"row": reader.raw.rows}
    counted: set[str] = set()
    for name, spec in columns.items():
        if spec.drop:
            continue
        if spec.coarsen in ("age_at_referral", "year", "age_band"):
            data |= _birth(reader, name, spec)
            continue
        data[name] = reader.read(name, spec)
        declared = spec.date_format or reader.source.date_format
        if column_contract(reader.table, name).kind == "date" and declared == "days":
            counted.add(name)
    return Draft(reader.table, reader.raw.path, pd.DataFrame(data), counted)


def _birth(reader: ColumnReader, name: str, spec: ColumnMap) -> dict[str, object]:
    """What an age is made from later, when the date of the first referral is known."""
    if spec.coarsen == "year":
        return {f"_year_of_birth_{name}": reader.birth_years(name, spec)}
    if spec.coarsen == "age_at_referral" or spec.date_format:
        return {f"_date_of_birth_{name}": reader.dates(name, spec, EARLIEST_BIRTH)}
    age = column_contract("patients", "age")
    return {f"_age_{name}": reader.numbers(name, reader.cells(spec), spec, age)}


def _categorical(words: np.ndarray, codes: np.ndarray, levels: Iterable[str]) -> pd.Categorical:
    ordered = list(levels) or sorted({word for word in words if word is not None})
    place = {word: i for i, word in enumerate(ordered)}
    positions = np.array([place.get(word, -1) for word in words], dtype=np.int32)
    return categorical(positions[codes], ordered)


def _labels(column: str, levels: tuple[str, ...]) -> dict[str, str]:
    characteristic = CHARACTERISTICS.get(column)
    words = _CLOSED_LISTS.get(column) or (characteristic.levels if characteristic else {})
    return {key: words[key].label if key in words else key for key in levels}
