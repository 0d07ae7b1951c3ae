"""Rows that contradict each other, belong to nobody or stand twice."""

from __future__ import annotations

import pandas as pd

from naturalistic.errors import ExtractError
from tests.workflow.broken_inputs.extract import Case, Extract, after

STRANGER = "CANARY-4711"


def _put(file: str, column: str, rows: object, value: object):
    def change(extract: Extract) -> None:
        extract.set(file, column, rows, value)

    return change


def _again(file: str, row: int, **cells: str):
    def change(extract: Extract) -> None:
        frame = extract.files[file]
        copy = frame.iloc[[row]].assign(**cells)
        extract.files[file] = pd.concat([frame, copy], ignore_index=True)

    return change


def _only_by_person(extract: Extract) -> None:
    """Sessions name the person, who has two referrals at the same time."""
    del extract.columns("sessions")["referral_id"]
    _again("referrals", 2, ref="R900", received=after(2, 20))(extract)


def _two_services(extract: Extract) -> None:
    extract.set("referrals", "therapist", [0, 1], "T99")


def _second_referral(extract: Extract) -> None:
    _again("referrals", 2, ref="R900", received=after(2, 30), accepted=after(2, 31))(extract)
    extract.set("referrals", "first_seen", 30, after(2, 40))


CASES = (
    Case(
        "a person without an id",
        "patient_id_missing",
        "patients",
        "",
        1,
        _put("patients", "pid", 3, ""),
        numbers=(5,),
        also=("referral_without_patient", "referral_set_aside"),
    ),
    Case(
        "an id in other capitals",
        "ids_alike",
        "patients",
        "patient_id",
        2,
        _again("patients", 3, pid="p003"),
        numbers=(5, 32),
        secrets=("p003",),
        also=("patient_without_referral", "age_without_referral_date"),
    ),
    Case(
        "a person twice",
        "patient_repeated",
        "patients",
        "",
        1,
        _again("patients", 3),
        numbers=(32,),
    ),
    Case(
        "a person twice, with another gender",
        "patient_conflict",
        "patients",
        "gender",
        2,
        _again("patients", 3, sex="F"),
        numbers=(5, 32),
        also=("patient_repeated",),
    ),
    Case(
        "born after the referral",
        "born_after_referral",
        "patients",
        "age",
        1,
        _put("patients", "born", 9, "17/05/2023"),
        numbers=(11,),
        secrets=("17/05/2023",),
    ),
    Case(
        "a person without a referral",
        "patient_without_referral",
        "patients",
        "",
        1,
        _again("patients", 3, pid=STRANGER),
        numbers=(32,),
        secrets=(STRANGER,),
    ),
    Case(
        "a referral without an id",
        "referral_id_missing",
        "referrals",
        "",
        1,
        _put("referrals", "ref", 8, ""),
        numbers=(10,),
        also=("patient_without_referral", "session_orphan", "form_orphan", "rating_orphan"),
    ),
    Case(
        "a referral of somebody unknown",
        "referral_without_patient",
        "referrals",
        "",
        1,
        _put("referrals", "pid", 8, STRANGER),
        numbers=(10,),
        secrets=(STRANGER,),
        also=("patient_without_referral", "referral_of_another_person", "referral_set_aside"),
    ),
    Case(
        "referrals with other ids than the patients",
        "most_referrals_without_patient",
        "referrals",
        "patient_id",
        30,
        _put("referrals", "pid", slice(None), [f"X{i}" for i in range(30)]),
        ExtractError,
        also=("referral_of_another_person", "referral_set_aside"),
    ),
    Case(
        "two people with one referral",
        "referral_of_two_people",
        "referrals",
        "",
        2,
        _put("referrals", "ref", 1, "R000"),
        ExtractError,
        numbers=(2, 3),
        also=(
            "referral_repeated",
            "referral_conflict",
            "referral_of_another_person",
            "referral_set_aside",
            "session_orphan",
            "form_orphan",
            "rating_orphan",
        ),
    ),
    Case(
        "a referral twice",
        "referral_repeated",
        "referrals",
        "",
        1,
        _again("referrals", 4),
        numbers=(32,),
    ),
    Case(
        "a referral twice, with another ending",
        "referral_conflict",
        "referrals",
        "ending",
        2,
        _again("referrals", 4, ending="1"),
        numbers=(6, 32),
        also=("referral_repeated", "discharge_without_ending"),
    ),
    Case(
        "a referral after the data cut",
        "referral_after_data_cut",
        "referrals",
        "",
        1,
        _again("referrals", 4, ref="R900", received="05/02/2024", discharged=""),
        numbers=(32,),
        secrets=("2024",),
    ),
    Case(
        "discharged before referred",
        "discharge_before_referral",
        "referrals",
        "discharge_date",
        1,
        _put("referrals", "discharged", 5, "01/12/2022"),
        numbers=(7,),
        secrets=("2022",),
        also=("ending_without_discharge",),
    ),
    Case(
        "last seen before first seen",
        "last_session_before_first",
        "referrals",
        "last_session_date",
        1,
        _put("referrals", "last_seen", 5, after(5, 9)),
        numbers=(7,),
    ),
    Case(
        "accepted before received",
        "step_before_referral",
        "referrals",
        "accepted_date",
        1,
        _put("referrals", "accepted", 5, "01/12/2022"),
        numbers=(7,),
    ),
    Case(
        "last seen after discharge",
        "step_after_discharge",
        "referrals",
        "last_session_date",
        1,
        _put("referrals", "last_seen", 5, after(5, 95)),
        numbers=(7,),
    ),
    Case(
        "discharged without an ending",
        "discharge_without_ending",
        "referrals",
        "ending",
        1,
        _put("referrals", "ending", 5, ""),
        numbers=(7,),
    ),
    Case(
        "an ending without a discharge",
        "ending_without_discharge",
        "referrals",
        "discharge_date",
        1,
        _put("referrals", "discharged", 5, ""),
        numbers=(7,),
    ),
    Case(
        "two referrals at once",
        "referrals_overlap",
        "referrals",
        "",
        1,
        _second_referral,
        numbers=(32,),
    ),
    Case(
        "a therapist in two services",
        "therapist_in_two_services",
        "referrals",
        "therapist_id",
        2,
        _two_services,
        numbers=(2, 3),
    ),
    Case(
        "a session of an unknown referral",
        "session_orphan",
        "sessions",
        "",
        1,
        _put("sessions", "ref", 11, STRANGER),
        numbers=(13,),
        secrets=(STRANGER,),
    ),
    Case(
        "sessions with other ids than the referrals",
        "most_sessions_orphan",
        "sessions",
        "",
        121,
        _put("sessions", "ref", slice(0, 120), [f"Z{i}" for i in range(121)]),
        ExtractError,
    ),
    Case(
        "a session of another person's referral",
        "referral_of_another_person",
        "sessions",
        "",
        1,
        _put("sessions", "pid", 11, "P020"),
        numbers=(13,),
        secrets=("P020",),
    ),
    Case(
        "sessions by person, two referrals at once",
        "referral_ambiguous",
        "sessions",
        "",
        6,
        _only_by_person,
        numbers=(20, 21, 22, 23, 24, 25),
        also=("referrals_overlap", "step_before_referral"),
    ),
    Case(
        "what belongs to a referral set aside",
        "referral_set_aside",
        "sessions",
        "",
        8,
        _put("referrals", "received", 4, "05/02/2024"),
        also=("referral_after_data_cut", "patient_without_referral"),
    ),
    Case(
        "a session without a date",
        "session_without_date",
        "sessions",
        "date",
        1,
        _put("sessions", "day", 11, ""),
        numbers=(13,),
    ),
    Case(
        "a booking in the future",
        "session_after_data_cut",
        "sessions",
        "date",
        1,
        _put("sessions", "day", 11, "05/02/2024"),
        numbers=(13,),
        secrets=("2024",),
    ),
    Case(
        "a session long before the referral",
        "session_before_referral",
        "sessions",
        "date",
        1,
        _put("sessions", "day", 11, after(1, -32)),
        numbers=(13,),
    ),
    Case(
        "a session shortly before the referral",
        "session_shortly_before_referral",
        "sessions",
        "date",
        1,
        _put("sessions", "day", 11, after(1, -31)),
        numbers=(13,),
    ),
    Case(
        "a session after discharge",
        "session_after_discharge",
        "sessions",
        "date",
        1,
        _put("sessions", "day", 11, after(1, 91)),
        numbers=(13,),
    ),
    Case(
        "a session twice",
        "session_repeated",
        "sessions",
        "",
        1,
        _again("sessions", 11),
        numbers=(242,),
    ),
    Case(
        "two sessions attended on one day",
        "two_sessions_attended_same_day",
        "sessions",
        "",
        2,
        _again("sessions", 11, minutes="20"),
        numbers=(13, 242),
    ),
    Case(
        "a session without attendance",
        "attendance_missing",
        "sessions",
        "attendance",
        1,
        _put("sessions", "seen", 11, ""),
        numbers=(13,),
    ),
    Case(
        "a session of an unknown kind",
        "contact_type_missing",
        "sessions",
        "contact_type",
        1,
        _put("sessions", "type", 11, ""),
        numbers=(13,),
    ),
)
