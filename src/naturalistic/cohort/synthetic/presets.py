"""The cohorts that are offered. Numbers without a source in `docs/synthetic.md` are plausible inventions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from types import MappingProxyType

from naturalistic.cohort.synthetic.model import (
    Attendance,
    Baseline,
    Change,
    CohortModel,
    Endings,
    Forms,
    Organisation,
    Pathway,
    Population,
    Ratings,
)

_ETHNICITY = (
    ("white", 0.70),
    ("mixed", 0.06),
    ("asian", 0.09),
    ("black", 0.11),
    ("other_ethnicity", 0.04),
)

# ASSUME A42: the published 31.7 sessions are sessions attended by the 474 (of which the text does not say whether they
# were attended or offered). ASSUME A43: the published 26 % absence is what the patient missed or cancelled, of sessions
# that the service did not cancel, pooled over the sessions of the 474. The alternatives are settings:
# `primary.clock: booked_sessions`, and `primary.absence_definition`.
HIRSCHFELD = CohortModel(
    name="hirschfeld",
    n_people=1610,
    therapy_model="Psychodynamic psychotherapy",
    minutes=50,
    organisation=Organisation(
        services=1,
        teams_per_service=3,
        therapists_per_team=8,
        caseload_shape=3.0,
        sd_service_baseline=0.0,
        sd_therapist_change=1.0,
        sd_therapist_dropout=0.4,
        sd_therapist_absence=0.25,
    ),
    population=Population(
        mean_age=39.0,
        sd_age=12.0,
        youngest=18,
        oldest=80,
        female=0.66,
        other_gender=0.01,
        ethnicity=_ETHNICITY,
        partner_at_40=0.45,
        unemployed=0.22,
        long_term_sick=0.14,
        medication=0.5,
        prior_treatment=0.7,
        problems=(
            ("Depression", 0.34),
            ("Personality problems", 0.18),
            ("Anxiety", 0.16),
            ("Trauma and abuse", 0.14),
            ("Interpersonal problems", 0.12),
            ("Other", 0.06),
        ),
        referral_sources=(("GP", 0.55), ("Community mental health team", 0.35), ("Other", 0.10)),
        not_recorded=0.04,
    ),
    pathway=Pathway(
        first_referral=dt.date(2011, 4, 1),
        last_referral=dt.date(2021, 9, 30),
        data_cut=dt.date(2022, 9, 30),
        accepted=0.88,
        assessed=0.86,
        starts=0.84,
        wait_assessment=70,
        wait_start=110,
        sd_log_wait=0.5,
        referred_again=0.08,
    ),
    baseline=Baseline(
        mean=20.62,
        female=1.0,
        with_partner=1.0,
        unemployed=2.4,
        long_term_sick=3.0,
        medication=1.6,
        per_ten_years=-0.2,
        sd_person=6.0,
        sd_week=2.5,
    ),
    change=Change(gain=5.6, per_point=0.12, centre=22.0, sd_person=6.0, sessions_scale=16.0),
    endings=Endings(
        agreed_sessions=((20, 0.41), (40, 0.38), (60, 0.21)),
        dropout=((1, 0.035), (4, 0.018), (10, 0.010), (25, 0.006)),
        planned_early=0.006,
        planned_at_end=0.45,
        referred_on=0.0008,
        service_ended=0.0006,
        died=0.00004,
        dropout_per_ten_years=-0.15,
        dropout_with_partner=-0.30,
        dropout_female=-0.20,
        dropout_unemployed=0.25,
        dropout_per_baseline_sd=0.10,
        dropout_per_gain_sd=-0.30,
        never_closed=0.06,
        no_reason=0.05,
    ),
    attendance=Attendance(
        log_odds_absent=-1.21,
        per_baseline_sd=0.20,
        female=-0.15,
        with_partner=-0.20,
        unemployed=0.10,
        sd_person=0.6,
        kinds=(
            ("did_not_attend", 0.42),
            ("cancelled_by_patient", 0.54),
            ("arrived_too_late", 0.04),
        ),
        cancelled_by_service=0.06,
        late=0.05,
        missed_before_dropout=2.0,
        break_every=12,
        break_weeks=2,
    ),
    forms=Forms(
        measure="core_om_items",
        at_assessment=0.55,
        at_start=0.80,
        at_end=(
            ("planned_ending", 0.75),
            ("unplanned_ending", 0.15),
            ("referred_on", 0.35),
            ("service_ended", 0.40),
        ),
        every_session=0.0,
        review_every=20,
        at_review=0.30,
        follow_up=0.12,
        per_year=0.06,
        unemployed=-0.20,
        per_sd_worse=-0.25,
        item_missing=0.006,
        page_missing=0.015,
    ),
    ratings=Ratings(
        problems=(
            ("depression", 0.85, 1.3),
            ("anxiety", 0.80, 1.1),
            ("interpersonal", 0.75, 0.7),
            ("self_esteem", 0.70, 0.7),
            ("trauma", 0.50, 0.6),
            ("personality", 0.45, 0.4),
        ),
        risks=(("suicide", 0.50, 1.1), ("self_harm", 0.40, 1.0), ("harm_to_others", 0.10, 0.6)),
        rated_at_start=0.85,
        rated_at_end=0.80,
    ),
)

TALKING_THERAPIES = CohortModel(
    name="talking_therapies",
    n_people=2500,
    therapy_model="Cognitive behavioural therapy",
    minutes=50,
    organisation=Organisation(
        services=2,
        teams_per_service=3,
        therapists_per_team=8,
        caseload_shape=4.0,
        sd_service_baseline=0.7,
        sd_therapist_change=1.6,
        sd_therapist_dropout=0.5,
        sd_therapist_absence=0.25,
    ),
    population=replace(
        HIRSCHFELD.population,
        unemployed=0.12,
        long_term_sick=0.07,
        medication=0.4,
        prior_treatment=0.4,
        problems=(
            ("Depression", 0.35),
            ("Generalised anxiety disorder", 0.25),
            ("Mixed anxiety and depression", 0.18),
            ("Post-traumatic stress disorder", 0.08),
            ("Social anxiety disorder", 0.06),
            ("Obsessive-compulsive disorder", 0.04),
            ("Other", 0.04),
        ),
        referral_sources=(("Self", 0.70), ("GP", 0.25), ("Other", 0.05)),
    ),
    pathway=Pathway(
        first_referral=dt.date(2021, 4, 1),
        last_referral=dt.date(2023, 3, 31),
        data_cut=dt.date(2023, 9, 30),
        accepted=0.90,
        assessed=0.70,
        starts=0.80,
        wait_assessment=14,
        wait_start=40,
        sd_log_wait=0.6,
        referred_again=0.10,
    ),
    baseline=replace(HIRSCHFELD.baseline, mean=18.8, sd_person=7.5, sd_week=2.5),
    change=Change(gain=10.0, per_point=0.20, centre=21.0, sd_person=7.0, sessions_scale=5.0),
    endings=replace(
        HIRSCHFELD.endings,
        agreed_sessions=((6, 0.35), (12, 0.40), (16, 0.25)),
        dropout=((1, 0.10), (3, 0.05), (6, 0.03)),
        planned_early=0.03,
        referred_on=0.006,
        service_ended=0.003,
        never_closed=0.02,
        no_reason=0.03,
    ),
    attendance=replace(
        HIRSCHFELD.attendance,
        log_odds_absent=-1.7,
        missed_before_dropout=1.2,
    ),
    forms=replace(
        HIRSCHFELD.forms,
        measure="phq_9_and_gad_7",
        at_assessment=0.97,
        at_start=0.0,
        at_end=(),
        every_session=0.95,
        review_every=0,
        at_review=0.0,
        follow_up=0.0,
        per_year=0.0,
    ),
    ratings=None,
)

SCALE = replace(
    TALKING_THERAPIES,
    name="scale",
    n_people=100_000,
    therapy_model="Counselling",
    organisation=replace(
        TALKING_THERAPIES.organisation, services=20, teams_per_service=5, therapists_per_team=10
    ),
    pathway=replace(
        TALKING_THERAPIES.pathway, first_referral=dt.date(2013, 4, 1), starts=0.95, assessed=0.92
    ),
    endings=replace(TALKING_THERAPIES.endings, agreed_sessions=((8, 0.3), (12, 0.4), (20, 0.3))),
    forms=replace(
        HIRSCHFELD.forms, measure="core_om_total", review_every=6, at_review=0.4, per_year=0.0
    ),
)

PRESETS = MappingProxyType({model.name: model for model in (HIRSCHFELD, TALKING_THERAPIES, SCALE)})
