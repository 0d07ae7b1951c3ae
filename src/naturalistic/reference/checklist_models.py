"""Reporting checklists, and the tables of NICE's real-world evidence framework."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from naturalistic.reference.facts import Frozen, Key, Sourced, Status

Words = Annotated[str, Field(min_length=1)]
SectionKeys = tuple[Key, ...]


class ChecklistItem(Frozen):
    """One item.

    Attributes
    ----------
    number, text : str
        As numbered in the checklist; what is asked for, in our own words.
    reported : tuple of str
        Keys of the sections of the report in which it is found; `brief` is the decision brief.
    note : str
        What else is to be said, or why it is in no section.
    status : {'verified', 'secondary', 'unverified'}
        Whether the wording was read at the source.
    """

    number: Annotated[str, Field(coerce_numbers_to_str=True)]
    text: Words
    reported: SectionKeys = ()
    note: str = ""
    status: Status

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.reported and not self.note:
            raise ValueError("say where it is reported, or why it is not")
        return self


class Checklist(Sourced):
    """A reporting checklist with where each item is found."""

    key: Key
    title: Words
    items: Annotated[tuple[ChecklistItem, ...], Field(min_length=1)]


class DatasatItem(Frozen):
    """One line of the data suitability assessment; `fill` names what fills it from data and settings."""

    fill: Key
    label: Words
    status: Status


class Datasat(Sourced):
    """The data suitability assessment (DataSAT) of NICE's real-world evidence framework."""

    provenance: tuple[DatasatItem, ...]
    relevance: tuple[DatasatItem, ...]


class BiasRow(Frozen):
    """One kind of bias: what was done about it, where, and what risk is left."""

    label: Words
    done: Words
    reported: SectionKeys
    left: Words


class BiasTable(Sourced):
    """Methods to minimise the risk of bias, in the manner of the framework's second template."""

    rows: Annotated[tuple[BiasRow, ...], Field(min_length=1)]


class Checklists(Frozen):
    """Everything the section on checklists shows."""

    datasat: Datasat
    bias: BiasTable
    checklists: tuple[Checklist, ...]
