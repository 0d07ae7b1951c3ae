"""The templates of the usual shapes: each reads an extract of its shape, and `init` names the right one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from naturalistic.cohort.guessing.extract import draft_mapping
from naturalistic.cohort.guessing.profile import profile_file
from naturalistic.cohort.ingest import ingest
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.load import load_mapping
from tests.unit.cohort import guess_corpus as corpus
from tests.unit.cohort import shape_exports

FOLDER = Path(__file__).resolve().parents[3] / "config" / "cohorts" / "templates"


def event_rows_repeated() -> corpus.Case:
    return corpus.Case("event_rows_repeated", shape_exports.event_rows().files, {})


SHAPES = {
    "one_row_a_person": corpus.therapy_forms,
    "one_row_a_session": corpus.one_row_a_session,
    "one_row_a_form": corpus.numbered_items_without_a_name,
    "one_row_an_answer": corpus.items_in_rows,
    "event_rows": corpus.event_rows,
    "event_rows_repeated": event_rows_repeated,
    "separate_tables": corpus.american_export,
}


def test_every_template_has_a_test():
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_a_template_reads_an_extract_of_its_shape(name, tmp_path):
    case = SHAPES[name]()
    names = [path.name for path in case.write(tmp_path)]
    mapping = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    for source, file in zip(mapping["files"].values(), names, strict=True):
        source["path"] = file
    path = tmp_path / "mapping.yaml"
    path.write_text(yaml.safe_dump(mapping), encoding="utf-8")
    result = ingest(
        load_mapping(path),
        project=tmp_path,
        key=b"k" * 32,
        mapping_name="mapping.yaml",
        instruments=load_instruments(),
    )
    n_people = len({str(p) for p in next(iter(case.files.values())).iloc[:, 0]})
    referrals = result.tables["referrals"]
    assert len(result.tables["patients"]) == len(referrals)
    assert len(referrals) in (n_people, corpus.N)
    assert result.tables["questionnaires"]["value"].notna().all()
    assert set(result.problems["severity"]) <= {"noted"}


@pytest.mark.parametrize("name", SHAPES)
def test_the_mapping_of_a_template_loads(name):
    assert load_mapping(FOLDER / f"{name}.yaml").tables.questionnaires


@pytest.mark.parametrize("name", SHAPES)
def test_init_names_the_template_of_the_shape(name, tmp_path):
    case = SHAPES[name]()
    paths = case.write(tmp_path)
    today = np.datetime64("2026-01-01", "D")
    files = [profile_file(p.stem.casefold(), p.name, tmp_path, today) for p in paths]
    draft, _ = draft_mapping("north", files, load_instruments(), "core_om")
    assert f"config/cohorts/templates/{name}.yaml" in draft.text()
