"""Residuals of a Cox fit, on the standardised covariates and in canonical row order."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.hazards.cox_data import CoxData
from naturalistic.stats.hazards.cox_input import FloatArray, label_codes
from naturalistic.stats.hazards.cox_likelihood import PartialLikelihood


def expected_events(data: CoxData, at: PartialLikelihood) -> FloatArray:
    """Expected events of each row, per unit weight: its hazard summed over its cells.

    In the cell of its own event a row counts with the mean over the Efron terms, 1 - l/d of it.

    Returns
    -------
    (n,) in canonical order.
    """
    return rowwise_sum(data, at.sums.hazard, at.sums.hazard_f) * _unweighted(data, at)


def score_residuals(data: CoxData, at: PartialLikelihood) -> FloatArray:
    """Contribution of each row to the score, per unit weight (they sum to the score).

    ``delta_i (x_i - mean_l z_l) - r_i sum over cells and terms of (x_i - z_l) w/phi_l``, the last
    with the factor 1 - l/d in the cell of the row's own event (Therneau and Grambsch 2000,
    section 4.6, with Efron's terms).

    Returns
    -------
    (p, n) in canonical order.
    """
    sums, row = at.sums, data.death_row
    mean_hazard = hazard_of_mean(at)
    relative = _unweighted(data, at)
    hazard = rowwise_sum(data, sums.hazard, sums.hazard_f)
    out = np.empty_like(data.columns)
    for j in range(len(out)):
        mean_hazard_f = sums.square_f * at.risk_mean[j] - sums.square_ff * at.death_mean[j]
        mean_hazard_f /= at.risk_total
        out[j] = rowwise_sum(data, mean_hazard[j], mean_hazard_f) - data.columns[j] * hazard
        out[j] *= relative
        out[j, row] += data.columns[j, row] - _cell_mean(data, at, j)[data.death_cell]
    return out


def hazard_of_mean(at: PartialLikelihood) -> FloatArray:
    """Sum over Efron terms of (mean covariates of those at risk) w/phi, shape (p, K)."""
    sums = at.sums
    return (sums.square * at.risk_mean - sums.square_f * at.death_mean) / at.risk_total


def schoenfeld_residuals(data: CoxData, at: PartialLikelihood) -> FloatArray:
    """Covariates of each event less their mean over those at risk (mean over Efron terms).

    Returns
    -------
    (p, d), one column per entry of ``data.death_row``.
    """
    out = np.empty((len(data.columns), len(data.death_row)))
    for j in range(len(out)):
        out[j] = data.columns[j, data.death_row] - _cell_mean(data, at, j)[data.death_cell]
    return out


def sandwich(
    data: CoxData,
    at: PartialLikelihood,
    inverse_information: FloatArray,
    cluster: ArrayLike | None,
) -> tuple[FloatArray, int]:
    """Robust covariance I^-1 (sum over clusters of u u') I^-1 (Lin and Wei 1989, eq. 2.7).

    u is the weighted sum of a cluster's score residuals; without clusters every row (every copy
    of it, for frequency weights) is its own cluster. No small-sample factor.

    Returns
    -------
    covariance : (p, p)
    n_clusters : int
    """
    residuals = score_residuals(data, at)
    if cluster is None:
        weight = data.weight
        if weight is not None:
            residuals *= np.sqrt(weight) if data.frequency else weight
        meat = residuals @ residuals.T
        n_clusters = data.n_rows
    else:
        labels, codes = label_codes(cluster, "cluster", data.n_rows)
        codes, n_clusters = codes[data.order], len(labels)
        if data.weight is not None:
            residuals *= data.weight
        summed = np.empty((len(residuals), n_clusters))
        for j in range(len(residuals)):
            summed[j] = np.bincount(codes, weights=residuals[j], minlength=n_clusters)
        # Sorted by value, so that the names of the clusters do not decide the last digit.
        summed = summed[:, np.lexsort(summed)] if len(summed) else summed
        meat = summed @ summed.T
    return inverse_information @ meat @ inverse_information, n_clusters


def _unweighted(data: CoxData, at: PartialLikelihood) -> FloatArray:
    return at.relative_hazard if data.weight is None else at.relative_hazard / data.weight


def rowwise_sum(data: CoxData, by_cell: FloatArray, by_cell_f: FloatArray) -> FloatArray:
    """Sum over a row's cells, less the f-weighted part in the cell of its own event."""
    out = data.by_row(np.concatenate([[0.0], np.cumsum(by_cell)]))
    out[data.death_row] -= by_cell_f[data.death_cell]
    return out


def _cell_mean(data: CoxData, at: PartialLikelihood, j: int) -> FloatArray:
    """Mean over the Efron terms of covariate j's mean among those at risk."""
    weighted = at.sums.hazard * at.risk_mean[j] - at.sums.hazard_f * at.death_mean[j]
    return weighted * at.risk_total / data.cell_weight
