"""The brief for Word: headings, header rows, text alternatives, language, the same bytes every time."""

from __future__ import annotations

import io

import pytest
from docx import Document
from docx.oxml.ns import qn

from naturalistic.report.word import make_word, picture
from tests.unit.report.format_cases import HOSTILE, front, sections


@pytest.fixture(scope="module")
def file() -> bytes:
    return make_word(front(), sections())


def test_headings_are_headings(file: bytes) -> None:
    document = Document(io.BytesIO(file))
    headings = [(p.style.name, p.text) for p in document.paragraphs if "Head" in p.style.name]
    assert headings == [
        ("Heading 1", "First section"),
        ("Heading 2", "A heading inside"),
        ("Heading 1", "Second section"),
    ]
    titles = [p.text for p in document.paragraphs if p.style.name == "Title"]
    assert titles == ["A service"]
    assert document.core_properties.title == "A service: outcomes report"
    assert document.core_properties.language == "en-GB"
    assert {n.get(qn("w:val")) for n in document.styles.element.iter(qn("w:lang"))} == {"en-GB"}


def test_tables_have_header_rows_and_nothing_merged(file: bytes) -> None:
    document = Document(io.BytesIO(file))
    assert len(document.tables) == 5
    for table in document.tables:
        first, *others = table.rows
        assert first._tr.trPr.find(qn("w:tblHeader")) is not None
        assert all(row._tr.trPr.find(qn("w:tblHeader")) is None for row in others)
        assert not list(table._tbl.iter(qn("w:gridSpan"), qn("w:vMerge")))


def test_figures_have_a_text_alternative(file: bytes) -> None:
    document = Document(io.BytesIO(file))
    assert len(document.inline_shapes) == 1
    about = document.inline_shapes[0]._inline.docPr
    assert about.get("descr") == "The finding. Plain words."


def test_a_drawing_becomes_a_picture() -> None:
    from tests.unit.report.format_cases import SVG

    made = picture(SVG)
    assert made.startswith(b"\x89PNG")
    assert made == picture(SVG)


def test_text_stays_text_and_bytes_stay_the_same() -> None:
    first, second = (make_word(front(HOSTILE), sections(HOSTILE)) for _ in range(2))
    assert first == second
    text = "\n".join(p.text for p in Document(io.BytesIO(first)).paragraphs)
    assert HOSTILE.replace("\x00", "").replace("\x0b", "") in text
