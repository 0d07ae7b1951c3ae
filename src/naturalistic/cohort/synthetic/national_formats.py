"""The records of a cohort under the names and codes of a national data set: one function a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from naturalistic.cohort.synthetic.national_cells import (
    EMPLOYMENT,
    ETHNICITY,
    ICD_10,
    RELATIONSHIP,
    SOURCE,
    YES_NO,
    Codes,
    Frames,
    activity_cells,
    coded,
    contact_cells,
    contact_scores,
    days,
    referral_scores,
    whole,
)
from naturalistic.cohort.synthetic.national_records import birth_days

_TALKING_ENDINGS: Codes = {
    "planned_ending": "46",
    "unplanned_ending": "47",
    "service_ended": "48",
    "died": "49",
    "referred_on": "13",
    "other_ending": "10",
}
# no code says that the service ended the therapy
_HEALTH_ENDINGS: Codes = {
    "planned_ending": "02",
    "unplanned_ending": "05",
    "died": "06",
    "referred_on": "08",
    "other_ending": "03",
}
ZERO_PADDED = ("AppType", "EmployStatus", "ConsMechanism", "ConsMechanismMH", "ReferClosReason")
"""Columns whose codes lose their leading zero on some ways, and get one on others."""
BLANK_PADDED = (*ZERO_PADDED, "AttendOrDNACode", "AttendStatus", "EndCode", "PersScore")
"""Columns whose codes come with stray blanks from some systems."""


@dataclass(frozen=True, slots=True)
class Format:
    """A national data set as it is written.

    Attributes
    ----------
    header : str
        Name of the table of submission headers.
    version : str
    provider : str
        Column of the provider in the header.
    tables : mapping of str to callable
        From the records to each table.
    """

    header: str
    version: str
    provider: str
    tables: Mapping[str, Callable[[Frames], pd.DataFrame]]


def _talking_people(records: Frames) -> pd.DataFrame:
    people = records["people"]
    gender = {"male": "1", "female": "2", "other_gender": "9"}
    return pd.DataFrame(
        {
            "LocalPatientId": people["patient"],
            "PersonBirthDate": days(birth_days(people)),
            "Gender": coded(people["gender"], gender),
            "EthnicCategory": coded(people["ethnicity"], ETHNICITY, "Z"),
            "IndicesOfDeprivationDecile": whole(people["deprivation_decile"]),
        }
    )


def _employment(records: Frames) -> pd.DataFrame:
    statuses = records["statuses"]
    return pd.DataFrame(
        {
            "LocalPatientId": statuses["patient"],
            "EmployStatus": coded(statuses["employment"], EMPLOYMENT, "ZZ"),
            "EmployStatusRecDate": days(statuses["day"]),
        }
    )


def _employment_and_benefits(records: Frames) -> pd.DataFrame:
    benefits = coded(records["statuses"]["benefits"], YES_NO)
    return _employment(records).assign(BenefitRecInd=benefits)


def _talking_referrals(records: Frames) -> pd.DataFrame:
    referrals = records["referrals"]
    return pd.DataFrame(
        {
            "ServiceRequestId": referrals["referral"],
            "LocalPatientId": referrals["patient"],
            "ReferralRequestReceivedDate": days(referrals["received"]),
            "SourceOfReferralIAPT": coded(referrals["source"], SOURCE),
            "ServDischDate": days(referrals["closed"]),
            "EndCode": coded(referrals["ending"], _TALKING_ENDINGS),
        }
    )


def _talking_contacts(records: Frames) -> pd.DataFrame:
    contacts = records["contacts"]
    kinds = coded(contacts["contact_type"], {"assessment": "01", "treatment": "02"})
    cells = contact_cells(contacts, "AttendOrDNACode", "ConsMechanism")
    return pd.DataFrame(cells).assign(AppType=kinds)


def _conditions(records: Frames) -> pd.DataFrame:
    conditions = records["conditions"]
    return pd.DataFrame(
        {
            "ServiceRequestId": conditions["referral"],
            "FindSchemeInUse": "01",
            "LongTermCondition": conditions["condition"],
        }
    )


def _complaints(records: Frames) -> pd.DataFrame:
    complaints = records["complaints"]
    return pd.DataFrame(
        {
            "ServiceRequestId": complaints["referral"],
            "FindSchemeInUse": "01",
            "PresComp": coded(complaints["problem"], ICD_10),
            "PresCompDate": days(complaints["day"]),
        }
    )


def _health_people(records: Frames) -> pd.DataFrame:
    people = records["people"]
    gender = {"male": "1", "female": "2", "other_gender": "3"}
    return pd.DataFrame(
        {
            "LocalPatientId": people["patient"],
            "GenderIDCode": coded(people["gender"], gender),
            "MaritalStatus": coded(people["relationship_status"], RELATIONSHIP, "N"),
            "EthnicCategory": coded(people["ethnicity"], ETHNICITY, "Z"),
        }
    )


def _health_referrals(records: Frames) -> pd.DataFrame:
    referrals = records["referrals"]
    return pd.DataFrame(
        {
            "ServiceRequestId": referrals["referral"],
            "LocalPatientId": referrals["patient"],
            "CareProfTeamLocalID": referrals["team"],
            "ServTeamType": "A12",
            "ReferralRequestReceivedDate": days(referrals["received"]),
            "AgeServReferRecDate": whole(referrals["age"]),
            "SourceOfReferralMH": coded(referrals["source"], SOURCE),
            "ServDischDate": days(referrals["closed"]),
            "ReferClosReason": coded(referrals["ending"], _HEALTH_ENDINGS),
        }
    )


def _diagnoses(records: Frames) -> pd.DataFrame:
    complaints = records["complaints"]
    return pd.DataFrame(
        {
            "ServiceRequestId": complaints["referral"],
            "DiagSchemeInUse": "02",
            "PrimDiag": coded(complaints["problem"], ICD_10),
            "CodedDiagTimestamp": days(complaints["day"], "T09:30:00"),
        }
    )


def _health_contacts(records: Frames) -> pd.DataFrame:
    return pd.DataFrame(contact_cells(records["contacts"], "AttendStatus", "ConsMechanismMH"))


_TALKING_THERAPIES = MappingProxyType(
    {
        "IDS001MPI": _talking_people,
        "IDS004EmpStatus": _employment_and_benefits,
        "IDS101Referral": _talking_referrals,
        "IDS201CareContact": _talking_contacts,
        "IDS202CareActivity": lambda r: activity_cells(
            r, "CarePersLocalId", "CodeProcAndProcStatus"
        ),
        "IDS602LongTermCondition": _conditions,
        "IDS603PresentingComplaints": _complaints,
        "IDS606CodedScoreAssessmentRefer": lambda r: referral_scores(r, "AssToolCompDate", ""),
        "IDS607CodedScoreAssessmentAct": contact_scores,
    }
)
_MENTAL_HEALTH = MappingProxyType(
    {
        "MHS001MPI": _health_people,
        "MHS004EmpStatus": _employment,
        "MHS101Referral": _health_referrals,
        "MHS201CareContact": _health_contacts,
        "MHS202CareActivity": lambda r: activity_cells(r, "CareProfLocalId", "Procedure"),
        "MHS604PrimDiag": _diagnoses,
        "MHS606CodedScoreAssessmentRefer": lambda r: referral_scores(
            r, "AssToolCompTimestamp", "T10:00:00"
        ),
        "MHS607CodedScoreAssessmentAct": contact_scores,
    }
)
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "talking_therapies_v2_1": Format("IDS000Header", "2.1", "OrgIDProv", _TALKING_THERAPIES),
        "mhsds_v6": Format("MHS000Header", "6.0", "OrgIDProvider", _MENTAL_HEALTH),
    }
)
