from __future__ import annotations

from pathlib import Path

import pytest

from naturalistic.reference.documents import DOCUMENTS, instruments_markdown, write_documents
from naturalistic.reference.loader import load_benchmarks, load_instruments

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_the_committed_document_is_current(name):
    committed = (DOCS / name).read_text(encoding="utf-8")
    assert committed == DOCUMENTS[name](), "run python -m naturalistic.reference.documents"


def test_every_instrument_and_scale_is_listed_and_gaps_are_named():
    text = instruments_markdown()
    for each in load_instruments().values():
        assert f"\n## {each.name}\n" in text
        for scale in each.scales:
            assert f"### {scale.label} (`{scale.key}`)" in text
    spin = text[text.index("\n## SPIN\n") :]
    assert "Items scored not known; reversed: not known" in spin
    assert (
        "| HADS | `hads` | patient | lower | 14 | no: scale scores only | does not apply |" in text
    )


def test_every_benchmark_is_listed_once():
    text = DOCUMENTS["benchmarks.md"]()
    assert sum(line.startswith("| ") for line in text.splitlines()) - 2 * 7 == len(
        load_benchmarks()
    )


def test_tables_have_one_width(tmp_path):
    write_documents(tmp_path)
    for name in DOCUMENTS:
        lines = (tmp_path / name).read_text(encoding="utf-8").splitlines()
        width = None
        for line in lines:
            if not line.startswith("|"):
                width = None
                continue
            cells = line.replace("\\|", "").count("|")
            assert width in (None, cells), line
            width = cells
