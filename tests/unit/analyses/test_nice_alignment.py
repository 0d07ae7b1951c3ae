"""Concordance with guidelines: shares that add up, lines of their own for what cannot be placed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.guidelines.placement import placed
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.nice_alignment import analyse
from naturalistic.analyses.populations import episode_frame
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.tables.cohort import PATIENTS
from naturalistic.tables.derived import EPISODES, OUTCOMES

# problem, therapy, format, PHQ-9 at the start, sessions, where it stands
PEOPLE = (
    ("Depression", "STPP", "individual", 12.0, 10, "consider"),
    ("Depression", "STPP", "individual", 18.0, 30, "consider"),
    ("Depression", "mindfulness", "group", None, 5, "severity_not_classifiable"),
    ("Social anxiety disorder", "CBT", "individual", 12.0, 12, "offer"),
    ("Social anxiety disorder", "STPP", "individual", None, 12, "consider_on_condition"),
    ("PTSD", "psychodynamic", "individual", 20.0, 20, "no_recommendation"),
    ("Anxiety", "CBT", "individual", 9.0, 8, "no_population"),
    (None, "CBT", "individual", 9.0, 3, "problem_not_recorded"),
)


def _tables() -> dict[str, pd.DataFrame]:
    frame = pd.DataFrame(
        PEOPLE, columns=["problem", "therapy_model", "format", "phq_9", "sessions_attended", "is"]
    )
    ids = np.arange(len(frame))
    episodes = frame.assign(
        referral_id=ids,
        patient_id=ids + 10,
        episode_number=1,
        counts="yes",
        assessed="yes",
        started="yes",
        ending="planned_ending",
        dropout_unplanned_ending="other_end",
    ).drop(columns=["phq_9", "is"])
    outcomes = pd.DataFrame(
        {
            "referral_id": ids,
            "patient_id": ids + 10,
            "instrument": "phq_9",
            "scale": "total",
            "first_score": frame["phq_9"],
            "last_score": frame["phq_9"] - 6,
            "n_scores": 2,
            "pairing": np.where(frame["phq_9"].notna(), "paired", "no_last_form"),
        }
    )
    return {
        "episodes": EPISODES.conform(episodes),
        "outcomes": OUTCOMES.conform(outcomes),
        "patients": PATIENTS.conform(pd.DataFrame({"patient_id": ids + 10})),
    }


def test_each_person_is_placed_as_read_by_hand():
    tables = _tables()
    frame = episode_frame(
        tables["episodes"],
        tables["outcomes"],
        tables["patients"],
        instrument="phq_9",
        scale="total",
    )
    found = placed(frame, tables["outcomes"])
    assert found["concordance"].tolist() == [person[-1] for person in PEOPLE]
    assert found["severity_class"].tolist()[:3] == ["less_severe", "more_severe", ""]
    # only depression has a measure of its own
    assert set(found["severity_class"].tolist()[3:]) == {""}


def test_shares_of_people_and_of_sessions_add_up():
    settings = AnalysisSettings(primary={"instrument": "phq_9", "scale": "total"})
    estimates = analyse(AnalysisInput("test", _tables(), settings, load_instruments())).estimates
    people = estimates[(estimates["term"] == "concordance")].set_index("dimensions")
    sessions = estimates[(estimates["term"] == "share_of_sessions")].set_index("dimensions")
    assert people["numerator"].sum() == people["denominator"].iloc[0] == len(PEOPLE)
    assert sessions["estimate"].sum() == pytest.approx(1)
    assert sessions.loc["concordance=consider", "estimate"] == pytest.approx(40 / 100)
    assert people.loc["concordance=consider", "estimate"] == pytest.approx(2 / 8)
    cells = estimates[estimates["dimensions"].str.contains("severity_class")]
    assert cells["estimate"].sum() == len(PEOPLE)
    change = estimates[(estimates["estimand"] == "mean_change")].set_index("dimensions")
    assert change.loc["concordance=consider", "estimate"] == pytest.approx(6)


def test_without_problems_nothing_is_placed():
    tables = _tables()
    tables["episodes"]["problem"] = pd.NA
    settings = AnalysisSettings(primary={"instrument": "phq_9", "scale": "total"})
    estimates = analyse(AnalysisInput("test", tables, settings, load_instruments())).estimates
    assert "not_measured" in set(estimates["status"])
    assert not (estimates["term"] == "concordance").any()
