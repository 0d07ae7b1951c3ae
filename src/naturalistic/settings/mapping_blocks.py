"""The blocks of a mapping: a table, questionnaires, ratings, each from one file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from naturalistic.settings.closed import Closed
from naturalistic.settings.mapping_columns import (
    COARSENED_COLUMNS,
    Codes,
    ColumnMap,
    ColumnMaps,
    MissingCodes,
)
from naturalistic.tables.cohort import COHORT_TABLES

LINKED_TABLES = ("sessions", "questionnaires", "ratings")


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


def accepted_columns(table: str) -> tuple[str, ...]:
    """Names a block of this table may map."""
    names = COHORT_TABLES[table].names
    return (*names, "patient_id") if table in LINKED_TABLES else names


def column_faults(table: str, name: str, column: ColumnMap) -> Iterator[str]:
    """What is wrong with one column of a block, given the contract of the table."""
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
    if column.codes and contract.kind == "id":
        yield f"{start}: an id has no codes"
