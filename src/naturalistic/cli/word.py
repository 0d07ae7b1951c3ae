"""`naturalistic word`: the decision brief as a file that can be edited, from what was released."""

from __future__ import annotations

import argparse
from pathlib import Path

from naturalistic.errors import EXIT_OK, ConfigError

HELP = "Write the decision brief of a finished run as a Word file too."
EPILOG = """\
Reads only what was released, after `run`; the file lies beside the report:

  python3 go.py word north        results/north/release/brief.docx
"""


def add_word(verbs: argparse._SubParsersAction) -> None:
    """The parser of `word COHORT`."""
    parser = verbs.add_parser(
        "word",
        help=HELP,
        description=HELP,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("cohort", metavar="COHORT")
    parser.add_argument(
        "--config", default="config/config.yaml", metavar="FILE", help="settings of the run"
    )
    parser.set_defaults(run_verb=lambda arguments: write(Path(arguments.config), arguments.cohort))


def write(config: Path, cohort: str) -> int:
    """Write `brief.docx` beside the report of a cohort.

    Raises
    ------
    ConfigError
        The cohort has no finished run.
    """
    from naturalistic import files
    from naturalistic.cli.plan import Plan
    from naturalistic.cli.stages import Stage, read_released
    from naturalistic.report.brief import make_brief
    from naturalistic.report.formats import write_word
    from naturalistic.report.released import Released

    stage = Stage(Plan(config), cohort)
    folder = stage.paths.release
    record = folder / "run.json"
    if not record.is_file():
        raise ConfigError(
            f"{record.as_posix()} does not exist: `python3 go.py run {cohort}` first, then ask for the Word file."
        )
    released = Released(
        read_released(stage),
        read_released(stage, "disclosure"),
        files.read_json(record),
        stage.instruments(),
    )
    print(write_word(folder, released, make_brief(released, None)).as_posix())
    return EXIT_OK
