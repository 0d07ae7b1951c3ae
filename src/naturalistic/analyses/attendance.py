"""How much of what was booked took place, and who misses more."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.model_rows import add_coefficients, covariance_frame, people_at
from naturalistic.analyses.populations import episode_frame, in_population
from naturalistic.analyses.predictors import design_matrix, prepare_predictors
from naturalistic.stats.generalised_mixed_model import (
    GeneralisedMixedModelFit,
    fit_generalised_mixed_model,
    latent_variance_share,
)
from naturalistic.stats.ratio import ratio_of_totals
from naturalistic.tables.estimates import COVARIANCES
from naturalistic.vocabulary import ABSENCE_DEFINITIONS, SEEN

NAME = "attendance"
MODEL = "absence"
SPECIFICATION = "adjusted"
BIN = 10
FloatArray = npt.NDArray[np.float64]


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Attendance of everyone who started.

    Estimands
    ---------
    mean, median
        Sessions booked and attended per person.
    proportion
        Absence under each definition: sessions missed of sessions in its denominator; people are the sampled units.
    odds_ratio
        Of missing an offered session (primary definition), binomial model with patient and therapist effects, on
        predictors and the score before therapy.
    count
        People by number of sessions attended, in bins, for the figure.
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
    rows = EstimateRows(data.cohort, NAME, population="started")
    _sessions(rows, frame)
    for definition in ABSENCE_DEFINITIONS:
        _absence(rows, frame, definition, data.settings.conf_level)
    covariances = _model(rows, data, frame)
    return AnalysisResult(rows.frame(), covariances)


def absence_counts(frame: pd.DataFrame, definition: str) -> tuple[FloatArray, FloatArray]:
    """Sessions missed and sessions in the denominator of each person under a definition; NaN where not held."""
    _, missed, denominator = ABSENCE_DEFINITIONS[definition]
    attended = frame["sessions_attended"].to_numpy(dtype=float, na_value=np.nan)
    others = [state for state in denominator if state not in SEEN]
    bottom = attended + sum(_states(frame, others))
    return sum(_states(frame, missed), np.zeros(len(frame))), bottom


def _states(frame: pd.DataFrame, states: Any) -> list[FloatArray]:
    return [frame[state].to_numpy(dtype=float, na_value=np.nan) for state in states]


def _sessions(rows: EstimateRows, frame: pd.DataFrame) -> None:
    for term in ("sessions_attended", "sessions_booked"):
        values = frame[term].to_numpy(dtype=float, na_value=np.nan)
        known = values[np.isfinite(values)]
        counts: dict[str, Any] = {"n_patients": len(known), "n_missing": len(values) - len(known)}
        if not len(known):
            note = "the extract holds no sessions"
            rows.add("mean", term=term, status="not_measured", note=note)
            continue
        if len(known) > 1:
            spread = float(np.std(known, ddof=1))
            error = spread / np.sqrt(len(known))
            rows.add("mean", float(known.mean()), term=term, std_error=error, **counts)
            rows.add("standard_deviation", spread, term=term, **counts)
        rows.add("median", float(np.median(known)), term=term, **counts)
        if term == "sessions_attended":
            _bins(rows, known)


def _bins(rows: EstimateRows, attended: FloatArray) -> None:
    bins = np.floor((attended - 1) / BIN).astype(int)
    for b in np.unique(bins):
        n = int((bins == b).sum())
        band = f"{b * BIN + 1} to {(b + 1) * BIN}"
        rows.add("count", n, term="sessions_attended", dimensions={"sessions": band}, n_patients=n)


def _absence(rows: EstimateRows, frame: pd.DataFrame, definition: str, level: float) -> None:
    top, bottom = absence_counts(frame, definition)
    known = np.isfinite(top) & np.isfinite(bottom) & (bottom > 0)
    key: dict[str, Any] = {"term": "absence", "definition": definition}
    if not known.any():
        note = "the extract does not hold the attendance states this definition needs"
        rows.add("proportion", status="not_measured", note=note, **key)
        return
    rows.add(
        "proportion",
        ratio_of_totals(top[known], bottom[known], conf_level=level),
        n_patients=int(known.sum()),
        n_missing=int((~known).sum()),
        note="share of sessions, not of people",
        **key,
    )


def _model(rows: EstimateRows, data: AnalysisInput, frame: pd.DataFrame) -> pd.DataFrame:
    definition = data.settings.primary.absence_definition
    top, bottom = absence_counts(frame, definition)
    baseline = frame["first_score"].to_numpy(dtype=float)
    known = np.isfinite(top) & np.isfinite(bottom) & (bottom > 0)
    has_baseline = bool(np.isfinite(baseline[known]).sum() >= 2)
    use = known & np.isfinite(baseline) if has_baseline else known
    key: dict[str, Any] = {
        "model": MODEL,
        "specification": SPECIFICATION,
        "definition": definition,
    }
    if use.sum() < 3 or top[use].sum() in (0, bottom[use].sum()):
        reason = "too few people, or every session ended the same way" if known.any() else ""
        rows.add(
            "odds_ratio",
            term="Intercept",
            status="not_estimable" if known.any() else "not_measured",
            note=reason or "the extract holds no attendance",
            **key,
        )
        return COVARIANCES.empty()
    people = frame[use].reset_index(drop=True)
    predictors = prepare_predictors(
        people, data.settings.predictors, data.settings.reference_levels
    )
    design = predictors.frame.copy()
    names = list(predictors.used)
    if has_baseline:
        # per 5 points: about one reliable change on CORE-OM, and easier to read than one point
        design["baseline"] = (baseline[use] - baseline[use].mean()) / 5.0
        names.append("baseline")
    matrix, terms = design_matrix(" + ".join(["1", *names]), design)
    therapist = people["therapist_id"]
    fit = fit_generalised_mixed_model(
        top[use],
        matrix,
        family="binomial",
        trials=bottom[use],
        group=None if therapist.isna().any() else pd.factorize(therapist)[0],
        group_label="therapist",
        # people differ in how often they miss beyond what is recorded of them: without an effect for each person every
        # interval would be too narrow
        unit=np.arange(int(use.sum())),
        unit_label="patient",
        term_names=[term.column for term in terms],
        conf_level=data.settings.conf_level,
    )
    left_out = [f"{name}: {reason}" for name, reason in predictors.left_out.items()]
    add_coefficients(
        rows,
        "odds_ratio",
        fit,
        terms,
        counts=people_at(design, terms),
        ratio=True,
        method=fit.formula,
        note="; ".join((*fit.notes, *predictors.notes, *left_out)),
        n_missing=int((known & ~use).sum()),
        denominator=int(use.sum()),
        n_therapists=_therapists(fit),
        **key,
    )
    _therapist_share(rows, fit, int(use.sum()), key)
    return covariance_frame(data.cohort, NAME, MODEL, SPECIFICATION, terms, fit)


def _therapists(fit: GeneralisedMixedModelFit) -> int | None:
    """Therapists in the model; None where it has no therapist effect."""
    named = [effect for effect in fit.random_effects if effect.label == "therapist"]
    return len(named[0].levels) if named else None


def _therapist_share(
    rows: EstimateRows, fit: GeneralisedMixedModelFit, n: int, key: dict[str, Any]
) -> None:
    if _therapists(fit) is None:
        note = "no therapist effect in the model"
        rows.add("intraclass_correlation", term="therapist", status="not_run", note=note, **key)
        return
    rows.add(
        "intraclass_correlation",
        latent_variance_share(fit, "therapist"),
        term="therapist",
        n_patients=n,
        n_therapists=_therapists(fit),
        **key,
    )
