"""The only reader and writer of artefacts: where each lies, and writing that leaves nothing half done."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naturalistic.tables.estimates import ESTIMATES
from naturalistic.tables.schema import Table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class CohortPaths:
    """Where the artefacts of one cohort lie.

    `restricted/` never leaves the organisation; `release/` may; `logs/` holds neither patients nor values.
    """

    root: Path
    cohort: str
    area: str = "release"

    @property
    def base(self) -> Path:
        """Folder of the cohort."""
        return self.root / self.cohort

    @property
    def restricted(self) -> Path:
        """What never leaves."""
        return self.base / "restricted"

    @property
    def release(self) -> Path:
        """What comes after disclosure control: `release/`, or `restricted/unreleased/` with profile `none`."""
        return self.base / self.area

    @property
    def intake(self) -> Path:
        """Row counts of reading the extract."""
        return self.restricted / "cohort" / "intake.parquet"

    @property
    def validation(self) -> Path:
        """Every problem found in the extract: file, row, column, rule, what was done."""
        return self.restricted / "validation.csv"

    @property
    def drift(self) -> Path:
        """What changed since the last extract, as a table."""
        return self.restricted / "drift.csv"

    @property
    def cohort_facts(self) -> Path:
        """Data cut and calendar of the cohort."""
        return self.restricted / "cohort" / "facts.json"

    @property
    def provenance(self) -> Path:
        """Digests of what was read; always under `release/`."""
        return self.base / "release" / "provenance.json"

    @property
    def truth(self) -> Path:
        """Folder of a synthetic extract and its truth."""
        return self.restricted / "extract"

    @property
    def logs(self) -> Path:
        """Logs of the stages."""
        return self.base / "logs"

    def table(self, name: str) -> Path:
        """A canonical table under `restricted/cohort/`, or a derived one under `restricted/`."""
        derived = ("scores", "episodes", "outcomes")
        folder = self.restricted if name in derived else self.restricted / "cohort"
        return folder / f"{name}.parquet"

    def estimates(self, analysis: str) -> Path:
        """Estimates at full precision."""
        return self.restricted / "estimates" / f"{analysis}.parquet"

    def covariances(self, analysis: str) -> Path:
        """Covariances of an analysis that fits models."""
        return self.restricted / "covariances" / f"{analysis}.parquet"

    def released_estimates(self, analysis: str) -> Path:
        """Estimates after disclosure control."""
        return self.release / "estimates" / f"{analysis}.csv"

    def disclosure_log(self, analysis: str) -> Path:
        """What was withheld from an analysis, and why."""
        return self.release / "disclosure" / f"{analysis}.csv"


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then move it into place in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-", suffix=path.suffix)
    os.close(handle)
    part = Path(name)
    try:
        write(part)
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_table(path: Path, frame: pd.DataFrame, table: Table) -> None:
    """Write `frame` as Parquet after checking it against its contract.

    Raises
    ------
    ValueError
        The frame breaks the contract of `table` (a fault of ours, not of the user).
    """
    if problems := table.problems(frame):
        raise ValueError("; ".join(problems))
    write_atomically(path, lambda part: frame.to_parquet(part, index=False, compression="zstd"))


def read_table(path: Path, columns: Iterable[str] | None = None) -> pd.DataFrame:
    """A table written by `write_table`, or some of its columns."""
    import pandas as pd

    return pd.read_parquet(path, columns=list(columns) if columns is not None else None)


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write `frame` as UTF-8 CSV with full precision and one line end on every system."""
    write_atomically(path, lambda part: frame.to_csv(part, index=False, lineterminator="\n"))


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with one line end on every system."""
    write_atomically(path, lambda part: part.write_text(text, encoding="utf-8", newline="\n"))


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON with sorted keys: the same content gives the same bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_plain_csv(path: Path) -> pd.DataFrame:
    """A CSV file written by `write_csv`, every cell as text."""
    import pandas as pd

    return pd.read_csv(path, dtype="string", keep_default_na=False)


def read_released_estimates(path: Path) -> pd.DataFrame:
    """Released estimates, typed as the contract of the estimates table says."""
    import pandas as pd

    text = read_plain_csv(path)
    columns = {}
    for column in ESTIMATES.columns:
        values = text[column.name]
        if column.kind in ("number", "integer"):
            columns[column.name] = pd.to_numeric(values.where(values != ""), errors="raise")
        else:
            columns[column.name] = values
    return ESTIMATES.conform(pd.DataFrame(columns))
