"""Every rule an extract is held to: its name, what happens to what breaks it, and why.

The table in ``docs/how_to/map_an_extract.md`` is made from this registry by `rules_table`.
"""

from __future__ import annotations

from types import MappingProxyType

from naturalistic.cohort.rule import ACTIONS, Rule, Severity
from naturalistic.cohort.rules_adapters import ADAPTERS
from naturalistic.cohort.rules_contacts import FORMS, RATINGS, SESSIONS
from naturalistic.cohort.rules_files import CELLS, FILES, GATE
from naturalistic.cohort.rules_people import LINKED, PATIENTS, REFERRALS

__all__ = ["ACTIONS", "RULES", "Rule", "Severity", "rules_table"]

_ALL = (
    *FILES,
    *ADAPTERS,
    *GATE,
    *CELLS,
    *PATIENTS,
    *REFERRALS,
    *LINKED,
    *SESSIONS,
    *FORMS,
    *RATINGS,
)
RULES = MappingProxyType({rule.name: rule for rule in _ALL})


def rules_table() -> str:
    """Every rule as a Markdown table."""
    lines = ["| rule | rows or cells that ... | what happens | why |", "|---|---|---|---|"]
    lines += [f"| `{r.name}` | {r.says} | {r.action} | {r.reason} |" for r in RULES.values()]
    return "\n".join(lines) + "\n"
