"""The extract a service would send: its own file and column names, codes and UK dates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.synthetic.canonical import seen_by_cut
from naturalistic.cohort.synthetic.closing import NEVER
from naturalistic.cohort.synthetic.simulation import Simulation

IntArray = npt.NDArray[np.int64]
Codes = Mapping[str, str]

_YES_NO = {"yes": "Y", "no": "N"}
CODES: Mapping[str, Codes] = MappingProxyType(
    {
        "gender": {"female": "F", "male": "M", "other_gender": "X"},
        "ethnicity": {
            "white": "A",
            "mixed": "D",
            "asian": "H",
            "black": "N",
            "other_ethnicity": "S",
        },
        "relationship_status": {
            "with_partner": "M",
            "single": "S",
            "separated_or_divorced": "D",
            "widowed": "W",
        },
        "living_arrangement": {
            "with_partner": "1",
            "alone": "2",
            "with_family": "3",
            "with_others": "4",
        },
        "employment": {
            "employed": "EMP",
            "unemployed": "UNE",
            "long_term_sick_or_disabled": "LTS",
            "student": "STU",
            "homemaker_or_carer": "HOM",
            "retired": "RET",
            "other_employment": "OTH",
        },
        "education": {"none": "0", "school": "1", "further": "2", "degree": "3"},
        "benefits": _YES_NO,
        "long_term_condition": _YES_NO,
        "medication": _YES_NO,
        "prior_treatment": _YES_NO,
        "ending": {
            "planned_ending": "P",
            "unplanned_ending": "U",
            "referred_on": "R",
            "service_ended": "S",
            "died": "D",
            "other_ending": "O",
        },
        "attendance": {
            "attended": "5",
            "attended_late": "6",
            "did_not_attend": "3",
            "cancelled_by_patient": "2",
            "cancelled_by_service": "4",
            "arrived_too_late": "7",
        },
        "contact_type": {"assessment": "A", "treatment": "T"},
        "format": {"individual": "I", "group": "G", "couple": "C"},
        "mode": {"Face to face": "F2F", "Telephone": "TEL", "Video": "VID"},
        "occasion": {"assessment": "A", "pre": "S", "session": "R", "end": "E", "follow_up": "F"},
        "kind": {"problem": "Problem", "risk": "Risk"},
        "rated": {"pre": "Before", "end": "After"},
    }
)
_NOT_STATED = {"ethnicity": "Z", "employment": "ZZZ"}
"""Codes of the service for "not known"; elsewhere the cell stays empty."""


def extract_frames(made: Simulation) -> dict[str, pd.DataFrame]:
    """Frames of text by file name, in the service's own words."""
    frames = {
        "clients": _clients(made),
        "sessions": _sessions(made),
        "forms": _forms(made),
    }
    if made.model.ratings is not None:
        frames["ratings"] = _ratings(made)
    return frames


def write_frames(frames: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write each frame as `folder/NAME.csv`: UTF-8, commas, empty cells for missing, the same bytes everywhere."""
    import pyarrow as pa
    from pyarrow import csv

    # no text of ours holds a comma or a quotation mark; the writer refuses one that does
    plain = csv.WriteOptions(include_header=False, quoting_style="none")
    for name, frame in frames.items():
        columns = [pa.array(frame[column].astype("object"), pa.string()) for column in frame]
        with (folder / f"{name}.csv").open("wb") as file:
            file.write((",".join(frame.columns) + "\n").encode())
            csv.write_csv(pa.table(columns, names=list(frame.columns)), file, plain)


def _clients(made: Simulation) -> pd.DataFrame:
    known = seen_by_cut(made)
    person = known["person"].to_numpy()
    people = made.recorded_people.iloc[person].reset_index(drop=True)
    first_received = known.groupby("person")["received"].transform("min")
    years_later = ((known["received"] - first_received) / 365.25).astype(int)
    therapist = made.people["therapist"].to_numpy()[person]
    on, cut = _day_texts, made.data_cut
    columns: dict[str, object] = {
        "ClientRef": _numbered("SYN-", person + 1, 6),
        "EpisodeRef": _episodes(np.arange(len(known))),
        "Service": _numbered("Service ", made.staff.service[therapist] + 1, 1),
        "Team": _numbered("Team ", made.staff.team[therapist] + 1, 1),
        "LeadTherapist": _numbered("T", therapist + 1, 4),
        "AgeAtRef": _whole(people["age"] + years_later),
        "Sex": _coded(people["gender"], "gender"),
        "Ethnicity": _coded(people["ethnicity"], "ethnicity"),
        "MaritalStatus": _coded(people["relationship_status"], "relationship_status"),
        "LivesWith": _coded(people["living_arrangement"], "living_arrangement"),
        "EmpStatus": _coded(people["employment"], "employment"),
        "Benefits": _coded(people["benefits"], "benefits"),
        "Education": _coded(people["education"], "education"),
        "IMD": _whole(people["deprivation_decile"]),
        "LTC": _coded(people["long_term_condition"], "long_term_condition"),
        "Meds": _coded(people["medication"], "medication"),
        "PrevTherapy": _coded(people["prior_treatment"], "prior_treatment"),
        "RefSource": known["referral_source"],
        "RefReceived": on(known["received"], cut),
        "Accepted": on(known["accepted"], cut),
        "Assessed": on(known["assessed"], cut),
        "MainProblem": known["problem"],
        "TherapyType": pd.Series(made.model.therapy_model, index=known.index, dtype="object").where(
            known["attended_by_cut"] > 0
        ),
        "SessionsAgreed": _whole(known["agreed_sessions"]),
        "Closed": on(known["closed"], cut),
        "ClosureReason": _coded(known["recorded_ending"], "ending"),
    }
    if len(made.model.formats) > 1:
        columns["Format"] = _coded(known["format"], "format")
    return pd.DataFrame(columns)


def _sessions(made: Simulation) -> pd.DataFrame:
    contacts = made.contacts
    return pd.DataFrame(
        {
            "EpisodeRef": _episodes(contacts["course"].to_numpy()),
            "ContactDate": _day_texts(contacts["day"], made.data_cut),
            "ContactType": _coded(contacts["contact_type"], "contact_type"),
            "Outcome": _coded(contacts["attendance"], "attendance"),
            "TherapistCode": _numbered("T", contacts["therapist"].to_numpy() + 1, 4),
            "Mode": _coded(contacts["mode"], "mode"),
            "Minutes": pd.Series(str(made.model.minutes), index=contacts.index).where(
                contacts["seen"]
            ),
        }
    )


def _forms(made: Simulation) -> pd.DataFrame:
    """One row an item answered, or one row a form with its totals."""
    forms, answers = made.forms, made.answers
    head = {
        "EpisodeRef": _episodes(forms["course"].to_numpy()),
        "FormDate": _day_texts(forms["day"], made.data_cut),
    }
    how = made.model.forms
    measure = how.measure
    if measure == "phq_9_and_gad_7":
        number = _whole(forms["session_number"].mask(forms["session_number"] < 0))
        totals = {"PHQ9": _whole(answers["phq_9"]), "GAD7": _whole(answers["gad_7"])}
        if (
            not how.every_session
        ):  # forms that belong to no session say when in therapy they were completed
            head["Stage"] = _coded(forms["occasion"], "occasion")
        return pd.DataFrame({**head, "SessionNo": number, **totals})
    head["Stage"] = _coded(forms["occasion"], "occasion")
    if measure == "core_om_total":
        total = np.array([f"{value:.2f}" for value in answers["core_om"]], dtype=object)
        return pd.DataFrame({**head, "COREScore": total})
    row, item = np.nonzero(answers.notna().to_numpy())
    table = pd.DataFrame(head).iloc[row].reset_index(drop=True)
    table["ItemNo"] = _numbered("", item + 1, 1)
    table["Answer"] = _numbered("", answers.to_numpy()[row, item].astype(np.int64), 1)
    return table


def _ratings(made: Simulation) -> pd.DataFrame:
    ratings = made.ratings
    return pd.DataFrame(
        {
            "EpisodeRef": _episodes(ratings["course"].to_numpy()),
            "RatedOn": _day_texts(ratings["day"], made.data_cut),
            "Kind": _coded(ratings["kind"], "kind"),
            "What": ratings["subject"],
            "Stage": _coded(ratings["occasion"], "rated"),
            "Rating": _numbered("", ratings["value"].to_numpy(), 1),
        }
    )


def _episodes(course: IntArray) -> npt.NDArray[np.object_]:
    return _numbered("E", course + 1, 7)


def _numbered(prefix: str, number: IntArray, width: int) -> npt.NDArray[np.object_]:
    """Texts such as E0000012; each is made once and shared by all rows that hold it."""
    distinct, of_row = np.unique(number, return_inverse=True)
    texts = np.array([f"{prefix}{value:0{width}d}" for value in distinct], dtype=object)
    return texts[of_row]


def _day_texts(days: pd.Series, data_cut: int) -> npt.NDArray[np.object_]:
    """dd/mm/yyyy; missing where never, or after the data cut."""
    distinct, of_row = np.unique(days.to_numpy(), return_inverse=True)
    stamps = pd.DatetimeIndex(distinct.astype("datetime64[D]"))
    texts = np.asarray(stamps.strftime("%d/%m/%Y"), dtype=object)
    texts[(distinct <= NEVER) | (distinct > data_cut)] = None
    return texts[of_row]


def _whole(values: pd.Series) -> npt.NDArray[np.object_]:
    known = values.notna().to_numpy()
    out = np.full(len(values), None, dtype=object)
    out[known] = _numbered("", values[known].to_numpy(dtype=np.int64), 1)
    return out


def _coded(words: pd.Series, name: str) -> npt.NDArray[np.object_]:
    """The service's codes; missing words become its code for "not stated" where it has one."""
    column = words.astype("category")
    texts = np.array([CODES[name][word] for word in column.cat.categories] + [None], dtype=object)
    texts[-1] = _NOT_STATED.get(name)
    return texts[column.cat.codes.to_numpy()]
