"""Profiled (restricted) likelihood of a linear mixed model from its reduced rows.

For given theta the random effects are swept out level by level, the fixed effects and the residual
variance are profiled (Bates, Maechler, Bolker and Walker 2015, Journal of Statistical Software
67(1), eqs. 34 and 41):

    ML     d = log|V| + n (1 + log(2 pi rss / n))
    REML   d = log|V| + log|X'V^-1 X| + (n - p) (1 + log(2 pi rss / (n - p)))

with V relative to the residual variance and rss the generalised residual sum of squares.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg

from naturalistic.stats.lmm.blocks import FloatArray, sum_by, sweep, weighted_crossproduct
from naturalistic.stats.lmm.crossed import (
    CrossedUpper,
    UpperSystem,
    UpperUnits,
    sweep_crossed,
    upper_system,
)
from naturalistic.stats.lmm.patients import sweep_patients
from naturalistic.stats.lmm.statistics import ReducedRows, sum_products
from naturalistic.stats.lmm.structure import RandomStructure


@dataclass(frozen=True, slots=True)
class LevelState:
    """One nested upper level at a given theta: packed blocks and products of its units."""

    gram: FloatArray
    products: FloatArray
    weight: FloatArray


@dataclass(frozen=True, slots=True)
class SweptModel:
    """The cross-products with every random effect swept out.

    Attributes
    ----------
    log_determinant : float
        ``log|V|``, relative to the residual variance.
    gram : ndarray, shape (m, m)
        ``[X, y]'V^-1[X, y]`` of the inner (centred, scaled) columns.
    nested : tuple of LevelState
        Therapist and service states where every group lies in one group of the next level.
    crossed : CrossedUpper or None
        The solved joint system otherwise.
    """

    log_determinant: float
    gram: FloatArray
    nested: tuple[LevelState, ...]
    crossed: CrossedUpper | None


@dataclass(frozen=True, eq=False)
class LinearMixedLikelihood:
    """The likelihood of one model on one set of reduced rows.

    Attributes
    ----------
    rows : ReducedRows
    structure : RandomStructure
    upper : UpperUnits
        Which therapist and service each cell belongs to.
    reml : bool
    """

    rows: ReducedRows
    structure: RandomStructure
    upper: UpperUnits
    reml: bool

    @cached_property
    def upper_system(self) -> UpperSystem:
        """The pattern of the joint system of upper effects that are not nested."""
        return upper_system(self.rows, self.structure, self.upper)

    def sweep(self, theta: FloatArray) -> SweptModel:
        """Sweep every random effect out of the cross-products at `theta`."""
        rows, structure = self.rows, self.structure
        weights = structure.weights(theta)
        patients = sweep_patients(rows, structure, theta)
        sums = patients.cells
        gram = np.tensordot(weights, rows.total, axes=1) - patients.loss
        log_determinant = patients.log_determinant
        log_determinant -= float(np.log(weights) @ rows.stratum_rows)
        if sums is None:
            return SweptModel(log_determinant, gram, (), None)
        if not self.upper.nested:
            crossed, movers = sweep_crossed(
                rows, structure, self.upper, self.upper_system, sums, theta
            )
            log_determinant += crossed.log_determinant + movers.log_determinant
            return SweptModel(log_determinant, gram - crossed.loss - movers.loss, (), crossed)
        states = []
        block, products = sums.gram, sums.products
        levels = zip(structure.upper, self.upper.chain, self.upper.counts, strict=True)
        for level, group, count in levels:
            block = sum_by(block, group, count)
            products = sum_products(products, group, count)
            swept = sweep(block, level.covariance(theta))
            log_determinant += float(np.log(swept.determinant).sum())
            gram = gram - weighted_crossproduct(swept.weight, products)
            states.append(LevelState(block, products, swept.weight))
            products = np.einsum("rcu,cum->rum", swept.shrink, products)
            block = swept.passed
        return SweptModel(log_determinant, gram, tuple(states), None)

    def evaluate(self, theta: FloatArray) -> Evaluation:
        """Profile the fixed effects and the residual variance at `theta`.

        Raises
        ------
        numpy.linalg.LinAlgError
            When the fixed effects are not identified at `theta`.
        """
        swept = self.sweep(theta)
        terms = self.rows.terms
        cross = swept.gram[:terms, terms]
        factor = linalg.cho_factor(swept.gram[:terms, :terms], lower=True, check_finite=False)
        inner = linalg.cho_solve(factor, cross, check_finite=False)
        rss = float(swept.gram[terms, terms] - cross @ inner)
        log_fixed = 0.0
        if self.reml:
            # the scales bring |X'V^-1 X| back to the original columns; centring has Jacobian one
            log_fixed = 2.0 * float(
                np.log(np.diag(factor[0])).sum() + np.log(self.rows.transform.scale).sum()
            )
        degrees = self.rows.rows - terms if self.reml else self.rows.rows
        return Evaluation(
            theta, swept, inner, factor[0], rss, swept.log_determinant + log_fixed, degrees
        )


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The profiled model at one theta.

    Attributes
    ----------
    theta : ndarray
    swept : SweptModel
    inner : ndarray, shape (p,)
        Coefficients of the inner columns.
    factor : ndarray, shape (p, p)
        Lower Cholesky factor of ``X'V^-1 X`` (inner columns; upper triangle meaningless).
    rss : float
        Generalised residual sum of squares.
    log_determinant : float
        ``log|V|``, plus ``log|X'V^-1 X|`` under REML.
    degrees : int
        n - p under REML, n under ML.
    """

    theta: FloatArray
    swept: SweptModel
    inner: FloatArray
    factor: FloatArray
    rss: float
    log_determinant: float
    degrees: int

    @property
    def residual_variance(self) -> float:
        """Profiled residual variance (of the first stratum)."""
        return self.rss / self.degrees

    @property
    def deviance(self) -> float:
        """Minus twice the profiled log-likelihood (restricted under REML)."""
        return self.log_determinant + self.degrees * (
            1.0 + float(np.log(2.0 * np.pi * self.rss / self.degrees))
        )

    def deviance_at(self, sigma: float) -> float:
        """Minus twice the log-likelihood with the residual SD held at `sigma`."""
        return (
            self.log_determinant
            + self.rss / sigma**2
            + self.degrees * float(np.log(2.0 * np.pi * sigma**2))
        )

    def inverse_information(self) -> FloatArray:
        """``(X'V^-1 X)^-1`` of the inner columns, shape (p, p)."""
        return linalg.cho_solve((self.factor, True), np.eye(len(self.inner)))
