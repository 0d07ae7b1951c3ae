"""Columns and cross products from which many completed data sets are regressed at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from naturalistic.stats.cluster_codes import cluster_codes
from naturalistic.stats.paired_scores import FloatArray

IntArray = npt.NDArray[np.int64]

#: Added to the diagonal of the cross products, relative to it, as R's mice does against collinearity.
_RIDGE = 1e-5


@dataclass(frozen=True)
class Clusters:
    """Therapist of each row.

    Attributes
    ----------
    code : ndarray of int, shape (n_rows,)
        0 to `count` - 1.
    count : int
        Therapists.
    """

    code: IntArray
    count: int

    @classmethod
    def of(cls, labels: npt.ArrayLike, n_rows: int) -> Clusters:
        """From labels of any kind.

        Raises
        ------
        ValueError
            If there is not one label a row.
        """
        values = np.asarray(labels)
        if values.shape != (n_rows,):
            raise ValueError("cluster must have one label a row")
        return cls(*cluster_codes(values))

    def rows(self, keep: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Clusters:
        """The same therapists for some of the rows, or for rows in another order."""
        return Clusters(self.code[keep], self.count)

    @cached_property
    def _member(self) -> csr_array:
        n = self.code.size
        return csr_array((np.ones(n), (self.code, np.arange(n))), shape=(self.count, n))

    @cached_property
    def sizes(self) -> FloatArray:
        """Rows of each therapist."""
        return np.bincount(self.code, minlength=self.count).astype(np.float64)

    def sums(self, values: FloatArray) -> FloatArray:
        """Sums over the rows (first axis) of each therapist."""
        return np.asarray(self._member @ values)


@dataclass(frozen=True, slots=True)
class Predictors:
    """Columns to learn from, those that are the same in all data sets apart from those that are not.

    Attributes
    ----------
    same : ndarray, shape (n, p)
        Complete columns, the constant among them.
    drawn : ndarray, shape (v, m, n)
        Columns whose gaps were filled m times; v may be 0.
    imputations : int
        m.
    """

    same: FloatArray
    drawn: FloatArray
    imputations: int

    def rows(self, keep: npt.NDArray[np.bool_]) -> Predictors:
        """The same columns for some of the rows."""
        return Predictors(self.same[keep], self.drawn[:, :, keep], self.imputations)

    def times(self, coefficients: FloatArray) -> FloatArray:
        """Linear predictor, shape (m, n), of coefficients of shape (m, p + v)."""
        p = self.same.shape[1]
        value = coefficients[:, :p] @ self.same.T
        for k in range(len(self.drawn)):
            value += coefficients[:, p + k, np.newaxis] * self.drawn[k]
        return value


@dataclass(frozen=True, slots=True)
class Products:
    """Cross products, and sums by therapist, of p same columns, v drawn ones and the outcome."""

    same: FloatArray  # (p, p)
    between: FloatArray  # (m, v, p)
    drawn: FloatArray  # (m, v, v)
    right_same: FloatArray  # (p,)
    right_drawn: FloatArray  # (m, v)
    square: float
    sums_same: FloatArray  # (G, p)
    sums_drawn: FloatArray  # (m, v, G)
    totals: FloatArray  # (G,)

    @classmethod
    def of(cls, x: Predictors, outcome: FloatArray, clusters: Clusters | None) -> Products:
        """Cross products of the rows to learn from, a ridge of 1e-5 on the diagonal against collinearity."""
        v, m = len(x.drawn), x.imputations
        flat = x.drawn.reshape(v * m, outcome.size)

        def by_data_set(values: FloatArray) -> FloatArray:
            """Drawn columns with the data set first."""
            return values.reshape(v, m, *values.shape[1:]).swapaxes(0, 1)

        same = x.same.T @ x.same
        drawn = np.einsum("kmn,lmn->mkl", x.drawn, x.drawn)
        same[np.diag_indices_from(same)] *= 1.0 + _RIDGE
        drawn[:, range(v), range(v)] *= 1.0 + _RIDGE
        if clusters is None:
            sums = np.zeros((0, x.same.shape[1])), np.zeros((m, v, 0)), np.zeros(0)
        else:
            sums = (
                clusters.sums(x.same),
                by_data_set(clusters.sums(flat.T).T),
                clusters.sums(outcome),
            )
        return cls(
            same,
            by_data_set(flat @ x.same),
            drawn,
            x.same.T @ outcome,
            by_data_set(flat @ outcome),
            float(outcome @ outcome),
            *sums,
        )

    def log_posterior(self, ratio: float, sizes: FloatArray, df: int) -> FloatArray:
        """Log restricted likelihood of one variance ratio, shape (m,); the same columns are eliminated once."""
        shrink = ratio / (1.0 + ratio * sizes)
        scaled = self.sums_same * shrink[:, np.newaxis]
        root = np.linalg.cholesky(self.same - scaled.T @ self.sums_same)
        right = self.right_same - scaled.T @ self.totals
        square = self.square - float(shrink @ self.totals**2)
        m, v, p = self.between.shape
        between = self.between - self.sums_drawn @ scaled
        own = np.linalg.solve(root, right)
        square -= float(own @ own)
        log_size = 2.0 * np.log(np.diag(root)).sum() + np.log1p(ratio * sizes).sum()
        residual, extra = np.full(m, square), np.zeros(m)
        if v:
            lean = np.linalg.solve(root, between.reshape(m * v, p).T).T
            lean = lean.reshape(m, v, p)
            weighted = self.sums_drawn * shrink
            rest = (
                self.drawn - weighted @ self.sums_drawn.swapaxes(1, 2) - lean @ lean.swapaxes(1, 2)
            )
            pull = self.right_drawn - weighted @ self.totals - lean @ own
            residual -= np.einsum("mv,mv->m", pull, np.linalg.solve(rest, pull[..., None])[..., 0])
            extra = np.linalg.slogdet(rest)[1]
        return -0.5 * (log_size + extra + df * np.log(np.maximum(residual, 1e-300)))

    def full(self, shrink: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """X'V^-1 X, X'V^-1 y and y'V^-1 y of each data set, given its own shrinkage (m, G)."""
        m, v, p = self.between.shape
        groups = len(self.totals)
        outer = self.sums_same[:, :, np.newaxis] * self.sums_same[:, np.newaxis, :]
        cross = np.empty((m, p + v, p + v))
        cross[:, :p, :p] = self.same - (shrink @ outer.reshape(groups, p * p)).reshape(m, p, p)
        weighted = self.sums_drawn * shrink[:, np.newaxis, :]
        cross[:, p:, :p] = self.between - weighted @ self.sums_same
        cross[:, :p, p:] = cross[:, p:, :p].swapaxes(1, 2)
        cross[:, p:, p:] = self.drawn - weighted @ self.sums_drawn.swapaxes(1, 2)
        right = np.column_stack(
            [
                self.right_same - (shrink * self.totals) @ self.sums_same,
                self.right_drawn - weighted @ self.totals,
            ]
        )
        return cross, right, self.square - shrink @ self.totals**2
