"""What a guideline and a recommendation look like."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from naturalistic.reference.catalogue_models import Severity
from naturalistic.reference.facts import Frozen, Key, Sourced, Statement, Status

Strength = Literal[
    "must",
    "offer",
    "consider",
    "no_recommendation",
    "do_not_routinely_offer",
    "do_not_offer",
]
STRENGTHS: tuple[Strength, ...] = (
    "must",
    "offer",
    "consider",
    "no_recommendation",
    "do_not_routinely_offer",
    "do_not_offer",
)
"""From strongest for to strongest against. "No recommendation" is neither for nor against."""

PartialDate = Annotated[str, BeforeValidator(str), Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
"""A date as exactly as it was read: a day, a month or a year."""

InForce = Literal["current", "superseded", "historical"]


class Recommendation(Sourced):
    """One recommendation in our own words.

    Attributes
    ----------
    kind : {'therapy', 'service', 'information', 'matrix'}
        Whether it is about giving a therapy, about how services work, about what people should be
        told, or a cell of the 2008 stepped-care matrix. Only ``therapy`` has a strength.
    number : str or None
        Number in the guideline, only where it was read (``number_status`` verified or secondary).
    together_with : tuple of str
        Other treatments that are part of the same recommendation.
    position, of : int or None
        Place in the guideline's ordered list of options.
    conditional, condition : bool, str
        Whether it holds only under a condition, and which.
    verb : str
        What the strength was read from, in a word or two.
    """

    key: Key
    kind: Literal["therapy", "service", "information", "matrix"] = "therapy"
    number: str | None = None
    number_status: Status | None = None
    place: str = ""
    populations: tuple[Key, ...]
    age_group: Literal["adults", "children_and_young_people", "all"] = "adults"
    severity: Severity = "any"
    step: Literal[1, 2, 3] | None = None
    interventions: tuple[Key, ...] = ()
    together_with: tuple[Key, ...] = ()
    format: Literal["any", "individual", "group", "couple"] = "any"
    strength: Strength | None = None
    verb: str = ""
    named_modality: bool = False
    conditional: bool = False
    condition: str = ""
    position: int | None = None
    position_of: int | None = None
    paraphrase: Annotated[str, Field(min_length=1)]
    dose: Statement | None = None
    footnotes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        problems = []
        if (self.strength is not None) != (self.kind == "therapy"):
            problems.append("a strength belongs to kind therapy, and to no other")
        if self.conditional != bool(self.condition):
            problems.append("conditional and condition go together")
        if (self.number is None) != (self.number_status is None):
            problems.append("number and number_status go together")
        if self.number_status == "unverified":
            problems.append("a number that was not read is left out")
        if self.kind == "therapy" and not self.interventions:
            problems.append("name the intervention")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Guideline(Sourced):
    """One guideline or quality standard with its recommendations of interest here."""

    key: Key
    code: str
    title: str
    publisher: str = "NICE"
    published: PartialDate
    last_update: PartialDate | None = None
    last_update_note: str = ""
    in_force: InForce
    replaced_by: str = ""
    replaced_on: datetime.date | None = None
    address: str
    footnotes: tuple[Statement, ...] = ()
    recommendations: Annotated[tuple[Recommendation, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _keys_once(self) -> Self:
        keys = [each.key for each in self.recommendations]
        if len(set(keys)) != len(keys):
            raise ValueError("two recommendations have the same key")
        if (self.in_force == "superseded") != (self.replaced_on is not None):
            raise ValueError("a superseded guideline, and no other, has a date of replacement")
        return self

    def in_force_on(self, day: datetime.date) -> bool:
        """Whether the guideline was in force on a day.

        Where only a month or year of publication is known, its last day is meant: never earlier
        than it can have been.
        """
        if self.in_force == "historical":
            return False
        read = self.published
        out = (
            read <= day.isoformat()[: len(read)]
            if len(read) == 10
            else read < day.isoformat()[: len(read)]
        )
        return out and (self.replaced_on is None or day < self.replaced_on)


class NiceRule(Statement):
    """What NICE itself says about what its wording means and obliges to."""

    key: Key


class NiceRules(Frozen):
    """The rules of reading the registry, and facts for the claims page."""

    rules: tuple[NiceRule, ...]
