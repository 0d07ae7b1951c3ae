"""`naturalistic compare RUN_A RUN_B`: what changed between two runs, in data, settings, code and estimates."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naturalistic import files
from naturalistic.errors import EXIT_OK, ConfigError
from naturalistic.settings.analysis_plan import deviations

if TYPE_CHECKING:
    import pandas as pd

HELP = "Show what changed between two runs of a cohort: data, settings, software, estimates."
EPILOG = """\
A run is a folder `release/` (or the folder of the cohort that holds it). Copy results/north/release to another place, such
as earlier/north_2024, before you run again; then

  python3 go.py run north
  python3 go.py compare earlier/north_2024 results/north --output changes.csv

The main figures of who came, change, attendance and dropout are printed first; the table holds everything, unrounded.
Only released figures are compared, so the table may leave with them.
"""
COLUMNS = ("part", "what", "first", "second")
SHOWN = 40  # lines printed; the file holds all
_FIRST = ("participant_flow", "outcome_change", "clinical_change", "attendance", "dropout")
_VARIANT = re.compile(r"[:,] (?:specification|model) ")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{4,}(?:e-?\d+)?")


def add_compare(verbs: argparse._SubParsersAction) -> None:
    """The parser of `compare RUN_A RUN_B`."""
    parser = verbs.add_parser(
        "compare",
        help=HELP,
        description=HELP,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("runs", nargs=2, metavar="RUN", help="folder of a run")
    parser.add_argument(
        "--output", metavar="FILE", default="changes.csv", help="the table (default: changes.csv)"
    )
    parser.set_defaults(run_verb=_run)


def _run(arguments: argparse.Namespace) -> int:
    first, second = (released_folder(Path(name)) for name in arguments.runs)
    table = compare(first, second)
    output = Path(arguments.output)
    files.write_csv(output, table)
    if different := _other_cohort(table):
        print(different)
    for part, what, old, new in table.head(SHOWN).itertuples(index=False):
        print(f"{part}: {what}: {' -> '.join(_shortened(str(old), str(new)))}")
    if len(table) > SHOWN:
        print(f"... and {len(table) - SHOWN} more")
    counts = table["part"].value_counts()
    told = ", ".join(
        f"{counts.get(p, 0)} in {p}" for p in ("data", "settings", "software", "estimates")
    )
    print(
        f"{len(table)} differences ({told}). All of them: {output.as_posix()}"
        if len(table)
        else "Nothing changed."
    )
    return EXIT_OK


def _other_cohort(table: pd.DataFrame) -> str:
    """A warning where the two runs are of different cohorts."""
    changed = table[(table["part"] == "data") & (table["what"] == "cohort")]
    if changed.empty:
        return ""
    return (
        f"These are runs of two cohorts, {changed['first'].item()} and {changed['second'].item()}: what differs between "
        "them is no change over time."
    )


def _shortened(old: str, new: str) -> tuple[str, str]:
    """Figures with four digits for the screen, unless only further digits tell them apart."""

    def short(text: str) -> str:
        return _LONG_NUMBER.sub(lambda found: _four_digits(float(found[0])), text)

    return (short(old), short(new)) if short(old) != short(new) else (old, new)


def _four_digits(number: float) -> str:
    return f"{number:.4g}" if abs(number) < 1000 else f"{number:,.1f}"


def released_folder(path: Path) -> Path:
    """The folder of released figures that `path` is or holds.

    Raises
    ------
    ConfigError
        There is no run.
    """
    for folder in (path, path / "release", path / "restricted" / "unreleased"):
        if (folder / "run.json").is_file():
            return folder
    raise ConfigError(
        f"{path.as_posix()} holds no run (no run.json). Name the folder release/ of a run, or the folder that holds it."
    )


def compare(first: Path, second: Path) -> pd.DataFrame:
    """One row a difference: part (data, settings, software, estimates), what, value in the first and the second run."""
    import pandas as pd

    old, new = (files.read_json(folder / "run.json") for folder in (first, second))
    rows = [("data", *each) for each in deviations(_data(old), _data(new))]
    rows += [("settings", *each) for each in deviations(old["settings"], new["settings"])]
    rows += [
        ("software", *each)
        for each in deviations(
            {**old["software"], "disclosure": old["disclosure"]},
            {**new["software"], "disclosure": new["disclosure"]},
        )
    ]
    rows += _estimates(first / "estimates", second / "estimates")
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="string")


def _data(record: Mapping[str, Any]) -> dict[str, Any]:
    """Cohort, day of the cut and digests of the files."""
    return {"cohort": record["cohort"], "title": record["title"], **record["provenance"]}


def _estimates(first: Path, second: Path) -> list[tuple[str, str, str, str]]:
    names = sorted({path.stem for folder in (first, second) for path in folder.glob("*.csv")})
    rows: list[tuple[str, str, str, str]] = []
    names.sort(key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    for name in names:
        old, new = (_figures(folder / f"{name}.csv") for folder in (first, second))
        for key in dict.fromkeys([*old, *new]):
            before, after = old.get(key, "not there"), new.get(key, "not there")
            if before != after:
                rows.append(("estimates", f"{name}: {key}", before, after))
    # main figures have neither a specification nor a model
    return sorted(
        rows, key=lambda row: not row[1].startswith(_FIRST) or bool(_VARIANT.search(row[1]))
    )


def _figures(path: Path) -> dict[str, str]:
    """Each figure in words, by its key."""
    from naturalistic.tables.estimates import KEY_COLUMNS

    if not path.is_file():
        return {}
    frame = files.read_plain_csv(path)
    keys = [name for name in KEY_COLUMNS if name not in ("cohort", "analysis")]
    found = {}
    for row in frame.to_dict("records"):
        key = ", ".join(f"{name} {row[name]}" for name in keys if row[name])
        found[key] = _value(row)
    return found


def _value(row: Mapping[Any, Any]) -> str:
    if row["status"] != "ok":
        return str(row["status"]).replace("_", " ")
    limits = f" ({row['conf_low']} to {row['conf_high']})" if row["conf_low"] else ""
    people = f", n {row['n_patients']}" if row["n_patients"] else ""
    return f"{row['estimate']}{limits}{people}"
