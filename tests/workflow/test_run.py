"""The real workflow: a run, a run with nothing to do, what re-runs after a change, and what a killed run leaves."""

from __future__ import annotations

import io
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pikepdf
import pytest

from naturalistic.analyses.registry import REGISTRY
from tests.workflow.browser import assert_accessible, check_pages
from tests.workflow.conftest import ROOT, Project, make_project

ANALYSES = len(REGISTRY)


def test_run_ends_with_summary_and_path(finished: Project) -> None:
    printed = (finished.folder / "stdout.txt").read_text(encoding="utf-8")
    assert (
        "Open results/small/release/brief.html (two pages), then results/small/release/report.html"
        in printed
    )
    assert (finished.folder / "results/small/release/brief.html").is_file()
    assert "SYNTHETIC" in printed
    assert sum(line.startswith("* ") for line in printed.splitlines()) == 3
    report = (finished.folder / "results/small/release/report.html").read_text(encoding="utf-8")
    assert "http://" not in report.replace("http://www.w3.org", "")
    assert "<script" not in report


def test_the_report_of_a_run_comes_in_every_format(finished: Project) -> None:
    release = finished.folder / "results/small/release"
    for name in ("brief", "report"):
        file = (release / f"{name}.pdf").read_bytes()
        with pikepdf.open(io.BytesIO(file)) as pdf:
            assert pdf.Root.MarkInfo.Marked
            assert str(pdf.Root.Lang) == "en-GB"
        assert b"/CreationDate" not in file
    assert (release / "tables.xlsx").read_bytes().startswith(b"PK")
    assert (release / "report.html").stat().st_size < 5_000_000


@pytest.mark.slow
def test_the_report_of_a_run_is_accessible(finished: Project) -> None:
    release = finished.folder / "results/small/release"
    for page in check_pages([release / "report.html", release / "brief.html"]):
        assert_accessible(page)


@pytest.mark.slow
def test_snakemakes_own_report_shows_released_files_only(finished: Project, tmp_path: Path) -> None:
    page = tmp_path / "snakemake.html"
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--report", str(page)],
        cwd=finished.folder,
        env=finished.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    added = set(re.findall(r"Adding (\S+) \(", done.stdout + done.stderr))
    release = finished.folder / "results/small/release"
    documents = {"brief.html", "brief.pdf", "report.html", "report.pdf", "tables.xlsx"}
    figures = {path.name for path in (release / "figures").glob("*.svg")}
    assert figures
    assert added == documents | figures
    text = page.read_text(encoding="utf-8")
    for caption in (ROOT / "workflow" / "report").glob("*.rst"):
        assert caption.read_text(encoding="utf-8")[:15] in text


def test_run_shows_progress_and_nothing_else(finished: Project) -> None:
    lines = (finished.folder / "stderr.txt").read_text(encoding="utf-8").splitlines()
    assert lines
    assert all(line.startswith("[") for line in lines), lines


def test_nothing_to_do_is_said_quickly(finished: Project) -> None:
    finished.run("run")  # the first start compiles the copied code
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = finished.run("run")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0
    assert "nothing has changed" in done.stdout
    # processor time: the clock of a busy machine says little about the work done
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3


def test_restricted_and_release_are_apart(finished: Project) -> None:
    base = finished.folder / "results" / "small"
    assert {p.name for p in base.iterdir()} == {"restricted", "release", "logs"}
    assert not list((base / "release").rglob("*.parquet"))
    assert not [p for p in base.rglob("*") if p.name.startswith(".part-")]


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        pytest.param(
            "src/naturalistic/report/templates/style.css",
            "body {",
            "body { ",
            {"report": 1},
            id="a template",
        ),
        pytest.param(
            "src/naturalistic/analyses/attendance.py",
            "add_gaps(rows, bookings, level)",
            "add_gaps(rows, bookings, level)  # gaps",
            {"attendance": 1, "disclose": 1, "evidence": 1, "report": 1},
            id="an analysis",
        ),
        pytest.param(
            "src/naturalistic/reference/instruments/phq_9.yaml",
            "key: phq_9",
            "key: phq_9 ",
            {},
            id="an instrument this cohort does not use",
        ),
        pytest.param(
            "config/config.yaml",
            "fewer_than_sessions: 4",
            "fewer_than_sessions: 5",
            {"episodes"},
            id="a setting",
        ),
        pytest.param(
            "config/config.yaml",
            "# The choices of one run",
            "# These are the choices of one run",
            {},
            id="a comment",
        ),
    ],
)
def test_a_change_reruns_exactly_what_depends_on_it(
    copy_of_finished: Project, path: str, old: str, new: str, expected: dict[str, int] | set[str]
) -> None:
    copy_of_finished.edit(path, old, new)
    jobs = copy_of_finished.jobs_to_do()
    if isinstance(expected, set):
        assert expected <= set(jobs)
        assert "ingest" not in jobs
        assert "score" not in jobs
    else:
        assert jobs == expected


def test_an_instrument_reruns_what_reads_it(copy_of_finished: Project) -> None:
    copy_of_finished.edit(
        "src/naturalistic/reference/instruments/core_om.yaml", "key: core_om", "key: core_om "
    )
    jobs = copy_of_finished.jobs_to_do()
    assert {"ingest", "score", "outcomes", "report"} <= set(jobs)
    assert "synthesise" not in jobs


def stop_when(project: Project, log: str, output: str, number: int) -> bool:
    """Start a run and send a signal to all of its processes when a stage begins; False if it finished before."""
    base = project.folder / "results" / "small"
    path = base / "logs" / log
    path.unlink(missing_ok=True)
    # stages side by side may have finished in an earlier try: this one has to be done again
    (base / output).unlink(missing_ok=True)
    run = subprocess.Popen(
        project.command("run"),
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while run.poll() is None and not path.exists():
        time.sleep(0.01)
    if run.poll() is not None:
        return False
    os.killpg(run.pid, number)
    run.wait()
    return True


STAGES = {
    "synthesise.log": "restricted/extract/clients.csv",
    "ingest.log": "restricted/cohort/facts.json",
    "score.log": "restricted/scores.parquet",
    "episodes.log": "restricted/episodes.parquet",
    "outcomes.log": "restricted/outcomes.parquet",
    "outcome_change.log": "restricted/estimates/outcome_change.parquet",
    "disclose_release.log": "release/estimates/outcome_change.csv",
    "evidence_release.log": "release/evidence.json",
    "report_release.log": "release/report.html",
}


@pytest.mark.slow
def test_killed_at_each_stage_a_run_resumes_to_the_same_bytes(
    finished: Project, tmp_path: Path
) -> None:
    project = make_project(tmp_path)
    # the same key of the pseudonyms: ids in `restricted/` are then the same too
    shutil.copytree(finished.folder / "private", project.folder / "private")
    killed = {log: stop_when(project, log, out, signal.SIGKILL) for log, out in STAGES.items()}
    assert all(killed.values()), killed
    done = project.run("run")
    assert done.returncode == 0, done.stderr
    assert "going on where it stopped" in done.stderr
    assert project.digests() == finished.digests()


def test_snakemake_alone_does_the_same_work(finished: Project) -> None:
    assert finished.jobs_to_do() == {}


def test_rules_read_what_the_registry_says() -> None:
    text = (ROOT / "workflow" / "rules" / "analyses.smk").read_text(encoding="utf-8")
    rules = {part.split(":")[0]: part for part in text.split("\nrule ")}
    rules = {name.removeprefix("rule "): part for name, part in rules.items()}
    assert set(rules) == set(REGISTRY)
    for name, entry in REGISTRY.items():
        inputs = rules[name].split("output:")[0]
        named = {line.split("=")[0].strip() for line in inputs.splitlines() if "results/" in line}
        assert named == {"facts", *entry.tables}, name
