"""Who starts higher and who changes more: linear mixed models of the score on time and predictors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.model_rows import add_coefficients, covariance_frame, people_at
from naturalistic.analyses.populations import episode_frame, in_population
from naturalistic.analyses.predictors import Predictors, design_matrix, prepare_predictors
from naturalistic.stats.linear_mixed_model import LinearMixedModelFit, fit_linear_mixed_model
from naturalistic.tables.estimates import COVARIANCES

NAME = "outcome_models"
SPECIFICATION = "adjusted"
FORMS_FOR_A_SLOPE = 3
DAYS_A_MONTH = 30.4375


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Models of the primary scale for everyone who started and has a form.

    Estimands
    ---------
    coefficient
        ``pre_post``: points of the scale at the first form (level) and from the first to the last form (time and
        time x predictor). Patient effects and residual variances by occasion, therapist effects where recorded.
        ``growth``: points a month over all forms, with a correlated patient slope, only where the median number of
        forms is at least 3.
    variance
        Variance components.
    """
    primary = data.settings.primary
    frame = episode_frame(
        data.tables["episodes"],
        data.tables["outcomes"],
        data.tables["patients"],
        instrument=primary.instrument,
        scale=primary.scale,
    )
    frame = frame[in_population(frame, "started")].reset_index(drop=True)
    rows = EstimateRows(
        data.cohort,
        NAME,
        instrument=primary.instrument,
        scale=primary.scale,
        population="started",
        specification=SPECIFICATION,
    )
    predictors = prepare_predictors(frame, data.settings.predictors, data.settings.reference_levels)
    covariances = [
        _pre_post(rows, data, frame, predictors),
        _growth(rows, data, frame, predictors),
    ]
    return AnalysisResult(rows.frame(), pd.concat(covariances, ignore_index=True))


def _pre_post(
    rows: EstimateRows, data: AnalysisInput, frame: pd.DataFrame, predictors: Predictors
) -> pd.DataFrame:
    first = frame["first_score"].to_numpy(dtype=float)
    last = frame["last_score"].to_numpy(dtype=float)
    person = np.tile(np.arange(len(frame)), 2)
    long = pd.DataFrame(
        {"person": person, "time": np.repeat([0.0, 1.0], len(frame)), "score": np.r_[first, last]}
    )
    long = long[long["score"].notna()]
    if long["time"].nunique() == 1:
        note = "scores at one time only: no change can be modelled"
        rows.add("coefficient", model="pre_post", term="time", status="not_measured", note=note)
        return COVARIANCES.empty()
    return _fit(rows, data, frame, predictors, long, model="pre_post", occasion_variance=True)


def _growth(
    rows: EstimateRows, data: AnalysisInput, frame: pd.DataFrame, predictors: Predictors
) -> pd.DataFrame:
    primary = data.settings.primary
    scores = data.tables["scores"]
    chosen = scores[
        (scores["instrument"] == primary.instrument)
        & (scores["scale"] == primary.scale)
        & scores["score"].notna()
        & scores["date"].notna()
    ]
    where = pd.Series(np.arange(len(frame)), index=frame["referral_id"].to_numpy())
    chosen = chosen[chosen["referral_id"].isin(where.index)]
    forms = chosen.groupby("referral_id").size()
    median = float(forms.median()) if len(forms) else 0.0
    if median < FORMS_FOR_A_SLOPE:
        rows.add(
            "coefficient",
            model="growth",
            term="time",
            status="not_run",
            n_patients=len(forms),
            note=f"a patient slope needs at least {FORMS_FOR_A_SLOPE} forms (median); "
            f"here the median is {median:g}",
        )
        return COVARIANCES.empty()
    person = where.loc[chosen["referral_id"]].to_numpy()
    start = frame["first_date"].fillna(frame["first_session_date"]).to_numpy()[person]
    days = (chosen["date"].to_numpy() - start) / np.timedelta64(1, "D")
    long = pd.DataFrame(
        {
            "person": person,
            "time": days / DAYS_A_MONTH,
            "score": chosen["score"].to_numpy(dtype=float),
        }
    )
    long = long[long["time"].notna()]
    return _fit(rows, data, frame, predictors, long, model="growth", random_slope=True)


def _fit(
    rows: EstimateRows,
    data: AnalysisInput,
    frame: pd.DataFrame,
    predictors: Predictors,
    long: pd.DataFrame,
    *,
    model: str,
    **random_part: Any,
) -> pd.DataFrame:
    if not len(long):
        rows.add(
            "coefficient",
            model=model,
            term="time",
            status="not_estimable",
            note="nobody who started has a form",
        )
        return COVARIANCES.empty()
    person = long["person"].to_numpy()
    people = (
        predictors.frame.iloc[person].reset_index(drop=True).assign(time=long["time"].to_numpy())
    )
    right = " + ".join(predictors.used)
    formula = f"1 + time * ({right})" if right else "1 + time"
    matrix, terms = design_matrix(formula, people)
    therapist = frame["therapist_id"].iloc[person]
    fit = fit_linear_mixed_model(
        long["score"].to_numpy(),
        matrix,
        person,
        time=long["time"].to_numpy(),
        therapist=None if therapist.isna().any() else pd.factorize(therapist)[0],
        term_names=[term.column for term in terms],
        outcome_name="score",
        conf_level=data.settings.conf_level,
        **random_part,
    )
    note = "; ".join((*fit.notes, *predictors.notes, *_left_out(predictors)))
    if therapist.isna().any() and therapist.notna().any():
        note += "; some people have no recorded therapist: no therapist effect in the model"
    n_people = len(np.unique(person))
    add_coefficients(
        rows,
        "coefficient",
        fit,
        terms,
        counts=people_at(predictors.frame.iloc[np.unique(person)], terms),
        model=model,
        method=fit.formula,
        note=note,
        n_therapists=fit.n_therapists or None,
        denominator=n_people,
    )
    _variances(rows, fit, model, n_people)
    return covariance_frame(data.cohort, NAME, model, SPECIFICATION, terms, fit)


def _left_out(predictors: Predictors) -> list[str]:
    return [f"{name}: {reason}" for name, reason in predictors.left_out.items()]


def _variances(rows: EstimateRows, fit: LinearMixedModelFit, model: str, n_people: int) -> None:
    for part in fit.components:
        rows.add(
            "variance",
            part.value,
            model=model,
            term=part.key,
            std_error=part.std_error,
            n_patients=n_people,
            n_therapists=fit.n_therapists or None,
            method=fit.formula,
        )
