"""Which completed form of an episode is the first, and which is the last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.settings.config import FormWindows
from naturalistic.vocabulary import OCCASIONS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_BEFORE = ("assessment", "pre")
NOT_RECORDED = -1
_CODE = {word: code for code, word in enumerate(OCCASIONS)}


@dataclass(frozen=True, slots=True)
class Courses:
    """When each episode began and ended; days are counted from any origin, NaN where not known.

    Attributes
    ----------
    first_day, last_day : ndarray, shape (n_episodes,)
        First and last attended session.
    end_day : ndarray, shape (n_episodes,)
        Day the episode ended, or the data cut.
    ended : ndarray of bool, shape (n_episodes,)
        Not open at the data cut.
    """

    first_day: FloatArray
    last_day: FloatArray
    end_day: FloatArray
    ended: BoolArray

    @classmethod
    def of(cls, episodes: pd.DataFrame) -> Courses:
        """From rows of the table ``episodes``."""
        first, last, end = (
            as_days(episodes[name])
            for name in ("first_session_date", "last_session_date", "end_date")
        )
        return cls(first, last, end, (episodes["ending"] != "open").to_numpy())


@dataclass(frozen=True, slots=True)
class Forms:
    """Scores of one scale, one element a form.

    Attributes
    ----------
    episode : ndarray of int, shape (n_forms,)
        Position of the form's episode in `Courses`.
    day, session_number, score : ndarray, shape (n_forms,)
        NaN where not recorded, or not scorable.
    occasion : ndarray of int, shape (n_forms,)
        Position in `vocabulary.OCCASIONS`, or `NOT_RECORDED`.
    n_missing, form_id : ndarray of int, shape (n_forms,)
        Items left empty; identity of the form.
    """

    episode: IntArray
    day: FloatArray
    session_number: FloatArray
    score: FloatArray
    occasion: IntArray
    n_missing: IntArray
    form_id: IntArray

    @property
    def usable(self) -> BoolArray:
        """Scorable."""
        return ~np.isnan(self.score)

    def is_occasion(self, *words: str) -> BoolArray:
        """Completed on one of these occasions."""
        return np.isin(self.occasion, [_CODE[word] for word in words])


@dataclass(frozen=True, slots=True)
class Choice:
    """The form chosen for each episode.

    Attributes
    ----------
    form : ndarray of int, shape (n_episodes,)
        Position in `Forms`, or -1 where there is none.
    unusable : ndarray of bool, shape (n_episodes,)
        A form lies where it should, but cannot be scored.
    """

    form: IntArray
    unusable: BoolArray


def as_days(dates: pd.Series) -> FloatArray:
    """Days since 1970 as floats, NaN where there is no date."""
    values = dates.to_numpy(dtype="datetime64[D]")
    return np.where(np.isnat(values), np.nan, values.astype(np.int64).astype(np.float64))


def choose_first(forms: Forms, courses: Courses, windows: FormWindows) -> Choice:
    """The first form of each episode: inside the window around the first session, nearest to it.

    A dated form counts by its date alone. One without a date counts as inside when it was completed before therapy or
    at assessment, or belongs to session 0 or 1; a dated form goes before it. Equally near: the earlier. Forms of the
    end or after therapy are never first.
    """
    low, high = windows.first_days
    after_start = forms.day - courses.first_day[forms.episode]
    dated = ~np.isnan(forms.day)
    inside = (after_start >= low) & (after_start <= high) & ~forms.is_occasion("end", "follow_up")
    # ASSUME A38: a form without a date is taken for a first form if its occasion or session number says so.
    beginning = (forms.session_number <= 1) & ~forms.is_occasion("end", "follow_up")
    undated = ~dated & (forms.is_occasion(*_BEFORE) | beginning)
    # undated: before therapy, then at assessment, then the first session
    standing_in = np.select(
        [forms.is_occasion("pre"), forms.is_occasion("assessment")], [0.0, 1.0], 2.0
    )
    nearness = np.where(dated, np.abs(after_start), standing_in)
    order = (~dated, nearness, np.where(dated, after_start, 0.0), _nan_last(forms.session_number))
    return _best(forms, inside | undated, len(courses.first_day), order)


def choose_last(forms: Forms, courses: Courses, windows: FormWindows, first: Choice) -> Choice:
    """The last form of each episode by the rule of the settings, later than its first form.

    ``last_available``: the last form completed after the day of the first attended session (or at the end, or with a
    session number of 2 or more). ``end_form``: the form of the end; where none is marked so and the episode has ended,
    the form nearest to the last attended session inside the window mirrored from that of the first form.
    """
    later = _later_forms(forms, courses, first)
    after_therapy = _after_therapy(forms, courses, windows)
    # ASSUME A39: a form completed after therapy is not a last form, unless the instrument was never completed later
    # than the start in any other way in this cohort. Decided for the whole cohort, so that all last forms are alike.
    if (later & ~after_therapy).any():
        later = later & ~after_therapy
    if windows.last == "last_available":
        return _best(forms, later, len(courses.first_day), _latest(forms))
    marked = later & forms.is_occasion("end")
    at_the_end = _around_the_end(forms, courses, windows)
    unmarked = later & ~after_therapy & ~np.isnan(at_the_end)
    order = (~marked, np.where(marked, 0.0, np.abs(at_the_end)), *_latest(forms))
    return _best(forms, marked | unmarked, len(courses.first_day), order)


def _later_forms(forms: Forms, courses: Courses, first: Choice) -> BoolArray:
    """After at least one attended session, and after the first form."""
    start = courses.first_day[forms.episode]
    is_end = forms.is_occasion("end")
    treated = (forms.day > start) | (forms.session_number >= 2)
    treated |= is_end & ~(forms.day < start)
    treated |= forms.is_occasion("follow_up")
    position = first.form[forms.episode]
    has_first = position >= 0
    first_day = np.where(has_first, forms.day[position], np.nan)
    not_before = ~(forms.day < first_day) & (is_end | ~(forms.day == first_day))
    itself = has_first & (position == np.arange(len(position)))
    return treated & not_before & ~itself & ~forms.is_occasion(*_BEFORE)


def _after_therapy(forms: Forms, courses: Courses, windows: FormWindows) -> BoolArray:
    # ASSUME A40: a dated form that is not marked as that of the end, and was completed after an ending by more than the
    # days before therapy that the first window allows, belongs to the time after therapy.
    beyond = forms.day > courses.end_day[forms.episode] - windows.first_days[0]
    unmarked = ~forms.is_occasion("end") & courses.ended[forms.episode]
    return forms.is_occasion("follow_up") | (beyond & unmarked)


def _around_the_end(forms: Forms, courses: Courses, windows: FormWindows) -> FloatArray:
    """Days from the last session, NaN outside the mirrored window or while therapy goes on."""
    last = np.where(np.isnan(courses.last_day), courses.end_day, courses.last_day)
    distance = forms.day - last[forms.episode]
    low, high = -windows.first_days[1], -windows.first_days[0]
    inside = (distance >= low) & (distance <= high) & courses.ended[forms.episode]
    return np.where(inside, distance, np.nan)


def _latest(forms: Forms) -> tuple[npt.NDArray[np.generic], ...]:
    """Sort keys that put the latest form first; an undated form of the end or after it is later than any dated."""
    dated = ~np.isnan(forms.day)
    closing = ~dated & forms.is_occasion("end", "follow_up")
    rank = np.select([closing, dated], [0, 1], 2)
    at_end = forms.is_occasion("end")
    number = np.where(np.isnan(forms.session_number), -1.0, forms.session_number)
    return rank, np.where(dated, -forms.day, 0.0), ~at_end, -number


def _nan_last(values: FloatArray) -> FloatArray:
    return np.where(np.isnan(values), np.inf, values)


def _best(
    forms: Forms,
    eligible: BoolArray,
    n_episodes: int,
    order: tuple[npt.NDArray[np.generic], ...],
) -> Choice:
    """First usable eligible form of each episode in `order`; then fewer items missing, then the score itself."""
    rows = np.flatnonzero(eligible & forms.usable)
    # the form's identity decides only between forms that are alike in everything else, score included
    ties = (forms.n_missing, forms.score, forms.form_id)
    keys = [key[rows] for key in (forms.episode, *order, *ties)]
    rows = rows[np.lexsort(keys[::-1])]
    episode, position = np.unique(forms.episode[rows], return_index=True)
    chosen = np.full(n_episodes, -1, dtype=np.int64)
    chosen[episode] = rows[position]
    unusable = np.zeros(n_episodes, dtype=bool)
    unusable[forms.episode[eligible & ~forms.usable]] = True
    return Choice(chosen, unusable)
