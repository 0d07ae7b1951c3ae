"""The files of an extract and how the cells of one column are read: the innermost parts of a mapping."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from naturalistic.settings.closed import Closed

Coarsening = Literal["outward_postcode", "year", "age_at_referral", "age_band"]
COARSENED_COLUMNS = {
    "outward_postcode": ("area",),
    "year": ("age",),
    "age_at_referral": ("age",),
    "age_band": ("age_band",),
}
TYPED_SUFFIXES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".sav", ".zsav", ".dta", ".parquet")


FORMATS_JOINED_BY = " or "


def _date_format(value: str) -> str:
    """One format, or several that no text can be read by two of: `dmy or iso or excel_serial`."""
    if FORMATS_JOINED_BY in value:
        parts = [_date_format(part) for part in value.split(FORMATS_JOINED_BY)]
        others = [part for part in parts if part not in ("iso", "excel_serial")]
        # 2024-05-04 could be either of two orders, and 240504 a day number of Excel
        mistaken = any(
            part[:2] in ("%Y", "%y") or re.search(r"%[A-Za-z]%", part) for part in others
        )
        if "days" in parts or mistaken or len(others) > 1 or len(set(parts)) < len(parts):
            raise ValueError(
                f"{value!r}: only iso, excel_serial and one other format that begins with the day or month can be joined; "
                "otherwise nobody could tell which of them a date follows"
            )
        return value
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


def joinable(date_format: str) -> bool:
    """No date in this format can be mistaken for an ISO date (2024-05-04) or a day number of Excel (240504)."""
    year_first = date_format[:2] in ("%Y", "%y")
    return date_format != "days" and not year_first and not re.search(r"%[A-Za-z]%", date_format)


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


def _decimal(value: str) -> str:
    """The sign before the decimals, or both."""
    words = {"point": ".", "comma": ","}
    signs = [words.get(part.strip(), part.strip()) for part in value.split(FORMATS_JOINED_BY)]
    if not set(signs) <= {".", ","} or len(set(signs)) < len(signs):
        raise ValueError(
            f"{value!r} is not a decimal sign; accepted: '.' (13.5), ',' (13,5), or ', or .' where columns differ"
        )
    return FORMATS_JOINED_BY.join(signs)


DateFormat = Annotated[str, AfterValidator(_date_format)]
Codes = Annotated[dict[str, str | int | float], BeforeValidator(_codes)]
DecimalSign = Annotated[str, AfterValidator(_decimal)]
MissingCodes = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class SourceFile(Closed):
    """One file of the extract: where it lies and how it is read. The data dictionary prints the descriptions."""

    path: str = Field(description="Where the file lies, from the project on or whole.")
    encoding: str = Field(
        default="auto", description="Of text: found out (`auto`) or named, such as `cp1252`."
    )
    delimiter: str = Field(
        default="auto",
        description="Of text: found out (`auto`), or comma, semicolon, tab, pipe, caret, tilde, or one sign.",
    )
    sheet: str | int = Field(
        default=0, description="Of a workbook: name, or number with 0 as the first."
    )
    header_row: int = Field(default=1, ge=1, description="Row with the names of the columns.")
    header_rows: int = Field(
        default=1, ge=1, le=3, description="Header lines above each other, joined to one name."
    )
    date_format: DateFormat | None = Field(
        default=None,
        description="Of its dates: iso, dmy, excel_serial, days, or a pattern such as `'%d/%m/%Y'`.",
    )
    decimal: DecimalSign = Field(
        default=".",
        description='Sign before the decimals of its numbers: `"."`, `","` (13,5), or `", or ."` where columns differ.',
    )
    text_after_numbers: bool = Field(
        default=False,
        description="Words behind a number are passed over: `12 (moderate)` and `12/27` are 12.",
    )
    missing_codes: MissingCodes = Field(
        default=("", "NULL", "NA", "N/A"),
        description="Cells that stand for a missing value in every column.",
    )

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
