"""Codes of scored assessments and procedures: what no list holds is counted, never guessed."""

from __future__ import annotations

import numpy as np

from naturalistic.cohort.adapters.values import Values
from naturalistic.cohort.cells import Cells
from naturalistic.cohort.problems import ProblemLog
from naturalistic.cohort.unreadable import ROWS_TO_SHOW_A_CODE

NOT_USED = "assessment that no analysis uses"
UNKNOWN = "tool_code_unknown"
_LISTED = 12


def keep_known_tools(values: Values, log: ProblemLog) -> None:
    """Leave out scored assessments of tools that are not used or that nobody knows, each counted."""
    for view in values.adapter.views:
        if view.canonical != "questionnaires" or view.table not in values.links.tables:
            continue
        table = values.links.tables[view.table]
        (name,) = table.held(view.columns["instrument"][0].source)
        cells = table.columns[name]
        codes = [values.snomed.code_of(text) for text in cells.values]
        unused = np.array([code in values.snomed.not_used for code in codes], dtype=bool)
        known = np.array([code in values.snomed.tools for code in codes], dtype=bool)
        strange = ~unused & ~known
        rows = table.number[strange[cells.codes]]
        log.add(
            view.canonical,
            table.label,
            name,
            UNKNOWN,
            rows,
            of=len(table),
            hint=_often(cells, strange),
        )
        for mask, reason in ((unused, NOT_USED), (strange, UNKNOWN)):
            table = values.links.tables[view.table]
            keep = ~mask[table.columns[name].codes]
            if not keep.all():
                values.links.keep(view.table, table.take(keep, reason), keep)


def note_unknown_therapies(values: Values, log: ProblemLog) -> None:
    """Procedures that are neither a therapy nor known to be something else."""
    for view in values.adapter.views:
        for name, ways in view.columns.items():
            for way in ways:
                if way.read != "therapy" or way.table not in values.links.tables:
                    continue
                table = values.links.tables[way.table]
                cells = table.filled(way.source)
                strange = np.array(
                    [bool(text) and not values.snomed.known(text) for text in cells.values], bool
                )
                log.add(
                    view.canonical,
                    table.label,
                    name,
                    "therapy_code_unknown",
                    table.number[strange[cells.codes]],
                    of=len(table),
                    hint=_often(cells, strange),
                )


def _often(cells: Cells, strange: np.ndarray) -> str:
    """Codes held by enough rows that they say nothing about one person."""
    counts = cells.counts()
    shown = [
        f"{text!r} in {count:,} rows"
        for text, count in zip(cells.values[strange], counts[strange], strict=True)
        if count >= ROWS_TO_SHOW_A_CODE and text.isdigit() and 6 <= len(text) <= 18
    ]
    return ", ".join(shown[:_LISTED])
