"""What stood in guidelines before: superseded recommendations and the stepped-care matrix of 2008, marked as history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from naturalistic.reference.catalogue_models import NicePopulation
from naturalistic.reference.loader import load_nice, load_therapy_models
from naturalistic.reference.nice_models import Guideline, Recommendation
from naturalistic.report.blocks import Table
from naturalistic.report.sections.nice_recommendations import HEADER, STATUS, recommendation_line
from naturalistic.report.wording import capital, listed, long_date, lower_first

MATRIX = "matrix_2008"
STEPS = {1: "1 (recognition)", 2: "2 (low intensity)", 3: "3 (high intensity)"}
NOW = "What stands now is in the tables above."
HISTORY = f"For reading papers of that time; never advice today. {NOW}"


def history(known: Mapping[str, NicePopulation]) -> Iterator[Table]:
    """Superseded recommendations and the 2008 matrix for the populations recorded, folded; none where neither has any.

    Parameters
    ----------
    known : mapping of str to NicePopulation
        Populations of the problems recorded, by key.
    """
    if superseded := _superseded(known):
        yield Table(
            "History: recommendations that have been replaced since",
            HEADER,
            superseded,
            folded=True,
            note=HISTORY,
            prose=True,
        )
    matrix = load_nice()[MATRIX]
    if cells := _matrix(matrix, known):
        yield Table(
            "History: the stepped-care matrix of 2008",
            ("Population", "Step", "Severity", "Interventions", "How checked"),
            cells,
            folded=True,
            note=f"{matrix.note} {NOW} Footnotes of the matrix, in our own words: "
            + " ".join(_sentence(each.text) for each in matrix.footnotes),
            prose=True,
        )


def _superseded(known: Mapping[str, NicePopulation]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for guideline in load_nice().values():
        if guideline.in_force != "superseded":
            continue
        fitting = [
            each
            for each in guideline.recommendations
            if each.kind == "therapy" and set(each.populations) & set(known)
        ]
        if fitting:
            rows.append((_replaced(guideline),))
            rows += [recommendation_line(guideline, each) for each in fitting]
    return rows


def _replaced(guideline: Guideline) -> str:
    """`CG90 Depression in adults (superseded), 2009: replaced by NG222 on 29 June 2022`."""
    when = f" on {long_date(guideline.replaced_on.isoformat())}" if guideline.replaced_on else ""
    return (
        f"{guideline.code} {guideline.title}, {guideline.published[:4]}: replaced by {guideline.replaced_by}{when} "
        f"({STATUS[guideline.status]})"
    )


def _matrix(matrix: Guideline, known: Mapping[str, NicePopulation]) -> list[tuple[str, ...]]:
    return [
        (
            population.label,
            STEPS[each.step] if each.step else "–",
            capital(each.severity.replace("_", " ")),
            _interventions(each),
            STATUS[each.status],
        )
        for key, population in known.items()
        for each in matrix.recommendations
        if key in each.populations
    ]


def _interventions(each: Recommendation) -> str:
    names = {model.key: lower_first(model.label) for model in load_therapy_models().models}
    named = listed(names.get(key, key.replace("_", " ")) for key in each.interventions)
    named = named or "no intervention is listed"
    marks = f" (footnote {listed(each.footnotes)})" if each.footnotes else ""
    return f"{capital(named)}{marks}"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
