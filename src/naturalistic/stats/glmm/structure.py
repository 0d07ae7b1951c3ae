"""Random intercepts as linear algebra: none, or one grouping factor.

A structure knows which level each row belongs to and solves systems with

    H = I + S Z' W Z S,

the negative Hessian of the joint log density in the standardised random effects (S: diagonal of
standard deviations, Z: incidence of levels, W: row curvatures). One factor makes H diagonal.
Two factors live in `naturalistic.stats.glmm.two_factors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Effects = tuple[Array, ...]


def sum_by(index: NDArray[np.int64], values: Array, levels: int) -> Array:
    """Sums of `values` by `index`, shape (levels,)."""
    return np.bincount(index, values, levels).astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True)
class Leverage:
    """Selected entries of the inverse of H, spread to rows.

    Attributes
    ----------
    row : ndarray, shape (n,)
        Diagonal of ``Z S H^-1 S Z'``: conditional variance of each row's random part.
    by_factor : tuple of ndarray, shape (n,)
        For factor k, ``(Z S H^-1)[i, level of row i in k]``; their sum weighted with the
        standard deviations is `row`.
    """

    row: Array
    by_factor: Effects


class System(Protocol):
    """H for given row curvatures and standard deviations."""

    def solve(self, right: Effects) -> Effects:
        """``H^-1 right``."""

    def log_determinant(self) -> float:
        """``log |H|``."""

    def leverage(self) -> Leverage:
        """Selected entries of the inverse."""

    def inverse_diagonal(self) -> Effects:
        """Diagonal of ``H^-1`` for every factor."""


class Structure(Protocol):
    """Which random effects there are and how rows map to them."""

    @property
    def n_levels(self) -> tuple[int, ...]:
        """Number of levels of each factor."""

    def spread(self, standard_deviations: Array, effects: Effects) -> Array:
        """Random part of the linear predictor, ``Z S u``; (n,)."""

    def gather(self, rows: Array) -> Effects:
        """Sums of a row quantity by level, ``Z' rows``, for every factor."""

    def rows_of(self, factor: int, effects: Array) -> Array:
        """One factor's level values spread to rows, (n,)."""

    def system(self, curvature: Array, standard_deviations: Array) -> System:
        """H at these curvatures."""

    def shorten(self, steps: Effects, standard_deviations: Array, limit: float) -> Effects:
        """Newton steps cut so that no linear predictor moves by more than `limit`."""


@dataclass(frozen=True, slots=True)
class _DiagonalSystem:
    group: NDArray[np.int64]
    standard_deviation: float
    diagonal: Array

    def solve(self, right: Effects) -> Effects:
        return (right[0] / self.diagonal,)

    def log_determinant(self) -> float:
        return float(np.sum(np.log(self.diagonal)))

    def leverage(self) -> Leverage:
        by_row = (self.standard_deviation / self.diagonal)[self.group]
        return Leverage(self.standard_deviation * by_row, (by_row,))

    def inverse_diagonal(self) -> Effects:
        return (1.0 / self.diagonal,)


@dataclass(frozen=True, slots=True)
class OneFactor:
    """One random intercept.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
        Level of every row, 0 to `levels` - 1.
    levels : int
        Number of levels.
    """

    group: NDArray[np.int64]
    levels: int

    @property
    def n_levels(self) -> tuple[int, ...]:
        """Number of levels of each factor."""
        return (self.levels,)

    def spread(self, standard_deviations: Array, effects: Effects) -> Array:
        """See `Structure.spread`."""
        return (standard_deviations[0] * effects[0])[self.group]

    def gather(self, rows: Array) -> Effects:
        """See `Structure.gather`."""
        return (sum_by(self.group, rows, self.levels),)

    def rows_of(self, factor: int, effects: Array) -> Array:
        """See `Structure.rows_of`."""
        return effects[self.group]

    def system(self, curvature: Array, standard_deviations: Array) -> _DiagonalSystem:
        """See `Structure.system`: ``1 + sd^2 sum of curvatures`` for every level."""
        sd = float(standard_deviations[0])
        return _DiagonalSystem(self.group, sd, 1.0 + sd**2 * self.gather(curvature)[0])

    def shorten(self, steps: Effects, standard_deviations: Array, limit: float) -> Effects:
        """See `Structure.shorten`: each level by itself."""
        largest = limit / max(abs(float(standard_deviations[0])), 1e-300)
        return (np.clip(steps[0], -largest, largest),)


@dataclass(frozen=True, slots=True)
class _EmptySystem:
    rows: int

    def solve(self, right: Effects) -> Effects:
        return ()

    def log_determinant(self) -> float:
        return 0.0

    def leverage(self) -> Leverage:
        return Leverage(np.zeros(self.rows), ())

    def inverse_diagonal(self) -> Effects:
        return ()


@dataclass(frozen=True, slots=True)
class NoFactor:
    """No random effect: the plain generalised linear model on `rows` rows."""

    rows: int
    n_levels: tuple[int, ...] = ()

    def spread(self, standard_deviations: Array, effects: Effects) -> Array:
        """Zeros."""
        return np.zeros(self.rows)

    def gather(self, rows: Array) -> Effects:
        """Nothing to gather."""
        return ()

    def rows_of(self, factor: int, effects: Array) -> Array:
        """There is no factor to spread."""
        raise IndexError("a model without random effects has no levels")

    def system(self, curvature: Array, standard_deviations: Array) -> _EmptySystem:
        """The empty system."""
        return _EmptySystem(self.rows)

    def shorten(self, steps: Effects, standard_deviations: Array, limit: float) -> Effects:
        """Nothing to shorten."""
        return ()
