"""The gate for words: what a note may say, and which names a release is refused for."""

from __future__ import annotations

from typing import Any

import pytest

from naturalistic.analyses.interface import EstimateRows
from naturalistic.errors import DisclosureError
from naturalistic.release.disclosure import protect_cohort
from naturalistic.release.profiles import load_profile
from naturalistic.release.words import check_file_name, check_record, clean_note, is_person

PROFILE = load_profile("opensafely")


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("7 without a change dropped", "7 or fewer without a change dropped"),
        ("41 without a change dropped", "40 without a change dropped"),
        ("only 6 therapists: too narrow", "only 7 or fewer therapists: too narrow"),
        (
            "27 events for 7 parameters (3.9 per parameter): unstable",
            "25 events for 7 parameters: unstable",
        ),
        ("1.9 dropouts per parameter", "few dropouts per parameter"),
        (
            "4 of 22 levels of therapist have a single row",
            "7 or fewer of 20 levels of therapist have a single row",
        ),
        ("one person is at this level", "7 or fewer people is at this level"),
        ("fewer than two people", "7 or fewer people"),
        ("is 1 for one row only: it", "is 1 for 7 or fewer rows only: it"),
        ("predicts 2 rows perfectly", "predicts 7 or fewer rows perfectly"),
        ("1,234 people", "1,235 people"),
    ],
)
def test_numbers_of_people_in_notes_are_rounded_and_small_ones_not_said(
    note: str, said: str
) -> None:
    assert clean_note(note, PROFILE) == said


@pytest.mark.parametrize(
    "note",
    [
        "rests on 7 or fewer people, or would give back a figure that does",
        "gender: levels with fewer than 10 people share one coefficient",
        "of those who attended session 4",
        "PHQ-9 and GAD-7 are not both held",
        "the reliable change of one person, as a mean",
        "F on 3 and 57.2 degrees of freedom",
        "design effect 1.3",
    ],
)
def test_what_counts_nobody_stands(note: str) -> None:
    assert clean_note(note, PROFILE) == note


def rows(level: str, **more: Any) -> EstimateRows:
    collector = EstimateRows("c", "a")
    collector.add(
        "count",
        40,
        n_patients=40,
        term="team",
        population="started",
        dimensions={"team": level},
        **more,
    )
    return collector


@pytest.mark.parametrize(
    ("level", "kind"),
    [
        ("<b>North</b>", "markup"),
        ("North\nSouth", "line break"),
        ("../../north", "a path"),
        ("C:\\north", "a path"),
        ("=HYPERLINK(1)", "formula"),
        ("since 03/04/2019", "a date"),
        ("943 476 5919", "seven or more digits"),
        ("north@trust.nhs.uk", "e-mail"),
        ("01234 567890", "telephone"),
        ("LS1 4AP", "postcode"),
        ("Dr Smith", "a person"),
        ("Margaret Brown", "a person"),
        ("Brown, Margaret", "a person"),
    ],
)
def test_a_release_is_refused_for_a_name_that_could_identify_or_harm(level: str, kind: str) -> None:
    with pytest.raises(DisclosureError) as refused:
        protect_cohort({"a": rows(level).frame()}, "opensafely")
    said = str(refused.value)
    assert kind in said
    assert "team" in said
    assert level not in said


@pytest.mark.parametrize(
    "level",
    [
        "North",
        "Scott Road Clinic",
        "2019 to 2021",
        "LS1",
        "Asian / Asian British",
        "0 to 4",
        "St Mary's",
    ],
)
def test_ordinary_names_pass(level: str) -> None:
    assert len(protect_cohort({"a": rows(level).frame()}, "opensafely").estimates["a"]) == 1


def test_what_a_trust_says_about_itself_holds_no_markup_and_no_path() -> None:
    check_record({"title": "Psychotherapy at the Grove", "contact": "Jane Doe, jane@trust.nhs.uk"})
    for harm in ("<script>x</script>", "../secret", "=1+1", "two\nlines"):
        with pytest.raises(DisclosureError, match="title"):
            check_record({"title": harm})


def test_file_names_are_the_products_own() -> None:
    assert check_file_name("clinical_change") == "clinical_change"
    assert check_file_name("flow.svg") == "flow.svg"
    for name in ("../up", "Margaret Brown", "a/b", "", ".hidden", "x" * 90):
        with pytest.raises(DisclosureError):
            check_file_name(name)


def test_a_person_is_told_from_a_place() -> None:
    assert is_person("Prof. Green")
    assert not is_person("Victoria Centre")
    assert not is_person("planned_ending")
