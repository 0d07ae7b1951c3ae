"""Jeffreys' prior on a Cox model: half the log determinant of the information, and its slope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from naturalistic.stats.hazards.cox_data import CoxData, risk_set_sum
from naturalistic.stats.hazards.cox_input import FloatArray
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


def evaluate_penalised(data: CoxData, beta: FloatArray) -> PenalisedLikelihood:
    """Firth's penalised partial likelihood (Heinze and Schemper 2001, eq. 2 and 3).

    The slope of the penalty in b_j is tr(I^-1 dI/db_j) / 2. With z the mean and the expectation E
    taken over those at risk with the weights of one Efron term, dI/db_j is the third central moment
    E (x - z)(x - z)'(x_j - z_j) summed over terms, so the slope needs only E s, E x s and E x x'
    with s = x' I^-1 x.

    Parameters
    ----------
    data : CoxData
        Covariates of full rank.
    beta : (p,) coefficients of the standardised covariates.
    """
    at = evaluate(data, beta)
    sign, log_determinant = np.linalg.slogdet(at.information)
    if sign <= 0:
        # No information left: the penalty is minus infinity, a step here is refused.
        return PenalisedLikelihood(-np.inf, at.score, at.information)
    inverse = np.asarray(np.linalg.inv(at.information), dtype=float)
    slope = _penalty_slope(data, at, inverse)
    return PenalisedLikelihood(at.loglik + log_determinant / 2, at.score + slope, at.information)


def _penalty_slope(data: CoxData, at: PartialLikelihood, inverse: FloatArray) -> FloatArray:
    x, p = data.columns, len(data.columns)
    size = np.einsum("in,ij,jn->n", x, inverse, x)
    mean_size = _term_mean(data, at, size)
    mean = np.stack([_term_mean(data, at, x[j]) for j in range(p)])
    mean_x_size = np.stack([_term_mean(data, at, x[j] * size) for j in range(p)])
    reached = inverse @ mean
    product = np.empty_like(mean)
    for i in range(p):
        # Row i of E(x x') I^-1 z, one second moment at a time.
        product[i] = sum(_term_mean(data, at, x[i] * x[j]) * reached[j] for j in range(p))
    third = mean_x_size - mean * mean_size - 2 * (product - mean * (mean * reached).sum(axis=0))
    return np.asarray(third @ data.term_weight / 2)


def _term_mean(data: CoxData, at: PartialLikelihood, values: FloatArray) -> FloatArray:
    """Mean of a row quantity over those at risk, for every Efron term, shape (T,)."""
    weighted = at.relative_hazard * values
    at_risk = risk_set_sum(data, weighted)
    row = data.death_row
    dying = np.bincount(data.death_cell, weighted[row], data.n_cells)
    dying_total = np.bincount(data.death_cell, at.relative_hazard[row], data.n_cells)
    cell, f = data.term_cell, data.term_fraction
    numerator = at_risk[cell] - f * dying[cell]
    return np.asarray(numerator / (at.risk_total[cell] - f * dying_total[cell]))
