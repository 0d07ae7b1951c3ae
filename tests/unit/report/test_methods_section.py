"""The methods in words: a paragraph for each part of the report that is there, and its sources."""

from __future__ import annotations

import re

import pytest

from naturalistic.analyses.registry import REGISTRY
from naturalistic.report.released import Released
from naturalistic.report.sections.methods import methods
from naturalistic.report.sections.methods_sources import SOURCES, cited
from naturalistic.report.sections.methods_words import PARTS, paragraphs
from tests.unit.report.handmade import released, row

CITED = re.compile(r"(?:van )?[A-Z][A-Za-z-]+(?: and (?:others|[A-Z][A-Za-z]+))? [12][0-9]{3}\b")


@pytest.fixture(scope="module")
def everything() -> list[str]:
    """Every paragraph, as if every analysis had released a row."""
    base = released()
    tables = {name: released(row(name, "proportion", 0.5)).estimates[name] for name in REGISTRY}
    return list(paragraphs(Released(tables, {}, base.record, base.instruments)))


def test_every_part_is_an_analysis() -> None:
    assert {analysis for analysis, _ in PARTS if analysis} <= set(REGISTRY)


def test_each_paragraph_names_its_part_and_ends_as_a_sentence(everything: list[str]) -> None:
    assert len(everything) == len(PARTS)
    openings = [text.split(". ", 1)[0] for text in everything]
    assert len(set(openings)) == len(PARTS)
    assert all(text.endswith(".") and "  " not in text for text in everything)


def test_what_is_cited_is_listed_and_what_is_listed_is_cited(everything: list[str]) -> None:
    text = " ".join(everything).replace("(", "").replace(")", "")
    assert set(CITED.findall(text)) == set(SOURCES)
    assert cited(everything) == tuple(SOURCES.values())


def test_sources_come_in_order_of_the_alphabet() -> None:
    assert list(SOURCES) == sorted(SOURCES, key=lambda words: words.casefold())
    for words, source in SOURCES.items():
        assert words.split()[-1] in source and source.endswith("."), words


def test_only_what_the_report_shows_is_told() -> None:
    few = released(row("equity", "proportion", 0.5))
    text = " ".join(paragraphs(few))
    assert "Mackenbach and Kunst" in text
    assert "Fine and Gray" not in text and "Run-off" not in text
    section = methods(few, None)
    sources = " ".join(cited(paragraphs(few)))
    assert "Social Science and Medicine" in sources and "Fine and Gray" not in sources
    assert any(
        getattr(block, "paragraphs", ()) == cited(paragraphs(few)) for block in section.blocks
    )


def test_what_was_not_measured_is_not_told() -> None:
    nothing = row("session_scores", "proportion", status="not_measured", note="no forms between")
    assert "When people improve" not in " ".join(paragraphs(released(nothing)))


def test_missing_forms_name_the_number_of_data_sets_of_the_run(everything: list[str]) -> None:
    sets = released().settings["resampling"]["imputations"]
    assert any(
        text.startswith("Missing last forms.") and f"({sets} data sets" in text
        for text in everything
    )


def test_no_secondary_protection_is_claimed_where_there_is_none() -> None:
    made = released(row("equity", "proportion", 0.5))
    record = {**made.record, "disclosure": {**made.record["disclosure"], "may_leave": False}}
    text = " ".join(paragraphs(Released(made.estimates, made.disclosure, record, made.instruments)))
    assert "Fischetti" not in text
    assert "Fischetti" in " ".join(paragraphs(made))
