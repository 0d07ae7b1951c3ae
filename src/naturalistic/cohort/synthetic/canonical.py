"""A simulated cohort as canonical tables, the way a faultless ingest of its extract would give them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.synthetic.closing import NEVER
from naturalistic.cohort.synthetic.people import stacked
from naturalistic.cohort.synthetic.simulation import Simulation
from naturalistic.tables.cohort import PATIENTS, QUESTIONNAIRES, RATINGS, REFERRALS, SESSIONS

IntArray = npt.NDArray[np.int64]


def canonical_tables(made: Simulation) -> dict[str, pd.DataFrame]:
    """Canonical tables; ids are row numbers counted from 1."""
    return {
        "patients": _patients(made),
        "referrals": _referrals(made),
        "sessions": _sessions(made),
        "questionnaires": _questionnaires(made),
        "ratings": _ratings(made),
    }


def dates(days: npt.ArrayLike, data_cut: int) -> npt.NDArray[np.datetime64]:
    """Days since 1970 as dates; missing where never, or after the data cut."""
    number = np.asarray(days, dtype=np.int64)
    out = number.astype("datetime64[D]")
    out[(number <= NEVER) | (number > data_cut)] = np.datetime64("NaT")
    return out.astype("datetime64[ms]")


def seen_by_cut(made: Simulation) -> pd.DataFrame:
    """Courses as far as they are known at the data cut: later steps never, later endings missing."""
    known = made.courses.copy()
    for name in ("accepted", "assessed", "first_booked", "closed"):
        known[name] = known[name].where(known[name] <= made.data_cut, NEVER)
    known["recorded_ending"] = known["recorded_ending"].where(known["closed"] > NEVER)
    agreed = known["agreed_sessions"].astype("Int32")
    known["agreed_sessions"] = agreed.where(known["attended_by_cut"] > 0)
    return known


def _patients(made: Simulation) -> pd.DataFrame:
    people = made.recorded_people.drop(columns="therapist")
    people["deprivation_decile"] = people["deprivation_decile"].astype("Int32")
    return PATIENTS.conform(people.assign(patient_id=np.arange(1, len(people) + 1)))


def _referrals(made: Simulation) -> pd.DataFrame:
    known = seen_by_cut(made)
    person = known["person"].to_numpy()
    therapist = made.people["therapist"].to_numpy()[person]
    team = made.staff.team[therapist]
    started = (known["attended_by_cut"] > 0).to_numpy()
    return REFERRALS.conform(
        pd.DataFrame(
            {
                "referral_id": np.arange(1, len(known) + 1),
                "patient_id": person + 1,
                "service": _labels("Service", made.staff.service[therapist]),
                "team": _labels("Team", team),
                "referral_source": known["referral_source"],
                "received_date": dates(known["received"], made.data_cut),
                "accepted_date": dates(known["accepted"], made.data_cut),
                "assessment_date": dates(known["assessed"], made.data_cut),
                "discharge_date": dates(known["closed"], made.data_cut),
                "ending": known["recorded_ending"],
                "agreed_sessions": known["agreed_sessions"],
                "problem": known["problem"],
                "therapist_id": pd.array(therapist + 1, dtype="Int64"),
                "therapy_model": pd.Series(made.model.therapy_model, index=known.index).where(
                    started
                ),
                "format": known["format"],
            }
        )
    )


def _labels(word: str, number: IntArray) -> npt.NDArray[np.object_]:
    labels = np.array([f"{word} {i + 1}" for i in range(int(number.max(initial=0)) + 1)], object)
    return labels[number]


def _sessions(made: Simulation) -> pd.DataFrame:
    contacts = made.contacts
    return SESSIONS.conform(
        pd.DataFrame(
            {
                "referral_id": contacts["course"] + 1,
                "date": dates(contacts["day"], made.data_cut),
                "contact_type": contacts["contact_type"],
                "attendance": contacts["attendance"],
                "therapist_id": contacts["therapist"] + 1,
                "mode": contacts["mode"],
                "duration": np.where(contacts["seen"], made.model.minutes, np.nan),
            }
        )
    )


def _questionnaires(made: Simulation) -> pd.DataFrame:
    forms, answers = made.forms, made.answers
    number = forms["session_number"].astype("Int32")
    head = pd.DataFrame(
        {
            "form_id": np.arange(1, len(forms) + 1),
            "referral_id": forms["course"] + 1,
            "date": dates(forms["day"], made.data_cut),
            "occasion": forms["occasion"],
            "session_number": number.mask(number < 0),
        }
    )
    if made.model.forms.measure == "core_om_items":
        row, item = np.nonzero(answers.notna().to_numpy())
        table = head.iloc[row].assign(
            instrument="core_om", item=item + 1, value=answers.to_numpy()[row, item]
        )
        return QUESTIONNAIRES.conform(table)
    parts = []
    for i, key in enumerate(answers.columns.astype(str)):
        scale = "all" if key == "core_om" else "total"
        part = head.assign(instrument=key, scale=scale, value=answers[key].astype("float64"))
        parts.append(part.assign(form_id=part["form_id"] + i * len(forms)))
    return QUESTIONNAIRES.conform(stacked(parts))


def _ratings(made: Simulation) -> pd.DataFrame:
    ratings = made.ratings
    if ratings.empty:
        return RATINGS.empty()
    day = dates(ratings["day"], made.data_cut)
    columns = ["kind", "subject", "occasion", "value"]
    return RATINGS.conform(ratings[columns].assign(referral_id=ratings["course"] + 1, date=day))
