"""What the sections of the pooled report are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd


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

    def services(self, name: str) -> pd.DataFrame:
        """The services of a headline, by figure."""
        rows = self.tables["services"]
        return rows[rows["headline"] == name].sort_values(["estimate", "cohort"])

    @property
    def headlines(self) -> list[str]:
        """Headlines in the order of the report."""
        return list(dict.fromkeys(self.tables["services"]["headline"]))
