"""A small document that holds every kind of block and text that wants to be more than text."""

from __future__ import annotations

from naturalistic.report.blocks import Figure, Heading, Section, Table, Text
from naturalistic.report.front import NOT_FOR_RELEASE, SYNTHETIC, Front
from naturalistic.report.narrative import Answer, Tile

HOSTILE = '#panic("x") <b>*bold*</b> $x^2$ @ref \\ `code` [a] =1+1 & "q" // no\x00\x0b end'
FORMULAS = ("=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", "\t=1")
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="100" viewBox="0 0 300 100">'
    '<path d="M0 0 L300 100" stroke="#005eb8"/></svg>'
)
RATES = Table(
    "Rates, of people with both forms",
    ("Rate", "Share (interval)", "People"),
    (
        ("Form",),
        ("Reliably improved", "54% (50% to 59%)", "255 of 470"),
        ("Reliably deteriorated", "withheld", "withheld"),
        ("Mean", "−1.25 (−2.00 to 1,000.50)", "not measured here"),
    ),
    note="Counts are rounded.",
)


def front(title: str = "A service") -> Front:
    tiles = tuple(Tile(f"{n}%", f"of people number {n}") for n in range(3))
    return Front(
        title=title,
        document_title=f"{title}: outcomes report",
        kicker="Evidence",
        banners=(SYNTHETIC, NOT_FOR_RELEASE),
        facts=(("Service", title), ("Data until", "1 May 2024")),
        answer=Answer(tiles, ("About 470 people.",), "There was no comparison group."),  # type: ignore[arg-type]
        footer="Made with naturalistic.",
    )


def sections(text: str = "Plain words.") -> list[Section]:
    rows = tuple((each, each, "3") for each in FORMULAS)
    return [
        Section(
            "one",
            "First section",
            (text, "A second finding."),
            (
                Figure("drawn", SVG, "What it shows.", f"The finding. {text}", RATES),
                Heading("A heading inside"),
                Text(("A paragraph.", text)),
                Text(("A caution.",), "note"),
                Text(("An item.", "Another."), "list"),
                RATES,
            ),
        ),
        Section(
            "two",
            "Second section",
            (text,),
            (
                Table("Folded", ("Name", "Name", "Number"), rows, folded=True),
                Table("Sentences", ("A", "B"), (("x", text),), prose=True),
                Table("Empty", ("A", "B"), ()),
            ),
        ),
    ]
