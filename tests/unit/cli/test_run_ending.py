"""What is said at the end of a run where something failed."""

from __future__ import annotations

import json
from logging import ERROR, LogRecord
from pathlib import Path

import pytest

from naturalistic.cli import run_ending as ending
from naturalistic.cli.plan import Plan
from snakemake_logger_plugin_naturalistic import _is_echo, _record


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Cohorts a and b: a has a report."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config" / "cohorts").mkdir(parents=True)
    shared = Path(__file__).resolve().parents[3] / "config" / "cohorts" / "synthetic_services.yaml"
    (tmp_path / "config" / "cohorts" / "s.yaml").write_text(shared.read_text(encoding="utf-8"))
    (tmp_path / "config" / "config.yaml").write_text("shared_mappings: {s: [a, b]}\n")
    (tmp_path / "results" / "a" / "release").mkdir(parents=True)
    (tmp_path / "results" / "a" / "release" / "report.html").write_text("")
    (tmp_path / "results" / "b" / "logs").mkdir(parents=True)
    return Plan(Path("config/config.yaml"))


def failed(name: str, text: str, code: int) -> None:
    log = Path("results/b/logs") / f"{name}.log"
    log.write_text(text, encoding="utf-8")
    log.with_suffix(".failed.json").write_text(json.dumps({"exit_code": code}))


def stopped(plan: Plan) -> dict:
    return {cohort: ending.stops(plan, cohort) for cohort in plan.cohorts}


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("ingest", "reading the extract"),
        ("disclose_release", "disclosure control"),
        ("report_restricted_unreleased", "writing the report"),
        ("outcome_change", "the analysis outcome_change"),
    ],
)
def test_the_step_is_told_in_words(plan, name, step):
    failed(name, "Heading:\n  - first\n  - second\n  - third\n", 4)
    (stop,) = ending.stops(plan, "b")
    assert stop.step == step
    assert stop.reason == "Heading: first (and 2 more)"
    assert f"results/b/logs/{name}.log" in stop.told()


def test_some_finished_is_exit_code_8_and_says_what_to_open(plan, capsys):
    failed("ingest", "The extract needs mending:\n  - one\n", 4)
    done = ending.finished(plan, plan.cohorts, stopped(plan))
    assert done == ["a"]
    assert ending.tell_failures(plan, plan.cohorts, stopped(plan), done) == 8
    said = capsys.readouterr().err
    assert "1 of 2 cohorts could not be finished:\n  - b stopped at reading the extract" in said
    assert "  - a: results/a/release/report.html" in said


def test_a_cohort_alone_gives_the_code_of_its_own_failure_and_no_summary(plan, capsys):
    failed("ingest", "The extract needs mending:\n  - one\n", 4)
    assert ending.tell_failures(plan, ["b"], stopped(plan), []) == 4
    assert capsys.readouterr().err == ""


def test_an_old_report_does_not_hide_a_failure(plan):
    (Path("results") / "b" / "release").mkdir()
    (Path("results") / "b" / "release" / "report.html").write_text("")
    failed("ingest", "", 70)
    assert ending.finished(plan, plan.cohorts, stopped(plan)) == ["a"]


def test_a_job_ended_without_a_word_is_recorded_by_the_logger(plan):
    log = Path("results/b/logs/dropout.log")
    log.write_text("")
    _record(log)
    (stop,) = ending.stops(plan, "b")
    assert (stop.exit_code, stop.reason) == (70, ending.NO_MESSAGE)
    failed("dropout", "Why:\n  - this\n", 4)
    _record(log)
    assert ending.stops(plan, "b")[0].exit_code == 4


def test_a_report_of_an_earlier_run_is_not_taken_for_this_one(plan, capsys):
    earlier = Path("results/b/release/report.html")
    earlier.parent.mkdir()
    earlier.write_text("")
    failed("ingest", "The extract needs mending:\n  - one\n", 4)
    assert ending.tell_failures(plan, ("b",), stopped(plan), []) == 4
    said = capsys.readouterr().err
    assert "results/b/release/report.html is still that of an earlier run" in said
    assert "results/a/" not in said


def test_what_snakemake_says_of_a_failed_command_is_left_to_the_log():
    def record(text: str) -> LogRecord:
        return LogRecord("snakemake", ERROR, "", 0, text, None, None)

    assert _is_echo(
        record('RuleException:\nCalledProcessError in file "x.smk", line 3:\nCommand ...')
    )
    assert not _is_echo(record("WorkflowError: no such file"))
