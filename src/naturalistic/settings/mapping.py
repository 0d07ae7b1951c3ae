"""The mapping of one cohort's extract onto the canonical tables (`config/cohorts/NAME.yaml`)."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field, field_validator, model_validator

from naturalistic.settings.config import (
    Closed,
    Disclosure,
    Dropout,
    FormWindows,
    ReliableChange,
)
from naturalistic.tables.cohort import COHORT_TABLES

Coarsening = Literal["outward_postcode", "year", "age_at_referral", "age_band"]


class SourceFile(Closed):
    """One file of the extract."""

    path: str
    encoding: str = "auto"
    delimiter: str = "auto"
    sheet: str | int = 0
    header_row: int = Field(default=1, ge=1)
    date_format: str | None = None
    missing_codes: tuple[str, ...] = ("", "NULL", "NA", "N/A")


class ColumnMap(Closed):
    """Where one canonical column comes from and how its values are read."""

    source: str | None = Field(default=None, alias="from")
    constant: str | float | int | None = None
    codes: dict[str, str | int | float] | None = None
    missing_codes: tuple[str, ...] = ()
    date_format: str | None = None
    drop: bool = False
    coarsen: Coarsening | None = None
    not_identifying_because: str | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMap:
        if (self.source is None) == (self.constant is None):
            raise ValueError("give either 'from' (a source column) or 'constant', and not both")
        return self


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


class WideForm(Closed):
    """One completed form that lies in columns of a one-row-per-person file."""

    instrument: str
    occasion: Literal["assessment", "pre", "session", "end", "follow_up"]
    session_number: int | None = None
    days: int | None = None
    date: ColumnMap | None = None
    total: str | None = None
    scales: dict[str, str] = Field(default_factory=dict)
    items: str | None = None
    already_reversed: bool = False

    @model_validator(mode="after")
    def _something(self) -> WideForm:
        if not (self.total or self.scales or self.items):
            raise ValueError("name the column of the 'total', of 'scales', or a pattern of 'items'")
        if self.items and "{item" not in self.items:
            raise ValueError("'items' is a pattern such as 'CORE_pre_{item}' or 'Q{item:02d}'")
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
    items: str | None = None
    already_reversed: bool = False
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
        return self


class WideRating(Closed):
    """One therapist rating that lies in a column of a one-row-per-person file."""

    kind: Literal["problem", "risk"]
    subject: str
    occasion: Literal["pre", "end"]
    source: str = Field(alias="from")
    codes: dict[str, int] | None = None


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

    @model_validator(mode="after")
    def _known_columns(self) -> Tables:
        blocks: list[tuple[str, TableMap | QuestionnaireMap | RatingMap]] = [
            ("patients", self.patients),
            ("referrals", self.referrals),
        ]
        blocks += [("sessions", self.sessions)] if self.sessions else []
        blocks += [("questionnaires", block) for block in self.questionnaires]
        blocks += [("ratings", block) for block in self.ratings]
        extra = {
            "questionnaires": {"patient_id"},
            "ratings": {"patient_id"},
            "sessions": {"patient_id"},
        }
        wrong = [
            f"{table}.columns.{name} is not a column of {table}; accepted: "
            + ", ".join(COHORT_TABLES[table].names)
            for table, block in blocks
            for name in block.columns
            if name not in {*COHORT_TABLES[table].names, *extra.get(table, ())}
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


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
        t = self.tables
        used = [t.patients.file, t.referrals.file, *([t.sessions.file] if t.sessions else [])]
        used += [block.file for block in t.questionnaires] + [block.file for block in t.ratings]
        used += [self.opt_out.file] if self.opt_out else []
        if unknown := sorted({name for name in used if name not in self.files}):
            raise ValueError(f"files: no entry named {', '.join(unknown)}")
        return self


RELATIVE_DAY_ZERO = dt.date(2000, 1, 1)
"""With `calendar: relative` a number of days is stored as a date counted from this day; no year is then reported."""
