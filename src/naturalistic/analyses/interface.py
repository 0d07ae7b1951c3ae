"""What goes into an analysis and what comes out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from naturalistic.settings.config import AnalysisSettings
from naturalistic.stats.result import Estimate
from naturalistic.tables.estimates import (
    COUNT_COLUMNS,
    COVARIANCES,
    ESTIMATES,
    KEY_COLUMNS,
    dimension_text,
)

if TYPE_CHECKING:
    from naturalistic.reference.models import Instrument

_RESULT_FIELDS = {f.name for f in fields(Estimate)}
_TEXT = ("method", "note")


@dataclass(frozen=True)
class AnalysisInput:
    """Everything an analysis may look at.

    Attributes
    ----------
    cohort : str
        Name of the cohort.
    tables : mapping of str to DataFrame
        The tables the analysis named in the registry, and no other.
    settings : AnalysisSettings
        The choices of the run for this cohort.
    instruments : mapping of str to Instrument
        Reference facts of every known instrument.
    calendar : {"real", "relative"}
        Whether dates are calendar dates or counted from an arbitrary day.
    rng : numpy.random.Generator
        Seeded from the run's seed and the name of the analysis.
    """

    cohort: str
    tables: Mapping[str, pd.DataFrame]
    settings: AnalysisSettings
    instruments: Mapping[str, Instrument]
    calendar: str = "real"
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))


@dataclass(frozen=True)
class AnalysisResult:
    """Estimates, and covariances of coefficients where a model can be pooled."""

    estimates: pd.DataFrame
    covariances: pd.DataFrame = field(default_factory=COVARIANCES.empty)


class EstimateRows:
    """Collects rows of the estimates table; every row is one number someone could quote.

    Parameters
    ----------
    cohort, analysis : str
        Written into every row.
    **common
        Further key columns that every row shares.
    """

    def __init__(self, cohort: str, analysis: str, **common: Any) -> None:
        self._common = {"cohort": cohort, "analysis": analysis, **common}
        self._rows: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(
        self,
        estimand: str,
        value: Estimate | float | None = None,
        *,
        dimensions: Mapping[str, object] | None = None,
        **columns: Any,
    ) -> None:
        """One row: `value` is an `Estimate`, a plain number, or None when `status` says why there is none.

        Raises
        ------
        ValueError
            A row without a number and without a reason in `note`.
        """
        row = {**self._common, **columns, "estimand": estimand}
        row["dimensions"] = dimension_text(dimensions or {})
        if isinstance(value, Estimate):
            result = {name: getattr(value, name) for name in _RESULT_FIELDS}
            note = "; ".join(text for text in (result["note"], columns.get("note", "")) if text)
            row = {**result, **row, "note": note}
            row["method"] = columns.get("method") or result["method"]
            row["status"] = columns.get("status", result["status"])
        elif value is not None:
            row["estimate"] = float(value)
        row.setdefault("status", "ok")
        number = row.get("estimate")
        if row["status"] == "ok" and (number is None or math.isnan(number)):
            row["status"] = "not_estimable"
        if row["status"] != "ok" and not row.get("note"):
            raise ValueError(
                f"{estimand}: a number that cannot be given needs its reason in `note`"
            )
        self._rows.append(row)

    def add_proportion(
        self,
        numerator: int,
        denominator: int,
        value: Estimate | float | None = None,
        *,
        estimand: str = "proportion",
        **columns: Any,
    ) -> None:
        """A rate with its counts; `value` (with its interval) is numerator / denominator when not given."""
        if value is None and denominator > 0:
            value = numerator / denominator
        if value is None:
            columns = {"note": "nobody is in the denominator", **columns, "status": "not_estimable"}
        counts = {"numerator": numerator, "denominator": denominator, "n_events": numerator}
        self.add(estimand, value, **{**counts, "n_patients": denominator, **columns})

    def extend(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows already made by `add` of another collector."""
        self._rows.extend(dict(row) for row in rows)

    def frame(self) -> pd.DataFrame:
        """The rows as an estimates table.

        Raises
        ------
        ValueError
            Two rows share the key columns.
        """
        if not self._rows:
            return ESTIMATES.empty()
        frame = pd.DataFrame(self._rows)
        for name in ESTIMATES.names:
            if name in KEY_COLUMNS + _TEXT and name != "time":
                absent = name not in frame.columns
                frame[name] = "" if absent else frame[name].fillna("").astype("string")
        for name in COUNT_COLUMNS:
            if name in frame.columns:
                frame[name] = pd.array(frame[name].tolist(), dtype="Int32")
        frame = ESTIMATES.conform(frame)
        if twice := int(frame.duplicated(list(KEY_COLUMNS)).sum()):
            raise ValueError(f"{twice} estimates repeat the key of another row")
        return frame
