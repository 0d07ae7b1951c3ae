"""The files of `naturalistic pool`: bundles and what is known about services in, tables and a report out."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naturalistic import files
from naturalistic.errors import EXIT_OK, BundleError, ConfigError


@dataclass(frozen=True, slots=True)
class PoolCommand:
    """The arguments of the verb; see its help."""

    bundles: tuple[Path, ...]
    output: Path
    without: tuple[str, ...] = ()
    services: Path | None = None
    trust: str = ""
    subgroup: str = ""
    moderators: tuple[str, ...] = ()
    between: str = "reml"
    by: tuple[str, ...] = ()
    therapists_unknown: str = "median"


def pool_files(command: PoolCommand) -> int:
    """Check, pool, write and say where to look.

    Raises
    ------
    BundleError
        A bundle is refused, or the services are not comparable.
    ConfigError
        The file of services or a name in the command is not usable.
    """
    from naturalistic.release.bundle_reading import read_bundles
    from naturalistic.release.pooling import PoolRequest, pool
    from naturalistic.report.pooled import write_pooled_report

    bundles = read_bundles(_bundle_files(command.bundles))
    cohorts = {bundle.cohort for bundle in bundles}
    if unknown := sorted(set(command.without) - cohorts):
        raise ConfigError(
            f"--without {', '.join(unknown)}: no such cohort; there are: {', '.join(sorted(cohorts))}."
        )
    kept = [bundle for bundle in bundles if bundle.cohort not in command.without]
    known = _known(command, {bundle.cohort for bundle in kept})
    request = PoolRequest(
        between=command.between,
        by=command.by,
        trust=command.trust,
        subgroup=command.subgroup,
        moderators=command.moderators,
        therapists_unknown=command.therapists_unknown,
        known=known,
    )
    pooled = pool(kept, request)
    for name, table in pooled.tables.items():
        files.write_csv(command.output / f"{name}.csv", table)
    summary = write_pooled_report(command.output, pooled)
    print(summary)
    if command.without:
        print(f"Left out as asked: {', '.join(command.without)}.")
    print(f"Open {(command.output / 'report.html').as_posix()}")
    return EXIT_OK


def _bundle_files(given: tuple[Path, ...]) -> list[Path]:
    """Files named, and in folders every file called evidence.json or NAME.evidence.json."""
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(
                p
                for p in path.rglob("*.json")
                if p.name == "evidence.json" or p.name.endswith(".evidence.json")
            )
            if not inside:
                raise BundleError(f"{path.as_posix()}: no file NAME.evidence.json in this folder.")
            found += inside
        else:
            found.append(path)
    return found


def _known(command: PoolCommand, cohorts: set[str]) -> Mapping[str, Mapping[str, Any]]:
    columns = [c for c in (command.trust, command.subgroup, *command.moderators) if c]
    if command.services is None:
        if columns:
            raise ConfigError(f"{', '.join(columns)}: name the file of services with --services.")
        return {}
    name = command.services.as_posix()
    if not command.services.is_file():
        raise ConfigError(f"{name} does not exist.")
    with command.services.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    header = set(rows[0]) if rows else set()
    if missing := [c for c in ("cohort", *columns) if c not in header]:
        raise ConfigError(f"{name}: no column {', '.join(missing)}.")
    known: dict[str, dict[str, Any]] = {row["cohort"]: dict(row) for row in rows}
    if absent := sorted(cohorts - set(known)):
        raise ConfigError(f"{name}: no row for {', '.join(absent)}.")
    for moderator in command.moderators:
        for cohort in sorted(cohorts):
            known[cohort][moderator] = _number(name, cohort, moderator, known[cohort][moderator])
    return known


def _number(file: str, cohort: str, column: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as bad:
        raise ConfigError(f"{file}, {cohort}, {column}: not a number.") from bad
