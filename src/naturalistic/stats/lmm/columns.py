"""Centring, scaling and rank of the fixed-effect columns, and the shared random-effect columns.

Everything inside the engine works on centred columns, so that adding a constant to the outcome or
to a covariate changes nothing but the intercept; this module knows the way there and back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from naturalistic.stats.lmm.blocks import FloatArray

# A column is called a linear combination of earlier ones when they leave less than this share of
# its sum of squares (about its mean). Cross-products square the condition number, so the share
# corresponds to a QR tolerance of 1e-5.
ALIAS_TOLERANCE = 1e-10

_CHUNK = 250_000


@dataclass(frozen=True, slots=True)
class ColumnTransform:
    """Centre and scale of the outcome and of the design columns kept in the model.

    Attributes
    ----------
    mean, scale : ndarray, shape (p,)
        The engine works with ``(x - mean) / scale``; `mean` is zero throughout when the design has
        no constant column, because centring would then change the model.
    outcome_mean : float
        Subtracted from the outcome; zero without a constant column.
    intercept : int or None
        Position of the constant column.
    intercept_value : float
        Value held by the constant column.
    """

    mean: FloatArray
    scale: FloatArray
    outcome_mean: float
    intercept: int | None
    intercept_value: float

    def jacobian(self) -> FloatArray:
        """Matrix from inner coefficients to coefficients of the original columns, shape (p, p)."""
        matrix = np.diag(1.0 / self.scale)
        if self.intercept is not None:
            matrix[self.intercept] -= self.mean / self.scale / self.intercept_value
        return matrix

    def coefficients(self, inner: FloatArray) -> FloatArray:
        """Coefficients of the original columns from the inner ones."""
        outer = self.jacobian() @ inner
        if self.intercept is not None:
            outer[self.intercept] += self.outcome_mean / self.intercept_value
        return outer

    def keep(self, kept: list[int]) -> ColumnTransform:
        """The transform of a subset of the columns."""
        intercept = kept.index(self.intercept) if self.intercept in kept else None
        return ColumnTransform(
            self.mean[kept], self.scale[kept], self.outcome_mean, intercept, self.intercept_value
        )


def centre_columns(outcome: FloatArray, design: FloatArray) -> ColumnTransform:
    """Means of the columns and of the outcome, in slices of rows; scales are set to one."""
    rows, width = design.shape
    total = np.zeros(width)
    constant = design[0] != 0.0
    for start in range(0, rows, _CHUNK):
        part = design[start : start + _CHUNK]
        total += part.sum(axis=0)
        if constant.any():
            constant &= (part == design[0]).all(axis=0)
    found = np.flatnonzero(constant)
    if not found.size:
        return ColumnTransform(np.zeros(width), np.ones(width), 0.0, None, 1.0)
    mean = total / rows
    mean[found[0]] = 0.0
    mean[found[1:]] = design[0, found[1:]]  # exactly, so that a second constant column is all zero
    return ColumnTransform(
        mean, np.ones(width), float(outcome.mean()), int(found[0]), float(design[0, found[0]])
    )


@dataclass(frozen=True, slots=True)
class RankCheck:
    """Which columns stay in the model and which are linear combinations of earlier ones."""

    kept: list[int]
    aliased: list[int]
    combinations: list[FloatArray]

    def describe(self, terms: tuple[str, ...], transform: ColumnTransform) -> list[str]:
        """One sentence for every aliased column, naming the columns that determine it."""
        sentences = []
        for column, weights in zip(self.aliased, self.combinations, strict=True):
            used = [self.kept[k] for k in np.flatnonzero(np.abs(weights) > 1e-6)]
            if transform.intercept is not None and abs(transform.mean[column]) > 0:
                used = sorted({transform.intercept, *used})
            names = ", ".join(terms[k] for k in used)
            sentences.append(
                f"{terms[column]} was left out: it is a linear combination of {names}"
                if names
                else f"{terms[column]} was left out: it is zero in every row"
            )
        return sentences


def check_rank(gram: FloatArray, tolerance: float = ALIAS_TOLERANCE) -> RankCheck:
    """Find columns that earlier columns determine, from their cross-products.

    Parameters
    ----------
    gram : ndarray, shape (p, p)
        Cross-products of the (centred) design columns. Columns are taken in the given order, so the
        first of a set of collinear columns stays, as in R.
    tolerance : float
        Share of a column's sum of squares below which what the earlier columns leave is nothing.
    """
    size = np.diag(gram)
    kept: list[int] = []
    aliased: list[int] = []
    combinations: list[FloatArray] = []
    for column in range(gram.shape[0]):
        weights = np.zeros(len(kept))
        left = size[column]
        if kept and left > 0.0:
            scale = np.sqrt(size[kept])
            block = gram[np.ix_(kept, kept)] / np.outer(scale, scale)
            weights = linalg.solve(block, gram[kept, column] / scale, assume_a="pos") / scale
            left = size[column] - gram[kept, column] @ weights
        if left > tolerance * size[column]:
            kept.append(column)
        else:
            aliased.append(column)
            combinations.append(weights)
    return RankCheck(kept, aliased, [np.pad(w, (0, len(kept) - len(w))) for w in combinations])


@dataclass(frozen=True, slots=True)
class RandomColumns:
    """The columns that carry every random effect: the same for patient, therapist and service.

    Attributes
    ----------
    kind : str
        ``intercept`` (a column of ones), ``time`` (ones and standardised time) or ``occasions``
        (indicators of two occasions).
    time_mean, time_scale : float
        Inner time is ``(time - time_mean) / time_scale``.
    occasions : tuple of float
        The two values of time behind ``occasions``, in rising order; empty otherwise.
    """

    kind: str
    time_mean: float = 0.0
    time_scale: float = 1.0
    occasions: tuple[float, ...] = ()

    @property
    def count(self) -> int:
        """Number of columns."""
        return 1 if self.kind == "intercept" else 2

    @property
    def strata(self) -> int:
        """Number of groups of rows with a residual variance of their own."""
        return 2 if self.kind == "occasions" else 1

    def rows(self, time: FloatArray | None, length: int) -> FloatArray:
        """The columns for a slice of rows, shape (count, rows)."""
        if self.kind == "intercept" or time is None:
            return np.ones((1, length))
        if self.kind == "time":
            return np.stack([np.ones(length), (time - self.time_mean) / self.time_scale])
        last = (time == self.occasions[1]).astype(np.float64)
        return np.stack([1.0 - last, last])

    def loading(self, slope: bool) -> FloatArray:
        """How a level's effects (intercept, or intercept and slope) load on the columns."""
        if self.kind == "occasions":
            times = (np.array(self.occasions) - self.time_mean) / self.time_scale
            return np.column_stack([np.ones(2), times]) if slope else np.ones((2, 1))
        return np.eye(self.count)[:, : 2 if slope else 1]

    def to_original_time(self, effects: int) -> FloatArray:
        """Matrix from effects on inner time to effects on the original time."""
        if effects == 1:
            return np.eye(1)
        return np.array([[1.0, -self.time_mean / self.time_scale], [0.0, 1.0 / self.time_scale]])
