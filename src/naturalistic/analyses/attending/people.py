"""Who and what enters the models of attendance: one preparation for all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from naturalistic.analyses.attending.bookings import BoolArray, IntArray
from naturalistic.analyses.attending.definitions import FloatArray, number_of
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.model_rows import people_at
from naturalistic.analyses.predictors import Term, design_matrix, prepare_predictors

BASELINE, WAIT = "baseline", "wait_to_first_session"
POINTS, DAYS = 5.0, 28.0
WAIT_UNIT = "per 4 weeks"
FEWEST_THERAPISTS = 5
FEWEST_PER_TERM = 5


@dataclass(frozen=True, eq=False)
class ModelPeople:
    """People of a model of attendance and their predictors.

    Attributes
    ----------
    place : (n,) int array
        Rows of the frame that are in the model.
    matrix : (n, p) array
        Design with its constant.
    terms : tuple of Term
        Its columns.
    design : DataFrame
        One column a predictor, as prepared.
    therapist : (n,) int array or None
        Codes where a therapist effect is possible.
    patient : (n,) int array
        Codes of the persons (one person may have several episodes).
    notes : tuple of str
        What was done to predictors, what was left out, and why there is no therapist effect.
    n_missing : int
        People left out although the outcome is known.
    """

    place: IntArray
    matrix: FloatArray
    terms: tuple[Term, ...]
    design: pd.DataFrame
    therapist: IntArray | None
    patient: IntArray
    notes: tuple[str, ...]
    n_missing: int

    @property
    def names(self) -> list[str]:
        """Columns of the matrix."""
        return [term.column for term in self.terms]

    @property
    def counts(self) -> dict[str, int]:
        """People behind each column."""
        return people_at(self.design, self.terms)

    @property
    def n_therapists(self) -> int | None:
        """Therapists of the model; None without a therapist effect."""
        return None if self.therapist is None else len(np.unique(self.therapist))

    @property
    def caution(self) -> tuple[str, ...]:
        """That there are few people for so many coefficients; empty where there are enough."""
        people, terms = len(self.place), len(self.terms)
        if people >= FEWEST_PER_TERM * terms:
            return ()
        return (f"{people} people for {terms} coefficients: too few for any of them to be stable",)

    @property
    def cluster(self) -> tuple[IntArray, str]:
        """What the population-averaged twin allows to be alike, and its name."""
        if self.therapist is None:
            return self.patient, "patient"
        return self.therapist, "therapist"


def model_people(data: AnalysisInput, frame: pd.DataFrame, known: BoolArray) -> ModelPeople:
    """People whose outcome is known, with a score before therapy where the cohort has any.

    Predictors: those of the settings, the format of therapy, the wait for the first session, and the score before
    therapy. Where at least `FEWEST_THERAPISTS` therapists are recorded, people without a recorded therapist are left out.

    Parameters
    ----------
    data : AnalysisInput
        For predictors and reference levels.
    frame : DataFrame
        People who started.
    known : (n,) bool array
        Whose outcome is known.
    """
    baseline = frame["first_score"].to_numpy(dtype=float)
    scored = bool(np.isfinite(baseline[known]).sum() >= 2 and np.ptp(_finite(baseline[known])) > 0)
    use = known & np.isfinite(baseline) if scored else known.copy()
    use, why_none = _with_therapist(frame, use)
    people = frame[use].reset_index(drop=True)
    names = list(dict.fromkeys((*data.settings.predictors, "format")))
    design, used, notes = _design(data, people, names, baseline[use] if scored else None)
    matrix, terms = np.empty((0, 1)), [Term("Intercept", "Intercept", "", 0)]
    if len(people):
        matrix, terms = design_matrix(" + ".join(["1", *used]), design)
    therapist = people["therapist_id"]
    return ModelPeople(
        np.flatnonzero(use).astype(np.int64),
        matrix,
        tuple(replace(t, contrast=WAIT_UNIT) if t.term == WAIT else t for t in terms),
        design,
        None if why_none else pd.factorize(therapist, sort=True)[0].astype(np.int64),
        pd.factorize(people["patient_id"], sort=True)[0].astype(np.int64),
        (*notes, *([why_none] if why_none else [])),
        int((known & ~use).sum()),
    )


def _design(
    data: AnalysisInput, people: pd.DataFrame, names: list[str], baseline: FloatArray | None
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """One column a predictor, the names of those used, and what was done or left out."""
    predictors = prepare_predictors(people, names, data.settings.reference_levels)
    design, used = predictors.frame.copy(), list(predictors.used)
    notes = [*predictors.notes, *(f"{k}: {why}" for k, why in predictors.left_out.items())]
    wait = number_of(people, WAIT)
    if len(_finite(wait)) and np.ptp(_finite(wait)) > 0:
        # ASSUME A02 a missing number takes the mean
        design[WAIT] = np.nan_to_num((wait - _finite(wait).mean()) / DAYS)
        used.append(WAIT)
        notes += [f"{WAIT}: missing values set to the mean"] if np.isnan(wait).any() else []
    else:
        notes.append(f"{WAIT}: not held in this cohort, or the same for everyone")
    if baseline is not None:
        design[BASELINE] = (baseline - baseline.mean()) / POINTS
        used.append(BASELINE)
    else:
        notes.append("no score before therapy is held")
    return design, used, notes


def _with_therapist(frame: pd.DataFrame, use: BoolArray) -> tuple[BoolArray, str]:
    """Who stays in the model, and why it has no therapist effect (empty where it has one)."""
    recorded = frame["therapist_id"].notna().to_numpy()
    therapists = frame.loc[use & recorded, "therapist_id"].nunique()
    if not therapists:
        return use, "no therapist is recorded: no therapist effect"
    if therapists < FEWEST_THERAPISTS:
        return use, f"fewer than {FEWEST_THERAPISTS} therapists: no therapist effect"
    return use & recorded, ""


def _finite(values: FloatArray) -> FloatArray:
    return values[np.isfinite(values)]
