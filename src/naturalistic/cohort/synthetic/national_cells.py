"""Records as cells of a national data set: codes, days and scores as texts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.synthetic.closing import NEVER
from naturalistic.cohort.synthetic.national_records import tools
from naturalistic.reference.loader import load_snomed
from naturalistic.reference.matching import therapy_key

Codes = Mapping[str, str]
Frames = dict[str, pd.DataFrame]

YES_NO: Codes = {"yes": "Y", "no": "N"}
EMPLOYMENT: Codes = {
    "employed": "01",
    "unemployed": "02",
    "student": "03",
    "long_term_sick_or_disabled": "04",
    "homemaker_or_carer": "05",
    "other_employment": "06",
    "retired": "08",
}
ETHNICITY: Codes = {"white": "A", "mixed": "D", "asian": "H", "black": "N", "other_ethnicity": "S"}
ATTENDANCE_CODES: Codes = {
    "cancelled_by_patient": "2",
    "did_not_attend": "3",
    "cancelled_by_service": "4",
    "attended": "5",
    "attended_late": "6",
    "arrived_too_late": "7",
}
MODE: Codes = {"Face to face": "01", "Telephone": "02", "Video": "11"}
SOURCE: Codes = {"Self": "B1", "GP": "A1", "Community mental health team": "I1", "Other": "M9"}
RELATIONSHIP: Codes = {
    "with_partner": "M",
    "single": "S",
    "separated_or_divorced": "D",
    "widowed": "W",
}
ICD_10: Codes = {
    "Depression": "F329",
    "Generalised anxiety disorder": "F411",
    "Mixed anxiety and depression": "F412",
    "Post-traumatic stress disorder": "F431",
    "Social anxiety disorder": "F401",
    "Obsessive-compulsive disorder": "F42",
}


def contact_cells(contacts: pd.DataFrame, attendance: str, mechanism: str) -> dict[str, object]:
    """Columns of contacts; two of them have other names in each data set."""
    return {
        "CareContactId": contacts["contact"],
        "ServiceRequestId": contacts["referral"],
        "CareContDate": days(contacts["day"]),
        attendance: coded(contacts["attendance"], ATTENDANCE_CODES),
        "ClinContDurOfCareCont": whole(contacts["minutes"]),
        mechanism: coded(contacts["mode"], MODE),
        "CareContPatientTherMode": np.full(len(contacts), "1", dtype=object),
    }


def activity_cells(records: Frames, professional: str, procedure: str) -> pd.DataFrame:
    """The table of activities."""
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


def contact_scores(records: Frames) -> pd.DataFrame:
    """The table of scores completed at contacts."""
    scores = records["contact_scores"]
    return pd.DataFrame(
        {
            "CareActId": scores["activity"],
            **scored_cells(scores),
        }
    )


def scored_cells(scores: pd.DataFrame) -> dict[str, object]:
    """The tool of each score, and the score in the unit of the data set."""
    of_scale = {(key, scale): (code, factor) for code, (key, scale, factor) in tools().items()}
    found = [of_scale[pair] for pair in zip(scores["instrument"], scores["scale"], strict=True)]
    factor = np.array([f for _, f in found], dtype=float)
    return {
        "CodedAssToolType": np.array([code for code, _ in found], dtype=object),
        "PersScore": points(scores["score"] * factor),
    }


def referral_scores(records: Frames, when: str, time: str) -> pd.DataFrame:
    """The table of other scores, with the column of their day."""
    scores = records["referral_scores"]
    return pd.DataFrame(
        {
            "ServiceRequestId": scores["referral"],
            **scored_cells(scores),
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
