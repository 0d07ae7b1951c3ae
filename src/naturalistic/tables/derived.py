"""The derived tables: scores, episodes, outcomes."""

from __future__ import annotations

from naturalistic.tables.cohort import PATIENT_ID, REFERRAL_ID, THERAPIST_ID
from naturalistic.tables.schema import Column, Table
from naturalistic.vocabulary import CHANGE_CATEGORIES, ENDINGS, OCCASIONS, WHY_NOT_PAIRED

YES_NO = ("yes", "no")

SCORES = Table(
    "scores",
    "one row a scored scale of a completed form",
    ("form_id", "scale"),
    (
        Column("form_id", "id", "Form.", required=True),
        REFERRAL_ID,
        Column("instrument", "category", "Key of the instrument file.", required=True),
        Column("scale", "category", "Scale of the instrument.", required=True),
        Column("date", "date", "Date of completion."),
        Column("occasion", "category", "When it was completed.", levels=tuple(OCCASIONS)),
        Column("session_number", "integer", "Attended session it belongs to.", unit="sessions"),
        Column("n_items_missing", "integer", "Items left empty.", unit="items"),
        Column("score", "number", "Score in the unit of the instrument; missing if not scorable."),
    ),
)

EPISODES = Table(
    "episodes",
    "one row a course of therapy (a referral) with what became of it",
    ("referral_id",),
    (
        REFERRAL_ID,
        PATIENT_ID,
        Column("episode_number", "integer", "1 = the person's first referral.", required=True),
        Column(
            "counts",
            "category",
            "The episode that the settings count.",
            levels=YES_NO,
            required=True,
        ),
        THERAPIST_ID,
        Column("n_therapists", "integer", "Therapists who saw the person.", unit="therapists"),
        *(
            Column(name, "date", meaning)
            for name, meaning in (
                ("received_date", "Referral received."),
                ("assessment_date", "First assessment attended."),
                ("first_session_date", "First attended treatment session."),
                ("last_session_date", "Last attended treatment session."),
                ("last_contact_date", "Last contact of any kind, attended or not."),
                ("end_date", "Day observation ends: discharge, last contact or data cut."),
            )
        ),
        Column("year", "integer", "Calendar year of the referral; missing with relative dates."),
        Column("assessed", "category", "Assessed.", levels=YES_NO, required=True),
        Column(
            "started",
            "category",
            "At least one attended treatment session.",
            levels=YES_NO,
            required=True,
        ),
        Column(
            "ending", "category", "How it ended, or open.", levels=tuple(ENDINGS), required=True
        ),
        Column("sessions_booked", "integer", "Treatment sessions booked.", unit="sessions"),
        Column("sessions_attended", "integer", "Treatment sessions attended.", unit="sessions"),
        Column("did_not_attend", "integer", "Missed without notice.", unit="sessions"),
        Column("cancelled_by_patient", "integer", "Cancelled by the patient.", unit="sessions"),
        Column("cancelled_by_service", "integer", "Cancelled by the service.", unit="sessions"),
        Column("arrived_too_late", "integer", "Arrived too late to be seen.", unit="sessions"),
        Column(
            "last_booking_attended",
            "category",
            "The last booked session took place.",
            levels=YES_NO,
        ),
        Column("weeks_observed", "number", "Weeks from first session to end_date.", unit="weeks"),
        Column("wait_to_assessment", "integer", "Referral to assessment.", unit="days"),
        Column("wait_to_first_session", "integer", "Referral to first session.", unit="days"),
        *(
            Column(
                f"dropout_{name}",
                "category",
                meaning,
                levels=("dropout", "other_end", "open", "unknown"),
            )
            for name, meaning in (
                ("unplanned_ending", "Dropout as coded by the clinician."),
                ("before_agreed_end", "Dropout as ending before the agreed end."),
                ("last_session_missed", "Dropout as leaving without the last booked session."),
                ("lost_contact", "Dropout as loss of contact."),
                ("fewer_than_k_sessions", "Dropout as fewer than k sessions."),
            )
        ),
        *(
            Column(name, "category", f"As in the referral: {name}.")
            for name in (
                "service",
                "team",
                "referral_source",
                "problem",
                "severity",
                "therapy_model",
                "format",
                "step",
            )
        ),
    ),
)

OUTCOMES = Table(
    "outcomes",
    "one row an episode and scale: its first and last form",
    ("referral_id", "instrument", "scale"),
    (
        REFERRAL_ID,
        PATIENT_ID,
        Column("instrument", "category", "Key of the instrument file.", required=True),
        Column("scale", "category", "Scale of the instrument.", required=True),
        Column("first_score", "number", "First usable score inside the window."),
        Column("last_score", "number", "Last usable score by the rule of the settings."),
        Column("first_date", "date", "Date of the first form."),
        Column("last_date", "date", "Date of the last form."),
        Column("n_scores", "integer", "Usable scores in the episode.", unit="forms"),
        Column(
            "pairing",
            "category",
            "Paired, or why not.",
            levels=tuple(WHY_NOT_PAIRED),
            required=True,
        ),
        Column("case_at_start", "category", "First score on the clinical side.", levels=YES_NO),
        Column(
            "change_category",
            "category",
            "Reliable and clinically significant change (Jacobson and Truax).",
            levels=tuple(CHANGE_CATEGORIES),
        ),
    ),
)

INTAKE = Table(
    "intake",
    "one row a step of reading the extract",
    (),
    (
        Column("step", "text", "What was done.", required=True),
        Column("table", "text", "Canonical table.", required=True),
        Column("rows_in", "integer", "Rows before.", unit="rows"),
        Column("rows_out", "integer", "Rows after.", unit="rows"),
        Column("reason", "text", "Why rows left."),
        Column("count", "integer", "Rows that left for this reason.", unit="rows"),
    ),
)

DERIVED_TABLES = {t.name: t for t in (SCORES, EPISODES, OUTCOMES)}
