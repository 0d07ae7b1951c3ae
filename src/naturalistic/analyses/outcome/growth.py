"""All forms: the course of the score over sessions or months, and who improves faster."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.model_rows import covariance_frame
from naturalistic.analyses.outcome.all_forms import (
    FORMS_FOR_A_SLOPE,
    Forms,
    select_forms,
    typical_end,
)
from naturalistic.analyses.outcome.fitting import Fitted, Rows, fit_rows
from naturalistic.analyses.outcome.model_tables import (
    add_cluster_robust,
    add_joint_tests,
    add_model,
    add_population_averaged,
    add_variances,
)
from naturalistic.analyses.outcome.people import FloatArray, OutcomePeople
from naturalistic.analyses.outcome.pre_post import ADJUSTED, ALONE, concerns, crossed_with_time
from naturalistic.analyses.outcome.times import TimeForm, time_forms
from naturalistic.analyses.predictors import design_matrix
from naturalistic.stats.lmm.contrasts import linear_combination

MODEL, LINEAR = "growth", "growth_linear"
# crossed models took three minutes of one processor at 100,000 people, in proportion to people; beyond this a quarter of
# an hour and more
MOST_CROSSED = 300_000


@dataclass(frozen=True, eq=False)
class Growth:
    """The chosen growth model."""

    forms: Forms
    form: TimeForm
    fitted: Fitted
    covariances: list[pd.DataFrame] = field(default_factory=list)

    def columns(self, time: FloatArray) -> dict[str, FloatArray]:
        """Columns of time of a design, by name."""
        values = self.form.columns(time)
        return {name: values[:, i] for i, name in enumerate(time_names(self.form))}


def time_names(form: TimeForm) -> list[str]:
    """Names of the columns of a form of time."""
    count = form.columns(np.array([1.0, 2.0])).shape[1]
    return ["time", *(f"time_{i + 2}" for i in range(count - 1))]


def add_growth(
    rows: EstimateRows,
    data: AnalysisInput,
    people: OutcomePeople,
    analysis: str,
) -> Growth | None:
    """Choose the form of time by BIC, fit the adjusted model on it, each predictor alone, and the twins."""
    forms = select_forms(data, people)
    n = len(np.unique(forms.person))
    if n > MOST_CROSSED and forms.therapists is not None:
        forms = _each_to_the_main_therapist(rows, forms, n)
    if forms.median < FORMS_FOR_A_SLOPE:
        note = (
            f"a patient slope needs at least {FORMS_FOR_A_SLOPE} forms (median); "
            f"here the median is {forms.median:g}"
        )
        _not_given(rows, ADJUSTED, "not_run", n, note)
        return None
    form, time_alone = _choose(rows, people, forms)
    if form is None:
        _not_given(rows, ADJUSTED, "not_estimable", n, "no form of time could be fitted")
        return None
    growth = _adjusted(rows, data, people, forms, form, time_alone, MODEL, analysis)
    if form.name != "linear":
        linear = time_forms(forms.clock, forms.time)[0][0]
        growth.covariances.extend(
            _adjusted(rows, data, people, forms, linear, time_alone, LINEAR, analysis).covariances
        )
    _main_therapists(rows, people, growth)
    _alone(rows, people, growth)
    _in_points(rows, people, growth)
    add_population_averaged(rows, growth.fitted, people, model=MODEL)
    add_cluster_robust(rows, growth.fitted, people, model=MODEL)
    return growth


def _not_given(
    rows: EstimateRows, specification: str, status: str, n_patients: int, note: str
) -> None:
    """The row that stands where a growth model would."""
    rows.add(
        "coefficient",
        model=MODEL,
        specification=specification,
        term="time",
        status=status,
        n_patients=n_patients,
        note=note,
    )


def _each_to_the_main_therapist(rows: EstimateRows, forms: Forms, n_patients: int) -> Forms:
    """Crossed models of so many people take too long; that people were not crossed stands in a row of its own."""
    note = (
        f"more than {MOST_CROSSED:,} people: therapists are not crossed with people, each form counts for the main "
        "therapist of its course of therapy"
    )
    _not_given(rows, "by_session_therapist", "not_run", n_patients, note)
    return replace(forms, therapists=None, note="; ".join(filter(None, (forms.note, note))))


def _main_therapists(rows: EstimateRows, people: OutcomePeople, growth: Growth) -> None:
    """What is left between therapists if every form counts for the episode's main therapist: the sensitivity of A52."""
    if growth.forms.therapists is None:
        return
    one_each = replace(growth.fitted.rows, therapists=None)
    fitted = fit_rows(people, one_each, "slope", near=growth.fitted)
    add_variances(rows, fitted, people, model=MODEL, specification="main_therapist")


def _in_points(rows: EstimateRows, people: OutcomePeople, growth: Growth) -> None:
    """Differences in improvement from the start to the typical end, in points: what a slope amounts to."""
    fitted, end = growth.fitted, typical_end(growth.forms)
    if not fitted.ok:
        return
    far = float(
        growth.form.columns(np.array([end]))[0, 0]
        - growth.form.columns(np.array([growth.forms.clock.origin]))[0, 0]
    )
    counts = fitted.counts(people)
    for term in fitted.rows.terms:
        if not term.term.startswith("time:") or term.column not in fitted.fit.terms:
            continue
        contrast = fitted.vector({term.column: people.better * far})
        rows.add(
            "group_difference",
            linear_combination(fitted.fit, contrast, conf_level=people.conf_level),
            model=MODEL,
            specification="change_by",
            term=term.term.removeprefix("time:"),
            contrast=term.contrast,
            time=end,
            time_unit=growth.forms.clock.unit,
            **{**fitted.people_columns(people), "n_patients": counts[term.column]},
        )


def growth_rows(
    people: OutcomePeople, forms: Forms, form: TimeForm, predictors: tuple[str, ...]
) -> Rows:
    """Rows of the growth model: the curve is shared, groups and people differ in level and on its first column."""
    names = time_names(form)
    values = form.columns(forms.time)
    levels = people.levels(forms.person).assign(
        **{name: values[:, i] for i, name in enumerate(names)}
    )
    matrix, terms = design_matrix(crossed_with_time(predictors, tuple(names[1:])), levels)
    return Rows(
        forms.score, matrix, terms, forms.person, values[:, 0], forms.therapists, forms.note
    )


def _choose(
    rows: EstimateRows, people: OutcomePeople, forms: Forms
) -> tuple[TimeForm | None, dict[str, Fitted]]:
    """The form of time with the lowest BIC, by maximum likelihood, before any predictor is looked at.

    Returns
    -------
    TimeForm or None
        None where no form could be fitted.
    dict of str to Fitted
        The models of time alone, by form.
    """
    candidates, refused = time_forms(forms.clock, forms.time)
    fits: dict[str, Fitted] = {}
    bic: dict[str, float] = {}
    times = len(np.unique(forms.time))
    for form in candidates:
        if times < form.fewest_times:
            refused[form.name] = f"needs forms at {form.fewest_times} different times, has {times}"
            continue
        # all but the logarithm share the first column, on which people and therapists differ
        near = None if form.name == "logarithm" else fits.get("linear")
        chosen = growth_rows(people, forms, form, ())
        fitted = fit_rows(people, chosen, "slope", reml=False, near=near).without_design()
        if fitted.ok and not fitted.fit.aliased:
            bic[form.name], fits[form.name] = fitted.fit.bic, fitted
        else:
            refused[form.name] = fitted.reason or "its columns determine each other"
    best = min(bic, key=lambda name: (bic[name], name)) if bic else ""
    words = {form.name: form.words for form in candidates if form.name in bic}
    _compared(rows, forms, bic, words, best, refused)
    return next((form for form in candidates if form.name == best), None), fits


def _compared(
    rows: EstimateRows,
    forms: Forms,
    bic: dict[str, float],
    words: dict[str, str],
    best: str,
    refused: dict[str, str],
) -> None:
    """A row for every form of time: how much worse than the best, and what its coefficients are; or why not."""
    shared: dict[str, Any] = {
        "model": MODEL,
        "specification": "form_of_time",
        "time_unit": forms.clock.unit,
        "n_patients": len(np.unique(forms.person)),
    }
    for name, value in bic.items():
        rows.add(
            "bic_difference",
            value - bic[best],
            term=name,
            contrast="chosen" if name == best else "",
            method="maximum likelihood, time alone; the lowest BIC is chosen",
            note=f"coefficients: {words[name]}",
            **shared,
        )
    for name, reason in refused.items():
        rows.add(
            "bic_difference",
            term=name,
            status="not_estimable",
            note=reason or "could not be fitted",
            **shared,
        )


def _adjusted(
    rows: EstimateRows,
    data: AnalysisInput,
    people: OutcomePeople,
    forms: Forms,
    form: TimeForm,
    time_alone: dict[str, Fitted],
    model: str,
    analysis: str,
) -> Growth:
    key: dict[str, Any] = {"model": model, "specification": ADJUSTED}
    names = people.predictors.used
    chosen = growth_rows(people, forms, form, names)
    fitted = fit_rows(people, chosen, "slope", near=time_alone.get(form.name))
    add_model(rows, fitted, people, **key, time_unit=forms.clock.unit)
    add_variances(rows, fitted, people, **key)
    add_joint_tests(rows, [(name, fitted) for name in names], people, **key)
    covariance = covariance_frame(
        data.cohort, analysis, model, ADJUSTED, fitted.rows.terms, fitted.fit
    )
    return Growth(forms, form, fitted, [covariance])


def _alone(rows: EstimateRows, people: OutcomePeople, growth: Growth) -> None:
    key: dict[str, Any] = {"model": MODEL, "specification": ALONE}
    singles = []
    for name in people.predictors.used:
        chosen = growth_rows(people, growth.forms, growth.form, (name,))
        fitted = fit_rows(people, chosen, "slope", near=growth.fitted).without_design()
        singles.append((name, fitted))
        add_model(
            rows,
            fitted,
            people,
            wanted=lambda term, name=name: concerns(term, name),  # type: ignore[misc]
            **key,
            time_unit=growth.forms.clock.unit,
        )
    add_joint_tests(rows, singles, people, **key)
