"""How much of what was booked took place, who misses more, and how many hours that is."""

from __future__ import annotations

import pandas as pd

from naturalistic.analyses.attending.absence_model import add_absence_model
from naturalistic.analyses.attending.bookings import contacts_of
from naturalistic.analyses.attending.definitions import NAME, people_who_started
from naturalistic.analyses.attending.described import (
    add_absence,
    add_first_sessions,
    add_gaps,
    add_numbers,
)
from naturalistic.analyses.attending.hours import add_hours
from naturalistic.analyses.attending.sessions_model import add_sessions_model
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Attendance of everyone who started. Associations, not effects.

    Estimands
    ---------
    mean, median, standard_deviation, count
        Sessions booked, offered and attended per person; people by sessions attended, in bins by a declared rule.
    proportion
        Absence under each definition (share of sessions; people are the sampled units); attendance of the first two
        sessions offered and absence from the third on; gaps between sessions.
    odds_ratio, risk_difference, standardised_risk, sessions_difference (model ``absence``)
        Missing an offered session (primary definition): binomial counts with patient and therapist effects, on
        predictors, score before therapy, format, wait and season; as ratios, as probabilities, and as sessions per person
        given the sessions offered.
    rate_ratio, mean, sessions_difference (model ``sessions_attended``)
        Sessions attended by those whose therapy has ended: Poisson or NB2.
    overdispersion, intraclass_correlation, median_odds_ratio, median_rate_ratio
        Tests of variation beyond the model, and therapists' share.
    odds_ratio, rate_ratio (models ``*_population_averaged``)
        The marginal twins.
    clinician_hours
        Hours booked for sessions missed.
    """
    primary, level = data.settings.primary, data.settings.conf_level
    frame = people_who_started(data)
    contacts = contacts_of(data.tables["sessions"], frame)
    bookings = contacts.under(primary.absence_definition)
    rows = EstimateRows(data.cohort, NAME, population="started")
    add_numbers(rows, frame, level)
    add_absence(rows, frame, level)
    add_first_sessions(rows, bookings, primary.absence_definition, level)
    add_gaps(rows, bookings, level)
    covariances = [
        add_absence_model(rows, data, frame, bookings),
        add_sessions_model(rows, data, frame),
    ]
    add_hours(rows, contacts, level)
    return AnalysisResult(rows.frame(), pd.concat(covariances, ignore_index=True))
