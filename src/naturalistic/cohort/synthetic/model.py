"""The parameters of the generative model, each with its unit. `docs/synthetic.md` tells the story they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from naturalistic.cohort.synthetic.model_referral import (
    Census,
    Organisation,
    Pathway,
    Population,
    Shares,
)

__all__ = [
    "POINTS_PER_SD",
    "Attendance",
    "Baseline",
    "Census",
    "Change",
    "CohortModel",
    "Endings",
    "Forms",
    "Organisation",
    "Pathway",
    "Population",
    "Ratings",
    "Shares",
]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Distress at the start: one true score in points, before the noise of the week and of the answers.

    Attributes
    ----------
    mean : float
        Mean of a man of 40 without a partner, employed, without medication.
    female, with_partner, unemployed, long_term_sick, medication, per_ten_years : float
        Differences in points.
    sd_person : float
        SD between people alike in all these.
    sd_week : float
        SD of a person's score from week to week around the true course.
    """

    mean: float
    female: float
    with_partner: float
    unemployed: float
    long_term_sick: float
    medication: float
    per_ten_years: float
    sd_person: float
    sd_week: float


@dataclass(frozen=True, slots=True)
class Change:
    """Improvement as a function of attended sessions: ``gain * (1 - exp(-sessions / sessions_scale))``.

    Attributes
    ----------
    gain : float
        Mean improvement that is approached, points, of somebody who starts at `centre`.
    per_point : float
        More gain for every point above `centre` at the start.
    centre : float
        Points.
    sd_person : float
        SD of the gain between people.
    sessions_scale : float
        Attended sessions after which 63 % of the gain is reached.
    """

    gain: float
    per_point: float
    centre: float
    sd_person: float
    sessions_scale: float


@dataclass(frozen=True, slots=True)
class Endings:
    """Competing ways of ending, each with a hazard for every attended session.

    After attending session j the course ends in way c, before session j + 1 is attended, at rate
    ``hazard_c(j) exp(eta_c)``; the rates add up, so ``P(end) = 1 - exp(-sum)``.

    Attributes
    ----------
    agreed_sessions : tuple of (int, float)
        Agreed number of sessions and the share of courses with it.
    dropout : tuple of (int, float)
        ``(from session, hazard)`` steps of the hazard of dropping out.
    planned_early : float
        Hazard of a planned ending from a quarter of the agreed number on.
    planned_at_end : float
        Hazard of a planned ending from the agreed number of attended sessions on.
    referred_on, service_ended, died : float
        Constant hazards.
    dropout_per_ten_years, dropout_with_partner, dropout_female, dropout_unemployed : float
        Log hazard ratios of dropping out.
    dropout_per_baseline_sd : float
        Log hazard ratio for 6.5 points more at the start.
    dropout_per_gain_sd : float
        Log hazard ratio for one SD more gain than others: negative, who is helped stays.
    never_closed : float
        Probability that a dropout is never entered as closed.
    no_reason : float
        Probability that a recorded discharge lacks its reason.
    """

    agreed_sessions: tuple[tuple[int, float], ...]
    dropout: tuple[tuple[int, float], ...]
    planned_early: float
    planned_at_end: float
    referred_on: float
    service_ended: float
    died: float
    dropout_per_ten_years: float
    dropout_with_partner: float
    dropout_female: float
    dropout_unemployed: float
    dropout_per_baseline_sd: float
    dropout_per_gain_sd: float
    never_closed: float
    no_reason: float


@dataclass(frozen=True, slots=True)
class Attendance:
    """What becomes of each weekly booking.

    Attributes
    ----------
    log_odds_absent : float
        Log odds of absence on the patient's side, of bookings the service did not cancel, for an average man without a
        partner.
    per_baseline_sd, female, with_partner, unemployed : float
        Log odds ratios; the first for 6.5 points more at the start.
    sd_person : float
        SD of the log odds between people.
    kinds : Shares
        How an absence shows.
    cancelled_by_service : float
        Probability that the service cancels a booking.
    late : float
        Probability that somebody who comes is late but seen.
    missed_before_dropout : float
        Mean number of further bookings missed before a dropout is given up.
    break_every, break_weeks : int
        After so many bookings comes a break of so many weeks (holidays).
    """

    log_odds_absent: float
    per_baseline_sd: float
    female: float
    with_partner: float
    unemployed: float
    sd_person: float
    kinds: Shares
    cancelled_by_service: float
    late: float
    missed_before_dropout: float
    break_every: int
    break_weeks: int


@dataclass(frozen=True, slots=True)
class Forms:
    """Which forms are completed. Probabilities are those of an average person in the middle of the period.

    Attributes
    ----------
    measure : {"core_om_items", "core_om_total", "phq_9_and_gad_7"}
        What is completed, and as what it is held.
    at_assessment, at_start : float
        Probability of a form at assessment and around the first session.
    at_end : Shares
        Probability of a form at the end, by ending.
    every_session : float
        Probability of a form at each attended session; 0 where forms are not completed at sessions.
    review_every : int
        A review form is due after so many attended sessions; 0 for never.
    at_review, follow_up : float
        Probability of a review form; of a form three to six months after a planned ending.
    per_year : float
        Change of all log odds per calendar year (records get better).
    unemployed : float
        Log odds ratio of completing a form (missing at random given employment).
    per_sd_worse : float
        Log odds ratio of completing an end or review form for 6.5 points more at that time: missing not at random.
    item_missing : float
        Probability that an item is left out.
    page_missing : float
        Probability that the second page (from item 18) is left out.
    """

    measure: Literal["core_om_items", "core_om_total", "phq_9_and_gad_7"]
    at_assessment: float
    at_start: float
    at_end: Shares
    every_session: float
    review_every: int
    at_review: float
    follow_up: float
    per_year: float
    unemployed: float
    per_sd_worse: float
    item_missing: float
    page_missing: float


@dataclass(frozen=True, slots=True)
class Ratings:
    """Therapists' ratings of problems and risks, 0 to 4, before and after.

    Attributes
    ----------
    problems : tuple of (str, float, float)
        Problem, share of people who have it, and mean improvement in steps at an average gain.
    risks : tuple of (str, float, float)
        The same for risks.
    rated_at_start, rated_at_end : float
        Probability that ratings are recorded; at the end only after planned endings and half as often after others.
    """

    problems: tuple[tuple[str, float, float], ...]
    risks: tuple[tuple[str, float, float], ...]
    rated_at_start: float
    rated_at_end: float


@dataclass(frozen=True, slots=True)
class CohortModel:
    """Everything that makes a cohort, apart from the seed.

    Attributes
    ----------
    name : str
        Preset.
    n_people : int
        People referred.
    therapy_model : str
        The service's word for the therapy.
    minutes : int
        Length of a session.
    formats : Shares
        Share of courses by format; the format changes nothing else.
    census : Census or None
        Numbers that are met at the data cut; the people referred are then fewer than `n_people`.
    """

    name: str
    n_people: int
    therapy_model: str
    minutes: int
    organisation: Organisation
    population: Population
    pathway: Pathway
    baseline: Baseline
    change: Change
    endings: Endings
    attendance: Attendance
    forms: Forms
    ratings: Ratings | None
    formats: Shares = (("individual", 1.0),)
    census: Census | None = None


POINTS_PER_SD = 6.5
"""Points that "one SD at the start" stands for in log odds and log hazard ratios, fixed so that they have a meaning."""
