"""REML of correlated estimates with random effects of several kinds: services in trusts, several coefficients at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_NOTHING = 1e-12  # a variance this small in units of the data's own spread
_ALIKE = 1e-6  # of the typical standard error within services
_GRADIENT = 1e-9  # of the restricted log-likelihood by a standard deviation in units of the data's own spread


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """Random effects shared by the estimates of one level.

    Attributes
    ----------
    level : ndarray of int, shape (n,)
        Which trust (service, ...) each estimate belongs to.
    column : ndarray of int, shape (n,)
        Which of the level's effects it carries (all 0 for an intercept).
    unstructured : bool
        Whether effects of one level are correlated.
    size : int
        Number of effects of a level, found from `column`.
    """

    level: IntArray
    column: IntArray
    unstructured: bool = False
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", int(self.column.max()) + 1)

    @property
    def pattern(self) -> tuple[IntArray, IntArray]:
        """Rows and columns of the free elements of the triangular factor."""
        if self.unstructured:
            rows, columns = np.tril_indices(self.size)
            return rows.astype(np.int64), columns.astype(np.int64)
        return np.arange(self.size), np.arange(self.size)

    @property
    def same(self) -> NDArray[np.bool_]:
        """Which pairs of estimates belong to one level, shape (n, n)."""
        return np.equal.outer(self.level, self.level)


@dataclass(frozen=True, slots=True, eq=False)
class ComponentsFit:
    """Coefficients and covariance matrices of the random effects.

    Attributes
    ----------
    coefficients : ndarray, shape (p,)
        Generalised least squares estimate.
    covariance : ndarray, shape (p, p)
        ``(X'V^-1 X)^-1``.
    matrices : tuple of ndarray
        Covariance matrix of each component's effects.
    log_likelihood : float
        Restricted, with the constants of ``metafor``.
    converged : bool
        Whether the gradient vanished.
    """

    coefficients: FloatArray
    covariance: FloatArray
    matrices: tuple[FloatArray, ...]
    log_likelihood: float
    converged: bool


class _Likelihood:
    """Restricted log-likelihood of the triangular factors and its gradient, in units of the data's own spread."""

    def __init__(
        self, y: FloatArray, within: FloatArray, design: FloatArray, parts: Sequence[Component]
    ) -> None:
        self.y, self.within, self.design, self.parts = y, within, design, tuple(parts)
        self.same = [part.same for part in self.parts]
        self.onehot = [np.eye(part.size)[part.column] for part in self.parts]

    def factors(self, theta: FloatArray) -> list[FloatArray]:
        made, at = [], 0
        for part in self.parts:
            rows, columns = part.pattern
            factor = np.zeros((part.size, part.size))
            factor[rows, columns] = theta[at : at + len(rows)]
            at += len(rows)
            made.append(factor)
        return made

    def total(self, factors: Sequence[FloatArray]) -> FloatArray:
        total = self.within.copy()
        for part, same, factor in zip(self.parts, self.same, factors, strict=True):
            total += (factor @ factor.T)[np.ix_(part.column, part.column)] * same
        return total

    def solve(
        self, factors: Sequence[FloatArray]
    ) -> tuple[float, FloatArray, FloatArray, FloatArray]:
        """Log-likelihood without constants, coefficients, their covariance and ``V^-1``."""
        chol = cho_factor(self.total(factors), lower=True)
        inverse = cho_solve(chol, np.eye(len(self.y)))
        information = self.design.T @ inverse @ self.design
        covariance = np.linalg.inv(information)
        coefficients = covariance @ (self.design.T @ (inverse @ self.y))
        residual = self.y - self.design @ coefficients
        value = -0.5 * (
            2.0 * np.log(np.diag(chol[0])).sum()
            + np.linalg.slogdet(information)[1]
            + residual @ inverse @ residual
        )
        return float(value), coefficients, covariance, inverse

    def __call__(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Minus the log-likelihood and its gradient: ``dl/dL = 2 S L`` with S the score of ``G = L L'``."""
        factors = self.factors(theta)
        value, coefficients, covariance, inverse = self.solve(factors)
        scaled = inverse @ self.design
        projection = inverse - scaled @ covariance @ scaled.T
        residual = inverse @ (self.y - self.design @ coefficients)
        inner = 0.5 * (np.outer(residual, residual) - projection)
        gradient = []
        for part, same, onehot, factor in zip(
            self.parts, self.same, self.onehot, factors, strict=True
        ):
            score = onehot.T @ (inner * same) @ onehot
            gradient.append((2.0 * score @ factor)[part.pattern])
        return -value, -np.concatenate(gradient)


def _cleared(matrix: FloatArray) -> FloatArray:
    """Variances that the search left at rounding distance from 0 are 0."""
    gone = np.diag(matrix) < _NOTHING
    cleared = matrix.copy()
    cleared[gone, :] = 0.0
    cleared[:, gone] = 0.0
    return cleared


def fit_components(
    y: FloatArray, within: FloatArray, design: FloatArray, parts: Sequence[Component]
) -> ComponentsFit:
    """Restricted maximum likelihood of ``y ~ N(X b, S + sum_c Z_c G_c Z_c')`` with known S.

    Each ``G`` is searched as its triangular factor, so it is never indefinite and a variance may be exactly 0.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Estimates.
    within : ndarray, shape (n, n)
        Their known covariance matrix.
    design : ndarray, shape (n, p)
        Fixed effects.
    parts : sequence of Component
        Random effects.

    References
    ----------
    Gasparrini A, Armstrong B, Kenward MG (2012). Stat Med 31, 3821-3839, eq. 7. Konstantopoulos S (2011). Res Synth
    Methods 2, 61-76. Equal to ``metafor::rma.mv``.
    """
    plain = np.linalg.lstsq(design, y, rcond=None)[0]
    typical = float(np.sqrt(np.diag(within).mean()))
    # estimates that agree but for rounding have no spread of their own to be the unit
    spread = float(np.std(y - design @ plain))
    spread = spread if spread > _ALIKE * typical else typical
    likelihood = _Likelihood(y / spread, within / spread**2, design, parts)
    best = None
    for start in (0.5, 0.1, 1.5):
        theta = np.concatenate(
            [start * np.eye(part.size)[part.pattern].astype(float) for part in parts]
        )
        found = minimize(
            likelihood, theta, jac=True, method="BFGS", options={"gtol": _GRADIENT, "maxiter": 2000}
        )
        if best is None or found.fun < best.fun - 1e-9:
            best = found
    assert best is not None  # there is at least one start
    factors = likelihood.factors(best.x)
    value, coefficients, covariance, _ = likelihood.solve(factors)
    n, p = design.shape
    constant = 0.5 * np.linalg.slogdet(design.T @ design)[1] - 0.5 * (n - p) * np.log(2 * np.pi)
    return ComponentsFit(
        coefficients * spread,
        covariance * spread**2,
        tuple(spread**2 * _cleared(factor @ factor.T) for factor in factors),
        value + float(constant) - (n - p) * float(np.log(spread)),
        bool(np.abs(best.jac).max() < 1e-5),
    )
