"""Files that cannot be read, or only in part."""

from __future__ import annotations

import pandas as pd

from naturalistic.errors import ExtractError
from tests.workflow.broken_inputs.extract import Case, Extract

SECRET = "CANARY-4711"


def _absent(extract: Extract) -> None:
    extract.raw["sessions.csv"] = None


def _column_absent(extract: Extract) -> None:
    extract.files["sessions"] = extract.files["sessions"].rename(columns={"seen": "Seen?"})


def _no_header(extract: Extract) -> None:
    extract.set("sessions", "ref", 0, "reff" + SECRET)
    extract.raw["sessions.csv"] = extract.text("sessions").split("\n", 1)[1].encode()


def _column_twice(extract: Extract) -> None:
    extract.files["referrals"]["note"] = ""
    extract.raw["referrals.csv"] = extract.text("referrals").replace("note", "received", 1).encode()


def _header_only(extract: Extract) -> None:
    extract.files["answers"] = extract.files["answers"].iloc[:0]


def _nothing(extract: Extract) -> None:
    extract.raw["answers.csv"] = b""


def _one_row_too_long(extract: Extract) -> None:
    lines = extract.text("sessions").splitlines()
    lines[4] += f",{SECRET}"
    extract.raw["sessions.csv"] = "\n".join(lines).encode()


def _row_too_long_below_quoted_break(extract: Extract) -> None:
    extract.files["sessions"]["note"] = ["two\nlines" if i == 1 else "" for i in range(240)]
    lines = extract.text("sessions").split("\n")
    assert lines[2].endswith('"two')
    lines[5] += f",{SECRET}"
    extract.raw["sessions.csv"] = "\n".join(lines).encode()


def _header_again(extract: Extract) -> None:
    lines = extract.text("patients").splitlines()
    lines = [*lines[:11], lines[0], *lines[11:], lines[0].upper()]
    extract.raw["patients.csv"] = "\n".join(lines).encode()


def _total_at_the_bottom(extract: Extract) -> None:
    frame = extract.files["referrals"]
    last = dict.fromkeys(frame.columns, "")
    extract.files["referrals"] = pd.concat(
        [frame, pd.DataFrame([{**last, "ref": "Total", "pid": f"{len(frame)}", "service": SECRET}])]
    )


def _all_rows_too_long(extract: Extract) -> None:
    header, *rows = extract.text("sessions").splitlines()
    extract.raw["sessions.csv"] = "\n".join([header, *(f"{row},{SECRET}" for row in rows)]).encode()


def _quote(extract: Extract) -> None:
    lines = extract.text("sessions").splitlines()
    lines[9] = f'"{SECRET}{lines[9]}'
    extract.raw["sessions.csv"] = "\n".join(lines).encode()


def _quote_in_the_last_column(extract: Extract) -> None:
    lines = extract.text("sessions").splitlines()
    cells = lines[9].split(",")
    lines[9] = ",".join([*cells[:-1], f'"{SECRET}'])
    extract.raw["sessions.csv"] = "\n".join(lines).encode()


def _windows(extract: Extract) -> None:
    extract.files["referrals"]["service"] = extract.files["referrals"]["service"] + " à côté"
    extract.raw["referrals.csv"] = extract.text("referrals").encode("cp1252")


def _not_the_encoding(extract: Extract) -> None:
    extract.set("referrals", "service", 0, f"é{SECRET}")
    extract.raw["referrals.csv"] = extract.text("referrals").encode("cp1252")
    extract.mapping["files"]["referrals"]["encoding"] = "utf-8"


def _unknown_encoding(extract: Extract) -> None:
    extract.mapping["files"]["referrals"]["encoding"] = "utf-88"


def _no_encoding_fits(extract: Extract) -> None:
    extract.raw["referrals.csv"] = extract.text("referrals").encode() + b"\x81\x8d\xff\n"


def _workbook_named_csv(extract: Extract) -> None:
    extract.raw["referrals.csv"] = b"PK\x03\x04" + SECRET.encode()


def _damaged_workbook(extract: Extract) -> None:
    extract.mapping["files"]["referrals"]["path"] = "referrals.xlsx"
    extract.raw["referrals.xlsx"] = b"PK\x03\x04" + SECRET.encode()


def _damaged_spss(extract: Extract) -> None:
    extract.mapping["files"]["referrals"]["path"] = "referrals.sav"
    extract.raw["referrals.sav"] = SECRET.encode() * 50


def _damaged_stata(extract: Extract) -> None:
    extract.mapping["files"]["referrals"]["path"] = "referrals.dta"
    extract.raw["referrals.dta"] = SECRET.encode() * 50


def _damaged_parquet(extract: Extract) -> None:
    extract.mapping["files"]["referrals"]["path"] = "referrals.parquet"
    extract.raw["referrals.parquet"] = SECRET.encode() * 50


def _unknown_ending(extract: Extract) -> None:
    extract.mapping["files"]["referrals"]["path"] = "referrals.docx"
    extract.raw["referrals.docx"] = SECRET.encode()


def _wrong_delimiter(extract: Extract) -> None:
    extract.mapping["files"]["referrals"]["delimiter"] = "semicolon"


def _stop(name: str, rule: str, change, column: str = "", rows: int = 1) -> Case:
    return Case(name, rule, "", column, rows, change, ExtractError, secrets=(SECRET,))


CASES = (
    _stop("a file that is not there", "file_absent", _absent),
    _stop("a column that is not there", "column_absent", _column_absent, "seen"),
    _stop("another delimiter than declared", "column_absent", _wrong_delimiter, "ref", 11),
    _stop("a file without a header", "column_absent", _no_header, "ref", 6),
    _stop("two columns of one name", "column_twice", _column_twice, "received"),
    _stop("a header without rows", "file_without_rows", _header_only),
    _stop("a file without bytes", "file_without_rows", _nothing),
    Case(
        "a row with one cell too many",
        "row_wrong_length",
        "",
        "",
        1,
        _one_row_too_long,
        numbers=(5,),
        secrets=(SECRET,),
    ),
    Case(
        "a row too long below a quoted line break",
        "row_wrong_length",
        "",
        "",
        1,
        _row_too_long_below_quoted_break,
        numbers=(5,),
        secrets=(SECRET,),
    ),
    _stop("rows longer than the header", "most_rows_wrong_length", _all_rows_too_long, rows=240),
    _stop("a quotation mark left open", "quote_not_closed", _quote),
    _stop(
        "a quotation mark left open in the last column",
        "quote_not_closed",
        _quote_in_the_last_column,
    ),
    Case(
        "the header again in the middle",
        "header_repeated",
        "",
        "",
        2,
        _header_again,
        numbers=(12, 33),
    ),
    Case(
        "a total below the table",
        "row_below_the_table",
        "",
        "",
        1,
        _total_at_the_bottom,
        numbers=(32,),
        secrets=(SECRET,),
    ),
    Case("Windows-1252 not declared", "encoding_assumed", "", "", 1, _windows),
    _stop("bytes that are not the declared encoding", "file_unreadable", _not_the_encoding),
    _stop("an encoding nobody knows", "file_unreadable", _unknown_encoding),
    _stop("bytes that are no text", "file_unreadable", _no_encoding_fits),
    _stop("a workbook named .csv", "file_unreadable", _workbook_named_csv),
    _stop("a damaged workbook", "file_unreadable", _damaged_workbook),
    _stop("a damaged SPSS file", "file_unreadable", _damaged_spss),
    _stop("a damaged Stata file", "file_unreadable", _damaged_stata),
    _stop("a damaged Parquet file", "file_unreadable", _damaged_parquet),
    _stop("a file of an unknown kind", "file_unreadable", _unknown_ending),
)
