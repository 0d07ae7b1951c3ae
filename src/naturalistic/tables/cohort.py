"""The canonical cohort tables: the target of every mapping and adapter."""

from __future__ import annotations

from naturalistic.tables.schema import Column, Table
from naturalistic.vocabulary import (
    ATTENDANCE,
    CHARACTERISTICS,
    CONTACT_TYPES,
    ENDINGS,
    FORMATS,
    OCCASIONS,
    TIMES_OF_DAY,
)


def _person(name: str, unlocks: str = "Who was treated; predictors; equity") -> Column:
    characteristic = CHARACTERISTICS[name]
    return Column(
        name,
        "category",
        characteristic.label + ".",
        levels=tuple(characteristic.levels),
        unlocks=unlocks,
    )


PATIENT_ID = Column(
    "patient_id",
    "id",
    "Pseudonymous person (a keyed hash; the key stays in private/).",
    required=True,
)
REFERRAL_ID = Column("referral_id", "id", "Pseudonymous referral.", required=True)
THERAPIST_ID = Column(
    "therapist_id", "id", "Pseudonymous therapist.", unlocks="Therapist effects; right intervals"
)

PATIENTS = Table(
    "patients",
    "one row a person",
    ("patient_id",),
    (
        PATIENT_ID,
        Column(
            "age",
            "number",
            "Age at first referral.",
            unit="years",
            minimum=0,
            maximum=120,
            unlocks="Who was treated; predictors; equity",
        ),
        *(
            _person(name)
            for name in (
                "age_band",
                "gender",
                "ethnicity",
                "relationship_status",
                "living_arrangement",
                "employment",
                "benefits",
                "education",
            )
        ),
        Column(
            "deprivation_decile",
            "integer",
            "Decile of the index of multiple deprivation of the place of residence, 1 = most deprived.",
            unit="decile",
            minimum=1,
            maximum=10,
            unlocks="Equity",
        ),
        *(
            _person(name)
            for name in (
                "long_term_condition",
                "disability",
                "medication",
                "prior_treatment",
                "sexual_orientation",
                "religion",
                "area",
            )
        ),
    ),
)

REFERRALS = Table(
    "referrals",
    "one row a referral",
    ("referral_id",),
    (
        REFERRAL_ID,
        PATIENT_ID,
        Column("service", "category", "Service that held the referral.", unlocks="Service effects"),
        Column("team", "category", "Team within the service."),
        Column("referral_source", "category", "Who referred.", unlocks="Access"),
        Column("received_date", "date", "Referral received.", unlocks="Flow; waits; years"),
        Column("accepted_date", "date", "Referral accepted.", unlocks="Flow"),
        Column("assessment_date", "date", "First assessment attended.", unlocks="Flow; waits"),
        Column(
            "first_session_date",
            "date",
            "First attended treatment session, where sessions are not held one by one.",
            unlocks="Who started; dropout",
        ),
        Column(
            "last_session_date",
            "date",
            "Last attended treatment session, where sessions are not held one by one.",
            unlocks="Dropout",
        ),
        Column("discharge_date", "date", "Referral closed.", unlocks="Dropout; length of therapy"),
        Column(
            "ending",
            "category",
            "How therapy ended; missing while open.",
            levels=tuple(key for key in ENDINGS if key != "open"),
            unlocks="Dropout; completers",
        ),
        Column("ending_detail", "category", "The service's own word for the ending."),
        Column(
            "agreed_sessions",
            "integer",
            "Number of sessions agreed at the start.",
            unit="sessions",
            minimum=1,
            unlocks="Dropout before the agreed end",
        ),
        Column(
            "agreed_days",
            "integer",
            "Length of therapy agreed at the start.",
            unit="days",
            minimum=1,
            unlocks="Dropout before the agreed end",
        ),
        Column(
            "sessions_attended",
            "integer",
            "Treatment sessions attended, where sessions are not held one by one.",
            unit="sessions",
            minimum=0,
            unlocks="Attendance",
        ),
        Column(
            "sessions_missed",
            "integer",
            "Sessions missed on the patient's side, where sessions are not held one by one.",
            unit="sessions",
            minimum=0,
            unlocks="Attendance",
        ),
        Column("problem", "category", "Main problem or diagnosis.", unlocks="NICE; case-mix"),
        Column("severity", "category", "Severity grade or care cluster."),
        THERAPIST_ID,
        Column("therapy_model", "category", "Therapy delivered.", unlocks="NICE"),
        Column("format", "category", "Format of the therapy.", levels=tuple(FORMATS)),
        Column("step", "category", "Step of stepped care."),
    ),
)

SESSIONS = Table(
    "sessions",
    "one row a booked contact",
    (),
    (
        REFERRAL_ID,
        Column("date", "date", "Date of the contact.", required=True),
        Column(
            "contact_type",
            "category",
            "What the contact was for; treatment unless mapped.",
            levels=tuple(CONTACT_TYPES),
            required=True,
        ),
        Column(
            "attendance",
            "category",
            "Whether it took place, and if not, whose side.",
            levels=tuple(ATTENDANCE),
            unlocks="Attendance; dropout",
        ),
        THERAPIST_ID,
        Column("mode", "category", "Face to face, telephone, video ..."),
        Column(
            "time_of_day",
            "category",
            "Part of the day of the appointment; clock times are read, and only the part of the day is kept.",
            levels=tuple(TIMES_OF_DAY),
            unlocks="Attendance by time of day",
        ),
        Column(
            "duration", "number", "Length of the contact.", unit="minutes", minimum=0, maximum=600
        ),
    ),
)

QUESTIONNAIRES = Table(
    "questionnaires",
    "one row an item or a scale of a completed form",
    ("form_id", "scale", "item"),
    (
        Column("form_id", "id", "Form: one completion of one instrument.", required=True),
        REFERRAL_ID,
        Column("instrument", "category", "Key of the instrument file.", required=True),
        Column("date", "date", "Date of completion.", unlocks="Which form is first and last"),
        Column(
            "occasion",
            "category",
            "When it was completed, where that is recorded.",
            levels=tuple(OCCASIONS),
            unlocks="Which form is first and last",
        ),
        Column(
            "session_number",
            "integer",
            "Number of the attended session the form belongs to.",
            unit="sessions",
            minimum=0,
        ),
        Column(
            "scale", "category", "Scale of the instrument (total, a domain); empty for an item."
        ),
        Column("item", "integer", "Number of the item; empty for a scale score.", minimum=1),
        Column("value", "number", "Answer to the item, or the scale score.", required=True),
    ),
)

RATINGS = Table(
    "ratings",
    "one row a therapist rating at a time point",
    ("referral_id", "kind", "subject", "occasion"),
    (
        REFERRAL_ID,
        Column(
            "kind",
            "category",
            "Problem severity or risk.",
            levels=("problem", "risk"),
            required=True,
        ),
        Column("subject", "category", "Which problem, or which risk.", required=True),
        Column("occasion", "category", "When it was rated.", levels=("pre", "end"), required=True),
        Column("date", "date", "Date of the rating."),
        Column(
            "value",
            "integer",
            "0 absent, 1 minimal, 2 mild, 3 moderate, 4 severe.",
            minimum=0,
            maximum=4,
            required=True,
        ),
    ),
)

COHORT_TABLES = {t.name: t for t in (PATIENTS, REFERRALS, SESSIONS, QUESTIONNAIRES, RATINGS)}
