"""Running one stage: its log, and a record of why it failed."""

from __future__ import annotations

import argparse
from pathlib import Path

from naturalistic import files
from naturalistic.cli import stages
from naturalistic.cli.main import bug_report, show
from naturalistic.cli.plan import Plan
from naturalistic.errors import EXIT_BUG, EXIT_OK, ConfigError, UserError

PER_COHORT = {
    "synthesise": stages.synthesise,
    "ingest": stages.ingest,
    "score": stages.score,
    "episodes": stages.episodes,
    "outcomes": stages.outcomes,
    "disclose": stages.disclose,
    "evidence": stages.evidence,
    "report": stages.report,
}
PER_ANALYSIS = {"analyse": stages.analyse}


def run_stage(arguments: argparse.Namespace) -> int:
    """Run the stage named on the command line and leave the reason of a failure in its log."""
    plan = Plan(Path(arguments.config))
    stage = stages.Stage(plan, arguments.cohort)
    log = Path(arguments.log) if arguments.log else None
    failed = log.with_suffix(".failed.json") if log else None
    if log and failed:
        failed.unlink(missing_ok=True)
        files.write_text(log, "")
    try:
        _call(stage, arguments.stage, arguments.analysis)
    except UserError as error:
        if log and failed:
            lines = [error.heading, *(f"  - {problem}" for problem in error.problems)]
            files.write_text(log, "\n".join(lines) + "\n")
            files.write_json(failed, {"exit_code": error.exit_code})
        else:
            show(error)
        return error.exit_code
    except Exception as error:
        if log and failed:
            where = f"Stage {arguments.stage} {arguments.analysis} of {arguments.cohort}:\n"
            files.write_text(log, where + bug_report(error) + "\n")
            files.write_json(failed, {"exit_code": EXIT_BUG})
        raise
    return EXIT_OK


def _call(stage: stages.Stage, name: str, analysis: str) -> None:
    if name in PER_COHORT:
        PER_COHORT[name](stage)
    elif name in PER_ANALYSIS:
        if analysis not in stage.plan.analyses:
            raise ConfigError(
                f"--analysis {analysis!r} is not an analysis; accepted: {', '.join(stage.plan.analyses)}."
            )
        PER_ANALYSIS[name](stage, analysis)
    else:
        accepted = ", ".join([*PER_COHORT, *PER_ANALYSIS])
        raise ConfigError(f"{name!r} is not a stage; accepted: {accepted}.")
