"""Neither the key of the pseudonyms nor the order of the rows of an extract reaches a figure, not in its last bit."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from naturalistic import files
from naturalistic.analyses.registry import REGISTRY
from naturalistic.cli import stages
from naturalistic.cli.plan import Plan
from tests.pipeline import project

COHORT = "synthetic_hirschfeld"
PEOPLE = 50
QUICK = {
    "resampling": {"bootstrap_draws": 100, "imputations": 5},
    "missing_outcomes": {"iterations": 2},
    "specification_curve": {"imputations": 5, "first_days": [[-28, 14]]},
}


def _estimates(folder: Path, key: str, seed: int | None) -> dict[str, bytes]:
    """Every file of estimates and covariances of a project with its own key and, with a seed, its own order of rows."""
    stage = stages.Stage(Plan(_project(folder, key)), COHORT)
    stages.synthesise(stage)
    if seed is not None:
        for path in stage.paths.truth.glob("*.csv"):
            header, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
            random.Random(seed).shuffle(rows)
            path.write_text("".join([header, *rows]), encoding="utf-8", newline="\n")
    for step in (stages.ingest, stages.score, stages.episodes, stages.outcomes):
        step(stage)
    for name in REGISTRY:
        stages.analyse(stage, name)
    found = {name: stage.paths.estimates(name) for name in REGISTRY}
    found |= {f"{name}, covariances": stage.paths.covariances(name) for name in REGISTRY}
    ids = files.read_table(stage.paths.table("patients"))["patient_id"]
    return {name: path.read_bytes() for name, path in found.items()} | {
        "ids": ids.sort_values().to_numpy().tobytes()
    }


def _project(folder: Path, key: str) -> Path:
    """The configuration of a small cohort, in quick settings."""
    config = project(folder)
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    for section, changed in QUICK.items():
        settings[section] |= changed
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    mapping_file = config.parent / "cohorts" / f"{COHORT}.yaml"
    mapping = yaml.safe_load(mapping_file.read_text(encoding="utf-8"))
    mapping["synthetic"]["n"] = PEOPLE
    mapping["synthetic"].pop("assumptions", None)
    mapping_file.write_text(yaml.safe_dump(mapping, sort_keys=False), encoding="utf-8")
    private = folder / "private" / COHORT
    private.mkdir(parents=True)
    (private / "pseudonym.key").write_text(key * 64 + "\n", encoding="ascii")
    return Path("config/config.yaml")


def test_another_key_and_another_order_of_rows_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for key, seed in (("a", None), ("b", 3)):
        folder = tmp_path / key
        folder.mkdir()
        monkeypatch.chdir(folder)
        made.append(_estimates(folder, key, seed))
    one, other = made
    assert one.pop("ids") != other.pop("ids")
    assert len(one) == 2 * len(REGISTRY)
    assert [name for name in one if one[name] != other[name]] == []
