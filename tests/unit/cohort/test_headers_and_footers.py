"""Header lines above each other, names that stand twice, and what stands below a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest

from naturalistic.cohort.footers import without_footer
from naturalistic.cohort.readers import read_file, read_header
from naturalistic.cohort.reading import UnreadableFileError, joined_header, numbered_names
from naturalistic.cohort.repeated_headers import without_repeated_headers
from naturalistic.settings.mapping import SourceFile


def lay(folder: Path, text: str) -> SourceFile:
    (folder / "a.csv").write_text(text, encoding="utf-8")
    return SourceFile(path="a.csv")


def column(raw, name):
    return raw.columns[name].values[raw.columns[name].codes].tolist()


def test_header_lines_are_joined_as_merged_cells_are_read():
    lines = [["", "PHQ-9", "", "GAD-7", ""], ["Client", "Pre", "Post", "GAD-7 pre", ""]]
    joined = ("Client", "PHQ-9 Pre", "PHQ-9 Post", "GAD-7 pre", "GAD-7")
    assert joined_header(lines) == joined
    assert joined_header([["A", "B"]]) == ("A", "B")
    assert joined_header([["Group"], ["A", "B"], ["x", "y"]]) == ("Group A x", "Group B y")


def test_names_that_stand_twice_are_numbered_from_the_left():
    assert numbered_names(["Date", "Id", "Date", "", ""]) == ("Date (1)", "Id", "Date (2)", "", "")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_two_header_lines_of_a_file(kind, tmp_path):
    rows = [["Report", "", ""], ["", "PHQ-9", ""], ["Id", "Pre", "Post"], ["1", "9", "4"]]
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        path.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    else:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append([cell or None for cell in row])
        book.active.merge_cells("B2:C2")
        book.save(path)
    source = SourceFile(path=path.name, header_row=2, header_rows=2)
    raw = read_file("a", source, tmp_path, lambda header: header)
    assert raw.header == ("Id", "PHQ-9 Pre", "PHQ-9 Post")
    assert column(raw, "PHQ-9 Post") == ["4"]
    assert raw.rows.tolist() == [4]
    assert read_header(source, tmp_path) == raw.header


def test_each_of_two_columns_of_one_name_can_be_read(tmp_path):
    source = lay(tmp_path, "Id,Date,Date\n1,a,b\n2,c,d\n")
    raw = read_file("a", source, tmp_path, lambda _: ["Date (2)", "Id"])
    assert column(raw, "Date (2)") == ["b", "d"]
    with pytest.raises(UnreadableFileError, match="column_twice") as caught:
        read_file("a", source, tmp_path, lambda _: ["Date"])
    assert "'Date (1)'" in caught.value.hint


def read(folder: Path, text: str):
    return read_file("a", lay(folder, text), folder, lambda header: header)


BODY = "Id,Sex,Age\n" + "".join(f"{i},F,{20 + i}\n" for i in range(9))


@pytest.mark.parametrize(
    ("below", "n"),
    [
        ("Total,,180\n", 1),
        ("GRAND TOTAL:,9,180\n", 1),
        ("Sub-total,9,\nTotal (9),9,180\n", 2),
        ("Total,,180\nExported by the information team,,\n", 2),
        ("Average,,20.5\n\nProduced on 1 May 2024,,\n", 2),
        ("9,F,29\n", 0),
        ("Total,,1\n9,F,29\n", 0),  # not at the bottom
        ("Totals & Co,M,30\n", 0),
        ("9,,\n", 0),
        ("X 9,F,29\n", 0),
    ],
)
def test_what_stands_below_a_table_is_left_out(below, n, tmp_path):
    raw = read(tmp_path, BODY + below)
    kept, rows = without_footer(raw, ["Id"])
    assert len(rows) == n
    assert rows.tolist() == raw.rows.tolist()[len(raw.rows) - n :]
    assert column(kept, "Id") == column(raw, "Id")[: len(raw.rows) - n]
    assert sum(count for _, count in kept.left_out) == n
    assert len(kept.rows) + n == len(raw.rows)


def test_at_most_five_rows_are_left_out_and_never_all(tmp_path):
    raw = read(tmp_path, BODY + "Total,,1\n" * 8)
    assert len(without_footer(raw, ["Id"])[1]) == 5
    raw = read(tmp_path, "Id,Sex,Age\nTotal,,1\nTotal,,1\n")
    assert len(without_footer(raw, ["Id"])[1]) == 1
    assert np.array_equal(without_footer(raw, [])[0].rows, raw.rows)


def test_rows_that_repeat_the_header_are_nobodys(tmp_path):
    text = "Id,Date,Score,Date\n1,a,2,b\nId,Date,Score,Date\n2,Date,3,c\n ID ,date,SCORE,Date\n"
    raw = read_file("a", lay(tmp_path, text), tmp_path, lambda header: list(header))
    kept, again = without_repeated_headers(raw)
    assert again.tolist() == [3, 5]
    assert kept.rows.tolist() == [2, 4]
    assert column(kept, "Date (1)") == ["a", "Date"]
    assert kept.left_out == (("header_repeated", 2),)


def test_a_code_like_the_name_of_its_only_column_is_no_header(tmp_path):
    raw = read_file("a", lay(tmp_path, "Id,x\n1,2\nId,3\n"), tmp_path, lambda header: ["Id"])
    assert without_repeated_headers(raw)[0] is raw
