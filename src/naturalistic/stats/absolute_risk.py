"""Probability of ending by one cause from cause-specific hazards, with its derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from naturalistic.stats.cause_specific import CauseSpecificFit
from naturalistic.stats.hazards.cox_fit import CoxFit
from naturalistic.stats.hazards.cox_input import FloatArray, IndexArray
from naturalistic.stats.hazards.cox_residuals import hazard_of_mean, rowwise_sum, score_residuals

# Persons x event times worked on at a time.
BLOCK = 1_000_000


@dataclass(frozen=True, slots=True)
class HazardGrid:
    """Baseline increments of every cause on the common event times.

    Attributes
    ----------
    times : (L,) event times of any cause.
    increments : (J, L) on the scale of each fit's standardised covariates.
    places : for each cause, the column of `increments` of each of its event cells.
    """

    times: FloatArray
    increments: FloatArray
    places: tuple[IndexArray, ...]


@dataclass(frozen=True, slots=True)
class MeanRisk:
    """Mean risk over a cohort by each of T times, and what it depends on.

    Attributes
    ----------
    risk : (T,)
    each : (n, T) risk of every person.
    by_increment : (T, J, L) derivative of the mean in the baseline increments.
    by_coefficient : for each cause, (T, p_j) derivative in its standardised coefficients.
    """

    risk: FloatArray
    each: FloatArray
    by_increment: FloatArray
    by_coefficient: tuple[FloatArray, ...]


def hazard_grid(model: CauseSpecificFit, until: float) -> HazardGrid:
    """Put the event times of all causes up to `until` on one grid."""
    kept = [fit.data.cell_time <= until for fit in model.fits]
    times = np.unique(
        np.concatenate([f.data.cell_time[k] for f, k in zip(model.fits, kept, strict=True)])
    )
    increments = np.zeros((len(model.fits), len(times)))
    places = []
    for j, (fit, keep) in enumerate(zip(model.fits, kept, strict=True)):
        place = np.searchsorted(times, fit.data.cell_time[keep])
        increments[j, place] = fit.likelihood.sums.hazard[keep]
        places.append(place)
    return HazardGrid(times, increments, tuple(places))


def standardised_rows(fit: CoxFit, design: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Standardised covariates (p_j, n) and relative hazards (n,) of people under a fit."""
    data = fit.data
    rows = ((design[:, fit.active] - data.mean) / data.scale).T
    beta = fit.coefficients[fit.active] * data.scale
    return rows, np.exp(beta @ rows - fit.likelihood.offset)


def mean_risk(
    model: CauseSpecificFit,
    grid: HazardGrid,
    cause: int,
    design: FloatArray,
    times: FloatArray,
    weight: FloatArray,
) -> MeanRisk:
    """Mean over people of the probability of ending by one cause by each time.

    F(t) = sum over event times of S(t_k-) (1 - exp(-h_k)) h_1k / h_k, with h the summed and h_1 the
    cause's hazard increment and S = exp(-sum h): within an event time the hazards are constant, so
    that the probabilities of all causes and of none add to 1 (with Efron's increments exp(-h) is
    the share that stays; R's ``survfit`` of a multi-state Cox model does the same).

    Parameters
    ----------
    model, grid, cause : what to predict.
    design : (n, p) covariates in the units of the fit.
    times : (T,)
    weight : (n,) weights of the mean, adding to 1.
    """
    n, length = len(design), len(grid.times)
    n_causes = len(model.fits)
    own = model.causes.index(cause)
    rows = [standardised_rows(fit, design) for fit in model.fits]
    last = np.searchsorted(grid.times, times, side="right") - 1
    each = np.zeros((n, len(times)))
    by_increment = np.zeros((len(times), n_causes, length))
    by_coefficient = [np.zeros((len(times), len(x))) for x, _ in rows]
    size = max(1, BLOCK // max(length, 1))
    for low in range(0, n, size):
        people = slice(low, low + size)
        hazards = [r[people, None] * grid.increments[j] for j, (_, r) in enumerate(rows)]
        total = np.sum(hazards, axis=0)
        before = np.exp(total - np.cumsum(total, axis=1))
        share, slope = _conditional_share(total)
        entering = before * share
        ended = np.cumsum(entering * hazards[own], axis=1)
        shared_slope = before * slope * hazards[own] + ended
        for t, k in enumerate(last):
            if k < 0:
                continue
            each[people, t] = ended[:, k]
            common = shared_slope[:, : k + 1] - ended[:, k, None]
            for j, (x, relative) in enumerate(rows):
                derivative = common + entering[:, : k + 1] if j == own else common
                v = weight[people]
                by_increment[t, j, : k + 1] += (v * relative[people]) @ derivative
                pull = np.einsum("il,il->i", derivative, hazards[j][:, : k + 1])
                by_coefficient[j][t] += x[:, people] @ (v * pull)
    return MeanRisk(weight @ each, each, by_increment, tuple(by_coefficient))


def _conditional_share(total: FloatArray) -> tuple[FloatArray, FloatArray]:
    """q(h) = (1 - exp(-h)) / h and its derivative, by their series for small h."""
    small = total < 1e-4
    safe = np.where(small, 1.0, total)
    share = np.where(small, 1 - total / 2 + total**2 / 6, -np.expm1(-safe) / safe)
    slope = np.where(
        small, -0.5 + total / 3 - total**2 / 8, (np.exp(-safe) + np.expm1(-safe) / safe) / safe
    )
    return share, slope


def risk_influence(model: CauseSpecificFit, grid: HazardGrid, mean: MeanRisk) -> FloatArray:
    """Influence of each row of the fits on the mean risk through coefficients and baselines.

    The derivative of the estimate in the weight of a row (infinitesimal jackknife). For a baseline
    increment A_k = sum over Efron terms of w/phi it is
    ``[event at k] A_k / d_k - r_i sum of (w/phi^2)(1 - f [event at k]) - (dA_k/db)' (influence on b)``.

    Returns
    -------
    (n, T) in the caller's order; cohort sampling is not in it.
    """
    n_times = len(mean.risk)
    out = np.zeros((n_times, model.fits[0].data.n_rows))
    for j, fit in enumerate(model.fits):
        data, at = fit.data, fit.likelihood
        used = len(grid.places[j])
        on_coefficients = _inverse_information(fit) @ score_residuals(data, at)
        relative = at.relative_hazard
        drift = hazard_of_mean(at)[:, :used]
        scale = 1 / at.risk_total**2
        for t in range(n_times):
            slope = np.zeros(data.n_cells)
            slope[:used] = mean.by_increment[t, j][grid.places[j]]
            pull = mean.by_coefficient[j][t] - drift @ slope[:used]
            influence = pull @ on_coefficients
            squares = slope * at.sums.square * scale
            influence -= relative * rowwise_sum(data, squares, slope * at.sums.square_f * scale)
            own = slope * at.sums.hazard / data.cell_weight
            influence[data.death_row] += own[data.death_cell]
            out[t] += data.in_callers_order(influence)
    return out.T


def _inverse_information(fit: CoxFit) -> FloatArray:
    """Naive covariance of the standardised coefficients."""
    scale = fit.data.scale
    return fit.naive_covariance[np.ix_(fit.active, fit.active)] * np.outer(scale, scale)
