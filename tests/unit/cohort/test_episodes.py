"""Ten courses of therapy with their answers on paper."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturalistic.cohort.dropout_definitions import observed_until
from naturalistic.cohort.episodes import derive_episodes
from naturalistic.settings.config import AnalysisSettings, Dropout
from naturalistic.tables.cohort import PATIENTS, REFERRALS, SESSIONS
from naturalistic.tables.derived import EPISODES
from naturalistic.vocabulary import ATTENDANCE, CONTACT_TYPES

CUT = dt.date(2024, 6, 30)
ATT, LATE, DNA, CXP, CXS, TOO = ATTENDANCE
START = dt.date(2024, 1, 1)

# referral: (ending, discharge, agreed sessions, attendance of weekly sessions from START)
PAPER: dict[int, tuple[str | None, str | None, int | None, str]] = {
    1: ("planned_ending", "2024-02-05", 5, "AAAAA"),
    2: ("unplanned_ending", "2024-03-04", 8, "AADD"),
    3: ("referred_on", "2024-02-01", 8, "AAD"),
    4: (None, None, 8, "AAA"),  # silent since 15 January: lost
    5: (None, None, 20, "AAAADAAAAAAAAAAAAAAAAAAAA"),  # weekly until 17 June: in therapy
    6: (None, "2024-02-20", None, "AALP"),  # closed, no reason
    7: ("planned_ending", "2024-02-10", 4, "AAAAS"),  # the service cancelled the last
    8: (None, None, None, ""),  # never started
    9: ("service_ended", "2024-02-10", 10, "AATD"),
    10: ("unplanned_ending", "2024-07-20", 8, "AAAAAAAAAAAAAAAAAAAAAA"),  # closed after the cut
}
LETTERS = {"A": ATT, "L": LATE, "D": DNA, "P": CXP, "S": CXS, "T": TOO}


def people(ids: Any) -> pd.DataFrame:
    return PATIENTS.conform(pd.DataFrame({"patient_id": sorted(set(ids)), "age": 40.0}))


def paper_cohort() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    referrals = pd.DataFrame(
        {
            "referral_id": list(PAPER),
            "patient_id": [100 + number for number in PAPER],
            "received_date": pd.Timestamp("2023-11-01"),
            "assessment_date": pd.Timestamp("2023-12-01"),
            "ending": [row[0] for row in PAPER.values()],
            "discharge_date": pd.to_datetime([row[1] for row in PAPER.values()]),
            "agreed_sessions": [row[2] for row in PAPER.values()],
        }
    )
    rows = [
        {
            "referral_id": number,
            "date": pd.Timestamp(START) + pd.Timedelta(weeks=week),
            "contact_type": "treatment",
            "attendance": LETTERS[letter],
            "therapist_id": 7,
            "duration": 50.0,
        }
        for number, row in PAPER.items()
        for week, letter in enumerate(row[3])
    ]
    tables = people(referrals["patient_id"]), REFERRALS.conform(referrals)
    return *tables, SESSIONS.conform(pd.DataFrame(rows))


def episodes(
    tables: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    choices: AnalysisSettings | None = None,
    **more: Any,
) -> pd.DataFrame:
    frame = derive_episodes(*tables, CUT, choices or AnalysisSettings(), **more)
    assert EPISODES.problems(frame) == []
    return frame.set_index("referral_id")


def words(column: pd.Series) -> list[Any]:
    return [None if pd.isna(value) else value for value in column]


def test_endings_counts_and_dates_on_paper() -> None:
    frame = episodes(paper_cohort())
    assert words(frame["ending"]) == [
        "planned_ending", "unplanned_ending", "referred_on", "open", "open",
        "unknown_ending", "planned_ending", "open", "service_ended", "open",
    ]  # fmt: skip
    assert words(frame["started"]) == ["yes"] * 7 + ["no"] + ["yes"] * 2
    assert words(frame["assessed"]) == ["yes"] * 10
    assert words(frame["sessions_booked"]) == [5, 4, 3, 3, 25, 4, 5, 0, 4, 22]
    assert words(frame["sessions_attended"]) == [5, 2, 2, 3, 24, 3, 4, 0, 2, 22]
    assert words(frame["did_not_attend"]) == [0, 2, 1, 0, 1, 0, 0, 0, 1, 0]
    assert words(frame["cancelled_by_patient"]) == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert words(frame["cancelled_by_service"]) == [0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
    assert words(frame["arrived_too_late"]) == [0, 0, 0, 0, 0, 0, 0, 0, 1, 0]
    assert frame.loc[4, "last_contact_date"] == pd.Timestamp("2024-01-15")
    assert frame.loc[4, "end_date"] == pd.Timestamp(CUT)
    assert frame.loc[2, "end_date"] == pd.Timestamp("2024-03-04")
    assert frame.loc[2, "last_session_date"] == pd.Timestamp("2024-01-08")
    assert frame.loc[2, "last_contact_date"] == pd.Timestamp("2024-01-22")
    assert frame.loc[2, "weeks_observed"] == 9
    assert frame.loc[2, "wait_to_assessment"] == 30
    assert frame.loc[2, "wait_to_first_session"] == 61
    assert frame.loc[8, "last_contact_date"] == pd.Timestamp("2023-12-01")
    assert pd.isna(frame.loc[8, "weeks_observed"]) and pd.isna(frame.loc[8, "therapist_id"])
    assert (frame["year"] == 2023).all() and (frame["episode_number"] == 1).all()


def test_each_definition_of_dropout_on_paper() -> None:
    frame = episodes(paper_cohort())
    expected = {
        "unplanned_ending": "O D O . . ? O - O .",
        "before_agreed_end": "O D O . . ? O - O .",
        "last_session_missed": "O D O . . D O - O .",
        "lost_contact": "O O O D . O O - O .",
        "fewer_than_k_sessions": "O D O . O D O - O O",
    }
    sign = {"O": "other_end", "D": "dropout", ".": "open", "?": "unknown", "-": None}
    for name, line in expected.items():
        got = words(frame[f"dropout_{name}"])
        assert got == [sign[letter] for letter in line.split()], name


def test_last_booking_passes_over_what_the_service_cancelled() -> None:
    frame = episodes(paper_cohort())
    assert words(frame["last_booking_attended"]) == [
        "yes", "no", "no", "yes", "yes", "no", "yes", None, "no", "yes",
    ]  # fmt: skip


def test_lost_contact_observes_everyone_until_the_cut_minus_the_weeks() -> None:
    choices = AnalysisSettings(dropout=Dropout(lost_contact_weeks=20))
    frame = episodes(paper_cohort(), choices)
    # the cut minus 20 weeks is 11 February: discharges after it are not looked at
    assert frame.loc[1, "dropout_lost_contact"] == "other_end"
    assert frame.loc[2, "dropout_lost_contact"] == "open"
    assert frame.loc[6, "dropout_lost_contact"] == "open"
    until = observed_until(frame, "lost_contact", 20, CUT)
    assert until[4] == pd.Timestamp("2024-01-15")
    assert until[2] == until[5] == pd.Timestamp("2024-02-11")
    assert until[1] == pd.Timestamp("2024-02-05")
    pd.testing.assert_series_equal(
        observed_until(frame, "unplanned_ending", 20, CUT), frame["end_date"]
    )
    with pytest.raises(ValueError, match="not a definition"):
        observed_until(frame, "absconded", 20, CUT)


def test_k_and_the_agreed_length_come_from_settings_and_referral() -> None:
    frame = episodes(paper_cohort(), AnalysisSettings(dropout=Dropout(fewer_than_sessions=6)))
    assert words(frame["dropout_fewer_than_k_sessions"]) == [
        "dropout", "dropout", "other_end", "open", "other_end",
        "dropout", "dropout", None, "other_end", "other_end",
    ]  # fmt: skip
    patients, referrals, sessions = paper_cohort()
    days = referrals.assign(
        agreed_sessions=pd.array([pd.NA] * 10, dtype="Int32"),
        agreed_days=pd.array([30, 64, 1, 1, 1, 50, 40, 1, 90, 1], dtype="Int32"),
    )
    frame = episodes((patients, days, sessions))
    # days from the first session to the end: 1: 35, 2: 63, 6: 50, 7: 40
    assert words(frame["dropout_before_agreed_end"]) == [
        "other_end", "dropout", "other_end", "open", "open",
        "other_end", "other_end", None, "other_end", "open",
    ]  # fmt: skip


def test_what_the_cohort_lacks_is_missing_and_not_zero() -> None:
    patients, referrals, sessions = paper_cohort()
    bare = referrals.assign(
        agreed_sessions=pd.array([pd.NA] * 10, dtype="Int32"),
        ending=pd.Categorical([None] * 10, categories=referrals["ending"].cat.categories),
    )
    frame = episodes((patients, bare, sessions))
    assert frame["dropout_unplanned_ending"].isna().all()
    assert frame["dropout_before_agreed_end"].isna().all()
    assert frame["dropout_last_session_missed"].notna().any()
    frame = episodes((patients, referrals, SESSIONS.empty()))
    assert (frame["started"] == "no").all()
    for name in ("sessions_booked", "sessions_attended", "did_not_attend", "n_therapists"):
        assert frame[name].isna().all(), name
    attended_only = sessions[sessions["attendance"] == ATT]
    frame = episodes((patients, referrals, attended_only))
    assert words(frame["sessions_attended"])[:3] == [5, 2, 2]
    for name in ("sessions_booked", "did_not_attend", "last_booking_attended"):
        assert frame[name].isna().all(), name
    unmarked = sessions.copy()
    unmarked.loc[unmarked["referral_id"] == 2, "attendance"] = None
    frame = episodes((patients, referrals, unmarked))
    assert frame.loc[2, "sessions_booked"] == 4
    assert pd.isna(frame.loc[2, "sessions_attended"]) and pd.isna(frame.loc[2, "did_not_attend"])


def test_referrals_without_single_sessions_start_by_date_or_count() -> None:
    referrals = pd.DataFrame(
        {
            "referral_id": [1, 2, 3, 4],
            "patient_id": [1, 2, 3, 4],
            "first_session_date": pd.to_datetime(["2024-01-01", None, None, "2024-08-01"]),
            "discharge_date": pd.to_datetime(["2024-03-11", None, None, None]),
            "sessions_attended": [9, 2, 0, None],
            "sessions_missed": [3, None, 4, None],
            "therapist_id": [5, None, None, None],
        }
    )
    tables = people([1, 2, 3, 4]), REFERRALS.conform(referrals), SESSIONS.empty()
    frame = episodes(tables)
    assert words(frame["started"]) == ["yes", "yes", "no", "no"]
    assert words(frame["assessed"]) == ["yes", "yes", "no", "no"]
    assert words(frame["sessions_attended"]) == [9, 2, 0, None]
    assert words(frame["sessions_booked"]) == [12, None, 4, None]
    assert words(frame["did_not_attend"]) == [None] * 4
    assert frame.loc[1, "therapist_id"] == 5 and pd.isna(frame.loc[1, "n_therapists"])
    assert frame.loc[1, "weeks_observed"] == 10
    assert words(frame["dropout_fewer_than_k_sessions"]) == ["other_end", "open", None, None]
    assert words(frame["dropout_lost_contact"]) == [None] * 4
    known = tables[1].assign(last_session_date=pd.to_datetime(["2024-03-04", None, None, None]))
    frame = episodes((tables[0], REFERRALS.conform(known), tables[2]))
    assert words(frame["dropout_lost_contact"]) == ["other_end", "unknown", None, None]
    assert frame.loc[1, "last_contact_date"] == pd.Timestamp("2024-03-04")


def test_an_assessment_contact_assesses_and_does_not_start() -> None:
    patients, referrals, _ = paper_cohort()
    referrals = referrals.assign(assessment_date=pd.NaT)
    sessions = pd.DataFrame(
        {
            "referral_id": [1, 2, 3, 4],
            "date": pd.to_datetime(["2024-01-05", "2024-01-05", "2024-01-09", "2024-07-09"]),
            "contact_type": ["assessment", "assessment", "assessment_and_treatment", "treatment"],
            "attendance": [ATT, DNA, ATT, ATT],
            "duration": 50.0,
        }
    )
    frame = episodes((patients, referrals, SESSIONS.conform(sessions)))
    assert words(frame["assessed"])[:4] == ["yes", "no", "yes", "no"]
    assert words(frame["started"])[:4] == ["no", "no", "yes", "no"]
    assert frame.loc[1, "assessment_date"] == pd.Timestamp("2024-01-05")
    # booked for after the data cut: not due, so it is no contact yet
    assert frame.loc[4, "sessions_attended"] == 0 and pd.isna(frame.loc[4, "last_contact_date"])


def test_main_therapist_has_most_sessions_and_then_came_first() -> None:
    patients, referrals, _ = paper_cohort()
    seen = [(1, 5, 4, ATT), (1, 3, 5, ATT), (1, 8, 6, ATT), (1, 9, 6, DNA), (1, 10, 6, DNA),
            (2, 1, 6, ATT), (2, 2, 5, LATE), (2, 3, 5, ATT), (3, 1, 9, DNA)]  # fmt: skip
    sessions = pd.DataFrame(
        {
            "referral_id": [row[0] for row in seen],
            "date": [dt.datetime(2024, 1, row[1]) for row in seen],
            "contact_type": "treatment",
            "therapist_id": [row[2] for row in seen],
            "attendance": [row[3] for row in seen],
            "duration": 50.0,
        }
    )
    frame = episodes((patients, referrals, SESSIONS.conform(sessions)))
    assert words(frame["therapist_id"])[:3] == [5, 5, None]
    assert words(frame["n_therapists"])[:3] == [3, 2, None]


def repeated() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Person 1: never started, then two therapies. Person 2: two referrals that came to nothing."""
    referrals = pd.DataFrame(
        {
            "referral_id": [11, 12, 13, 21, 22],
            "patient_id": [1, 1, 1, 2, 2],
            "received_date": pd.to_datetime(
                ["2020-01-01", "2021-01-01", "2022-01-01", "2020-01-01", "2021-01-01"]
            ),
            "sessions_attended": [0, 6, 3, 0, 0],
        }
    )
    return people([1, 2]), REFERRALS.conform(referrals), SESSIONS.empty()


@pytest.mark.parametrize(
    ("choice", "counted"), [("first", [12, 21]), ("last", [13, 22]), ("all", [11, 12, 13, 21, 22])]
)
def test_the_episode_that_counts_has_started_if_any_has(choice: str, counted: list[int]) -> None:
    frame = episodes(repeated(), AnalysisSettings(episodes=choice))  # type: ignore[arg-type]  # words of the test
    assert list(frame.index[frame["counts"] == "yes"]) == counted
    assert words(frame["episode_number"]) == [1, 2, 3, 1, 2]


def test_relative_dates_have_no_year_and_strangers_are_refused() -> None:
    patients, referrals, sessions = paper_cohort()
    assert episodes((patients, referrals, sessions), calendar="relative")["year"].isna().all()
    with pytest.raises(ValueError, match="1 rows belong to no patient"):
        episodes((patients.iloc[1:], referrals, sessions))
    with pytest.raises(ValueError, match="5 rows belong to no referral"):
        episodes((patients, referrals.iloc[1:], sessions))


def test_an_empty_cohort_gives_an_empty_table() -> None:
    assert episodes((PATIENTS.empty(), REFERRALS.empty(), SESSIONS.empty())).empty


_CONTACTS = st.lists(
    st.tuples(
        st.integers(1, 6),
        st.integers(0, 300),
        st.sampled_from(list(CONTACT_TYPES)),
        st.one_of(st.none(), st.sampled_from(list(ATTENDANCE))),
        st.integers(50, 53),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=8, deadline=None)
@given(contacts=_CONTACTS, seed=st.integers(0, 2**16))
def test_counts_add_up_and_row_order_does_not_matter(
    contacts: list[tuple[int, int, str, str | None, int]], seed: int
) -> None:
    patients, referrals, _ = paper_cohort()
    sessions = SESSIONS.conform(
        pd.DataFrame(
            {
                "referral_id": [row[0] for row in contacts],
                "date": [
                    pd.Timestamp("2024-01-01") + pd.Timedelta(days=row[1]) for row in contacts
                ],
                "contact_type": [row[2] for row in contacts],
                "attendance": [row[3] for row in contacts],
                "therapist_id": [row[4] for row in contacts],
                "duration": 50.0,
            }
        )
    )
    frame = episodes((patients, referrals, sessions))
    parts = frame[["sessions_attended", DNA, CXP, CXS, TOO]].astype("float64")
    booked = frame["sessions_booked"].astype("float64")
    assert (parts.sum(axis="columns") <= booked).where(booked.notna(), True).all()
    due = sessions[sessions["date"] <= pd.Timestamp(CUT)]
    treatment = due[due["contact_type"].isin(["treatment", "assessment_and_treatment"])]
    if treatment["attendance"].isin([DNA, CXP, CXS, TOO]).any():
        assert booked.sum() == len(treatment)
    seen = treatment["attendance"].isin([ATT, LATE])
    assert parts["sessions_attended"].sum() == seen.sum()
    assert (frame["started"] == "yes").sum() == treatment.loc[seen, "referral_id"].nunique()
    rng = np.random.default_rng(seed)
    mixed = tuple(t.iloc[rng.permutation(len(t))] for t in (patients, referrals, sessions))
    pd.testing.assert_frame_equal(frame, episodes(mixed))  # type: ignore[arg-type]  # three tables
