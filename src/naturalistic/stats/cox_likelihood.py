"""Partial likelihood of the Cox model and its maximum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from naturalistic.stats.cox_data import CoxData, risk_set_sum
from naturalistic.stats.cox_input import FloatArray

# Newton stops when the squared length of the next step, in standard errors, is below this.
CONVERGED_DECREMENT = 1e-17
# Information left in a direction, relative to the null model, below which its coefficient is
# running to infinity (a hazard ratio of about exp(20)).
EXHAUSTED_INFORMATION = 1e-9
# Directions this poor when the search stops are running away too, only from a later start.
MONOTONE_INFORMATION = 1e-6
MAX_ITERATIONS = 60
# Spread of the linear predictor (hazard ratio exp(300)) that no finite estimate has: the search
# stops, and every direction that has lost this much information is running away.
IMPOSSIBLE_SPREAD = 300.0
LOST_INFORMATION = 1e-2


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
def evaluate(data: CoxData, beta: FloatArray) -> PartialLikelihood:
    """Log partial likelihood, score and information at `beta`.

    With S0, S1 the risk-set sums of r = w exp(x'b) and r x, and D0, D1 the same over the d events
    of a cell, Efron's likelihood (Efron 1977, eq. 3.4) has the d denominators
    phi_l = S0 - (l/d) D0. The second moments are never summed by cell: each row's x x' enters the
    information with the one weight q_i = r_i (sum of w/phi over its cells, less f w/phi in the
    cell of its own event), so a step costs O(n p^2) whatever the number of event times.

    Parameters
    ----------
    data : CoxData
    beta : (p,) coefficients of the standardised covariates.
    """
    columns, p = data.columns, len(beta)
    linear = beta @ columns if p else np.zeros(data.n_rows)
    offset = float(linear.max(initial=-np.inf)) if data.n_rows else 0.0
    relative = np.exp(linear - offset)
    death_weight = None
    death_linear = linear[data.death_row]
    if data.weight is not None:
        relative *= data.weight
        death_weight = data.weight[data.death_row]
        death_linear = death_linear * death_weight
    death_relative = relative[data.death_row]
    risk_total = risk_set_sum(data, relative)
    death_total = _by_cell(data, death_relative)
    risk_mean, death_mean = np.empty((p, data.n_cells)), np.empty((p, data.n_cells))
    events_sum = np.empty(p)
    for j in range(p):
        risk_mean[j] = risk_set_sum(data, relative * columns[j]) / risk_total
        of_deaths = columns[j, data.death_row]
        death_mean[j] = _by_cell(data, death_relative * of_deaths) / risk_total
        events_sum[j] = of_deaths.sum() if death_weight is None else of_deaths @ death_weight

    sums = _efron_sums(data, risk_total, death_total)
    # For a weight w the denominators hold w-weighted sums: the offset returns once per event.
    loglik = death_linear.sum() - sums.log_denominator - offset * data.cell_weight.sum()
    score = events_sum - risk_mean @ (risk_total * sums.hazard)
    score += death_mean @ (risk_total * sums.hazard_f)
    accumulated = relative * data.by_row(_running(sums.hazard))
    accumulated[data.death_row] -= death_relative * sums.hazard_f[data.death_cell]
    cross = (risk_mean * sums.square_f) @ death_mean.T
    information = (columns * accumulated) @ columns.T - (
        (risk_mean * sums.square) @ risk_mean.T
        - (cross + cross.T)
        + (death_mean * sums.square_ff) @ death_mean.T
    )
    return PartialLikelihood(
        float(loglik),
        score,
        (information + information.T) / 2,
        relative,
        offset,
        offset - float(linear.min(initial=offset)),
        risk_total,
        risk_mean,
        death_mean,
        sums,
    )


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


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where Newton's method ended.

    Attributes
    ----------
    beta : (p,) coefficients of the standardised covariates.
    null, at : PartialLikelihood
        At zero and at `beta`.
    inverse_information : (p, p)
        Over the directions that have information.
    runaway : (p, k) directions along which the likelihood rises for ever (k = 0 normally).
    converged : bool
    iterations : int
    """

    beta: FloatArray
    null: PartialLikelihood
    at: PartialLikelihood
    inverse_information: FloatArray
    runaway: FloatArray
    converged: bool
    iterations: int


def maximise(data: CoxData, start: PartialLikelihood) -> Maximum:
    """Maximise the partial likelihood by Newton's method with step halving.

    Parameters
    ----------
    data : CoxData
        Covariates must be of full rank in `start.information`.
    start : PartialLikelihood
        Evaluated at zero.
    """
    p = len(start.score)
    beta, at = np.zeros(p), start
    converged, iteration = False, 0
    if p == 0:
        return Maximum(beta, start, at, np.empty((0, 0)), np.empty((0, 0)), True, 0)
    for iteration in range(1, MAX_ITERATIONS + 1):
        if at.spread > IMPOSSIBLE_SPREAD:
            break
        if iteration > 6:
            richness = linalg.eigh(at.information, start.information, eigvals_only=True)
            if richness[0] < EXHAUSTED_INFORMATION:
                break
        step = linalg.solve(at.information, at.score, assume_a="pos")
        decrement = float(at.score @ step)
        if decrement < CONVERGED_DECREMENT:
            converged = True
            break
        beta, at = _line_search(data, beta, step, at, decrement)
    richness, directions = linalg.eigh(at.information, start.information)
    impossible = at.spread > IMPOSSIBLE_SPREAD
    poor = richness < (LOST_INFORMATION if impossible else MONOTONE_INFORMATION)
    usable = directions[:, ~poor]
    return Maximum(
        beta=beta,
        null=start,
        at=at,
        inverse_information=(usable / richness[~poor]) @ usable.T,
        runaway=directions[:, poor],
        converged=converged and not poor.any(),
        iterations=iteration,
    )


def _line_search(
    data: CoxData,
    beta: FloatArray,
    step: FloatArray,
    at: PartialLikelihood,
    decrement: float,
) -> tuple[FloatArray, PartialLikelihood]:
    """Halve the step until the likelihood does not fall.

    Close to the maximum the gain is smaller than the rounding of the log-likelihood, and the full
    step is taken unseen.
    """
    candidate = evaluate(data, beta + step)
    rounding = 1e-9
    for _ in range(30):
        # Beyond twice that spread the smallest hazards underflow.
        usable = candidate.spread < 2 * IMPOSSIBLE_SPREAD
        if usable and (decrement < rounding or candidate.loglik >= at.loglik - rounding):
            break
        step = step / 2
        candidate = evaluate(data, beta + step)
    return beta + step, candidate
