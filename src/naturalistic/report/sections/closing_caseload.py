"""Who is on the books: people in therapy by kind of therapy, how long so far, and earlier treatment."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Block, Table
from naturalistic.report.released import Released, is_ok
from naturalistic.report.wording import capital, count, label, number, reason

NAME = "decommissioning"
IN_THERAPY = ("format", "therapy_model", "service")
ON_THE_BOOKS = ("prior_treatment",)


def caseload(released: Released) -> Block | None:
    """People in therapy by format, therapy and service, months so far, and earlier treatment of all on the books."""
    rows: list[tuple[str, ...]] = []
    for names, term, who in (
        (IN_THERAPY, "in_therapy", "in therapy"),
        (ON_THE_BOOKS, "on_the_books", "in therapy or waiting"),
    ):
        for name in names:
            held = dict(released.levels(NAME, name, estimand="count", term=term))
            given = {k: row for k, row in held.items() if str(row["status"]) != "not_measured"}
            if given:
                rows.append((f"{label(name)}, people {who}",))
                rows += [(capital(label(name, k)), count(row)) for k, row in sorted(given.items())]
    rows += _months(released)
    if not rows:
        return None
    return Table(
        "Who is on the books on that day",
        ("Group", "People, or months"),
        rows,
        folded=True,
        note="Counted on one day: these are all the people there, so no interval belongs to them.",
    )


def _months(released: Released) -> list[tuple[str, ...]]:
    """Mean and median length so far, under a heading of their own; none where neither is given."""
    found = {
        words: released.one(NAME, estimand=estimand, term="months_so_far")
        for words, estimand in (("Mean", "mean"), ("Median", "median"))
    }
    known = [(words, _one(row)) for words, row in found.items() if row is not None]
    return [("Months in therapy so far",), *known] if known else []


def _one(row: pd.Series) -> str:
    return number(float(row["estimate"])) if is_ok(row) else reason(row)
