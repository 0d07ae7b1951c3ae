"""First and last scores of every course of therapy that started, and what became of the person by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.change_criteria import (
    Limits,
    Person,
    clinical_limits,
    reliable_change_threshold,
)
from naturalistic.cohort.form_selection import (
    Choice,
    Courses,
    Forms,
    as_days,
    choose_first,
    choose_last,
)
from naturalistic.reference.models import Instrument
from naturalistic.settings.config import AnalysisSettings
from naturalistic.stats.reliable_change import ChangeCategory, classify_change, in_clinical_range
from naturalistic.tables.derived import OUTCOMES
from naturalistic.vocabulary import CHANGE_CATEGORIES, OCCASIONS, WHY_NOT_PAIRED

_WORD_OF_CATEGORY = np.array([category.name.lower() for category in ChangeCategory], dtype=object)


def derive_outcomes(
    scores: pd.DataFrame,
    episodes: pd.DataFrame,
    instruments: Mapping[str, Instrument],
    settings: AnalysisSettings,
    patients: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row an episode that started and a scale used in the cohort, whether or not a form was completed.

    Which form is the first and which the last: `form_selection.choose_first`, `form_selection.choose_last`. The change
    category needs both, a threshold of reliable change, and the person's cut-off where the scale has one; a scale
    without any cut-off knows only improved, unchanged and deteriorated.

    Parameters
    ----------
    scores, episodes : DataFrame
        Derived tables.
    instruments : mapping of str to Instrument
        Reference facts of every instrument in `scores`.
    settings : AnalysisSettings
        ``form_windows`` and ``reliable_change``.
    patients : DataFrame or None
        Sex and age, for cut-offs published by sex or age. Without it those are not known for anybody, and what depends
        on them is missing.

    Returns
    -------
    DataFrame
        Table ``outcomes``, sorted by episode, instrument and scale.

    Raises
    ------
    ValueError
        A score belongs to no episode.
    """
    started = episodes[episodes["started"] == "yes"].sort_values("referral_id", ignore_index=True)
    if strangers := int((~scores["referral_id"].isin(episodes["referral_id"])).sum()):
        raise ValueError(f"scores: {strangers} rows belong to no episode")
    courses = Courses.of(started)
    people = Person.of(started["patient_id"], patients)
    counted = (started["counts"] == "yes").to_numpy()
    position = pd.Index(started["referral_id"]).get_indexer(scores["referral_id"])
    parts = []
    for scale_key, rows in _rows_of_scales(scores).items():
        instrument = instruments[scale_key[0]]
        scale = instrument.scale(scale_key[1])
        chosen = rows[position[rows] >= 0]  # forms of people who never started belong to no course
        forms = _forms(scores.iloc[chosen], position[chosen])
        part = _Pairs(forms, courses, settings).table()
        part = part.assign(instrument=instrument.key, scale=scale.key)
        part[["referral_id", "patient_id"]] = started[["referral_id", "patient_id"]]
        limits = clinical_limits(scale, settings.reliable_change, people)
        # one referral a person where the settings say so: nobody's start counts twice in the sample's SD
        threshold = reliable_change_threshold(
            scale, settings.reliable_change, part["first_score"].to_numpy()[counted]
        )
        part["case_at_start"] = _case(part, limits, instrument)
        part["change_category"] = _categories(part, limits, threshold, instrument, settings)
        parts.append(part)
    if not parts:
        return OUTCOMES.empty()
    table = pd.concat(parts, ignore_index=True)
    table = table.sort_values(["referral_id", "instrument", "scale"], kind="stable")
    return OUTCOMES.conform(table)


def _rows_of_scales(scores: pd.DataFrame) -> dict[tuple[str, str], npt.NDArray[np.intp]]:
    """Positions of the scores of each instrument and scale that the cohort uses."""
    if scores.empty:
        return {}
    instrument, scale = (scores[name].astype("category") for name in ("instrument", "scale"))
    n_scales = len(scale.cat.categories)
    code = instrument.cat.codes.to_numpy(dtype=np.int64) * n_scales + scale.cat.codes.to_numpy()
    order = np.argsort(code, kind="stable")
    found, start = np.unique(code[order], return_index=True)
    return {
        (instrument.cat.categories[c // n_scales], scale.cat.categories[c % n_scales]): rows
        for c, rows in zip(found, np.split(order, start[1:]), strict=True)
    }


def _forms(scores: pd.DataFrame, position: npt.NDArray[np.intp]) -> Forms:
    occasion = pd.Categorical(scores["occasion"], categories=list(OCCASIONS))
    return Forms(
        episode=position.astype(np.int64),
        day=as_days(scores["date"]),
        session_number=scores["session_number"].to_numpy(dtype=np.float64, na_value=np.nan),
        score=scores["score"].to_numpy(dtype=np.float64, na_value=np.nan),
        occasion=np.asarray(occasion.codes, dtype=np.int64),
        n_missing=scores["n_items_missing"].fillna(0).to_numpy(dtype=np.int64),
        form_id=scores["form_id"].to_numpy(dtype=np.int64),
    )


class _Pairs:
    """First and last form of each episode on one scale."""

    def __init__(self, forms: Forms, courses: Courses, settings: AnalysisSettings) -> None:
        self.forms = forms
        self.n = len(courses.first_day)
        self.first = choose_first(forms, courses, settings.form_windows)
        self.last = choose_last(forms, courses, settings.form_windows, self.first)

    def table(self) -> pd.DataFrame:
        """Scores, dates and the reason where there is no pair."""
        usable = self.forms.episode[self.forms.usable]
        return pd.DataFrame(
            {
                "first_score": self._score(self.first),
                "last_score": self._score(self.last),
                "first_date": self._date(self.first),
                "last_date": self._date(self.last),
                "n_scores": np.bincount(usable, minlength=self.n),
                "pairing": self._pairing(),
            }
        )

    def _score(self, choice: Choice) -> npt.NDArray[np.float64]:
        return _taken(self.forms.score, choice.form)

    def _date(self, choice: Choice) -> npt.NDArray[np.datetime64]:
        day = _taken(self.forms.day, choice.form)
        whole = np.where(np.isnan(day), 0, day).astype(np.int64).astype("datetime64[D]")
        return np.where(np.isnan(day), np.datetime64("NaT"), whole).astype("datetime64[ms]")

    def _pairing(self) -> pd.Categorical[Any]:
        """The first thing that stands in the way of a pair."""
        any_form = np.bincount(self.forms.episode, minlength=self.n) > 0
        no_first, no_last = self.first.form < 0, self.last.form < 0
        unscorable = np.where(no_first, self.first.unusable, no_last & self.last.unusable)
        words = np.select(
            [~any_form, unscorable, no_first, no_last],
            ["no_form", "forms_not_scorable", "no_first_form", "no_last_form"],
            "paired",
        )
        return pd.Categorical(words, categories=list(WHY_NOT_PAIRED))


def _taken(
    values: npt.NDArray[np.float64], position: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    out = np.full(len(position), np.nan)
    found = position >= 0
    out[found] = values[position[found]]
    return out


def _case(part: pd.DataFrame, limits: Limits, instrument: Instrument) -> pd.Categorical[Any]:
    first = part["first_score"].to_numpy()
    known = ~np.isnan(first) & ~np.isnan(limits.value)
    clinical = np.zeros(len(first), dtype=bool)
    clinical[known] = in_clinical_range(
        first[known],
        limits.value[known],
        better_is=instrument.better_is,
        cutoff_is_clinical=limits.equal_is_clinical,
    )
    words = pd.Series(np.where(clinical, "yes", "no")).where(known)
    return pd.Categorical(words, categories=["yes", "no"])


def _categories(
    part: pd.DataFrame,
    limits: Limits,
    threshold: float | None,
    instrument: Instrument,
    settings: AnalysisSettings,
) -> pd.Categorical[Any]:
    paired = (part["pairing"] == "paired").to_numpy()
    known = paired & (~np.isnan(limits.value) | (not limits.exists))
    words = np.full(len(part), None, dtype=object)
    if threshold is not None and known.any():
        change = classify_change(
            part["first_score"].to_numpy()[known],
            part["last_score"].to_numpy()[known],
            threshold,
            limits.value[known] if limits.exists else None,
            better_is=instrument.better_is,
            strict=settings.reliable_change.inequality == "more_than",
            cutoff_is_clinical=limits.equal_is_clinical,
        )
        words[known] = _WORD_OF_CATEGORY[change.category]
    return pd.Categorical(words, categories=list(CHANGE_CATEGORIES))
