"""`check`: read an extract by its mapping, list every problem, write nothing but that list."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from naturalistic import files
from naturalistic.cli.main import show
from naturalistic.cli.plan import Plan
from naturalistic.cli.stages import Stage
from naturalistic.errors import EXIT_OK, ExtractError
from naturalistic.tables.cohort import COHORT_TABLES


def check(config_file: Path, cohort: str) -> int:
    """Validate the extract of one cohort.

    Returns
    -------
    int
        0 when the run could go on; otherwise the exit code of the error.
    """
    import secrets

    from naturalistic.cohort.ingest import ingest

    plan = Plan(config_file)
    if errors := plan.problems((cohort,)):
        for error in errors:
            show(error)
        return errors[0].exit_code
    stage = Stage(plan, cohort)
    _synthesise_if_needed(stage)
    listing = stage.paths.restricted / "check.csv"
    try:
        result = ingest(
            plan.mapping(cohort),
            project=plan.project,
            key=secrets.token_bytes(32),
            mapping_name=plan.mapping_file(cohort).as_posix(),
            instruments=stage.instruments(),
        )
    except ExtractError as error:
        show(error)
        if (table := getattr(error, "table", None)) is not None:
            files.write_csv(listing, table)
            print(f"Every problem is listed in {listing.as_posix()}", file=sys.stderr)
        return error.exit_code
    print(f"{cohort}: the extract can be used.")
    for name in COHORT_TABLES:
        print(f"  {name:<15}{len(result.tables[name]):>10,} rows")
    _summarise(result.problems)
    files.write_csv(listing, result.problems)
    print(f"Every problem is listed in {listing.as_posix()}")
    return EXIT_OK


def _synthesise_if_needed(stage: Stage) -> None:
    from naturalistic.cli.stages import synthesise

    if stage.mapping.synthetic and not stage.paths.truth.is_dir():
        synthesise(stage)


def _summarise(problems: pd.DataFrame) -> None:
    if problems.empty:
        print("  No problem found.")
        return
    print("  Problems, by rule:")
    by = ["rule", "severity", "table", "column"]
    counts = problems.groupby(by, observed=True, dropna=False).size().reset_index(name="rows")
    for row in counts.sort_values("rows", ascending=False).itertuples(index=False):
        print(f"    {row.rows:>8,}  {row.rule} ({row.severity}) in {row.table}.{row.column}")
