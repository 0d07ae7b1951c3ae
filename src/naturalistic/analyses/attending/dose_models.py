"""Points of change with each doubling of the sessions attended, and how far that moves when people are made alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.attending.definitions import FloatArray
from naturalistic.analyses.attending.dose_described import ENDINGS
from naturalistic.analyses.attending.dose_people import Dose
from naturalistic.analyses.attending.people import FEWEST_THERAPISTS
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.model_rows import add_coefficients
from naturalistic.analyses.predictors import (
    SMALLEST_LEVEL,
    Term,
    design_matrix,
    prepare_predictors,
)
from naturalistic.stats.clustered_regression import clustered_least_squares
from naturalistic.stats.linear_mixed_model import fit_linear_mixed_model

MODEL, TWIN = "dose", "dose_population_averaged"
DOUBLING = Term("log2_sessions", "sessions_attended", "per doubling", 0)
FEWEST = 10
ENDOGENOUS = "the number of sessions is not set by design: people stop when they are well enough, or when it does not help"
TWIN_METHOD = "least squares, population averaged, errors robust to clustering by {label} (CR1), t"


def add_dose_models(rows: EstimateRows, data: AnalysisInput, dose: Dose) -> None:
    """Coefficient of log2(sessions) on change: alone, given the first score, given who people are, given the ending.

    Linear mixed model with a therapist intercept where therapists are recorded, and its twin with cluster-robust errors.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    data : AnalysisInput
        For predictors and settings.
    dose : Dose
        People whose therapy has ended.
    """
    use = dose.paired
    change, sessions = dose.change[use], dose.sessions[use]
    if use.sum() < FEWEST or np.ptp(sessions) == 0:
        note = f"fewer than {FEWEST} people with both forms, or all attended the same number of sessions"
        key: dict[str, Any] = {"term": DOUBLING.term, "model": MODEL, "population": "paired"}
        rows.add("coefficient", status="not_estimable", note=note, **key)
        return
    people = dose.frame[use].reset_index(drop=True)
    therapist = _therapists(people)
    for specification, (formula, design, notes) in _designs(
        data, people, sessions, dose.people.first[use]
    ).items():
        matrix, terms = design_matrix(formula, design)
        _fit(rows, data, change, matrix, terms, therapist, specification, notes)


def _therapists(people: pd.DataFrame) -> np.ndarray | None:
    codes, names = pd.factorize(people["therapist_id"], sort=True)
    if (codes < 0).any() or len(names) < FEWEST_THERAPISTS:
        return None
    return np.asarray(codes)


def _designs(
    data: AnalysisInput, people: pd.DataFrame, sessions: FloatArray, first: FloatArray
) -> dict[str, tuple[str, pd.DataFrame, tuple[str, ...]]]:
    """Four right-hand sides, each with more of what people differ in."""
    predictors = prepare_predictors(
        people, data.settings.predictors, data.settings.reference_levels
    )
    design = predictors.frame.copy()
    design["log2_sessions"] = np.log2(sessions)
    design["first_score"] = first
    ending = _ending(people)
    found = {"alone": ["log2_sessions"], "given_first_score": ["log2_sessions", "first_score"]}
    found["adjusted"] = [*found["given_first_score"], *predictors.used]
    if len(ending.cat.categories) > 1:
        design["ending"] = ending
        found["adjusted_and_ending"] = [*found["adjusted"], "ending"]
    notes = (ENDOGENOUS, *predictors.notes)
    return {name: (" + ".join(["1", *used]), design, notes) for name, used in found.items()}


def _ending(people: pd.DataFrame) -> pd.Series:
    """Planned, unplanned or other; an ending of fewer people than `SMALLEST_LEVEL` is another one."""
    words = people["ending"].astype("object")
    counts = words.value_counts()
    own = [e for e in ENDINGS if counts.get(e, 0) >= SMALLEST_LEVEL]
    words = words.where(words.isin(own), "other_ending")
    levels = [e for e in (*ENDINGS, "other_ending") if (words == e).any()]
    return pd.Series(pd.Categorical(words, categories=levels), index=people.index)


def _fit(
    rows: EstimateRows,
    data: AnalysisInput,
    change: FloatArray,
    matrix: FloatArray,
    terms: list[Term],
    therapist: np.ndarray | None,
    specification: str,
    notes: tuple[str, ...],
) -> None:
    names = [term.column for term in terms]
    level = data.settings.conf_level
    key: dict[str, Any] = {"population": "paired", "specification": specification}
    if therapist is not None:
        _mixed(rows, change, matrix, names, therapist, level, notes, key)
    else:
        why = f"fewer than {FEWEST_THERAPISTS} therapists, or somebody without one: see the other model"
        columns = {"term": DOUBLING.term, "contrast": DOUBLING.contrast, "model": MODEL, **key}
        rows.add("coefficient", status="not_run", note=why, **columns)
    label = "person" if therapist is None else "therapist"
    twin = clustered_least_squares(change, matrix, cluster=therapist)
    method = TWIN_METHOD.format(label=label)
    value = twin.coefficient(names.index(DOUBLING.column), conf_level=level, method=method)
    columns = {"term": DOUBLING.term, "contrast": DOUBLING.contrast, "model": TWIN, **key}
    note = "; ".join((*notes, f"change ~ {' + '.join(names)}"))
    rows.add("coefficient", value, n_patients=len(change), note=note, **columns)


def _mixed(
    rows: EstimateRows,
    change: FloatArray,
    matrix: FloatArray,
    names: list[str],
    therapist: np.ndarray,
    conf_level: float,
    notes: tuple[str, ...],
    key: dict[str, Any],
) -> None:
    fit = fit_linear_mixed_model(
        change,
        matrix,
        np.arange(len(change)),
        therapist=therapist,
        patient_effect=False,
        term_names=names,
        outcome_name="change",
        conf_level=conf_level,
    )
    add_coefficients(
        rows,
        "coefficient",
        fit,
        [DOUBLING],
        counts={DOUBLING.column: len(change)},
        model=MODEL,
        method=fit.formula,
        note="; ".join((*notes, *fit.notes)),
        n_therapists=fit.n_therapists,
        **key,
    )
