"""Attendance and outcome: change by sessions attended and by ending, and why that is no effect of the dose."""

from __future__ import annotations

from naturalistic.analyses.attending.dose_curves import add_curves, add_feedback, forms_by_session
from naturalistic.analyses.attending.dose_described import (
    add_change_by_ending,
    add_change_by_sessions,
    add_endogeneity,
)
from naturalistic.analyses.attending.dose_models import add_dose_models
from naturalistic.analyses.attending.dose_people import dose_people
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows

NAME = "dose_response"


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Change of people whose therapy has ended, by the number of sessions they attended. Associations, not effects.

    Estimands
    ---------
    mean_change; mean_change per_ten_sessions; proportion reliable_improvement
        Of people with both forms, by sessions attended, by planned and unplanned ending, and by both.
    mean first_score; proportion planned_ending, paired
        Who attended how many sessions: what makes the dose no matter of chance.
    mean_change improvement_so_far
        By session, of everyone measured there (aggregate) and within thirds of the total number of sessions
        (good-enough level: Barkham et al. 2006, J Consult Clin Psychol 74, 160-167), where forms during therapy are held.
    correlation
        Improvement at the first form during therapy with the sessions that followed.
    coefficient (models ``dose``, ``dose_population_averaged``)
        Points per doubling of the sessions, with more and more of what people differ in held equal.
    """
    primary, level = data.settings.primary, data.settings.conf_level
    rows = EstimateRows(data.cohort, NAME, instrument=primary.instrument, scale=primary.scale)
    dose, why_none = dose_people(data)
    if dose is None:
        rows.add("mean_change", population="paired", status="not_measured", note=why_none)
        return AnalysisResult(rows.frame())
    if not dose.paired.any():
        note = "nobody whose therapy has ended has both forms"
        rows.add("mean_change", population="paired", status="not_measured", note=note)
        return AnalysisResult(rows.frame())
    add_change_by_sessions(rows, dose, level)
    add_change_by_ending(rows, dose, level)
    add_endogeneity(rows, dose, level)
    forms = forms_by_session(data, dose)
    add_curves(rows, forms, dose, level)
    add_feedback(rows, forms, dose, level)
    add_dose_models(rows, data, dose)
    return AnalysisResult(rows.frame())
