"""A synthetic service of the size the Derbyshire consultation of 2018 states. Nobody in it exists.

Stated by the consultation, and met: 136 people on the books, 120 of them in active treatment, 83 individually and 37 in
groups; an average length of 15 months; more than half above a year. Everything else is invented.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from naturalistic.cohort.synthetic.model import Census, Change, Pathway
from naturalistic.cohort.synthetic.presets import HIRSCHFELD

NOTICE = dt.date(2018, 10, 10)
"""The day the consultation began."""

# ASSUME A51 the consultation does not say what the 16 people are who are on the books and not in active treatment: here
# they are referred and have not begun. The average length is read as that of courses that have ended.
DERBYSHIRE = replace(
    HIRSCHFELD,
    name="derbyshire",
    n_people=1500,
    therapy_model="Psychodynamic psychotherapy",
    organisation=replace(HIRSCHFELD.organisation, teams_per_service=2, therapists_per_team=7),
    population=replace(
        HIRSCHFELD.population,
        problems=(
            ("Depression", 0.30),
            ("Post-traumatic stress disorder", 0.18),
            ("Emotionally unstable personality disorder", 0.18),
            ("Trauma and abuse", 0.14),
            ("Interpersonal problems", 0.12),
            ("Obsessive-compulsive disorder", 0.08),
        ),
    ),
    pathway=Pathway(
        first_referral=dt.date(2011, 10, 1),
        last_referral=NOTICE,
        data_cut=NOTICE,
        accepted=0.80,
        assessed=0.92,
        starts=0.92,
        wait_assessment=14,
        wait_start=14,
        sd_log_wait=0.5,
        referred_again=0.0,
    ),
    change=Change(gain=6.0, per_point=0.12, centre=22.0, sd_person=6.0, sessions_scale=20.0),
    endings=replace(
        HIRSCHFELD.endings,
        agreed_sessions=((24, 0.22), (42, 0.33), (65, 0.45)),
        dropout=((1, 0.020), (4, 0.010), (10, 0.005), (25, 0.003)),
        planned_early=0.003,
        never_closed=0.0,
        no_reason=0.03,
    ),
    forms=replace(
        HIRSCHFELD.forms,
        measure="phq_9_and_gad_7",
        at_assessment=0.85,
        review_every=0,
        at_review=0.0,
        per_year=0.0,
    ),
    ratings=None,
    formats=(("individual", 83 / 120), ("group", 37 / 120)),
    census=Census(in_therapy=(("individual", 83), ("group", 37)), waiting=16),
)
