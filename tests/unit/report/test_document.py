"""The written report: self-contained, well-formed, the same bytes every time."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from naturalistic.report.blocks import Section, Table
from naturalistic.report.brief import make_brief
from naturalistic.report.document import render, write_report
from naturalistic.report.released import Released

ROOT = Path(__file__).resolve().parents[3]
VOID = {"meta", "img", "br", "hr", "input", "link", "wbr"}


class Checker(HTMLParser):
    """Balanced tags, unique ids, headings that do not skip a level, references that resolve."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in found:
            self.ids.append(str(found["id"]))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "a":
            self.links.append(str(found["href"]))
        if tag == "img":
            self.images.append(found)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def written(cohort: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    _write(cohort("full"), folder)  # type: ignore[operator]
    return folder


def _write(data: Released, folder: Path) -> None:
    write_report(
        folder,
        estimates=data.estimates,
        disclosure=data.disclosure,
        record=data.record,
        published=ROOT / "config" / "published" / "hirschfeld_2024.yaml",
        instruments=data.instruments,
    )


@pytest.mark.parametrize("name", ["report.html", "brief.html"])
def test_the_page_is_well_formed(written: Path, name: str) -> None:
    page = Checker()
    page.feed((written / name).read_text(encoding="utf-8"))
    assert not page.open
    assert len(set(page.ids)) == len(page.ids)
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False))
    assert all(link.removeprefix("#") in page.ids for link in page.links)
    assert all(image["alt"] for image in page.images)


@pytest.mark.parametrize("name", ["report.html", "brief.html"])
def test_nothing_is_fetched_from_outside(written: Path, name: str) -> None:
    text = (written / name).read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!data:image/svg\+xml;base64,|#)', text)
    assert "url(" not in text
    assert "<script" not in text
    for found in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', text):
        drawing = base64.b64decode(found).decode()
        ElementTree.fromstring(drawing)
        assert not re.search(r'(?:href|src)="https?:', drawing)


def test_the_report_is_small_and_complete(written: Path) -> None:
    assert (written / "report.html").stat().st_size < 5_000_000
    text = (written / "report.html").read_text(encoding="utf-8")
    assert '<html lang="en-GB">' in text
    assert "Published beside reproduced" in text
    assert "SYNTHETIC" in text
    assert text.index("What changes if it closes, stays or grows") < text.index("Contents")
    figures = {path.stem for path in (written / "figures").glob("*.svg")}
    assert {"flow", "headline_rates", "before_and_after"} <= figures
    assert (written / "summary.txt").read_text(encoding="utf-8").count("\n* ") == 3


def test_the_same_input_gives_the_same_bytes(cohort: object, tmp_path: Path) -> None:
    stale = tmp_path / "second" / "figures" / "of_an_earlier_version.svg"
    stale.parent.mkdir(parents=True)
    stale.write_text("<svg/>")
    contents = []
    for name in ("first", "second"):
        folder = tmp_path / name
        _write(cohort("forms_only"), folder)  # type: ignore[operator]
        files = (p for p in folder.rglob("*") if p.is_file())
        contents.append({p.relative_to(folder): p.read_bytes() for p in files})
    assert not stale.exists()
    assert contents[0] == contents[1]


@pytest.mark.parametrize("name", ["forms_only", "ten_people", "nobody", "not_for_release"])
def test_every_cohort_gives_a_page(cohort: object, sections_of: object, name: str) -> None:
    data: Released = cohort(name)  # type: ignore[operator]
    text = render(data, sections_of(name), make_brief(data, None))  # type: ignore[operator]
    page = Checker()
    page.feed(text)
    assert not page.open
    assert ("NOT FOR RELEASE" in text) == (name == "not_for_release")
    assert ("not dated" in text) == (name == "forms_only")


def test_what_a_mapping_says_is_escaped(cohort: object) -> None:
    data: Released = cohort("nobody")  # type: ignore[operator]
    record = {**data.record, "title": "A <b>bold</b> service & others"}
    named = Released(data.estimates, data.disclosure, record, data.instruments)
    text = render(named, [], [])
    assert "A &lt;b&gt;bold&lt;/b&gt; service &amp; others" in text


def test_rows_of_sentences_become_cards_with_roles_and_labels(cohort: object) -> None:
    long = "Some words on what was done, which go on over more than a line."
    cards = Table(
        "Cards", ("Check", "Lowered?", "What was found"), [("Bias & c", "yes", long)], prose=True
    )
    counts = Table("Counts", ("Level", "People"), [("Women", "10"), ("Men", "15")])
    data: Released = cohort("nobody")  # type: ignore[operator]
    text = render(data, [Section("s", "Part", (), (cards, counts))], [])
    assert '<table class="prose stacks" role="table">' in text
    assert '<th scope="col" role="columnheader">Lowered?</th>' in text
    assert '<th scope="row" role="rowheader" data-label="Check: ">Bias &amp; c</th>' in text
    assert '<td role="cell" data-label="Lowered? ">yes</td>' in text
    assert f'<td role="cell" data-label="What was found: ">{long}</td>' in text
    assert "<td>10</td>" in text
    assert cards.stacks
    assert not counts.stacks


def test_tables_with_words_in_most_rows_become_cards() -> None:
    words = "More letters than a reader compares from row to row"
    assert Table("c", ("a", "b"), [("x", words), ("y", "1")]).stacks
    assert not Table("c", ("a", "b"), [("x", words), ("y", "1"), ("z", "2")]).stacks
    assert not Table("c", ("a", "b"), [(words, "1")]).stacks
    assert not Table("c", ("a", "b"), []).stacks


def test_long_names_may_go_on_in_the_next_line(cohort: object) -> None:
    name = "outcome_models.described_people<b>&"
    shown = Table("c", ("a", "b"), [("x", name)])
    data: Released = cohort("nobody")  # type: ignore[operator]
    text = render(data, [Section("s", "Part", (), (shown,))], [])
    assert "<td>outcome_<wbr>models.<wbr>described_<wbr>people&lt;b&gt;&amp;</td>" in text
