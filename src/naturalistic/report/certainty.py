"""How sure one can be: a rating by stated rules, and which limits moved it.

The steps are those of GRADE (very low, low, moderate, high). A design without a comparison group starts at low, as GRADE
starts observational studies (Guyatt et al. 2011, J Clin Epidemiol 64:383-394), and nothing can raise it. Each of four checks
that finds a limit, or cannot be made, lowers the rating by one step; below very low there is nothing. No rule needs a
threshold of its own but one: "fewer than half", where those seen are outnumbered by those not seen (assumption A65).
"""

from __future__ import annotations

from dataclasses import dataclass

from naturalistic.report.certainty_checks import RUN
from naturalistic.report.certainty_rules import CHECKS, DESIGN, START, STEPS, Check, Finding
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sentences import primary_change
from naturalistic.report.wording import plain, reason

__all__ = [
    "CHECKS",
    "DESIGN",
    "START",
    "STEPS",
    "Certainty",
    "Check",
    "Finding",
    "certainty",
    "rate",
    "rating_sentence",
]


@dataclass(frozen=True)
class Certainty:
    """The rating.

    Attributes
    ----------
    step : str
        One of `STEPS`; empty where there is no change to rate.
    findings : tuple of Finding
        One for each check, in the order of `CHECKS`.
    why_none : str
        Why there is no rating.
    """

    step: str
    findings: tuple[Finding, ...]
    why_none: str = ""

    @property
    def limits(self) -> tuple[Finding, ...]:
        """The checks that lowered the rating."""
        return tuple(each for each in self.findings if each.lowers)


def certainty(released: Released) -> Certainty:
    """Rate the mean change on the primary measure of people with both forms."""
    row = primary_change(released, "mean_change")
    if row is None or not is_ok(row):
        return Certainty("", (), reason(row))
    findings = tuple(RUN[key](released, row) for key in CHECKS)
    return Certainty(rate(sum(each.lowers for each in findings)), findings)


def rate(limits: int) -> str:
    """The step that is left when `limits` checks lowered the rating.

    Raises
    ------
    ValueError
        The number of limits is negative.
    """
    if limits < 0:
        raise ValueError("a number of limits is not negative")
    return STEPS[max(STEPS.index(START) - limits, 0)]


def rating_sentence(rating: Certainty) -> str:
    """The step, how many checks moved it, and where it started."""
    if not rating.step:
        return f"How sure we can be is not rated. The change is {rating.why_none}."
    n = len(rating.limits)
    found = "no check" if not n else f"{plain(n)} of {len(CHECKS)} checks"
    return f"Certainty: {rating.step}. It starts at {START}, and {found} found a further limit."
