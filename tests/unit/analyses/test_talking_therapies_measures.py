"""Thirty hand-made people through scoring, episodes and outcomes to rates worked out on paper."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.talking_therapies_measures import analyse
from naturalistic.cohort.episodes import derive_episodes
from naturalistic.cohort.outcomes import derive_outcomes
from naturalistic.cohort.scoring import score_questionnaires
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.tables.cohort import PATIENTS, QUESTIONNAIRES, REFERRALS, SESSIONS

START, CUT = pd.Timestamp("2023-01-02"), dt.date(2024, 6, 30)
NONE = None
# PHQ-9 first, last; GAD-7 first, last; sessions attended; ending. What becomes of each stands at the right:
# case at start (c, n or ?), change (+, -, 0 or ? where a score is missing), r recovered, R also reliably.
PEOPLE = (
    (18, 6, 14, 5, 8, "planned_ending"),  # c + R
    (18, 9, 14, 7, 8, "planned_ending"),  # c + R
    (10, 9, 3, 3, 4, "planned_ending"),  # c 0 r: nothing reliable
    (9, 3, 7, 2, 6, "planned_ending"),  # n +: never a case
    (9, 9, 8, 7, 5, "planned_ending"),  # c 0 r: anxiety exactly at its threshold
    (10, 4, 7, 7, 5, "planned_ending"),  # c + R: exactly six points
    (12, 7, 7, 7, 6, "unplanned_ending"),  # c 0 r: five points
    (5, 5, 12, 8, 3, "unplanned_ending"),  # c +: exactly four points, still at eight
    (18, 10, 14, 4, 9, "planned_ending"),  # c +: depression still at ten
    (18, 8, 6, 10, 2, "unplanned_ending"),  # c 0: one better, one worse
    (12, 6, 3, 7, 4, "planned_ending"),  # c 0 r: one better, one worse, both below
    (12, 18, 9, 9, 3, "unplanned_ending"),  # c -
    (4, 9, 3, 7, 6, "planned_ending"),  # n -
    (12, 20, 9, 4, 7, "planned_ending"),  # c 0
    (18, NONE, 14, 5, 4, "unplanned_ending"),  # c ?
    (18, NONE, 14, NONE, 2, "unplanned_ending"),  # c ?
    (NONE, 5, NONE, 4, 4, "planned_ending"),  # ? ?: stays in the denominator of recovery
    (NONE, 5, 14, 5, 4, "planned_ending"),  # c ? r: case on anxiety, change not known on both
    (NONE, 5, 3, 3, 4, "planned_ending"),  # ? ?
    (4, 4, NONE, 3, 4, "planned_ending"),  # ? ?
    (4, 4, 3, NONE, 4, "planned_ending"),  # n ?
    (0, 0, 0, 0, 2, "planned_ending"),  # n 0
    (20, 13, 15, 9, 12, "referred_on"),  # c +
    (11, 4, 9, 5, 2, "unknown_ending"),  # c + R
    (18, 2, 14, 2, 1, "planned_ending"),  # one session: not a finished course
    (18, 2, 14, 2, 1, "unplanned_ending"),  # one session
    (18, 9, 14, 5, 6, NONE),  # still in therapy
    (16, 15, 11, 11, 9, NONE),  # still in therapy
    (15, NONE, 12, NONE, 0, "unplanned_ending"),  # never started
    (21, NONE, 18, NONE, 0, NONE),  # never started
)
FINISHED, NOT_CASES = 24, 4


def tables() -> dict[str, pd.DataFrame]:
    frame = pd.DataFrame(
        PEOPLE, columns=["d1", "d2", "a1", "a2", "attended", "ending"], dtype=object
    ).assign(id=np.arange(len(PEOPLE)))
    ended = frame["ending"].notna()
    last = [START + pd.Timedelta(weeks=max(int(n) - 1, 0)) for n in frame["attended"]]
    # who is still in therapy was seen shortly before the data cut
    recent = pd.Timestamp(CUT) - pd.Timedelta(days=3)
    referrals = REFERRALS.conform(
        pd.DataFrame(
            {
                "referral_id": frame["id"],
                "patient_id": frame["id"] + 100,
                "received_date": START - pd.Timedelta(weeks=4),
                "discharge_date": pd.Series(last).where(ended),
                "ending": frame["ending"],
                "therapist_id": 1 + frame["id"] % 5,
            }
        )
    )
    sessions, forms = [], []
    for person, row in frame.iterrows():
        for k in range(int(row["attended"])):
            day = START + pd.Timedelta(weeks=k)
            if not ended[person] and k == row["attended"] - 1:
                day = recent
            sessions.append({"referral_id": row["id"], "date": day, "contact_type": "treatment"})
        end = sessions[-1]["date"] if row["attended"] else START
        for instrument, first, final in (("phq_9", "d1", "d2"), ("gad_7", "a1", "a2")):
            for value, day in (
                (row[first], START),
                (row[final], max(end, START + pd.Timedelta(1))),
            ):
                if value is not None and pd.notna(value):
                    forms.append(
                        {
                            "form_id": len(forms),
                            "referral_id": row["id"],
                            "instrument": instrument,
                            "date": day,
                            "occasion": "session",
                            "scale": "total",
                            "value": float(value),
                        }
                    )
    return {
        "patients": PATIENTS.conform(pd.DataFrame({"patient_id": frame["id"] + 100})),
        "referrals": referrals,
        "sessions": SESSIONS.conform(pd.DataFrame(sessions).assign(attendance="attended")),
        "questionnaires": QUESTIONNAIRES.conform(pd.DataFrame(forms)),
    }


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    made, instruments = tables(), load_instruments()
    settings = AnalysisSettings.model_validate(
        {"primary": {"instrument": "phq_9", "scale": "total"}}
    )
    scores = score_questionnaires(made["questionnaires"], instruments)
    episodes = derive_episodes(
        made["patients"], made["referrals"], made["sessions"], CUT, settings, calendar="real"
    )
    outcomes = derive_outcomes(scores, episodes, instruments, settings, made["patients"])
    data = AnalysisInput(
        "hand", {"episodes": episodes, "outcomes": outcomes}, settings, instruments
    )
    return analyse(data).estimates


def fraction(rows: pd.DataFrame, term: str, **key: str) -> Fraction:
    chosen = rows[(rows["estimand"] == "proportion") & (rows["term"] == term)]
    for column, value in {"specification": "", "population": "", "dimensions": "", **key}.items():
        chosen = chosen[chosen[column] == value]
    assert len(chosen) == 1, (term, key, len(chosen))
    row = chosen.iloc[0]
    assert row["estimate"] == pytest.approx(row["numerator"] / row["denominator"])
    return (int(row["numerator"]), int(row["denominator"]))  # type: ignore[return-value]  # unreduced


def test_counts(rows: pd.DataFrame) -> None:
    counts = rows[rows["estimand"] == "count"].set_index("term")["estimate"]
    assert counts["finished"] == FINISHED
    assert counts["not_at_caseness"] == NOT_CASES
    assert counts["at_caseness"] == 17
    assert counts["paired"] == 17


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("reliable_improvement", (8, FINISHED)),
        ("reliable_deterioration", (2, FINISHED)),
        ("no_reliable_change", (7, FINISHED)),
        ("recovery", (9, FINISHED - NOT_CASES)),
        ("reliable_recovery", (4, FINISHED - NOT_CASES)),
    ],
)
def test_rates_on_their_own_denominators(
    rows: pd.DataFrame, term: str, expected: tuple[int, int]
) -> None:
    assert fraction(rows, term) == expected


def test_other_denominators(rows: pd.DataFrame) -> None:
    key = {"specification": "other_denominator"}
    assert fraction(rows, "reliable_improvement", population="started", **key) == (8, 28)
    assert fraction(rows, "reliable_improvement", population="referred", **key) == (8, 30)
    # of those with a planned ending and both forms or not; one of them had a single session
    assert fraction(rows, "reliable_improvement", population="planned_ending", **key) == (5, 17)


def test_therapist_intervals_stand_beside_wilson(rows: pd.DataFrame) -> None:
    clustered = rows[rows["specification"] == "therapist_clustered"].set_index("term")
    plain = rows[
        (rows["specification"] == "")
        & (rows["estimand"] == "proportion")
        & (rows["dimensions"] == "")
    ].set_index("term")
    pd.testing.assert_series_equal(
        clustered["estimate"].sort_index(), plain["estimate"].sort_index()
    )
    # five therapists with unequal caseloads
    assert clustered["df"].between(2, 4).all()


def test_a_service_without_both_measures_says_so() -> None:
    from tests.unit.analyses.small_cohort import ten_people

    made = ten_people()
    data = AnalysisInput(
        "hand",
        {k: made[k] for k in ("episodes", "outcomes")},
        AnalysisSettings(),
        load_instruments(),
    )
    found = analyse(data).estimates
    assert found["status"].tolist() == ["not_measured"]
