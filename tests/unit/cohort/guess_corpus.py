"""Extracts in the shapes and vocabularies of many systems, made by code, with what each column really is.

None of them is the export of a real product: the names follow the habits of such systems.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

N = 120
START = dt.date(2021, 1, 4)


@dataclass
class Case:
    """One extract: its files, what the core columns are, and how each column of dates is written.

    `truth` maps "file.column" to the target in the mapping; a questionnaire is "form:INSTRUMENT:SCALE:OCCASION" with the
    occasion empty where rows carry it. `orders` maps "file.column" to the true format of its dates.
    """

    name: str
    files: dict[str, pd.DataFrame]
    truth: dict[str, str]
    orders: dict[str, str] = field(default_factory=dict)
    undecidable: set[str] = field(default_factory=set)

    def write(self, folder: Path) -> list[Path]:
        """The files in a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, frame in self.files.items():
            path = folder / name
            if path.suffix == ".xlsx":
                frame.to_excel(path, index=False)
            elif path.suffix == ".sav":
                write_sav(path, frame)
            elif path.suffix == ".tsv":
                frame.to_csv(path, index=False, sep="\t")
            else:
                frame.to_csv(path, index=False)
            paths.append(path)
        return paths


def write_sav(path: Path, frame: pd.DataFrame) -> None:
    import pyreadstat

    labels = frame.attrs.get("labels", {})
    pyreadstat.write_sav(
        frame,
        path,
        column_labels=[labels.get(c, "") for c in frame.columns],
        variable_value_labels=frame.attrs.get("values", {}),
    )


class Service:
    """People with referrals, sessions and forms, from which every extract is cut."""

    def __init__(self, seed: int, n: int = N) -> None:
        self.rng = np.random.default_rng(seed)
        self.n = n
        rng = self.rng
        self.received = [
            START + dt.timedelta(days=int(d)) for d in np.sort(rng.integers(0, 700, n))
        ]
        self.assessed = [
            d + dt.timedelta(days=int(k))
            for d, k in zip(self.received, rng.integers(10, 60, n), strict=True)
        ]
        self.n_sessions = rng.integers(3, 12, n)
        self.started = [
            d + dt.timedelta(days=int(k))
            for d, k in zip(self.assessed, rng.integers(7, 40, n), strict=True)
        ]
        self.closed = [
            d + dt.timedelta(days=7 * int(k) + 10)
            for d, k in zip(self.started, self.n_sessions, strict=True)
        ]
        self.age = rng.integers(18, 75, n)
        self.born = [
            d - dt.timedelta(days=int(a) * 365 + int(k))
            for d, a, k in zip(self.received, self.age, rng.integers(5, 350, n), strict=True)
        ]
        self.first = np.clip(rng.normal(15, 4, n).round(), 1, 27).astype(int)
        self.last = np.clip(self.first - rng.normal(5, 4, n).round(), 0, 27).astype(int)

    def pick(self, words: list[str], weights: list[float] | None = None) -> list[str]:
        return [str(w) for w in self.rng.choice(words, self.n, p=weights)]

    def sessions(self) -> pd.DataFrame:
        rows = [
            {"person": i, "date": self.started[i] + dt.timedelta(days=7 * k), "number": k + 1}
            for i in range(self.n)
            for k in range(int(self.n_sessions[i]))
        ]
        return pd.DataFrame(rows)

    def choose(self, words: list[str], n: int, weights: list[float] | None = None) -> list[str]:
        return [str(w) for w in self.rng.choice(words, n, p=weights)]

    def items(
        self, n_items: int, high: int, level: np.ndarray, flipped: tuple[int, ...] = ()
    ) -> np.ndarray:
        """Answers that go together; `flipped` items as ticked on the form."""
        raw = level[:, None] + self.rng.normal(0, 0.7, (len(level), n_items))
        answers = np.clip(raw.round(), 0, high).astype(int)
        for item in flipped:
            answers[:, item - 1] = high - answers[:, item - 1]
        return answers


def uk(days: list[dt.date]) -> list[str]:
    return [d.strftime("%d/%m/%Y") for d in days]


def us(days: list[dt.date]) -> list[str]:
    return [d.strftime("%m/%d/%Y") for d in days]


def iso(days: list[dt.date]) -> list[str]:
    return [d.isoformat() for d in days]


def nhs_numbers(n: int, rng: np.random.Generator) -> list[str]:
    found: list[str] = []
    while len(found) < n:
        digits = rng.integers(0, 10, 9)
        digits[0] = 4
        check = 11 - int(digits @ np.arange(10, 1, -1)) % 11
        if check == 10:
            continue
        found.append("".join(map(str, digits)) + str(0 if check == 11 else check))
    return found


def first_and_last() -> Case:
    """One row a referral with first and last scores, as short-therapy systems export."""
    s = Service(1)
    frame = pd.DataFrame(
        {
            "Patient ID": [f"{90000 + i}" for i in range(s.n)],
            "NHS Number": nhs_numbers(s.n, s.rng),
            "Referral ID": [f"{500000 + 7 * i}" for i in range(s.n)],
            "Date of Birth": uk(s.born),
            "Gender": s.pick(["Male", "Female", "Not stated"], [0.35, 0.5, 0.15]),
            "Ethnicity": s.pick(
                [
                    "White - British",
                    "Asian - Indian",
                    "Black - African",
                    "Mixed - Other",
                    "Not stated",
                ],
                [0.5, 0.15, 0.15, 0.1, 0.1],
            ),
            "Sexual Orientation": s.pick(
                ["Heterosexual", "Gay/Lesbian", "Bisexual"], [0.7, 0.15, 0.15]
            ),
            "Long Term Condition": s.pick(["Yes", "No"]),
            "Referral Date": uk(s.received),
            "Source of Referral": s.pick(["Self", "GP", "Other"]),
            "Provisional Diagnosis": s.pick(
                ["Depressive episode", "Generalised anxiety disorder", "PTSD"]
            ),
            "Date of First Assessment": uk(s.assessed),
            "Date of First Treatment": uk(s.started),
            "Number of Treatment Sessions": s.n_sessions,
            "End of Care Reason": s.pick(
                ["Completed treatment", "Dropped out of treatment", "Referred to other service"]
            ),
            "Discharge Date": uk(s.closed),
            "First PHQ9 Score": s.first,
            "Last PHQ9 Score": s.last,
            "First GAD7 Score": np.clip(s.first - 2, 0, 21),
            "Last GAD7 Score": np.clip(s.last - 1, 0, 21),
            "Reliable Improvement": s.pick(["Y", "N"]),
            "Therapist": s.pick([f"TH{k:02d}" for k in range(9)]),
        }
    )
    f = "iaptlike_export"
    truth = {
        "Patient ID": "patients.patient_id",
        "Referral ID": "referrals.referral_id",
        "Date of Birth": "patients.age",
        "Gender": "patients.gender",
        "Ethnicity": "patients.ethnicity",
        "Sexual Orientation": "patients.sexual_orientation",
        "Long Term Condition": "patients.long_term_condition",
        "Referral Date": "referrals.received_date",
        "Source of Referral": "referrals.referral_source",
        "Provisional Diagnosis": "referrals.problem",
        "Date of First Assessment": "referrals.assessment_date",
        "Date of First Treatment": "referrals.first_session_date",
        "Number of Treatment Sessions": "referrals.sessions_attended",
        "End of Care Reason": "referrals.ending",
        "Discharge Date": "referrals.discharge_date",
        "First PHQ9 Score": "form:phq_9:total:pre",
        "Last PHQ9 Score": "form:phq_9:total:end",
        "First GAD7 Score": "form:gad_7:total:pre",
        "Last GAD7 Score": "form:gad_7:total:end",
        "Therapist": "referrals.therapist_id",
        "NHS Number": "",
        "Reliable Improvement": "",
    }
    orders = dict.fromkeys(
        [
            "Date of Birth",
            "Referral Date",
            "Date of First Assessment",
            "Date of First Treatment",
            "Discharge Date",
        ],
        "dmy",
    )
    return _case("first_and_last", {f"{f}.csv": frame}, {f: truth}, {f: orders})


def _case(
    name: str,
    files: dict[str, pd.DataFrame],
    truth: dict[str, dict[str, str]],
    orders: dict[str, dict[str, str]],
    undecidable: set[str] = frozenset(),
) -> Case:  # type: ignore[assignment]
    flat = {f"{f}.{c}": t for f, columns in truth.items() for c, t in columns.items()}
    return Case(
        name,
        files,
        flat,
        {f"{f}.{c}": o for f, columns in orders.items() for c, o in columns.items()},
        set(undecidable),
    )


def three_files_in_capitals() -> Case:
    """Clients, contacts and outcome measures in three files, capitals and underscores."""
    s = Service(2)
    clients = pd.DataFrame(
        {
            "CLIENT_ID": [f"C{i:05d}" for i in range(s.n)],
            "SURNAME": ["Smith"] * s.n,
            "FORENAME": s.pick(["Anna", "Brian", "Carol"]),
            "DOB": [d.strftime("%d-%b-%Y").upper() for d in s.born],
            "SEX": s.pick(["M", "F"]),
            "ETHNIC_GROUP": s.pick(["A", "C", "H", "M", "Z"]),
            "MARITAL_STATUS": s.pick(["Single", "Married/Civil Partner", "Divorced", "Widowed"]),
            "POST_CODE": [f"LS{1 + i % 9} {i % 9}AB" for i in range(s.n)],
            "EMPLOYMENT_STATUS": s.pick(["Employed", "Unemployed", "Student", "Retired"]),
            "REFERRAL_IN_DATE": [d.strftime("%d-%b-%Y").upper() for d in s.received],
            "REFERRAL_SOURCE": s.pick(
                ["General Medical Practitioner", "Internal", "Self Referral"]
            ),
            "DISCHARGE_DATE": [d.strftime("%d-%b-%Y").upper() for d in s.closed],
            "DISCHARGE_REASON": s.pick(
                [
                    "Treatment completed",
                    "Patient disengaged",
                    "Transferred to other provider",
                    "Patient died",
                ],
                [0.5, 0.3, 0.1, 0.1],
            ),
            "TEAM_NAME": s.pick(["North Psychotherapy", "South Psychotherapy"]),
        }
    )
    v = s.sessions()
    contacts = pd.DataFrame(
        {
            "CONTACT_ID": [f"{i}" for i in range(len(v))],
            "CLIENT_ID": [f"C{i:05d}" for i in v["person"]],
            "CONTACT_DATE": [d.strftime("%d-%b-%Y").upper() for d in v["date"]],
            "HCP_CODE": s.choose(["P1", "P2", "P3"], len(v)),
            "CONTACT_OUTCOME": s.choose(
                ["Attended", "Did Not Attend", "Cancelled By Patient", "Cancelled By Unit"],
                len(v),
                [0.7, 0.1, 0.1, 0.1],
            ),
            "CONTACT_METHOD": s.choose(["Face to face", "Telephone", "Video"], len(v)),
            "DURATION_MINS": s.choose(["50", "60", "30"], len(v)),
        }
    )
    forms = pd.DataFrame(
        {
            "CLIENT_ID": [f"C{i:05d}" for i in range(s.n)] * 2,
            "ASSESSMENT_NAME": ["CORE-OM"] * s.n + ["CORE OM"] * s.n,
            "ASSESSMENT_DATE": [d.strftime("%d-%b-%Y").upper() for d in [*s.started, *s.closed]],
            "TOTAL_SCORE": [
                *s.rng.normal(20, 4, s.n).clip(1, 39).round(1),
                *s.rng.normal(14, 5, s.n).clip(0, 39).round(1),
            ],
        }
    )
    truth = {
        "clients": {
            "CLIENT_ID": "patients.patient_id",
            "DOB": "patients.age",
            "SEX": "patients.gender",
            "ETHNIC_GROUP": "patients.ethnicity",
            "MARITAL_STATUS": "patients.relationship_status",
            "POST_CODE": "patients.area",
            "EMPLOYMENT_STATUS": "patients.employment",
            "REFERRAL_IN_DATE": "referrals.received_date",
            "REFERRAL_SOURCE": "referrals.referral_source",
            "DISCHARGE_DATE": "referrals.discharge_date",
            "DISCHARGE_REASON": "referrals.ending",
            "TEAM_NAME": "referrals.team",
            "SURNAME": "",
            "FORENAME": "",
        },
        "contacts": {
            "CLIENT_ID": "sessions.patient_id",
            "CONTACT_DATE": "sessions.date",
            "HCP_CODE": "sessions.therapist_id",
            "CONTACT_OUTCOME": "sessions.attendance",
            "CONTACT_METHOD": "sessions.mode",
            "DURATION_MINS": "sessions.duration",
        },
        "outcome_measures": {
            "CLIENT_ID": "questionnaires.patient_id",
            "ASSESSMENT_NAME": "form.instrument",
            "ASSESSMENT_DATE": "form.date",
            "TOTAL_SCORE": "form.value",
        },
    }
    orders = {
        "clients": dict.fromkeys(["DOB", "REFERRAL_IN_DATE", "DISCHARGE_DATE"], "dmy"),
        "contacts": {"CONTACT_DATE": "dmy"},
        "outcome_measures": {"ASSESSMENT_DATE": "dmy"},
    }
    return _case(
        "three_files_in_capitals",
        {"clients.csv": clients, "contacts.csv": contacts, "outcome_measures.csv": forms},
        truth,
        orders,
    )


def national_names() -> Case:
    """Tables with the column names of a national data set, codes with leading zeros."""
    s = Service(3)
    mpi = pd.DataFrame(
        {
            "Person_ID": [f"{7000000 + i}" for i in range(s.n)],
            "EthnicCategory": s.pick(["A", "B", "J", "N", "99"]),
            "Gender": s.pick(["1", "2"]),
            "AgeRepPeriodEnd": s.age,
            "IMDDecile": s.rng.integers(1, 11, s.n),
            "RecordNumber": range(s.n),
        }
    )
    referral = pd.DataFrame(
        {
            "RecordNumber": range(s.n),
            "Person_ID": mpi["Person_ID"],
            "UniqServReqID": [f"RX1{i:06d}" for i in range(s.n)],
            "ReferralRequestReceivedDate": iso(s.received),
            "SourceOfReferralMH": s.pick(["A1", "B1", "J1", "H2"]),
            "PrimReasonReferralMH": s.pick(["05", "07", "11"]),
            "ServDischDate": iso(s.closed),
            "ReferClosReason": s.pick(["01", "02", "03", "04"]),
            "OrgIDProv": ["RX1"] * s.n,
        }
    )
    v = s.sessions()
    contact = pd.DataFrame(
        {
            "UniqCareContID": [f"K{i}" for i in range(len(v))],
            "UniqServReqID": [f"RX1{i:06d}" for i in v["person"]],
            "CareContDate": iso(v["date"]),
            "AttendOrDNACode": s.choose(
                ["5", "6", "3", "2", "4"], len(v), [0.6, 0.1, 0.1, 0.1, 0.1]
            ),
            "ConsMechanismMH": s.choose(["01", "02", "11"], len(v)),
            "ClinContDurOfCareCont": s.choose(["50", "60"], len(v)),
            "CareProfLocalId": s.choose(["S1", "S2", "S3", "S4"], len(v)),
        }
    )
    score = pd.DataFrame(
        {
            "UniqServReqID": [f"RX1{i:06d}" for i in range(s.n)] * 2,
            "CodedAssToolType": ["720433000"] * (2 * s.n),
            "PersScore": [*s.first, *s.last],
            "AssToolCompTimestamp": [d + "T10:00:00" for d in iso([*s.started, *s.closed])],
        }
    )
    truth = {
        "mhs001mpi": {
            "Person_ID": "patients.patient_id",
            "EthnicCategory": "patients.ethnicity",
            "Gender": "patients.gender",
            "AgeRepPeriodEnd": "patients.age",
            "IMDDecile": "patients.deprivation_decile",
        },
        "mhs101referral": {
            "Person_ID": "referrals.patient_id",
            "UniqServReqID": "referrals.referral_id",
            "ReferralRequestReceivedDate": "referrals.received_date",
            "SourceOfReferralMH": "referrals.referral_source",
            "PrimReasonReferralMH": "referrals.problem",
            "ServDischDate": "referrals.discharge_date",
            "ReferClosReason": "referrals.ending",
        },
        "mhs201carecontact": {
            "UniqServReqID": "sessions.referral_id",
            "CareContDate": "sessions.date",
            "AttendOrDNACode": "sessions.attendance",
            "ConsMechanismMH": "sessions.mode",
            "ClinContDurOfCareCont": "sessions.duration",
            "CareProfLocalId": "sessions.therapist_id",
        },
        "mhs606codedscore": {
            "UniqServReqID": "questionnaires.referral_id",
            "CodedAssToolType": "form.instrument",
            "PersScore": "form.value",
            "AssToolCompTimestamp": "form.date",
        },
    }
    orders = {
        "mhs101referral": {"ReferralRequestReceivedDate": "iso", "ServDischDate": "iso"},
        "mhs201carecontact": {"CareContDate": "iso"},
        "mhs606codedscore": {"AssToolCompTimestamp": "iso"},
    }
    return _case(
        "national_names",
        {
            "MHS001MPI.csv": mpi,
            "MHS101Referral.csv": referral,
            "MHS201CareContact.csv": contact,
            "MHS606CodedScore.csv": score,
        },
        truth,
        orders,
    )


def event_rows() -> Case:
    """REDCap longitudinal: one row an event, demographics only at baseline."""
    s = Service(4)
    rows = []
    genders, jobs = s.pick(["1", "2"]), s.pick(["Employed", "Unemployed", "Student", "Retired"])
    for i in range(s.n):
        rows.append(
            {
                "record_id": str(i + 1),
                "redcap_event_name": "baseline_arm_1",
                "sex_at_birth": "female" if genders[i] == "1" else "male",
                "age_years": str(s.age[i]),
                "employment": jobs[i],
                "referral_date": iso([s.received[i]])[0],
                "visit_date": iso([s.started[i]])[0],
                "phq9_total": str(s.first[i]),
                "gad7_total": str(min(21, s.first[i])),
                "phq9_complete": "2",
                "ending_type": "",
            }
        )
        for name, k in (("session_4_arm_1", 28), ("end_of_therapy_arm_1", 80)):
            rows.append(
                {
                    "record_id": str(i + 1),
                    "redcap_event_name": name,
                    "sex_at_birth": "",
                    "age_years": "",
                    "employment": "",
                    "referral_date": "",
                    "visit_date": iso([s.started[i] + dt.timedelta(days=k)])[0],
                    "phq9_total": str(s.last[i]),
                    "gad7_total": str(min(21, s.last[i])),
                    "phq9_complete": "2",
                    "ending_type": s.rng.choice(["planned", "dropped out"])
                    if "end" in name
                    else "",
                }
            )
    truth = {
        "record_id": "patients.patient_id",
        "redcap_event_name": "form.occasion",
        "sex_at_birth": "patients.gender",
        "age_years": "patients.age",
        "employment": "patients.employment",
        "referral_date": "referrals.received_date",
        "visit_date": "form.date",
        "phq9_total": "form:phq_9:total:",
        "gad7_total": "form:gad_7:total:",
        "ending_type": "referrals.ending",
        "phq9_complete": "",
    }
    f = "trialproject_data_2023"
    return _case(
        "event_rows",
        {f"{f}.csv": pd.DataFrame(rows)},
        {f: truth},
        {f: {"referral_date": "iso", "visit_date": "iso"}},
    )


FLIPPED = (3, 4, 7, 12, 19, 21, 31, 32)


def therapy_forms() -> Case:
    """One row a client with both CORE-OM forms item by item, as therapy-form software exports."""
    s = Service(5)
    level = s.rng.normal(2, 0.6, s.n)
    pre, post = s.items(34, 4, level, FLIPPED), s.items(34, 4, level - 0.5, FLIPPED)
    data: dict[str, object] = {
        "ClientID": [f"{i + 100}" for i in range(s.n)],
        "SiteID": s.pick(["1", "2"]),
        "Age": s.age,
        "Gender": s.pick(["M", "F"]),
        "EthnicOrigin": s.pick(["White British", "Indian", "Caribbean", "Other"]),
        "Employment": s.pick(["Full time", "Unemployed", "Retired", "Student"]),
        "RelationshipStatus": s.pick(["Single", "Married", "Separated", "Widowed"]),
        "Medication": s.pick(["Yes", "No"]),
        "RefDate": uk(s.received),
        "FirstAssDate": uk(s.assessed),
        "DateTherapyStarted": uk(s.started),
        "DateTherapyEnded": uk(s.closed),
        "SessionsPlanned": s.rng.integers(8, 20, s.n),
        "SessionsAttended": s.n_sessions,
        "SessionsUnattended": s.rng.integers(0, 5, s.n),
        "TypeOfTherapy": s.pick(["Psychodynamic", "CBT", "Person-centred"]),
        "TherapyEnding": s.pick(
            [
                "Planned: agreed at outset",
                "Unplanned: due to loss of contact",
                "Unplanned: client did not wish to continue",
                "Planned: agreed during therapy",
            ]
        ),
    }
    data |= {f"PreCORE_{i + 1:02d}": pre[:, i] for i in range(34)}
    data |= {f"PostCORE_{i + 1:02d}": post[:, i] for i in range(34)}
    f = "corelike_net"
    truth = {
        "ClientID": "patients.patient_id",
        "SiteID": "referrals.service",
        "Age": "patients.age",
        "Gender": "patients.gender",
        "EthnicOrigin": "patients.ethnicity",
        "Employment": "patients.employment",
        "RelationshipStatus": "patients.relationship_status",
        "Medication": "patients.medication",
        "RefDate": "referrals.received_date",
        "FirstAssDate": "referrals.assessment_date",
        "DateTherapyStarted": "referrals.first_session_date",
        "DateTherapyEnded": "referrals.last_session_date",
        "SessionsPlanned": "referrals.agreed_sessions",
        "SessionsAttended": "referrals.sessions_attended",
        "SessionsUnattended": "referrals.sessions_missed",
        "TypeOfTherapy": "referrals.therapy_model",
        "TherapyEnding": "referrals.ending",
        "PreCORE_07": "form:core_om:items:pre",
        "PostCORE_34": "form:core_om:items:end",
    }
    orders = dict.fromkeys(
        ["RefDate", "FirstAssDate", "DateTherapyStarted", "DateTherapyEnded"], "dmy"
    )
    return _case("therapy_forms", {f"{f}.csv": pd.DataFrame(data)}, {f: truth}, {f: orders})


def wide_sheet() -> Case:
    """A therapist's Excel sheet: spaces, question marks, totals of every session side by side."""
    s = Service(6)
    data: dict[str, object] = {
        "Ref. No.": [f"A{i:03d}" for i in range(s.n)],
        "Sex (M/F)": s.pick(["m", "f"]),
        "Age at referral": s.age,
        "Date referred": pd.to_datetime(s.received),
        "Date closed": pd.to_datetime(s.closed),
        "How ended?": s.pick(["planned", "DNA'd / lost contact", "moved to other service"]),
        "Clinician": s.pick(["JB", "KL", "MM"]),
        "Notes": ["free text number " + str(i) for i in range(s.n)],
    }
    for k in range(1, 9):
        data[f"PHQ-9 session {k}"] = np.clip(s.first - k + s.rng.integers(-2, 3, s.n), 0, 27)
    f = "excel_caseload"
    truth = {
        "Ref. No.": "patients.patient_id",
        "Sex (M/F)": "patients.gender",
        "Age at referral": "patients.age",
        "Date referred": "referrals.received_date",
        "Date closed": "referrals.discharge_date",
        "How ended?": "referrals.ending",
        "Clinician": "referrals.therapist_id",
        "Notes": "",
        "PHQ-9 session 1": "form:phq_9:total:session",
        "PHQ-9 session 8": "form:phq_9:total:session",
    }
    return _case(
        "wide_sheet",
        {f"{f}.xlsx": pd.DataFrame(data)},
        {f: truth},
        {f: {"Date referred": "iso", "Date closed": "iso"}},
    )


def short_names() -> Case:
    """An SPSS file with eight-letter names, value labels and filler codes."""
    s = Service(7)
    frame = pd.DataFrame(
        {
            "idno": np.arange(1, s.n + 1, dtype=float),
            "sex": s.rng.integers(1, 3, s.n).astype(float),
            "agey": s.age.astype(float),
            "ethgrp": s.rng.integers(1, 5, s.n).astype(float),
            "marstat": s.rng.integers(1, 5, s.n).astype(float),
            "empstat": s.rng.integers(1, 5, s.n).astype(float),
            "refdt": pd.to_datetime(s.received).date,
            "dischdt": pd.to_datetime(s.closed).date,
            "endtype": s.rng.integers(1, 4, s.n).astype(float),
            "nsess": s.n_sessions.astype(float),
            "bdi1": np.where(s.rng.random(s.n) < 0.15, -9.0, s.first * 2.0),
            "bdi2": np.where(s.rng.random(s.n) < 0.25, -9.0, s.last * 2.0),
        }
    )
    frame.attrs["values"] = {
        "sex": {1: "female", 2: "male"},
        "ethgrp": {1: "White", 2: "Asian", 3: "Black", 4: "Mixed"},
        "marstat": {1: "Married or cohabiting", 2: "Single", 3: "Divorced", 4: "Widowed"},
        "empstat": {1: "Employed", 2: "Unemployed", 3: "Student", 4: "Retired"},
        "endtype": {1: "Planned", 2: "Unplanned", 3: "Referred on"},
    }
    frame.attrs["labels"] = {
        "bdi1": "BDI-II total before therapy",
        "bdi2": "BDI-II total after therapy",
        "nsess": "Number of sessions attended",
    }
    f = "spss_short"
    truth = {
        "idno": "patients.patient_id",
        "sex": "patients.gender",
        "agey": "patients.age",
        "ethgrp": "patients.ethnicity",
        "marstat": "patients.relationship_status",
        "empstat": "patients.employment",
        "refdt": "referrals.received_date",
        "dischdt": "referrals.discharge_date",
        "endtype": "referrals.ending",
        "nsess": "referrals.sessions_attended",
        "bdi1": "form:bdi_ii:total:pre",
        "bdi2": "form:bdi_ii:total:end",
    }
    return _case(
        "short_names", {f"{f}.sav": frame}, {f: truth}, {f: {"refdt": "iso", "dischdt": "iso"}}
    )


def one_row_a_session() -> Case:
    """Everything in one file, one row a session, with the scores of the day."""
    s = Service(8)
    v = s.sessions()
    who = v["person"]
    genders = s.pick(["Female", "Male", "Non-binary"], [0.6, 0.3, 0.1])
    frame = pd.DataFrame(
        {
            "case_number": [f"X{1000 + i}" for i in who],
            "gender": [genders[i] for i in who],
            "age": [s.age[i] for i in who],
            "referral_received": [us([s.received[i]])[0] for i in who],
            "appointment_date": us(v["date"]),
            "appointment_type": s.choose(
                ["Assessment", "Therapy session", "Review"], len(v), [0.1, 0.8, 0.1]
            ),
            "appointment_status": s.choose(
                ["Attended", "DNA", "Cancelled by client", "Cancelled by service"],
                len(v),
                [0.7, 0.1, 0.1, 0.1],
            ),
            "staff_id": s.choose(["T1", "T2", "T3"], len(v)),
            "session_no": v["number"],
            "phq9": [
                max(0, int(s.first[i]) - int(k)) for i, k in zip(who, v["number"], strict=True)
            ],
            "gad7": [
                max(0, min(21, int(s.first[i]) - int(k)))
                for i, k in zip(who, v["number"], strict=True)
            ],
            "wsas": s.rng.integers(0, 41, len(v)),
        }
    )
    f = "appointments"
    truth = {
        "case_number": "patients.patient_id",
        "gender": "patients.gender",
        "age": "patients.age",
        "referral_received": "referrals.received_date",
        "appointment_date": "sessions.date",
        "appointment_type": "sessions.contact_type",
        "appointment_status": "sessions.attendance",
        "staff_id": "sessions.therapist_id",
        "session_no": "form.session_number",
        "phq9": "form:phq_9:total:",
        "gad7": "form:gad_7:total:",
        "wsas": "form:wsas:total:",
    }
    return _case(
        "one_row_a_session",
        {f"{f}.csv": frame},
        {f: truth},
        {f: {"referral_received": "%m/%d/%Y", "appointment_date": "%m/%d/%Y"}},
    )


def items_in_rows() -> Case:
    """Clients in one file, answers in another: one row an answer."""
    s = Service(9, 60)
    clients = pd.DataFrame(
        {
            "PatientNo": [f"{i + 1:04d}" for i in range(s.n)],
            "BirthYear": [d.year for d in s.born],
            "GenderIdentity": s.pick(["Woman", "Man"]),
            "DateOpened": [d.strftime("%Y/%m/%d") for d in s.received],
            "DateCompletedTherapy": [d.strftime("%Y/%m/%d") for d in s.closed],
            "OutcomeOfTherapy": s.pick(["completed as planned", "client withdrew", "transferred"]),
            "Modality": s.pick(["CAT", "Psychodynamic"]),
        }
    )
    rows = [
        {
            "PatientNo": f"{i + 1:04d}",
            "Questionnaire": "CORE-10",
            "DateCompleted": day.strftime("%Y/%m/%d"),
            "Stage": stage,
            "QuestionNo": q,
            "Response": int(s.rng.integers(0, 5)),
        }
        for i in range(s.n)
        for stage, day in (("Pre-therapy", s.started[i]), ("Post-therapy", s.closed[i]))
        for q in range(1, 11)
    ]
    truth = {
        "people": {
            "PatientNo": "patients.patient_id",
            "BirthYear": "patients.age",
            "GenderIdentity": "patients.gender",
            "DateOpened": "referrals.received_date",
            "OutcomeOfTherapy": "referrals.ending",
            "Modality": "referrals.therapy_model",
            "DateCompletedTherapy": "referrals.last_session_date",
        },
        "answers": {
            "PatientNo": "questionnaires.patient_id",
            "Questionnaire": "form.instrument",
            "DateCompleted": "form.date",
            "Stage": "form.occasion",
            "QuestionNo": "form.item",
            "Response": "form.value",
        },
    }
    orders = {
        "people": {"DateOpened": "%Y/%m/%d", "DateCompletedTherapy": "%Y/%m/%d"},
        "answers": {"DateCompleted": "%Y/%m/%d"},
    }
    return _case(
        "items_in_rows", {"people.csv": clients, "answers.csv": pd.DataFrame(rows)}, truth, orders
    )


def two_digit_years() -> Case:
    """Tabs, two-digit years, abbreviations, Excel day numbers, codes instead of words."""
    s = Service(10)
    frame = pd.DataFrame(
        {
            "URN": [f"{20000 + i}" for i in range(s.n)],
            "Gndr": s.pick(["F", "M"]),
            "AgeBand": s.pick(["18-25", "26-35", "36-45", "46-55"]),
            "Ref_Dt": [d.strftime("%d/%m/%y") for d in s.received],
            "Ref_Src": s.pick(["GP", "Self", "Consultant"]),
            "Asst_Dt": [d.strftime("%d/%m/%y") for d in s.assessed],
            "Disch_Dt": [(d - dt.date(1899, 12, 30)).days for d in s.closed],
            "Disch_Rsn": s.pick(["1", "2", "3"]),
            "Pri_Diag": s.pick(["F32", "F41", "F43"]),
            "Cluster": s.pick(["4", "5", "7"]),
            "COREOM_Pre_Total": s.rng.normal(2.0, 0.5, s.n).clip(0.1, 3.9).round(2),
            "COREOM_Post_Total": s.rng.normal(1.4, 0.5, s.n).clip(0.1, 3.9).round(2),
            "COREOM_Pre_Risk": s.rng.normal(0.6, 0.3, s.n).clip(0.01, 3.9).round(2),
        }
    )
    f = "psych_therapies_extract"
    truth = {
        "URN": "patients.patient_id",
        "Gndr": "patients.gender",
        "AgeBand": "patients.age_band",
        "Ref_Dt": "referrals.received_date",
        "Ref_Src": "referrals.referral_source",
        "Asst_Dt": "referrals.assessment_date",
        "Disch_Dt": "referrals.discharge_date",
        "Disch_Rsn": "referrals.ending",
        "Pri_Diag": "referrals.problem",
        "Cluster": "referrals.severity",
        "COREOM_Pre_Total": "form:core_om:all:pre",
        "COREOM_Post_Total": "form:core_om:all:end",
        "COREOM_Pre_Risk": "form:core_om:risk:pre",
    }
    orders = {"Ref_Dt": "%d/%m/%y", "Asst_Dt": "%d/%m/%y", "Disch_Dt": "excel_serial"}
    return _case("two_digit_years", {f"{f}.tsv": frame}, {f: truth}, {f: orders})


def undecidable_dates() -> Case:
    """Dates moved to the first of the month: nothing proves whether day or month comes first."""
    s = Service(11)
    firsts = [d.replace(day=1) for d in s.received]
    ends = [d.replace(day=1) for d in s.closed]
    frame = pd.DataFrame(
        {
            "Participant": [f"P{i}" for i in range(s.n)],
            "Sex": s.pick(["Female", "Male"]),
            "AgeGroup": s.pick(["18-25", "26-35", "over 65"]),
            "ReferralMonth_date": uk(firsts),
            "DischargeMonth_date": uk(ends),
            "ReasonForEnding": s.pick(
                ["Mutually agreed completion", "Dropped out", "Deceased"], [0.6, 0.3, 0.1]
            ),
            "T0_GAD7": s.rng.integers(5, 22, s.n),
            "T1_GAD7": s.rng.integers(0, 15, s.n),
        }
    )
    f = "monthly_dates"
    truth = {
        "Participant": "patients.patient_id",
        "Sex": "patients.gender",
        "AgeGroup": "patients.age_band",
        "ReferralMonth_date": "referrals.received_date",
        "DischargeMonth_date": "referrals.discharge_date",
        "ReasonForEnding": "referrals.ending",
        "T0_GAD7": "form:gad_7:total:pre",
        "T1_GAD7": "form:gad_7:total:end",
    }
    undecidable = {f"{f}.ReferralMonth_date", f"{f}.DischargeMonth_date"}
    return _case("undecidable_dates", {f"{f}.csv": frame}, {f: truth}, {f: {}}, undecidable)


def american_export() -> Case:
    """Month first with times of day, client and episode ids, sessions and scores apart."""
    s = Service(12)

    def stamp(days: list[dt.date]) -> list[str]:
        return [d.strftime("%m/%d/%Y 09:30") for d in days]

    episodes = pd.DataFrame(
        {
            "EpisodeKey": [f"E{i}" for i in range(s.n)],
            "ClientKey": [f"K{i}" for i in range(s.n)],
            "ClientEmail": [f"person{i}@example.org" for i in range(s.n)],
            "Ethnicity": s.pick(["White", "Black", "Asian", "Mixed"]),
            "Sexuality": s.pick(["Heterosexual", "Gay or lesbian"]),
            "EpisodeStart": stamp(s.received),
            "EpisodeEnd": stamp(s.closed),
            "ClosureReason": s.pick(["Completed", "Drop-out", "Referred on"]),
            "PresentingProblem": s.pick(["Depression", "Anxiety", "Trauma"]),
            "Intervention": s.pick(["CBT", "EMDR", "Counselling"]),
            "DeprivationDecile": s.rng.integers(1, 11, s.n),
        }
    )
    v = s.sessions()
    sessions = pd.DataFrame(
        {
            "SessionKey": [f"S{i}" for i in range(len(v))],
            "EpisodeKey": [f"E{i}" for i in v["person"]],
            "SessionDateTime": stamp(v["date"]),
            "AttendanceStatus": s.choose(
                ["Attended", "No show", "Late cancellation by patient", "Therapist cancelled"],
                len(v),
                [0.7, 0.1, 0.1, 0.1],
            ),
            "DeliveryMode": s.choose(["In person", "Video call"], len(v)),
            "TherapistKey": s.choose(["9", "8", "7"], len(v)),
        }
    )
    scores = pd.DataFrame(
        {
            "EpisodeKey": [f"E{i}" for i in range(s.n)] * 4,
            "MeasureName": ["PHQ-9"] * (2 * s.n) + ["GAD-7"] * (2 * s.n),
            "CompletedDate": stamp([*s.started, *s.closed, *s.started, *s.closed]),
            "Score": [*s.first, *s.last, *np.clip(s.first, 0, 21), *np.clip(s.last, 0, 21)],
        }
    )
    truth = {
        "episodes": {
            "EpisodeKey": "referrals.referral_id",
            "ClientKey": "patients.patient_id",
            "Ethnicity": "patients.ethnicity",
            "Sexuality": "patients.sexual_orientation",
            "EpisodeStart": "referrals.received_date",
            "EpisodeEnd": "referrals.discharge_date",
            "ClosureReason": "referrals.ending",
            "PresentingProblem": "referrals.problem",
            "Intervention": "referrals.therapy_model",
            "DeprivationDecile": "patients.deprivation_decile",
            "ClientEmail": "",
        },
        "sessions": {
            "EpisodeKey": "sessions.referral_id",
            "SessionDateTime": "sessions.date",
            "AttendanceStatus": "sessions.attendance",
            "DeliveryMode": "sessions.mode",
            "TherapistKey": "sessions.therapist_id",
        },
        "scores": {
            "EpisodeKey": "questionnaires.referral_id",
            "MeasureName": "form.instrument",
            "CompletedDate": "form.date",
            "Score": "form.value",
        },
    }
    month_first = "%m/%d/%Y %H:%M"
    orders = {
        "episodes": {"EpisodeStart": month_first, "EpisodeEnd": month_first},
        "sessions": {"SessionDateTime": month_first},
        "scores": {"CompletedDate": month_first},
    }
    return _case(
        "american_export",
        {"episodes.csv": episodes, "sessions.csv": sessions, "scores.csv": scores},
        truth,
        orders,
    )


def numbered_items_without_a_name() -> Case:
    """A row a form with columns Q1 to Q9, named only by the file; stages by letter."""
    s = Service(13)
    people = pd.DataFrame(
        {
            "LocalPatientIdentifier": [f"L{i}" for i in range(s.n)],
            "PersonStatedGender": s.pick(["1", "2"]),
            "AgeAtReferral": s.age,
            "ReferralReceivedDate": uk(s.received),
            "ReferralClosureDate": uk(s.closed),
            "ReferralClosureReason": s.pick(["Completed", "Did not attend", "Unsuitable"]),
            "Locality": s.pick(["East", "West"]),
        }
    )
    level = s.rng.normal(1.5, 0.5, s.n)
    answers = np.vstack([s.items(9, 3, level), s.items(9, 3, level - 0.5)])
    forms = pd.DataFrame(
        {
            "LocalPatientIdentifier": [*people["LocalPatientIdentifier"]] * 2,
            "FormDate": uk([*s.started, *s.closed]),
        }
    )
    for i in range(9):
        forms[f"Q{i + 1}"] = answers[:, i]
    truth = {
        "referrals_2023": {
            "LocalPatientIdentifier": "patients.patient_id",
            "PersonStatedGender": "patients.gender",
            "AgeAtReferral": "patients.age",
            "ReferralReceivedDate": "referrals.received_date",
            "ReferralClosureDate": "referrals.discharge_date",
            "ReferralClosureReason": "referrals.ending",
            "Locality": "patients.area",
        },
        "phq9_items": {
            "LocalPatientIdentifier": "questionnaires.patient_id",
            "FormDate": "form.date",
            "Q4": "form:phq_9:items:",
        },
    }
    orders = {
        "referrals_2023": {"ReferralReceivedDate": "dmy", "ReferralClosureDate": "dmy"},
        "phq9_items": {"FormDate": "dmy"},
    }
    return _case(
        "numbered_items_without_a_name",
        {"referrals_2023.csv": people, "phq9_items.csv": forms},
        truth,
        orders,
    )


def several_times() -> Case:
    """A trial-like sheet: several questionnaires at T0 to T2 and dates of each time."""
    s = Service(14)
    data: dict[str, object] = {
        "study_id": [f"S-{i:03d}" for i in range(s.n)],
        "age": s.age,
        "gender": s.pick(["woman", "man", "other"], [0.6, 0.3, 0.1]),
        "education": s.pick(["GCSE", "A-level", "Degree", "None"]),
        "living_with": s.pick(["Alone", "With partner", "With family"]),
        "prev_therapy": s.pick(["yes", "no"]),
        "allocation": s.pick(["A", "B"]),
        "date_t0": [d.strftime("%d.%m.%Y") for d in s.received],
        "date_t1": [d.strftime("%d.%m.%Y") for d in s.closed],
        "therapist_id": s.pick(["11", "12", "13"]),
        "dropout": s.pick(["yes", "no"]),
    }
    for k in (0, 1):
        data[f"phq9_t{k}"] = s.rng.integers(0, 28, s.n)
        data[f"core10_t{k}"] = s.rng.integers(0, 41, s.n)
    f = "study_sheet"
    truth = {
        "study_id": "patients.patient_id",
        "age": "patients.age",
        "gender": "patients.gender",
        "education": "patients.education",
        "living_with": "patients.living_arrangement",
        "prev_therapy": "patients.prior_treatment",
        "therapist_id": "referrals.therapist_id",
        "dropout": "referrals.ending",
        "date_t0": "form.date",
        "date_t1": "form.date",
        "phq9_t0": "form:phq_9:total:pre",
        "phq9_t1": "form:phq_9:total:end",
        "core10_t0": "form:core_10:total:pre",
        "core10_t1": "form:core_10:total:end",
    }
    return _case(
        "several_times",
        {f"{f}.csv": pd.DataFrame(data)},
        {f: truth},
        {f: {"date_t0": "dmy", "date_t1": "dmy"}},
    )


CORPUS: tuple[Callable[[], Case], ...] = (
    first_and_last,
    three_files_in_capitals,
    national_names,
    event_rows,
    therapy_forms,
    wide_sheet,
    short_names,
    one_row_a_session,
    items_in_rows,
    two_digit_years,
    undecidable_dates,
    american_export,
    numbered_items_without_a_name,
    several_times,
)


# ---------------------------------------------------------------------------------------------------------------------
# Written down before the guesses were tried on them.


def described_codes() -> Case:
    """Referrals with a description beside every code, as hospital record systems export."""
    s = Service(21)
    frame = pd.DataFrame(
        {
            "ClientID": [f"{1000 + i}" for i in range(s.n)],
            "Client_Name": s.pick(["Smith, Anna", "Jones, Brian", "Brown, Carol"]),
            "Referral_DateTime": [d.strftime("%Y-%m-%d 00:00:00.000") for d in s.received],
            "Referral_Urgency": s.pick(["Routine", "Urgent"]),
            "Referral_Source_Description": s.pick(["GP", "CMHT", "Self"]),
            "Referral_Reason_Description": s.pick(
                ["Depression", "Personality disorder", "Anxiety"]
            ),
            "Team_Description": s.pick(["Psychotherapy North", "Psychotherapy South"]),
            "Accepted_Date": [d.strftime("%Y-%m-%d 00:00:00.000") for d in s.assessed],
            "Discharge_DateTime": [d.strftime("%Y-%m-%d 00:00:00.000") for d in s.closed],
            "Discharge_Reason_Description": s.pick(
                ["Treatment Complete", "Client disengaged", "Transfer to other team"]
            ),
            "Ethnicity_Description": s.pick(["White - British", "Pakistani", "Caribbean"]),
            "Gender_Description": s.pick(["Female", "Male"]),
            "Marital_Status": s.pick(["Married", "Single", "Separated"]),
            "Age_at_Referral": s.age,
            "Outward_Postcode": s.pick(["LS1", "LS2", "BD3"]),
            "First_Face_to_Face_Date": [d.strftime("%Y-%m-%d 00:00:00.000") for d in s.started],
            "HCP_Allocated": s.pick(["H1", "H2", "H3"]),
            "LSOA": s.pick(["E01011111", "E01022222"]),
        }
    )
    f = "riolike_referrals"
    truth = {
        "ClientID": "patients.patient_id",
        "Client_Name": "",
        "Referral_DateTime": "referrals.received_date",
        "Referral_Source_Description": "referrals.referral_source",
        "Referral_Reason_Description": "referrals.problem",
        "Team_Description": "referrals.team",
        "Accepted_Date": "referrals.accepted_date",
        "Discharge_DateTime": "referrals.discharge_date",
        "Discharge_Reason_Description": "referrals.ending",
        "Ethnicity_Description": "patients.ethnicity",
        "Gender_Description": "patients.gender",
        "Marital_Status": "patients.relationship_status",
        "Age_at_Referral": "patients.age",
        "Outward_Postcode": "patients.area",
        "First_Face_to_Face_Date": "referrals.first_session_date",
        "HCP_Allocated": "referrals.therapist_id",
    }
    dates = ["Referral_DateTime", "Accepted_Date", "Discharge_DateTime", "First_Face_to_Face_Date"]
    return _case(
        "described_codes", {f"{f}.csv": frame}, {f: truth}, {f: dict.fromkeys(dates, "iso")}
    )


def primary_care_report() -> Case:
    """Two report exports with sentences for names, UK dates with times."""
    s = Service(22)

    def stamp(days: list[dt.date]) -> list[str]:
        return [d.strftime("%d %b %Y 11:15") for d in days]

    people = pd.DataFrame(
        {
            "Patient identifier": [f"{i}/A" for i in range(s.n)],
            "Year of birth": [d.year for d in s.born],
            "Gender": s.pick(["Female", "Male"]),
            "Ethnicity": s.pick(
                [
                    "British or mixed British - ethnic category 2001 census",
                    "Indian or British Indian - ethnic category 2001 census",
                ]
            ),
            "Date of referral in": stamp(s.received),
            "Referral in source": s.pick(["GP", "Self"]),
            "Referral in reason": s.pick(["Low mood", "Anxiety"]),
            "Referral in end date": stamp(s.closed),
            "Referral in end reason": s.pick(["Completed", "DNA", "Moved away"]),
        }
    )
    v = s.sessions()
    visits = pd.DataFrame(
        {
            "Patient identifier": [f"{i}/A" for i in v["person"]],
            "Event date": stamp(v["date"]),
            "Contact type": s.choose(
                ["Treatment", "Assessment", "Follow up"], len(v), [0.8, 0.1, 0.1]
            ),
            "Appointment status": s.choose(
                ["Finished", "Did not attend", "Cancelled by patient", "Cancelled by unit"],
                len(v),
                [0.7, 0.1, 0.1, 0.1],
            ),
            "Contact method": s.choose(["Face to face", "Telephone"], len(v)),
            "Duration (minutes)": s.choose(["30", "50"], len(v)),
            "Staff member": s.choose(["PSY-1", "PSY-2"], len(v)),
        }
    )
    truth = {
        "referrals_report": {
            "Patient identifier": "patients.patient_id",
            "Year of birth": "patients.age",
            "Gender": "patients.gender",
            "Ethnicity": "patients.ethnicity",
            "Date of referral in": "referrals.received_date",
            "Referral in source": "referrals.referral_source",
            "Referral in reason": "referrals.problem",
            "Referral in end date": "referrals.discharge_date",
            "Referral in end reason": "referrals.ending",
        },
        "visits_report": {
            "Patient identifier": "sessions.patient_id",
            "Event date": "sessions.date",
            "Contact type": "sessions.contact_type",
            "Appointment status": "sessions.attendance",
            "Contact method": "sessions.mode",
            "Duration (minutes)": "sessions.duration",
            "Staff member": "sessions.therapist_id",
        },
    }
    orders = {
        "referrals_report": dict.fromkeys(["Date of referral in", "Referral in end date"], "dmy"),
        "visits_report": {"Event date": "dmy"},
    }
    return _case(
        "primary_care_report",
        {"referrals_report.csv": people, "visits_report.csv": visits},
        truth,
        orders,
    )


def case_and_contacts() -> Case:
    """Cases and contacts, scores on the contact, case numbers as the link."""
    s = Service(23)
    cases = pd.DataFrame(
        {
            "PatientID": [f"{i * 3}" for i in range(s.n)],
            "CaseNumber": [f"{400000 + i}" for i in range(s.n)],
            "Sex": s.pick(["Male", "Female", "Unknown"]),
            "EmploymentStatusAtStart": s.pick(
                ["Employed", "Unemployed", "Long Term Sick", "Retired"]
            ),
            "LTC": s.pick(["Y", "N"]),
            "ReferralDate": uk(s.received),
            "ReferralSource": s.pick(["GP", "Self"]),
            "EndDate": uk(s.closed),
            "EndOfCareReason": s.pick(
                [
                    "Mutually agreed completion",
                    "Termination of treatment earlier than care professional planned",
                    "Deceased (assessed only)",
                ],
                [0.5, 0.4, 0.1],
            ),
            "ProblemDescriptor": s.pick(["F32 Depressive episode", "F41.1 GAD"]),
            "HighestStep": s.pick(["2", "3"]),
        }
    )
    v = s.sessions()
    contacts = pd.DataFrame(
        {
            "CaseNumber": [f"{400000 + i}" for i in v["person"]],
            "ContactNumber": v["number"],
            "ContactDate": uk(v["date"]),
            "AttendanceOutcome": s.choose(
                [
                    "Attended",
                    "DNA",
                    "Cancelled by Patient",
                    "Cancelled by Provider",
                    "Late - not seen",
                ],
                len(v),
                [0.6, 0.1, 0.1, 0.1, 0.1],
            ),
            "Purpose": s.choose(["Assessment", "Treatment", "Review"], len(v), [0.1, 0.8, 0.1]),
            "PHQ9Score": s.rng.integers(0, 28, len(v)),
            "GAD7Score": s.rng.integers(0, 22, len(v)),
            "W&SASScore": s.rng.integers(0, 41, len(v)),
            "StaffID": s.choose(["a1", "b2"], len(v)),
        }
    )
    truth = {
        "cases": {
            "PatientID": "patients.patient_id",
            "CaseNumber": "referrals.referral_id",
            "Sex": "patients.gender",
            "EmploymentStatusAtStart": "patients.employment",
            "LTC": "patients.long_term_condition",
            "ReferralDate": "referrals.received_date",
            "ReferralSource": "referrals.referral_source",
            "EndDate": "referrals.discharge_date",
            "EndOfCareReason": "referrals.ending",
            "ProblemDescriptor": "referrals.problem",
            "HighestStep": "referrals.step",
        },
        "contacts": {
            "CaseNumber": "sessions.referral_id",
            "ContactNumber": "form.session_number",
            "ContactDate": "sessions.date",
            "AttendanceOutcome": "sessions.attendance",
            "Purpose": "sessions.contact_type",
            "PHQ9Score": "form:phq_9:total:",
            "GAD7Score": "form:gad_7:total:",
            "W&SASScore": "form:wsas:total:",
            "StaffID": "sessions.therapist_id",
        },
    }
    orders = {
        "cases": {"ReferralDate": "dmy", "EndDate": "dmy"},
        "contacts": {"ContactDate": "dmy"},
    }
    return _case("case_and_contacts", {"cases.csv": cases, "contacts.csv": contacts}, truth, orders)


def counselling_sheet() -> Case:
    """A university counselling service's sheet."""
    s = Service(24)
    frame = pd.DataFrame(
        {
            "Student No": [f"{2000000 + i}" for i in range(s.n)],
            "M/F": s.pick(["M", "F"]),
            "Age": s.age,
            "Yr of study": s.pick(["1", "2", "3"]),
            "Referred by": s.pick(["Self", "Tutor", "GP"]),
            "Date form rec'd": pd.to_datetime(s.received),
            "First seen": pd.to_datetime(s.started),
            "Last seen": pd.to_datetime(s.closed),
            "No. of sessions attended": s.n_sessions,
            "No. of DNAs": s.rng.integers(0, 4, s.n),
            "Presenting issue": s.pick(["Anxiety", "Depression", "Relationships"]),
            "CORE10 pre": s.rng.integers(10, 35, s.n),
            "CORE10 post": s.rng.integers(2, 30, s.n),
            "Counsellor": s.pick(["AB", "CD"]),
            "Ending": s.pick(["Planned", "Unplanned"]),
        }
    )
    f = "counselling_2022"
    truth = {
        "Student No": "patients.patient_id",
        "M/F": "patients.gender",
        "Age": "patients.age",
        "Referred by": "referrals.referral_source",
        "Date form rec'd": "referrals.received_date",
        "First seen": "referrals.first_session_date",
        "Last seen": "referrals.last_session_date",
        "No. of sessions attended": "referrals.sessions_attended",
        "No. of DNAs": "referrals.sessions_missed",
        "Presenting issue": "referrals.problem",
        "CORE10 pre": "form:core_10:total:pre",
        "CORE10 post": "form:core_10:total:end",
        "Counsellor": "referrals.therapist_id",
        "Ending": "referrals.ending",
    }
    dates = dict.fromkeys(["Date form rec'd", "First seen", "Last seen"], "iso")
    return _case("counselling_sheet", {f"{f}.xlsx": frame}, {f: truth}, {f: dates})


def trial_dummies() -> Case:
    """A trialist's file: dummies, baseline and months after, ISO dates."""
    s = Service(25)
    frame = pd.DataFrame(
        {
            "pid": np.arange(1, s.n + 1),
            "female": s.rng.integers(0, 2, s.n),
            "age0": s.age,
            "ethnic": s.pick(["White", "Black", "Asian"]),
            "rand_date": iso(s.received),
            "sess_n": s.n_sessions,
            "phq_b": s.rng.integers(10, 28, s.n),
            "phq_3m": s.rng.integers(0, 28, s.n),
            "phq_12m": s.rng.integers(0, 28, s.n),
            "gad_b": s.rng.integers(5, 22, s.n),
            "gad_3m": s.rng.integers(0, 22, s.n),
            "ther_id": s.rng.integers(1, 9, s.n),
            "antidep": s.rng.integers(0, 2, s.n),
        }
    )
    f = "analysis_file_v3"
    truth = {
        "pid": "patients.patient_id",
        "female": "patients.gender",
        "age0": "patients.age",
        "ethnic": "patients.ethnicity",
        "rand_date": "referrals.received_date",
        "sess_n": "referrals.sessions_attended",
        "phq_b": "form:phq_9:total:pre",
        "phq_3m": "form:phq_9:total:follow_up",
        "phq_12m": "form:phq_9:total:follow_up",
        "gad_b": "form:gad_7:total:pre",
        "gad_3m": "form:gad_7:total:follow_up",
        "ther_id": "referrals.therapist_id",
        "antidep": "patients.medication",
    }
    return _case("trial_dummies", {f"{f}.csv": frame}, {f: truth}, {f: {"rand_date": "iso"}})


def specialist_database() -> Case:
    """A specialist service's own database with the shorthand of clinicians."""
    s = Service(26)
    frame = pd.DataFrame(
        {
            "Hospital No.": [f"H{i:04d}" for i in range(s.n)],
            "D.O.B.": uk(s.born),
            "Gender": s.pick(["F", "M"]),
            "Employed?": s.pick(["Y", "N"]),
            "On meds?": s.pick(["Y", "N"]),
            "Date Ref Rec'd": uk(s.received),
            "Date of Ax": uk(s.assessed),
            "Start of Tx": uk(s.started),
            "End of Tx": uk(s.closed),
            "Tx type": s.pick(["MBT", "Psychodynamic", "Group analysis"]),
            "Ind/Group": s.pick(["Individual", "Group"]),
            "Outcome at d/c": s.pick(["completed", "dropped out", "referred on"]),
            "CORE-OM Ax": s.rng.normal(22, 4, s.n).clip(1, 39).round(1),
            "CORE-OM End": s.rng.normal(17, 5, s.n).clip(1, 39).round(1),
            "IIP-32 Ax": s.rng.normal(1.8, 0.5, s.n).clip(0.1, 3.9).round(2),
            "IIP-32 End": s.rng.normal(1.4, 0.5, s.n).clip(0.1, 3.9).round(2),
            "Sessions offered": s.rng.integers(10, 60, s.n),
            "Sessions attended": s.rng.integers(2, 40, s.n),
        }
    )
    f = "psychotherapy_db"
    truth = {
        "Hospital No.": "patients.patient_id",
        "D.O.B.": "patients.age",
        "Gender": "patients.gender",
        "On meds?": "patients.medication",
        "Date Ref Rec'd": "referrals.received_date",
        "Date of Ax": "referrals.assessment_date",
        "Start of Tx": "referrals.first_session_date",
        "End of Tx": "referrals.last_session_date",
        "Tx type": "referrals.therapy_model",
        "Ind/Group": "referrals.format",
        "Outcome at d/c": "referrals.ending",
        "CORE-OM Ax": "form:core_om:all:assessment",
        "CORE-OM End": "form:core_om:all:end",
        "IIP-32 Ax": "form:iip_32:total:assessment",
        "IIP-32 End": "form:iip_32:total:end",
        "Sessions attended": "referrals.sessions_attended",
    }
    dates = dict.fromkeys(
        ["D.O.B.", "Date Ref Rec'd", "Date of Ax", "Start of Tx", "End of Tx"], "dmy"
    )
    return _case("specialist_database", {f"{f}.csv": frame}, {f: truth}, {f: dates})


def warehouse_views() -> Case:
    """Views of a data warehouse: snake case, codes and descriptions, domains of CORE-OM in rows."""
    s = Service(27)
    spells = pd.DataFrame(
        {
            "spell_id": [f"sp{i}" for i in range(s.n)],
            "person_key": [f"pk{i}" for i in range(s.n)],
            "gender_desc": s.pick(["Female", "Male", "Not known"]),
            "ethnic_category_desc": s.pick(
                ["British", "Bangladeshi", "Any other Black background"]
            ),
            "imd_decile_2019": s.rng.integers(1, 11, s.n),
            "accommodation_status_desc": s.pick(["Owner occupier", "Tenant"]),
            "ref_rcvd_dt": [d.strftime("%Y%m%d") for d in s.received],
            "ref_src_desc": s.pick(["General practice", "Self"]),
            "primary_diag_cd": s.pick(["F33", "F60", "F43"]),
            "dschrg_dt": [d.strftime("%Y%m%d") for d in s.closed],
            "dschrg_rsn_desc": s.pick(
                [
                    "Discharged on professional advice, treatment completed",
                    "Self discharge against advice",
                    "Transferred to other provider",
                ]
            ),
            "care_clust_cd": s.pick(["4", "8"]),
        }
    )
    v = s.sessions()
    contacts = pd.DataFrame(
        {
            "contact_id": range(len(v)),
            "spell_id": [f"sp{i}" for i in v["person"]],
            "contact_dt": [d.strftime("%Y%m%d") for d in v["date"]],
            "attend_status_desc": s.choose(
                [
                    "Attended on time",
                    "Arrived late but was seen",
                    "Did not attend",
                    "Cancelled by patient",
                ],
                len(v),
                [0.7, 0.1, 0.1, 0.1],
            ),
            "consult_medium_desc": s.choose(["Face to face communication", "Telephone"], len(v)),
            "contact_dur_mins": s.choose(["50", "45"], len(v)),
            "clinician_id": s.choose(["c1", "c2", "c3"], len(v)),
        }
    )
    rows = [
        {
            "spell_id": f"sp{i}",
            "form_dt": day.strftime("%Y%m%d"),
            "tool_nm": "CORE-OM",
            "domain_nm": domain,
            "domain_score": round(float(s.rng.uniform(2, 38)), 1),
        }
        for i in range(s.n)
        for day in (s.started[i], s.closed[i])
        for domain in ("wellbeing", "problems", "functioning", "risk")
    ]
    truth = {
        "vw_spells": {
            "spell_id": "referrals.referral_id",
            "person_key": "patients.patient_id",
            "gender_desc": "patients.gender",
            "ethnic_category_desc": "patients.ethnicity",
            "imd_decile_2019": "patients.deprivation_decile",
            "ref_rcvd_dt": "referrals.received_date",
            "ref_src_desc": "referrals.referral_source",
            "primary_diag_cd": "referrals.problem",
            "dschrg_dt": "referrals.discharge_date",
            "dschrg_rsn_desc": "referrals.ending",
            "care_clust_cd": "referrals.severity",
        },
        "vw_contacts": {
            "spell_id": "sessions.referral_id",
            "contact_dt": "sessions.date",
            "attend_status_desc": "sessions.attendance",
            "consult_medium_desc": "sessions.mode",
            "contact_dur_mins": "sessions.duration",
            "clinician_id": "sessions.therapist_id",
        },
        "vw_outcomes": {
            "spell_id": "questionnaires.referral_id",
            "form_dt": "form.date",
            "tool_nm": "form.instrument",
            "domain_nm": "form.scale",
            "domain_score": "form.value",
        },
    }
    orders = {
        "vw_spells": {"ref_rcvd_dt": "%Y%m%d", "dschrg_dt": "%Y%m%d"},
        "vw_contacts": {"contact_dt": "%Y%m%d"},
        "vw_outcomes": {"form_dt": "%Y%m%d"},
    }
    files = {
        "vw_spells.csv": spells,
        "vw_contacts.csv": contacts,
        "vw_outcomes.csv": pd.DataFrame(rows),
    }
    return _case("warehouse_views", files, truth, orders)


LATER: tuple[Callable[[], Case], ...] = (
    described_codes,
    primary_care_report,
    case_and_contacts,
    counselling_sheet,
    trial_dummies,
    specialist_database,
    warehouse_views,
)
CORPUS = (*CORPUS, *LATER)
