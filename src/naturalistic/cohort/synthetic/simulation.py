"""One cohort from a model and a seed: the steps in order, and what of it was recorded by the data cut."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.synthetic.answers import (
    core_om_items,
    core_om_total,
    observed_points,
    phq_9_and_gad_7,
)
from naturalistic.cohort.synthetic.census import people_at_the_census
from naturalistic.cohort.synthetic.closing import NEVER, assessment_contacts, close_courses
from naturalistic.cohort.synthetic.contacts import draw_contacts
from naturalistic.cohort.synthetic.courses import draw_baseline, draw_courses, true_score
from naturalistic.cohort.synthetic.forms import draw_forms
from naturalistic.cohort.synthetic.model import CohortModel
from naturalistic.cohort.synthetic.people import (
    Staff,
    choose,
    draw_people,
    draw_staff,
    stacked,
    with_gaps,
)
from naturalistic.cohort.synthetic.ratings import draw_ratings

IntArray = npt.NDArray[np.int64]

_RELAPSE = 0.6
"""Share of an improvement that is lost when somebody is referred again."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """Everything that was drawn, and the day up to which it is seen.

    Attributes
    ----------
    model : CohortModel
        Parameters.
    staff : Staff
        Therapists and their true effects.
    people, recorded_people : DataFrame
        One row a person: true characteristics, and those the service recorded.
    courses : DataFrame
        One row a referral up to its true end.
    contacts : DataFrame
        Contacts up to the data cut, with ``contact_type`` and ``mode``.
    forms : DataFrame
        Completed forms up to the data cut, with ``points`` (the true score of that week).
    answers : DataFrame
        One row a form: items, total or totals, named as in the extract.
    ratings : DataFrame
        Therapists' ratings.
    data_cut : int
        Last day seen, counted from 1970.
    """

    model: CohortModel
    staff: Staff
    people: pd.DataFrame
    recorded_people: pd.DataFrame
    courses: pd.DataFrame
    contacts: pd.DataFrame
    forms: pd.DataFrame
    answers: pd.DataFrame
    ratings: pd.DataFrame
    data_cut: int


def simulate(model: CohortModel, seed: int) -> Simulation:
    """Draw a cohort. Every step has a stream of random numbers of its own, named after it."""
    streams = _Streams(seed)
    cut = day_number(model.pathway.data_cut)
    staff = draw_staff(model.organisation, streams.of("staff"))
    people = draw_people(model.n_people, model.population, staff, streams.of("people"))
    courses, contacts = _all_courses(model, people, staff, streams)
    courses["format"] = choose(model.formats, len(courses), streams.of("formats"))
    forms = draw_forms(model, people, courses, contacts, streams.of("forms"))
    therapist = people["therapist"].to_numpy()[courses["person"].to_numpy()]
    before = assessment_contacts(courses, therapist, streams.of("assessments"))
    contacts = stacked(
        [before.assign(contact_type="assessment"), contacts.assign(contact_type="treatment")]
    )
    contacts = contacts[contacts["day"] <= cut]
    contacts = contacts.sort_values(["course", "day"], kind="stable", ignore_index=True)
    contacts["mode"] = _mode(contacts["day"].to_numpy(), streams.of("modes"))
    forms = forms[forms["day"] <= cut].sort_values(
        ["course", "day", "occasion"], kind="stable", ignore_index=True
    )
    forms["points"] = observed_points(forms["true_score"].to_numpy(), model, streams.of("weeks"))
    courses = courses.assign(attended_by_cut=_attended(contacts, len(courses)))
    made = Simulation(
        model=model,
        staff=staff,
        people=people,
        recorded_people=with_gaps(
            people,
            model.population.not_recorded,
            streams.of("gaps"),
            keep=("age", "gender", "therapist"),
        ),
        courses=courses,
        contacts=contacts,
        forms=forms,
        answers=_answers(model, courses, forms, streams.of("answers")),
        ratings=draw_ratings(model, courses, cut, streams.of("ratings")),
        data_cut=cut,
    )
    if model.census is None:
        return made
    return only(
        made, people_at_the_census(model.census, courses, contacts, cut, streams.of("census"))
    )


def only(made: Simulation, people: npt.NDArray[np.bool_]) -> Simulation:
    """The cohort of some of its people, numbered anew.

    Parameters
    ----------
    made : Simulation
        All of them.
    people : ndarray of bool, shape (n_people,)
        Who is kept.
    """
    courses_kept = people[made.courses["person"].to_numpy()]
    form_kept = courses_kept[made.forms["course"].to_numpy()]
    new_person, new_course = (np.cumsum(kept) - 1 for kept in (people, courses_kept))

    def of_courses(frame: pd.DataFrame) -> pd.DataFrame:
        part = frame[courses_kept[frame["course"].to_numpy(dtype=np.int64)]].reset_index(drop=True)
        return part.assign(course=new_course[part["course"].to_numpy(dtype=np.int64)])

    courses = made.courses[courses_kept].reset_index(drop=True)
    return replace(
        made,
        people=made.people[people].reset_index(drop=True),
        recorded_people=made.recorded_people[people].reset_index(drop=True),
        courses=courses.assign(person=new_person[courses["person"].to_numpy()]),
        contacts=of_courses(made.contacts),
        forms=of_courses(made.forms),
        answers=made.answers[form_kept].reset_index(drop=True),
        ratings=of_courses(made.ratings),
    )


def day_number(day: object) -> int:
    """Days since 1970."""
    return int(np.datetime64(day, "D").astype(np.int64))  # type: ignore[call-overload]  # a date


class _Streams:
    def __init__(self, seed: int) -> None:
        self._seed = seed

    def of(self, step: str) -> np.random.Generator:
        """The stream of one step: adding a step elsewhere does not change its draws."""
        return np.random.default_rng([self._seed, zlib.crc32(step.encode())])


def _all_courses(
    model: CohortModel, people: pd.DataFrame, staff: Staff, streams: _Streams
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """First referrals of everybody, then second ones of some."""
    way = model.pathway
    rng = streams.of("referrals")
    first_day, last_day = day_number(way.first_referral), day_number(way.last_referral)
    received = rng.integers(first_day, last_day + 1, len(people))
    score = draw_baseline(people, model.baseline, staff, streams.of("baseline"))
    everybody = np.arange(len(people))
    first, contacts = _batch(model, people, staff, everybody, received, score, streams, "first")
    again_on = (
        first["closed"].to_numpy() + 60 + rng.exponential(400.0, len(people)).astype(np.int64)
    )
    again = (first["closed"] > NEVER).to_numpy() & (again_on <= last_day)
    again &= (first["cause"] != "died").to_numpy() & (rng.random(len(people)) < way.referred_again)
    someone = np.flatnonzero(again)
    started = (first["stage"] == "started").to_numpy()[someone]
    sessions = np.where(started, first["sessions"].to_numpy()[someone], 0)
    ended_at = true_score(first.iloc[someone], sessions, model.change.sessions_scale)
    begins = ended_at + _RELAPSE * (score[someone] - ended_at)
    second, more = _batch(
        model, people, staff, someone, again_on[someone], begins, streams, "second"
    )
    more["course"] += len(first)
    return stacked([first, second]), stacked([contacts, more])


def _batch(
    model: CohortModel,
    people: pd.DataFrame,
    staff: Staff,
    person: IntArray,
    received: IntArray,
    score: npt.NDArray[np.float64],
    streams: _Streams,
    name: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    courses = draw_courses(
        model, people, staff, person, received, score, streams.of(f"{name} courses")
    )
    contacts = draw_contacts(model, people, staff, courses, streams.of(f"{name} contacts"))
    courses = close_courses(courses, contacts, model.endings, streams.of(f"{name} closing"))
    return courses, contacts


def _attended(contacts: pd.DataFrame, n: int) -> IntArray:
    seen = contacts[contacts["seen"] & (contacts["contact_type"] == "treatment")]
    return np.bincount(seen["course"], minlength=n)


def _mode(day: IntArray, rng: np.random.Generator) -> pd.Categorical[Any]:
    """Face to face until March 2020, by video or telephone for fifteen months, and then for three in ten."""
    remote_from, mixed_from = day_number("2020-03-23"), day_number("2021-06-21")
    luck = rng.random(len(day))
    remote = (day >= remote_from) & ((day < mixed_from) | (luck < 0.3))
    code = np.where(remote, np.where(luck < 0.24, 1, 2), 0)
    modes = pd.CategoricalDtype(["Face to face", "Telephone", "Video"])
    return pd.Categorical.from_codes(code.astype(np.int8), dtype=modes)


def _answers(
    model: CohortModel, courses: pd.DataFrame, forms: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    points = forms["points"].to_numpy()
    person = courses["person"].to_numpy()[forms["course"].to_numpy()]
    if model.forms.measure == "core_om_items":
        items = core_om_items(points, person, model.n_people, model.forms, rng)
        return pd.DataFrame(items, columns=range(1, items.shape[1] + 1))
    if model.forms.measure == "core_om_total":
        return pd.DataFrame({"core_om": core_om_total(points, rng)})
    return phq_9_and_gad_7(points, person, model.n_people, rng)
