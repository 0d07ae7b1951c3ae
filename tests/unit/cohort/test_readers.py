import codecs
import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturalistic.cohort.readers import read_file
from naturalistic.cohort.readers_text import open_text
from naturalistic.cohort.reading import UnreadableFileError
from naturalistic.settings.mapping import SourceFile

ROWS = [
    ["R1", "plain", "5"],
    ["R2", 'say "hello"', "6"],
    ["R3", "two\nlines", "7"],
    ["R4", "a, b; c\td|e", "8"],
]


def written(rows, delimiter=",", line_end="\r\n", header=("ref", "note", "code")):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=line_end).writerows([header, *rows])
    return text.getvalue()


def read(tmp_path, data, names=("ref", "note", "code"), path="x.csv", **choices):
    (tmp_path / path).write_bytes(data)
    return read_file("x", SourceFile(path=path, **choices), tmp_path, lambda header: names)


def texts(raw, name):
    cells = raw.column(name)
    return [cells.values[code] for code in cells.codes]


def check(raw, rows=ROWS):
    for k, name in enumerate(("ref", "note", "code")):
        assert texts(raw, name) == [row[k] for row in rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(tmp_path, delimiter, line_end):
    rows = [row for row in ROWS if line_end != "\r" or "\n" not in row[1]]
    raw = read(tmp_path, written(rows, delimiter, line_end).encode())
    check(raw, rows)
    assert list(raw.rows) == list(range(2, 2 + len(rows)))


@pytest.mark.parametrize("delimiter", ["space", " ", ":", "\\t", "tab"])
def test_a_declared_delimiter(tmp_path, delimiter):
    sign = {"space": " ", "\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    check(read(tmp_path, written(ROWS, sign).encode(), delimiter=delimiter))


@pytest.mark.parametrize(
    ("mark", "encoding", "said"),
    [
        (b"", "utf-8", "utf-8"),
        (codecs.BOM_UTF8, "utf-8", "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-be"),
        (b"", "utf-16-le", "utf-16-le"),
        (b"", "utf-16-be", "utf-16-be"),
        (b"", "cp1252", "cp1252"),
    ],
)
def test_encodings(tmp_path, mark, encoding, said):
    rows = [["R1", "Zoë – café £5 “quoted”", "é"], *ROWS]
    raw = read(tmp_path, mark + written(rows).encode(encoding))
    check(raw, rows)
    assert raw.described.startswith(said)
    assert raw.notes == (("encoding_assumed",) if encoding == "cp1252" else ())


def test_a_late_odd_byte_is_found(tmp_path):
    data = written([["R1", "x", "5"]] * 60_000).encode() + "R2,café,6\r\n".encode("cp1252")
    raw = read(tmp_path, data)
    assert texts(raw, "note")[-1] == "café"
    assert len(raw.rows) == 60_001


def test_a_declared_encoding_is_not_doubted(tmp_path):
    raw = read(tmp_path, written([["R1", "Łódź", "5"]]).encode("cp1250"), encoding="cp1250")
    assert texts(raw, "note") == ["Łódź"]
    assert raw.notes == ()


printable = st.text(
    st.characters(codec="utf-16-le", exclude_characters="\r\0", exclude_categories=("Cs",)),
    max_size=8,
)


def opened(data, **choices):
    """The three columns as they come out of the text itself."""
    read = open_text(data, SourceFile(path="x.csv", **choices)).read([0, 1, 2])
    return [[c.values[code] for code in c.codes] for c in read.cells], list(read.rows)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(printable, printable), min_size=1, max_size=8),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_any_text_survives_writing_and_reading(pairs, encoding, delimiter):
    rows = [[f"R{i}", *pair] for i, pair in enumerate(pairs)]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["ref", "note", "code"], *rows])
    columns, numbers = opened(text.getvalue().encode(encoding), delimiter=delimiter)
    assert columns == [[row[k].strip() for row in rows] for k in range(3)]
    assert numbers == list(range(2, 2 + len(rows)))


@settings(deadline=None, max_examples=50)
@given(
    st.text(
        st.characters(codec="cp1252", exclude_characters="\r\n\0", exclude_categories=("Cc",)),
        min_size=1,
        max_size=20,
    )
)
def test_windows_1252_is_read_when_it_is_not_utf_8(word):
    data = written([["R1", f"\xe9 {word}", "1"]]).encode("cp1252")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        assert opened(data)[0][1] == [f"\xe9 {word}".strip()]


def test_rows_keep_their_numbers_below_quoted_breaks_blank_and_broken_rows(tmp_path):
    data = b'ref,note,code\nR1,"a\nb\n\nc",1\n\nR2,x,2,extra\nR3,"y ""z""",3\nR4\n,,\nR5,,5\n'
    raw = read(tmp_path, data)
    assert texts(raw, "ref") == ["R1", "R3", "R5"]
    assert list(raw.rows) == [2, 5, 8]
    assert list(raw.wrong_length) == [4, 6]
    assert raw.n_records == 7


def test_titles_above_the_header_and_excels_own_note(tmp_path):
    raw = read(tmp_path, b"Extract of 1 May\n\nref,note,code\nR1,x,5\n", header_row=3)
    assert texts(raw, "ref") == ["R1"]
    assert list(raw.rows) == [4]
    raw = read(tmp_path, b"sep=;\nref;note;code\nR1;a,b,c;5\n")
    assert texts(raw, "note") == ["a,b,c"]
    assert list(raw.rows) == [3]


def test_names_are_compared_without_doubled_spaces_and_breaks(tmp_path):
    raw = read(tmp_path, b'"ref ","no\nte",  code\nR1,x,5\n', names=("ref", "no te", "code"))
    assert raw.header == ("ref", "no te", "code")
    assert texts(raw, "no  te") == ["x"]


def test_only_mapped_columns_are_read(tmp_path):
    raw = read(tmp_path, written(ROWS).encode(), names=("code",))
    assert set(raw.columns) == {"code"}


def test_a_long_column_is_whole(tmp_path):
    n = 200_000
    text = "ref,note,code\n" + "".join(f"R{i},word {i % 1000},{i % 7}\n" for i in range(n))
    raw = read(tmp_path, text.encode())
    assert texts(raw, "ref") == [f"R{i}" for i in range(n)]
    assert raw.column("note").counts().sum() == n
    assert len(set(raw.column("code").values)) == 7


def frame():
    return pd.DataFrame(
        {
            "id": ["007", "A2", ""],
            "whole": [1.0, np.nan, 3.0],
            "number": [1.5, 2.25, np.nan],
            "day": pd.to_datetime(["2024-03-02", None, "2023-12-31"]),
        }
    )


EXPECTED = {
    "id": ["007", "A2", ""],
    "whole": ["1", "", "3"],
    "number": ["1.5", "2.25", ""],
    "day": ["2024-03-02", "", "2023-12-31"],
}


def test_workbooks(tmp_path):
    with pd.ExcelWriter(tmp_path / "x.xlsx", engine="openpyxl") as book:
        pd.DataFrame({"other": [1]}).to_excel(book, sheet_name="Notes", index=False)
        frame().to_excel(book, sheet_name="Data", index=False, startrow=2)
    source = SourceFile(path="x.xlsx", sheet="Data", header_row=3)
    raw = read_file("x", source, tmp_path, lambda header: list(EXPECTED))
    assert {name: texts(raw, name) for name in EXPECTED} == EXPECTED
    assert list(raw.rows) == [4, 5, 6]
    assert raw.typed
    by_number = read_file(
        "x", SourceFile(path="x.xlsx", sheet=0), tmp_path, lambda header: ["other"]
    )
    assert texts(by_number, "other") == ["1"]
    for sheet in ("Nowhere", 7):
        with pytest.raises(UnreadableFileError) as caught:
            read_file("x", SourceFile(path="x.xlsx", sheet=sheet), tmp_path, lambda header: [])
        assert caught.value.rule == "file_unreadable"


def test_spss_values_not_labels_and_user_missing(tmp_path):
    import pyreadstat

    data = pd.DataFrame(
        {"id": ["007", "A2", "B3"], "sex": [1.0, 2.0, 9.0], "day": frame()["day"].dt.date}
    )
    pyreadstat.write_sav(
        data,
        tmp_path / "x.sav",
        variable_value_labels={"sex": {1: "Female", 2: "Male"}},
        missing_ranges={"sex": [9]},
    )
    raw = read_file("x", SourceFile(path="x.sav"), tmp_path, lambda header: ["id", "sex", "day"])
    assert texts(raw, "sex") == ["1", "2", ""]
    assert texts(raw, "id") == ["007", "A2", "B3"]
    assert texts(raw, "day") == ["2024-03-02", "", "2023-12-31"]
    assert list(raw.rows) == [1, 2, 3]


def test_stata(tmp_path):
    import pyreadstat

    pyreadstat.write_dta(frame().drop(columns="day"), tmp_path / "x.dta", version=15)
    raw = read_file(
        "x", SourceFile(path="x.dta"), tmp_path, lambda header: ["whole", "id", "number"]
    )
    for name in ("id", "whole", "number"):
        assert texts(raw, name) == EXPECTED[name]


def test_parquet(tmp_path):
    frame().to_parquet(tmp_path / "x.parquet")
    raw = read_file("x", SourceFile(path="x.parquet"), tmp_path, lambda header: list(EXPECTED))
    assert {name: texts(raw, name) for name in EXPECTED} == EXPECTED
    assert (
        raw.digest
        == read_file("y", SourceFile(path="x.parquet"), tmp_path, lambda h: ["id"]).digest
    )
