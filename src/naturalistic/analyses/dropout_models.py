"""Who drops out more often, in people out of a hundred; and what the models of dropout rest on."""

from __future__ import annotations

from typing import Any

import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.leaving.absolute import add_absolute
from naturalistic.analyses.leaving.calibration import add_calibration
from naturalistic.analyses.leaving.clocks import (
    CLOCKS,
    people_who_started,
    time_to_ending,
    why_nobody,
)
from naturalistic.analyses.leaving.during import add_during
from naturalistic.analyses.leaving.fitted import covariances_of
from naturalistic.analyses.leaving.form import add_functional_form, add_influence
from naturalistic.analyses.leaving.hazard import add_hazard_by_session
from naturalistic.analyses.leaving.model_people import ModelPeople, model_people
from naturalistic.analyses.leaving.proportionality import add_proportionality
from naturalistic.analyses.leaving.ratios import add_few_events, add_subdistribution
from naturalistic.analyses.leaving.therapists import add_therapists
from naturalistic.tables.estimates import COVARIANCES

NAME = "dropout_models"
SESSIONS = "attended_sessions"


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Models of dropout of everyone who started, on both clocks. Associations, not effects.

    Estimands
    ---------
    risk_difference, standardised_risk
        Probability of having dropped out by session 4, 10 and 20 and by week 52 had everyone been at a level, and its
        difference from the reference level (or per unit of a number), standardised over the cohort.
    predicted_incidence, cumulative_incidence by fifth_of_predicted_probability
        Calibration in groups: the model's mean probability beside the observed one.
    subdistribution_hazard_ratio
        Fine and Gray; the cause-specific ratios stand in the analysis `dropout`.
    proportional_hazards_test; hazard_ratio by period and stratified; time_lost_difference
        Per characteristic and for all (`all_terms`); the three answers where it fails.
    linearity_test; hazard_ratio (model ``cause_specific_cox_spline``)
        Straight line against a curve for each number; ratios along the curve where it bends.
    influence
        Of the most influential person on each coefficient.
    hazard_ratio (model ``cause_specific_cox_firth``)
        Penalised, where dropouts are few.
    hazard_ratio (model ``cox_time_varying``)
        Sessions missed so far, last score, recent change; on the clock of sessions booked.
    variance, intraclass_correlation, median_hazard_ratio (therapist)
        Shared gamma frailty.
    hazard
        Of leaving at each session, for described persons.
    """
    primary = data.settings.primary
    frame = people_who_started(data)
    rows = EstimateRows(data.cohort, NAME, population="started")
    covariances = [COVARIANCES.empty()]
    for clock in CLOCKS:
        ends = time_to_ending(
            frame, primary.dropout_definition, clock, data.settings.dropout.lost_contact_weeks
        )
        key: dict[str, Any] = {"definition": primary.dropout_definition, "time_unit": clock}
        if not len(ends.rows):
            why = why_nobody(primary.dropout_definition)
            rows.add("risk_difference", **{"term": "model", **why, **key})
            continue
        every_level = model_people(data, frame, ends)
        people = model_people(data, frame, ends, join_empty=True)
        if every_level.obstacle or people.obstacle:
            status, note = every_level.obstacle or people.obstacle
            rows.add("risk_difference", term="model", status=status, note=note, **key)
            continue
        level = data.settings.conf_level
        add_few_events(rows, every_level, level, **key)
        covariances.append(_models(rows, data, frame, people, clock, key))
    return AnalysisResult(rows.frame(), pd.concat(covariances, ignore_index=True))


def _models(
    rows: EstimateRows,
    data: AnalysisInput,
    frame: pd.DataFrame,
    people: ModelPeople,
    clock: str,
    key: dict[str, Any],
) -> pd.DataFrame:
    """Every model on one clock; the covariances of those whose coefficients stand in the rows."""
    level = data.settings.conf_level
    add_absolute(rows, people, clock, level, **key)
    add_calibration(rows, people, clock, level, **key)
    add_influence(rows, people, **key)
    fitted = add_subdistribution(rows, people, level, **key)
    fitted += add_proportionality(rows, people, clock, level, **key)
    fitted += add_functional_form(rows, people, level, **key)
    fitted += add_therapists(rows, people, level, **key)
    if clock == SESSIONS:
        described = data.settings.outcome_models.described_people
        fitted += add_hazard_by_session(rows, people, described, level, **key)
        fitted += add_during(rows, data, frame, people, **key)
    return covariances_of(data.cohort, NAME, clock, fitted)
