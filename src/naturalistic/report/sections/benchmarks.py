"""The cohort beside published figures, and why others are not set beside it."""

from __future__ import annotations

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Section, Table
from naturalistic.report.released import Released, is_ok
from naturalistic.report.wording import (
    brief_interval,
    capital,
    lower_first,
    population_label,
    reason,
)
from naturalistic.vocabulary import POPULATIONS

NAME = "benchmarks"
REFUSED = "; not set side by side: "
HEADER = ("Published figure", "People here", "This cohort minus it (interval)")


def benchmarks(released: Released, _: PublishedStudy | None) -> Section | None:
    """Published figures that mean the same as one of this cohort, and the others with the reason."""
    if not released.has(NAME):
        return None
    drawn: list[tuple[str, ...]] = []
    refused: list[tuple[str, ...]] = []
    for _index, row in released.rows(NAME).iterrows():
        note = str(row["note"])
        if is_ok(row):
            population = str(row["population"])
            who = (
                population_label(population, lower_is_better=released.lower_is_better)
                if population in POPULATIONS
                else "Finished courses"
            )
            drawn.append((capital(note), who, brief_interval(row)))
        elif REFUSED in note:
            figure, why = note.split(REFUSED, 1)
            refused.append((capital(figure), capital(why)))
        else:
            refused.append((capital(str(row["term"]).replace("_", " ")), capital(reason(row))))
    blocks: list[Block] = []
    if drawn:
        note = "Shares in percentage points, changes in SDs of first scores. Different people and places: no ranking."
        blocks.append(Table("Beside published figures", HEADER, drawn, note=note, prose=True))
    if refused:
        blocks.append(
            Table(
                "Published figures that are not set side by side, and why",
                ("Published figure", "Why not"),
                refused,
                folded=True,
                prose=True,
            )
        )
    finding = (
        f"{len(drawn)} published figures mean the same as one of this cohort and stand beside it; {len(refused)} do not, "
        f"{lower_first('and the reason is given.')}"
    )
    return Section("benchmarks", "Beside published figures", (finding,), tuple(blocks))
