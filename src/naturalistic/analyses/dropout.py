"""Who leaves, when, and who stays to a planned ending: dropout beside the other ways therapy ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.model_rows import add_coefficients, covariance_frame, people_at
from naturalistic.analyses.populations import episode_frame, in_population
from naturalistic.analyses.predictors import design_matrix, prepare_predictors
from naturalistic.stats.competing_risks import aalen_johansen
from naturalistic.stats.cox import fit_cox
from naturalistic.stats.rates import rate
from naturalistic.stats.survival import kaplan_meier
from naturalistic.tables.estimates import COVARIANCES
from naturalistic.vocabulary import DROPOUT_DEFINITIONS

NAME = "dropout"
CAUSES = ("dropout", "planned_ending", "other_ending")
NOT_THE_PATIENTS_ENDING = ("referred_on", "service_ended", "died")
CLOCKS = ("attended_sessions", "weeks_since_first_session")
GRIDS = {
    "attended_sessions": (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 30, 36, 42, 48, 60, 72, 96),
    "weeks_since_first_session": (2, 4, 8, 13, 17, 20, 26, 39, 52, 65, 78, 91, 104, 130, 156),
}
MODEL = "cause_specific_cox"
SPECIFICATION = "adjusted"
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TimeToEnding:
    """Time and way of ending of each person on one clock; cause 0 is still open."""

    rows: npt.NDArray[np.intp]
    time: FloatArray
    cause: IntArray


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Dropout of everyone who started.

    Estimands
    ---------
    proportion (dropout)
        Under every definition, of those whose ending that definition can judge.
    cumulative_incidence
        Probability of having ended by dropping out, as planned or otherwise, by each point of each clock
        (Aalen-Johansen).
    survival_probability
        Still in therapy (any ending); and, labelled as such, not dropped out if nobody ended otherwise (Kaplan-Meier).
    hazard_ratio
        Cause-specific hazard of dropping out (Cox, Efron), errors robust to clustering by therapist.
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
    _definitions(rows, frame, data.settings.conf_level)
    covariances = [COVARIANCES.empty()]
    for clock in CLOCKS:
        ends = time_to_ending(frame, primary.dropout_definition, clock)
        key: dict[str, Any] = {"definition": primary.dropout_definition, "time_unit": clock}
        if not len(ends.rows):
            note = "the extract does not hold what this clock or definition needs"
            rows.add(
                "cumulative_incidence", term="dropout", status="not_measured", note=note, **key
            )
            continue
        _curves(rows, ends, clock, data.settings.conf_level, key)
        covariances.append(_cox(rows, data, frame, ends, clock, key))
    return AnalysisResult(rows.frame(), pd.concat(covariances, ignore_index=True))


def time_to_ending(frame: pd.DataFrame, definition: str, clock: str) -> TimeToEnding:
    """Time and cause of the rows that the definition and the clock can place.

    On `attended_sessions` an ending counts at the last attended session + 1 and an open episode is observed to its last
    attended session; on `weeks_since_first_session` both stand at the day observation ends.
    """
    state = frame[f"dropout_{definition}"].astype("object")
    planned = (frame["ending"] == "planned_ending").to_numpy(dtype=bool)
    if definition == "before_agreed_end":
        # who stayed to the agreed end has ended as agreed, also where nobody coded the ending
        stayed = (state == "other_end") & ~frame["ending"].isin(NOT_THE_PATIENTS_ENDING)
        planned = planned | stayed.to_numpy(dtype=bool)
    cause = np.select([state == "dropout", state == "open", planned], [1, 0, 2], default=3).astype(
        np.int64
    )
    if clock == "attended_sessions":
        time = frame["sessions_attended"].to_numpy(dtype=float, na_value=np.nan)
        time = time + (cause > 0)
    else:
        # ASSUME A03 an ending on the day of the first session counts half a day after it
        time = np.maximum(frame["weeks_observed"].to_numpy(dtype=float), 0.5 / 7)
    known = np.isfinite(time) & state.notna().to_numpy() & (time > 0)
    rows = np.flatnonzero(known)
    return TimeToEnding(rows, time[rows], cause[rows])


def _definitions(rows: EstimateRows, frame: pd.DataFrame, level: float) -> None:
    for definition in DROPOUT_DEFINITIONS:
        state = frame[f"dropout_{definition}"].astype("object")
        judged = state.isin(("dropout", "other_end")).to_numpy()
        top, bottom = int((state == "dropout").sum()), int(judged.sum())
        key: dict[str, Any] = {"term": "dropout", "definition": definition}
        if not bottom:
            note = "the extract does not hold what this definition needs"
            rows.add("proportion", status="not_measured", note=note, **key)
            continue
        rows.add_proportion(
            top,
            bottom,
            rate(top, bottom, conf_level=level),
            n_missing=len(frame) - bottom,
            note="of those who have ended; open episodes stand in the curves",
            **key,
        )


def _curves(
    rows: EstimateRows, ends: TimeToEnding, clock: str, level: float, key: dict[str, Any]
) -> None:
    grid = np.array([t for t in GRIDS[clock] if t <= ends.time.max()], dtype=float)
    if not len(grid):
        grid = np.array([float(ends.time.max())])
    everyone = len(ends.rows)
    incidence = aalen_johansen(ends.time, ends.cause, n_causes=len(CAUSES), conf_level=level)
    for j, term in enumerate(CAUSES):
        _curve(rows, "cumulative_incidence", incidence.cause(j + 1), grid, term, everyone, key)
    still = kaplan_meier(ends.time, ends.cause > 0, conf_level=level)
    _curve(rows, "survival_probability", still, grid, "still_in_therapy", everyone, key)
    alone = kaplan_meier(ends.time, ends.cause == 1, conf_level=level)
    _curve(rows, "survival_probability", alone, grid, "not_dropped_out", everyone, key)


def _curve(
    rows: EstimateRows,
    estimand: str,
    curve: Any,
    grid: FloatArray,
    term: str,
    everyone: int,
    key: dict[str, Any],
) -> None:
    read = curve.at(grid)
    for i, time in enumerate(grid):
        counts: dict[str, Any] = {
            "n_patients": int(read.at_risk[i]),
            "n_events": int(read.cumulative_events[i]),
            "denominator": everyone,
        }
        value = float(read.estimate[i])
        known = np.isfinite(value)
        rows.add(
            estimand,
            value if known else None,
            term=term,
            time=float(time),
            std_error=float(read.std_error[i]),
            conf_low=float(read.conf_low[i]),
            conf_high=float(read.conf_high[i]),
            conf_level=curve.conf_level,
            status="ok" if known else "not_estimable",
            note="" if known else "nobody is under observation so late",
            method=curve.method,
            **counts,
            **key,
        )


def _cox(
    rows: EstimateRows,
    data: AnalysisInput,
    frame: pd.DataFrame,
    ends: TimeToEnding,
    clock: str,
    key: dict[str, Any],
) -> pd.DataFrame:
    people = frame.iloc[ends.rows].reset_index(drop=True)
    baseline = people["first_score"].to_numpy(dtype=float)
    has_baseline = bool(np.isfinite(baseline).sum() >= 2)
    use = np.isfinite(baseline) if has_baseline else np.ones(len(people), dtype=bool)
    event = ends.cause[use] == 1
    model_key = {**key, "model": MODEL, "specification": SPECIFICATION}
    if not event.any():
        note = "nobody dropped out among those in the model"
        rows.add("hazard_ratio", term="model", status="not_estimable", note=note, **model_key)
        return COVARIANCES.empty()
    people = people[use].reset_index(drop=True)
    predictors = prepare_predictors(
        people, data.settings.predictors, data.settings.reference_levels
    )
    design = predictors.frame.copy()
    names = list(predictors.used)
    if has_baseline:
        design["baseline"] = (baseline[use] - baseline[use].mean()) / 5.0
        names.append("baseline")
    if not names:
        note = "no predictor is held in this cohort"
        rows.add("hazard_ratio", term="model", status="not_measured", note=note, **model_key)
        return COVARIANCES.empty()
    matrix, terms = design_matrix(" + ".join(["1", *names]), design)
    therapist = people["therapist_id"]
    clustered = therapist.notna().all() and therapist.nunique() > 1
    fit = fit_cox(
        ends.time[use],
        event,
        matrix[:, 1:],
        cluster=pd.factorize(therapist)[0] if clustered else None,
        term_names=[term.column for term in terms[1:]],
        conf_level=data.settings.conf_level,
    )
    left_out = [f"{name}: {reason}" for name, reason in predictors.left_out.items()]
    add_coefficients(
        rows,
        "hazard_ratio",
        fit,
        terms[1:],
        counts=people_at(design, terms[1:]),
        ratio=True,
        method=fit.method,
        note="; ".join((*fit.notes, *predictors.notes, *left_out)),
        n_events=int(event.sum()),
        n_missing=int((~use).sum()),
        denominator=int(use.sum()),
        n_therapists=fit.n_clusters,
        **model_key,
    )
    return covariance_frame(data.cohort, NAME, f"{MODEL}.{clock}", SPECIFICATION, terms[1:], fit)
