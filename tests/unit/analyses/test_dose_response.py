"""Change by sessions attended: groups on paper, forms on the clock of sessions, and what makes the dose endogenous."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.attending.dose_curves import forms_by_session
from naturalistic.analyses.attending.dose_people import dose_people
from naturalistic.analyses.dose_response import analyse
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.stats.clustered_regression import clustered_least_squares
from naturalistic.tables.cohort import SESSIONS
from naturalistic.tables.derived import SCORES
from tests.unit.analyses.simulated_cohort import DAY, simulated_tables
from tests.unit.analyses.test_attendance import one

PACE = (3.0, 1.0)  # points a session of quick and slow people, who stop when they have gained GOAL
GOAL = 12.0


def good_enough(n: int = 240, *, noise: float = 2.0) -> AnalysisInput:
    """Everyone improves at a steady pace of their own and stops at the same gain: dose says nothing about change."""
    rng = np.random.default_rng(12)
    tables = simulated_tables(n, missing=False)
    quick = rng.random(n) < 0.5
    pace = np.where(quick, *PACE)
    total = np.round(GOAL / pace + rng.integers(0, 3, n)).astype(int)
    who = np.repeat(np.arange(n), total)
    number = np.arange(len(who)) - np.repeat(np.cumsum(total) - total, total)
    day = DAY + pd.to_timedelta(7 * number, unit="D")
    sessions = pd.DataFrame({"referral_id": who + 1, "date": day, "contact_type": "treatment"})
    first = 30.0 + rng.normal(0, 1, n)
    score = first[who] - pace[who] * number + rng.normal(0, noise, len(who)) * (number > 0)
    scores = pd.DataFrame(
        {"referral_id": who + 1, "date": day, "score": score, "form_id": np.arange(len(who))}
    ).assign(instrument="core_om", scale="all", occasion="session")
    last = pd.Series(score).groupby(who).last().to_numpy()
    tables["episodes"] = tables["episodes"].assign(
        sessions_attended=pd.array(total, dtype="Int32"), ending="planned_ending"
    )
    tables["outcomes"] = tables["outcomes"].assign(
        first_score=first, last_score=last, first_date=DAY, pairing="paired"
    )
    held = {
        **tables,
        "scores": SCORES.conform(scores),
        "sessions": SESSIONS.conform(sessions.assign(attendance="attended")),
    }
    return AnalysisInput("hand", held, AnalysisSettings(), load_instruments())


@pytest.fixture(scope="module")
def data() -> AnalysisInput:
    return good_enough()


@pytest.fixture(scope="module")
def rows(data: AnalysisInput) -> pd.DataFrame:
    return analyse(data).estimates


def levels(rows: pd.DataFrame, dimension: str, **key: Any) -> pd.Series:
    for column, value in key.items():
        rows = rows[rows[column] == value]
    own = rows[rows["dimensions"].str.fullmatch(f"{dimension}=[^;]*")]
    return own.set_index(own["dimensions"].str.removeprefix(f"{dimension}="))["estimate"]


def test_change_by_sessions_is_the_mean_of_each_band(
    data: AnalysisInput, rows: pd.DataFrame
) -> None:
    outcomes, total = data.tables["outcomes"], data.tables["episodes"]["sessions_attended"]
    change = outcomes["first_score"] - outcomes["last_score"]
    bands = levels(rows, "sessions", estimand="mean_change", term="")
    name, value = bands.index[0], bands.iloc[0]
    low, _, high = name.partition(" to ")
    inside = total.between(int(low), int(high or low)).to_numpy(dtype=bool)
    assert value == pytest.approx(change[inside].mean())
    pace = levels(rows, "sessions", estimand="mean_change", term="per_ten_sessions")
    assert pace.iloc[0] == pytest.approx(10 * change[inside].sum() / total[inside].sum())


def test_forms_are_placed_by_the_sessions_attended_up_to_them(data: AnalysisInput) -> None:
    dose, _ = dose_people(data)
    assert dose is not None
    forms = forms_by_session(data, dose)
    # the first form is where change is counted from; each later one lies at its own session
    assert forms.session.min() == 2
    counts = np.bincount(forms.person)
    np.testing.assert_array_equal(counts, dose.sessions - 1)
    own = forms.session[forms.person == 0]
    np.testing.assert_array_equal(own, np.arange(2, dose.sessions[0] + 1))


def test_a_session_number_on_the_form_is_believed(data: AnalysisInput) -> None:
    scores = data.tables["scores"]
    place = scores.groupby("referral_id").cumcount() + 1
    numbered = {**data.tables, "sessions": SESSIONS.empty()}
    numbered["scores"] = SCORES.conform(scores.assign(session_number=place))
    settings = AnalysisInput("hand", numbered, data.settings, data.instruments)
    dose, _ = dose_people(settings)
    assert dose is not None
    assert forms_by_session(settings, dose).session.max() == dose.sessions.max()


def test_the_aggregate_curve_bends_where_the_stratified_ones_are_straight(
    rows: pd.DataFrame,
) -> None:
    """Good-enough level: quick people leave first, so that the curve of everyone measured flattens."""
    so_far = rows[rows["term"] == "improvement_so_far"]
    everyone = levels(so_far, "session", estimand="mean_change")
    strata = so_far[so_far["dimensions"].str.contains("total_sessions")]
    by_total = {
        name: part["estimate"].to_numpy()
        for name, part in strata.groupby(
            strata["dimensions"].str.extract(r"total_sessions=([^;]*)")[0].to_numpy()
        )
    }
    assert len(by_total) == 3
    quick = by_total[min(by_total, key=lambda name: int(name.split(" ")[0]))]
    # bins of two sessions; the first holds session 2 only, for change is counted from the first form
    assert everyone.index[:2].tolist() == ["1 to 2", "3 to 4"]
    assert quick[1] - quick[0] == pytest.approx(1.5 * PACE[0], abs=0.7)
    slow = by_total[max(by_total, key=lambda name: int(name.split(" ")[0]))]
    assert np.diff(slow)[1:-1] == pytest.approx(2 * PACE[1], abs=0.8)
    assert np.diff(everyone.to_numpy()).min() < 0, "the line of everyone falls when the quick leave"


def test_dose_without_effect_is_shown_as_what_it_is(rows: pd.DataFrame) -> None:
    feedback = one(rows, estimand="correlation")
    assert feedback["conf_high"] < -0.3, "who had gained more had fewer sessions left"
    pace = levels(rows, "sessions", estimand="mean_change", term="per_ten_sessions")
    assert pace.iloc[0] > 1.5 * pace.iloc[-1]
    models = rows[rows["model"].isin(("dose", "dose_population_averaged"))]
    assert models["note"].str.contains("not set by design").all()


def test_coefficient_of_the_dose_is_the_engines(data: AnalysisInput, rows: pd.DataFrame) -> None:
    outcomes, episodes = data.tables["outcomes"], data.tables["episodes"]
    change = (outcomes["first_score"] - outcomes["last_score"]).to_numpy()
    doubling = np.log2(episodes["sessions_attended"].to_numpy(dtype=float))
    design = np.column_stack([np.ones(len(change)), doubling])
    fit = clustered_least_squares(change, design, cluster=episodes["therapist_id"].to_numpy())
    shown = one(rows, model="dose_population_averaged", specification="alone")
    assert shown["estimate"] == pytest.approx(fit.coefficients[1])
    assert shown["std_error"] == pytest.approx(np.sqrt(fit.covariance[1, 1]))
    mixed = one(rows, model="dose", specification="adjusted")
    assert mixed["method"].startswith("change ~") and "therapist" in mixed["method"]


def test_open_therapies_are_no_short_ones(data: AnalysisInput) -> None:
    ending = np.where(np.arange(240) % 4 == 0, "open", "planned_ending")
    episodes = data.tables["episodes"].assign(ending=ending)
    found = analyse(
        AnalysisInput(
            "hand", {**data.tables, "episodes": episodes}, data.settings, data.instruments
        )
    ).estimates
    people = found[(found["term"] == "paired") & found["dimensions"].str.startswith("sessions=")]
    assert people["n_patients"].sum() == 180


def test_without_forms_during_therapy_only_the_end_is_shown() -> None:
    tables = {**simulated_tables(80), "sessions": SESSIONS.empty()}
    found = analyse(AnalysisInput("hand", tables, AnalysisSettings(), load_instruments())).estimates
    curve = one(found, term="improvement_so_far")
    assert curve["status"] == "not_measured" and "between the first and the last" in curve["note"]
    assert (found["status"] == "ok").any()
