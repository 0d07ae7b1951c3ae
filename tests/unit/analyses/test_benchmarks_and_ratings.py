"""Published figures, therapists' ratings and session scores through their analyses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses import benchmarks, session_scores, therapist_ratings
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.reference.loader import load_benchmarks, load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.tables.derived import OUTCOMES, SCORES
from tests.unit.analyses.simulated_cohort import simulated_tables


def given(tables: dict[str, pd.DataFrame], **settings: object) -> AnalysisInput:
    choices = AnalysisSettings.model_validate(settings)
    return AnalysisInput("made", tables, choices, load_instruments())


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return benchmarks.analyse(given(simulated_tables(300))).estimates.set_index("term")


def test_every_published_figure_has_a_row_or_a_reason(published: pd.DataFrame) -> None:
    topics = ("change", "clinical_significance", "dropout")
    expected = {b.key for b in load_benchmarks().values() if b.topic in topics}
    assert expected <= set(published.index)
    refused = published[published["status"] != "ok"]
    assert refused["note"].str.contains("not set side by side: ").all()


def test_planned_endings_are_only_beside_planned_endings(published: pd.DataFrame) -> None:
    drawn = published[published["status"] == "ok"]
    figures = load_benchmarks()
    for key, row in drawn.iterrows():
        known = figures.get(str(key))
        if known is not None and known.population in ("planned_ending", "completers"):
            assert row["population"] == "planned_ending"
    assert "Planned endings only" in published.loc["stiles_2015_recovered", "note"]


def test_differences_and_reasons(published: pd.DataFrame) -> None:
    assert "another measure (BSI" in published.loc["gaskell_bsi", "note"]
    assert "standardised is not the same" in published.loc["wakefield_depression", "note"]
    outcomes = simulated_tables(300)["outcomes"]
    pairs = outcomes[outcomes["last_score"].notna()]
    change = pairs["first_score"] - pairs["last_score"]
    ours = change.mean() / pairs["first_score"].std(ddof=1)
    found = published.loc["gaskell_core_om"]
    assert found["estimate"] == pytest.approx(ours - 1.04, abs=0.01)  # Hedges' correction is 0.997
    assert found["conf_low"] < found["estimate"] < found["conf_high"]
    assert "no prediction interval is published" in found["note"]


def test_shares_of_unplanned_endings(published: pd.DataFrame) -> None:
    ending = simulated_tables(300)["episodes"]["ending"]
    declared = (ending == "unplanned_ending").sum() / (ending != "unknown_ending").sum()
    assert published.loc["connell_declared", "estimate"] == pytest.approx(declared - 0.32)


def test_ratings_find_what_moved_and_what_did_not() -> None:
    rows = therapist_ratings.analyse(given(simulated_tables(300))).estimates
    moved = rows[rows["estimand"] == "standardised_mean_change"].set_index("dimensions")["estimate"]
    assert moved["problem=depression"] > 0.6
    assert abs(moved["problem=trauma"]) < 0.2
    tests = rows[rows["term"] == "stuart_maxwell"].set_index("dimensions")["p_value"]
    assert tests["problem=depression"] < 1e-6
    cells = rows[rows["term"] == "transition"]
    for name in ("problem=depression", "problem=trauma", "risk=suicide"):
        assert cells.loc[cells["dimensions"].str.contains(name), "estimate"].sum() == 300


def test_agreement_of_two_witnesses() -> None:
    """The questionnaire is made to follow the ratings exactly: consistency 1, narrow limits."""
    tables = simulated_tables(120, missing=False)
    ratings = tables["ratings"]
    mean = ratings[ratings["kind"] == "problem"].groupby(["referral_id", "occasion"], observed=True)
    wide = mean["value"].mean().unstack()
    outcomes = tables["outcomes"].assign(
        first_score=wide["pre"].to_numpy() * 8, last_score=wide["end"].to_numpy() * 8
    )
    same = therapist_ratings.analyse(given({**tables, "outcomes": OUTCOMES.conform(outcomes)}))
    found = same.estimates[same.estimates["estimand"] == "intraclass_correlation"]
    np.testing.assert_allclose(found["estimate"], 1.0, atol=1e-9)
    plain = therapist_ratings.analyse(given(tables)).estimates
    independent = plain[plain["estimand"] == "intraclass_correlation"].set_index("term")
    assert (independent["conf_low"] < independent["estimate"]).all()
    assert abs(independent.loc["change", "estimate"]) < 0.25
    limits = plain[plain["estimand"] == "limit_of_agreement"].set_index("term")["estimate"]
    assert limits["lower"] == pytest.approx(-limits["upper"])
    points = plain[plain["term"] == "agreement"]
    assert points["estimate"].sum() == 120


def test_two_forms_are_too_few_for_session_scores() -> None:
    rows = session_scores.analyse(given(simulated_tables(60))).estimates
    assert rows["status"].tolist() == ["not_run"]
    assert "median is" in rows["note"].iloc[0]


def test_time_to_improvement_and_sudden_gains() -> None:
    """Five weekly forms: a third improve by 12 points between the third and the fourth, nobody else moves."""
    tables = simulated_tables(90, missing=False)
    outcomes = tables["outcomes"]
    start = outcomes["first_date"].iloc[0]
    n, weeks = len(outcomes), 6
    gains = np.arange(n) % 3 == 0
    wobble = np.random.default_rng(0).normal(0, 0.3, (n, weeks))
    scores = 24 + wobble - 12.0 * (gains[:, None] & (np.arange(weeks) >= 3))
    dates = [start + pd.Timedelta(weeks=k) for k in range(weeks)]
    long = pd.DataFrame(
        {
            "form_id": np.arange(n * weeks),
            "referral_id": np.repeat(outcomes["referral_id"].to_numpy(), weeks),
            "instrument": "core_om",
            "scale": "all",
            "date": dates * n,
            "score": scores.ravel(),
        }
    )
    changed = outcomes.assign(
        first_score=scores[:, 0], last_score=scores[:, -1], last_date=dates[-1], case_at_start="yes"
    )
    rows = session_scores.analyse(
        given(
            {**tables, "scores": SCORES.conform(long), "outcomes": changed},
            reliable_change={"criterion": "published"},
        )
    ).estimates
    found = rows[rows["term"] == "reliable_improvement"].set_index("time")["estimate"]
    assert found[2.0] == 0.0
    assert found[4.0] == pytest.approx(1 / 3)
    recovered = rows[rows["term"] == "recovery"].set_index("time")["estimate"]
    assert recovered[4.0] == 0.0  # 12 is still on the clinical side
    sudden = rows[rows["estimand"] == "proportion"].set_index("term")
    assert sudden.loc["sudden_gain", "numerator"] == gains.sum()
    assert sudden.loc["sudden_gain", "denominator"] == n
    assert sudden.loc["sudden_gain_reversed", "numerator"] == 0
    assert sudden.loc["sudden_loss", "numerator"] == 0
