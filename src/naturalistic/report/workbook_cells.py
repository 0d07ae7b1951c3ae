"""Cells of a table in words and marks as cells of a spreadsheet: numbers as numbers, limits in columns of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from naturalistic.report.blocks import Table
from naturalistic.report.wording import MINUS

_NUMBER = rf"{MINUS}?\d[\d,]*(?:\.\d+)?%?"
_ONE = re.compile(
    rf"(?P<value>{_NUMBER})(?P<unit> (?:percentage )?[a-z]+)?"
    rf"(?: \((?P<low><?{_NUMBER}) to (?P<high><?{_NUMBER})\)| \((?P<second>{_NUMBER})\)| of (?P<whole>{_NUMBER}))?"
)
_RANGE = re.compile(rf"(?P<low>{_NUMBER}) to (?P<high>{_NUMBER})")
# what a part of a cell is called in the heading of its column, in this order
PARTS = {
    "value": "",
    "unit": "unit",
    "low": "lower limit",
    "high": "upper limit",
    "second": "in brackets",
    "whole": "out of",
}
GROUP = "Group"


@dataclass(frozen=True)
class Cell:
    """What stands in a cell.

    Attributes
    ----------
    value : float, int or str
        A number, or words where there is none.
    number_format : str
        How a number is shown; empty for words.
    """

    value: float | int | str
    number_format: str = ""


@dataclass(frozen=True)
class Sheet:
    """A table as a spreadsheet holds it: one heading a column, one record a row, nothing merged."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def sheet_of(table: Table) -> Sheet:
    """The table with every number in a cell of its own; lines that head a group become a first column."""
    grouped = any(len(row) == 1 for row in table.rows)
    group = ""
    groups: list[tuple[Cell, ...]] = []
    rows: list[tuple[str, ...]] = []
    for row in table.rows:
        if len(row) == 1:
            group = row[0]
            continue
        groups.append((Cell(group or "–"),))
        rows.append(row)
    # the first column holds row headings: years and bands there are names
    columns: list[tuple[list[str], list[tuple[Cell, ...]]]] = [
        ([table.header[0]], [(Cell(row[0]),) for row in rows])
    ]
    columns += [
        _split(title, [row[number] for row in rows])
        for number, title in enumerate(table.header[1:], 1)
    ]
    if grouped:
        columns.insert(0, ([GROUP], list(groups)))
    header = tuple(title for titles, _ in columns for title in titles)
    cells = zip(*(column for _, column in columns), strict=True)
    return Sheet(_unique(header), tuple(tuple(c for part in row for c in part) for row in cells))


def _split(title: str, texts: list[str]) -> tuple[list[str], list[tuple[Cell, ...]]]:
    """Headings and cells of one column, or of several where its cells hold several numbers."""
    found = [_parts(text) for text in texts]
    kept = [part for part in PARTS if any(parts.get(part) for parts in found)] or ["value"]
    titles = [f"{title}, {PARTS[part]}" if PARTS[part] else title for part in kept]
    cells = []
    for text, parts in zip(texts, found, strict=True):
        line = [_cell(parts[part].strip()) if parts.get(part) else None for part in kept]
        # words such as "withheld" concern every column; any other text stands once
        rest = "–" if parts or any(letter.isdigit() for letter in text) else text
        if not parts:
            line[0] = Cell(text)
        cells.append(tuple(each or Cell(rest) for each in line))
    return titles, cells


def _parts(text: str) -> dict[str, str]:
    match = _RANGE.fullmatch(text) or _ONE.fullmatch(text)
    return {key: part for key, part in match.groupdict().items() if part} if match else {}


def _cell(text: str) -> Cell:
    if not re.fullmatch(_NUMBER, text):
        return Cell(text)
    digits = text.replace(MINUS, "-").replace(",", "").rstrip("%")
    decimals = len(digits.partition(".")[2])
    tail = "." + "0" * decimals if decimals else ""
    if text.endswith("%"):
        return Cell(round(float(digits) / 100, decimals + 4), f"0{tail}%")
    return Cell(float(digits) if decimals else int(digits), f"#,##0{tail}")


def _unique(titles: tuple[str, ...]) -> tuple[str, ...]:
    """Headings told apart by a number where two are the same."""
    seen: dict[str, int] = {}
    result = []
    for title in titles:
        seen[title.casefold()] = seen.get(title.casefold(), 0) + 1
        count = seen[title.casefold()]
        result.append(title if count == 1 else f"{title} ({count})")
    return tuple(result)
