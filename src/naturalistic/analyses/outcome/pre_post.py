"""First and last score of everyone who started: who starts higher and who changes more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.model_rows import covariance_frame
from naturalistic.analyses.outcome.fitting import Fitted, Rows, fit_rows
from naturalistic.analyses.outcome.model_tables import (
    add_joint_tests,
    add_model,
    add_population_averaged,
    add_variances,
)
from naturalistic.analyses.outcome.people import OutcomePeople
from naturalistic.analyses.predictors import Term, design_matrix

MODEL, ADJUSTED, ALONE = "pre_post", "adjusted", "alone"


def two_occasions(people: OutcomePeople, predictors: tuple[str, ...]) -> Rows | None:
    """Rows of everyone with a first or a last score; None where one of the occasions is missing for all.

    Parameters
    ----------
    people : OutcomePeople
    predictors : tuple of str
        Those that enter the level and the change.
    """
    n = len(people.frame)
    score = np.r_[people.first, people.last]
    known = np.isfinite(score)
    person = np.tile(np.arange(n), 2)[known]
    time = np.repeat([0.0, 1.0], n)[known]
    if len(np.unique(time)) < 2:
        return None
    levels = people.levels(person).assign(time=time)
    matrix, terms = design_matrix(crossed_with_time(predictors), levels)
    return Rows(score[known], matrix, terms, person, time)


def crossed_with_time(predictors: tuple[str, ...], extra: tuple[str, ...] = ()) -> str:
    """Formula in which every predictor has a part in the level and one in the change."""
    right = " + ".join(predictors)
    columns = "".join(f" + {name}" for name in extra)
    return f"1 + time * ({right}){columns}" if right else f"1 + time{columns}"


def concerns(term: Term, predictor: str) -> bool:
    """Whether a column is about this predictor."""
    return term.term in (predictor, f"time:{predictor}")


def add_pre_post(
    rows: EstimateRows, people: OutcomePeople, cohort: str, analysis: str
) -> tuple[Fitted | None, dict[str, Fitted], pd.DataFrame | None]:
    """The pre-declared adjusted model, each predictor alone, joint tests and the population-averaged twin.

    Returns
    -------
    fitted : Fitted or None
        The adjusted model; None where there are scores at one time only.
    alone : dict
        The model of each predictor alone.
    covariance : DataFrame or None
    """
    key: dict[str, Any] = {"model": MODEL, "specification": ADJUSTED}
    chosen = two_occasions(people, people.predictors.used)
    if chosen is None:
        note = "scores at one time only: no change can be modelled"
        if not np.isfinite(np.r_[people.first, people.last]).any():
            note = "nobody who started has a score"
        rows.add("coefficient", term="time", status="not_measured", note=note, **key)
        return None, {}, None
    fitted = fit_rows(people, chosen, "occasions")
    add_model(rows, fitted, people, **key)
    add_variances(rows, fitted, people, **key)
    names = people.predictors.used
    add_joint_tests(rows, [(name, fitted) for name in names], people, **key)
    add_population_averaged(rows, fitted, people, model=MODEL)
    alone = [(name, _alone(people, name)) for name in names]
    for name, single in alone:
        add_model(
            rows,
            single,
            people,
            wanted=lambda term, name=name: concerns(term, name),  # type: ignore[misc]
            model=MODEL,
            specification=ALONE,
        )
    add_joint_tests(rows, alone, people, model=MODEL, specification=ALONE)
    covariance = covariance_frame(cohort, analysis, MODEL, ADJUSTED, chosen.terms, fitted.fit)
    return fitted, dict(alone), covariance


def _alone(people: OutcomePeople, name: str) -> Fitted:
    chosen = two_occasions(people, (name,))
    if chosen is None:
        raise ValueError("scores at one time only")
    return fit_rows(people, chosen, "occasions")
