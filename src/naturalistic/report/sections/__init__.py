"""The sections of the report, in order. Each is None where the cohort gives it nothing to say."""

from __future__ import annotations

from collections.abc import Callable

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Section
from naturalistic.report.released import Released
from naturalistic.report.sections.access import access
from naturalistic.report.sections.attendance import attendance
from naturalistic.report.sections.attendance_over_time import attendance_over_time
from naturalistic.report.sections.benchmarks import benchmarks
from naturalistic.report.sections.bias import bias
from naturalistic.report.sections.certainty import certainty
from naturalistic.report.sections.change import change
from naturalistic.report.sections.change_groups import change_groups
from naturalistic.report.sections.change_rates import change_rates
from naturalistic.report.sections.claims import claims
from naturalistic.report.sections.closing import closing
from naturalistic.report.sections.definitions import definitions
from naturalistic.report.sections.dose_response import dose_response
from naturalistic.report.sections.dropout import dropout
from naturalistic.report.sections.dropout_models import dropout_models
from naturalistic.report.sections.equity import equity
from naturalistic.report.sections.flow import flow
from naturalistic.report.sections.further import further
from naturalistic.report.sections.limits import limits
from naturalistic.report.sections.methods import methods
from naturalistic.report.sections.missing import missing
from naturalistic.report.sections.model_checks import model_checks
from naturalistic.report.sections.national_metrics import national_metrics
from naturalistic.report.sections.nice import nice
from naturalistic.report.sections.over_sessions import over_sessions
from naturalistic.report.sections.people import people
from naturalistic.report.sections.predictors import predictors
from naturalistic.report.sections.published import published
from naturalistic.report.sections.talking_therapies import talking_therapies
from naturalistic.report.sections.therapist_view import therapist_view
from naturalistic.report.sections.therapists import therapists
from naturalistic.report.sections.trajectories import trajectories
from naturalistic.report.sections.withheld import withheld

SECTIONS: list[Callable[[Released, PublishedStudy | None], Section | None]] = [
    # what became of people, and how sure that is
    flow,
    people,
    change,
    change_rates,
    talking_therapies,
    missing,
    bias,
    benchmarks,
    certainty,
    therapist_view,
    attendance,
    dropout,
    # what a decision about the service turns on
    equity,
    access,
    national_metrics,
    nice,
    closing,
    claims,
    # who, when and how much, in groups and models
    change_groups,
    over_sessions,
    dose_response,
    attendance_over_time,
    dropout_models,
    predictors,
    trajectories,
    therapists,
    model_checks,
    # where it comes from, and what it cannot say
    published,
    further,
    limits,
    withheld,
    methods,
    definitions,
]
