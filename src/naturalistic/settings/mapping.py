"""The mapping of one cohort's extract onto the canonical tables (`config/cohorts/NAME.yaml`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import PurePath
from typing import Literal

from pydantic import Field, model_validator

from naturalistic.settings.between_services import BetweenServices
from naturalistic.settings.closed import Closed
from naturalistic.settings.closing import Closing
from naturalistic.settings.config import (
    Disclosure,
    Dropout,
    FormWindows,
    OutcomeModels,
    ReliableChange,
    ServiceChange,
)
from naturalistic.settings.equity import Equity
from naturalistic.settings.mapping_adapter import Adapter
from naturalistic.settings.mapping_blocks import (
    LINKED_TABLES,
    QuestionnaireMap,
    RatingMap,
    TableMap,
    WideForm,
    WideRating,
    accepted_columns,
    column_faults,
)
from naturalistic.settings.mapping_columns import (
    TYPED_SUFFIXES,
    Coarsening,
    ColumnMap,
    ColumnMaps,
    SourceFile,
)
from naturalistic.tables.cohort import COHORT_TABLES

__all__ = [
    "RELATIVE_DAY_ZERO",
    "Adapter",
    "Coarsening",
    "CohortChoices",
    "ColumnMap",
    "ColumnMaps",
    "IdDifference",
    "Mapping",
    "OptOut",
    "PrimaryChange",
    "QuestionnaireMap",
    "RatingMap",
    "SourceFile",
    "Synthetic",
    "TableMap",
    "Tables",
    "WideForm",
    "WideRating",
    "dated_columns",
]


IdDifference = Literal["capitals", "leading_zeros"]
"""What may differ in how one id is written."""


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
            accepted = accepted_columns(table)
            for name, column in block.columns.items():
                if name not in accepted:
                    wrong.append(
                        f"{table}.columns.{name} is not a column of {table}; accepted: {', '.join(accepted)}"
                    )
                else:
                    wrong += column_faults(table, name, column)
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


class Synthetic(Closed):
    """How a synthetic cohort is made.

    With `between_services` it is one of many: a mapping shared by several cohorts gives each a seed of its own.
    """

    preset: Literal["hirschfeld", "talking_therapies", "scale", "derbyshire"]
    seed: int
    n: int | None = Field(default=None, ge=1)
    dirty: bool = False
    between_services: BetweenServices | None = None


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
    service_change: ServiceChange | None = None
    closing: Closing | None = None
    equity: Equity | None = None
    outcome_models: OutcomeModels | None = None
    predictors: tuple[str, ...] | None = None
    reference_levels: dict[str, str] = Field(default_factory=dict)
    disclosure: Disclosure | None = None


_BY_ADAPTER = {
    table: {"file": "adapter", "columns": {"patient_id": "adapter"}}
    for table in ("patients", "referrals")
}
"""Stands for the tables until the adapter has found the files; see `cohort.adapters`."""


class Mapping(Closed):
    """One cohort: what it is, where its files lie, and what each column means.

    With `adapter` there are no `tables`, and `files` are only those the adapter does not read (an opt-out list).
    """

    title: str
    service: str = ""
    contact: str = ""
    data_cut: dt.date | None = None
    calendar: Literal["real", "relative"] = "real"
    synthetic: Synthetic | None = None
    published: str | None = None
    adapter: Adapter | None = None
    ids_ignore: tuple[IdDifference, ...] = ()
    files: dict[str, SourceFile]
    tables: Tables
    opt_out: OptOut | None = None
    choices: CohortChoices = CohortChoices()

    @property
    def instruments(self) -> frozenset[str] | None:
        """Instruments that are named; None where they are only known from the data."""
        if self.adapter:
            return None
        names: set[str] = set()
        for block in self.tables.questionnaires:
            names.update(form.instrument for form in block.forms)
            column = block.columns.get("instrument")
            if block.instrument:
                names.add(block.instrument)
            elif column is not None and column.codes:
                names.update(str(code) for code in column.codes.values())
            elif column is not None and column.constant is not None:
                names.add(str(column.constant))
            elif column is not None:
                return None
        return frozenset(names)

    @model_validator(mode="before")
    @classmethod
    def _adapted(cls, value: object) -> object:
        if not isinstance(value, dict) or value.get("adapter") is None:
            return value
        if "tables" in value:
            raise ValueError("with 'adapter' leave out 'tables': the adapter says what they are")
        if value.get("ids_ignore"):
            raise ValueError(
                "with 'adapter' leave out 'ids_ignore': its ids are compared as they are"
            )
        return {"files": {}, **value, "tables": _BY_ADAPTER}

    @model_validator(mode="after")
    def _known_files(self) -> Mapping:
        used = [] if self.adapter else [block.file for _, block in self.tables.blocks()]
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
