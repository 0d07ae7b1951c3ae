"""How sure one can be: the rating, each check with its rule and what it found."""

from __future__ import annotations

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Section, Table, Text
from naturalistic.report.certainty import CHECKS, DESIGN, rating_sentence
from naturalistic.report.certainty import certainty as rating_of
from naturalistic.report.released import Released

MEANING = (
    "The steps are those of GRADE: very low, low, moderate and high. The rating is of the mean change on the primary "
    "measure as evidence of what the service does for people, not of whether the figures were worked out rightly. It is a "
    "rule and not a judgement: a reader may weigh the limits in another way."
)


def certainty(released: Released, _: PublishedStudy | None) -> Section:
    """The rating and which limits moved it."""
    rating = rating_of(released)
    rows = [(DESIGN.label, DESIGN.rule, "One group, before and after therapy.", "Starts at low")]
    rows += [
        (
            CHECKS[each.check].label,
            CHECKS[each.check].rule,
            each.text,
            _moved(each.lowers, each.checked),
        )
        for each in rating.findings
    ]
    if not rating.findings:
        rows += [(check.label, check.rule, "Nothing to rate.", "–") for check in CHECKS.values()]
    table = Table(
        "The rating: each check, its rule, what was found, and whether it lowered the rating",
        ("Check", "Rule", "What was found", "Effect on the rating"),
        rows,
        prose=True,
    )
    return Section(
        "certainty", "How sure we can be", (rating_sentence(rating),), (table, Text((MEANING,)))
    )


def _moved(lowers: bool, checked: bool) -> str:
    if not lowers:
        return "Not lowered"
    return "Lowered" if checked else "Lowered: could not be checked"
