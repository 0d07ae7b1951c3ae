"""Described people: at the reference level in everything that the settings do not name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.outcome.all_forms import typical_end
from naturalistic.analyses.outcome.fitting import Fitted
from naturalistic.analyses.outcome.growth import Growth
from naturalistic.analyses.outcome.people import FloatArray, OutcomePeople
from naturalistic.analyses.outcome.pre_post import crossed_with_time
from naturalistic.analyses.predictors import NUMERIC_UNITS, Term, design_matrix
from naturalistic.settings.config import OutcomeModels
from naturalistic.stats.lmm.contrasts import linear_combination, linear_combinations
from naturalistic.vocabulary import CHARACTERISTICS

SPECIFICATION = "described_person"
GRID_POINTS = 13


@dataclass(frozen=True, eq=False)
class Described:
    """One described person.

    Attributes
    ----------
    name : str
        Key in the settings.
    row : DataFrame
        One row: the predictors as the models know them.
    words : str
        Every characteristic and its level.
    n_patients : int
        People at the rarest level that is named; everybody for the reference person.
    obstacle : str
        Why this cohort cannot describe the person; then nothing else holds.
    """

    name: str
    row: pd.DataFrame
    words: str
    n_patients: int
    obstacle: str = ""

    def design(self, formula: str, extra: Mapping[str, FloatArray]) -> FloatArray:
        """Design of the person at every value of the further columns."""
        return self.design_and_terms(formula, extra)[0]

    def design_and_terms(
        self, formula: str, extra: Mapping[str, FloatArray]
    ) -> tuple[FloatArray, list[Term]]:
        """The design and what its columns mean."""
        n = len(next(iter(extra.values())))
        frame = self.row.iloc[np.zeros(n, dtype=int)].reset_index(drop=True).assign(**extra)
        return design_matrix(formula, frame)


def described_people(people: OutcomePeople, settings: OutcomeModels) -> list[Described]:
    """The described people of the settings; one that cannot be told apart from an earlier one is left out."""
    found: list[Described] = []
    for name, wanted in settings.described_people.items():
        one = _describe(people, name, wanted)
        if one.obstacle or one.words not in [other.words for other in found]:
            found.append(one)
    return found


def _describe(people: OutcomePeople, name: str, wanted: Mapping[str, str | float]) -> Described:
    frame = people.predictors.frame
    unknown = [each for each in wanted if each not in people.predictors.used]
    if unknown:
        reason = f"not among the predictors of this cohort: {', '.join(unknown)}"
        return Described(name, pd.DataFrame(), "", 0, reason)
    row: dict[str, object] = {}
    words, n = [], len(frame)
    for each in people.predictors.used:
        label = CHARACTERISTICS[each].label.split(" (")[0]
        if CHARACTERISTICS[each].numeric:
            mean = float(people.frame[each].astype("float64").mean())
            value = float(wanted.get(each, mean))
            row[each] = [(value - mean) / NUMERIC_UNITS.get(each, (1.0, ""))[0]]
            words.append(f"{label} {value:.4g}")
            continue
        categories = frame[each].cat.categories
        level = str(wanted.get(each, categories[0]))
        if level not in categories:
            reason = f"{each}: too few people at the level {level}, or none"
            return Described(name, pd.DataFrame(), "", 0, reason)
        row[each] = pd.Categorical([level], categories=categories)
        if each in wanted:
            n = min(n, int((frame[each] == level).sum()))
        words.append(f"{label}: {level.replace('_', ' ')}")
    return Described(name, pd.DataFrame(row, index=[0]), "; ".join(words) or "everybody", n)


def add_described(
    rows: EstimateRows,
    people: OutcomePeople,
    described: list[Described],
    pre_post: Fitted | None,
    growth: Growth | None,
) -> None:
    """Predicted scores of described people with intervals, first and last form and over all forms, and their improvement.

    Fixed effects only: a person treated by an average therapist.
    """
    for one in described:
        if one.obstacle:
            rows.add(
                "predicted_score",
                model="pre_post",
                specification=SPECIFICATION,
                term=one.name,
                status="not_measured",
                note=one.obstacle,
            )
            continue
        if pre_post is not None and pre_post.ok:
            _two_forms(rows, people, one, pre_post)
        if growth is not None and growth.fitted.ok:
            _curve(rows, people, one, growth)


def _two_forms(rows: EstimateRows, people: OutcomePeople, one: Described, fitted: Fitted) -> None:
    formula = crossed_with_time(people.predictors.used)
    design = one.design(formula, {"time": np.array([0.0, 1.0])})
    design = _kept(design, fitted)
    key: dict[str, Any] = {"model": "pre_post", "specification": SPECIFICATION, "term": one.name}
    _scores(rows, people, one, fitted, design, np.array([0.0, 1.0]), "form", key)
    gain = people.better * (design[1] - design[0])
    rows.add(
        "mean_change",
        linear_combination(fitted.fit, gain, conf_level=people.conf_level),
        n_patients=one.n_patients,
        **key,
    )


def _curve(rows: EstimateRows, people: OutcomePeople, one: Described, growth: Growth) -> None:
    forms, fitted = growth.forms, growth.fitted
    times = time_grid(growth)
    columns = growth.columns(times)
    extra = tuple(name for name in columns if name != "time")
    design = one.design(crossed_with_time(people.predictors.used, extra), columns)
    key: dict[str, Any] = {"model": "growth", "specification": SPECIFICATION, "term": one.name}
    _scores(rows, people, one, fitted, _kept(design, fitted), times, forms.clock.unit, key)


def time_grid(growth: Growth) -> FloatArray:
    """Evenly spaced times from the start to the typical end."""
    start = growth.forms.clock.origin
    return np.linspace(start, typical_end(growth.forms), GRID_POINTS)


def _kept(design: FloatArray, fitted: Fitted) -> FloatArray:
    place = [fitted.rows.names.index(name) for name in fitted.fit.terms]
    return design[:, place]


def _scores(
    rows: EstimateRows,
    people: OutcomePeople,
    one: Described,
    fitted: Fitted,
    design: FloatArray,
    times: FloatArray,
    unit: str,
    key: dict[str, Any],
) -> None:
    found = linear_combinations(fitted.fit, design, conf_level=people.conf_level)
    for i, time in enumerate(times):
        rows.add(
            "predicted_score",
            float(found.estimate[i]),
            time=float(time),
            time_unit=unit,
            std_error=float(found.std_error[i]),
            df=float(found.df[i]),
            conf_low=float(found.conf_low[i]),
            conf_high=float(found.conf_high[i]),
            conf_level=people.conf_level,
            n_patients=one.n_patients,
            method="linear mixed model, fixed effects, Satterthwaite t",
            note=one.words,
            **key,
        )
