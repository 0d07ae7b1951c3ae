"""The formula, on sentences counted by hand, and the brief of every cohort measured with it."""

from __future__ import annotations

import pytest

from naturalistic.report.blocks import Section, Table, Text
from naturalistic.report.brief import make_brief
from tests.unit.report import briefs
from tests.unit.report.reading_age import grade, sentences, syllables, words
from tests.unit.report.simulated import SHAPES

FOURTEEN = 9.0  # grade nine is reached at fourteen years of age
LONGEST = 45  # words of a sentence


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("people", 2),
        ("started", 2),
        ("scored", 1),
        ("scale", 1),
        ("table", 2),
        ("changes", 2),
        ("names", 1),
        ("therapy", 3),
        ("anxiety", 4),
        ("depression", 3),
        ("average", 3),
        ("reliable", 4),
        ("being", 2),
        ("trial", 2),
        ("CORE", 1),
        ("54%", 1),
        ("1,065", 1),
    ],
)
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


def test_grade_by_hand() -> None:
    # ten words, two sentences, eleven syllables: 0.39 x 5 + 11.8 x 1.1 - 15.59
    text = "The cat sat on it. We saw a red apple."
    assert len(words(text)) == 10
    assert len(sentences(text)) == 2
    assert sum(map(syllables, words(text))) == 11
    assert grade(text) == pytest.approx(0.39 * 5 + 11.8 * 1.1 - 15.59)


def test_a_point_inside_a_number_ends_no_sentence() -> None:
    assert len(sentences("It moved by 5.5 points. Was that much?")) == 2


def test_hard_text_is_found_hard() -> None:
    hard = (
        "Heterogeneity of psychotherapeutic interventions complicates the interpretation of standardised differences, "
        "notwithstanding methodological considerations."
    )
    assert grade(hard) > 20


def test_nothing_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="no words"):
        grade(" – ")


def told(part: Section) -> str:
    """Every generated sentence of a part: findings, lists and the cells of tables that hold sentences."""
    found = list(part.findings)
    for block in part.blocks:
        if isinstance(block, Text):
            found += block.paragraphs
        if isinstance(block, Table) and part.key == "brief_options":
            found += [cell for row in block.rows for cell in row[1:]]
    return " ".join(found)


def _check(brief: list[Section]) -> None:
    text = " ".join(told(part) for part in brief)
    assert grade(text) <= FOURTEEN
    for part in brief:
        if told(part):
            assert grade(told(part)) <= FOURTEEN, part.key
    longest = max(sentences(text), key=lambda each: len(words(each)))
    assert len(words(longest)) <= LONGEST, longest


@pytest.mark.parametrize("shape", SHAPES)
def test_the_brief_of_a_simulated_cohort(cohort: object, shape: str) -> None:
    _check(make_brief(cohort(shape), None))  # type: ignore[operator]


@pytest.mark.parametrize("case", briefs.CASES)
def test_the_brief_of_a_case_written_by_hand(case: str) -> None:
    _check(make_brief(briefs.CASES[case](), None))
