"""What a publication's figures look like that are set beside reproduced ones."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from naturalistic.reference.facts import Basis, Frozen, Key, Sourced, Statement, Status
from naturalistic.tables.estimates import KEY_COLUMNS


class PublishedFigure(Frozen):
    """One figure of the publication, or the plain statement that it is not known.

    Attributes
    ----------
    value : float or None
        The figure; ``None`` exactly where ``not_known`` is true. It is never filled in.
    unit : str
        points, people, sessions, share (0 to 1), years, SD.
    match : dict of str to str
        Key columns of the estimates table that the reproduced row has; empty where nothing here
        reproduces the figure.
    source, status, basis : str
        Provenance; given exactly where the figure is known.
    note : str
        What explains a difference or an absence.
    """

    key: Key
    label: str
    unit: Literal["points", "people", "sessions", "share", "years", "SD"]
    value: float | None = None
    not_known: bool = False
    digits: int = 1
    match: dict[str, str] = Field(default_factory=dict)
    source: str = ""
    date: str = ""
    status: Status | None = None
    basis: Basis | None = None
    note: str = ""

    @field_validator("date", mode="before")
    @classmethod
    def _date_as_text(cls, value: object) -> str:
        return str(value)

    @field_validator("match")
    @classmethod
    def _columns_of_estimates(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(value) - set(KEY_COLUMNS))
        if unknown:
            raise ValueError(f"not key columns of the estimates table: {', '.join(unknown)}")
        return value

    @model_validator(mode="after")
    def _known_or_not(self) -> Self:
        if self.not_known != (self.value is None):
            raise ValueError("give a value, or not_known: true, and not both")
        if self.not_known != (self.status is None) or bool(self.source) == self.not_known:
            raise ValueError("a known figure has source and status; one not known has neither")
        if (self.status == "secondary") != (self.basis is not None):
            raise ValueError('status "secondary" needs a basis, and no other status has one')
        return self


class PublishedDirection(Sourced):
    """A finding published in words only: what goes with what, and which way."""

    key: Key
    text: Annotated[str, Field(min_length=1)]


class PublishedStudy(Frozen):
    """The figures of one publication."""

    key: Key
    title: str
    citation: str
    design: str
    about: str
    figures: Annotated[tuple[PublishedFigure, ...], Field(min_length=1)]
    directions: tuple[PublishedDirection, ...] = ()
    disagreements: tuple[Statement, ...] = ()

    @model_validator(mode="after")
    def _keys_once(self) -> Self:
        keys = [each.key for each in self.figures] + [each.key for each in self.directions]
        if len(set(keys)) != len(keys):
            raise ValueError("two figures or directions have the same key")
        return self
