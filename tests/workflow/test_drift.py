"""The drift check as a trust's analyst meets it: from one year's extract to the next."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from naturalistic.cli import stages
from naturalistic.cli.main import run_command
from naturalistic.cli.plan import Plan
from naturalistic.cli.run import _print_drift
from naturalistic.errors import ConfigError, ExtractError
from tests.pipeline import project as copy_config
from tests.unit.cohort.drift.extracts import MAPPING, frames
from tests.unit.cohort.drift.test_compare import later

KEPT = Path("private/north/extracts")
TABLE = Path("results/north/restricted/drift.csv")
TOLD = KEPT / "told.txt"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with the mapping of a small service."""
    copy_config(tmp_path)
    text = yaml.safe_dump(
        {**MAPPING, "choices": {"primary": {"instrument": "phq_9", "scale": "total"}}}
    )
    (tmp_path / "config" / "cohorts" / "north.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lay(tables: dict[str, pd.DataFrame]) -> None:
    for name, frame in tables.items():
        frame.to_csv(f"{name}.csv", index=False)


def ingest() -> str:
    stages.ingest(stages.Stage(Plan(Path("config/config.yaml")), "north"))
    return TOLD.read_text(encoding="utf-8")


def changed_extract() -> dict[str, pd.DataFrame]:
    now = later(frames())
    now["people"].loc[400:420, "Ending"] = "T"
    return now


def kept() -> list[str]:
    return sorted(path.name for path in KEPT.glob("*.json"))


def test_from_the_first_extract_to_the_second_and_again(project):
    lay(frames())
    assert "first extract" in ingest()
    assert kept() == ["0001.json"]
    assert pd.read_csv(TABLE).empty
    first = Path(KEPT / "0001.json").read_bytes()
    assert ingest() == "The extract is the same as last time, byte for byte.\n"
    assert (kept(), Path(KEPT / "0001.json").read_bytes()) == (["0001.json"], first)
    lay(changed_extract())
    said = ingest()
    assert "Compared with the last extract (data until 2024-03-31; now until 2024-03-31):" in said
    assert "Rows: people 400 -> 550, visits 1,600 -> 2,200." in said
    assert "people, Ending: the code 'T' is new (21 rows now)." in said
    assert kept() == ["0001.json", "0002.json"]
    table = TABLE.read_bytes()
    again = ingest()
    assert again.startswith("The extract is the same as last time")
    assert "the one before it" in again
    assert "the code 'T' is new" in again
    assert (kept(), TABLE.read_bytes()) == (["0001.json", "0002.json"], table)
    assert Path(KEPT / "0001.json").read_bytes() == first


def test_results_do_not_tell_whether_an_extract_was_read_before(project):
    def results() -> dict[str, bytes]:
        held = sorted(p for p in Path("results").rglob("*") if p.is_file())
        return {p.as_posix(): p.read_bytes() for p in held}

    lay(frames())
    ingest()
    first = results()
    assert "same as last time" in ingest()
    assert results() == first


def test_an_extract_that_cannot_be_used_is_never_compared_with(project):
    lay(frames())
    ingest()
    broken = frames()
    broken["visits"] = broken["visits"].drop(columns="PHQ")
    lay(broken)
    with pytest.raises(ExtractError):
        ingest()
    assert kept() == ["0001.json"]


def test_check_compares_and_keeps_nothing(project, capsys):
    lay(frames())
    ingest()
    lay(changed_extract())
    before = (Path(KEPT / "0001.json").read_bytes(), TABLE.read_bytes())
    assert run_command(["check", "north"]) == 0
    said = capsys.readouterr().out
    assert "Compared with the last extract" in said
    assert "the code 'T' is new" in said
    assert (Path(KEPT / "0001.json").read_bytes(), TABLE.read_bytes()) == before
    assert kept() == ["0001.json"]
    table = pd.read_csv("results/north/restricted/check_drift.csv", keep_default_na=False)
    assert set(table.loc[table["changed"] == "yes", "what"]) == {"code_new", "shares"}
    assert not Path("results/north/release/check_drift.csv").exists()


def test_rare_codes_of_earlier_extracts_are_known_again_by_check(project, capsys):
    tables = frames()
    tables["people"].loc[:3, "Team"] = "West"
    lay(tables)
    ingest()
    tables["people"].loc[:30, "Team"] = "West"
    lay(tables)
    assert run_command(["check", "north"]) == 0
    said = capsys.readouterr().out
    assert "'West' is new" not in said
    assert "shares of the codes" in said  # the same code, in more rows


def test_a_missing_column_stops_the_run_and_the_new_name_is_shown(project, capsys):
    lay(frames())
    ingest()
    renamed = frames()
    renamed["visits"] = renamed["visits"].rename(columns={"PHQ": "PHQ9Total"})
    lay(renamed)
    assert run_command(["check", "north"]) == 4
    said = capsys.readouterr().err
    assert "Compared with the last extract that could be used" in said
    assert "visits: 1 new column: PHQ9Total." in said
    assert "visits: 1 column is gone: PHQ." in said


def test_all_of_it_only_on_request(project, capsys):
    lay(frames())
    ingest()
    now = frames()
    for k in range(15):
        rows = now["people"].index[20 * k : 20 * k + 15]
        now["people"].loc[rows, "Team"] = f"Team {k}"
    lay(now)
    assert run_command(["check", "north"]) == 0
    short = capsys.readouterr().out
    assert "more (check --drift says them all)" in short
    assert run_command(["check", "north", "--drift"]) == 0
    whole = capsys.readouterr().out
    assert "more (check" not in whole
    assert all(f"the code 'Team {k}' is new" in whole for k in range(15))


def test_a_first_check_has_nothing_to_compare_with(project, capsys):
    lay(frames())
    assert run_command(["check", "north"]) == 0
    assert "first extract" in capsys.readouterr().out
    assert not Path("private/north").exists()


def test_a_damaged_profile_is_named(project):
    lay(frames())
    ingest()
    Path(KEPT / "0001.json").write_text(json.dumps({"version": 1}), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"0001\.json is damaged"):
        ingest()


def test_going_back_to_an_earlier_extract_keeps_the_order(project):
    lay(frames())
    ingest()
    lay(changed_extract())
    ingest()
    lay(frames())
    assert ingest() == "The extract is the same as last time, byte for byte.\n"
    assert kept() == ["0001.json", "0002.json"]


def test_the_end_of_a_run_says_it_where_there_was_an_earlier_extract(project, capsys):
    lay(frames())
    ingest()
    _print_drift(Plan(Path("config/config.yaml")), "north")
    assert capsys.readouterr().out == ""
    lay(changed_extract())
    ingest()
    _print_drift(Plan(Path("config/config.yaml")), "north")
    assert "people, Ending: the code 'T' is new (21 rows now)." in capsys.readouterr().out
