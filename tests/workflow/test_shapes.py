"""Exports of the usual shapes, cut from one synthetic cohort: from `init` to the analysis tables of the cohort itself."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from naturalistic import files
from naturalistic.cli import stages
from naturalistic.cli.main import run_command
from naturalistic.cli.plan import Plan
from naturalistic.cohort.places import in_own_order
from tests.pipeline import project as copy_config
from tests.unit.cohort import shape_exports
from tests.unit.cohort.shape_exports import Export

MAPPING = Path("config/cohorts/north.yaml")
ANSWERS = {"event_rows": {"treatment_arm_1": "session"}}
WORDS = {
    "gender": shape_exports.GENDER,
    "ethnicity": shape_exports.ETHNICITY,
    "employment": shape_exports.EMPLOYMENT,
    "ending": shape_exports.ENDING,
    "attendance": shape_exports.ATTENDANCE,
    "contact_type": shape_exports.CONTACT,
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with the key that the expected ids are made with."""
    copy_config(tmp_path)
    private = tmp_path / "private" / "north"
    private.mkdir(parents=True)
    (private / "pseudonym.key").write_text(shape_exports.KEY.hex() + "\n", encoding="ascii")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(export: Export) -> str:
    """The draft that `init` writes for an export."""
    Path("extracts").mkdir()
    for name, frame in export.files.items():
        frame.to_csv(Path("extracts") / name, index=False)
    assert run_command(["init", "north", *(f"extracts/{name}" for name in export.files)]) == 0
    return MAPPING.read_text(encoding="utf-8")


def answer(text: str, answers: dict[str, str]) -> str:
    """The draft with its questions answered, as a user would by hand."""
    for code, word in answers.items():
        assert f"{code}: ASK" in text
        text = text.replace(f"{code}: ASK", f"{code}: {word}")
    return text


def finish(text: str, export: Export) -> None:
    """What only the user knows: the data cut, and codes too rare to be shown in a draft."""
    assert not [line for line in text.splitlines() if "ASK" in line and not line.startswith("#")]
    mapping = yaml.safe_load(text)
    mapping["data_cut"] = export.data_cut
    for table in ("patients", "referrals", "sessions"):
        columns = mapping["tables"].get(table, {}).get("columns", {})
        for name in WORDS.keys() & columns.keys():
            own = columns[name] if isinstance(columns[name], dict) else {"from": columns[name]}
            codes = {code: word for word, code in WORDS[name].items()}
            for code, word in own.get("codes", {}).items():
                assert codes[code] == word, (name, code)  # what was guessed is right
            columns[name] = {**own, "codes": codes}
    MAPPING.write_text(yaml.safe_dump(mapping), encoding="utf-8")


@pytest.mark.parametrize("shape", shape_exports.SHAPES)
def test_an_export_gives_the_tables_of_the_cohort(shape, project, capsys):
    export = shape_exports.SHAPES[shape]()
    draft = init(export)
    assert f"config/cohorts/templates/{export.template}.yaml" in draft
    finish(answer(draft, ANSWERS.get(shape, {})), export)
    assert run_command(["check", "north"]) == 0, capsys.readouterr().err
    stage = stages.Stage(Plan(Path("config/config.yaml")), "north")
    for step in (stages.ingest, stages.score, stages.episodes, stages.outcomes):
        step(stage)
    assert_noted_only(pd.read_csv(stage.paths.validation))
    tables = in_own_order(export.tables)
    for name, expected in tables.items():
        got = shape_exports.in_order(stage.read(name))
        same(got, shape_exports.in_order(expected), name)
    for name, expected in shape_exports.analysis_tables(tables, export.data_cut).items():
        same(shape_exports.in_order(stage.read(name)), expected, name)
    assert len(export.tables["questionnaires"]) > 100
    assert files.read_json(stage.paths.cohort_facts)["data_cut"] == export.data_cut.isoformat()


def assert_noted_only(problems: pd.DataFrame) -> None:
    """No row and no cell is lost on reading."""
    lost = problems[problems["severity"] != "noted"]
    assert lost.empty, lost.groupby(["table", "column", "rule"], dropna=False).size()


def same(got: pd.DataFrame, expected: pd.DataFrame, name: str) -> None:
    """Equal but for how missing words are typed."""
    assert list(got) == list(expected), name
    for column in expected:
        left, right = (f[column].astype("object") for f in (got, expected))
        left, right = left.where(left.notna(), None), right.where(right.notna(), None)
        differs = [(a, b) for a, b in zip(left, right, strict=True) if a != b and not _close(a, b)]
        assert not differs, (name, column, len(differs), differs[:3])


def _close(a: object, b: object) -> bool:
    return isinstance(a, float) and isinstance(b, float) and abs(a - b) < 1e-9


def test_redcap_says_what_its_own_columns_are(project):
    draft = init(shape_exports.event_rows())
    for column in ("redcap_repeat_instance", "baseline_complete"):
        assert re.search(rf"# redcap_export\.{column} \(REDCap's own: ", draft)
    assert "difficulties___2 (one of several boxes" in draft
    # the same event is asked about once for all questionnaires
    assert draft.count("# QUESTION") == 1
    assert draft.count("ASK}}") == 2
    assert "# the answer to question 1 again" in draft
