"""Who leaves, when, and who stays to a planned ending: dropout beside the other ways therapy ends."""

from __future__ import annotations

from typing import Any

import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.leaving.by_characteristic import (
    add_by_characteristic,
    add_grays_tests,
)
from naturalistic.analyses.leaving.clocks import (
    CLOCKS,
    people_who_started,
    time_to_ending,
    why_nobody,
)
from naturalistic.analyses.leaving.definitions import add_definitions
from naturalistic.analyses.leaving.incidence import (
    add_curves,
    add_left_truncated,
    add_time_lost,
)
from naturalistic.analyses.leaving.model_people import ModelPeople, model_people
from naturalistic.analyses.leaving.waiting import add_waiting
from naturalistic.analyses.model_rows import add_coefficients, covariance_frame
from naturalistic.stats.cox import fit_cox
from naturalistic.tables.estimates import COVARIANCES

NAME = "dropout"
MODEL = "cause_specific_cox"
SPECIFICATION = "adjusted"


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Dropout of everyone who started.

    Estimands
    ---------
    proportion (dropout; declared_dropout, estimated_dropout, unknown_ending)
        Under every definition, of those whose ending that definition can judge; of everyone who has ended with unknown
        endings counted as no dropout and as dropout; and how many are unknown.
    cumulative_incidence
        Probability of having ended by dropping out, as planned, otherwise or in an unknown way, by each point of each
        clock (Aalen-Johansen); `dropout_or_unknown` is the highest that dropout can be. At each level of each
        characteristic: having dropped out by session 20 and by week 52.
    cumulative_incidence (started_treatment, lost_before_assessment, lost_before_treatment, ...)
        Of everyone referred, by weeks since the referral.
    survival_probability
        Still in therapy (any ending); and, labelled as such, not dropped out if nobody ended otherwise (Kaplan-Meier).
    restricted_mean_time_lost
        Mean of the first 20 sessions or 52 weeks lost to each way of ending.
    grays_test
        Same incidence of dropout in all groups of a characteristic: statistic, degrees of freedom, p.
    hazard_ratio
        Cause-specific hazard of dropping out (Cox, Efron), errors robust to clustering by therapist.
    """
    primary = data.settings.primary
    level = data.settings.conf_level
    frame = people_who_started(data)
    rows = EstimateRows(data.cohort, NAME, population="started")
    add_definitions(rows, frame, level)
    covariances = [COVARIANCES.empty()]
    for clock in CLOCKS:
        ends = time_to_ending(
            frame, primary.dropout_definition, clock, data.settings.dropout.lost_contact_weeks
        )
        key: dict[str, Any] = {"definition": primary.dropout_definition, "time_unit": clock}
        if not len(ends.rows):
            why = why_nobody(primary.dropout_definition)
            rows.add("cumulative_incidence", **{"term": "dropout", **why, **key})
            continue
        add_left_truncated(rows, ends, len(frame), **key)
        add_curves(rows, ends, clock, level, **key)
        add_time_lost(rows, ends, clock, level, **key)
        add_by_characteristic(rows, frame, ends, clock, level, **key)
        add_grays_tests(rows, frame, ends, **key)
        covariances.append(_cox(rows, data, model_people(data, frame, ends), clock, key))
    before = EstimateRows(data.cohort, NAME)
    window = data.settings.dropout.observed_from if data.calendar == "real" else None
    add_waiting(before, data.tables["episodes"], level, window)
    estimates = pd.concat([rows.frame(), before.frame()], ignore_index=True)
    return AnalysisResult(estimates, pd.concat(covariances, ignore_index=True))


def _cox(
    rows: EstimateRows, data: AnalysisInput, people: ModelPeople, clock: str, key: dict[str, Any]
) -> pd.DataFrame:
    model_key = {**key, "model": MODEL, "specification": SPECIFICATION}
    if people.obstacle:
        status, note = people.obstacle
        rows.add("hazard_ratio", term="model", status=status, note=note, **model_key)
        return COVARIANCES.empty()
    fit = fit_cox(
        people.time,
        people.dropped,
        people.matrix,
        entry=people.entry,
        cluster=people.therapist,
        cluster_correction=people.therapist is not None,
        term_names=people.names,
        conf_level=data.settings.conf_level,
    )
    add_coefficients(
        rows,
        "hazard_ratio",
        fit,
        people.terms,
        counts=people.people,
        ratio=True,
        method=fit.method,
        note="; ".join((*fit.notes, *people.notes)),
        n_events=people.n_events,
        n_missing=people.n_missing,
        denominator=len(people.time),
        n_therapists=fit.n_clusters,
        **model_key,
    )
    return covariance_frame(data.cohort, NAME, f"{MODEL}.{clock}", SPECIFICATION, people.terms, fit)
