"""How a run ended: which cohorts are finished and what to open, which stopped, at which step and why."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from naturalistic.cli.plan import Plan
from naturalistic.errors import EXIT_BUG, CohortsFailedError, UserError
from naturalistic.files import CohortPaths

STEPS = {
    "synthesise": "making the synthetic extract",
    "ingest": "reading the extract",
    "score": "scoring the forms",
    "episodes": "deriving courses of therapy",
    "outcomes": "finding first and last forms",
    "disclose": "disclosure control",
    "evidence": "gathering the evidence",
    "report": "writing the report",
}
NO_MESSAGE = "It was ended without a message, as when memory runs out or somebody stops it."


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a cohort could not be finished.

    Attributes
    ----------
    step : str
        What was being done, in words.
    reason : str
        The first thing it said.
    exit_code : int
        Kind of error.
    log : Path or None
        Where everything it said stands; None where nothing was started.
    """

    step: str
    reason: str
    exit_code: int
    log: Path | None

    def told(self) -> str:
        """The stop as one sentence or two."""
        where = f" All of it: {self.log.as_posix()}" if self.log else ""
        return f"stopped at {self.step}. {self.reason}{where}"


def report_file(plan: Plan, cohort: str) -> Path:
    """Where the report of a cohort lies once it is finished."""
    return CohortPaths(plan.results, cohort, plan.area(cohort)).release / "report.html"


def stops(plan: Plan, cohort: str) -> list[Stop]:
    """What stopped a cohort in this run; empty where nothing did."""
    logs = CohortPaths(plan.results, cohort).logs
    found = []
    for failure in sorted(logs.glob("*.failed.json")):
        name = failure.name.removesuffix(".failed.json")
        log = failure.with_name(f"{name}.log")
        code = int(json.loads(failure.read_text(encoding="utf-8"))["exit_code"])
        found.append(Stop(_step(name), _first_words(log), code, log))
    return found


def not_started(error: UserError) -> Stop:
    """A cohort whose mapping or files cannot be used."""
    return Stop("looking at its mapping and files", _shortened(_said(error)), error.exit_code, None)


def finished(
    plan: Plan, cohorts: Sequence[str], stopped: Mapping[str, Sequence[Stop]]
) -> list[str]:
    """The cohorts that have a report and were not stopped."""
    return [c for c in cohorts if not stopped.get(c) and report_file(plan, c).is_file()]


def tell_failures(
    plan: Plan, cohorts: Sequence[str], stopped: Mapping[str, Sequence[Stop]], done: Sequence[str]
) -> int:
    """Say what failed and what can be opened, and give the exit code.

    Returns
    -------
    int
        8 when some cohorts finished; otherwise the code of the first kind of failure.
    """
    failed = [c for c in cohorts if c not in done]
    codes = sorted({stop.exit_code for c in failed for stop in stopped.get(c, ())})
    if len(cohorts) > 1:
        _say(_failure_lines(plan, failed, stopped, done, len(cohorts)))
    _say([_earlier(report) for c in failed if (report := _left(plan, c)).is_file()])
    if done:
        return CohortsFailedError.exit_code
    return codes[0] if codes else EXIT_BUG


def _failure_lines(
    plan: Plan,
    failed: Sequence[str],
    stopped: Mapping[str, Sequence[Stop]],
    done: Sequence[str],
    total: int,
) -> list[str]:
    lines = [f"\n{len(failed)} of {total} cohorts could not be finished:"]
    for cohort in failed:
        told = [stop.told() for stop in stopped.get(cohort, ())]
        lines += [f"  - {cohort} {sentence}" for sentence in told or [f"stopped. {NO_MESSAGE}"]]
    if done:
        lines.append(f"{len(done)} of {total} are finished. Open")
        lines += [f"  - {c}: {report_file(plan, c).as_posix()}" for c in done]
    lines.append("After mending, run the same command again: what is finished is not done again.")
    return lines


def _left(plan: Plan, cohort: str) -> Path:
    """Where an earlier run would have left its report; in `release/` where the mapping cannot be read."""
    try:
        return report_file(plan, cohort)
    except UserError:
        return CohortPaths(plan.results, cohort).release / "report.html"


def _earlier(report: Path) -> str:
    """A report that an earlier run left must not be taken for the result of this one."""
    made = dt.datetime.fromtimestamp(report.stat().st_mtime)
    return f"{report.as_posix()} is still that of an earlier run ({made:%d/%m/%Y %H:%M}), not the result of this one."


def _step(name: str) -> str:
    stage = name.split("_release")[0].split("_restricted")[0]
    return STEPS.get(stage, f"the analysis {name}")


def _first_words(log: Path) -> str:
    """The heading of a log and the first problem under it, and how many more there are."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    said = [line.strip() for line in lines if line.strip()]
    if not said:
        return NO_MESSAGE
    return _shortened([said[0], *(line.removeprefix("- ") for line in said[1:])])


def _said(error: UserError) -> list[str]:
    return [error.heading, *error.problems]


def _shortened(said: Sequence[str]) -> str:
    more = len(said) - 2
    return " ".join(said[:2]) + (f" (and {more} more)" if more > 0 else "")


def _say(lines: Sequence[str]) -> None:
    if not lines:
        return
    print("\n".join(lines), file=sys.stderr)
