"""The decision brief: two pages made from estimates by rules, first in the report and a file of its own."""

from __future__ import annotations

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Section
from naturalistic.report.brief_guidance import elsewhere, nice_says
from naturalistic.report.brief_limits import cannot_say, how_sure
from naturalistic.report.brief_options import options
from naturalistic.report.brief_people import outcomes, question, who
from naturalistic.report.released import Released

TITLE = "Decision brief"


def make_brief(released: Released, _: PublishedStudy | None) -> list[Section]:
    """The parts of the brief in order: question, people, outcomes, certainty, NICE, alternatives, options, limits.

    Every part is there for every cohort; what the data do not hold is said in its place.
    """
    makers = (question, who, outcomes, how_sure, nice_says, elsewhere, options, cannot_say)
    return [make(released) for make in makers]
