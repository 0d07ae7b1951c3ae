"""What could not be guessed: questions with their possible answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

ASK = "ASK"
"""Stands in a draft where an answer is missing; no mapping that holds it can be used."""


class Special(Enum):
    """Answers that are no value of the mapping."""

    UNANSWERED = "unanswered"
    LEAVE_OUT = "leave out"


@dataclass(frozen=True, slots=True)
class Option:
    """One possible answer: what it says and what then stands in the mapping."""

    label: str
    value: object


LEAVE_OUT = Option("leave it out", Special.LEAVE_OUT)


@dataclass(eq=False, slots=True)
class Question:
    """One question.

    Attributes
    ----------
    text : str
        The question, without any value held by fewer than ten rows.
    options : tuple of Option
        Possible answers, the most likely first.
    wants_number : bool
        A whole number can be typed instead of a choice.
    answer : object
        Value for the mapping, or a `Special`.
    """

    text: str
    options: tuple[Option, ...]
    wants_number: bool = False
    answer: object = Special.UNANSWERED

    @property
    def open(self) -> bool:
        """Nobody has answered it."""
        return self.answer is Special.UNANSWERED

    @property
    def left_out(self) -> bool:
        """What it asks about is left out of the mapping."""
        return self.answer is Special.LEAVE_OUT
