"""Small simulated cohorts as released estimates: what the report is made from, without the workflow."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.registry import REGISTRY
from naturalistic.cohort.episodes import derive_episodes
from naturalistic.cohort.outcomes import derive_outcomes
from naturalistic.reference.loader import load_instruments
from naturalistic.release.disclosure import protect
from naturalistic.release.evidence import run_record
from naturalistic.report.released import Released
from naturalistic.settings.config import AnalysisSettings
from naturalistic.tables.cohort import PATIENTS, RATINGS, REFERRALS, SESSIONS
from naturalistic.tables.derived import INTAKE, SCORES

CUT = dt.date(2023, 12, 31)
START = np.datetime64("2014-01-06", "D")
# those that a section of the report is made from
ANALYSES = (
    "participant_flow",
    "characteristics",
    "outcome_change",
    "clinical_change",
    "outcome_models",
    "attendance",
    "attendance_over_time",
    "dose_response",
    "dropout",
    "dropout_models",
    "length_of_therapy",
    "nice_alignment",
)
# models of leaving take long where few people left
QUICK = tuple(name for name in ANALYSES if name != "dropout_models")
ENDINGS = ("planned_ending", "unplanned_ending", "referred_on", "died", "unknown_ending")


@dataclass
class Shape:
    """What kind of cohort is simulated."""

    n: int = 640
    instrument: str = "core_om"
    scales: tuple[str, ...] = ("all", "wellbeing", "problems", "functioning", "risk")
    first: tuple[float, float] = (21.0, 6.0)
    gain: tuple[float, float] = (5.5, 6.5)
    sessions: bool = True
    therapists: int = 24
    demographics: bool = True
    problems: bool = True
    calendar: str = "real"
    forms_per_person: int = 2
    profile: str = "opensafely"
    synthetic: bool = True
    published: str | None = None
    analyses: tuple[str, ...] = ANALYSES
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int = 7


def released(shape: Shape) -> Released:
    """Every registered analysis on a simulated cohort, through disclosure control."""
    tables = _tables(shape, np.random.default_rng(shape.seed))
    settings = AnalysisSettings.model_validate(
        {
            "primary": {"instrument": shape.instrument, "scale": shape.scales[0]},
            **shape.settings,
        }
    )
    instruments = load_instruments()
    tables["episodes"] = derive_episodes(
        tables["patients"],
        tables["referrals"],
        tables["sessions"],
        CUT,
        settings,
        calendar=shape.calendar,
    )
    tables["outcomes"] = derive_outcomes(
        tables["scores"], tables["episodes"], instruments, settings, tables["patients"]
    )
    estimates, disclosure = {}, {}
    for name in shape.analyses:
        entry = REGISTRY[name]
        result = entry.load()(
            AnalysisInput(
                cohort="simulated",
                tables={table: tables[table] for table in entry.tables},
                settings=settings,
                instruments=instruments,
                calendar=shape.calendar,
                rng=np.random.default_rng([settings.seed, zlib.crc32(name.encode())]),
            )
        )
        estimates[name], disclosure[name] = protect(result.estimates, shape.profile)
    record = run_record(
        cohort="simulated",
        title="Specialist psychotherapy service, Northshire",
        service="Northshire NHS Foundation Trust" if shape.synthetic else "",
        contact="evaluation team" if shape.synthetic else "",
        synthetic=shape.synthetic,
        published=shape.published,
        profile=shape.profile,
        settings=settings.model_dump(mode="json"),
        provenance={"data_cut": CUT.isoformat(), "calendar": shape.calendar, "files": []},
    )
    return Released(estimates, disclosure, json.loads(json.dumps(record)), instruments)


def _tables(shape: Shape, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    n = shape.n
    people = _people(shape, rng)
    started = rng.random(n) < 0.85
    planned_length = rng.integers(10, 70, n)
    ending = rng.choice(ENDINGS, n, p=(0.6, 0.3, 0.05, 0.01, 0.04))
    share = np.where(ending == "planned_ending", 1.0, rng.beta(1.2, 2.0, n))
    weeks = np.maximum(1, np.round(planned_length * share)).astype(int)
    received = START + rng.integers(0, 3500, n).astype("timedelta64[D]")
    first_day = received + rng.integers(40, 200, n).astype("timedelta64[D]")
    last_day = first_day + (7 * (weeks - 1)).astype("timedelta64[D]")
    cut = np.datetime64(CUT)
    is_open = started & (last_day + 7 > cut)
    discharge = np.where(started, last_day + 7, received + 60)
    referrals = pd.DataFrame(
        {
            "referral_id": np.arange(1, n + 1),
            "patient_id": np.arange(1, n + 1) + 10_000,
            "received_date": received,
            "assessment_date": np.where(
                started | (rng.random(n) < 0.5), first_day - 30, np.datetime64("NaT", "D")
            ),
            "discharge_date": np.where(is_open, np.datetime64("NaT", "D"), discharge),
            "ending": pd.Series(np.where(started, ending, "other_ending")).mask(is_open),
            "therapist_id": rng.integers(1, shape.therapists + 1, n) if shape.therapists else None,
            "therapy_model": "psychodynamic_long_term" if shape.problems else None,
            "problem": pd.Series(
                rng.choice(
                    ["depression", "anxiety_or_stress", "personality_problems", "ptsd", ""],
                    n,
                    p=(0.4, 0.25, 0.2, 0.02, 0.13),
                )
            ).replace("", None)
            if shape.problems
            else None,
            "agreed_sessions": planned_length if shape.sessions else None,
            "first_session_date": None
            if shape.sessions
            else np.where(started, first_day, np.datetime64("NaT", "D")),
        }
    )
    sessions = pd.DataFrame(columns=["referral_id", "date", "contact_type"])
    if shape.sessions:
        sessions = _sessions(started, weeks, first_day, rng)
    scores = _scores(shape, people, started, ending, first_day, last_day, weeks, rng)
    intake = pd.DataFrame(
        {
            "step": ["read", "set_aside", "set_aside", "kept"],
            "table": ["referrals", "referrals", "sessions", "sessions"],
            "rows_in": [n + 12, n + 12, 30_000, 29_960],
            "rows_out": [n + 12, n, 29_960, 29_960],
            "reason": ["rows of referrals.csv", "exact_duplicate", "after_discharge", "rows"],
            "count": [0, 12, 40, 0],
        }
    )
    if not n:
        intake = intake.iloc[:0]
    return {
        "patients": PATIENTS.conform(people),
        "referrals": REFERRALS.conform(referrals),
        "sessions": SESSIONS.conform(sessions),
        "ratings": RATINGS.empty(),
        "scores": SCORES.conform(scores),
        "intake": INTAKE.conform(intake),
    }


def _people(shape: Shape, rng: np.random.Generator) -> pd.DataFrame:
    n = shape.n
    people = pd.DataFrame({"patient_id": np.arange(1, n + 1) + 10_000})
    if not shape.demographics:
        return people
    words = {
        "gender": (("female", "male", "other_gender"), (0.66, 0.33, 0.01)),
        "ethnicity": (("white", "mixed", "asian", "black"), (0.8, 0.05, 0.09, 0.06)),
        "relationship_status": (
            ("with_partner", "single", "separated_or_divorced"),
            (0.4, 0.42, 0.18),
        ),
        "employment": (
            ("employed", "unemployed", "long_term_sick_or_disabled", "student"),
            (0.5, 0.2, 0.2, 0.1),
        ),
        "medication": (("yes", "no"), (0.6, 0.4)),
    }
    people["age"] = np.clip(rng.normal(39, 12, n), 18, 80).round()
    for name, (levels, shares) in words.items():
        people[name] = pd.Series(rng.choice(levels, n, p=shares)).mask(rng.random(n) < 0.05)
    return people


def _sessions(
    started: np.ndarray, weeks: np.ndarray, first_day: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    booked = np.where(started, weeks, 0)
    who = np.repeat(np.arange(len(started)), booked)
    number = np.arange(len(who)) - np.repeat(np.cumsum(booked) - booked, booked)
    states = np.array(
        [
            "attended",
            "attended_late",
            "did_not_attend",
            "cancelled_by_patient",
            "cancelled_by_service",
        ]
    )
    state = rng.choice(states, len(who), p=(0.72, 0.02, 0.1, 0.1, 0.06))
    state[number == 0] = "attended"
    return pd.DataFrame(
        {
            "referral_id": who + 1,
            "date": first_day[who] + (7 * number).astype("timedelta64[D]"),
            "contact_type": "treatment",
            "attendance": state,
        }
    )


def _scores(
    shape: Shape,
    people: pd.DataFrame,
    started: np.ndarray,
    ending: np.ndarray,
    first_day: np.ndarray,
    last_day: np.ndarray,
    weeks: np.ndarray,
    rng: np.random.Generator,
) -> pd.DataFrame:
    facts = load_instruments()[shape.instrument]
    sign = -1 if facts.better_is == "lower" else 1
    distress = rng.normal(0, 1, shape.n)
    if shape.demographics:
        distress = distress + 0.4 * (people["employment"] == "unemployed").to_numpy()
    level, spread = shape.first
    gain = rng.normal(shape.gain[0], shape.gain[1], shape.n)
    last_kept = np.where(ending == "planned_ending", 0.85, 0.3)
    parts = []
    for k in range(shape.forms_per_person):
        share = k / (shape.forms_per_person - 1)
        kept = started & (rng.random(shape.n) < (0.96 if k == 0 else last_kept))
        day = first_day + np.round(share * 7 * (weeks - 1)).astype("timedelta64[D]")
        if k == 0:
            day = first_day - 3
        for scale in shape.scales:
            limits = facts.scale(scale)
            score = level - sign * spread * distress + sign * gain * share
            score = np.clip(score + rng.normal(0, 2, shape.n), limits.minimum, limits.maximum)
            frame = pd.DataFrame(
                {
                    "form_id": np.arange(shape.n) * 100 + k,
                    "referral_id": np.arange(1, shape.n + 1),
                    "instrument": shape.instrument,
                    "scale": scale,
                    "date": day,
                    "occasion": "pre" if k == 0 else "session",
                    "score": score.round(1),
                }
            )
            parts.append(frame[kept & (day <= np.datetime64(CUT))])
    return pd.concat(parts, ignore_index=True)


SHAPES = {
    "full": Shape(n=420, scales=("all", "risk"), published="hirschfeld_2024"),
    "forms_only": Shape(
        n=100,
        instrument="bdi",
        scales=("total",),
        first=(23.0, 9.0),
        gain=(7.0, 9.0),
        sessions=False,
        therapists=0,
        demographics=False,
        problems=False,
        calendar="relative",
        forms_per_person=5,
        synthetic=False,
    ),
    "higher_is_better": Shape(
        n=150,
        instrument="reqol_10",
        scales=("total",),
        first=(16.0, 6.0),
        gain=(5.0, 6.0),
        analyses=QUICK,
    ),
    "ten_people": Shape(n=10, scales=("all",), synthetic=False),
    "nobody": Shape(n=0, scales=("all",), synthetic=False),
    "not_for_release": Shape(n=60, scales=("all",), profile="none", analyses=QUICK),
}
