"""Who drops out more often, in people out of a hundred; and what the models of dropout rest on."""

from __future__ import annotations

from typing import Any

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.leaving.absolute import add_absolute
from naturalistic.analyses.leaving.clocks import (
    CLOCKS,
    NOT_HELD,
    people_who_started,
    time_to_ending,
)
from naturalistic.analyses.leaving.model_people import model_people
from naturalistic.analyses.leaving.ratios import (
    add_few_events,
    add_proportionality,
    add_subdistribution,
)
from naturalistic.analyses.leaving.therapists import add_hazard_by_session, add_therapists

NAME = "dropout_models"


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Models of dropout of everyone who started, on both clocks. Associations, not effects.

    Estimands
    ---------
    risk_difference, standardised_risk
        Probability of having dropped out by session 4, 10 and 20 and by week 52 had everyone been at a level, and its
        difference from the reference level (or per unit of a number), standardised over the cohort.
    subdistribution_hazard_ratio
        Fine and Gray; the cause-specific ratios stand in the analysis `dropout`.
    proportional_hazards_test; hazard_ratio by period
        Per characteristic and for all (`all_terms`); early and late ratios where it fails.
    hazard_ratio (model ``cause_specific_cox_firth``)
        Penalised, where dropouts are few.
    variance, intraclass_correlation, median_hazard_ratio (therapist)
        Shared gamma frailty.
    hazard
        Of leaving at each session, for a described reference person.
    """
    primary, level = data.settings.primary, data.settings.conf_level
    frame = people_who_started(data)
    rows = EstimateRows(data.cohort, NAME, population="started")
    for clock in CLOCKS:
        ends = time_to_ending(
            frame, primary.dropout_definition, clock, data.settings.dropout.lost_contact_weeks
        )
        key: dict[str, Any] = {"definition": primary.dropout_definition, "time_unit": clock}
        if not len(ends.rows):
            rows.add("risk_difference", term="model", status="not_measured", note=NOT_HELD, **key)
            continue
        every_level = model_people(data, frame, ends)
        people = model_people(data, frame, ends, join_empty=True)
        if every_level.obstacle or people.obstacle:
            status, note = every_level.obstacle or people.obstacle
            rows.add("risk_difference", term="model", status=status, note=note, **key)
            continue
        add_absolute(rows, people, clock, level, **key)
        add_subdistribution(rows, people, level, **key)
        add_few_events(rows, every_level, level, **key)
        add_proportionality(rows, people, level, **key)
        add_therapists(rows, people, level, **key)
        if clock == "attended_sessions":
            add_hazard_by_session(rows, people, level, **key)
    return AnalysisResult(rows.frame())
