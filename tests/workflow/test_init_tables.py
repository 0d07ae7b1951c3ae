"""`init` on the tables of a national data set: recognised by names and headers, and ready for `check`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from naturalistic.cli.main import run_command
from naturalistic.cohort.synthetic import make_cohort, write_extract
from naturalistic.errors import EXIT_OK
from naturalistic.settings.load import load_mapping

ROOT = Path(__file__).resolve().parents[2]
MAPPING = Path("config/cohorts/north.yaml")
FOLDER = "extracts/north"
TALKING, HEALTH = "talking_therapies_v2_1", "mhsds_v6"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project in the current folder."""
    (tmp_path / "config" / "cohorts").mkdir(parents=True)
    shutil.copy(ROOT / "config" / "config.yaml", tmp_path / "config" / "config.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lay(data_set: str, preset: str = "talking_therapies", n: int = 60) -> None:
    write_extract(make_cohort(preset, 4, n=n), FOLDER, data_set)


def adapter() -> dict:
    return yaml.safe_load(MAPPING.read_text(encoding="utf-8"))["adapter"]


def test_from_a_folder_to_check(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lay(TALKING)
    assert run_command(["init", "north", FOLDER]) == EXIT_OK
    said = capsys.readouterr().out
    assert "Recognised: NHS Talking Therapies data set" in said
    assert "IDS201CareContact" in said
    assert adapter() == {"data_set": TALKING, "folder": FOLDER}
    assert load_mapping(MAPPING).choices.primary.instrument == "phq_9"
    assert run_command(["check", "north"]) == EXIT_OK
    assert "60 rows" in capsys.readouterr().out


def test_what_the_data_set_does_not_say_is_asked(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(HEALTH)
    assert run_command(["init", "north", FOLDER]) == EXIT_OK
    assert adapter()["assessment_contacts"] == "ASK"
    monkeypatch.setattr("builtins.input", lambda prompt="": "1")
    assert run_command(["init", "north", FOLDER, "--ask", "--force"]) == EXIT_OK
    assert adapter()["assessment_contacts"] == 1
    assert run_command(["check", "north"]) == EXIT_OK


def test_teams_of_a_whole_trust_are_asked_for(project: Path) -> None:
    lay(HEALTH)
    for path in Path(FOLDER).rglob("MHS101Referral.csv"):
        frame = pd.read_csv(path, dtype=str)
        frame.loc[frame.index % 3 == 0, "ServTeamType"] = "A06"
        frame.to_csv(path, index=False)
    run_command(["init", "north", FOLDER])
    text = MAPPING.read_text(encoding="utf-8")
    assert "psychotherapy service" in text
    assert "A06" in text
    assert adapter()["teams"] == "ASK"


def test_dates_of_the_united_kingdom_and_a_workbook(project: Path) -> None:
    lay(TALKING)
    book = Path("extracts/north.xlsx")
    with pd.ExcelWriter(book) as writer:
        for path in sorted(Path(FOLDER, "submission_1").glob("*.csv")):
            frame = pd.read_csv(path, dtype=str)
            for name in [c for c in frame if c.endswith("Date") and c != "ReportingPeriodEndDate"]:
                frame[name] = pd.to_datetime(frame[name]).dt.strftime("%d/%m/%Y")
            frame.to_excel(writer, sheet_name=path.stem[:31], index=False)
    assert run_command(["init", "north", book.as_posix()]) == EXIT_OK
    assert adapter() == {"data_set": TALKING, "folder": "extracts/north.xlsx", "date_format": "dmy"}
    assert run_command(["check", "north"]) == EXIT_OK


def test_other_files_beside_such_tables_are_not_mistaken_for_them(project: Path) -> None:
    lay(TALKING)
    cohort = make_cohort("talking_therapies", 4, n=60)
    write_extract(cohort, "extracts/own")
    files = ["extracts/own/clients.csv", "extracts/own/sessions.csv", "extracts/own/forms.csv"]
    assert run_command(["init", "north", *files]) == EXIT_OK
    assert "adapter" not in yaml.safe_load(MAPPING.read_text(encoding="utf-8"))
    assert run_command(["init", "again", "extracts/own"]) == EXIT_OK


def test_the_tables_of_an_example(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["example", "mhsds-tables"]) == EXIT_OK
    assert "init my_tables extracts/mhsds_tables" in capsys.readouterr().out
    assert Path("extracts/mhsds_tables/submission_4/MHS101Referral.csv").is_file()
