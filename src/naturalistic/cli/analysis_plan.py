"""`naturalistic plan`: what was pre-declared for a cohort, when, and how the settings now depart from it."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

from naturalistic import files
from naturalistic.cli.plan import Plan
from naturalistic.errors import EXIT_OK, ConfigError
from naturalistic.settings.analysis_plan import (
    PlanVersion,
    as_json,
    deviations,
    freeze,
    from_json,
)

HELP = "Show the frozen analysis plan of a cohort and how the settings depart from it."
EPILOG = """\
The plan is frozen by itself, before the extract is read for the first time: primary outcome and population, windows of
forms, definitions, predictors. It lies in private/COHORT/analysis_plan.json. Later changes of these settings are listed
in the report as deviations, unless the plan is amended, with its reason:

  python3 go.py plan north
  python3 go.py plan north --amend "The service changed its measure in 2024"
"""


def read_plan(plan: Plan, cohort: str) -> list[PlanVersion]:
    """The versions of a plan, the first one first; empty where none was frozen."""
    path = plan.analysis_plan_file(cohort)
    return from_json(files.read_json(path)) if path.is_file() else []


def freeze_once(plan: Plan, cohort: str) -> None:
    """Freeze the plan of a cohort that has none."""
    if not read_plan(plan, cohort):
        _write(plan, cohort, [freeze(plan.settings(cohort), _today())])


def add_plan(verbs: argparse._SubParsersAction) -> None:
    """The parser of `plan COHORT`."""
    parser = verbs.add_parser(
        "plan",
        help=HELP,
        description=HELP,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("cohort", metavar="COHORT")
    parser.add_argument("--amend", metavar="REASON", help="freeze the settings as they stand now")
    parser.add_argument(
        "--config", default="config/config.yaml", metavar="FILE", help="settings of the run"
    )
    parser.set_defaults(run_verb=_run)


def _run(arguments: argparse.Namespace) -> int:
    plan, cohort = Plan(Path(arguments.config)), arguments.cohort
    settings = plan.settings(cohort)
    versions = read_plan(plan, cohort)
    if arguments.amend is not None:
        _amend(plan, cohort, versions, arguments.amend)
        versions = read_plan(plan, cohort)
    if not versions:
        print(
            f"No plan is frozen for {cohort} yet: `python3 go.py run {cohort}` freezes it before it reads the extract."
        )
        return EXIT_OK
    for i, version in enumerate(versions):
        what = "Frozen" if i == 0 else "Amended"
        print(f"{what} {version.date}, digest {version.digest[:12]}. {version.reason}".rstrip())
    found = list(deviations(versions[-1].settings, freeze(settings, "").settings))
    for name, planned, used in found:
        print(f"  {name}: planned {planned}; now {used}")
    print(
        f"{len(found)} settings depart from the plan." if found else "The settings are as planned."
    )
    return EXIT_OK


def _amend(plan: Plan, cohort: str, versions: list[PlanVersion], reason: str) -> None:
    if not reason.strip():
        raise ConfigError('An amendment needs its reason: --amend "why".')
    new = freeze(plan.settings(cohort), _today(), reason.strip() if versions else "")
    if versions and new.digest == versions[-1].digest:
        raise ConfigError("Nothing to amend: the settings are as planned.")
    _write(plan, cohort, [*versions, new])


def _write(plan: Plan, cohort: str, versions: list[PlanVersion]) -> None:
    files.write_json(plan.analysis_plan_file(cohort), as_json(versions))


def _today() -> str:
    return dt.date.today().isoformat()
