"""`run`: check everything first, let Snakemake do what has to be done, and say what came of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from naturalistic.cli import run_ending as ending
from naturalistic.cli.main import show
from naturalistic.cli.plan import Plan
from naturalistic.errors import EXIT_OK, ConfigError
from naturalistic.files import CohortPaths

SNAKEFILE = Path("Snakefile")
MOST_SUMMARIES = 5  # more cohorts than that get a line each
RUNNING = Path(".snakemake/naturalistic.pid")


def run(
    config_file: Path,
    cohorts: tuple[str, ...],
    cores: int | None,
    *,
    pool: bool = False,
    profile: Path | None = None,
) -> int:
    """Run the workflow for `cohorts` (those of the settings when none is named); a failure of one stops no other.

    Parameters
    ----------
    config_file : Path
        Settings of the run.
    cohorts : tuple of str
        Cohorts to run.
    cores : int or None
        Processor cores to use; all when None.
    pool : bool
        Pool the evidence of the finished cohorts into one report too.
    profile : Path or None
        Folder with settings of Snakemake itself, such as where its jobs run; this machine when None.

    Returns
    -------
    int
        0; or the exit code of the failure when no cohort finished; or 8 when some cohorts failed and others finished.
    """
    start = time.monotonic()
    plan = Plan(config_file)
    wanted = cohorts or plan.cohorts
    plan.analyses  # noqa: B018  a wrong name in the settings is said once, not by every cohort
    errors = plan.problems(wanted)
    for error in {error.problems: error for error in errors.values()}.values():
        show(error)
    usable = tuple(c for c in wanted if c not in errors)
    if not usable:
        return next(iter(errors.values())).exit_code
    if not SNAKEFILE.is_file():
        raise ConfigError("There is no Snakefile here: start naturalistic in its own folder.")
    if profile is not None and not (profile / "config.yaml").is_file():
        raise ConfigError(
            f"--profile {profile.as_posix()}: there is no config.yaml in that folder."
        )
    _clear_what_a_killed_run_left(plan, usable)
    before = {c: _stamp(plan, c) for c in usable}
    code = _snakemake(plan, usable, cores, profile)
    stopped = {c: ending.stops(plan, c) for c in usable}
    # a fault of the workflow itself stops all of them before any stage
    nothing_ran = code != EXIT_OK and not any(stopped.values())
    done = [] if nothing_ran else ending.finished(plan, usable, stopped)
    stopped |= {c: [ending.not_started(error)] for c, error in errors.items()}
    if code == EXIT_OK:
        _summaries(plan, usable, before, time.monotonic() - start)
    failed = code != EXIT_OK or bool(errors)
    result = ending.tell_failures(plan, wanted, stopped, done) if failed else EXIT_OK
    if pool:
        _pool(plan, done)
    return result


def _pool(plan: Plan, cohorts: Sequence[str]) -> None:
    """The evidence of the finished cohorts in one report; those that may not be released are named and left out."""
    from naturalistic.cli.pool_files import PoolCommand, pool_files

    may = [c for c in cohorts if plan.area(c) == "release"]
    if kept := [c for c in cohorts if c not in may]:
        print(f"Not pooled, because their disclosure profile is none: {', '.join(kept)}.")
    if len(may) < 2:
        print("Nothing is pooled: that takes two finished cohorts or more.", file=sys.stderr)
        return
    print("\nPooled:")
    bundles = tuple(CohortPaths(plan.results, c).release / "evidence.json" for c in may)
    pool_files(PoolCommand(bundles=bundles, output=plan.results / "pooled"))


def _snakemake(plan: Plan, cohorts: Sequence[str], cores: int | None, profile: Path | None) -> int:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(SNAKEFILE)]
    command += ["--configfile", plan.config_file.as_posix(), "--replace-workflow-config"]
    if profile is not None:
        command += ["--workflow-profile", profile.as_posix()]
    if cores or profile is None:
        command += ["--cores", str(cores or os.cpu_count() or 1)]
    command += ["--scheduler", "greedy"]
    command += ["--logger", "naturalistic", "--rerun-incomplete", "--keep-going", "--"]
    command += [ending.report_file(plan, cohort).as_posix() for cohort in cohorts]
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


def _stamp(plan: Plan, cohort: str) -> float:
    path = ending.report_file(plan, cohort)
    return path.stat().st_mtime if path.is_file() else 0.0


def _clear_what_a_killed_run_left(plan: Plan, cohorts: Sequence[str]) -> None:
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


def _summaries(
    plan: Plan, cohorts: Sequence[str], before: dict[str, float], seconds: float
) -> None:
    for cohort in cohorts:
        report = ending.report_file(plan, cohort)
        brief = report.with_name("brief.html")
        pages = f"Open {brief.as_posix()} (two pages), then {report.as_posix()} (everything)"
        if _stamp(plan, cohort) == before[cohort]:
            print(f"{cohort}: nothing has changed since the last run. {pages}")
            continue
        if len(cohorts) > MOST_SUMMARIES:
            print(f"{cohort}: {pages}")
            continue
        summary = report.with_name("summary.txt")
        print(f"\n{summary.read_text(encoding='utf-8').strip()}")
        _print_drift(plan, cohort)
        print(pages)
    print(f"Done in {seconds:.0f} s.")


def _print_drift(plan: Plan, cohort: str) -> None:
    """What changed since the last extract, where there was one."""
    from naturalistic.cli.drift import KeptProfiles

    told = KeptProfiles.at(plan.project, cohort).told
    text = told.read_text(encoding="utf-8").strip() if told.is_file() else ""
    if "Compared with" in text:
        print(text)
