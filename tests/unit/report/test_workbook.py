"""The spreadsheet: numbers as numbers, text as text, one table a sheet, the same bytes every time."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from openpyxl import load_workbook

from naturalistic.report.blocks import Table
from naturalistic.report.workbook import HEADER_ROW, make_workbook
from naturalistic.report.workbook_cells import Cell, sheet_of
from tests.unit.report.format_cases import FORMULAS, HOSTILE, RATES, front, sections


@pytest.fixture(scope="module")
def book() -> Any:
    return load_workbook(io.BytesIO(make_workbook(front(), sections())))


def test_a_sheet_for_every_table(book: Any) -> None:
    assert book.sheetnames == ["Cover", "Contents", "1.1", "1.2", "2.1", "2.2", "2.3"]
    assert book.properties.title == "A service: outcomes report"
    assert book.properties.language == "en-GB"
    listed = [row for row in book["Contents"].iter_rows(min_row=2, values_only=True)]
    assert listed[2] == ("2.1", "Second section", "Folded")
    assert book["Contents"]["A4"].hyperlink.location == "'2.1'!A1"
    for sheet in book.worksheets:
        assert not sheet.merged_cells.ranges
        assert sheet["A1"].value
        if sheet.title not in ("Cover", "Contents"):
            assert sheet.freeze_panes == f"B{HEADER_ROW + 1}"


def test_the_cover_explains_the_marks(book: Any) -> None:
    cover = dict(book["Cover"].iter_rows(max_col=2, values_only=True))
    assert "few people" in cover["withheld"]
    assert "do not hold" in cover["not measured here"]
    assert any(str(line).startswith("NOT FOR RELEASE") for line in cover)


def test_numbers_are_numbers_with_limits_beside_them() -> None:
    sheet = sheet_of(RATES)
    assert sheet.header == (
        *("Group", "Rate", "Share (interval)"),
        *("Share (interval), lower limit", "Share (interval), upper limit"),
        *("People", "People, out of"),
    )
    assert sheet.rows[0] == (
        *(Cell("Form"), Cell("Reliably improved"), Cell(0.54, "0%")),
        *(Cell(0.5, "0%"), Cell(0.59, "0%"), Cell(255, "#,##0"), Cell(470, "#,##0")),
    )
    assert [cell.value for cell in sheet.rows[1][2:]] == ["withheld"] * 5
    assert [cell.value for cell in sheet.rows[2][2:5]] == [-1.25, -2.0, 1000.5]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("−5 percentage points (−12 to 2)", [-5, "percentage points", -12, 2]),
        ("3.5 to 4.0", [3.5, 4.0]),
        ("0.50 (<0.01 to 1.00)", [0.5, "<0.01", 1.0]),
        ("23.5 (6.3)", [23.5, 6.3]),
        ("2019-05", ["2019-05"]),
        ("about 545", ["about 545"]),
        ("40.3 (SD 11.2)", ["40.3 (SD 11.2)"]),
        ("", [""]),
        ("–", ["–"]),
        ("12.5%", [0.125]),
    ],
)
def test_what_a_cell_says(text: str, values: list[Any]) -> None:
    sheet = sheet_of(Table("", ("Name", "Figure"), (("2019", text),)))
    assert sheet.rows[0][0].value == "2019"
    assert [cell.value for cell in sheet.rows[0][1:]] == values


def test_words_with_a_number_stand_once() -> None:
    sheet = sheet_of(Table("", ("Name", "Figure"), (("a", "1 (0 to 2)"), ("b", "1 (SD 2)"))))
    assert [cell.value for cell in sheet.rows[1]] == ["b", "1 (SD 2)", "–", "–"]


def test_headings_are_told_apart() -> None:
    assert sheet_of(Table("", ("n", "n", "N"), ())).header == ("n", "n (2)", "N (3)")


def test_no_text_is_a_formula(book: Any) -> None:
    rows = list(book["2.1"].iter_rows(min_row=HEADER_ROW + 1, max_col=2))
    assert [row[0].value.strip() for row in rows] == [text.strip() for text in FORMULAS]
    assert all(cell.data_type == "s" and cell.quotePrefix for row in rows for cell in row)
    file = make_workbook(front("=1+1"), sections("=cmd|' /C calc'!A0"))
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        assert not any(
            b"<f>" in archive.read(name) for name in archive.namelist() if "sheets/" in name
        )


def test_text_stays_text_and_bytes_stay_the_same() -> None:
    first, second = (make_workbook(front(HOSTILE), sections(HOSTILE)) for _ in range(2))
    assert first == second
    text = load_workbook(io.BytesIO(first))["2.2"].cell(HEADER_ROW + 1, 2).value
    assert text == HOSTILE.replace("\x00", "").replace("\x0b", "")
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {2000}
        assert b"2000-01-01T00:00:00Z" in archive.read("docProps/core.xml")


def test_every_table_of_a_cohort_is_there(cohort: Any, sections_of: Any) -> None:
    from naturalistic.report.front import front_matter
    from naturalistic.report.workbook import listed

    body = sections_of("full")
    tables = list(listed(body))
    book = load_workbook(io.BytesIO(make_workbook(front_matter(cohort("full")), body)))
    assert len(book.sheetnames) == 2 + len(tables)
    for each in tables:
        people = sum(len(row) > 1 for row in each.table.rows)
        assert book[each.name].max_row == HEADER_ROW + people
    numbers = sum(
        isinstance(cell.value, int | float)
        for sheet in book.worksheets[2:]
        for row in sheet.iter_rows(min_row=HEADER_ROW + 1, min_col=2)
        for cell in row
    )
    assert numbers > 1000
