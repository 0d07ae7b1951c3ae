"""People who change therapist: each form counts for the therapist of its session, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.outcome import growth as growth_models
from naturalistic.analyses.outcome.form_therapists import form_therapists
from naturalistic.analyses.outcome.people import OutcomePeople, outcome_people
from naturalistic.analyses.outcome_models import NAME, analyse
from naturalistic.analyses.registry import REGISTRY
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.stats.linear_mixed_model import fit_linear_mixed_model
from naturalistic.stats.lmm.inference import VarianceComponent
from naturalistic.tables.cohort import SESSIONS
from tests.unit.analyses.session_cohort import session_tables

THERAPISTS = 15


def changing_tables() -> dict[str, pd.DataFrame]:
    """A form at every session; a third of the people go on with the next therapist after the fifth session."""
    tables = session_tables(150)
    scores, episodes = tables["scores"], tables["episodes"]
    main = episodes.set_index("referral_id")["therapist_id"].astype(int)
    own = main.loc[scores["referral_id"]].to_numpy()
    session = scores["session_number"].to_numpy(dtype=int)
    moved = (scores["referral_id"].to_numpy() % 3 == 0) & (session > 5)
    therapist = np.where(moved, own % THERAPISTS + 1, own)
    rng = np.random.default_rng(5)
    level, change = rng.normal(0, 2.0, THERAPISTS + 1), rng.normal(0, 1.5, THERAPISTS + 1)
    shift = level[therapist] + change[therapist] * np.log2(session)
    tables["scores"] = scores.assign(score=scores["score"] + shift)
    sessions = pd.DataFrame(
        {
            "referral_id": scores["referral_id"],
            "date": scores["date"],
            "contact_type": "treatment",
            "attendance": "attended",
            "therapist_id": therapist,
        }
    )
    return {**tables, "sessions": SESSIONS.conform(sessions)}


def given(tables: dict[str, pd.DataFrame]) -> AnalysisInput:
    values: dict[str, Any] = {"predictors": ("gender",), "resampling": {"bootstrap_draws": 100}}
    return AnalysisInput(
        cohort="hand",
        tables={name: tables[name] for name in REGISTRY[NAME].tables},
        settings=AnalysisSettings.model_validate(values),
        instruments=load_instruments(),
    )


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return changing_tables()


@pytest.fixture(scope="module")
def estimates(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return analyse(given(tables)).estimates


def pick(frame: pd.DataFrame, **key: str) -> pd.DataFrame:
    for column, value in key.items():
        frame = frame[frame[column] == value]
    return frame.set_index("term")


def engine_variances(
    tables: dict[str, pd.DataFrame], therapist: np.ndarray
) -> dict[str, VarianceComponent]:
    scores = tables["scores"].reset_index(drop=True)
    time = np.log2(scores["session_number"].to_numpy(dtype=float))
    gender = (
        tables["patients"]["gender"].to_numpy()[scores["referral_id"].to_numpy(dtype=int) - 1]
        == "male"
    ).astype(float)
    fit = fit_linear_mixed_model(
        scores["score"].to_numpy(dtype=float),
        np.column_stack([np.ones(len(time)), time, gender, time * gender]),
        scores["referral_id"].to_numpy(dtype=int),
        time=time,
        random_slope=True,
        therapist=therapist,
        therapist_slope=True,
    )
    return {component.key: component for component in fit.components}


def test_the_growth_model_is_the_crossed_one_of_the_engine(
    tables: dict[str, pd.DataFrame], estimates: pd.DataFrame
) -> None:
    assert pick(estimates, estimand="bic_difference").loc["logarithm", "contrast"] == "chosen"
    found = pick(estimates, estimand="variance", model="growth", specification="adjusted")
    expected = engine_variances(tables, tables["sessions"]["therapist_id"].to_numpy(dtype=int))
    assert set(found.index) == set(expected)
    for term, row in found.iterrows():
        assert row["estimate"] == pytest.approx(expected[term].value, rel=1e-5, abs=1e-7), term
        assert row["n_therapists"] == THERAPISTS


def test_what_main_therapists_alone_would_give_stands_beside_it(
    tables: dict[str, pd.DataFrame], estimates: pd.DataFrame
) -> None:
    beside = pick(estimates, estimand="variance", model="growth", specification="main_therapist")
    main = tables["episodes"].set_index("referral_id")["therapist_id"].astype(int)
    own = main.loc[tables["scores"]["referral_id"]].to_numpy()
    expected = engine_variances(tables, own)
    for term, row in beside.iterrows():
        assert row["estimate"] == pytest.approx(expected[term].value, rel=1e-5, abs=1e-7), term
    crossed = pick(estimates, estimand="variance", model="growth", specification="adjusted")
    # the data were made with an effect of the therapist of the session: without it the residual takes it up
    assert beside.loc["residual.all", "estimate"] > crossed.loc["residual.all", "estimate"]


def test_the_rows_say_that_people_change_therapist(estimates: pd.DataFrame) -> None:
    growth = estimates[
        (estimates["model"] == "growth") & (estimates["specification"] == "adjusted")
    ]
    coefficients = growth[growth["estimand"] == "coefficient"]
    assert coefficients["note"].str.contains("crossed with people").all()
    first_and_last = estimates[estimates["model"] == "pre_post"]
    assert not first_and_last["note"].str.contains("crossed").any()


def test_above_the_limit_forms_count_for_the_main_therapist_and_a_row_says_so(
    tables: dict[str, pd.DataFrame], estimates: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth_models, "MOST_CROSSED", 100)
    many = analyse(given(tables)).estimates
    not_run = pick(many, model="growth", specification="by_session_therapist")
    assert not_run["status"].tolist() == ["not_run"]
    assert "more than 100 people" in not_run["note"].iloc[0]
    growth = {"model": "growth", "estimand": "variance"}
    main = pick(estimates, specification="main_therapist", **growth)["estimate"]
    adjusted = pick(many, specification="adjusted", **growth)["estimate"]
    assert len(main) >= 4
    assert adjusted[main.index].to_numpy() == pytest.approx(main.to_numpy(), rel=1e-9)
    coefficients = pick(many, model="growth", specification="adjusted", estimand="coefficient")
    assert coefficients["note"].str.contains("not crossed with people").all()


def test_what_was_left_out_of_the_forms_is_said(tables: dict[str, pd.DataFrame]) -> None:
    scores = tables["scores"].copy()
    scores.loc[scores.index[::40], "session_number"] = pd.NA
    estimates = analyse(given({**tables, "scores": scores})).estimates
    growth = pick(estimates, model="growth", specification="adjusted", estimand="coefficient")
    assert growth["note"].str.contains("without a date left out").all()


def test_nothing_changes_where_every_session_is_the_main_therapists(
    tables: dict[str, pd.DataFrame],
) -> None:
    main = tables["episodes"].set_index("referral_id")["therapist_id"]
    own = main.loc[tables["sessions"]["referral_id"]].to_numpy()
    people = outcome_people(given(tables))
    person, date, number = placed(tables, people)
    unchanged = tables["sessions"].assign(therapist_id=own)
    assert form_therapists(unchanged, people, person, date, number) is None
    assert form_therapists(SESSIONS.empty(), people, person, date, number) is None


def placed(
    tables: dict[str, pd.DataFrame], people: OutcomePeople
) -> tuple[np.ndarray, pd.Series, np.ndarray]:
    scores = tables["scores"]
    person = pd.Index(people.frame["referral_id"]).get_indexer(scores["referral_id"])
    return person, scores["date"], scores["session_number"].to_numpy(dtype=float)


SEEN = [
    ("2019-02-04", 3, "attended"),
    ("2019-02-11", 7, "attended_late"),
    ("2019-02-18", 7, "did_not_attend"),
    ("2019-02-25", 99, "attended"),
    ("2019-03-04", 3, "attended"),
    ("2019-03-04", 7, "attended"),
    ("2019-03-11", None, "attended"),
]


@pytest.mark.parametrize(
    ("date", "number", "expected"),
    [
        ("2019-02-04", np.nan, 3),  # the same day
        ("2019-02-11", 1.0, 7),  # the day tells more than the number
        ("2019-02-07", np.nan, 3),  # nearer to the first
        ("2019-02-18", np.nan, 7),  # nobody was seen that day; of two equally near the earlier
        ("2019-02-26", np.nan, 99),  # nobody's main therapist
        ("2018-12-01", np.nan, 3),  # before the first session
        (None, 4.0, "main"),  # two therapists on one day: the main one
        (None, 2.0, 7),
        (None, 30.0, "main"),
        (None, np.nan, "main"),
        ("2019-03-12", np.nan, "main"),  # a session without a therapist
    ],
)
def test_a_form_belongs_to_the_nearest_session(
    tables: dict[str, pd.DataFrame], date: str | None, number: float, expected: int | str
) -> None:
    people = outcome_people(given(tables))
    one = people.frame.index[people.frame["therapist_id"] == 5][0]
    sessions = SESSIONS.conform(
        pd.DataFrame(
            [
                {
                    "referral_id": people.frame["referral_id"][one],
                    "date": pd.Timestamp(day),
                    "contact_type": "treatment",
                    "attendance": attendance,
                    "therapist_id": therapist,
                }
                for day, therapist, attendance in reversed(SEEN)
            ]
        )
    )
    # a form of somebody else, before: they keep their own
    other = people.frame.index[people.frame["therapist_id"] == 2][0]
    # one that certainly changes, so that there is an answer
    person = np.array([other, one, one])
    dates = pd.Series(pd.to_datetime(["2019-02-04", date, "2019-02-04"]))
    found = form_therapists(sessions, people, person, dates, np.array([1.0, number, np.nan]))
    assert found is not None and found.codes is not None
    code = {3: 2, 5: 4, 7: 6, 99: THERAPISTS, "main": 4}[expected]
    assert found.codes.tolist() == [1, code, 2]
