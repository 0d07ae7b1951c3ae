"""The mapping of one cohort's extract onto the canonical tables (`config/cohorts/NAME.yaml`)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from naturalistic.settings.config import (
    Closed,
    Disclosure,
    Dropout,
    FormWindows,
    ReliableChange,
)
from naturalistic.tables.cohort import COHORT_TABLES

Coarsening = Literal["outward_postcode", "year", "age_at_referral", "age_band"]
COARSENED_COLUMNS = {
    "outward_postcode": ("area",),
    "year": ("age",),
    "age_at_referral": ("age",),
    "age_band": ("age_band",),
}
TYPED_SUFFIXES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".sav", ".zsav", ".dta", ".parquet")
LINKED_TABLES = ("sessions", "questionnaires", "ratings")


def _date_format(value: str) -> str:
    if value in ("iso", "dmy", "excel_serial", "days"):
        return value
    if "%" not in value:
        hint = " (for month before day write '%m/%d/%Y')" if value == "mdy" else ""
        raise ValueError(
            f"{value!r} is not a date format{hint}; accepted: iso, dmy, excel_serial, days, or a pattern such as "
            "'%d/%m/%Y'"
        )
    signs = set(re.findall(r"%([A-Za-z])", value))
    whole = signs & {"Y", "y"} and ((signs & {"m", "b", "B"} and "d" in signs) or "j" in signs)
    if not (whole or signs & {"x", "c", "s"}):
        raise ValueError(f"{value!r} does not name a day, a month and a year")
    return value


def _text(value: object) -> object:
    """A YAML scalar as the text that stands in the file."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        raise ValueError("put quotation marks around words such as 'yes', 'no', 'true' and 'on'")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float | dt.date) else value


def _codes(value: object) -> object:
    if isinstance(value, dict):
        # YAML reads a bare yes or no as true or false
        words = {True: "yes", False: "no"}
        return {_text(k): words[v] if isinstance(v, bool) else v for k, v in value.items()}
    return value


def _texts(value: object) -> object:
    if isinstance(value, list | tuple):
        return tuple(_text(each) for each in value)
    return value


DateFormat = Annotated[str, AfterValidator(_date_format)]
Codes = Annotated[dict[str, str | int | float], BeforeValidator(_codes)]
MissingCodes = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class SourceFile(Closed):
    """One file of the extract."""

    path: str
    encoding: str = "auto"
    delimiter: str = "auto"
    sheet: str | int = 0
    header_row: int = Field(default=1, ge=1)
    date_format: DateFormat | None = None
    missing_codes: MissingCodes = ("", "NULL", "NA", "N/A")

    @field_validator("delimiter")
    @classmethod
    def _one_sign(cls, value: str) -> str:
        named = ("auto", "comma", "semicolon", "tab", "pipe", "caret", "tilde", "space", "\\t")
        if value not in named and len(value) != 1:
            raise ValueError(f"{value!r} is not one sign; accepted: one sign, {', '.join(named)}")
        return value


class ColumnMap(Closed):
    """Where one canonical column comes from and how its values are read.

    Attributes
    ----------
    source, constant : str or None
        Column of the file (`from` in the mapping), or one value for every row.
    codes : dict or None
        What each code of the file means: a word of the column, or a number.
    missing_codes : tuple of str
        Further texts that stand for a missing value, beside those of the file.
    date_format : str or None
        Format of this column, before that of the file.
    multiply_by : float or None
        Turns the unit of the file into that of the column (60 for hours into minutes).
    drop : bool
        The column is not read; says that it was looked at and left out.
    coarsen : str or None
        Keep less than the file holds: see docs/how_to/map_an_extract.md.
    not_identifying_because : str or None
        Why a column that looks identifying identifies nobody.
    """

    source: str | None = Field(default=None, alias="from")
    constant: str | float | int | None = None
    codes: Codes | None = None
    missing_codes: MissingCodes = ()
    date_format: DateFormat | None = None
    multiply_by: float | None = Field(default=None, gt=0)
    drop: bool = False
    coarsen: Coarsening | None = None
    not_identifying_because: str | None = Field(default=None, min_length=10)

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMap:
        if (self.source is None) == (self.constant is None):
            raise ValueError("give either 'from' (a source column) or 'constant', and not both")
        return self

    @field_validator("constant", mode="before")
    @classmethod
    def _plain_constant(cls, value: object) -> object:
        return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


ColumnMaps = dict[str, ColumnMap]


def _shorthand(value: object) -> object:
    """`age: Age` is short for `age: {from: Age}`."""
    if isinstance(value, dict):
        return {k: {"from": v} if isinstance(v, str) else v for k, v in value.items()}
    return value


class TableMap(Closed):
    """A canonical table from one source file."""

    file: str
    columns: ColumnMaps

    @field_validator("columns", mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return _shorthand(value)


def _item_pattern(value: str) -> str:
    if not re.fullmatch(r"[^{}]*\{item(:0?\d+d?)?\}[^{}]*", value):
        raise ValueError("'items' is a pattern such as 'CORE_pre_{item}' or 'Q{item:02d}'")
    return value


ItemPattern = Annotated[str, AfterValidator(_item_pattern)]


class WideForm(Closed):
    """One completed form that lies in columns of a one-row-per-person file.

    Attributes
    ----------
    instrument : str
        Key of the instrument.
    occasion : str
        When it was completed; with `session_number`, `days` (after the referral, or after day zero in a relative
        calendar) or `date` where known.
    total, scales, items : str, dict of str to str, str
        Column of the total, columns of the scales by their keys, pattern of the item columns.
    already_reversed : bool
        Positively worded items were already turned round in the file.
    multiply_by : float or None
        Turns the total and the scales into the unit of the instrument (10 for the mean of CORE-OM items).
    codes : dict or None
        Number of each answer, where answers are words or start elsewhere.
    """

    instrument: str
    occasion: Literal["assessment", "pre", "session", "end", "follow_up"]
    session_number: int | None = None
    days: int | None = None
    date: ColumnMap | None = None
    total: str | None = None
    scales: dict[str, str] = Field(default_factory=dict)
    items: ItemPattern | None = None
    already_reversed: bool = False
    multiply_by: float | None = Field(default=None, gt=0)
    codes: Codes | None = None

    @field_validator("date", mode="before")
    @classmethod
    def _short_date(cls, value: object) -> object:
        return {"from": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _something(self) -> WideForm:
        if not (self.total or self.scales or self.items):
            raise ValueError("name the column of the 'total', of 'scales', or a pattern of 'items'")
        placed = self.session_number is not None or self.days is not None or self.date is not None
        if self.occasion == "session" and not placed:
            raise ValueError("a form at a session needs 'session_number', 'days' or 'date'")
        return self


class QuestionnaireMap(Closed):
    """Completed forms from one source file, one row a form or an answer (long), or in blocks of columns (wide).

    Long with `columns.item` and `columns.value`: one row an answer. Long with `columns.scale` and `columns.value`: one
    row a scale. Long with `total`, `scales` or `items`: one row a form. Wide with `forms`: one row a person.
    """

    file: str
    columns: ColumnMaps = Field(default_factory=dict)
    instrument: str | None = None
    total: str | None = None
    scales: dict[str, str] = Field(default_factory=dict)
    items: ItemPattern | None = None
    already_reversed: bool = False
    multiply_by: float | None = Field(default=None, gt=0)
    codes: Codes | None = None
    forms: tuple[WideForm, ...] = ()

    @field_validator("columns", mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return _shorthand(value)

    @model_validator(mode="after")
    def _shape(self) -> QuestionnaireMap:
        long_values = "value" in self.columns
        form_rows = bool(self.total or self.scales or self.items)
        if sum((bool(self.forms), long_values, form_rows)) != 1:
            raise ValueError(
                "say how the answers lie: 'forms' (blocks of columns), or columns.value with columns.item or "
                "columns.scale (one row an answer), or 'total', 'scales' or 'items' (one row a form)"
            )
        if long_values and ("item" in self.columns) == ("scale" in self.columns):
            raise ValueError(
                "beside columns.value give columns.item or columns.scale, and not both"
            )
        if not self.forms and (self.instrument is None) == ("instrument" not in self.columns):
            raise ValueError("name the 'instrument', or its column under columns.instrument")
        if form_rows and self.instrument is None:
            raise ValueError(
                "'total', 'scales' and 'items' need one 'instrument' for the whole file"
            )
        return self


class WideRating(Closed):
    """One therapist rating that lies in a column of a one-row-per-person file."""

    kind: Literal["problem", "risk"]
    subject: str
    occasion: Literal["pre", "end"]
    source: str = Field(alias="from")
    codes: Codes | None = None
    missing_codes: MissingCodes = ()


class RatingMap(Closed):
    """Therapist ratings from one source file, long (`columns`) or wide (`ratings`)."""

    file: str
    columns: ColumnMaps = Field(default_factory=dict)
    ratings: tuple[WideRating, ...] = ()

    @field_validator("columns", mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return _shorthand(value)


class Tables(Closed):
    """Where each canonical table comes from."""

    patients: TableMap
    referrals: TableMap
    sessions: TableMap | None = None
    questionnaires: tuple[QuestionnaireMap, ...] = ()
    ratings: tuple[RatingMap, ...] = ()

    def blocks(self) -> Iterator[tuple[str, TableMap | QuestionnaireMap | RatingMap]]:
        """Every block with the name of its table."""
        yield "patients", self.patients
        yield "referrals", self.referrals
        if self.sessions:
            yield "sessions", self.sessions
        for questionnaires in self.questionnaires:
            yield "questionnaires", questionnaires
        for ratings in self.ratings:
            yield "ratings", ratings

    @model_validator(mode="after")
    def _known_columns(self) -> Tables:
        wrong: list[str] = []
        for table, block in self.blocks():
            accepted = _accepted_columns(table)
            for name, column in block.columns.items():
                if name not in accepted:
                    wrong.append(
                        f"{table}.columns.{name} is not a column of {table}; accepted: {', '.join(accepted)}"
                    )
                else:
                    wrong += _column_faults(table, name, column)
        for table, needed in (("patients", "patient_id"), ("referrals", "patient_id")):
            if needed not in getattr(self, table).columns:
                wrong.append(f"{table}.columns.{needed} is missing: no row can be used without it")
        if self.sessions and "date" not in self.sessions.columns:
            wrong.append("sessions.columns.date is missing: no session can be used without it")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @model_validator(mode="after")
    def _linked(self) -> Tables:
        with_ids = {self.patients.file, self.referrals.file}
        wrong = [
            f"{table} from file {block.file}: map referral_id or patient_id, so that its rows find their referral"
            for table, block in self.blocks()
            if table in LINKED_TABLES
            and block.file not in with_ids
            and not {"referral_id", "patient_id"} & set(block.columns)
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


def _accepted_columns(table: str) -> tuple[str, ...]:
    names = COHORT_TABLES[table].names
    return (*names, "patient_id") if table in LINKED_TABLES else names


def _column_faults(table: str, name: str, column: ColumnMap) -> Iterator[str]:
    start = f"{table}.columns.{name}"
    coarsened = COARSENED_COLUMNS.get(column.coarsen or "", (name,))
    if name not in coarsened:
        yield f"{start}: coarsen {column.coarsen} is meant for {', '.join(coarsened)}"
    if name not in COHORT_TABLES[table].names:
        return
    contract = COHORT_TABLES[table].column(name)
    meanings = list((column.codes or {}).values())
    meanings += [column.constant] if column.constant is not None else []
    if contract.levels:
        strange = sorted({str(m) for m in meanings if m not in contract.levels})
        if strange:
            yield (
                f"{start}: {', '.join(map(repr, strange))} is not a word of {name}; accepted: "
                + ", ".join(contract.levels)
            )
    elif contract.kind in ("integer", "number") and any(isinstance(m, str) for m in meanings):
        yield f"{start}: codes of a number must stand for numbers"
    if column.codes and contract.kind in ("id", "date"):
        yield f"{start}: {'an id' if contract.kind == 'id' else 'a date'} has no codes"


class Synthetic(Closed):
    """How the embedded synthetic cohort is made."""

    preset: Literal["hirschfeld", "talking_therapies", "scale"]
    seed: int
    n: int | None = Field(default=None, ge=1)
    dirty: bool = False


class OptOut(Closed):
    """A list of people who have opted out of secondary use."""

    file: str
    column: str


class PrimaryChange(Closed):
    """What this cohort changes in the primary analysis."""

    instrument: str | None = None
    scale: str | None = None
    estimand: str | None = None
    population: str | None = None
    dropout_definition: str | None = None
    absence_definition: str | None = None
    clock: str | None = None


class CohortChoices(Closed):
    """Choices of the run that this cohort changes."""

    primary: PrimaryChange = PrimaryChange()
    form_windows: FormWindows | None = None
    episodes: Literal["first", "last", "all"] | None = None
    reliable_change: ReliableChange | None = None
    dropout: Dropout | None = None
    predictors: tuple[str, ...] | None = None
    reference_levels: dict[str, str] = Field(default_factory=dict)
    disclosure: Disclosure | None = None


class Mapping(Closed):
    """One cohort: what it is, where its files lie, and what each column means."""

    title: str
    service: str = ""
    contact: str = ""
    data_cut: dt.date | None = None
    calendar: Literal["real", "relative"] = "real"
    synthetic: Synthetic | None = None
    published: str | None = None
    files: dict[str, SourceFile]
    tables: Tables
    opt_out: OptOut | None = None
    choices: CohortChoices = CohortChoices()

    @model_validator(mode="after")
    def _known_files(self) -> Mapping:
        used = [block.file for _, block in self.tables.blocks()]
        used += [self.opt_out.file] if self.opt_out else []
        if unknown := sorted({name for name in used if name not in self.files}):
            raise ValueError(f"files: no entry named {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _date_formats(self) -> Mapping:
        wrong: list[str] = []
        for table, block in self.tables.blocks():
            source = self.files.get(block.file)
            for name, column in dated_columns(table, block):
                if column.drop or source is None:
                    continue
                asked = column.date_format or source.date_format
                if not asked and PurePath(source.path).suffix.lower() not in TYPED_SUFFIXES:
                    wrong.append(
                        f"{table}.columns.{name}: say how its dates are written with 'date_format' (here or in files."
                        f"{block.file}): iso, dmy, excel_serial, days, or a pattern such as '%d/%m/%Y'"
                    )
                if asked == "days" and name == "received_date" and self.calendar == "real":
                    wrong.append(
                        "referrals.columns.received_date: days need a day zero; set 'calendar: relative'"
                    )
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


def dated_columns(
    table: str, block: TableMap | QuestionnaireMap | RatingMap
) -> Iterator[tuple[str, ColumnMap]]:
    """The columns of a block that are read as dates."""
    for name, column in block.columns.items():
        contract = COHORT_TABLES[table].column(name) if name in COHORT_TABLES[table].names else None
        is_date = contract is not None and contract.kind == "date"
        if is_date or column.coarsen in ("age_at_referral", "year"):
            yield name, column
    if isinstance(block, QuestionnaireMap):
        for form in block.forms:
            if form.date:
                yield f"forms.{form.instrument}.{form.occasion}.date", form.date


RELATIVE_DAY_ZERO = dt.date(2000, 1, 1)
"""With `calendar: relative` a number of days is stored as a date counted from this day; no year is then reported."""
