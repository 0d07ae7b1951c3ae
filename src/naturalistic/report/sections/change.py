"""The declared main result, what it could be expected to be anyway, and the scores behind it."""

from __future__ import annotations

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report import sentences
from naturalistic.report.blocks import Block, Heading, Section, Text
from naturalistic.report.released import Released
from naturalistic.report.sections.change_beside import beside_selection, beside_waiting_lists
from naturalistic.report.sections.change_context import context_figure
from naturalistic.report.sections.change_lead import (
    NAME,
    better_last_score,
    in_spread,
    lead,
    rests_on,
)
from naturalistic.report.sections.change_scales import (
    all_scales,
    every_size,
    other_scales,
    scales_sentence,
)
from naturalistic.report.sections.change_scores import change_distribution, score_squares

NO_SQUARES = (
    "First against last scores are not drawn: most of their bands hold too few people to be shown."
)


def change(released: Released, _: PublishedStudy | None) -> Section | None:
    """The main result first, its context, the scores, and the other scales as what they are."""
    if not released.has(NAME):
        return None
    rows = released.rows(NAME)
    if bool((rows["status"] == "not_measured").all()):
        return Section("change", "Change over therapy", (lead(released),))
    findings = [lead(released), rests_on(released), in_spread(released)]
    blocks = [*_context(released), *_scores(released), *_others(released)]
    return Section(
        "change", "Change over therapy", tuple(text for text in findings if text), tuple(blocks)
    )


def _context(released: Released) -> list[Block]:
    figure = context_figure(released)
    if figure is None:
        return []
    told: list[Block] = []
    if released.has("bias"):
        told = [Text((beside_waiting_lists(released), beside_selection(released)))]
    return [figure, *told]


def _scores(released: Released) -> list[Block]:
    squares = score_squares(released)
    figures = [f for f in (squares, change_distribution(released)) if f is not None]
    told = (
        better_last_score(released),
        sentences.against_reliable_change(released),
        sentences.against_cut_off(released),
        "" if squares is not None else NO_SQUARES,
    )
    kept = tuple(text for text in told if text)
    blocks: list[Block] = []
    if figures or kept:
        blocks.append(Heading("The scores before and after"))
    if kept:
        blocks.append(Text(kept))
    return [*blocks, *figures]


def _others(released: Released) -> list[Block]:
    blocks: list[Block] = []
    if (figure := other_scales(released)) is not None:
        blocks = [
            Heading("Other scales, as what they are"),
            Text((scales_sentence(released),)),
            figure,
        ]
    blocks.append(all_scales(released))
    if (table := every_size(released)) is not None:
        blocks.append(table)
    return blocks
