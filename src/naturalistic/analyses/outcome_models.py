"""Who starts higher and who changes more: mixed models of the score, therapists, and what they rest on."""

from __future__ import annotations

import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.outcome.described import add_described, described_people
from naturalistic.analyses.outcome.growth import add_growth
from naturalistic.analyses.outcome.improvement import add_improvement
from naturalistic.analyses.outcome.leaving_early import add_missing_not_at_random
from naturalistic.analyses.outcome.people import outcome_people
from naturalistic.analyses.outcome.pre_post import add_pre_post
from naturalistic.analyses.outcome.side_by_side import add_side_by_side
from naturalistic.analyses.outcome.therapists import add_therapists
from naturalistic.tables.estimates import COVARIANCES

NAME = "outcome_models"


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Models of the primary scale for everyone who started and has a form. Associations, not effects.

    Estimands
    ---------
    coefficient
        Points of the score, as the scale counts them. ``pre_post``: level at the first form and change to the last,
        unstructured covariance of the two, therapist (and service) effects on level and change. ``growth``: all forms,
        correlated patient slope, over the form of time with the lowest BIC (``bic_difference``); ``growth_linear`` beside
        it. ``ancova``: last score at the same first score. `specification`: ``adjusted`` (pre-declared), ``alone``,
        ``population_averaged``, ``cluster_robust``.
    joint_test, false_discovery_rate
        Each characteristic as a whole, on the level and on change; Benjamini and Hochberg over a model's family.
    group_difference
        The same group difference five ways (`outcome.side_by_side`).
    variance, r_squared, intraclass_correlation, therapist_effect, prediction_weight
        Spread between people, therapists and services (`outcome.therapists`).
    odds_ratio, risk_difference, standardised_risk (model ``reliable_improvement``)
        Probability of reliable improvement (`outcome.improvement`).
    predicted_score
        Described people (`outcome.described`).
    mean_change (``pattern_mixture``), hazard_ratio (``shared_parameter``)
        Forms missing not at random (`outcome.leaving_early`).
    """
    primary = data.settings.primary
    people = outcome_people(data)
    rows = EstimateRows(
        data.cohort,
        NAME,
        instrument=primary.instrument,
        scale=primary.scale,
        population="started",
    )
    pre_post, change_models, covariance = add_pre_post(rows, people, data.cohort, NAME)
    growth = add_growth(rows, data, people, NAME)
    ancova = add_side_by_side(rows, people, change_models)
    add_therapists(rows, data, people, pre_post, ancova)
    described = described_people(people, data.settings.outcome_models)
    add_improvement(rows, people, described)
    add_described(rows, people, described, pre_post, growth)
    add_missing_not_at_random(rows, data, people, growth)
    covariances = [COVARIANCES.empty()]
    covariances += [] if covariance is None else [covariance]
    covariances += [] if growth is None else growth.covariances
    return AnalysisResult(rows.frame(), pd.concat(covariances, ignore_index=True))
