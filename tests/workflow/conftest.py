"""A project of its own for each test of the workflow: the shipped workflow and code, one small synthetic cohort."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 220
SHIPPED = ("Snakefile", "workflow", "config", "src")


@dataclass(frozen=True)
class Project:
    """A folder with the workflow, its own copy of the code and one small cohort called `small`."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The copy of the code comes first, so that a test may edit it."""
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        return {**kept, "PYTHONPATH": str(self.folder / "src")}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "naturalistic", *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One naturalistic command; everything it prints is kept."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def jobs_to_do(self) -> dict[str, int]:
        """Rules that Snakemake would run now, with the number of jobs."""
        command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "2"]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        lines = (done.stdout + done.stderr).splitlines()
        if "job" not in " ".join(line.split()[0] for line in lines if line.strip()):
            return {}
        start = next(i for i, line in enumerate(lines) if line.split()[:2] == ["job", "count"])
        jobs = {}
        for line in lines[start + 2 :]:
            parts = line.split()
            if len(parts) != 2 or parts[0] == "total":
                break
            jobs[parts[0]] = int(parts[1])
        jobs.pop("all", None)
        return jobs

    def digests(self) -> dict[str, str]:
        """Content of every result but logs."""
        base = self.folder / "results" / "small"
        return {
            p.relative_to(base).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(base.rglob("*"))
            if p.is_file() and "logs" not in p.relative_to(base).parts
        }

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text in a file of the project."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {path}"
        file.write_text(text.replace(old, new, 1), encoding="utf-8")


def make_project(folder: Path) -> Project:
    for name in SHIPPED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        ignore = {"ignore": shutil.ignore_patterns("__pycache__")} if source.is_dir() else {}
        copy(source, folder / name, **ignore)
    cohorts = folder / "config" / "cohorts"
    mapping = yaml.safe_load((cohorts / "synthetic_hirschfeld.yaml").read_text(encoding="utf-8"))
    mapping["synthetic"]["n"] = PEOPLE
    mapping["synthetic"].pop("assumptions", None)
    for source in mapping["files"].values():
        source["path"] = source["path"].replace("synthetic_hirschfeld", "small")
    (cohorts / "small.yaml").write_text(yaml.safe_dump(mapping, sort_keys=False), encoding="utf-8")
    config = folder / "config" / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("[synthetic_hirschfeld]", "[small]"), encoding="utf-8")
    return Project(folder)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose run has finished; tests may read it, not change it."""
    project = make_project(tmp_path_factory.mktemp("finished"))
    done = project.run("run")
    assert done.returncode == 0, done.stderr
    (project.folder / "stdout.txt").write_text(done.stdout, encoding="utf-8")
    (project.folder / "stderr.txt").write_text(done.stderr, encoding="utf-8")
    yield project


@pytest.fixture
def copy_of_finished(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project that a test may change."""
    folder = tmp_path / "project"
    shutil.copytree(finished.folder, folder)
    return Project(folder)
