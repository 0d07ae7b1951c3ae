"""Columns that could identify people."""

from __future__ import annotations

from naturalistic.errors import IdentifiableDataError
from tests.workflow.broken_inputs.extract import Case, Extract


def nhs_number(seed: int) -> str:
    """A ten-digit number that passes the check; the first digits make it one that is not issued to anybody."""
    for last in range(10):
        nine = f"999{(seed * 7919) % 100000:05d}{last}"
        check = 11 - sum(int(d) * (10 - k) for k, d in enumerate(nine)) % 11
        if check != 10:
            return nine + str(check % 11)
    raise AssertionError("no number found")


NUMBERS = [nhs_number(i) for i in range(30)]


def _ids(extract: Extract) -> None:
    for name in ("patients", "referrals"):
        extract.files[name]["pid"] = NUMBERS


def _spaced_in_text(extract: Extract) -> None:
    extract.files["referrals"]["service"] = [f"no. {n[:3]} {n[3:6]} {n[6:]}" for n in NUMBERS]


def _named(file: str, old: str, new: str, table: str, column: str):
    def change(extract: Extract) -> None:
        extract.files[file] = extract.files[file].rename(columns={old: new})
        target = extract.columns(table)[column]
        if isinstance(target, dict):
            target["from"] = new
        else:
            extract.columns(table)[column] = new

    return change


GIVEN = ("Sarah", "David", "Mohammed", "Emma", "James", "Susan", "Oliver", "Karen", "Peter", "Zoe")


def _names(extract: Extract) -> None:
    extract.files["referrals"]["service"] = [f"{GIVEN[i % 10]} Quillfeather" for i in range(30)]


def _surnames_first(extract: Extract) -> None:
    extract.files["referrals"]["service"] = [f"QUILLFEATHER, {GIVEN[i % 10]}" for i in range(30)]


def _postcodes(extract: Extract) -> None:
    extract.files["patients"]["home"] = [f"LS{1 + i % 9} {i % 10}QX" for i in range(30)]


def _births_under_another_name(extract: Extract) -> None:
    extract.columns("referrals")["assessment_date"] = "day_0"
    extract.files["referrals"]["day_0"] = [f"{1 + i % 28:02d}/06/{1950 + i}" for i in range(30)]


def _births_as_words(extract: Extract) -> None:
    extract.columns("patients")["area"] = "born"


def _births_not_coarsened(extract: Extract) -> None:
    _named("patients", "home", "DateOfBirth", "patients", "area")(extract)


def _phones(extract: Extract) -> None:
    extract.set("patients", "home", 3, "call 07700 900123 first")


def _emails(extract: Extract) -> None:
    extract.set("patients", "home", 3, "quill.feather@example.org")


def _hit(name: str, rule: str, table: str, column: str, change, *secrets: str) -> Case:
    return Case(name, rule, table, column, 1, change, IdentifiableDataError, secrets=secrets)


CASES = (
    Case(
        "NHS numbers as ids",
        "nhs_number",
        "patients",
        "patient_id",
        1,
        _ids,
        IdentifiableDataError,
        secrets=(NUMBERS[0], NUMBERS[7]),
    ),
    _hit(
        "NHS numbers in words",
        "nhs_number",
        "referrals",
        "service",
        _spaced_in_text,
        NUMBERS[0][6:],
    ),
    _hit(
        "a column called NHS number",
        "nhs_number",
        "patients",
        "area",
        _named("patients", "home", "NHSNumber", "patients", "area"),
    ),
    _hit("names", "person_name", "referrals", "service", _names, "Quillfeather", "Sarah"),
    _hit("surnames first", "person_name", "referrals", "service", _surnames_first, "QUILLFEATHER"),
    _hit(
        "a column called surname",
        "person_name",
        "patients",
        "area",
        _named("patients", "home", "Patient_Surname", "patients", "area"),
    ),
    _hit("full postcodes", "full_postcode", "patients", "area", _postcodes, "LS1 0QX", "0QX"),
    _hit(
        "dates of birth under another name",
        "date_of_birth",
        "referrals",
        "assessment_date",
        _births_under_another_name,
        "06/1950",
        "1950",
    ),
    _hit(
        "dates of birth as an area", "date_of_birth", "patients", "area", _births_as_words, "1960"
    ),
    _hit(
        "a column called date of birth", "date_of_birth", "patients", "area", _births_not_coarsened
    ),
    _hit("a telephone number", "phone_number", "patients", "area", _phones, "900123"),
    _hit("an e-mail address", "email_address", "patients", "area", _emails, "quill", "example.org"),
)
