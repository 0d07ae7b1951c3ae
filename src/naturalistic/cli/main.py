"""The command `naturalistic`: verbs, help and exit codes."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from naturalistic import __version__
from naturalistic.cli.analysis_plan import add_plan
from naturalistic.cli.bundle import add_bundle
from naturalistic.cli.compare import add_compare
from naturalistic.cli.pool import add_pool
from naturalistic.cli.submit import add_submit
from naturalistic.cli.word import add_word
from naturalistic.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_OK, UserError

DEFAULT_CONFIG = "config/config.yaml"
EPILOG = """\
A first run:
  python3 go.py run                              the embedded synthetic cohort, from set-up to report
Your own service:
  python3 go.py schema --request                 one page to ask your IT department for an extract
  python3 go.py init NAME extracts/clients.csv   guess what each column is, write config/cohorts/NAME.yaml
  python3 go.py check NAME                       read the extract and list every problem, change nothing
  python3 go.py run NAME                         the report: results/NAME/release/report.html
  python3 go.py word NAME                        the decision brief as a Word file too
  python3 go.py plan NAME                        what was pre-declared, when, and what departs from it
  python3 go.py compare RUN_A RUN_B              what changed between two runs
Several services:
  python3 go.py submit NAME                      the folder a trust sends, with a statement of what it holds
  python3 go.py pool BUNDLES... --output DIR     their evidence in one report: DIR/report.html
  python3 go.py run --config config/forty_services.yaml --pool
                                                 forty synthetic services and their pooled report
Open data to compare with R:
  python3 go.py example beat-the-blues

Exit codes: 0 done; 2 command or settings; 3 mapping; 4 extract; 5 identifiable data; 6 disclosure; 7 bundle;
8 some cohorts failed; 70 a fault of ours; 130 interrupted.
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of every verb."""
    parser = argparse.ArgumentParser(
        prog="naturalistic",
        description="From a psychological therapy service's own records to evidence people can decide on.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"naturalistic {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    _add_run(verbs)
    _add_check(verbs)
    _add_init(verbs)
    _add_example(verbs)
    _add_schema(verbs)
    add_plan(verbs)
    add_compare(verbs)
    add_word(verbs)
    add_submit(verbs)
    add_pool(verbs)
    add_bundle(verbs)
    _add_stage(verbs)
    return parser


_INIT = """\
Nothing of the extract is changed. Read the draft config/cohorts/NAME.yaml line by line; then `check`.

  python3 go.py init north extracts/clients.csv extracts/contacts.xlsx
  python3 go.py init north extracts/clients.csv --ask --force     answer its questions here, replacing the draft
"""
_CHECK = """\
Says for every problem the file, the rows and the column, what was done, and what to do; nothing is changed. Exit code 0: the
extract can be used; 3: the mapping must be mended; 4: the extract; 5: a column could identify people.

  python3 go.py check north             every problem; each row of them in results/north/restricted/check.csv
  python3 go.py check north --drift     also everything that changed since the last extract
"""
_RUN = """\
What is finished is not done again, so that the same command goes on after an interruption.

  python3 go.py run north               results/north/release/brief.html (two pages) and report.html (everything)
"""


def _verb(
    verbs: argparse._SubParsersAction, name: str, text: str, epilog: str = ""
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name,
        help=text,
        description=text,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--config", default=DEFAULT_CONFIG, metavar="FILE", help="settings of the run"
    )
    return parser


def _add_run(verbs: argparse._SubParsersAction) -> None:
    parser = _verb(
        verbs, "run", "Run everything for one or more cohorts and write their reports.", _RUN
    )
    parser.add_argument(
        "cohorts", nargs="*", metavar="COHORT", help="default: those in the settings"
    )
    parser.add_argument("--cores", type=int, default=None, help="processor cores to use")
    parser.add_argument(
        "--pool", action="store_true", help="pool the finished cohorts into results/pooled too"
    )
    parser.add_argument(
        "--profile", metavar="DIR", help="where the work is done, such as workflow/profiles/slurm"
    )


def _add_check(verbs: argparse._SubParsersAction) -> None:
    parser = _verb(verbs, "check", "Read a cohort's extract, list every problem and stop.", _CHECK)
    parser.add_argument("cohort", metavar="COHORT")
    parser.add_argument(
        "--drift", action="store_true", help="say everything that changed since the last extract"
    )


def _add_init(verbs: argparse._SubParsersAction) -> None:
    parser = _verb(
        verbs,
        "init",
        "Guess what each column of an extract is and write a commented mapping.",
        _INIT,
    )
    parser.add_argument("cohort", metavar="NAME", help="name of the new cohort")
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="files of the extract, or a folder"
    )
    parser.add_argument("--ask", action="store_true", help="ask the open questions one at a time")
    parser.add_argument("--force", action="store_true", help="replace an existing mapping")


def _add_example(verbs: argparse._SubParsersAction) -> None:
    parser = _verb(verbs, "example", "Write the extract of an open data set, ready for `run`.")
    parser.add_argument("name", metavar="NAME", help="beat-the-blues, uis or help")


def _add_schema(verbs: argparse._SubParsersAction) -> None:
    parser = _verb(verbs, "schema", "Print the data dictionary.")
    parser.add_argument("--request", action="store_true", help="one page for an IT department")
    parser.add_argument("--output", metavar="FILE", help="write to a file")


def _add_stage(verbs: argparse._SubParsersAction) -> None:
    parser = _verb(
        verbs, "stage", "Run one stage of the workflow (what each Snakemake rule calls)."
    )
    parser.add_argument(
        "stage", metavar="STAGE", help="synthesise, ingest, score, episodes, outcomes, ..."
    )
    parser.add_argument("--cohort", required=True)
    parser.add_argument("--analysis", default="", help="for the stage analyse")
    parser.add_argument(
        "--log", default=None, metavar="FILE", help="where the reason of a failure goes"
    )


def _dispatch(arguments: argparse.Namespace) -> int:
    # each verb is imported when it is asked for: `run` with nothing to do must answer at once
    if hasattr(arguments, "run_verb"):
        return int(arguments.run_verb(arguments))
    if arguments.verb == "run":
        from naturalistic.cli.run import run

        return run(
            Path(arguments.config),
            tuple(arguments.cohorts),
            arguments.cores,
            pool=arguments.pool,
            profile=Path(arguments.profile) if arguments.profile else None,
        )
    if arguments.verb == "stage":
        from naturalistic.cli.stage import run_stage

        return run_stage(arguments)
    if arguments.verb == "check":
        from naturalistic.cli.check import check

        return check(Path(arguments.config), arguments.cohort, drift=arguments.drift)
    if arguments.verb == "init":
        from naturalistic.cli.init import init

        return init(
            Path(arguments.config),
            arguments.cohort,
            [Path(f) for f in arguments.files],
            ask=arguments.ask,
            force=arguments.force,
        )
    if arguments.verb == "example":
        from naturalistic.cli.example import example

        return example(Path(arguments.config), arguments.name)
    from naturalistic.cli.schema import schema

    return schema(request=arguments.request, output=arguments.output)


def show(error: UserError) -> None:
    """Every problem of an error on standard error, one line each."""
    print(error.heading, file=sys.stderr)
    for problem in error.problems:
        print(f"  - {problem}", file=sys.stderr)


def bug_report(error: BaseException) -> str:
    """What to report of a fault of ours: where it happened, without any value from the data."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames[-6:]]
    lines = [
        f"naturalistic {__version__} met a fault of its own ({type(error).__name__}). Nothing is lost; please report:",
        *(f"    {place}" for place in places),
        "  These lines hold no patient data. Set NATURALISTIC_DEBUG=1 to see the whole trace on your own screen.",
    ]
    return "\n".join(lines)


def run_command(argv: Sequence[str] | None = None) -> int:
    """Parse, run and turn what goes wrong into an exit code."""
    import os

    arguments = build_parser().parse_args(argv)
    try:
        return _dispatch(arguments)
    except UserError as error:
        show(error)
        return error.exit_code
    except KeyboardInterrupt:
        print(
            "\nInterrupted. Run the same command again to go on where it stopped.", file=sys.stderr
        )
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return EXIT_OK
    except Exception as error:  # the one place where a fault of ours becomes an exit code
        if os.environ.get("NATURALISTIC_DEBUG"):
            raise
        print(bug_report(error), file=sys.stderr)
        return EXIT_BUG


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run_command())
