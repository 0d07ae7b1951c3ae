"""Many cohorts as one run: one mapping for many, a failure that stops no other, and one pooled report."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import yaml

from naturalistic.cli.plan import Plan
from tests.workflow import slurm
from tests.workflow.conftest import ROOT, Project, make_project

MANY = """\
cohorts: [alpha, broken, gamma, mistyped]
shared_mappings: {synthetic_services: [alpha], synthetic_services_mhsds: [gamma]}
analyses: [outcome_change]
primary: {instrument: phq_9, scale: total}
resampling: {bootstrap_draws: 100, imputations: 5}
"""


@dataclass(frozen=True)
class Ended:
    """A project after a run, and what was said."""

    project: Project
    done: subprocess.CompletedProcess[str]

    def file(self, path: str) -> Path:
        return self.project.folder / "results" / path


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Two cohorts in two formats that can be finished, one whose extract lacks a column, one with an unknown key."""
    project = make_project(tmp_path_factory.mktemp("many"))
    config = project.folder / "config"
    (config / "many.yaml").write_text(MANY, encoding="utf-8")
    shared = (config / "cohorts" / "synthetic_services.yaml").read_text(encoding="utf-8")
    own = shared.replace("{cohort}", "broken").replace("RefSource", "NoSuchColumn")
    (config / "cohorts" / "broken.yaml").write_text(own, encoding="utf-8")
    wrong = shared.replace("{cohort}", "mistyped").replace("contact:", "contacts:")
    (config / "cohorts" / "mistyped.yaml").write_text(wrong, encoding="utf-8")
    return Ended(project, project.run("run", "--config", "config/many.yaml", "--pool"))


@pytest.mark.slow
def test_a_failure_of_one_cohort_stops_no_other(ended: Ended) -> None:
    assert ended.done.returncode == 8, ended.done.stderr
    for cohort in ("alpha", "gamma"):
        assert ended.file(f"{cohort}/release/report.html").is_file()
        assert ended.file(f"{cohort}/release/evidence.json").is_file()
    for cohort in ("broken", "mistyped"):
        assert not ended.file(f"{cohort}/release").exists()


@pytest.mark.slow
def test_the_end_says_which_failed_where_why_and_what_to_open(ended: Ended) -> None:
    said = ended.done.stderr.split("2 of 4 cohorts could not be finished:")[1]
    (broken,) = (line for line in said.splitlines() if line.startswith("  - broken"))
    assert "stopped at reading the extract" in broken
    assert "NoSuchColumn" in broken
    assert "results/broken/logs/ingest.log" in broken
    (mistyped,) = (line for line in said.splitlines() if line.startswith("  - mistyped"))
    assert "stopped at looking at its mapping and files" in mistyped
    assert "unknown key 'contacts'. Did you mean 'contact'?" in mistyped
    assert "2 of 4 are finished. Open" in said
    assert "results/alpha/release/report.html" in said
    assert "results/gamma/release/report.html" in said
    assert "what is finished is not done again" in said
    assert "Traceback" not in ended.done.stderr


@pytest.mark.slow
def test_the_finished_ones_are_pooled_and_the_report_says_what_was_reduced(ended: Ended) -> None:
    bundles = pd.read_csv(ended.file("pooled/bundles.csv"))
    assert bundles["cohort"].tolist() == ["alpha", "gamma"]
    assert bundles["referred"].tolist() == [150, 150]
    pooled = ended.file("pooled/report.html").read_text(encoding="utf-8")
    assert "Resampling was reduced in 2 of 2 services" in pooled
    assert "100 bootstrap draws in place of 2,000" in pooled
    own = ended.file("alpha/release/report.html").read_text(encoding="utf-8")
    assert "Resampling was reduced in this run: 100 bootstrap draws in place of 2,000" in own
    brief = ended.file("alpha/release/brief.html").read_text(encoding="utf-8")
    for page in (own, brief):
        assert "leave out: who was treated, how many got better" in page
    released = {path.stem for path in ended.file("alpha/release/estimates").glob("*.csv")}
    assert released == {"participant_flow", "outcome_change"}


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def needs_slurm() -> None:
    """Skip with the reason, or fail where SLURM is required (`.ci/run`)."""
    found = importlib.util.find_spec("snakemake_executor_plugin_slurm")
    reason = slurm.why_not() if found else "the package snakemake-executor-plugin-slurm is absent"
    if reason and os.environ.get("NATURALISTIC_REQUIRE_SLURM"):
        pytest.fail(f"SLURM is required here: {reason}")
    if reason:
        pytest.skip(f"no SLURM: {reason}")


@pytest.mark.slow
def test_slurm_gives_the_same_bytes_as_this_machine(ended: Ended, tmp_path: Path) -> None:
    needs_slurm()
    (tmp_path / "project").mkdir()
    project = make_project(tmp_path / "project")
    shutil.copy(ended.project.folder / "config" / "many.yaml", project.folder / "config")
    # what a cluster's administrator tells, and no waiting for jobs that take seconds
    profile = "workflow/profiles/slurm/config.yaml"
    project.edit(profile, "# slurm_account: your_account ", "slurm_account: tests ")
    project.edit(profile, "status-checks: 20 ", "status-checks: 5 ")
    with slurm.one_node(tmp_path / "cluster"):
        done = project.run(
            *("run", "alpha", "--config", "config/many.yaml"),
            *("--profile", "workflow/profiles/slurm"),
        )
        jobs = subprocess.run(
            ["squeue", "--states=all", "--noheader", "--format=%T"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
    assert done.returncode == 0, done.stderr
    assert jobs == ["COMPLETED"] * 3  # prepare, analyses, release
    there = digests(project.folder / "results" / "alpha" / "release")
    assert len(there) > 10
    assert there == digests(ended.file("alpha/release"))


def test_the_slurm_profile_names_rules_that_exist() -> None:
    text = (ROOT / "workflow/profiles/slurm/config.yaml").read_text(encoding="utf-8")
    profile = yaml.safe_load(text)
    rules = set()
    for file in (ROOT / "workflow" / "rules").glob("*.smk"):
        rules |= set(re.findall(r"^rule (\w+):", file.read_text(encoding="utf-8"), re.MULTILINE))
    grouped = dict(entry.split("=") for entry in profile["groups"])
    assert set(grouped) <= rules
    assert {"synthesise", "ingest", "score", "episodes", "outcomes"} <= set(grouped)
    assert profile["slurm-status-command"] == "squeue"


def test_a_profile_that_is_not_there_is_said(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    done = project.run("run", "--profile", "workflow/profiles/slrum")
    assert done.returncode == 2
    assert "--profile workflow/profiles/slrum: there is no config.yaml" in done.stderr


def test_the_forty_services_are_a_valid_run() -> None:
    plan = Plan(Path("config/forty_services.yaml"), project=ROOT)
    plan = Plan(ROOT / plan.config_file, project=ROOT)
    assert len(plan.cohorts) == len(set(plan.cohorts)) == 40
    made = [plan.mapping(cohort) for cohort in plan.cohorts]
    assert {mapping.synthetic.n for mapping in made if mapping.synthetic} == {150}
    assert len({mapping.synthetic.seed for mapping in made if mapping.synthetic}) == 40
    formats = [mapping.adapter.data_set if mapping.adapter else "own files" for mapping in made]
    assert {name: formats.count(name) for name in formats} == {
        "own files": 14,
        "talking_therapies_v2_1": 13,
        "mhsds_v6": 13,
    }
    differ = {str(mapping.synthetic.between_services) for mapping in made if mapping.synthetic}
    assert len(differ) == 1  # one population of services, whatever they send
    assert plan.config.resampling.bootstrap_draws < 2000
    assert set(plan.left_out()["analyses_left_out"]).isdisjoint(plan.analyses)
    # the same settings but for what the file says, so that these reports are read like any other
    text = (ROOT / "config" / "forty_services.yaml").read_text(encoding="utf-8")
    assert set(yaml.safe_load(text)) == {"shared_mappings", "analyses", "primary", "resampling"}
