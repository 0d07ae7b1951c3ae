"""Looking things up in what was released."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.tables.estimates import ESTIMATES, KEY_COLUMNS, dimension_levels

# the main variant of a figure; models and alternative methods name theirs
MAIN = {"model": "", "specification": ""}
JACOBSON_TRUAX = {"definition": "jacobson_truax"}


@dataclass(frozen=True)
class Released:
    """The released estimates of one cohort, and the record of the run.

    Attributes
    ----------
    estimates : mapping of str to DataFrame
        Released rows by analysis.
    disclosure : mapping of str to DataFrame
        What was withheld, by analysis.
    record : mapping
        Content of `run.json`.
    instruments : mapping
        Reference facts.
    """

    estimates: Mapping[str, pd.DataFrame]
    disclosure: Mapping[str, pd.DataFrame]
    record: Mapping[str, Any]
    instruments: Mapping[str, Any]

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The choices of the run."""
        return self.record["settings"]

    @cached_property
    def primary(self) -> Mapping[str, str]:
        """The pre-declared primary analysis."""
        return self.settings["primary"]

    @cached_property
    def synthetic(self) -> bool:
        """Whether the people were made by a program."""
        return bool(self.record["synthetic"])

    @cached_property
    def instrument(self) -> Any:
        """Reference facts of the primary instrument."""
        return self.instruments[self.primary["instrument"]]

    @cached_property
    def scale(self) -> Any:
        """Reference facts of the primary scale."""
        return self.instrument.scale(self.primary["scale"])

    @property
    def measure(self) -> dict[str, str]:
        """Key columns that name the primary scale."""
        return {"instrument": self.primary["instrument"], "scale": self.primary["scale"]}

    @property
    def lower_is_better(self) -> bool:
        """Direction of the primary scale."""
        return self.instrument.better_is == "lower"

    def measure_name(self, instrument: str = "", scale: str = "") -> str:
        """Readers' name of a scale, the primary one unless another is named."""
        facts = self.instruments[instrument or self.primary["instrument"]]
        key = scale or self.primary["scale"]
        return (
            facts.name if key == facts.primary_scale else f"{facts.name}: {facts.scale(key).label}"
        )

    def left_out(self, analysis: str) -> bool:
        """Whether the settings of the run leave the analysis out: its matters were not looked at."""
        return analysis in self.settings.get("analyses_left_out", ())

    def has(self, analysis: str) -> bool:
        """Whether the analysis released any row, given or not."""
        frame = self.estimates.get(analysis)
        return frame is not None and len(frame) > 0

    @cached_property
    def _tables(self) -> Mapping[str, pd.DataFrame]:
        """Every table with plain objects in one block: a report asks for single rows many hundred times."""
        return {name: _plain_objects(frame) for name, frame in self.estimates.items()}

    def rows(self, analysis: str, **key: Any) -> pd.DataFrame:
        """Rows of an analysis whose columns equal `key`; a tuple means any of its values."""
        frame = self._tables.get(analysis)
        if frame is None:
            return pd.DataFrame(columns=list(ESTIMATES.names))
        keep = np.ones(len(frame), dtype=bool)
        for column, value in key.items():
            values = frame[column].to_numpy()
            wanted = value if isinstance(value, tuple) else (value,)
            keep &= np.isin(values.astype(str), [str(each) for each in wanted])
        return frame[keep]

    def one(self, analysis: str, **key: Any) -> pd.Series | None:
        """The single row of that key, of the whole and in its main variant unless named; None if there is none.

        Raises
        ------
        ValueError
            The key does not name one row.
        """
        rows = self.rows(analysis, **{"dimensions": "", **MAIN, **key})
        if len(rows) > 1:
            raise ValueError(f"{analysis}: {len(rows)} rows match {key}")
        return rows.iloc[0] if len(rows) else None

    def levels(self, analysis: str, dimension: str, **key: Any) -> Iterator[tuple[str, pd.Series]]:
        """Level and row of a one-way breakdown."""
        for levels, row in self.cells(analysis, dimension, **key):
            yield levels[dimension], row

    def cells(
        self, analysis: str, *dimensions: str, **key: Any
    ) -> Iterator[tuple[dict[str, str], pd.Series]]:
        """Levels and row of a breakdown by exactly these dimensions, in its main variant unless another is named."""
        for _, row in self.rows(analysis, **{**MAIN, **key}).iterrows():
            levels = dimension_levels(str(row["dimensions"]))
            if set(levels) == set(dimensions):
                yield levels, row


def _plain_objects(frame: pd.DataFrame) -> pd.DataFrame:
    columns = {name: frame[name].astype("object") for name in frame.columns}
    for name in (*KEY_COLUMNS, "status", "note", "method"):
        if name != "time":
            columns[name] = columns[name].where(columns[name].notna(), "")
    values = np.column_stack([column.to_numpy() for column in columns.values()])
    return pd.DataFrame(values, columns=list(columns), dtype="object")


def is_ok(row: pd.Series | None) -> bool:
    """Whether there is a number to show."""
    return row is not None and str(row["status"]) == "ok" and pd.notna(row["estimate"])


def has_interval(row: pd.Series | None) -> bool:
    """Whether there is a number with both limits."""
    if row is None or not is_ok(row):
        return False
    return bool(pd.notna(row["conf_low"]) and pd.notna(row["conf_high"]))


def first_known(rows: pd.DataFrame, column: str) -> float | None:
    """The first value of a column that is not missing."""
    known = rows[column].dropna() if len(rows) else pd.Series(dtype="float64")
    return float(known.iloc[0]) if len(known) else None
