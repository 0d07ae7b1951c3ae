"""Who and what enters the models of dropout: one preparation for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.leaving.clocks import FloatArray, IntArray, TimeToEnding
from naturalistic.analyses.model_rows import people_at
from naturalistic.analyses.predictors import (
    NOT_RECORDED,
    SMALL_GROUPS,
    Term,
    design_matrix,
    prepare_predictors,
)
from naturalistic.vocabulary import CHARACTERISTICS

BASELINE = "baseline"  # the score before therapy, per 5 points


@dataclass(frozen=True)
class ModelPeople:
    """Rows, covariates and clusters of a model of dropout.

    Attributes
    ----------
    time, cause : (n,)
        As in `TimeToEnding`.
    matrix : (n, p)
        Covariates without a constant.
    terms : tuple of Term
        Its columns.
    design : DataFrame
        One column a predictor, as prepared.
    therapist : (n,) int array or None
        Codes of the therapists where every row has one and there are several.
    recorded_therapist : (n,) int array
        Codes with -1 where none is recorded.
    notes : tuple of str
        What was done to predictors, and what was left out.
    n_missing : int
        People left out because they have no score before therapy.
    obstacle : tuple of str
        Status and reason where there can be no model; empty otherwise.
    entry : (n,) or None
        As in `TimeToEnding`.
    centres : mapping of str to float
        Mean of each number, in its own unit: where its column is zero.
    row : (n,) positions in the frame of everyone who started.
    """

    time: FloatArray
    cause: IntArray
    matrix: FloatArray
    terms: tuple[Term, ...]
    design: pd.DataFrame
    therapist: IntArray | None
    recorded_therapist: IntArray
    notes: tuple[str, ...]
    n_missing: int
    obstacle: tuple[str, ...] = field(default=())
    entry: FloatArray | None = None
    centres: Mapping[str, float] = field(default_factory=dict)
    row: npt.NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))

    @property
    def names(self) -> list[str]:
        """Columns of the matrix."""
        return [term.column for term in self.terms]

    @property
    def dropped(self) -> npt.NDArray[np.bool_]:
        """Who dropped out."""
        return self.cause == 1

    @property
    def n_events(self) -> int:
        """How many dropped out."""
        return int(self.dropped.sum())

    @property
    def events_per_parameter(self) -> float:
        """Dropouts per column of the matrix."""
        return self.n_events / max(len(self.terms), 1)

    @property
    def people(self) -> dict[str, int]:
        """People behind each column."""
        return people_at(self.design, self.terms)

    @property
    def events(self) -> dict[str, int]:
        """Dropouts behind each column: at that level, or all of them for a number."""
        return people_at(self.design[self.dropped], self.terms)

    def columns_of(self, predictor: str) -> list[int]:
        """Positions of the columns of one predictor."""
        return [i for i, term in enumerate(self.terms) if term.term == predictor]


def model_people(
    data: AnalysisInput, frame: pd.DataFrame, ends: TimeToEnding, *, join_empty: bool = False
) -> ModelPeople:
    """Rows with a score before therapy (where the cohort has any), and their predictors.

    Parameters
    ----------
    data : AnalysisInput
        For predictors and reference levels.
    frame : DataFrame
        People who started.
    ends : TimeToEnding
        Who of them can be placed on the clock.
    join_empty : bool
        Levels at which nobody dropped out, or nobody ended otherwise, are put together with the small levels, so that
        every coefficient of both hazards is finite; the notes name them.
    """
    people = frame.iloc[ends.rows].reset_index(drop=True)
    baseline = people["first_score"].to_numpy(dtype=float)
    scored = bool(np.isfinite(baseline).sum() >= 2)
    known = np.isfinite(baseline) if scored else np.ones(len(people), dtype=bool)
    names = list(data.settings.predictors)
    use = np.flatnonzero(known)[_by_contents(people[known], ends, known, names)]
    people, cause = people.iloc[use].reset_index(drop=True), ends.cause[use]
    joined: tuple[str, ...] = ()
    if join_empty:
        people, names, joined = _join_empty(people, cause, names)
    predictors = prepare_predictors(people, names, data.settings.reference_levels)
    design, used = predictors.frame.copy(), list(predictors.used)
    if scored and np.ptp(baseline[use]) > 0:
        design[BASELINE] = (baseline[use] - baseline[use].mean()) / 5.0
        used.append(BASELINE)
    codes = pd.factorize(people["therapist_id"], sort=True)[0].astype(np.int64)
    clustered = bool(len(codes) and (codes >= 0).all() and len(np.unique(codes)) > 1)
    matrix, terms, obstacle = _columns(design, used, cause)
    left_out = [f"{name}: {reason}" for name, reason in predictors.left_out.items()]
    return ModelPeople(
        time=ends.time[use],
        cause=cause,
        matrix=matrix,
        terms=tuple(terms),
        design=design,
        therapist=codes if clustered else None,
        recorded_therapist=codes,
        notes=(*predictors.notes, *joined, *left_out),
        n_missing=len(ends.rows) - len(use),
        obstacle=obstacle,
        entry=None if ends.entry is None else ends.entry[use],
        centres=_centres(people, design.columns, float(baseline[use].mean()) if scored else np.nan),
        row=ends.rows[use],
    )


def _columns(
    design: pd.DataFrame, used: list[str], cause: IntArray
) -> tuple[FloatArray, list[Term], tuple[str, ...]]:
    """Covariates without a constant and what they are; or status and reason why there is no model."""
    nothing = np.empty((len(design), 0))
    if not (cause == 1).any():
        return nothing, [], ("not_estimable", "nobody dropped out among those in the model")
    if not used:
        return nothing, [], ("not_measured", "no predictor is held in this cohort")
    matrix, terms = design_matrix(" + ".join(["1", *used]), design)
    return matrix[:, 1:], terms[1:], ()


def _by_contents(
    people: pd.DataFrame, ends: TimeToEnding, use: npt.NDArray[np.bool_], names: list[str]
) -> npt.NDArray[np.intp]:
    """Order that depends on what the rows say alone: no sum's last digit hangs on how the extract was sorted."""
    columns = [people[name] for name in names if name in people.columns]
    keys = [column.astype("string").fillna("").to_numpy(dtype=str) for column in columns]
    entry = [] if ends.entry is None else [ends.entry[use]]
    score = people["first_score"].to_numpy(dtype=float)
    return np.lexsort([*keys, *entry, score, ends.cause[use], ends.time[use]])


def _centres(people: pd.DataFrame, used: Iterable[str], baseline: float) -> dict[str, float]:
    numbers = [name for name in used if name in CHARACTERISTICS and CHARACTERISTICS[name].numeric]
    found = {name: float(people[name].astype("float64").mean()) for name in numbers}
    return {**found, BASELINE: baseline}


def _join_empty(
    people: pd.DataFrame, cause: IntArray, names: list[str]
) -> tuple[pd.DataFrame, list[str], tuple[str, ...]]:
    """Levels without a dropout or without another ending, joined; predictors that stay empty are left out."""
    people, notes, kept = people.copy(), list[str](), list[str]()
    for name in names:
        if name not in people.columns or CHARACTERISTICS[name].numeric or people[name].isna().all():
            kept.append(name)
            continue
        words = people[name].astype("object").where(people[name].notna(), NOT_RECORDED)
        empty = _without_events(words, cause)
        if not empty:
            kept.append(name)
            continue
        words = words.where(~words.isin(empty), SMALL_GROUPS)
        if SMALL_GROUPS in _without_events(words, cause):
            notes.append(f"{name}: left out, no event at {', '.join(empty)}")
            continue
        people[name] = words
        kept.append(name)
        notes.append(f"{name}: no event at {', '.join(empty)}, joined with small groups")
    return people, kept, tuple(notes)


def _without_events(words: pd.Series, cause: IntArray) -> list[str]:
    dropped = words[cause == 1].value_counts()
    otherwise = words[cause > 1].value_counts()
    levels = sorted(words.unique())
    compete = bool((cause > 1).any())
    return [w for w in levels if dropped.get(w, 0) == 0 or (compete and otherwise.get(w, 0) == 0)]
