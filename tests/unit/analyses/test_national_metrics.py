"""Each national metric on a case made by hand, with the answer worked out beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.access.periods import label_of, number_of
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.national.four_week_wait import spells_of
from naturalistic.analyses.national.therapy_access import CODING, coding_of
from naturalistic.analyses.national_metrics import analyse
from naturalistic.reference.loader import load_instruments, load_national_metrics
from naturalistic.settings.config import AnalysisSettings
from naturalistic.tables.cohort import PATIENTS, SESSIONS
from naturalistic.tables.derived import EPISODES, OUTCOMES, SCORES

START = pd.Timestamp("2020-01-01")


def day(offset: float | None) -> pd.Timestamp:
    return pd.NaT if offset is None else START + pd.Timedelta(days=offset)


# patient, received, assessed, first session, end, ending, treatment sessions attended (days), therapy
REFERRALS = (
    (1, 0, 10, 20, 200, "planned_ending", (20, 40, 60), "Mentalisation based treatment"),
    (2, 0, 20, 100, 400, "planned_ending", (100, 200), "psychodynamic psychotherapy"),
    (3, 0, 30, 50, 90, "unplanned_ending", (50,), "CAT"),
    (4, 0, 40, None, 60, "other_ending", (), None),
    (5, 0, None, None, 30, "referred_on", (), None),
    (6, 0, 25, 130, 500, "open", (130, 140, 150, 450), "Our own talking group"),
    (7, 0, 15, 30, 500, "planned_ending", (30, 45), None),
    (8, 0, 15, 30, 500, "planned_ending", (30, 45), "CAT"),  # 17 years old
)


def tables() -> dict[str, pd.DataFrame]:
    rows = REFERRALS
    n = len(rows)
    episodes = pd.DataFrame(
        {
            "referral_id": range(1, n + 1),
            "patient_id": [r[0] for r in rows],
            "episode_number": 1,
            "counts": "yes",
            "received_date": [day(r[1]) for r in rows],
            "assessment_date": [day(r[2]) for r in rows],
            "first_session_date": [day(r[3]) for r in rows],
            "end_date": [day(r[4]) for r in rows],
            "assessed": ["no" if r[2] is None else "yes" for r in rows],
            "started": ["no" if r[3] is None else "yes" for r in rows],
            "ending": [r[5] for r in rows],
            "sessions_attended": [len(r[6]) for r in rows],
            "therapy_model": [r[7] for r in rows],
        }
    )
    contacts = [
        {"referral_id": i + 1, "date": day(d), "contact_type": kind}
        for i, r in enumerate(rows)
        for kind, days in (("treatment", r[6]), ("assessment", () if r[2] is None else (r[2],)))
        for d in days
    ]
    people = {"patient_id": [r[0] for r in rows], "age": [30.0] * (n - 1) + [17.0]}
    # first and last on PHQ-9 and GAD-7
    scores = {1: (18, 5, 14, 4), 2: (15, 14, 12, 11), 7: (5, 4, 6, 5), 8: (20, 9, 15, 13)}
    outcomes = [
        {"referral_id": i, "patient_id": i, "instrument": tool, "scale": "total",
         "first_score": values[k], "last_score": values[k + 1], "pairing": "paired"}
        for i, values in scores.items()
        for tool, k in (("phq_9", 0), ("gad_7", 2))
    ]  # fmt: skip
    return {
        "patients": PATIENTS.conform(pd.DataFrame(people)),
        "episodes": EPISODES.conform(episodes),
        "sessions": SESSIONS.conform(pd.DataFrame(contacts).assign(attendance="attended")),
        "outcomes": OUTCOMES.conform(pd.DataFrame(outcomes)),
        "scores": forms(),
    }


def forms(extra: tuple[tuple[int, str, str, int, float], ...] = ()) -> pd.DataFrame:
    """Referral, instrument, scale, day, score."""
    found = [
        (1, "core_om", "all", 12, 20.0),
        (2, "core_om", "all", 20, 20.0),
        (2, "core_om", "all", 300, 12.0),
        (3, "phq_9", "total", 5, 12.0),
        (7, "reqol_10", "total", 29, 20.0),
        (7, "reqol_10", "total", 400, 27.0),
        *extra,
    ]
    frame = pd.DataFrame(found, columns=["referral_id", "instrument", "scale", "day", "score"])
    frame["date"] = frame.pop("day").map(day)
    return SCORES.conform(frame.assign(form_id=range(len(frame))))


def run(**changed: pd.DataFrame) -> pd.DataFrame:
    return analyse(
        AnalysisInput("hand", tables() | changed, AnalysisSettings(), load_instruments())
    ).estimates


@pytest.fixture(scope="module")
def estimates() -> pd.DataFrame:
    return run()


def one(frame: pd.DataFrame, term: str, dimensions: str = "", **key: object) -> pd.Series:
    rows = frame[(frame["term"] == term) & (frame["dimensions"] == dimensions)]
    for name, value in key.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1, (term, dimensions, key)
    return rows.iloc[0]


def fraction(row: pd.Series) -> tuple[int, int]:
    return int(row["numerator"]), int(row["denominator"])


def test_every_metric_has_a_row_and_every_row_a_metric(estimates: pd.DataFrame) -> None:
    groups = load_national_metrics().values()
    known = {m.key for g in groups if g.kind == "metrics" for m in g.metrics}
    assert set(estimates["term"]) == known | {"component_within_28_days"}


def test_talking_therapies_counts(estimates: pd.DataFrame) -> None:
    assert one(estimates, "referrals_received").estimate == 8
    assert one(estimates, "entered_treatment").estimate == 6
    # discharged with at least two: 1, 2, 7, 8; 3 had one; 6 is open
    assert one(estimates, "finished_course").estimate == 4
    # closed: all but 6
    assert fraction(one(estimates, "treated_once")) == (1, 7)
    assert fraction(one(estimates, "ended_before_treatment")) == (2, 7)
    assert fraction(one(estimates, "seen_not_treated")) == (1, 7)


def test_talking_therapies_waits(estimates: pd.DataFrame) -> None:
    # finished courses waited 20, 100, 30 and 30 days
    assert fraction(one(estimates, "first_treatment_within_42_days")) == (3, 4)
    assert fraction(one(estimates, "first_treatment_within_126_days")) == (4, 4)
    # first to second: 20, 100, 10, 15 and 15 days
    assert fraction(one(estimates, "second_treatment_after_28_days")) == (1, 5)
    assert fraction(one(estimates, "second_treatment_after_90_days")) == (1, 5)


def test_talking_therapies_outcomes(estimates: pd.DataFrame) -> None:
    # 1: 18 to 5 and 14 to 4: reliably better, from caseness to below it on both
    # 2: 15 to 14 and 12 to 11: at caseness throughout, no reliable change
    # 7: 5 to 4 and 6 to 5: not at caseness
    # 8: 20 to 9 (better by 11, below 10) but 15 to 13 (still at caseness): improved, not recovered
    assert fraction(one(estimates, "not_at_caseness")) == (1, 4)
    assert fraction(one(estimates, "recovery")) == (1, 3)
    assert fraction(one(estimates, "reliable_recovery")) == (1, 3)
    assert fraction(one(estimates, "reliable_improvement")) == (2, 4)
    assert fraction(one(estimates, "no_reliable_change")) == (2, 4)
    assert fraction(one(estimates, "reliable_deterioration")) == (0, 4)


def test_financial_years_run_from_april_and_are_given_for_all_or_none(
    estimates: pd.DataFrame,
) -> None:
    days = np.array(["2020-03-31", "2020-04-01", "1999-06-01"], dtype="datetime64[D]")
    names = [label_of("financial_year", int(n)) for n in number_of(days, "financial_year")]
    assert names == ["2019-20", "2020-21", "1999-00"]
    row = one(estimates, "referrals_received", "financial_year=each")
    assert row.status == "not_estimable"  # all eight came on one day
    held = tables()
    many = pd.concat([held["episodes"].iloc[[4]]] * 40, ignore_index=True)
    many["referral_id"] = many["patient_id"] = np.arange(100, 140)
    # ten in each of the financial years 2016-17 to 2019-20; the first and the last are not complete
    many["received_date"] = pd.to_datetime([f"{2016 + i // 10}-05-01" for i in range(40)])
    frame = run(
        episodes=many,
        patients=held["patients"].iloc[:0],
        sessions=held["sessions"].iloc[:0],
        outcomes=held["outcomes"].iloc[:0],
    )
    for year in ("2017-18", "2018-19"):
        assert one(frame, "referrals_received", f"financial_year={year}").estimate == 10


def test_how_a_therapy_is_seen() -> None:
    words = ["MBT", "CAT", "390773006", "314034001", "Psychodynamic psychotherapy", "Reiki", None]
    found = [CODING[i] for i in coding_of(pd.Series(words, dtype="object"))]
    assert found == [*["counted"] * 3, *["not_on_the_list"] * 2, "word_not_known", "not_recorded"]


def test_access_and_what_it_does_not_see(estimates: pd.DataFrame) -> None:
    # adults with two or more attended contacts: 1, 2, 3 (assessment and session), 6, 7; 4 had one
    assert one(estimates, "two_contacts").estimate == 5
    # with two or more treatment sessions: 1 (listed), 2 (not listed), 6 (no known word), 7 (not recorded)
    assert one(estimates, "two_sessions").estimate == 4
    assert one(estimates, "therapy_access").estimate == 1
    assert one(estimates, "invisible_people").estimate == 3
    for word in CODING[1:]:
        assert one(estimates, "invisible_people", f"coding={word}").estimate == 1
    # sessions 3 + 2 + 4 + 2; the 3 are seen
    assert one(estimates, "treatment_sessions").estimate == 11
    assert one(estimates, "invisible_sessions").estimate == 8
    assert one(estimates, "invisible_sessions", "coding=word_not_known").estimate == 4
    # the record ends on day 500: in its last 365 days 2 had one session, 6 had three
    assert one(estimates, "two_sessions_12_months").estimate == 1
    assert one(estimates, "therapy_access_12_months").estimate == 0


def test_one_listed_referral_makes_a_person_visible() -> None:
    held = tables()
    held["episodes"]["patient_id"] = [1, 1, 3, 4, 5, 6, 7, 8]
    frame = run(episodes=held["episodes"])
    assert one(frame, "two_sessions").estimate == 3
    assert one(frame, "therapy_access").estimate == 1
    assert one(frame, "invisible_sessions").estimate == 8


def test_four_week_clock(estimates: pd.DataFrame) -> None:
    # latest of contact, form on a listed tool, assessment, session:
    # 1: 10, 12, 10, 20 -> 20; 2: 20, 20, 20, 100 -> 100; 3: 30, 5, 30, 50 -> 50; 7: 15, 29, 15, 30 -> 30
    # 4, 5, 6: something is missing; 8 is not an adult
    assert one(estimates, "clock_stops").estimate == 4
    assert fraction(one(estimates, "stopped_within_28_days")) == (1, 4)
    median = one(estimates, "days_to_clock_stop", contrast="median")
    assert median.estimate == 40.0  # of 20, 30, 50, 100
    assert one(estimates, "days_to_clock_stop", contrast="90th_percentile").estimate == 100.0
    assert one(estimates, "clock_running").estimate == 1
    assert one(estimates, "clock_running_over_52_weeks").estimate == 1  # 500 days are 71 weeks
    assert one(estimates, "clock_running_over_78_weeks").estimate == 0
    # of seven adults' spells: assessed by day 28: 1, 2, 6, 7
    row = one(estimates, "component_within_28_days", "component=assessment")
    assert fraction(row) == (4, 7)


def test_referrals_that_overlap_or_follow_within_five_days_are_one_spell() -> None:
    frame = pd.DataFrame(
        {
            "referral_id": [1, 2, 3, 4, 5],
            "patient_id": [1, 1, 1, 1, 2],
            "received_date": [day(d) for d in (0, 50, 105, 111, 0)],
            "end_date": [day(d) for d in (100, 60, 105, 120, 30)],
            "assessment_date": [day(d) for d in (20, 55, None, 112, 3)],
            "first_session_date": [day(d) for d in (None, 58, None, 113, 4)],
            "first_contact_date": [day(d) for d in (20, 55, None, 112, 3)],
            "ending": ["other_ending"] * 4 + ["open"],
            "contacts": [1.0, 2.0, np.nan, 2.0, 2.0],
        }
    )
    scores = forms(((2, "phq_9", "total", 57, 9.0), (4, "phq_9", "total", 111, 9.0)))
    # 2 lies inside 1; 3 begins 5 days after the latest end (100); 4 begins 6 days after 105
    spells = spells_of(frame, scores[scores["referral_id"].isin([2, 4])])
    assert spells["received_date"].tolist() == [day(0), day(111), day(0)]
    assert spells["stop_date"].tolist()[:2] == [day(58), day(113)]
    # form of referral 2 in `forms` on day 20 and 57: the first counts, the session on day 58 is the latest of the four
    assert pd.isna(spells["stop_date"][2])  # no form
    assert spells["contacts"].tolist() == [3.0, 2.0, 2.0]
    assert spells["ending"].tolist() == ["closed", "closed", "open"]


def test_community_proms(estimates: pd.DataFrame) -> None:
    # closed referrals of adults with two or more contacts: 1, 2, 3, 7; only 7 has a counted tool
    assert fraction(one(estimates, "closed_with_baseline")) == (1, 4)
    assert fraction(one(estimates, "closed_paired")) == (1, 4)
    # open for 500 days with two or more contacts: 6
    assert fraction(one(estimates, "open_paired")) == (0, 1)
    # ReQoL-10 from 20 to 27: a gain of 7, at least 5, across 25
    assert fraction(one(estimates, "pairs_improved")) == (1, 1)
    assert fraction(one(estimates, "pairs_recovered")) == (1, 1)
    # 2 has a pair of CORE-OM, which does not count
    assert fraction(one(estimates, "pairs_not_counted")) == (1, 4)


def test_pairs_need_a_later_day_and_goals_have_their_own_amount() -> None:
    extra = (
        (1, "gbo", "goal_1", 12, 4.0),
        (1, "gbo", "goal_1", 150, 7.0),  # + 3: improved
        (1, "gbo", "goal_2", 12, 5.0),
        (1, "gbo", "goal_2", 150, 7.0),  # + 2: no reliable change
        (3, "reqol_10", "total", 60, 10.0),
        (3, "reqol_10", "total", 60, 20.0),  # the same day: no pair
    )
    frame = run(scores=forms(extra))
    assert fraction(one(frame, "closed_paired")) == (2, 4)
    assert fraction(one(frame, "closed_with_baseline")) == (3, 4)
    assert fraction(one(frame, "pairs_improved")) == (2, 3)
    assert fraction(one(frame, "pairs_unchanged")) == (1, 3)


def test_without_forms_or_dates_every_metric_says_so() -> None:
    held = tables()
    for name in ("received_date", "assessment_date", "first_session_date", "end_date"):
        held["episodes"][name] = pd.NaT
    held["episodes"]["sessions_attended"] = pd.NA
    for name in ("sessions", "scores", "outcomes"):
        held[name] = held[name].iloc[:0]
    frame = run(**held)
    given = frame[frame["status"] == "ok"]["term"]
    assert set(given) == {
        "referrals_received",
        "entered_treatment",
        "ended_before_treatment",
        "seen_not_treated",
    }
    assert (frame.loc[frame["status"] != "ok", "note"] != "").all()
