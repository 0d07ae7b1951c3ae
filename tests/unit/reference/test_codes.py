from __future__ import annotations

import pytest

from naturalistic import vocabulary
from naturalistic.reference.codes_models import CodeList, normal_code
from naturalistic.reference.loader import load_codes, load_sources
from naturalistic.reference.reading import read_yaml, shipped

BOOKS = [item.name.removesuffix(".yaml") for item in shipped("codes")]


def words_of(name):
    """The closed list a book maps to, or None where the values are the service's own."""
    closed = {
        "endings": vocabulary.ENDINGS,
        "attendance": vocabulary.ATTENDANCE,
        "contact_types": vocabulary.CONTACT_TYPES,
    }
    if name in closed:
        return set(closed[name])
    characteristic = vocabulary.CHARACTERISTICS.get(name)
    return set(characteristic.levels) if characteristic and characteristic.levels else None


@pytest.mark.parametrize("name", BOOKS)
def test_codes_map_to_words_of_the_vocabulary(name):
    book = load_codes(name)
    assert book.key == name
    allowed = words_of(book.vocabulary)
    if allowed is not None:
        for each in book.lists:
            assert {code.to for code in each.codes} - {None} <= allowed, each.key


@pytest.mark.parametrize("item", shipped("codes"), ids=lambda item: item.name)
def test_every_list_cites_a_known_source(item):
    for each in read_yaml(item)["lists"]:
        assert each["source"] in load_sources()
        if each["source"] == "memory":
            assert each["status"] == "unverified"


@pytest.mark.parametrize(
    ("raw", "meaning"),
    [
        ("2", "cancelled_by_patient"),
        ("3", "did_not_attend"),
        ("4", "cancelled_by_service"),
        ("05", "attended"),
        (" 6 ", "attended_late"),
        ("7", "arrived_too_late"),
    ],
)
def test_attendance(raw, meaning):
    assert load_codes("attendance").list_of("nhs").meaning(raw).to == meaning


def test_a_code_that_is_not_listed_has_no_meaning():
    attendance = load_codes("attendance").list_of("nhs")
    assert attendance.meaning("1") is None
    assert attendance.meaning("") is None


@pytest.mark.parametrize(
    ("ending", "codes"),
    [
        ("planned_ending", {"46"}),
        ("unplanned_ending", {"47", "16"}),
        ("service_ended", {"48"}),
        ("referred_on", {"13"}),
        ("died", {"17", "49"}),
        ("unknown_ending", {"95", "96"}),
    ],
)
def test_nhs_end_codes(ending, codes):
    translation = load_codes("endings").list_of("nhs_talking_therapies_v2").translation()
    assert {code for code, to in translation.items() if to == ending} == codes


def test_core_endings_are_planned_or_unplanned():
    form = load_codes("endings").list_of("core_end_of_therapy")
    assert {code.to for code in form.codes} == {"planned_ending", "unplanned_ending"}
    assert len({code.kind for code in form.codes}) == 8


def test_ethnicity_groups_keep_every_category():
    codes = load_codes("ethnicity").list_of("nhs_2001").codes
    groups = {code.code: code.to for code in codes}
    # L and M are lost in one published query; they are not here
    assert groups["L"] == "asian"
    assert groups["M"] == "black"
    assert "".join(code for code in groups if groups[code]) == "ABCDEFGHJKLMNPRS"
    assert len({code.kind for code in codes if code.to}) == 16


@pytest.mark.parametrize(("raw", "normal"), [(" 05", "5"), ("00", "0"), ("zz", "zz"), ("  ", "")])
def test_normal_code(raw, normal):
    assert normal_code(raw) == normal


def test_a_code_listed_twice_is_refused():
    with pytest.raises(ValueError, match="listed twice: 5"):
        CodeList.model_validate(
            {
                "key": "k",
                "name": "n",
                "source": "s",
                "date": "2025-01-01",
                "status": "verified",
                "codes": [{"code": "5", "label": "a"}, {"code": "05", "label": "b"}],
            }
        )


def test_unknown_lists_say_what_there_is():
    with pytest.raises(KeyError, match="attendance"):
        load_codes("attendence")
    with pytest.raises(KeyError, match="nhs"):
        load_codes("attendance").list_of("scottish")
