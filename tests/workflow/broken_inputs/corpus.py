"""Every broken input."""

from __future__ import annotations

from tests.workflow.broken_inputs import (
    cases_cells,
    cases_files,
    cases_forms,
    cases_gate,
    cases_rows,
)
from tests.workflow.broken_inputs.extract import Case

CASES: tuple[Case, ...] = (
    *cases_files.CASES,
    *cases_cells.CASES,
    *cases_rows.CASES,
    *cases_forms.CASES,
    *cases_gate.CASES,
)
