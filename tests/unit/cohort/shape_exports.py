"""One synthetic cohort as exports of the usual shapes, and the tables that a faultless reading of each gives.

An export holds what its shape can hold: the tables are those of the cohort itself, cut down to that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from naturalistic.cohort.conforming import conform
from naturalistic.cohort.episodes import derive_episodes
from naturalistic.cohort.outcomes import derive_outcomes
from naturalistic.cohort.pseudonyms import Pseudonyms, combine
from naturalistic.cohort.scoring import score_questionnaires
from naturalistic.cohort.synthetic import make_cohort
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.tables.cohort import COHORT_TABLES

KEY = b"k" * 32
INSTRUMENTS = load_instruments()
Tables = dict[str, pd.DataFrame]

GENDER = {"female": "F", "male": "M", "other_gender": "Non-binary"}
ETHNICITY = {
    "white": "White British",
    "asian": "Asian Indian",
    "black": "Black African",
    "mixed": "Mixed other",
    "other_ethnicity": "Other",
}
EMPLOYMENT = {
    "employed": "Employed",
    "unemployed": "Unemployed",
    "long_term_sick_or_disabled": "Long-term sick or disabled",
    "student": "Student",
    "homemaker_or_carer": "Homemaker or carer",
    "retired": "Retired",
    "other_employment": "Other",
}
ENDING = {
    "planned_ending": "Completed treatment",
    "unplanned_ending": "Dropped out",
    "referred_on": "Referred on",
    "service_ended": "Service ended therapy",
    "died": "Died",
    "other_ending": "Other reason",
}
ATTENDANCE = {
    "attended": "Attended",
    "attended_late": "Late but seen",
    "did_not_attend": "DNA",
    "cancelled_by_patient": "Cancelled by client",
    "cancelled_by_service": "Cancelled by service",
    "arrived_too_late": "Arrived too late, not seen",
}
CONTACT = {"assessment": "Assessment", "treatment": "Therapy session"}
PEOPLE = ("age", "gender", "ethnicity", "employment")
STEPS = ("received_date", "accepted_date", "assessment_date", "discharge_date")


@dataclass(frozen=True)
class Export:
    """Files of one shape, and what they stand for.

    Attributes
    ----------
    template : str
        The template of this shape.
    files : dict of str to DataFrame
        File name -> rows.
    tables : dict of str to DataFrame
        Canonical tables with the ids that `KEY` makes of the ids in the files.
    data_cut : date
    """

    template: str
    files: dict[str, pd.DataFrame]
    tables: Tables
    data_cut: date


def analysis_tables(tables: Tables, data_cut: date) -> Tables:
    """Scores, episodes and outcomes, in an order that does not depend on that of the rows."""
    settings = AnalysisSettings()
    scores = score_questionnaires(tables["questionnaires"], INSTRUMENTS)
    three = (tables[name] for name in ("patients", "referrals", "sessions"))
    episodes = derive_episodes(*three, data_cut, settings)  # type: ignore[misc]  # three tables
    outcomes = derive_outcomes(scores, episodes, INSTRUMENTS, settings, tables["patients"])
    found = {"scores": scores, "episodes": episodes, "outcomes": outcomes}
    return {name: in_order(frame) for name, frame in found.items()}


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the numbers of forms, which a shape need not have, sorted by everything."""
    plain = frame.drop(columns=[c for c in ("form_id",) if c in frame])
    text = plain.astype("object").where(plain.notna(), None).astype(str)
    order = text.sort_values(list(text)).index
    return plain.loc[order].reset_index(drop=True)


def _cohort(preset: str, n: int) -> tuple[Tables, date]:
    cohort = make_cohort(preset, 11, n=n)
    cut = cohort.simulation.model.pathway.data_cut
    tables = {name: frame.copy() for name, frame in cohort.tables().items()}
    return tables, cut


def _ids(frame: pd.DataFrame, column: str, letter: str) -> np.ndarray:
    """Ids as they stand in a file; None where missing."""
    return np.array(
        [None if pd.isna(i) else f"{letter}{int(i):05d}" for i in frame[column]], object
    )


_LETTERS = {"patient_id": "C", "referral_id": "R", "therapist_id": "T", "form_id": "F"}


def _with_pseudonyms(
    tables: Tables, *, own_referrals: bool, letter_of_referrals: str = "R"
) -> Tables:
    """Ids as reading makes them; without ids of referrals from the person and the day of the referral."""
    made = Pseudonyms(KEY)
    found = {name: frame.copy() for name, frame in tables.items()}
    letters = {**_LETTERS, "referral_id": letter_of_referrals}
    for frame in found.values():
        for column, letter in letters.items():
            if column in frame:
                ids = made.of(column.removesuffix("_id"), _ids(frame, column, letter))
                frame[column] = pd.array(np.where(ids == 0, None, ids), dtype="Int64")
    if not own_referrals:
        referrals = found["referrals"]
        days = referrals["received_date"].to_numpy().astype("datetime64[D]").view(np.int64)
        people = referrals["patient_id"].to_numpy(dtype=np.int64)
        by_number = dict(zip(referrals["referral_id"], combine(people, days), strict=True))
        for frame in found.values():
            if "referral_id" in frame:
                frame["referral_id"] = frame["referral_id"].map(by_number)
    return {name: conform(name, frame) for name, frame in found.items()}


def _one_number(tables: Tables) -> Tables:
    """Every referral under the number of its person, as in a record with one referral."""
    person = tables["referrals"].set_index("referral_id")["patient_id"]
    return {
        name: frame.assign(referral_id=frame["referral_id"].map(person))
        if "referral_id" in frame
        else frame
        for name, frame in tables.items()
    }


def _cut_down(tables: Tables, people: tuple[str, ...], referrals: tuple[str, ...]) -> Tables:
    """Tables with some columns only; the others empty."""
    kept = {
        "patients": ("patient_id", *people),
        "referrals": ("referral_id", "patient_id", *referrals),
    }
    return {
        name: frame[list(kept[name])] if name in kept else frame for name, frame in tables.items()
    }


def _of_referrals(tables: Tables, referrals: pd.Series) -> Tables:
    """Everything that belongs to some referrals."""
    found = {
        name: frame[frame["referral_id"].isin(referrals)].reset_index(drop=True)
        for name, frame in tables.items()
        if name != "patients"
    }
    people = found["referrals"]["patient_id"]
    patients = tables["patients"]
    found["patients"] = patients[patients["patient_id"].isin(people)].reset_index(drop=True)
    return found


def _uk(days: pd.Series) -> pd.Series:
    return days.dt.strftime("%d/%m/%Y").fillna("")


def _iso(days: pd.Series) -> pd.Series:
    return days.dt.strftime("%Y-%m-%d").fillna("")


def _worded(column: pd.Series, words: dict[str, str]) -> pd.Series:
    return column.astype("object").map(words).fillna("")


def _people(tables: Tables) -> pd.DataFrame:
    """One row a referral with its person, as text."""
    joined = tables["referrals"].merge(
        tables["patients"], on="patient_id", suffixes=("", "_of_person")
    )
    joined = joined.sort_values("referral_id").reset_index(drop=True)
    return joined.assign(
        age=joined["age"].astype("Int64"),
        gender=_worded(joined["gender"], GENDER),
        ethnicity=_worded(joined["ethnicity"], ETHNICITY),
        employment=_worded(joined["employment"], EMPLOYMENT),
        ending=_worded(joined["ending"], ENDING),
        patient=_ids(joined, "patient_id", "C"),
        referral=_ids(joined, "referral_id", "R"),
    )


def one_row_a_person() -> Export:
    """One row a client: items before and after therapy in columns, sessions only counted."""
    tables, cut = _cohort("hirschfeld", 160)
    first = tables["referrals"].drop_duplicates("patient_id")["referral_id"]
    tables = _of_referrals(tables, first)
    forms = tables["questionnaires"]
    forms = forms[forms["occasion"].isin(["pre", "end"])].assign(date=pd.NaT)
    sessions = tables["sessions"]
    treated = sessions[sessions["contact_type"] == "treatment"]
    seen = treated[treated["attendance"].isin(["attended", "attended_late"])]
    missed = treated[
        treated["attendance"].isin(["did_not_attend", "cancelled_by_patient", "arrived_too_late"])
    ]
    referrals = tables["referrals"]
    own = referrals["referral_id"]
    referrals = referrals.assign(
        first_session_date=own.map(seen.groupby("referral_id")["date"].min()),
        last_session_date=own.map(seen.groupby("referral_id")["date"].max()),
        sessions_attended=own.map(seen.groupby("referral_id").size()).fillna(0).astype("Int32"),
        sessions_missed=own.map(missed.groupby("referral_id").size()).fillna(0).astype("Int32"),
    )
    counted = ("first_session_date", "last_session_date", "sessions_attended", "sessions_missed")
    tables = _cut_down(
        {**tables, "referrals": referrals, "questionnaires": forms},
        PEOPLE,
        (*STEPS, *counted, "agreed_sessions", "ending", "problem", "therapy_model"),
    )
    tables["sessions"] = tables["sessions"].head(0)
    tables["ratings"] = tables["ratings"].head(0)
    rows = _people(tables)
    file = pd.DataFrame(
        {
            "ClientID": rows["patient"],
            "Age": rows["age"],
            "Gender": rows["gender"],
            "EthnicOrigin": rows["ethnicity"],
            "Employment": rows["employment"],
            "RefDate": _uk(rows["received_date"]),
            "AcceptedDate": _uk(rows["accepted_date"]),
            "FirstAssDate": _uk(rows["assessment_date"]),
            "DateTherapyStarted": _uk(rows["first_session_date"]),
            "DateTherapyEnded": _uk(rows["last_session_date"]),
            "DischargeDate": _uk(rows["discharge_date"]),
            "SessionsPlanned": rows["agreed_sessions"],
            "SessionsAttended": rows["sessions_attended"],
            "SessionsUnattended": rows["sessions_missed"],
            "MainProblem": rows["problem"],
            "TypeOfTherapy": rows["therapy_model"],
            "TherapyEnding": rows["ending"],
        }
    )
    for occasion, name in (("pre", "Pre"), ("end", "Post")):
        wide = _items_wide(forms[forms["occasion"] == occasion]).reindex(rows["referral_id"])
        for item in range(1, 35):
            file[f"{name}CORE_{item:02d}"] = wide[item].to_numpy()
    made = _with_pseudonyms(tables, own_referrals=False)
    return Export("one_row_a_person", {"clients.csv": file}, made, cut)


def _items_wide(forms: pd.DataFrame) -> pd.DataFrame:
    wide = forms.pivot(index="referral_id", columns="item", values="value")
    return wide.reindex(columns=range(1, 35)).astype("Int64")


def _session_rows(n: int) -> tuple[Tables, date]:
    """Short therapies: referrals with sessions, and the forms filled in at them."""
    tables, cut = _cohort("talking_therapies", n)
    tables = _of_referrals(tables, tables["sessions"]["referral_id"])
    sessions, forms = tables["sessions"], tables["questionnaires"]
    seen = sessions[sessions["attendance"].isin(["attended", "attended_late"])]
    at_one = forms.merge(seen[["referral_id", "date"]], on=["referral_id", "date"], how="inner")
    tables["questionnaires"] = at_one.drop_duplicates(["referral_id", "instrument", "date"])
    return tables, cut


def _scores_of_the_day(tables: Tables) -> pd.DataFrame:
    """Both totals and the number of the session, by referral and day."""
    forms = tables["questionnaires"]
    wide = forms.pivot(index=["referral_id", "date"], columns="instrument", values="value")
    number = forms.groupby(["referral_id", "date"])["session_number"].max()
    return wide.astype("Int64").assign(session_number=number.astype("Int64")).reset_index()


def one_row_a_session() -> Export:
    """One row a booked appointment, with person, referral and the scores of the day on every row."""
    tables, cut = _session_rows(150)
    tables = _cut_down(tables, PEOPLE, (*STEPS, "ending"))
    tables["sessions"] = tables["sessions"][
        ["referral_id", "date", "contact_type", "attendance", "therapist_id", "duration"]
    ]
    tables["questionnaires"] = tables["questionnaires"].assign(occasion=None)
    rows = tables["sessions"].merge(_people(tables), on="referral_id", suffixes=("", "_lead"))
    scores = _scores_of_the_day(tables)
    rows = rows.merge(scores, on=["referral_id", "date"], how="left")
    seen = rows["attendance"].isin(["attended", "attended_late"])
    rows.loc[~seen, ["phq_9", "gad_7", "session_number"]] = pd.NA
    file = pd.DataFrame(
        {
            "case_number": rows["patient"],
            "age": rows["age"],
            "gender": rows["gender"],
            "ethnicity": rows["ethnicity"],
            "employment_status": rows["employment"],
            "referral_received": _uk(rows["received_date"]),
            "referral_accepted": _uk(rows["accepted_date"]),
            "assessment_date": _uk(rows["assessment_date"]),
            "discharge_date": _uk(rows["discharge_date"]),
            "discharge_reason": rows["ending"],
            "appointment_date": _uk(rows["date"]),
            "appointment_type": _worded(rows["contact_type"], CONTACT),
            "appointment_status": _worded(rows["attendance"], ATTENDANCE),
            "staff_id": _ids(rows, "therapist_id", "T"),
            "duration_minutes": rows["duration"].astype("Int64"),
            "session_no": rows["session_number"],
            "phq9": rows["phq_9"],
            "gad7": rows["gad_7"],
        }
    )
    made = _with_pseudonyms(tables, own_referrals=False)
    return Export("one_row_a_session", {"appointments.csv": file}, made, cut)


def one_row_a_form() -> Export:
    """Referrals in one file, in another one row a completed form with its items in columns."""
    tables, cut = _cohort("hirschfeld", 160)
    tables = _cut_down(tables, PEOPLE, (*STEPS, "ending", "therapy_model"))
    tables["sessions"] = tables["sessions"].head(0)
    tables["ratings"] = tables["ratings"].head(0)
    tables["questionnaires"] = tables["questionnaires"].assign(session_number=pd.NA)
    rows = _people(tables)
    clients = pd.DataFrame(
        {
            "CaseRef": rows["referral"],
            "LocalPatientIdentifier": rows["patient"],
            "AgeAtReferral": rows["age"],
            "Gender": rows["gender"],
            "Ethnicity": rows["ethnicity"],
            "EmploymentStatus": rows["employment"],
            "ReferralReceivedDate": _uk(rows["received_date"]),
            "ReferralAcceptedDate": _uk(rows["accepted_date"]),
            "AssessmentDate": _uk(rows["assessment_date"]),
            "DischargeDate": _uk(rows["discharge_date"]),
            "DischargeReason": rows["ending"],
            "TherapyModel": rows["therapy_model"],
        }
    )
    clients = clients.rename(columns={"CaseRef": "ReferralID"})
    forms = tables["questionnaires"]
    stages = {
        "assessment": "Assessment",
        "pre": "Start of therapy",
        "session": "During therapy",
        "end": "End of therapy",
        "follow_up": "Follow-up",
    }
    keys = ["form_id", "referral_id", "date", "occasion"]
    wide = forms.assign(occasion=forms["occasion"].astype("object")).pivot(
        index=keys, columns="item", values="value"
    )
    wide = wide.reindex(columns=range(1, 35)).astype("Int64")
    wide.columns = [f"Q{i}" for i in wide.columns]
    wide = wide.reset_index()
    held = pd.DataFrame(
        {
            "ReferralID": _ids(wide, "referral_id", "R"),
            "FormDate": _uk(wide["date"]),
            "Stage": wide["occasion"].map(stages),
        }
    )
    held = pd.concat([held, wide[[f"Q{i}" for i in range(1, 35)]]], axis=1)
    made = _with_pseudonyms(tables, own_referrals=True)
    files = {"referrals.csv": clients, "core_om_items.csv": held}
    return Export("one_row_a_form", files, made, cut)


def one_row_an_answer() -> Export:
    """People and referrals in one file, in another one row an answer."""
    wide = one_row_a_form()
    items = wide.files["core_om_items.csv"]
    long = items.melt(
        id_vars=["ReferralID", "FormDate", "Stage"], var_name="QuestionNo", value_name="Response"
    ).dropna(subset=["Response"])
    long = long.assign(
        QuestionNo=long["QuestionNo"].str.removeprefix("Q").astype(int), Questionnaire="CORE-OM"
    )
    long = long.sort_values(["ReferralID", "FormDate", "Stage", "QuestionNo"])
    files = {"referrals.csv": wide.files["referrals.csv"], "answers.csv": long}
    return Export("one_row_an_answer", files, wide.tables, wide.data_cut)


def separate_tables() -> Export:
    """Episodes, contacts and scores in files of their own, linked by the number of the referral."""
    tables, cut = _cohort("talking_therapies", 150)
    tables = _cut_down(tables, PEOPLE, (*STEPS, "ending", "problem", "therapy_model"))
    tables["questionnaires"] = tables["questionnaires"].assign(occasion=None, session_number=pd.NA)
    rows = _people(tables)
    episodes = pd.DataFrame(
        {
            "EpisodeKey": rows["referral"],
            "ClientKey": rows["patient"],
            "AgeAtReferral": rows["age"],
            "Gender": rows["gender"],
            "Ethnicity": rows["ethnicity"],
            "EmploymentStatus": rows["employment"],
            "EpisodeStart": _uk(rows["received_date"]),
            "ReferralAccepted": _uk(rows["accepted_date"]),
            "AssessmentDate": _uk(rows["assessment_date"]),
            "EpisodeEnd": _uk(rows["discharge_date"]),
            "ClosureReason": rows["ending"],
            "PresentingProblem": rows["problem"],
            "Intervention": rows["therapy_model"],
        }
    )
    held = tables["sessions"]
    contacts = pd.DataFrame(
        {
            "EpisodeKey": _ids(held, "referral_id", "R"),
            "ContactDate": _uk(held["date"]),
            "ContactType": _worded(held["contact_type"], CONTACT),
            "AttendanceStatus": _worded(held["attendance"], ATTENDANCE),
            "TherapistKey": _ids(held, "therapist_id", "T"),
            "DeliveryMode": held["mode"],
            "DurationMins": held["duration"].astype("Int64"),
        }
    )
    forms = tables["questionnaires"]
    names = {"phq_9": "PHQ-9", "gad_7": "GAD-7"}
    scores = pd.DataFrame(
        {
            "EpisodeKey": _ids(forms, "referral_id", "R"),
            "CompletedDate": _uk(forms["date"]),
            "MeasureName": forms["instrument"].astype("object").map(names),
            "Score": forms["value"].astype("Int64"),
        }
    )
    made = _with_pseudonyms(tables, own_referrals=True)
    files = {"episodes.csv": episodes, "contacts.csv": contacts, "scores.csv": scores}
    return Export("separate_tables", files, made, cut)


def event_rows() -> Export:
    """REDCap longitudinal: events, a repeating instrument for the sessions, check boxes and form status."""
    tables, cut = _session_rows(150)
    first = tables["referrals"].drop_duplicates("patient_id")["referral_id"]
    tables = _cut_down(_of_referrals(tables, first), PEOPLE, (*STEPS, "ending"))
    tables["sessions"] = tables["sessions"][
        ["referral_id", "date", "contact_type", "attendance", "therapist_id"]
    ]
    tables["questionnaires"] = tables["questionnaires"].assign(occasion="session")
    rows = _people(tables)
    base = pd.DataFrame(
        {
            "record_id": rows["patient"],
            "redcap_event_name": "baseline_arm_1",
            "redcap_repeat_instrument": "",
            "redcap_repeat_instance": "",
            "age_years": rows["age"],
            "gender": rows["gender"],
            "ethnicity": rows["ethnicity"],
            "employment": rows["employment"],
            "difficulties___1": (np.arange(len(rows)) % 2),
            "difficulties___2": (np.arange(len(rows)) % 3 == 0).astype(int),
            "difficulties___3": (np.arange(len(rows)) % 5 == 0).astype(int),
            "referral_date": _iso(rows["received_date"]),
            "accepted_date": _iso(rows["accepted_date"]),
            "assessment_date": _iso(rows["assessment_date"]),
            "baseline_complete": 2,
        }
    )
    held = tables["sessions"].sort_values(["referral_id", "date"], kind="stable")
    held = held.merge(_scores_of_the_day(tables), on=["referral_id", "date"], how="left")
    seen = held["attendance"].isin(["attended", "attended_late"])
    held.loc[~seen, ["phq_9", "gad_7", "session_number"]] = pd.NA
    record = held["referral_id"].map(dict(zip(rows["referral_id"], rows["patient"], strict=True)))
    visits = pd.DataFrame(
        {
            "record_id": record,
            "redcap_event_name": "treatment_arm_1",
            "redcap_repeat_instrument": "contact",
            "redcap_repeat_instance": held.groupby("referral_id").cumcount() + 1,
            "contact_date": _iso(held["date"]),
            "contact_type": _worded(held["contact_type"], CONTACT),
            "attendance": _worded(held["attendance"], ATTENDANCE),
            "therapist_id": _ids(held, "therapist_id", "T"),
            "session_number": held["session_number"],
            "phq9_total": held["phq_9"],
            "gad7_total": held["gad_7"],
            "contact_complete": 2,
        }
    )
    ends = pd.DataFrame(
        {
            "record_id": rows["patient"],
            "redcap_event_name": "end_of_therapy_arm_1",
            "redcap_repeat_instrument": "",
            "redcap_repeat_instance": "",
            "discharge_date": _iso(rows["discharge_date"]),
            "discharge_reason": rows["ending"],
            "end_complete": 2,
        }
    )
    file = pd.concat([base, visits, ends], ignore_index=True)
    file["__order"] = file["redcap_event_name"].map(
        {"baseline_arm_1": 0, "treatment_arm_1": 1, "end_of_therapy_arm_1": 2}
    )
    file = file.sort_values(["record_id", "__order"], kind="stable").drop(columns="__order")
    whole = ["age_years", "session_number", "phq9_total", "gad7_total", "baseline_complete"]
    whole += ["contact_complete", "end_complete", *(c for c in file if "___" in c)]
    file[whole] = file[whole].astype("Int64")
    made = _with_pseudonyms(_one_number(tables), own_referrals=True, letter_of_referrals="C")
    return Export("event_rows_repeated", {"redcap_export.csv": file}, made, cut)


SHAPES: dict[str, Callable[[], Export]] = {
    make.__name__: make
    for make in (
        one_row_a_person,
        one_row_a_session,
        one_row_a_form,
        one_row_an_answer,
        separate_tables,
        event_rows,
    )
}
assert set(COHORT_TABLES) == {"patients", "referrals", "sessions", "questionnaires", "ratings"}
