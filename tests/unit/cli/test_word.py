"""The verb `word`, as a user meets it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from docx import Document
from tests.unit.report.simulated import SHAPES, released

from naturalistic import files
from naturalistic.analyses.registry import REGISTRY
from naturalistic.cli.main import run_command
from naturalistic.tables.estimates import ESTIMATES

ROOT = Path(__file__).resolve().parents[3]
COHORT = "synthetic_hirschfeld"


def test_the_brief_is_written_from_what_was_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    assert run_command(["word", COHORT]) == 2
    assert "does not exist" in capsys.readouterr().err
    release = Path("results") / COHORT / "release"
    data = released(SHAPES["nobody"])
    for name in REGISTRY:
        frame = data.estimates.get(name, ESTIMATES.empty())
        files.write_csv(release / "estimates" / f"{name}.csv", frame)
        withheld = data.disclosure.get(name, next(iter(data.disclosure.values())).iloc[:0])
        files.write_csv(release / "disclosure" / f"{name}.csv", withheld)
    files.write_json(release / "run.json", data.record)
    assert run_command(["word", COHORT]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path == release / "brief.docx"
    text = [paragraph.text for paragraph in Document(str(path)).paragraphs]
    assert data.record["title"] in text
    assert any("not measured here" in line for line in text)
