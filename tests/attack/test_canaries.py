"""Words and numbers that stand in the extract only once are found in no byte of what is released."""

from __future__ import annotations

import base64
import re
import shutil
import zipfile
from pathlib import Path

import pytest
import yaml

from naturalistic.cli import stages
from naturalistic.cli.plan import Plan
from tests.attack.canaries import COHORT, fly, unpacked
from tests.pipeline import project

ANALYSES = ("participant_flow", "characteristics", "clinical_change", "length_of_therapy")
CANARY = "kanarienvogel"


def test_no_canary_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = project(tmp_path)
    mapping_file = config.parent / "cohorts" / "synthetic_hirschfeld.yaml"
    mapping = yaml.safe_load(mapping_file.read_text(encoding="utf-8"))
    mapping["synthetic"]["n"] = 90
    mapping["synthetic"].pop("assumptions", None)
    mapping_file.write_text(yaml.safe_dump(mapping, sort_keys=False), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    stage = stages.Stage(Plan(Path("config/config.yaml")), "synthetic_hirschfeld")
    stages.synthesise(stage)
    planted = 0
    for path in stage.paths.truth.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        # every reference to a person, an episode and a therapist carries the word and stays what it was otherwise
        marked, n = re.subn(r"\b(SYN-|E0|T0)(?=\d{3})", rf"{CANARY}\1", text)
        path.write_text(marked, encoding="utf-8")
        planted += n
    assert planted > 500
    for step in (stages.ingest, stages.score, stages.episodes, stages.outcomes):
        step(stage)
    for name in ANALYSES:
        stages.analyse(stage, name)
    stages.disclose(stage, ANALYSES)
    released = [p for p in stage.paths.release.rglob("*") if p.is_file()]
    assert len(released) >= 2 * len(ANALYSES) + 3
    for path in released:
        assert CANARY.encode() not in path.read_bytes().lower(), path.name
        assert CANARY not in path.name.lower()
        # nor the pseudonyms made of them, nor a date of a contact
        assert not re.search(rb"\b\d{2}/\d{2}/\d{4}\b", path.read_bytes()), path.name
    log = (stage.paths.release / "disclosure_log.txt").read_text(encoding="utf-8")
    assert "Checked by" in log
    assert "few_people" not in log
    assert (stage.paths.restricted / "disclosure_detail.csv").is_file()
    assert len(list((tmp_path / "private" / "synthetic_hirschfeld" / "releases").iterdir())) == 1


def test_no_canary_leaves_a_whole_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every output, packed parts unpacked: tables, log, bundle, pages, figures, PDF, workbook, Word; and what was said."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) reads the PDF here and is not installed")
    monkeypatch.chdir(tmp_path)
    flight = fly(tmp_path, ANALYSES)
    assert all(flight.planted.values())
    names = {p.name for p in (tmp_path / "results" / COHORT / "release").iterdir()}
    assert names >= {
        "report.html",
        "report.pdf",
        "brief.docx",
        "tables.xlsx",
        "evidence.json",
        "covariances.csv",
    }
    assert flight.files > 20
    assert flight.searched > 1_000_000
    assert flight.found == []


def test_a_canary_that_left_would_be_found(tmp_path: Path) -> None:
    """In a packed file, in a drawing inside a page, and in a PDF."""
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("sheet.xml", f"<v>{CANARY}</v>" * 50)
    drawing = base64.b64encode(f"<svg><title>{CANARY} and more</title></svg>".encode()).decode()
    (tmp_path / "b.html").write_text(
        f"<img src='data:image/svg+xml;base64,{drawing}'>", encoding="utf-8"
    )
    for name in ("a.xlsx", "b.html"):
        assert CANARY.encode() not in (tmp_path / name).read_bytes()
        assert CANARY.encode() in b"".join(unpacked(tmp_path / name))
