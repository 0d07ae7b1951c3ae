"""A simulated cohort as the records a clinical system would submit to a national data set, before names and codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.scoring import score_questionnaires
from naturalistic.cohort.synthetic.canonical import canonical_tables, seen_by_cut
from naturalistic.cohort.synthetic.closing import NEVER
from naturalistic.cohort.synthetic.simulation import Simulation
from naturalistic.reference.loader import load_instruments, load_snomed

IntArray = npt.NDArray[np.int64]
TextArray = npt.NDArray[np.object_]

LATER_STATUS_AFTER = 200
"""Days after the referral when some people's employment is asked again; the first answer counts."""


@dataclass(frozen=True, slots=True)
class Records:
    """Frames of neutral columns; `known` is the day (since 1970) on which a record first exists.

    Attributes
    ----------
    people, statuses, referrals, contacts, activities, conditions, complaints : DataFrame
        One row a record; ids are texts, days are numbers, words are those of the canonical tables.
    contact_scores, referral_scores : DataFrame
        Scores completed at a contact that took place on the same day, and the others.
    """

    people: pd.DataFrame
    statuses: pd.DataFrame
    referrals: pd.DataFrame
    contacts: pd.DataFrame
    activities: pd.DataFrame
    conditions: pd.DataFrame
    complaints: pd.DataFrame
    contact_scores: pd.DataFrame
    referral_scores: pd.DataFrame

    def named(self) -> dict[str, pd.DataFrame]:
        """The frames by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def records_of(made: Simulation) -> Records:
    """Everything of a cohort that a national data set has a place for."""
    known = seen_by_cut(made)
    person = known["person"].to_numpy()
    first = known.groupby("person")["received"].min().to_numpy()
    people = _people(made, first)
    referrals = _referrals(made, known, people)
    contacts = _contacts(made)
    activities = _activities(made, contacts)
    at_contact, others = _scores(made, contacts)
    return Records(
        people=people,
        statuses=_statuses(people),
        referrals=referrals,
        contacts=contacts,
        activities=activities,
        conditions=_conditions(people, person, known),
        complaints=pd.DataFrame(
            {
                "referral": referrals["referral"],
                "problem": known["problem"],
                "day": known["received"],
                "known": known["received"],
            }
        ),
        contact_scores=at_contact,
        referral_scores=others,
    )


def texts(prefix: str, number: npt.ArrayLike, width: int) -> TextArray:
    """Texts such as 0000012, with the zeros that identifiers have."""
    distinct, of_row = np.unique(np.asarray(number), return_inverse=True)
    made = np.array([f"{prefix}{value:0{width}d}" for value in distinct], dtype=object)
    return made[of_row]


def _people(made: Simulation, first: IntArray) -> pd.DataFrame:
    people = made.recorded_people.reset_index(drop=True)
    number = np.arange(len(people))
    return people.drop(columns="therapist").assign(
        patient=texts("", number + 1, 8), first=first, known=first, number=number
    )


def _statuses(people: pd.DataFrame) -> pd.DataFrame:
    """Employment and benefits at the first referral, and a later answer of every tenth person."""
    columns = ["patient", "employment", "benefits"]
    early = people[columns].assign(day=people["first"], known=people["known"])
    later = early[people["number"] % 10 == 3].copy()
    words = later["employment"].astype("object")
    later["employment"] = words.where(words == "retired", "employed").mask(
        words == "employed", "unemployed"
    )
    later["day"] += LATER_STATUS_AFTER
    later["known"] += LATER_STATUS_AFTER
    return pd.concat([early.astype({"employment": "object"}), later], ignore_index=True)


def _referrals(made: Simulation, known: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    person = known["person"].to_numpy()
    therapist = made.people["therapist"].to_numpy()[person]
    years_later = ((known["received"] - people["first"].to_numpy()[person]) / 365.25).astype(int)
    return pd.DataFrame(
        {
            "referral": texts("R", np.arange(len(known)) + 1, 7),
            "patient": people["patient"].to_numpy()[person],
            "received": known["received"],
            "source": known["referral_source"],
            "closed": known["closed"],
            "ending": known["recorded_ending"],
            "team": texts("Team ", made.staff.team[therapist] + 1, 1),
            "age": people["age"].to_numpy()[person] + years_later,
            "known": known["received"],
        }
    )


def _contacts(made: Simulation) -> pd.DataFrame:
    contacts = made.contacts
    minutes = pd.Series(float(made.model.minutes), index=contacts.index)
    return pd.DataFrame(
        {
            "contact": texts("C", np.arange(len(contacts)) + 1, 9),
            "referral": texts("R", contacts["course"].to_numpy() + 1, 7),
            "day": contacts["day"],
            "attendance": contacts["attendance"].astype("object"),
            "contact_type": contacts["contact_type"].astype("object"),
            "mode": contacts["mode"].astype("object"),
            "minutes": minutes.where(contacts["seen"]),
            "therapist": texts("T", contacts["therapist"].to_numpy() + 1, 4),
            "seen": contacts["seen"],
            "known": contacts["day"],
        }
    )


def _activities(made: Simulation, contacts: pd.DataFrame) -> pd.DataFrame:
    """What was done at each contact that took place."""
    seen = contacts[contacts["seen"]]
    treated = seen["contact_type"] == "treatment"
    return pd.DataFrame(
        {
            "activity": "A" + seen["contact"].str[1:],
            "contact": seen["contact"],
            "therapist": seen["therapist"],
            "minutes": seen["minutes"],
            "therapy": pd.Series(made.model.therapy_model, index=seen.index).where(treated),
            "known": seen["known"],
        }
    ).reset_index(drop=True)


def _conditions(people: pd.DataFrame, person: IntArray, known: pd.DataFrame) -> pd.DataFrame:
    """A long-term condition, recorded with the first referral of those who have one."""
    has = (people["long_term_condition"] == "yes").to_numpy()[person]
    first = known["received"].to_numpy() == people["first"].to_numpy()[person]
    rows = np.flatnonzero(has & first)
    return pd.DataFrame(
        {
            "referral": texts("R", rows + 1, 7),
            "condition": "E119",
            "known": known["received"].to_numpy()[rows],
        }
    )


def _scores(made: Simulation, contacts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of the scales that have a code of their own: at a contact of that day, or of the referral."""
    instruments = load_instruments()
    scored = score_questionnaires(canonical_tables(made)["questionnaires"], instruments)
    pairs = pd.MultiIndex.from_frame(scored[["instrument", "scale"]].astype("object"))
    coded = pairs.isin([(key, scale) for key, scale, _ in tools().values()])
    scored = scored[coded & scored["score"].notna()].reset_index(drop=True)
    day = scored["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    frame = pd.DataFrame(
        {
            "referral": texts("R", scored["referral_id"].to_numpy(np.int64), 7),
            "instrument": scored["instrument"].astype("object"),
            "scale": scored["scale"].astype("object"),
            "score": scored["score"].to_numpy(float),
            "day": day,
            "occasion": scored["occasion"].astype("object").fillna("session"),
            "known": day,
        }
    )
    seen = contacts[contacts["seen"]].drop_duplicates(["referral", "day"])
    there = frame.merge(seen[["referral", "day", "contact"]], on=["referral", "day"], how="left")
    at = there["contact"].notna() & there["occasion"].isin(["session", "assessment"])
    activity = "A" + there["contact"].str[1:]
    return there[at].assign(activity=activity[at]), there[~at]


def tools() -> dict[str, tuple[str, str, float]]:
    """SNOMED CT codes of scales: instrument, scale, and what brings our score into the unit of the data set."""
    instruments = load_instruments()
    found: dict[str, tuple[str, str, float]] = {}
    for each in load_snomed().tools:
        if each.instrument is None or each.scale is None or each.metric == "single_item":
            continue
        if (each.instrument, each.scale) in {(key, scale) for key, scale, _ in found.values()}:
            continue  # an older code of the same scale
        most = instruments[each.instrument].scale(each.scale).maximum
        factor = each.maximum / most if each.metric == "sum_of_items" else 1.0
        found[each.code] = (each.instrument, each.scale, factor)
    return found


def birth_days(people: pd.DataFrame) -> IntArray:
    """Days of birth that give everybody the age they had at the first referral."""
    first = pd.DatetimeIndex(people["first"].to_numpy().astype("datetime64[D]"))
    years = people["age"].to_numpy(float)
    out = np.full(len(people), NEVER, dtype=np.int64)
    for i in np.flatnonzero(~np.isnan(years)):
        born = first[int(i)] - pd.DateOffset(years=int(years[i])) - pd.Timedelta(days=1 + i % 300)
        day = int(born.to_datetime64().astype("datetime64[D]").astype(np.int64))
        out[i] = day if day != NEVER else day - 1
    return out
