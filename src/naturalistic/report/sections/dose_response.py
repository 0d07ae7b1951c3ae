"""Attendance and outcome: change by sessions attended and by ending, and why that is no effect of the dose."""

from __future__ import annotations

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Section, Text
from naturalistic.report.released import Released
from naturalistic.report.sections.dose_figures import NAME, change_by_sessions, improvement_so_far
from naturalistic.report.sections.dose_tables import doubling_table, ending_table, who_attended
from naturalistic.report.sections.dose_words import (
    change_words,
    doubling_words,
    ending_words,
    feedback_words,
    pace_words,
)

ENDOGENOUS = (
    "Nobody was given a number of sessions by chance. People stop when they are well enough, when therapy does not help, or "
    "when its agreed length is over, and only those who came to a last form are in the figure. More change with more "
    "sessions does not say that further sessions would have added as much, and less change with few sessions does not say "
    "that few are too few. How people with few and many sessions differ to begin with stands in a table of its own."
)
GOOD_ENOUGH = (
    "Two readings of the same figures are known: that change grows more and more slowly with each session (dose and "
    "effect), and that people stay until they have changed enough (good-enough level), so that those who need fewer "
    "sessions change faster. The first is read from the line of everyone, the second from the lines of people with about "
    "as many sessions."
)


def dose_response(released: Released, _: PublishedStudy | None) -> Section | None:
    """Change by sessions attended, by ending, improvement so far, and what makes the dose endogenous."""
    if not released.has(NAME):
        return None
    title = "Sessions attended and change"
    rows = released.rows(NAME)
    if bool(rows["status"].isin(["not_measured"]).all()):
        text = f"Change by number of sessions is not measured here: {rows.iloc[0]['note']}."
        return Section("dose_response", title, (text,))
    blocks: list[Block | None] = [
        change_by_sessions(released),
        improvement_so_far(released),
        who_attended(released),
        ending_table(released),
        doubling_table(released),
        Text((GOOD_ENOUGH, ENDOGENOUS), "note"),
    ]
    findings = (
        change_words(released),
        pace_words(released),
        ending_words(released),
        doubling_words(released),
        feedback_words(released),
    )
    return Section(
        "dose_response",
        title,
        tuple(text for text in findings if text),
        tuple(block for block in blocks if block is not None),
    )
