"""The course of the score: described people, the form of time, and what a slope amounts to."""

from __future__ import annotations

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Section, Text
from naturalistic.report.released import Released
from naturalistic.report.sections.described_people import (
    NAME,
    described,
    people_table,
    predicted_figure,
)
from naturalistic.report.sections.forests import forest_figure
from naturalistic.report.sections.growth_model import (
    about_the_form,
    forms_of_time,
    growth_coefficients,
    growth_forest,
    growth_words,
    who_improves,
)


def trajectories(released: Released, _: PublishedStudy | None) -> Section | None:
    """Predicted courses of described people with intervals, and the model of all forms where it was run."""
    if not released.has(NAME):
        return None
    figure, forest = predicted_figure(released), growth_forest(released)
    blocks: list[Block | None] = [
        figure,
        people_table(released),
        None if forest is None else forest_figure(released, forest),
        forms_of_time(released),
        growth_coefficients(released),
    ]
    findings = [described(released), growth_words(released)]
    if forest is not None:
        findings.append(who_improves(forest))
    words = about_the_form(released)
    return Section(
        "trajectories",
        "The course of the score, for described people",
        tuple(text for text in findings if text),
        (
            *(block for block in blocks if block is not None),
            *((Text((words,)),) if words else ()),
        ),
    )
