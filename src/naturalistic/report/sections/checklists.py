"""Reporting checklists with where each item is found, the bias table, and the data suitability assessment."""

from __future__ import annotations

from collections.abc import Sequence

from naturalistic.reference.checklist_models import Checklist, ChecklistItem, Checklists
from naturalistic.reference.loader import load_checklists
from naturalistic.report.blocks import Block, Section, Table, Text
from naturalistic.report.released import Released
from naturalistic.report.sections.datasat import FILLED, quality_rows
from naturalistic.report.wording import capital, listed

KEY = "checklists"
TITLE = "Checklists"
BRIEF = "Decision brief"
UNCHECKED = " (wording not verified)"
FINDING = (
    "For those who check reports: where each item of STROBE and RECORD is found, what was done about each kind of bias, and "
    "how fit the data are for the question, filled from the data and the settings of this run."
)


def checklists(released: Released, sections: Sequence[Section]) -> Section:
    """The section, for a report that holds `sections` besides this one and the brief."""
    titles = {section.key: section.title for section in sections} | {"brief": BRIEF, KEY: TITLE}
    facts = load_checklists()
    blocks: list[Block] = [*_datasat(released, facts), _bias(facts, titles)]
    blocks += [_checklist(each, titles) for each in facts.checklists]
    sources = [facts.datasat, facts.bias, *facts.checklists]
    notes = dict.fromkeys(f"{each.source}. {each.note}" for each in sources)
    blocks.append(Text(tuple(notes), "list"))
    return Section(KEY, TITLE, (FINDING,), tuple(blocks))


def _datasat(released: Released, facts: Checklists) -> list[Table]:
    def rows(name: str) -> list[tuple[str, ...]]:
        items = getattr(facts.datasat, name)
        return [(_marked(item.label, item.status), FILLED[item.fill](released)) for item in items]

    return [
        Table(
            "Data suitability (DataSAT): where the data come from",
            ("Line", "These data"),
            rows("provenance"),
            folded=True,
            prose=True,
        ),
        Table(
            "Data suitability (DataSAT): quality of the key variables",
            ("Variable", "What it is here", "Quality", "How assessed", "Result"),
            quality_rows(released),
            folded=True,
            note="Accuracy: no second source was held to check against, unless a line says so.",
            prose=True,
        ),
        Table(
            "Data suitability (DataSAT): relevance",
            ("Line", "These data"),
            rows("relevance"),
            folded=True,
            prose=True,
        ),
    ]


def _bias(facts: Checklists, titles: dict[str, str]) -> Table:
    return Table(
        "Kinds of bias: what was done, where, and what risk is left",
        ("Kind", "What was done", "Section", "What is left"),
        [(row.label, row.done, _where(row.reported, titles), row.left) for row in facts.bias.rows],
        folded=True,
        prose=True,
    )


def _checklist(checklist: Checklist, titles: dict[str, str]) -> Table:
    return Table(
        f"{checklist.title}: where each item is reported",
        ("Item", "What is asked for", "Where reported"),
        [
            (item.number, _marked(item.text, item.status), _reported(item, titles))
            for item in checklist.items
        ],
        folded=True,
        prose=True,
    )


def _marked(text: str, status: str) -> str:
    return text + UNCHECKED if status == "unverified" else text


def _reported(item: ChecklistItem, titles: dict[str, str]) -> str:
    place = _where(item.reported, titles) if item.reported else ""
    return " ".join(text for text in (place, item.note) if text)


def _where(keys: Sequence[str], titles: dict[str, str]) -> str:
    """Titles of the sections that this report holds."""
    found = [f"“{titles[key]}”" for key in keys if key in titles]
    return (
        f"{capital(listed(found))}." if found else "Not in this report: these data do not hold it."
    )
