"""The absence that the synthetic cohort was made from comes back from its bookings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses import attendance, attendance_over_time
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.cohort.episodes import derive_episodes
from naturalistic.cohort.synthetic import canonical_tables, simulate
from naturalistic.cohort.synthetic.presets import SCALE
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.tables.derived import OUTCOMES

WITHIN = 3.5  # standard errors


@pytest.fixture(scope="module")
def data() -> AnalysisInput:
    # the true score at the start is not observed: without its effect every other effect can be held to the truth
    model = replace(
        SCALE,
        n_people=3000,
        organisation=replace(
            SCALE.organisation,
            services=4,
            teams_per_service=4,
            therapists_per_team=5,
            sd_therapist_absence=0.5,
        ),
        population=replace(SCALE.population, not_recorded=0.0),
        pathway=replace(SCALE.pathway, referred_again=0.0),
        attendance=replace(
            SCALE.attendance,
            per_baseline_sd=0.0,
            missed_before_dropout=0.0,
            female=-0.3,
            with_partner=-0.4,
            unemployed=0.4,
        ),
    )
    tables = canonical_tables(simulate(model, 5))
    settings = AnalysisSettings(predictors=("gender", "relationship_status", "employment"))
    tables["episodes"] = derive_episodes(
        tables["patients"],
        tables["referrals"],
        tables["sessions"],
        model.pathway.data_cut,
        settings,
    )
    return AnalysisInput(
        "synthetic",
        {**tables, "outcomes": OUTCOMES.empty()},
        settings,
        load_instruments(),
    )


@pytest.fixture(scope="module")
def rows(data: AnalysisInput) -> pd.DataFrame:
    return attendance.analyse(data).estimates


@pytest.mark.parametrize(
    ("term", "contrast", "truth"),
    (
        ("gender", "male vs female", 0.3),
        ("relationship_status", "single vs with_partner", 0.4),
        ("relationship_status", "separated_or_divorced vs with_partner", 0.4),
        ("employment", "unemployed vs employed", 0.4),
        ("employment", "long_term_sick_or_disabled vs employed", 0.0),
        ("season", "winter vs spring", 0.0),
        ("wait_to_first_session", "per 4 weeks", 0.0),
    ),
)
def test_log_odds_ratios_of_absence(
    rows: pd.DataFrame, term: str, contrast: str, truth: float
) -> None:
    found = rows[
        (rows["model"] == "absence")
        & (rows["estimand"] == "odds_ratio")
        & (rows["term"] == term)
        & (rows["contrast"] == contrast)
    ].iloc[0]
    assert found["std_error"] < 0.15
    assert abs(np.log(found["estimate"]) - truth) < WITHIN * found["std_error"]


def test_therapists_share_of_the_variation(rows: pd.DataFrame) -> None:
    truth = 0.5**2 / (0.5**2 + SCALE.attendance.sd_person**2 + np.pi**2 / 3)
    share = rows[
        (rows["model"] == "absence") & (rows["estimand"] == "intraclass_correlation")
    ].iloc[0]
    assert share["conf_low"] < truth < share["conf_high"]
    assert share["n_therapists"] > 60


def test_differences_between_people_make_the_counts_overdispersed(rows: pd.DataFrame) -> None:
    test = rows[(rows["estimand"] == "overdispersion") & (rows["term"] == "patient")].iloc[0]
    assert test["estimate"] > 1.1 and test["p_value"] < 1e-6


def test_a_missed_session_says_nothing_about_the_next_beyond_whose_it_is(
    data: AnalysisInput,
) -> None:
    """Bookings are missed independently given the person: lag models are biased, the exact expectation is not."""
    found = attendance_over_time.analyse(data).estimates
    main = found[(found["estimand"] == "risk_difference") & (found["model"] == "")]
    by_term = main[main["specification"] == ""].set_index("term")
    within = by_term.loc["within"]
    assert by_term.loc["total", "conf_low"] > 0.02
    assert within["conf_low"] < 0 < within["conf_high"]
    lag = found[found["specification"] == "within_and_between"].set_index("term")
    assert lag.loc["previous_missed_within", "conf_high"] < 1, "Nickell's bias, as the note says"
    after = found[(found["model"] == "leaving_after_session") & (found["estimand"] == "odds_ratio")]
    recent = after[after["term"] == "missed_before_session"].iloc[0]
    assert recent["conf_low"] < 1 < recent["conf_high"]
