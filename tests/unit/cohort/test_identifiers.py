import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturalistic.cohort.identifiers import (
    identifying_header,
    identifying_shapes,
    valid_nhs_numbers,
)


def shapes(*texts, is_id=False):
    return identifying_shapes(np.array(texts, dtype=object), is_id=is_id)


def digits(*numbers):
    return np.array([[int(d) for d in number] for number in numbers])


def test_check_digit_of_published_nhs_numbers():
    # examples of the NHS Data Model and Dictionary and of the NHS number guidance, and near misses
    assert valid_nhs_numbers(digits("9434765919", "4010232137", "9434765870")).all()
    assert not valid_nhs_numbers(
        digits("9434765918", "4010232173", "0000000000", "9999999999")
    ).any()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 9), min_size=9, max_size=9))
def test_one_changed_digit_is_always_noticed(nine):
    check = 11 - sum(d * (10 - k) for k, d in enumerate(nine)) % 11
    if check == 10 or len({*nine, check % 11}) == 1:
        return
    number = [*nine, check % 11]
    assert valid_nhs_numbers(np.array([number])).all()
    for place in range(10):
        other = list(number)
        other[place] = (other[place] + 3) % 10
        assert not valid_nhs_numbers(np.array([other])).any()


def test_ten_digit_ids_that_are_no_nhs_numbers_pass():
    ids = [f"{1000000000 + 7 * i}" for i in range(500)]
    assert shapes(*ids, is_id=True) == []


@pytest.mark.parametrize(
    "text",
    [
        "9434765919",
        "943 476 5919",
        "943-476-5919",
        "9434765919.0",
        "9434765919.",
        "see 943 476 5919 above",
    ],
)
def test_nhs_numbers_however_written(text):
    assert shapes(text, "X1", "X2") == ["nhs_number"]


@pytest.mark.parametrize(
    "text",
    [
        "07700 900123",
        "+44 7700 900123",
        "020 7946 0000",
        "tel. 0113 496 0000",
        "+44 (0)113 496 0000",
    ],
)
def test_telephone_numbers(text):
    assert "phone_number" in shapes(text)


@pytest.mark.parametrize(
    "text",
    [
        "CORE-10",
        "2024-03-02",
        "02/03/2024",
        "12345678901",
        "0000012345",
        "1.5",
        "Step 3",
        "PbR 7",
        "IAPT 2019/20",
        "LS1",
    ],
)
def test_ordinary_words_and_numbers_pass(text):
    assert shapes(text) == []


@pytest.mark.parametrize(
    "text", ["SW1A 1AA", "ls14dy", "M1 1AE", "lives in CR2 6XH now", "EC1A1BB"]
)
def test_full_postcodes(text):
    assert shapes(text) == ["full_postcode"]


def test_ids_may_look_like_postcodes_or_telephone_numbers_now_and_then():
    assert shapes("M11AE", *(f"X{i}" for i in range(10)), is_id=True) == []
    assert shapes("M11AE", "M12AE", "M13AE", is_id=True) == ["full_postcode"]
    assert shapes("07700900123", *(f"{i}" for i in range(10)), is_id=True) == []


def test_names_by_shape():
    assert shapes("Sarah Quill", "David O'Quill", "Mohammed A Quill") == ["person_name"]
    assert shapes("QUILL, Sarah", "QUILL, David", "Smyth-Quill, Emma J") == ["person_name"]
    assert shapes("Mr Quill", "Dr. Quill", "Mrs Feather") == ["person_name"]
    teams = [
        "St James Team",
        "Step 3",
        "North Team",
        "Victoria House",
        "City Team",
        "Grace Ward",
        "Oak Ward",
    ]
    assert shapes(*teams) == []
    problems = [
        "Major Depression",
        "Panic Disorder",
        "Mixed Anxiety",
        "Social Phobia",
        "Bereavement",
    ]
    assert shapes(*problems) == []


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ("NHS_No", "nhs_number"),
        ("nhsNumber", "nhs_number"),
        ("PatientName", "person_name"),
        ("surname", "person_name"),
        ("First Name", "person_name"),
        ("FORENAME", "person_name"),
        ("Clinician_Name", "person_name"),
        ("name", "person_name"),
        ("Post Code", "full_postcode"),
        ("home_postcode", "full_postcode"),
        ("DOB", "date_of_birth"),
        ("Date of Birth", "date_of_birth"),
        ("date_of_birth", "date_of_birth"),
        ("BirthDate", "date_of_birth"),
        ("MobilePhone", "phone_number"),
        ("telephone", "phone_number"),
        ("E-Mail", "email_address"),
        ("ServiceName", ""),
        ("therapy_name", ""),
        ("rename", ""),
        ("mobile_team", ""),
        ("NHS England region", ""),
        ("telehealth", ""),
        ("id", ""),
        ("hotel", ""),
    ],
)
def test_headers(header, rule):
    assert identifying_header(header) == rule
