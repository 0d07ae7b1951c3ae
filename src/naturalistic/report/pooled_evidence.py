"""What the sections of the pooled report are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from naturalistic.release.pooling_same import KEY


@dataclass(frozen=True)
class Evidence:
    """What the sections are made from: the tables of a pooled result and facts to name it by."""

    tables: Mapping[str, pd.DataFrame]
    primary: Mapping[str, Any]
    instruments: Mapping[str, Any]
    synthetic: bool

    def headline(self, name: str) -> Any:
        """The pooled row of a headline; None where no service gives it."""
        rows = self.tables["estimates"]
        found = rows[rows["headline"] == name]
        return found.iloc[0] if len(found) else None

    def every_person_alone(self, name: str) -> Any:
        """The pooled row beside a headline that takes account of therapists; None where the headline does not."""
        row, rows = self.headline(name), self.tables["estimates"]
        if row is None or pd.isna(row["design_effect"]):
            return None
        same = [column for column in KEY if column != "specification"]
        found = (
            rows[same].astype("string").fillna("") == row[same].astype("string").fillna("")
        ).all(axis=1)
        found &= rows["specification"] == ""
        return rows[found].iloc[0] if found.any() else None

    def services(self, name: str) -> pd.DataFrame:
        """The services of a headline, by figure."""
        rows = self.tables["services"]
        return rows[rows["headline"] == name].sort_values(["estimate", "cohort"])

    @property
    def headlines(self) -> list[str]:
        """Headlines in the order of the report."""
        return list(dict.fromkeys(self.tables["services"]["headline"]))
