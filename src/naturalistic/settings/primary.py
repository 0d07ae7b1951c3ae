"""What is declared before any outcome is read: the measure, the figure and the people a report leads with."""

from __future__ import annotations

from pydantic import field_validator

from naturalistic.settings.closed import Closed
from naturalistic.vocabulary import (
    ABSENCE_DEFINITIONS,
    CLOCKS,
    DROPOUT_DEFINITIONS,
    ESTIMANDS,
    POPULATIONS,
)


def one_of(value: str, words: object, what: str) -> str:
    """`value` if it is one of `words`; otherwise a `ValueError` that lists them."""
    allowed = list(words)  # type: ignore[call-overload]  # any container of words
    if value not in allowed:
        raise ValueError(f"{value!r} is not a {what}; accepted: {', '.join(allowed)}")
    return value


class Primary(Closed):
    """The pre-declared primary analysis: what the report leads with."""

    instrument: str = "core_om"
    scale: str = "all"
    estimand: str = "standardised_mean_change"
    population: str = "paired"
    dropout_definition: str = "unplanned_ending"
    absence_definition: str = "patient_side"
    clock: str = "attended_sessions"

    @field_validator("estimand")
    @classmethod
    def _estimand(cls, value: str) -> str:
        return one_of(value, ESTIMANDS, "kind of number")

    @field_validator("population")
    @classmethod
    def _population(cls, value: str) -> str:
        return one_of(value, POPULATIONS, "population")

    @field_validator("dropout_definition")
    @classmethod
    def _dropout(cls, value: str) -> str:
        return one_of(value, DROPOUT_DEFINITIONS, "definition of dropout")

    @field_validator("absence_definition")
    @classmethod
    def _absence(cls, value: str) -> str:
        return one_of(value, ABSENCE_DEFINITIONS, "definition of absence")

    @field_validator("clock")
    @classmethod
    def _clock(cls, value: str) -> str:
        return one_of(value, CLOCKS, "clock")
