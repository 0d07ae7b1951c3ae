"""`check`: read an extract by its mapping, list every problem and what changed, write nothing but those lists."""

from __future__ import annotations

import secrets
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from naturalistic import files
from naturalistic.cli.drift import KeptProfiles, compare_with_last, header_changes
from naturalistic.cli.main import show
from naturalistic.cli.plan import Plan
from naturalistic.cli.stages import Stage
from naturalistic.errors import EXIT_OK, ExtractError
from naturalistic.tables.cohort import COHORT_TABLES

_WIDTH = 110
_HEADINGS = {
    "row set aside": "Rows set aside (not counted anywhere):",
    "cell set to missing": "Cells set to missing (the rest of the row counts):",
    "kept as it is": "Kept as it is, and good to know:",
}


def check(config_file: Path, cohort: str, *, drift: bool = False) -> int:
    """Validate the extract of one cohort and compare it with the last one.

    Parameters
    ----------
    config_file : Path
        Settings of the run.
    cohort : str
        Name of the cohort.
    drift : bool
        Say everything that changed since the last extract, not only what stands out most.

    Returns
    -------
    int
        0 when the run could go on; otherwise the exit code of the error.
    """
    from naturalistic.cohort.ingest import ingest

    plan = Plan(config_file)
    if error := plan.problems((cohort,)).get(cohort):
        show(error)
        return error.exit_code
    stage = Stage(plan, cohort)
    _synthesise_if_needed(stage)
    listing = stage.paths.restricted / "check.csv"
    try:
        result = ingest(
            plan.mapping(cohort),
            project=plan.project,
            key=_key(stage),
            mapping_name=plan.mapping_file(cohort).as_posix(),
            instruments=stage.instruments(),
        )
    except ExtractError as error:
        return _stopped(stage, error, listing)
    print(f"{cohort}: the extract can be used.")
    for name in COHORT_TABLES:
        print(f"  {name:<15}{len(result.tables[name]):>10,} rows")
    print(
        f"  {'data cut':<15}{result.data_cut:%d/%m/%Y}" if stage.mapping.calendar == "real" else ""
    )
    _summarise(result.by_action)
    files.write_csv(listing, result.problems)
    print(f"Every problem, with its row and the reason why it is treated so: {listing.as_posix()}")
    table = listing.with_name("check_drift.csv")
    print(*compare_with_last(stage, result.profile, table, every=drift), sep="\n")
    return EXIT_OK


def _key(stage: Stage) -> bytes:
    """The key of the cohort, by which rare codes are known again; before the first run any key will do."""
    from naturalistic.cohort.pseudonyms import project_key

    known = any(KeptProfiles.of(stage).folder.glob("*.json"))
    folder = stage.plan.project / "private" / stage.cohort
    return project_key(folder) if known else secrets.token_bytes(32)


def _stopped(stage: Stage, error: ExtractError, listing: Path) -> int:
    """Say why the extract cannot be used, and which columns came and went since the last one."""
    show(error)
    if (table := getattr(error, "table", None)) is not None:
        files.write_csv(listing, table)
        print(f"Every problem, with its row: {listing.as_posix()}", file=sys.stderr)
    for line in header_changes(stage):
        print(line, file=sys.stderr)
    return error.exit_code


def _synthesise_if_needed(stage: Stage) -> None:
    from naturalistic.cli.stages import synthesise

    if stage.mapping.synthetic and not stage.paths.truth.is_dir():
        synthesise(stage)


def _summarise(by_action: Mapping[str, Sequence[str]]) -> None:
    """Everything that could not be used as it stands: where, how much, what was done and what to do."""
    if not by_action:
        print("  No problem found.")
    for action, sentences in by_action.items():
        print(f"\n{_HEADINGS[action]}")
        for sentence in sentences:
            print(textwrap.fill(sentence, _WIDTH, initial_indent="  - ", subsequent_indent="    "))
    if by_action:
        print()
