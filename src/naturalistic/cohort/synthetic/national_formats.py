"""The records of a cohort under the names and codes of a national data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.synthetic.closing import NEVER
from naturalistic.cohort.synthetic.national_records import birth_days, tools
from naturalistic.reference.loader import load_snomed
from naturalistic.reference.matching import therapy_key

Codes = Mapping[str, str]
Frames = dict[str, pd.DataFrame]

_YES_NO: Codes = {"yes": "Y", "no": "N"}
_EMPLOYMENT: Codes = {
    "employed": "01",
    "unemployed": "02",
    "student": "03",
    "long_term_sick_or_disabled": "04",
    "homemaker_or_carer": "05",
    "other_employment": "06",
    "retired": "08",
}
_ETHNICITY: Codes = {"white": "A", "mixed": "D", "asian": "H", "black": "N", "other_ethnicity": "S"}
_ATTENDANCE: Codes = {
    "cancelled_by_patient": "2",
    "did_not_attend": "3",
    "cancelled_by_service": "4",
    "attended": "5",
    "attended_late": "6",
    "arrived_too_late": "7",
}
_MODE: Codes = {"Face to face": "01", "Telephone": "02", "Video": "11"}
_SOURCE: Codes = {"Self": "B1", "GP": "A1", "Community mental health team": "I1", "Other": "M9"}
_RELATIONSHIP: Codes = {
    "with_partner": "M",
    "single": "S",
    "separated_or_divorced": "D",
    "widowed": "W",
}
_ICD_10: Codes = {
    "Depression": "F329",
    "Generalised anxiety disorder": "F411",
    "Mixed anxiety and depression": "F412",
    "Post-traumatic stress disorder": "F431",
    "Social anxiety disorder": "F401",
    "Obsessive-compulsive disorder": "F42",
}
_ENDINGS: Mapping[str, Codes] = MappingProxyType(
    {
        "talking_therapies_v2_1": {
            "planned_ending": "46",
            "unplanned_ending": "47",
            "service_ended": "48",
            "died": "49",
            "referred_on": "13",
            "other_ending": "10",
        },
        # no code says that the service ended the therapy
        "mhsds_v6": {
            "planned_ending": "02",
            "unplanned_ending": "05",
            "died": "06",
            "referred_on": "08",
            "other_ending": "03",
        },
    }
)
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
    make : callable
        From records to tables.
    """

    header: str
    version: str
    provider: str
    make: Callable[[Frames], Frames]


def _talking_therapies(records: Frames) -> Frames:
    people, contacts = records["people"], records["contacts"]
    statuses, referrals = records["statuses"], records["referrals"]
    return {
        "IDS001MPI": pd.DataFrame(
            {
                "LocalPatientId": people["patient"],
                "PersonBirthDate": days(birth_days(people)),
                "Gender": coded(
                    people["gender"], {"male": "1", "female": "2", "other_gender": "9"}
                ),
                "EthnicCategory": coded(people["ethnicity"], _ETHNICITY, "Z"),
                "IndicesOfDeprivationDecile": whole(people["deprivation_decile"]),
            }
        ),
        "IDS004EmpStatus": pd.DataFrame(
            {
                "LocalPatientId": statuses["patient"],
                "EmployStatus": coded(statuses["employment"], _EMPLOYMENT, "ZZ"),
                "EmployStatusRecDate": days(statuses["day"]),
                "BenefitRecInd": coded(statuses["benefits"], _YES_NO),
            }
        ),
        "IDS101Referral": pd.DataFrame(
            {
                "ServiceRequestId": referrals["referral"],
                "LocalPatientId": referrals["patient"],
                "ReferralRequestReceivedDate": days(referrals["received"]),
                "SourceOfReferralIAPT": coded(referrals["source"], _SOURCE),
                "ServDischDate": days(referrals["closed"]),
                "EndCode": coded(referrals["ending"], _ENDINGS["talking_therapies_v2_1"]),
            }
        ),
        "IDS201CareContact": pd.DataFrame(
            {
                **_contact(contacts, "AttendOrDNACode", "ConsMechanism"),
                "AppType": coded(contacts["contact_type"], {"assessment": "01", "treatment": "02"}),
            }
        ),
        "IDS202CareActivity": _activity(records, "CarePersLocalId", "CodeProcAndProcStatus"),
        "IDS602LongTermCondition": pd.DataFrame(
            {
                "ServiceRequestId": records["conditions"]["referral"],
                "FindSchemeInUse": "01",
                "LongTermCondition": records["conditions"]["condition"],
            }
        ),
        "IDS603PresentingComplaints": pd.DataFrame(
            {
                "ServiceRequestId": records["complaints"]["referral"],
                "FindSchemeInUse": "01",
                "PresComp": coded(records["complaints"]["problem"], _ICD_10),
                "PresCompDate": days(records["complaints"]["day"]),
            }
        ),
        "IDS606CodedScoreAssessmentRefer": _referral_scores(records, "AssToolCompDate", ""),
        "IDS607CodedScoreAssessmentAct": _contact_scores(records),
    }


def _mental_health_services(records: Frames) -> Frames:
    people, contacts = records["people"], records["contacts"]
    statuses, referrals = records["statuses"], records["referrals"]
    return {
        "MHS001MPI": pd.DataFrame(
            {
                "LocalPatientId": people["patient"],
                "GenderIDCode": coded(
                    people["gender"], {"male": "1", "female": "2", "other_gender": "3"}
                ),
                "MaritalStatus": coded(people["relationship_status"], _RELATIONSHIP, "N"),
                "EthnicCategory": coded(people["ethnicity"], _ETHNICITY, "Z"),
            }
        ),
        "MHS004EmpStatus": pd.DataFrame(
            {
                "LocalPatientId": statuses["patient"],
                "EmployStatus": coded(statuses["employment"], _EMPLOYMENT, "ZZ"),
                "EmployStatusRecDate": days(statuses["day"]),
            }
        ),
        "MHS101Referral": pd.DataFrame(
            {
                "ServiceRequestId": referrals["referral"],
                "LocalPatientId": referrals["patient"],
                "CareProfTeamLocalID": referrals["team"],
                "ServTeamType": "A12",
                "ReferralRequestReceivedDate": days(referrals["received"]),
                "AgeServReferRecDate": whole(referrals["age"]),
                "SourceOfReferralMH": coded(referrals["source"], _SOURCE),
                "ServDischDate": days(referrals["closed"]),
                "ReferClosReason": coded(referrals["ending"], _ENDINGS["mhsds_v6"]),
            }
        ),
        "MHS201CareContact": pd.DataFrame(_contact(contacts, "AttendStatus", "ConsMechanismMH")),
        "MHS202CareActivity": _activity(records, "CareProfLocalId", "Procedure"),
        "MHS604PrimDiag": pd.DataFrame(
            {
                "ServiceRequestId": records["complaints"]["referral"],
                "DiagSchemeInUse": "02",
                "PrimDiag": coded(records["complaints"]["problem"], _ICD_10),
                "CodedDiagTimestamp": days(records["complaints"]["day"], "T09:30:00"),
            }
        ),
        "MHS606CodedScoreAssessmentRefer": _referral_scores(
            records, "AssToolCompTimestamp", "T10:00:00"
        ),
        "MHS607CodedScoreAssessmentAct": _contact_scores(records),
    }


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "talking_therapies_v2_1": Format("IDS000Header", "2.1", "OrgIDProv", _talking_therapies),
        "mhsds_v6": Format("MHS000Header", "6.0", "OrgIDProvider", _mental_health_services),
    }
)


def _contact(contacts: pd.DataFrame, attendance: str, mechanism: str) -> dict[str, object]:
    return {
        "CareContactId": contacts["contact"],
        "ServiceRequestId": contacts["referral"],
        "CareContDate": days(contacts["day"]),
        attendance: coded(contacts["attendance"], _ATTENDANCE),
        "ClinContDurOfCareCont": whole(contacts["minutes"]),
        mechanism: coded(contacts["mode"], _MODE),
        "CareContPatientTherMode": np.full(len(contacts), "1", dtype=object),
    }


def _activity(records: Frames, professional: str, procedure: str) -> pd.DataFrame:
    activities = records["activities"]
    words = {str(word): _procedure(str(word)) for word in activities["therapy"].dropna().unique()}
    return pd.DataFrame(
        {
            "CareActId": activities["activity"],
            "CareContactId": activities["contact"],
            professional: activities["therapist"],
            "ClinContactDurOfCareAct": whole(activities["minutes"]),
            procedure: coded(activities["therapy"], words),
        }
    )


def _procedure(word: str) -> str:
    """SNOMED CT code of a therapy: the one of that name, or else of that kind; empty where there is none."""
    listed = load_snomed().therapies
    for each in listed:
        if each.label.casefold() == word.casefold():
            return each.code
    key = therapy_key(word)
    return next((each.code for each in listed if each.therapy_model == key), "")


def _contact_scores(records: Frames) -> pd.DataFrame:
    scores = records["contact_scores"]
    return pd.DataFrame(
        {
            "CareActId": scores["activity"],
            **_scored(scores),
        }
    )


def _scored(scores: pd.DataFrame) -> dict[str, object]:
    """The tool of each score, and the score in the unit of the data set."""
    of_scale = {(key, scale): (code, factor) for code, (key, scale, factor) in tools().items()}
    found = [of_scale[pair] for pair in zip(scores["instrument"], scores["scale"], strict=True)]
    factor = np.array([f for _, f in found], dtype=float)
    return {
        "CodedAssToolType": np.array([code for code, _ in found], dtype=object),
        "PersScore": points(scores["score"] * factor),
    }


def _referral_scores(records: Frames, when: str, time: str) -> pd.DataFrame:
    scores = records["referral_scores"]
    return pd.DataFrame(
        {
            "ServiceRequestId": scores["referral"],
            **_scored(scores),
            when: days(scores["day"], time),
        }
    )


def days(numbers: npt.ArrayLike, time: str = "") -> npt.NDArray[np.object_]:
    """Days since 1970 as 2023-09-30, with a time of day where one is given; missing where never."""
    values = np.asarray(numbers, dtype=np.int64)
    distinct, of_row = np.unique(values, return_inverse=True)
    texts = np.datetime_as_string(distinct.astype("datetime64[D]")).astype(object)
    texts = np.array([f"{text}{time}" for text in texts], dtype=object)
    texts[distinct == NEVER] = None
    return texts[of_row]


def whole(values: pd.Series) -> npt.NDArray[np.object_]:
    """Whole numbers as texts; missing where missing."""
    return np.array([None if pd.isna(v) else str(int(v)) for v in values], dtype=object)


def points(values: pd.Series) -> npt.NDArray[np.object_]:
    """Scores as texts: whole, or with up to six decimals."""
    return np.array([f"{value:.6f}".rstrip("0").rstrip(".") for value in values], dtype=object)


def coded(words: pd.Series, codes: Codes, missing: str | None = None) -> npt.NDArray[np.object_]:
    """The code of each word; `missing` where there is no word, nothing where no code stands for it."""
    held = words.astype("object")
    return np.array(
        [missing if pd.isna(word) else codes.get(word) or None for word in held], dtype=object
    )
