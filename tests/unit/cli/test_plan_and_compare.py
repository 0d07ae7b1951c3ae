"""The verbs `plan` and `compare`, as a user meets them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from tests.unit.report.simulated import SHAPES, released

from naturalistic import files
from naturalistic.cli.analysis_plan import freeze_once, read_plan
from naturalistic.cli.compare import _shortened
from naturalistic.cli.main import run_command
from naturalistic.cli.plan import Plan
from naturalistic.report.document import write_report

ROOT = Path(__file__).resolve().parents[3]
CONFIG = Path("config/config.yaml")
COHORT = "synthetic_hirschfeld"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _change(project: Path, old: str, new: str) -> None:
    path = project / CONFIG
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_plan_is_frozen_once_and_amended_with_its_reason(project, capsys):
    assert run_command(["plan", COHORT]) == 0
    assert "No plan is frozen" in capsys.readouterr().out
    freeze_once(Plan(CONFIG), COHORT)
    _change(project, "episodes: first ", "episodes: last ")
    freeze_once(Plan(CONFIG), COHORT)
    assert len(read_plan(Plan(CONFIG), COHORT)) == 1
    assert run_command(["plan", COHORT]) == 0
    said = capsys.readouterr().out
    assert "episodes: planned first; now last" in said
    assert "1 settings depart" in said
    before = Plan(CONFIG).report_params(COHORT)
    assert run_command(["plan", COHORT, "--amend", "people come back"]) == 0
    assert "people come back" in capsys.readouterr().out
    # an amendment makes the record and the report anew
    assert Plan(CONFIG).report_params(COHORT) != before
    assert run_command(["plan", COHORT, "--amend", "again"]) == 2
    assert run_command(["plan", COHORT, "--amend", " "]) == 2


def _run(folder: Path, **changes: str) -> Path:
    data = released(SHAPES["forms_only"])
    record = {**data.record, **changes}
    for name, frame in data.estimates.items():
        files.write_csv(folder / "release" / "estimates" / f"{name}.csv", frame)
    files.write_json(folder / "release" / "run.json", record)
    return folder


def test_compare_names_what_changed_and_nothing_else(tmp_path, capsys):
    first = _run(tmp_path / "a")
    settings = {**released(SHAPES["forms_only"]).record["settings"], "episodes": "all"}
    second = _run(tmp_path / "b", settings=settings)
    path = second / "release" / "estimates" / "participant_flow.csv"
    frame = files.read_plain_csv(path)
    row = frame.index[(frame["term"] == "people") & (frame["population"] == "started")][0]
    frame.loc[row, "estimate"] = "5"
    files.write_csv(path, frame)
    output = tmp_path / "changes.csv"
    assert run_command(["compare", str(first), str(second), "--output", str(output)]) == 0
    table = files.read_plain_csv(output)
    assert list(table["part"]) == ["settings", "estimates"]
    assert table.loc[0, ["what", "first", "second"]].tolist() == ["episodes", "first", "all"]
    assert table.loc[1, "what"].startswith("participant_flow: ")
    assert table.loc[1, "second"].startswith("5")
    assert "2 differences" in capsys.readouterr().out
    assert run_command(["compare", str(first), str(first), "--output", str(output)]) == 0
    assert "Nothing changed." in capsys.readouterr().out
    assert run_command(["compare", str(tmp_path), str(first)]) == 2


def test_compare_prints_main_figures_first_and_shortly(tmp_path, capsys):
    first = _run(tmp_path / "a")
    second = _run(tmp_path / "b", cohort="south", title="South")
    figures = tmp_path / "b" / "release" / "estimates"
    for path in figures.glob("*.csv"):
        frame = files.read_plain_csv(path)
        frame.loc[frame["status"] == "ok", "estimate"] = "0.123456789"
        files.write_csv(path, frame)
    output = tmp_path / "changes.csv"
    assert run_command(["compare", str(first), str(second), "--output", str(output)]) == 0
    said = capsys.readouterr().out
    assert "These are runs of two cohorts" in said
    assert "-> 0.1235" in said
    assert "0.123456789" not in said
    table = files.read_plain_csv(output)
    assert table["second"].str.contains("0.123456789").any()
    figures_told = table[table["part"] == "estimates"]["what"].tolist()
    assert figures_told[0].startswith("participant_flow: ")
    main = [not re.search("[:,] (specification|model) ", what) for what in figures_told]
    lead = [what.split(":")[0] in ("participant_flow", "outcome_change") for what in figures_told]
    order = [not (m and of) for m, of in zip(main, lead, strict=True) if of]
    assert order == sorted(order)


def test_compare_keeps_the_digits_that_tell_two_figures_apart():
    assert _shortened("0.123456 (0.1 to 0.2)", "0.123457") == ("0.1235 (0.1 to 0.2)", "0.1235")
    assert _shortened("0.1234561, n 20", "0.1234562, n 20") == (
        "0.1234561, n 20",
        "0.1234562, n 20",
    )
    assert _shortened("withheld", "12345.678912") == ("withheld", "12,345.7")


def test_the_report_lists_departures_from_the_plan(tmp_path):
    data = released(SHAPES["forms_only"])
    plan = {
        "frozen": {"date": "2024-03-01", "digest": "0123456789abcdef"},
        "amendments": [],
        "deviations": [{"setting": "primary.scale", "planned": "all", "used": "risk"}],
    }
    write_report(
        tmp_path,
        estimates=data.estimates,
        disclosure=data.disclosure,
        record={**data.record, "analysis_plan": plan},
        published=None,
        instruments=data.instruments,
    )
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "frozen on 1 March 2024" in text
    assert "What departs from the plan" in text
    assert "primary.scale" in text
