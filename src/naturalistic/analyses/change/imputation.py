"""Completed data sets of everyone who started: what goes into the imputation, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.change.people import FloatArray, Started
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.predictors import SMALLEST_LEVEL, design_matrix, prepare_predictors
from naturalistic.stats.clustered_means import ChangeOfCompleted, Grouping, change_of_completed
from naturalistic.stats.multiple_imputation import Imputations, impute_by_chained_equations

FEWEST_PAIRS = 20
PAIRS_A_COLUMN = 10
INTERIM = "last score on the way"
_INTERIM_SHARE = 0.1
#: A column whose part that others do not explain is smaller than this share of it is determined by them.
_DEPENDENT = 1e-9


@dataclass(frozen=True)
class Auxiliaries:
    """Columns that predict scores and who has them.

    Attributes
    ----------
    complete : ndarray, shape (n_people, q)
        Dummies of ending and characteristics, sessions attended; no gaps, no constant.
    interim : ndarray, shape (n_people,) or None
        Last score between the first and the last, NaN where none; None where hardly anybody has one.
    words : str
        What is in it.
    """

    complete: FloatArray
    interim: FloatArray | None
    words: str


@dataclass(frozen=True)
class Completed:
    """m completed data sets of everyone who started.

    Attributes
    ----------
    first, improvement : ndarray, shape (m, n_people)
        First scores and improvements, positive is better.
    away : ndarray of bool, shape (n_people,)
        Who has no last form.
    imputations : Imputations
        Chains; column 0 the first, column 1 the last score.
    grouping : Grouping
        Therapists, or people on their own.
    words : str
        Method in words.
    """

    first: FloatArray
    improvement: FloatArray
    away: npt.NDArray[np.bool_]
    imputations: Imputations
    grouping: Grouping
    words: str

    def change(self) -> ChangeOfCompleted:
        """Mean and standardised improvement of each data set."""
        return change_of_completed(self.first, self.improvement, self.grouping)


def auxiliaries(data: AnalysisInput, people: Started) -> Auxiliaries:
    """Ending, sessions attended, the predictors of the settings, and the last score on the way."""
    frame = people.frame
    used = prepare_predictors(frame, data.settings.predictors, data.settings.reference_levels)
    blocks, words = [], []
    if used.used:
        blocks.append(design_matrix(used.formula, used.frame)[0][:, 1:])
        words += list(used.used)
    ending = _dummies(frame["ending"])
    if ending.shape[1]:
        blocks.append(ending)
        words.append("ending")
    sessions = frame["sessions_attended"].to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isfinite(sessions).any() and np.nanmax(sessions) > np.nanmin(sessions):
        # ASSUME A24: sessions attended that are not recorded take the median where they help to predict a score.
        logged = np.log1p(np.where(np.isfinite(sessions), sessions, np.nanmedian(sessions)))
        blocks.append(logged[:, np.newaxis])
        words.append("sessions attended")
    complete = np.column_stack(blocks) if blocks else np.empty((people.n, 0))
    complete = complete[:, _informative(complete, people.paired)]
    interim = _interim(data, people)
    words += [] if interim is None else [INTERIM]
    return Auxiliaries(complete, interim, ", ".join(words))


def usable_auxiliaries(data: AnalysisInput, people: Started) -> Auxiliaries:
    """`auxiliaries`, without the complete columns where there are too few pairs to learn from them."""
    found = auxiliaries(data, people)
    if found.complete.shape[1] <= int(people.paired.sum()) // PAIRS_A_COLUMN - 2:
        return found
    words = "the other score only: too few pairs for more"
    return Auxiliaries(found.complete[:, :0], found.interim, words)


def _dummies(words: pd.Series) -> FloatArray:
    """Dummy variables of the levels with enough people; the most frequent level has none."""
    counts = words.astype("object").value_counts()
    levels = sorted(counts.index[counts >= SMALLEST_LEVEL], key=lambda w: (-counts[w], str(w)))
    columns = [(words == level).to_numpy(dtype=np.float64) for level in levels[1:]]
    return np.column_stack(columns) if columns else np.empty((len(words), 0))


def _informative(columns: FloatArray, rows: npt.NDArray[np.bool_]) -> list[int]:
    """Columns that vary among these rows and are not determined by those before them."""
    kept: list[int] = []
    here = columns[rows]
    basis = np.full((len(here), 1), 1.0 / np.sqrt(max(len(here), 1)))
    for j in range(here.shape[1]):
        rest = here[:, j] - basis @ (basis.T @ here[:, j])
        rest -= basis @ (basis.T @ rest)  # once more: rounding leaves some of what was taken off
        size = float(np.linalg.norm(rest))
        if size > _DEPENDENT * float(np.linalg.norm(here[:, j])):
            basis, kept = np.column_stack([basis, rest / size]), [*kept, j]
    return kept


def _interim(data: AnalysisInput, people: Started) -> FloatArray | None:
    """Last score strictly between the first and the last form of each person."""
    scores = data.tables.get("scores")
    if scores is None or not len(scores):
        return None
    primary = data.settings.primary
    chosen = scores[
        (scores["instrument"] == primary.instrument)
        & (scores["scale"] == primary.scale)
        & scores["score"].notna()
        & scores["date"].notna()
    ].merge(people.frame[["referral_id", "first_date", "last_date"]], on="referral_id")
    between = (chosen["date"] > chosen["first_date"]) & ~(chosen["date"] >= chosen["last_date"])
    chosen = chosen[between.fillna(False)]
    last = (
        chosen.sort_values(["referral_id", "date", "score"]).groupby("referral_id")["score"].last()
    )
    values = people.frame["referral_id"].map(last).to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(values) & people.paired
    enough = known.sum() >= max(FEWEST_PAIRS, _INTERIM_SHARE * people.n)
    return values if enough and np.ptp(values[known]) > 0 else None


def complete_data(
    data: AnalysisInput, people: Started, rng: np.random.Generator
) -> Completed | str:
    """Impute first and last scores of everyone who started, or say why that cannot be done.

    Parameters
    ----------
    data : AnalysisInput
        Settings: ``missing_outcomes`` and ``resampling``.
    people : Started
    rng : numpy.random.Generator
    """
    pairs = int(people.paired.sum())
    if (
        pairs < FEWEST_PAIRS
        or min(np.ptp(s[people.paired]) for s in (people.first, people.last)) == 0
    ):
        return f"fewer than {FEWEST_PAIRS} people with both forms, or no spread in their scores"
    found = usable_auxiliaries(data, people)
    complete, words = found.complete, found.words
    blocks = [people.first, people.last]
    blocks += [] if found.interim is None else [found.interim]
    therapist = people.therapists()
    choice = data.settings.missing_outcomes
    filled = impute_by_chained_equations(
        np.column_stack([*blocks, complete]),
        rng=rng,
        methods=choice.imputation,
        cluster=therapist,
        imputations=data.settings.resampling.imputations,
        iterations=choice.iterations,
    )
    first, last = filled.completed[:, :, 0], filled.completed[:, :, 1]
    change = first - last if people.better_is == "lower" else last - first
    carried = "with" if therapist is not None else "without"
    method = "values matched" if choice.imputation == "predictive_mean_matching" else "normal draws"
    return Completed(
        first,
        change,
        np.isnan(people.last),
        filled,
        Grouping.of(people.n, therapist),
        f"multiple imputation by chained equations, {method}, {data.settings.resampling.imputations} data sets, "
        f"{carried} therapist effects; from {words}; Rubin's rules, Barnard-Rubin df",
    )
