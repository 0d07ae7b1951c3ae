"""Parameters of the generative model up to the first session: organisation, population, pathway."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

Shares = tuple[tuple[str, float], ...]
Numbers = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Organisation:
    """Therapists within teams within services.

    Attributes
    ----------
    services, teams_per_service, therapists_per_team : int
        Size of the organisation.
    caseload_shape : float
        Shape of the gamma distribution that caseloads are proportional to; small means unequal.
    sd_service_baseline : float
        SD between services of the mean score at the start, points.
    sd_therapist_change : float
        SD between therapists of the improvement their patients reach, points.
    sd_therapist_dropout : float
        SD between therapists of the log hazard of dropping out.
    sd_therapist_absence : float
        SD between therapists of the log odds of absence.
    """

    services: int
    teams_per_service: int
    therapists_per_team: int
    caseload_shape: float
    sd_service_baseline: float
    sd_therapist_change: float
    sd_therapist_dropout: float
    sd_therapist_absence: float


@dataclass(frozen=True, slots=True)
class Population:
    """Who is referred. Shares are of everybody unless another group is named.

    Attributes
    ----------
    mean_age, sd_age, youngest, oldest : float
        Age at referral, years; a normal distribution cut off at both ends.
    female, other_gender : float
        Shares.
    ethnicity : Shares
        Share of each group.
    partner_at_40 : float
        Probability of living with a partner at 40; it rises with age up to there.
    unemployed, long_term_sick : float
        Shares among people aged 18 to 65 in an area of middle deprivation.
    medication : float
        Share on psychotropic medication when neither unemployed nor long-term sick.
    prior_treatment : float
        Share.
    problems, referral_sources : Shares
        Shares.
    not_recorded : float
        Share of cells of a person's characteristics left empty, at random.
    """

    mean_age: float
    sd_age: float
    youngest: float
    oldest: float
    female: float
    other_gender: float
    ethnicity: Shares
    partner_at_40: float
    unemployed: float
    long_term_sick: float
    medication: float
    prior_treatment: float
    problems: Shares
    referral_sources: Shares
    not_recorded: float


@dataclass(frozen=True, slots=True)
class Pathway:
    """From referral to the first session.

    Attributes
    ----------
    first_referral, last_referral, data_cut : date
        Period of referrals and last day seen.
    accepted, assessed, starts : float
        Probability of being accepted, then of attending the assessment, then of starting.
    wait_assessment, wait_start : float
        Median days from acceptance to assessment, and from there to the first session.
    sd_log_wait : float
        SD of the logarithm of both waits.
    referred_again : float
        Probability that somebody whose first referral is closed is referred once more.
    """

    first_referral: dt.date
    last_referral: dt.date
    data_cut: dt.date
    accepted: float
    assessed: float
    starts: float
    wait_assessment: float
    wait_start: float
    sd_log_wait: float
    referred_again: float


@dataclass(frozen=True, slots=True)
class Census:
    """Numbers of people that a cohort is made to have at its data cut; see `census.at_the_census`.

    Attributes
    ----------
    in_therapy : Numbers
        People in therapy by format.
    waiting : int
        People referred whose therapy has not begun and whose referral is not closed.
    """

    in_therapy: Numbers
    waiting: int
