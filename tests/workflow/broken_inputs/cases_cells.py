"""Cells that cannot be used."""

from __future__ import annotations

import pandas as pd

from naturalistic.errors import ExtractError
from tests.workflow.broken_inputs.extract import Case, Extract

WORD = "CANARY-4711"
NUMBER = "987654"


def _put(file: str, column: str, rows: object, value: object):
    def change(extract: Extract) -> None:
        extract.set(file, column, rows, value)

    return change


def _all_in(file: str, column: str, fmt: str):
    def change(extract: Extract) -> None:
        days = pd.to_datetime(extract.files[file][column], format="%d/%m/%Y")
        extract.files[file][column] = days.dt.strftime(fmt)

    return change


def _serials(extract: Extract) -> None:
    days = pd.to_datetime(extract.files["sessions"]["day"], format="%d/%m/%Y")
    extract.files["sessions"]["day"] = (days - pd.Timestamp("1899-12-30")).dt.days.astype(str)


def _no_cut(extract: Extract) -> None:
    del extract.mapping["data_cut"]


def _filler_without_cut(extract: Extract) -> None:
    _no_cut(extract)
    extract.set("referrals", "discharged", 3, "31/12/2099")


def _postcodes(extract: Extract) -> None:
    extract.columns("patients")["area"] = {"from": "home", "coarsen": "outward_postcode"}
    extract.files["patients"]["home"] = [f"LS{1 + i % 9} {i % 10}AB" for i in range(30)]
    extract.set("patients", "home", 2, WORD)


def _days_from_nothing(extract: Extract) -> None:
    extract.columns("sessions")["date"] = {"from": "day", "date_format": "days"}
    extract.files["sessions"]["day"] = [str(10 + 7 * (i % 8)) for i in range(240)]
    extract.set("referrals", "received", 5, "")


def _referral_undated(extract: Extract) -> None:
    extract.set("referrals", "received", 5, "")


CASES = (
    Case(
        "a code of one row that is not explained",
        "code_unknown",
        "sessions",
        "attendance",
        1,
        _put("sessions", "seen", 16, WORD),
        numbers=(18,),
        secrets=(WORD,),
        also=("attendance_missing",),
    ),
    Case(
        "a frequent code that is not explained",
        "code_unknown",
        "sessions",
        "attendance",
        40,
        _put("sessions", "seen", slice(0, 39), "9"),
        also=("attendance_missing",),
    ),
    Case(
        "a closed word that does not exist",
        "code_unknown",
        "patients",
        "gender",
        1,
        _put("patients", "sex", 4, WORD),
        numbers=(6,),
        secrets=(WORD,),
    ),
    Case(
        "codes of another column",
        "most_codes_unknown",
        "sessions",
        "attendance",
        240,
        _put("sessions", "seen", slice(None), WORD[:6]),
        ExtractError,
    ),
    Case(
        "a word where a number belongs",
        "number_unreadable",
        "sessions",
        "duration",
        2,
        _put("sessions", "minutes", [3, 4], WORD),
        numbers=(5, 6),
        secrets=(WORD,),
    ),
    Case(
        "a column of words where numbers belong",
        "most_numbers_unreadable",
        "sessions",
        "duration",
        200,
        _put("sessions", "minutes", slice(0, 199), WORD),
        ExtractError,
        secrets=(WORD,),
    ),
    Case(
        "scores with a decimal comma",
        "decimal_sign",
        "questionnaires",
        "total",
        12,
        _put("scores", "total", range(12), "13,57"),
        ExtractError,
        numbers=tuple(range(2, 14)),
        secrets=("13,57",),
    ),
    Case(
        "a fraction of a session",
        "number_not_whole",
        "referrals",
        "agreed_sessions",
        1,
        _put("referrals", "agreed", 7, "7.65432"),
        numbers=(9,),
        secrets=("7.65432",),
    ),
    Case(
        "a session of weeks",
        "number_out_of_range",
        "sessions",
        "duration",
        1,
        _put("sessions", "minutes", 0, NUMBER),
        numbers=(2,),
        secrets=(NUMBER,),
    ),
    Case(
        "31 February",
        "date_unreadable",
        "referrals",
        "discharge_date",
        1,
        _put("referrals", "discharged", 1, "31/02/2023"),
        numbers=(3,),
        secrets=("31/02/2023",),
        also=("ending_without_discharge",),
    ),
    Case(
        "words where dates belong",
        "most_dates_unreadable",
        "referrals",
        "accepted_date",
        20,
        _put("referrals", "accepted", slice(0, 19), WORD),
        ExtractError,
        secrets=(WORD,),
    ),
    Case(
        "month before day",
        "date_order",
        "sessions",
        "date",
        144,
        _all_in("sessions", "day", "%m/%d/%Y"),
        ExtractError,
    ),
    Case(
        "some dates month before day",
        "date_orders_mixed",
        "referrals",
        "discharge_date",
        3,
        _put("referrals", "discharged", [4, 6, 8], ["04/25/2023", "05/13/2023", "6/30/2023"]),
        ExtractError,
        numbers=(6, 8, 10),
        secrets=("04/25/2023",),
    ),
    Case(
        "ISO dates in a column declared day first",
        "date_order",
        "sessions",
        "date",
        240,
        _all_in("sessions", "day", "%Y-%m-%d"),
        ExtractError,
    ),
    Case(
        "years of two digits",
        "date_order",
        "referrals",
        "received_date",
        30,
        _all_in("referrals", "received", "%d/%m/%y"),
        ExtractError,
    ),
    Case(
        "serial numbers of a spreadsheet",
        "date_order",
        "sessions",
        "date",
        240,
        _serials,
        ExtractError,
    ),
    Case(
        "the filler of 1900",
        "date_far_past",
        "referrals",
        "discharge_date",
        1,
        _put("referrals", "discharged", 1, "01/01/1900"),
        secrets=("01/01/1900", "1900-01"),
        also=("ending_without_discharge",),
    ),
    Case(
        "the filler of 2099",
        "date_far_future",
        "referrals",
        "discharge_date",
        1,
        _put("referrals", "discharged", 1, "31/12/2099"),
        secrets=("31/12/2099", "2099-12"),
        also=("ending_without_discharge",),
    ),
    Case(
        "the filler of 9999",
        "date_far_future",
        "referrals",
        "discharge_date",
        1,
        _put("referrals", "discharged", 1, "31/12/9999"),
        secrets=("9999",),
        also=("ending_without_discharge",),
    ),
    Case(
        "a filler where no data cut is given",
        "date_far_future",
        "referrals",
        "discharge_date",
        1,
        _filler_without_cut,
        numbers=(5,),
        also=("data_cut_assumed", "ending_without_discharge"),
    ),
    Case("no data cut", "data_cut_assumed", "", "", 1, _no_cut),
    Case(
        "a discharge after the data cut",
        "date_after_data_cut",
        "referrals",
        "discharge_date",
        1,
        _put("referrals", "discharged", 1, "05/02/2024"),
        numbers=(3,),
        secrets=("2024",),
        also=("ending_without_discharge",),
    ),
    Case(
        "days from a referral without a date",
        "days_without_start",
        "sessions",
        "date",
        8,
        _days_from_nothing,
        also=("session_without_date", "age_without_referral_date"),
    ),
    Case(
        "a postcode that is none",
        "postcode_unreadable",
        "patients",
        "area",
        1,
        _postcodes,
        numbers=(4,),
        secrets=(WORD, "LS1 0AB", "0AB"),
    ),
    Case(
        "an age at a referral without a date",
        "age_without_referral_date",
        "patients",
        "age",
        1,
        _referral_undated,
        numbers=(7,),
    ),
    Case(
        "an age of 140",
        "number_out_of_range",
        "patients",
        "age",
        1,
        _put("patients", "born", 6, "01/01/1883"),
        numbers=(8,),
        secrets=("1883",),
    ),
)
