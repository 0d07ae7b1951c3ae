"""The rules of the rating, in one place: what is checked, and when it lowers the rating."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

STEPS = ("very low", "low", "moderate", "high")
START = "low"


@dataclass(frozen=True)
class Check:
    """One check of the rating.

    Attributes
    ----------
    label : str
        Readers' name.
    rule : str
        When it lowers the rating.
    """

    label: str
    rule: str


DESIGN = Check(
    "Design", "No group to compare with: the rating starts at low, and nothing raises it."
)
CHECKS: Mapping[str, Check] = {
    "missing_outcomes": Check(
        "Missing forms",
        "Lowers the rating if fewer than half of those who started have both forms; if any of three estimates for "
        "everyone who started takes in no change or points the other way; or if people without a last form need only be "
        "worse by less than one person's reliable change for the average to be nothing.",
    ),
    "precision": Check(
        "Precision", "Lowers the rating if the interval of the mean change takes in no change."
    ),
    "bias": Check(
        "Other explanations",
        "Lowers the rating of an improvement if the drift towards any of the usual mean scores assumed could be all there "
        "is, or if it does not stand clear of every published waiting list it is set against.",
    ),
    "consistency": Check(
        "Consistency",
        "Lowers the rating if some of the declared ways of reckoning the change point the other way, or another measure or "
        "the therapists' ratings moved clearly the other way.",
    ),
}


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    check : str
        Key of `CHECKS`.
    lowers : bool
        Whether it lowers the rating.
    text : str
        What was found, with its number, as one sentence or two.
    checked : bool
        Whether the check could be made.
    """

    check: str
    lowers: bool
    text: str
    checked: bool = True
