"""Therapists within teams within services, and the people referred to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.synthetic.model import Organisation, Population, Shares

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Staff:
    """Therapists and what is true of them.

    Attributes
    ----------
    team, service : ndarray of int, shape (n_therapists,)
        Where each works.
    caseload : ndarray, shape (n_therapists,)
        Share of referrals.
    change, dropout, absence : ndarray, shape (n_therapists,)
        True effects: points of gain, log hazard, log odds.
    service_baseline : ndarray, shape (n_services,)
        True difference of each service's mean at the start, points.
    """

    team: IntArray
    service: IntArray
    caseload: FloatArray
    change: FloatArray
    dropout: FloatArray
    absence: FloatArray
    service_baseline: FloatArray


def draw_staff(size: Organisation, rng: np.random.Generator) -> Staff:
    """Draw therapists, their caseloads and their true effects."""
    n_teams = size.services * size.teams_per_service
    team = np.repeat(np.arange(n_teams), size.therapists_per_team)
    n = len(team)
    caseload = rng.gamma(size.caseload_shape, size=n)
    return Staff(
        team=team,
        service=team // size.teams_per_service,
        caseload=caseload / caseload.sum(),
        change=rng.normal(0.0, size.sd_therapist_change, n),
        dropout=rng.normal(0.0, size.sd_therapist_dropout, n),
        absence=rng.normal(0.0, size.sd_therapist_absence, n),
        service_baseline=rng.normal(0.0, size.sd_service_baseline, size.services),
    )


def draw_people(
    n: int, population: Population, staff: Staff, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw people whose characteristics depend on one another the way they do in life.

    Deprivation raises unemployment, long-term sickness and long-term conditions; age raises partnership (to 40), widowhood
    and retirement; ethnicity goes with deprivation; medication with unemployment and sickness; living arrangement
    follows from relationship; education from deprivation.

    Returns
    -------
    DataFrame
        One row a person with the words of the vocabulary, complete; `therapist` is a position in `staff`.
    """
    age = _cut_normal(n, population, rng)
    therapist = rng.choice(len(staff.caseload), size=n, p=staff.caseload)
    # a service's area is more or less deprived as a whole
    area_deprivation = rng.normal(0.0, 0.5, int(staff.service.max()) + 1)[staff.service[therapist]]
    deprivation = rng.normal(0.0, 1.0, n) + area_deprivation
    decile = np.clip(np.floor(10 * _normal_cdf(-deprivation / np.sqrt(1.25))) + 1, 1, 10)
    people = pd.DataFrame(
        {"age": age, "therapist": therapist, "deprivation_decile": decile.astype(int)}
    )
    people["gender"] = _gender(n, population, rng)
    people["ethnicity"] = _ethnicity(deprivation, population, rng)
    people["relationship_status"] = _relationship(age, population, rng)
    people["employment"] = _employment(age, deprivation, people["gender"], population, rng)
    people["living_arrangement"] = _living(people["relationship_status"], age, rng)
    out_of_work = people["employment"].isin(["unemployed", "long_term_sick_or_disabled"]).to_numpy()
    sick = (people["employment"] == "long_term_sick_or_disabled").to_numpy()
    people["benefits"] = _yes(_logistic(-2.5 + 3.3 * out_of_work + 0.5 * deprivation), rng)
    people["education"] = _ordered(
        ("none", "school", "further", "degree"), (-2.2, -0.3, 0.6), -0.6 * deprivation, rng
    )
    people["long_term_condition"] = _yes(
        _logistic(-1.6 + 0.03 * (age - 40) + 2.0 * sick + 0.3 * deprivation), rng
    )
    people["medication"] = _yes(_logistic(_logit(population.medication) + 0.9 * out_of_work), rng)
    people["prior_treatment"] = _yes(np.full(n, population.prior_treatment), rng)
    return people


def choose(shares: Shares, size: int, rng: np.random.Generator) -> npt.NDArray[np.object_]:
    """Words drawn by their shares."""
    words, weights = zip(*shares, strict=True)
    probability = np.asarray(weights) / np.sum(weights)
    return np.asarray(words, dtype=object)[rng.choice(len(words), size=size, p=probability)]


def stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Parts under one another; empty ones add their columns only where all are empty."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]


def with_gaps(
    people: pd.DataFrame, share: float, rng: np.random.Generator, keep: tuple[str, ...]
) -> pd.DataFrame:
    """Copy in which cells of every column but `keep` are emptied at random: what the service recorded."""
    recorded = people.copy()
    for name in people.columns.difference(list(keep), sort=False):
        empty = rng.random(len(people)) < share
        recorded[name] = recorded[name].astype("object").mask(empty)
    return recorded


def _cut_normal(n: int, population: Population, rng: np.random.Generator) -> FloatArray:
    age = rng.normal(population.mean_age, population.sd_age, n)
    while (outside := (age < population.youngest) | (age >= population.oldest)).any():
        age[outside] = rng.normal(population.mean_age, population.sd_age, int(outside.sum()))
    return np.floor(age)


def _gender(n: int, population: Population, rng: np.random.Generator) -> npt.NDArray[np.object_]:
    other = population.other_gender
    shares = (
        ("female", population.female),
        ("male", 1 - population.female - other),
        ("other_gender", other),
    )
    return choose(shares, n, rng)


def _ethnicity(
    deprivation: FloatArray, population: Population, rng: np.random.Generator
) -> npt.NDArray[np.object_]:
    words = [word for word, _ in population.ethnicity]
    scores = np.log([share for _, share in population.ethnicity])
    slope = np.where(np.asarray(words) == "white", 0.0, 0.4)
    return _most_likely(words, scores + np.outer(deprivation, slope), rng)


def _relationship(
    age: FloatArray, population: Population, rng: np.random.Generator
) -> npt.NDArray[np.object_]:
    young = np.minimum(age - 40, 0.0)
    partner = _logit(population.partner_at_40) + 0.09 * young
    separated = -1.3 + 0.06 * young + 0.01 * np.maximum(age - 40, 0.0)
    widowed = -7.0 + 0.08 * age
    words = ["with_partner", "single", "separated_or_divorced", "widowed"]
    return _most_likely(words, np.column_stack([partner, 0 * age, separated, widowed]), rng)


def _employment(
    age: FloatArray,
    deprivation: FloatArray,
    gender: pd.Series,
    population: Population,
    rng: np.random.Generator,
) -> npt.NDArray[np.object_]:
    never = -30.0
    woman = (gender == "female").to_numpy()
    base = 1 - population.unemployed - population.long_term_sick - 0.1
    scores = {
        "employed": np.full(len(age), np.log(base)),
        "unemployed": np.log(population.unemployed) + 0.5 * deprivation,
        "long_term_sick_or_disabled": np.log(population.long_term_sick)
        + 0.5 * deprivation
        + 0.02 * (age - 40),
        "student": np.log(0.05) - 0.14 * (age - 24),
        "homemaker_or_carer": np.log(0.04) + 0.9 * woman,
        "retired": np.where(age >= 60, 0.4 * (age - 66), never),
        "other_employment": np.full(len(age), np.log(0.01)),
    }
    scores["employed"] = np.where(age >= 68, -3.0, scores["employed"])
    return _most_likely(list(scores), np.column_stack(list(scores.values())), rng)


def _living(
    relationship: pd.Series, age: FloatArray, rng: np.random.Generator
) -> npt.NDArray[np.object_]:
    partner = (relationship == "with_partner").to_numpy()
    words = ["with_partner", "alone", "with_family", "with_others"]
    scores = np.column_stack(
        [
            np.where(partner, 3.0, -5.0),
            np.where(partner, -2.0, 0.5),
            -0.05 * (age - 30),
            np.full(len(age), -0.8),
        ]
    )
    return _most_likely(words, scores, rng)


def _most_likely(
    words: list[str], scores: FloatArray, rng: np.random.Generator
) -> npt.NDArray[np.object_]:
    """Words drawn with probabilities proportional to the exponentials of `scores` (Gumbel's trick)."""
    picked = np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)
    return np.asarray(words, dtype=object)[picked]


def _ordered(
    words: tuple[str, ...],
    thresholds: tuple[float, ...],
    shift: FloatArray,
    rng: np.random.Generator,
) -> npt.NDArray[np.object_]:
    """Ordered words: a logistic variable cut at the thresholds."""
    position = np.searchsorted(thresholds, shift + rng.logistic(size=len(shift)))
    return np.asarray(words, dtype=object)[position]


def _yes(probability: FloatArray, rng: np.random.Generator) -> npt.NDArray[np.object_]:
    return np.where(rng.random(len(probability)) < probability, "yes", "no").astype(object)


def _logistic(x: npt.ArrayLike) -> FloatArray:
    return 1 / (1 + np.exp(-np.asarray(x, dtype=np.float64)))


def _logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def _normal_cdf(x: FloatArray) -> FloatArray:
    from scipy.special import ndtr

    return np.asarray(ndtr(x))
