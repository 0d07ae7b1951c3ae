"""Making a cohort have given numbers of people in therapy and waiting on the day its data end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.synthetic.closing import NEVER
from naturalistic.cohort.synthetic.model_referral import Census

BoolArray = npt.NDArray[np.bool_]
LOST_CONTACT_DAYS = 56
"""Who has had no contact for so long is not counted as in therapy (the definition of the settings as shipped)."""


def people_at_the_census(
    census: Census,
    courses: pd.DataFrame,
    contacts: pd.DataFrame,
    day: int,
    rng: np.random.Generator,
) -> BoolArray:
    """Who stays in the cohort, so that it has the numbers of the census.

    More people are drawn than are wanted. Of those in therapy (by format) and of those waiting as many as wanted are kept,
    at random; everybody else is kept with the probability of those in therapy, so that the past of the service fits its
    caseload.

    Parameters
    ----------
    census : Census
        Numbers wanted.
    courses, contacts : DataFrame
        As drawn, one course a person; contacts up to `day`.
    day : int
        Day of the census, counted from 1970.
    rng : Generator
        Source of randomness.

    Returns
    -------
    ndarray of bool, shape (n_people,)

    Raises
    ------
    ValueError
        Somebody has more than one course, or fewer people were drawn than the census wants.
    """
    person = courses["person"].to_numpy()
    if len(np.unique(person)) < len(person):
        raise ValueError("a census needs a model in which nobody is referred again")
    in_therapy, waiting = people_in_therapy_and_waiting(courses, contacts, day)
    formats = courses["format"].to_numpy()
    kept, wanted, there = np.zeros(len(courses), dtype=bool), 0, 0
    for name, number in (*census.in_therapy, ("", census.waiting)):
        pool = np.flatnonzero(in_therapy & (formats == name) if name else waiting)
        if len(pool) < number:
            raise ValueError(f"{len(pool)} people drawn, {number} wanted: raise n_people")
        kept[rng.permutation(pool)[:number]] = True
        wanted, there = wanted + bool(name) * number, there + bool(name) * len(pool)
    others = ~in_therapy & ~waiting
    kept |= others & (rng.random(len(courses)) < wanted / max(there, 1))
    people = np.zeros(int(person.max(initial=-1)) + 1, dtype=bool)
    people[person[kept]] = True
    return people


def people_in_therapy_and_waiting(
    courses: pd.DataFrame, contacts: pd.DataFrame, day: int
) -> tuple[BoolArray, BoolArray]:
    """In therapy, and waiting for it, on the day."""
    last = np.full(len(courses), NEVER)
    np.maximum.at(last, contacts["course"].to_numpy(), contacts["day"].to_numpy())
    closed = courses["closed"].to_numpy()
    open_still = (closed == NEVER) | (closed > day)
    begun = (courses["attended_by_cut"] > 0).to_numpy()
    received = (courses["received"] <= day).to_numpy()
    in_therapy = begun & open_still & (last + LOST_CONTACT_DAYS > day)
    return in_therapy, received & ~begun & open_still
