"""A document laid out for paper: tables that the page folds away become an appendix with numbers to refer to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from naturalistic.report.blocks import Block, Figure, Heading, Section, Table, Text
from naturalistic.report.front import LANGUAGE, Front

ENOUGH = 36  # letters after which a cell may as well wrap
LINE = 116  # letters of small type across the page
NARROWEST = 26  # letters that a first column keeps where figures need the room


def paper_content(front: Front, brief: list[Section], sections: list[Section]) -> dict[str, Any]:
    """What the Typst template reads: plain data without markup, which can be written as JSON.

    Parameters
    ----------
    front : Front
        The first page.
    brief : list of Section
        Parts of the decision brief.
    sections : list of Section
        Body of the full report; empty for the brief alone.
    """
    appendix: list[dict[str, Any]] = []
    return {
        "language": LANGUAGE,
        "front": asdict(front),
        "brief": [_section(0, part, appendix) for part in brief],
        "sections": [_section(n, section, appendix) for n, section in enumerate(sections, 1)],
        "appendix": appendix,
    }


def drawings(sections: Iterable[Section]) -> dict[str, str]:
    """SVG text of every figure by its name."""
    return {
        block.name: block.svg
        for section in sections
        for block in section.blocks
        if isinstance(block, Figure)
    }


def _section(number: int, section: Section, appendix: list[dict[str, Any]]) -> dict[str, Any]:
    """A section; number 0 is a part of the brief, whose tables are counted together."""
    earlier = sum(len(part["tables"]) for part in appendix if part["number"] == number)
    tables: list[dict[str, Any]] = []
    name = f"A{number}." if number else "B"
    blocks = [_block(block, name, earlier, tables) for block in section.blocks]
    if tables:
        title = f"Section {number}: {section.title}" if number else f"Brief: {section.title}"
        appendix.append({"number": number, "title": title, "tables": tables})
    return {
        "number": number,
        "title": section.title,
        "findings": list(section.findings),
        "blocks": blocks,
    }


def _block(block: Block, name: str, earlier: int, tables: list[dict[str, Any]]) -> dict[str, Any]:
    if isinstance(block, Heading):
        return {"kind": "heading", "text": block.text}
    if isinstance(block, Text):
        return {"kind": "text", "style": block.kind, "paragraphs": list(block.paragraphs)}
    if isinstance(block, Figure):
        return {
            "kind": "figure",
            "name": block.name,
            "caption": block.caption,
            "alternative": block.alternative,
            "label": _put_away(block.data, name, earlier, tables),
        }
    if block.folded:
        label = _put_away(block, name, earlier, tables)
        return {"kind": "reference", "label": label, "caption": block.caption}
    return {"kind": "table", **_table(block)}


def _put_away(table: Table, name: str, earlier: int, tables: list[dict[str, Any]]) -> str:
    """Add a table to the appendix; its label."""
    label = f"{name}{earlier + len(tables) + 1}"
    tables.append({"kind": "table", **_table(table), "label": label})
    return label


def _table(table: Table) -> dict[str, Any]:
    return {
        "caption": table.caption,
        "header": list(table.header),
        "rows": [list(row) for row in table.rows],
        "note": table.note,
        "weights": column_weights(table),
    }


def column_weights(table: Table) -> list[float]:
    """Share of the width that each column is given: room for its longest word, and for its text up to a limit."""
    cells = [
        [title, *(row[column] for row in table.rows if len(row) > 1)]
        for column, title in enumerate(table.header)
    ]
    words = [max(len(word) for text in texts for word in [*text.split(), ""]) for texts in cells]
    longest = [max(len(text) for text in texts[1:] or texts) for texts in cells]
    wanted = [
        max(word + 2, min(text + 2, ENOUGH if text < LINE else 2 * ENOUGH), 6)
        for word, text in zip(words, longest, strict=True)
    ]
    least = [word + 2 for word in words]
    room = LINE - max(least[0], NARROWEST)
    if table.prose and sum(wanted) > LINE and wanted[0] > LINE - room and sum(least[1:]) <= room:
        # sentences wrap as well as names do: the first column keeps its room, the others share what is left
        spare, slack = room - sum(least[1:]), sum(wanted[1:]) - sum(least[1:])
        others = [
            low + spare * (want - low) / slack
            for low, want in zip(least[1:], wanted[1:], strict=True)
        ]
        return [(LINE - room) / LINE, *(width / LINE for width in others)]
    # names wrap better than figures with their limits
    wanted[0] -= min(max(sum(wanted) - LINE, 0), max(wanted[0] - max(words[0] + 2, NARROWEST), 0))
    return [width / sum(wanted) for width in wanted]
