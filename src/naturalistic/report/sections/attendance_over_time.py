"""When sessions are missed, and whether a missed session foretells another, or leaving."""

from __future__ import annotations

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Section, Text
from naturalistic.report.released import Released
from naturalistic.report.sections.absence_after_absence import (
    next_words,
    return_words,
    returns,
    within_people,
)
from naturalistic.report.sections.absence_course import NAME, course, course_words
from naturalistic.report.sections.absence_models import lag_models, leaving_table, leaving_words
from naturalistic.report.wording import lower_first

HONEST = (
    "A missed session is followed by another more often partly because some people miss more than others throughout. The "
    "expected shares say how much of it that explains: they hold each person's own number of missed sessions and let "
    "them fall in any order, which is right for courses of any length. Models that use the session before as a predictor "
    "are biased in short courses, upwards with a personal tendency as a random effect and downwards with each person's own "
    "mean; they stand in a table for comparison."
)


def attendance_over_time(released: Released, _: PublishedStudy | None) -> Section | None:
    """Absence over the course of therapy, what follows a missed session, and leaving."""
    if not released.has(NAME):
        return None
    title = "Missed sessions over the course of therapy"
    if bool(released.rows(NAME)["status"].isin(["not_measured"]).all()):
        why = lower_first(str(released.rows(NAME).iloc[0]["note"]))
        text = f"When sessions are missed is not measured here: {why}."
        return Section("attendance_over_time", title, (text,))
    blocks: list[Block | None] = [
        course(released),
        within_people(released),
        returns(released),
        lag_models(released),
        leaving_table(released),
        Text((HONEST,), "note"),
    ]
    findings = (
        course_words(released),
        next_words(released),
        return_words(released),
        leaving_words(released),
    )
    return Section(
        "attendance_over_time",
        title,
        tuple(text for text in findings if text),
        tuple(block for block in blocks if block is not None),
    )
