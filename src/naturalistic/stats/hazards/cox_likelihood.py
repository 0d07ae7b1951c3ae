"""Partial likelihood of the Cox model and its maximum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from naturalistic.stats.hazards.cox_data import CoxData, risk_set_sum
from naturalistic.stats.hazards.cox_input import FloatArray


@dataclass(frozen=True, slots=True)
class PartialLikelihood:
    """Log partial likelihood at one coefficient vector, on the standardised covariates.

    Attributes
    ----------
    loglik : float
    score : (p,) first derivative.
    information : (p, p) minus the second derivative.
    relative_hazard : (n,) weight x exp(x'b - offset), canonical row order.
    offset : float
        Subtracted from every linear predictor against overflow.
    spread : float
        Largest less smallest linear predictor.
    risk_total : (K,)
        S0, the sum of the relative hazard over those at risk.
    risk_mean, death_mean : (p, K)
        S1 / S0 and D1 / S0: sums of relative hazard x covariate over those at risk, and over those
        with the event, both divided by S0.
    sums : EfronSums
    """

    loglik: float
    score: FloatArray
    information: FloatArray
    relative_hazard: FloatArray
    offset: float
    spread: float
    risk_total: FloatArray
    risk_mean: FloatArray
    death_mean: FloatArray
    sums: EfronSums


@dataclass(frozen=True, slots=True)
class EfronSums:
    """Sums over the Efron terms of each cell: f = l/d, w the mean event weight, phi the denominator.

    Attributes
    ----------
    hazard, hazard_f : (K,) sums of w/phi and f w/phi.
    square, square_f, square_ff : (K,) sums of w/phi^2, f w/phi^2 and f^2 w/phi^2, times S0^2.
    log_denominator : float
        Sum over all cells of w log(phi).
    """

    hazard: FloatArray
    hazard_f: FloatArray
    square: FloatArray
    square_f: FloatArray
    square_ff: FloatArray
    log_denominator: float


# A step that runs away can leave hazards that underflow to nothing. The search sees its spread and
# halves the step, so numpy need not warn.
@np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore")
def evaluate(
    data: CoxData, beta: FloatArray, row_offset: FloatArray | None = None
) -> PartialLikelihood:
    """Log partial likelihood, score and information at `beta`.

    With S0, S1 the risk-set sums of r = w exp(x'b) and r x, and D0, D1 the same over the d events
    of a cell, Efron's likelihood (Efron 1977, eq. 3.4) has the d denominators
    phi_l = S0 - (l/d) D0. A step costs O(n p^2) whatever the number of event times.

    Parameters
    ----------
    data : CoxData
    beta : (p,) coefficients of the standardised covariates.
    row_offset : (n,) added to the linear predictor, canonical order; None for none.
    """
    linear = beta @ data.columns if len(beta) else np.zeros(data.n_rows)
    if row_offset is not None:
        linear = linear + row_offset
    offset = float(linear.max(initial=-np.inf)) if data.n_rows else 0.0
    relative = np.exp(linear - offset)
    death_linear = linear[data.death_row]
    if data.weight is not None:
        relative *= data.weight
        death_linear = death_linear * data.weight[data.death_row]
    risk_total = risk_set_sum(data, relative)
    death_total = _by_cell(data, relative[data.death_row])
    risk_mean, death_mean, events_sum = _first_moments(data, relative, risk_total)
    sums = _efron_sums(data, risk_total, death_total)
    # For a weight w the denominators hold w-weighted sums: the offset returns once per event.
    loglik = death_linear.sum() - sums.log_denominator - offset * data.cell_weight.sum()
    score = events_sum - risk_mean @ (risk_total * sums.hazard)
    score += death_mean @ (risk_total * sums.hazard_f)
    information = _information(data, relative, risk_mean, death_mean, sums, None)
    return PartialLikelihood(
        float(loglik),
        score,
        information,
        relative,
        offset,
        offset - float(linear.min(initial=offset)),
        risk_total,
        risk_mean,
        death_mean,
        sums,
    )


def _first_moments(
    data: CoxData, relative: FloatArray, risk_total: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """S1 / S0 and D1 / S0, each (p, K), and the weighted sum of the covariates over events, (p,)."""
    p = len(data.columns)
    risk_mean, death_mean = np.empty((p, data.n_cells)), np.empty((p, data.n_cells))
    events_sum = np.empty(p)
    death_relative = relative[data.death_row]
    death_weight = None if data.weight is None else data.weight[data.death_row]
    for j in range(p):
        risk_mean[j] = risk_set_sum(data, relative * data.columns[j]) / risk_total
        of_deaths = data.columns[j, data.death_row]
        death_mean[j] = _by_cell(data, death_relative * of_deaths) / risk_total
        events_sum[j] = of_deaths.sum() if death_weight is None else of_deaths @ death_weight
    return risk_mean, death_mean, events_sum


def weighted_information(
    data: CoxData, at: PartialLikelihood, cell_factor: FloatArray
) -> FloatArray:
    """Information with the contribution of each event cell multiplied by a factor.

    Parameters
    ----------
    data : CoxData
    at : PartialLikelihood
    cell_factor : (K,) factors, of any sign.

    Returns
    -------
    (p, p) array.
    """
    return _information(data, at.relative_hazard, at.risk_mean, at.death_mean, at.sums, cell_factor)


def row_curvature(
    data: CoxData,
    relative: FloatArray,
    sums: EfronSums,
    cell_factor: FloatArray | None = None,
) -> FloatArray:
    """Weight q_i with which each row's x x' enters the information, shape (n,).

    ``r_i (sum of w/phi over its cells, less f w/phi in the cell of its own event)``: the second
    moments need never be summed by cell.
    """
    hazard, hazard_f = sums.hazard, sums.hazard_f
    if cell_factor is not None:
        hazard, hazard_f = hazard * cell_factor, hazard_f * cell_factor
    curvature = relative * data.by_row(_running(hazard))
    curvature[data.death_row] -= relative[data.death_row] * hazard_f[data.death_cell]
    return curvature


def cell_products(
    left: tuple[FloatArray, FloatArray],
    right: tuple[FloatArray, FloatArray],
    sums: EfronSums,
    cell_factor: FloatArray | None = None,
) -> FloatArray:
    """Sum over Efron terms of w z z', z = (S1 - f D1)/phi, from risk and death means.

    Parameters
    ----------
    left, right : each the pair (risk_mean, death_mean) of shapes (a, K) and (b, K).
    sums : EfronSums
    cell_factor : (K,) or None

    Returns
    -------
    (a, b) array.
    """
    risk, death = left
    square, square_f, square_ff = sums.square, sums.square_f, sums.square_ff
    if cell_factor is not None:
        square, square_f = square * cell_factor, square_f * cell_factor
        square_ff = square_ff * cell_factor
    risk_part = risk * square - death * square_f
    death_part = risk * square_f - death * square_ff
    return risk_part @ right[0].T - death_part @ right[1].T


def _information(
    data: CoxData,
    relative: FloatArray,
    risk_mean: FloatArray,
    death_mean: FloatArray,
    sums: EfronSums,
    cell_factor: FloatArray | None,
) -> FloatArray:
    curvature = row_curvature(data, relative, sums, cell_factor)
    means = (risk_mean, death_mean)
    information = (data.columns * curvature) @ data.columns.T
    information -= cell_products(means, means, sums, cell_factor)
    return (information + information.T) / 2


def _by_cell(data: CoxData, values: FloatArray) -> FloatArray:
    return np.asarray(np.bincount(data.death_cell, values, data.n_cells), dtype=float)


def _running(values: FloatArray) -> FloatArray:
    """Running total with a leading zero."""
    out = np.zeros(len(values) + 1)
    np.cumsum(values, out=out[1:])
    return out


def _efron_sums(data: CoxData, risk_total: FloatArray, death_total: FloatArray) -> EfronSums:
    cell, fraction, weight = data.term_cell, data.term_fraction, data.term_weight
    if data.n_cells == 0:
        empty = np.empty(0)
        return EfronSums(empty, empty, empty, empty, empty, 0.0)
    denominator = risk_total[cell] - fraction * death_total[cell]
    log_denominator = float(weight @ np.log(denominator))
    hazard = weight / denominator
    share = denominator / risk_total[cell]
    square = weight / share**2

    def total(values: FloatArray) -> FloatArray:
        """Sum over the Efron terms of each event time."""
        return np.add.reduceat(values, data.term_start)

    if data.ties == "breslow":
        zero = np.zeros(data.n_cells)
        return EfronSums(hazard, zero, square, zero, zero, log_denominator)
    square_f = fraction * square
    return EfronSums(
        total(hazard),
        total(fraction * hazard),
        total(square),
        total(square_f),
        total(fraction * square_f),
        log_denominator,
    )
