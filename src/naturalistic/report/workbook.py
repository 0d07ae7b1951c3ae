"""Every table of the report as one spreadsheet: a cover, a list of tables, then one sheet a table."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

from naturalistic.report.blocks import Figure, Section, Table
from naturalistic.report.front import LANGUAGE, Front
from naturalistic.report.office import EPOCH, allowed, without_clock
from naturalistic.report.wording import (
    NEARLY_ALL,
    NOT_ESTIMABLE,
    NOT_MEASURED,
    NOT_RUN,
    WITHHELD,
)
from naturalistic.report.workbook_cells import Cell, Sheet, sheet_of

COVER, CONTENTS = "Cover", "Contents"
HEADER_ROW = (
    4  # of every sheet with a table; what stands above is its title, its note and the way back
)
FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
)  # how a text begins that a spreadsheet may take for a formula
WIDEST = 48  # of a column, in characters
SYMBOLS = (
    (WITHHELD, "The figure rests on few people, or would give another such figure away."),
    (NEARLY_ALL, "Withheld because only a few people are left over."),
    (NOT_MEASURED, "The data do not hold what the figure needs."),
    (NOT_ESTIMABLE, "The data hold it, but too little of it."),
    (NOT_RUN, "The settings leave this calculation out."),
    ("–", "Nothing belongs in this cell."),
    ("lower limit, upper limit", "The interval of the estimate beside it."),
)


class Listed(NamedTuple):
    """A table and where it stands: the name of its sheet and the section it belongs to."""

    name: str
    section: str
    table: Table


def make_workbook(front: Front, sections: list[Section]) -> bytes:
    """One XLSX file with the tables of all sections, those behind figures included; the same bytes every time.

    Parameters
    ----------
    front : Front
        Title, warnings and facts for the cover.
    sections : list of Section
        Where the tables come from.

    Returns
    -------
    bytes
        The file. Numbers are numbers, no cell is merged, and no text can act as a formula.
    """
    from openpyxl import Workbook  # type: ignore[import-untyped]  # no type stubs are installed

    book = Workbook()
    book.properties.title = allowed(front.document_title)
    book.properties.creator = "naturalistic"
    book.properties.language = LANGUAGE
    book.properties.created = EPOCH
    tables = list(listed(sections))
    cover = book.active
    cover.title = COVER
    _fill_cover(cover, front)
    _fill_contents(book.create_sheet(CONTENTS), tables)
    for each in tables:
        _fill_table(book.create_sheet(each.name), each, sheet_of(each.table))
    buffer = io.BytesIO()
    book.save(buffer)
    return without_clock(buffer.getvalue())


def listed(sections: list[Section]) -> Iterator[Listed]:
    """Every table in order, numbered within its section."""
    for number, section in enumerate(sections, 1):
        tables = [
            block.data if isinstance(block, Figure) else block
            for block in section.blocks
            if isinstance(block, Figure | Table)
        ]
        for place, table in enumerate(tables, 1):
            yield Listed(f"{number}.{place}", section.title, table)


def _fill_cover(sheet: Any, front: Front) -> None:
    _lines(sheet, [(front.document_title,)], bold=True, size=14)
    _lines(sheet, [(f"{mark} {meaning}",) for mark, meaning in front.banners], bold=True)
    _lines(sheet, front.facts)
    _lines(sheet, [("What stands in a cell", "Meaning")], bold=True)
    _lines(sheet, SYMBOLS)
    _lines(sheet, [(front.answer.caution,), (front.footer,)])
    sheet.column_dimensions["A"].width = 34
    sheet.column_dimensions["B"].width = 80


def _fill_contents(sheet: Any, tables: list[Listed]) -> None:
    _lines(sheet, [("Sheet", "Section", "Table")], bold=True)
    for row, each in enumerate(tables, 2):
        _lines(sheet, [(each.name, each.section, each.table.caption)])
        _link(sheet.cell(row, 1), each.name)
    sheet.freeze_panes = "A2"
    for column, width in (("A", 8), ("B", 36), ("C", 100)):
        sheet.column_dimensions[column].width = width


def _fill_table(sheet: Any, each: Listed, content: Sheet) -> None:
    note = " ".join([f"{each.section}.", each.table.note]).strip()
    _lines(sheet, [(f"{each.name} {each.table.caption}",)], bold=True, size=12)
    _lines(sheet, [(note,), (f"Back to {CONTENTS.lower()}",)])
    _link(sheet.cell(HEADER_ROW - 1, 1), CONTENTS)
    _lines(sheet, [content.header], bold=True, wrap=True)
    for row in content.rows:
        _lines(sheet, [row])
    sheet.freeze_panes = sheet.cell(HEADER_ROW + 1, 2)
    for number, title in enumerate(content.header):
        longest = max((len(str(row[number].value)) for row in content.rows), default=0)
        letter = sheet.cell(HEADER_ROW, number + 1).column_letter
        sheet.column_dimensions[letter].width = min(
            WIDEST, max(longest + 2, min(len(title), 18), 10)
        )


def _lines(
    sheet: Any, rows: Any, *, bold: bool = False, size: int = 11, wrap: bool = False
) -> None:
    """Add rows below those that are there."""
    from openpyxl.styles import Alignment, Font  # type: ignore[import-untyped]  # no type stubs

    for row in rows:
        place = sheet.max_row + 1 if sheet.cell(1, 1).value is not None else 1
        for column, content in enumerate(row, 1):
            cell = sheet.cell(place, column)
            _put(cell, content if isinstance(content, Cell) else Cell(content))
            if bold:
                cell.font = Font(bold=True, size=size)
            if wrap:
                cell.alignment = Alignment(wrap_text=True, vertical="bottom")


def _put(cell: Any, content: Cell) -> None:
    """A number as a number; a text as a text, whatever it begins with."""
    if not isinstance(content.value, str):
        cell.value, cell.number_format = content.value, content.number_format
        return
    text = allowed(content.value)
    cell.value = text
    cell.data_type = "s"
    # the mark of the spreadsheet's own for "this is text": no formula, no number, no date
    cell.quotePrefix = text.startswith(FORMULA)


def _link(cell: Any, sheet: str) -> None:
    from openpyxl.styles import Font
    from openpyxl.worksheet.hyperlink import Hyperlink  # type: ignore[import-untyped]  # no stubs

    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{sheet}'!A1", display=cell.value)
    cell.font = Font(color="00468B", underline="single")
