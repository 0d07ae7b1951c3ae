"""The PDF: tagged, titled, in a language, with text alternatives and header cells, the same bytes every time."""

from __future__ import annotations

import io
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pikepdf
import pytest

from naturalistic.report.blocks import Figure, Section, Table
from naturalistic.report.front import brief_front, front_matter
from naturalistic.report.paper import column_weights
from naturalistic.report.pdf import make_pdf
from naturalistic.report.released import Released
from naturalistic.report.typesetting import MISSING, printable
from tests.unit.report.format_cases import HOSTILE, RATES, front, sections


def elements(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """Every element of the structure tree, in reading order."""
    waiting = [pdf.Root.StructTreeRoot]
    while waiting:
        node = waiting.pop()
        if isinstance(node, pikepdf.Dictionary) and "/S" in node:
            yield node
        if isinstance(node, pikepdf.Dictionary) and "/K" in node:
            kids = node["/K"]
            waiting += reversed(list(kids)) if isinstance(kids, pikepdf.Array) else [kids]


def check(file: bytes, title: str, figures: int) -> Counter[str]:
    """What PDF/UA asks for that can be read from the structure; how often each element occurs."""
    with pikepdf.open(io.BytesIO(file)) as pdf:
        assert bool(pdf.Root.MarkInfo.Marked)
        assert str(pdf.Root.Lang) == "en-GB"
        assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
        with pdf.open_metadata() as metadata:
            assert metadata["dc:title"] == title
            assert metadata["pdfuaid:part"] == "1"
        with pdf.open_outline() as outline:
            assert outline.root
        found = list(elements(pdf))
        kinds = Counter(str(node.S) for node in found)
        drawn = [node for node in found if node.S == "/Figure"]
        assert len(drawn) == figures
        assert all(str(node.get("/Alt", "")).strip() for node in drawn)
        for table in (node for node in found if node.S == "/Table"):
            inside = pikepdf.Dictionary(S=pikepdf.Name.Document, K=pikepdf.Array([table]))
            cells = Counter(str(n.S) for n in _below(inside))
            assert cells["/TH"] > 0
        levels = [
            int(str(n.S)[2:]) for n in found if str(n.S)[1:] in {f"H{k}" for k in range(1, 7)}
        ]
        assert levels[0] == 1
        assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
        assert all(page.get("/Tabs") == "/S" or "/Annots" not in page for page in pdf.pages)
    return kinds


def _below(node: Any) -> Iterator[Any]:
    kids = node.get("/K", [])
    for kid in list(kids) if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from _below(kid)


def words(file: bytes) -> str:
    """The text of the document as its fonts map it to characters."""
    import shutil
    import subprocess

    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("pdftotext was not found: the text of the PDF is not read back")
    done = subprocess.run([reader, "-", "-"], input=file, capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def test_a_document_is_tagged() -> None:
    file = make_pdf(front(), sections(), sections())
    # the section of the brief and of the report hold one figure each
    kinds = check(file, "A service: outcomes report", figures=2)
    assert kinds["/Table"] == 10
    assert kinds["/Caption"] >= 10
    assert kinds["/L"] >= 2
    assert kinds["/Link"] >= 4


def test_the_brief_alone_is_tagged() -> None:
    assert check(make_pdf(front(), sections(), []), "A service: outcomes report", figures=1)


def test_twice_the_same_bytes() -> None:
    assert make_pdf(front(), sections(), sections()) == make_pdf(front(), sections(), sections())


def test_text_stays_text() -> None:
    file = make_pdf(front(HOSTILE), sections(HOSTILE), sections(HOSTILE))
    text = words(file)
    assert '#panic("x") <b>*bold*</b> $x^2$ @ref \\ `code` [a] =1+1 & "q" // no' in text


def test_what_no_font_has_does_not_stop_the_report() -> None:
    assert printable("Ünï ≥ − 5") == "Ünï ≥ − 5"
    assert printable("a\U0001fae0b\u4e2d\x00\n") == f"a{MISSING}b{MISSING}{MISSING} "
    assert make_pdf(front("\U0001fae0 \u4e2d\u6587 \ud800 x"), [], sections("\u0e01\u0e33"))


def test_columns_share_the_width() -> None:
    weights = column_weights(RATES)
    assert sum(weights) == pytest.approx(1)
    assert min(weights) > 0.1
    assert column_weights(sections()[1].blocks[2]) == pytest.approx([0.5, 0.5])  # type: ignore[arg-type]


def test_names_keep_their_room_beside_long_sentences() -> None:
    sentence = "A sentence that runs on over several lines of a page, " * 4
    name = "Adults with two or more attended sessions within one referral"
    prose = Table("c", ("Measure", "Here", "Source"), [(name, sentence, sentence)], prose=True)
    weights = column_weights(prose)
    assert sum(weights) == pytest.approx(1)
    assert weights[0] == pytest.approx(26 / 116)  # 26 of 116 letters
    assert weights[1] == pytest.approx(weights[2])


@pytest.mark.parametrize("name", ["full", "nobody"])
def test_every_cohort_gives_a_tagged_report(cohort: Any, sections_of: Any, name: str) -> None:
    data: Released = cohort(name)
    body: list[Section] = sections_of(name)
    drawn = sum(isinstance(block, Figure) for section in body for block in section.blocks)
    first = front_matter(data)
    check(make_pdf(first, [], body), first.document_title, drawn)
    assert brief_front(data).document_title.partition(" (")[0].endswith("decision brief")
