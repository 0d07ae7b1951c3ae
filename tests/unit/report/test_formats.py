"""Every format of one report: written together, within the limits of time and size, and nothing else beside them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from naturalistic.report.document import write_report
from naturalistic.report.formats import write_word
from naturalistic.report.released import Released
from tests.unit.report.test_pdf import words

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 20  # of the processor, for about as many people as the publication has
LARGEST = 5_000_000  # bytes


@pytest.fixture(scope="module")
def written(cohort: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    folder = tmp_path_factory.mktemp("release")
    data: Released = cohort("full")
    begun = time.process_time()
    write_report(
        folder,
        estimates=data.estimates,
        disclosure=data.disclosure,
        record=data.record,
        published=ROOT / "config" / "published" / "hirschfeld_2024.yaml",
        instruments=data.instruments,
    )
    return folder, time.process_time() - begun


def test_every_format_is_there_in_time_and_size(written: tuple[Path, float]) -> None:
    folder, seconds = written
    documents = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    assert set(documents) == {
        *("brief.html", "brief.pdf", "report.html", "report.pdf"),
        *("summary.txt", "tables.xlsx"),
    }
    assert max(documents.values()) < LARGEST
    assert seconds < SECONDS


def test_the_brief_has_two_pages_on_paper(written: tuple[Path, float]) -> None:
    import pikepdf

    with pikepdf.open(written[0] / "brief.pdf") as pdf:
        assert len(pdf.pages) <= 2


def test_the_pdf_says_what_the_page_says(written: tuple[Path, float], cohort: Any) -> None:
    from naturalistic.report.brief import make_brief

    text = "".join(words((written[0] / "report.pdf").read_bytes()).split())
    for part in make_brief(cohort("full"), None):
        assert "".join(part.title.split()) in text
    assert "SYNTHETIC" in text


def test_the_word_file_comes_only_when_asked_for(cohort: Any, tmp_path: Path) -> None:
    from naturalistic.report.brief import make_brief

    data = cohort("full")
    path = write_word(tmp_path, data, make_brief(data, None))
    assert [each.name for each in tmp_path.iterdir()] == ["brief.docx"]
    assert path.read_bytes().startswith(b"PK")
