"""Jeffreys' prior on a Cox model: half the log determinant of the information, and its slope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from naturalistic.stats.hazards.cox_data import CoxData
from naturalistic.stats.hazards.cox_input import FloatArray, IndexArray
from naturalistic.stats.hazards.cox_likelihood import PartialLikelihood, evaluate


@dataclass(frozen=True, slots=True)
class PenalisedLikelihood:
    """Penalised log partial likelihood at one coefficient vector.

    Attributes
    ----------
    loglik : float
        l + log|I| / 2.
    score : (p,) its first derivative.
    information : (p, p) I, without the penalty.
    """

    loglik: float
    score: FloatArray
    information: FloatArray


# Products of two covariates summed at once: bounds the memory, 16 MB.
LARGEST_BLOCK = 2_000_000


class PenalisedModel:
    """A Cox model with Jeffreys' prior, laid out to be evaluated many times.

    Parameters
    ----------
    data : CoxData
        Covariates of full rank.
    """

    def __init__(self, data: CoxData) -> None:
        n, cells = data.n_rows, data.n_cells
        self.data = data
        # Sums of many row quantities by cell are products with these.
        self._change = _indicator(data.last_cell, np.arange(n), (cells + 1, n))
        if data.first_cell is not None:
            self._change = self._change - _indicator(data.first_cell, np.arange(n), (cells + 1, n))
        self._dying = _indicator(data.death_cell, data.death_row, (cells, n))

    def evaluate(self, beta: FloatArray) -> PenalisedLikelihood:
        """Firth's penalised partial likelihood (Heinze and Schemper 2001, eq. 2 and 3).

        The slope of the penalty in b_j is tr(I^-1 dI/db_j) / 2. With z the mean and the expectation E
        taken over those at risk with the weights of one Efron term, dI/db_j is the third central moment
        E (x - z)(x - z)'(x_j - z_j) summed over terms, so the slope needs only E s, E x s and E x x'
        with s = x' I^-1 x.

        Parameters
        ----------
        beta : (p,) coefficients of the standardised covariates.
        """
        at = evaluate(self.data, beta)
        sign, log_determinant = np.linalg.slogdet(at.information)
        if sign <= 0:
            # No information left: the penalty is minus infinity, a step here is refused.
            return PenalisedLikelihood(-np.inf, at.score, at.information)
        inverse = np.asarray(np.linalg.inv(at.information), dtype=float)
        score = at.score + self._slope(at, inverse)
        return PenalisedLikelihood(at.loglik + log_determinant / 2, score, at.information)

    def _slope(self, at: PartialLikelihood, inverse: FloatArray) -> FloatArray:
        x, p, n = self.data.columns, len(self.data.columns), self.data.n_rows
        relative = at.relative_hazard
        total = self._sums(relative[None])
        size = np.einsum("in,ij,jn->n", x, inverse, x)
        first = self._sums(np.vstack([size, x, x * size]) * relative) / total
        mean_size, mean, mean_x_size = first[0], first[1 : p + 1], first[p + 1 :]
        reached = inverse @ mean
        product = np.empty_like(mean)
        block = max(1, LARGEST_BLOCK // max(p * n, 1))
        for start in range(0, p, block):
            # Rows of E(x x') I^-1 z, a few second moments at a time.
            rows = x[start : start + block] * relative
            second = self._sums((rows[:, None] * x).reshape(-1, n)) / total
            product[start : start + block] = (second.reshape(len(rows), p, -1) * reached).sum(1)
        third = mean_x_size - mean * mean_size - 2 * (product - mean * (mean * reached).sum(0))
        return np.asarray(third @ self.data.term_weight / 2)

    def _sums(self, weighted: FloatArray) -> FloatArray:
        """Sums of (m, n) quantities over those at risk, for every Efron term: (m, T)."""
        # From the last cell backwards, as `risk_set_sum`.
        at_risk = np.cumsum((self._change @ weighted.T)[::-1], axis=0)[::-1][1:]
        dying = self._dying @ weighted.T
        cell, fraction = self.data.term_cell, self.data.term_fraction[:, None]
        return np.asarray((at_risk[cell] - fraction * dying[cell]).T)


def _indicator(cell: IndexArray, row: IndexArray, shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.csr_array((np.ones(len(row)), (cell, row)), shape=shape)
