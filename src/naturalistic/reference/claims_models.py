"""What a claim about a service looks like: a sentence as it is often written, and what to set beside it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from naturalistic.reference.facts import Frozen, Key, Sourced

Words = Annotated[str, Field(min_length=1)]


class Claim(Sourced):
    """One sentence of commissioning papers or campaigns; source and status say where it was read.

    Attributes
    ----------
    text : str
        The claim in our own words.
    rules : tuple of str
        Keys of what NICE says about its own wording (`nice_rules.yaml`).
    recommendations : tuple of str
        Keys of recommendations of the registry that bear on it.
    here : str
        Which finding of this evidence is set beside it.
    reading : str
        What follows for the sentence, and what does not: neutral, and ours.
    """

    key: Key
    text: Words
    rules: tuple[Key, ...] = ()
    recommendations: tuple[Key, ...] = ()
    here: Key
    reading: Words


class Claims(Frozen):
    """The claims in the order in which they are shown."""

    claims: Annotated[tuple[Claim, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        keys = [claim.key for claim in self.claims]
        if len(set(keys)) != len(keys):
            raise ValueError("a claim is listed twice")
        return self
