"""Predictors of the pre-declared adjusted model as a design matrix."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.vocabulary import CHARACTERISTICS

# ASSUME A01 a level with fewer people than this gets no coefficient of its own
SMALLEST_LEVEL = 10
SMALL_GROUPS = "small_groups_together"
NOT_RECORDED = "not_recorded"
NUMERIC_UNITS = {"age": (10.0, "per 10 years"), "deprivation_decile": (1.0, "per decile")}
READY_UNITS = {"baseline": "per 5 points"}
"""What one unit is of columns that a model's people are given ready scaled."""


@dataclass(frozen=True)
class Term:
    """One column of a design matrix.

    Attributes
    ----------
    column : str
        Name of the column.
    term : str
        Characteristic or covariate.
    contrast : str
        Level against reference level, or the unit of a number; empty for the intercept.
    n : int
        People at that level; everybody for a number.
    """

    column: str
    term: str
    contrast: str
    n: int


@dataclass(frozen=True)
class Predictors:
    """Prepared predictors of a set of rows.

    Attributes
    ----------
    frame : DataFrame
        One column a predictor: numbers centred and scaled, levels as categories with the reference first.
    used : tuple of str
        Predictors in the frame.
    left_out : mapping of str to str
        Predictors that cannot be used, and why.
    notes : tuple of str
        What was done to levels.
    """

    frame: pd.DataFrame
    used: tuple[str, ...]
    left_out: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def formula(self) -> str:
        """Right-hand side of the model in Wilkinson notation."""
        return " + ".join(("1", *self.used))


def prepare_predictors(
    frame: pd.DataFrame, names: Sequence[str], reference_levels: Mapping[str, str]
) -> Predictors:
    """Predictors ready for a model: everyone stays in, small levels share one coefficient, nothing is silent.

    A missing level becomes the level "not recorded"; a missing number takes the mean, which moves no other coefficient
    of a linear model much and keeps the person; both are noted.
    # ASSUME A02 missing predictor values: own level, or the mean

    Parameters
    ----------
    frame : DataFrame
        One row a person or episode.
    names : sequence of str
        Characteristics of the vocabulary.
    reference_levels : mapping
        Reference level of each characteristic; the most frequent level where none is named or it does not occur.
    """
    columns: dict[str, pd.Series] = {}
    left_out: dict[str, str] = {}
    notes: list[str] = []
    for name in names:
        if name not in frame.columns or frame[name].isna().all():
            left_out[name] = "not held in this cohort"
            continue
        if CHARACTERISTICS[name].numeric:
            column, note = _number(frame[name], name)
        else:
            column, note = _levels(frame[name], reference_levels.get(name))
        if column is None:
            left_out[name] = note
        else:
            columns[name] = column
            notes += [f"{name}: {note}"] if note else []
    return Predictors(
        pd.DataFrame(columns, index=frame.index), tuple(columns), left_out, tuple(notes)
    )


_SLICE = 200_000


def design_matrix(formula: str, frame: pd.DataFrame) -> tuple[npt.NDArray[np.float64], list[Term]]:
    """Design matrix of a formula and what each column means; treatment contrasts against the first level."""
    from formulaic import model_matrix

    # in slices of rows, because formulaic holds what it makes several times over; levels are those of the whole frame
    matrix = model_matrix(formula, frame.iloc[:_SLICE], na_action="raise")
    names = [str(name) for name in matrix.columns]
    values = np.empty((len(frame), len(names)))
    for start in range(0, max(len(frame), 1), _SLICE):
        part = frame.iloc[start : start + _SLICE]
        values[start : start + _SLICE] = (
            matrix if not start else matrix.model_spec.get_model_matrix(part)
        )
    return values, [_term(name, frame, values[:, i]) for i, name in enumerate(names)]


def _number(values: pd.Series, name: str) -> tuple[pd.Series | None, str]:
    numbers = values.astype("float64")
    if numbers.nunique() < 2:
        return None, "everyone has the same value"
    unit, _ = NUMERIC_UNITS.get(name, (1.0, ""))
    missing = int(numbers.isna().sum())
    scaled = ((numbers - numbers.mean()) / unit).fillna(0.0)
    return scaled, "missing values set to the mean" if missing else ""


def _levels(values: pd.Series, reference: str | None) -> tuple[pd.Series | None, str]:
    words = values.astype("object").where(values.notna(), NOT_RECORDED)
    counts = words.value_counts()
    small = sorted(counts.index[counts < SMALLEST_LEVEL])
    note = ""
    if small:
        words = words.where(~words.isin(small), SMALL_GROUPS)
        counts = words.value_counts()
        note = f"levels with fewer than {SMALLEST_LEVEL} people share one coefficient"
    if len(counts) < 2:
        return None, "everyone is at the same level"
    # ties are broken by name, so that the order of rows does not matter
    frequent = sorted(counts.index, key=lambda level: (-counts[level], level))
    real = [level for level in frequent if level not in (SMALL_GROUPS, NOT_RECORDED)]
    first = reference if reference in counts.index else (real or frequent)[0]
    order = [first, *sorted(level for level in counts.index if level != first)]
    return pd.Series(pd.Categorical(words, categories=order), index=values.index), note


_LEVEL = re.compile(r"^(?P<name>\w+)\[T?\.?(?P<level>.+)\]$")


def _term(column: str, frame: pd.DataFrame, values: npt.NDArray[np.float64]) -> Term:
    parts = [_part(part, frame) for part in column.split(":")]
    term = ":".join(name for name, _ in parts)
    contrast = ":".join(contrast for _, contrast in parts if contrast)
    indicator = bool(np.isin(values, (0.0, 1.0)).all())
    return Term(column, term, contrast, int(values.sum()) if indicator else len(values))


def _part(part: str, frame: pd.DataFrame) -> tuple[str, str]:
    if match := _LEVEL.match(part):
        name, level = match["name"], match["level"]
        return name, f"{level} vs {frame[name].cat.categories[0]}"
    return part, READY_UNITS.get(part) or NUMERIC_UNITS.get(part, (1.0, ""))[1]
