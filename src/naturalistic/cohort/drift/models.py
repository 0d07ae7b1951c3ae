"""The profile of an extract: counts of rows, codes and months that many people share, never a patient's value."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PROFILE_VERSION = 1

Content = Literal["id", "codes", "numbers", "dates"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnProfile(_Frozen):
    """One mapped column.

    Attributes
    ----------
    meanings : tuple of str
        Canonical columns that are made of it, such as ``patients.age``.
    content : {"id", "codes", "numbers", "dates"}
        How it was counted.
    looks : str
        What most of its cells look like, whatever the mapping says: numbers, dates, text, or nothing.
    rows, missing, unreadable : int
        Rows; rows without a value; rows whose value is no number or no date.
    distinct : int
        Different values.
    codes : dict of str to int
        Rows by code (or by whole number), only where ten rows and ten people share it.
    marks : dict of str to int
        Keyed pseudonyms of `codes`.
    rare : tuple of int or None
        Keyed pseudonyms of the codes that fewer share, so that the next comparison can tell an old one from a new one;
        None where the column holds no list of codes.
    codes_hidden : bool
        The codes are not kept, because the column could identify people but for a reason given in the mapping.
    months : dict of str to int
        Rows by month, only where ten rows fall into it.
    n_months : int
        Months from the first to the last of `months`.
    mean, sd : float or None
        Of numbers, where ten rows hold one.
    quantiles : dict of str to float
        Percentiles with at least ten rows beyond, to three significant digits.
    """

    meanings: tuple[str, ...]
    content: Content
    looks: str
    rows: int
    missing: int
    unreadable: int = 0
    distinct: int = 0
    codes: dict[str, int] = Field(default_factory=dict)
    marks: dict[str, int] = Field(default_factory=dict)
    rare: tuple[int, ...] | None = None
    codes_hidden: bool = False
    months: dict[str, int] = Field(default_factory=dict)
    n_months: int = 0
    mean: float | None = None
    sd: float | None = None
    quantiles: dict[str, float] = Field(default_factory=dict)

    @property
    def filled(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing


class ExtractFileProfile(_Frozen):
    """One file.

    Attributes
    ----------
    path, described : str
        Path as the mapping writes it; encoding and delimiter, or sheet.
    rows : int
        Rows that were read, without those of people who opted out.
    header : tuple of str
        Names of all its columns, also of those that are not mapped.
    columns : dict of str to ColumnProfile
        The mapped columns by their names in the file.
    """

    path: str
    described: str
    rows: int
    header: tuple[str, ...]
    columns: dict[str, ColumnProfile]


class ExtractProfile(_Frozen):
    """One extract.

    Attributes
    ----------
    version : int
        Of this format.
    digest : str
        SHA-256 over the digests of its files: the same for the same bytes.
    data_cut : str
        Day at which the data end.
    files : dict of str to ExtractFileProfile
        By their names in the mapping.
    """

    version: int = PROFILE_VERSION
    digest: str
    data_cut: str
    files: dict[str, ExtractFileProfile]
