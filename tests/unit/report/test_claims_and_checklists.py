"""Claims beside NICE and the evidence; checklists that name only sections the report holds."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from naturalistic.reference.loader import load_checklists, load_claims, load_nice, load_nice_rules
from naturalistic.report.blocks import Heading, Section, Table, Text
from naturalistic.report.document import make_sections
from naturalistic.report.released import Released
from naturalistic.report.sections.certainty import certainty
from naturalistic.report.sections.checklists import checklists
from naturalistic.report.sections.claims import HERE, claims
from naturalistic.report.sections.datasat import FILLED
from tests.unit.report import briefs
from tests.unit.report.handmade import released, row
from tests.unit.report.test_reading_age import told

PARTISAN = re.compile(
    r"\b(false|wrong|untrue|misleading|absurd|clearly|obviously|must not|should not)\b", re.I
)


def said(section: Section) -> dict[str, str]:
    """Heading and what stands under it."""
    return {
        head.text.strip("“”"): " ".join(body.paragraphs)
        for head, body in pairwise(section.blocks)
        if isinstance(head, Heading) and isinstance(body, Text)
    }


def tables(section: Section) -> dict[str, Table]:
    return {
        block.caption.split(":")[0] + str(i): block
        for i, block in enumerate(section.blocks)
        if isinstance(block, Table)
    }


def test_every_reference_of_a_claim_exists() -> None:
    recommendations = {each.key for guide in load_nice().values() for each in guide.recommendations}
    for claim in load_claims():
        assert set(claim.rules) <= set(load_nice_rules()), claim.key
        assert set(claim.recommendations) <= recommendations, claim.key
        assert claim.here in HERE, claim.key
        assert claim.text.endswith(".")
        assert not PARTISAN.search(claim.reading), claim.key
    assert {claim.here for claim in load_claims()} == set(HERE)


def test_both_sides_are_heard() -> None:
    keys = {claim.key for claim in load_claims()}
    assert {"nice_mandates", "not_more_effective", "cannot_afford", "tremendously_improved"} <= keys


@pytest.mark.parametrize("case", briefs.CASES)
def test_every_claim_has_nice_or_data_and_a_reading_with_its_source(case: str) -> None:
    found = said(claims(briefs.CASES[case](), None))
    assert len(found) == len(load_claims())
    for text in found.values():
        assert "Where it is said: " in text
        assert "These data: " in text
        assert "Read together: " in text
        assert not re.search(r"\bnan\b|\bNone\b", text)


def test_a_claim_stands_beside_its_number_and_the_status_of_its_source() -> None:
    found = said(claims(briefs.improved(), None))
    mandates = found["NICE mandates the commissioning of some specialist psychotherapies."]
    assert "It is not mandatory to apply" in mandates
    assert "a named option for 35%" in mandates
    assert "(not verified)" in mandates  # that only appraisals carry a duty to fund is from memory
    assert "(second-hand)" in mandates
    finish = next(text for claim, text in found.items() if "have finished" in claim)
    assert "20% (likely range 14% to 27%)" in finish
    assert "CG78" in finish
    afford = next(text for claim, text in found.items() if "cannot afford" in claim)
    assert "each person treated costs £3,676" in afford
    better = next(text for claim, text in found.items() if "it works" in claim)
    assert "cannot tell whether therapy made the difference" in better


def test_areas_are_compared_where_they_are_known() -> None:
    rates = [
        row(briefs.CLOSING, "rate_per_100000", rate, dimensions=f"area={area}", term="started")
        for area, rate in (("North", 2.0), ("South", 11.0), ("West", 5.0))
    ]
    text = next(
        t for c, t in said(claims(released(*rates), None)).items() if "part of the area" in c
    )
    assert re.search(r"a year: 2[.0]* in North and 11[.0]* in South", text)


def test_the_rating_shows_every_rule() -> None:
    table = certainty(briefs.improved(), None).blocks[0]
    assert isinstance(table, Table)
    assert [line[0] for line in table.rows] == [
        "Design",
        "Missing forms",
        "Precision",
        "Other explanations",
        "Consistency",
    ]
    assert [line[3] for line in table.rows] == ["Starts at low", "Lowered", *["Not lowered"] * 3]
    unrated = certainty(briefs.nothing(), None)
    assert "not rated" in unrated.findings[0]


def test_every_line_of_the_assessment_is_filled(cohort: object) -> None:
    facts = load_checklists()
    items = (*facts.datasat.provenance, *facts.datasat.relevance)
    assert {item.fill for item in items} == set(FILLED)
    for name in ("full", "forms_only", "nobody"):
        data: Released = cohort(name)  # type: ignore[operator]
        for item in items:
            text = FILLED[item.fill](data)
            assert text.endswith("."), (name, item.fill, text)
            assert not re.search(r"\bnan\b|\bNone\b|  |\.\.", text), (name, item.fill, text)


def test_checklists_are_complete_and_folded() -> None:
    numbers = {
        each.key: [item.number for item in each.items] for each in load_checklists().checklists
    }
    assert {re.sub(r"\D", "", number) for number in numbers["strobe"]} == set(
        map(str, range(1, 23))
    )
    assert len(numbers["record"]) == 13
    section = checklists(briefs.improved(), [])
    assert all(table.folded for table in tables(section).values())
    assert len(tables(section)) == 6


def test_wording_that_was_not_read_is_marked() -> None:
    for table in tables(checklists(briefs.improved(), [])).values():
        if table.caption.startswith("RECORD"):
            assert [line[1].endswith("(wording not verified)") for line in table.rows] == [
                False
            ] * 3 + [True] * 10
        if table.caption.startswith("STROBE"):
            assert all(line[1].endswith("(wording not verified)") for line in table.rows)


def test_only_sections_of_this_report_are_named(cohort: object) -> None:
    made = make_sections(cohort("full"), None)  # type: ignore[operator]
    keys = [section.key for section in made]
    assert keys.index("checklists") == keys.index("methods") - 1
    titles = {section.title for section in made} | {"Decision brief"}
    section = made[keys.index("checklists")]
    named = {
        title
        for table in tables(section).values()
        for line in table.rows
        for title in re.findall(r"“([^”]+)”", " ".join(line[2:3]))
    }
    assert named
    assert named <= titles
    strobe = next(t for t in tables(section).values() if t.caption.startswith("STROBE"))
    flow = next(line for line in strobe.rows if line[0] == "13c")
    assert flow[2] == "“Who was in and who was lost”."


def test_every_section_that_a_checklist_names_can_be_made() -> None:
    from naturalistic.report.sections import SECTIONS

    known = {make.__name__ for make in SECTIONS} | {"brief", "checklists"}
    facts = load_checklists()
    for each in (*facts.bias.rows, *(item for c in facts.checklists for item in c.items)):
        assert set(each.reported) <= known, each


def test_a_claim_of_which_no_source_was_read_says_so_once() -> None:
    said = told(claims(briefs.improved(), None))
    assert (
        "Where it is said: Often heard; not read in a document. No source was read for it (not verified)."
        in said
    )
    assert (
        "From memory" not in said.split("No source was read")[0].rsplit("Where it is said", 1)[-1]
    )


def test_what_is_known_names_its_denominator() -> None:
    said = told(claims(briefs.improved(), None))
    assert (
        "44% of those who started (about 470 people) have a first and a last CORE-OM form." in said
    )
    assert "44% of them" not in said
