"""Bundle, pages and figures are made of what lies in `release/`: with everything else gone they are the same bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from naturalistic.cli import stages
from naturalistic.release.words import check_file_name
from tests.pipeline import project, run_stages

COHORT = "synthetic_hirschfeld"
FEW = ["participant_flow", "characteristics", "clinical_change", "length_of_therapy"]


def test_without_the_restricted_tables_bundle_and_pages_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = project(tmp_path)
    settings = yaml.safe_load(config.read_text(encoding="utf-8")) | {"analyses": FEW}
    config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    mapping_file = config.parent / "cohorts" / f"{COHORT}.yaml"
    mapping = yaml.safe_load(mapping_file.read_text(encoding="utf-8"))
    mapping["synthetic"]["n"] = 60
    mapping["synthetic"].pop("assumptions", None)
    mapping_file.write_text(yaml.safe_dump(mapping, sort_keys=False), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    stage = run_stages(COHORT, tuple(FEW))
    release = stage.paths.release
    stages.evidence(stage)
    stages.report(stage)
    made = {p.relative_to(release): p.read_bytes() for p in release.rglob("*") if p.is_file()}
    for path in made:
        assert check_file_name(path.name) == path.name
    shutil.rmtree(stage.paths.restricted)
    shutil.rmtree(tmp_path / "private" / COHORT / "releases")
    stages.evidence(stage)
    stages.report(stage)
    again = {p.relative_to(release): p.read_bytes() for p in release.rglob("*") if p.is_file()}
    assert again == made
