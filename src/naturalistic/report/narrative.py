"""The answer in short, for the first screen and for the terminal, made from estimates by rules."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import pandas as pd

from naturalistic.report import sentences
from naturalistic.report.released import JACOBSON_TRUAX, Released, is_ok
from naturalistic.report.wording import (
    capital,
    count,
    interval,
    lower_first,
    number,
    reason,
    value,
)
from naturalistic.vocabulary import ENDINGS, WHY_NOT_PAIRED

CAUTION = (
    "There was no comparison group. Many people seek help when they feel worst, and some would have changed without "
    "therapy. Those who left no last form may have fared better or worse than the others. The figures say what was "
    "seen after therapy, not what therapy did."
)
WIDE = 96


@dataclass(frozen=True)
class Tile:
    """One headline number and what it is."""

    value: str
    label: str


@dataclass(frozen=True)
class Answer:
    """The first screen.

    Attributes
    ----------
    tiles : tuple of Tile
        Exactly three headline numbers.
    sentences : tuple of str
        The answer in plain words.
    caution : str
        What it cannot say.
    """

    tiles: tuple[Tile, Tile, Tile]
    sentences: tuple[str, ...]
    caution: str


def answer(released: Released) -> Answer:
    """Headline numbers and sentences for the first screen."""
    groups = (
        (sentences.who_started(released), sentences.share_with_both_forms(released)),
        (sentences.mean_change(released), sentences.size_of_change(released)),
        (sentences.reliable_rates(released),),
        (sentences.dropped_out(released), sentences.missed_sessions(released)),
    )
    texts = (" ".join(text for text in group if text) for group in groups)
    return Answer(tiles(released), tuple(text for text in texts if text), CAUTION)


def tiles(released: Released) -> tuple[Tile, Tile, Tile]:
    """People who started; mean change; reliable improvement on two denominators.

    Where the cohort does not hold one of them, dropping out and missed sessions step in: the sentences below the tiles
    say what is not measured.
    """
    made = [
        tile(released)
        for tile in (_tile_started, _tile_change, _tile_improved, _tile_dropout, _tile_absence)
    ]
    given = [tile for tile, known in made if known]
    others = [tile for tile, known in made if not known]
    first, second, third = (given + others)[:3]
    return first, second, third


def _tile_started(released: Released) -> tuple[Tile, bool]:
    row = sentences.people(released, "started")
    share = sentences.share_of_started(released, "paired")
    if not is_ok(row):
        return Tile(_why(row), "how many people started therapy"), False
    label = "people started therapy"
    if is_ok(share):
        label += f"; {value(share)} of them have a first and a last form"
    return Tile(count(row), label), True


def _tile_change(released: Released) -> tuple[Tile, bool]:
    row = sentences.primary_change(released, "mean_change")
    name = released.measure_name()
    if row is None or not is_ok(row):
        return Tile(_why(row), f"mean change on {name}"), False
    direction = "improvement" if row["estimate"] >= 0 else "worsening"
    shown = number(abs(row["estimate"]))
    limits = f" (interval for the improvement {interval(row)})" if interval(row) else ""
    label = f"mean {direction} on {name} of people with both forms{limits}"
    return Tile(f"{shown} points", label), True


def _tile_improved(released: Released) -> tuple[Tile, bool]:
    paired, started = (
        released.one(
            "clinical_change",
            term="reliable_improvement",
            population=population,
            **JACOBSON_TRUAX,
            **released.measure,
        )
        for population in ("paired", "started")
    )
    if not is_ok(paired):
        label = "share of people with both forms who improved reliably"
        return Tile(_why(paired), label), False
    label = "of people with both forms improved reliably"
    if is_ok(started):
        label += f"; {value(started)} of everyone who started are known to have"
    return Tile(value(paired), label), True


def _tile_dropout(released: Released) -> tuple[Tile, bool]:
    row = sentences.dropout_rate(released)
    label = f"of {sentences.judged(released)} dropped out{_limits(row)}"
    return Tile(value(row), label) if is_ok(row) else Tile(_why(row), "dropping out"), is_ok(row)


def _tile_absence(released: Released) -> tuple[Tile, bool]:
    row = sentences.absence_rate(released)
    label = f"of {sentences.sessions_counted(released)} were missed{_limits(row)}"
    return Tile(value(row), label) if is_ok(row) else Tile(_why(row), "missed sessions"), is_ok(row)


def _limits(row: pd.Series | None) -> str:
    limits = interval(row)
    return f" (interval {limits})" if limits else ""


def _why(row: pd.Series | None) -> str:
    return capital(reason(row))


def summary_text(released: Released) -> str:
    """What the terminal says at the end of a run: who was in, who was lost and why, three headline numbers."""
    title = released.record["title"] + (" (SYNTHETIC)" if released.synthetic else "")
    lines = [title, _who_was_in(released)]
    lines += [f"Lost: {text}." for text in [_lost(released)] if text]
    lines += [f"Set aside: {text}." for text in [_set_aside(released)] if text]
    lines += [f"* {tile.value}: {tile.label}." for tile in tiles(released)]
    wrapped = [textwrap.fill(line, WIDE, subsequent_indent="  ") for line in lines]
    return "\n".join(wrapped) + "\n"


def _who_was_in(released: Released) -> str:
    steps = [("referred", "referred"), ("assessed", "assessed"), ("started", "started therapy")]
    parts = [f"{count(sentences.people(released, key))} {words}" for key, words in steps]
    paired = sentences.people(released, "paired")
    forms = (
        f"{count(paired)} with a first and a last form"
        if is_ok(paired)
        else f"how many have a first and a last form: {reason(paired)}"
    )
    return f"In: {', '.join(parts)}; {forms}."


def _lost(released: Released) -> str:
    forms = released.levels("participant_flow", "pairing", term="forms")
    endings = released.levels("participant_flow", "ending", term="lost_before_start")
    groups = (
        ("before the start", [(ENDINGS[level].label, row) for level, row in endings]),
        (
            "without both forms",
            [(WHY_NOT_PAIRED[level].label, row) for level, row in forms if level != "paired"],
        ),
    )
    return "; ".join(
        f"{words}, " + ", ".join(f"{lower_first(name)}: {count(row)}" for name, row in found)
        for words, found in groups
        if found
    )


def _set_aside(released: Released) -> str:
    rows = released.cells("participant_flow", "table", "reason", term="rows_set_aside")
    return "; ".join(
        f"rows of {cell['table']} ({cell['reason'].replace('_', ' ')}): {count(row)}"
        for cell, row in rows
    )
