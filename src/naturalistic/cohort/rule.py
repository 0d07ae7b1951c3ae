"""What a rule on an extract is."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Severity = Literal["stops", "row_set_aside", "cell_set_to_missing", "noted"]

ACTIONS = MappingProxyType(
    {
        "stops": "run stopped",
        "row_set_aside": "row set aside",
        "cell_set_to_missing": "cell set to missing",
        "noted": "kept as it is",
    }
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes
    ----------
    name : str
        Word in `validation.csv`.
    severity : {"stops", "row_set_aside", "cell_set_to_missing", "noted"}
        What happens to what breaks it.
    says : str
        What is wrong, to be read after "N rows: ".
    reason : str
        Why it is treated this way.
    advice : str
        What the user can do.
    """

    name: str
    severity: Severity
    says: str
    reason: str
    advice: str = ""

    @property
    def action(self) -> str:
        """What was done, in words."""
        return ACTIONS[self.severity]
