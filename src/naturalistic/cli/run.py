"""`run`: check everything first, let Snakemake do what has to be done, and say what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from naturalistic.cli.main import show
from naturalistic.cli.plan import Plan
from naturalistic.errors import EXIT_BUG, EXIT_OK, CohortsFailedError, ConfigError
from naturalistic.files import CohortPaths

SNAKEFILE = Path("Snakefile")
RUNNING = Path(".snakemake/naturalistic.pid")


def run(config_file: Path, cohorts: tuple[str, ...], cores: int | None) -> int:
    """Run the workflow for `cohorts` (those of the settings when none is named).

    Returns
    -------
    int
        0; or the exit code of the failure when every failed cohort failed for one kind of reason and none
        finished; or 8 when some cohorts failed and others finished.
    """
    start = time.monotonic()
    plan = Plan(config_file)
    wanted = cohorts or plan.cohorts
    errors = plan.problems(wanted)
    for error in errors:
        show(error)
    if errors:
        return errors[0].exit_code
    if not SNAKEFILE.is_file():
        raise ConfigError("There is no Snakefile here: start naturalistic in its own folder.")
    _clear_what_a_killed_run_left(plan, wanted)
    before = {c: _stamp(plan, c) for c in wanted}
    code = _snakemake(plan, wanted, cores)
    finished = [c for c in wanted if not _failures(plan, c) and _report(plan, c).is_file()]
    if code == EXIT_OK:
        _summaries(plan, wanted, before, time.monotonic() - start)
        return EXIT_OK
    return _failed(plan, wanted, finished)


def _snakemake(plan: Plan, cohorts: tuple[str, ...], cores: int | None) -> int:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(SNAKEFILE)]
    command += ["--configfile", plan.config_file.as_posix(), "--replace-workflow-config"]
    command += ["--cores", str(cores or os.cpu_count() or 1), "--scheduler", "greedy"]
    command += ["--logger", "naturalistic", "--rerun-incomplete", "--keep-going", "--"]
    command += [_report(plan, cohort).as_posix() for cohort in cohorts]
    process = subprocess.Popen(command)
    RUNNING.parent.mkdir(exist_ok=True)
    RUNNING.write_text(str(process.pid))
    try:
        return process.wait()
    except KeyboardInterrupt:
        # Snakemake receives the same signal: let it stop its jobs and release its lock
        process.wait()
        raise
    finally:
        RUNNING.unlink(missing_ok=True)


def _report(plan: Plan, cohort: str) -> Path:
    return CohortPaths(plan.results, cohort, plan.area(cohort)).release / "report.html"


def _stamp(plan: Plan, cohort: str) -> float:
    path = _report(plan, cohort)
    return path.stat().st_mtime if path.is_file() else 0.0


def _clear_what_a_killed_run_left(plan: Plan, cohorts: tuple[str, ...]) -> None:
    for cohort in cohorts:
        base = CohortPaths(plan.results, cohort).base
        for failure in base.glob("logs/*.failed.json"):
            failure.unlink()
        for part in base.rglob(".part-*"):
            if part.is_file():
                part.unlink()
    locks = list(Path(".snakemake/locks").glob("*"))
    if not locks:
        return
    if other := _running_elsewhere():
        raise ConfigError(
            f"Another run is at work in this folder (process {other}). Wait until it has finished, or stop it first."
        )
    print(
        "An earlier run was stopped before it could finish; going on where it stopped.",
        file=sys.stderr,
    )
    for lock in locks:
        lock.unlink(missing_ok=True)


def _running_elsewhere() -> int | None:
    """Process number of a run that still holds the lock of this folder."""
    number = int(RUNNING.read_text()) if RUNNING.is_file() else 0
    return number if number and _alive(number) else None


def _alive(number: int) -> bool:
    """Whether that process is a Snakemake at work: a number may be in use again, and a killed one lingers a while."""
    import psutil

    try:
        process = psutil.Process(number)
        return process.status() != psutil.STATUS_ZOMBIE and any(
            "snakemake" in part for part in process.cmdline()
        )
    except psutil.Error:
        return False


def _failures(plan: Plan, cohort: str) -> list[int]:
    logs = CohortPaths(plan.results, cohort).logs
    return [json.loads(p.read_text())["exit_code"] for p in sorted(logs.glob("*.failed.json"))]


def _failed(plan: Plan, cohorts: tuple[str, ...], finished: list[str]) -> int:
    failed = [c for c in cohorts if c not in finished]
    codes = sorted({code for c in failed for code in _failures(plan, c)})
    if finished:
        error = CohortsFailedError(
            [
                f"{c}: see results under {CohortPaths(plan.results, c).logs.as_posix()}"
                for c in failed
            ]
            + [f"{c}: finished, {_report(plan, c).as_posix()}" for c in finished]
        )
        show(error)
        return error.exit_code
    return codes[0] if codes else EXIT_BUG


def _summaries(
    plan: Plan, cohorts: tuple[str, ...], before: dict[str, float], seconds: float
) -> None:
    for cohort in cohorts:
        report = _report(plan, cohort)
        brief = report.with_name("brief.html")
        pages = f"Open {brief.as_posix()} (two pages), then {report.as_posix()} (everything)"
        if _stamp(plan, cohort) == before[cohort]:
            print(f"{cohort}: nothing has changed since the last run. {pages}")
            continue
        summary = report.with_name("summary.txt")
        print(f"\n{summary.read_text(encoding='utf-8').strip()}")
        _print_drift(plan, cohort)
        print(pages)
    print(f"Done in {seconds:.0f} s.")


def _print_drift(plan: Plan, cohort: str) -> None:
    """What changed since the last extract, where there was one."""
    told = CohortPaths(plan.results, cohort).drift.with_suffix(".txt")
    text = told.read_text(encoding="utf-8").strip() if told.is_file() else ""
    if "Compared with" in text:
        print(text)
