"""Penalised partial likelihood of a Cox model with a gamma frailty for each cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from naturalistic.stats.hazards.cox_data import CoxData
from naturalistic.stats.hazards.cox_input import FloatArray, IndexArray
from naturalistic.stats.hazards.cox_likelihood import (
    PartialLikelihood,
    cell_products,
    evaluate,
    row_curvature,
)

MAX_ITERATIONS = 60
CONVERGED_DECREMENT = 1e-18


@dataclass(frozen=True, slots=True)
class FrailtyPoint:
    """Maximum of the penalised likelihood at one frailty variance.

    Attributes
    ----------
    theta : float
    beta : (p,) coefficients of the standardised covariates.
    log_frailty : (G,)
    penalised : float
        l(b, w) + sum(w - e^w) / theta.
    marginal : float
        Log-likelihood with the frailties integrated out.
    marginal_slope : float
        Its derivative in 1/theta.
    inverse_information : (p + G, p + G) of the penalised likelihood.
    converged : bool
    """

    theta: float
    beta: FloatArray
    log_frailty: FloatArray
    penalised: float
    marginal: float
    marginal_slope: float
    inverse_information: FloatArray
    converged: bool


def fit_at(
    data: CoxData,
    cluster: IndexArray,
    theta: float,
    start: tuple[FloatArray, FloatArray],
) -> FrailtyPoint:
    """Maximise l(b, w) + sum(w - e^w) / theta over coefficients and log frailties by Newton.

    At the maximum, with nu = 1/theta and d_g the events of a cluster, the marginal log-likelihood is
    the penalised one plus ``sum of nu + d - (nu + d) log(nu + d) + nu log(nu) + log Gamma(nu + d) -
    log Gamma(nu)`` (Therneau, Grambsch and Pankratz 2003), with the constant d chosen so
    that it goes over into the partial likelihood as theta goes to 0.

    Parameters
    ----------
    data : CoxData
    cluster : (n,) codes in canonical row order.
    theta : float
        Variance of the frailty, above zero.
    start : coefficients and log frailties to begin with.
    """
    nu = 1 / theta
    beta, log_frailty = start
    events = np.asarray(
        np.bincount(cluster[data.death_row], minlength=len(log_frailty)), dtype=float
    )
    at = evaluate(data, beta, log_frailty[cluster])
    value = at.loglik + nu * float((log_frailty - np.exp(log_frailty)).sum())
    converged = False
    for _ in range(MAX_ITERATIONS):
        score, information = _derivatives(data, at, cluster, log_frailty, events, nu)
        step = np.asarray(np.linalg.solve(information, score), dtype=float)
        if float(score @ step) < CONVERGED_DECREMENT:
            converged = True
            break
        beta, log_frailty, at, value = _advance(
            data, cluster, nu, beta, log_frailty, value, step, small=float(score @ step) < 1e-9
        )
    later = nu + events
    gained = later - later * np.log(later) + nu * np.log(nu)
    gained += special.gammaln(later) - special.gammaln(nu)
    slope = 1 + np.log(nu / later) + special.digamma(later) - special.digamma(nu)
    slope += log_frailty - np.exp(log_frailty)
    return FrailtyPoint(
        theta,
        beta,
        log_frailty,
        value,
        value + float(gained.sum()),
        float(slope.sum()),
        np.asarray(np.linalg.inv(information), dtype=float),
        converged,
    )


def _advance(
    data: CoxData,
    cluster: IndexArray,
    nu: float,
    beta: FloatArray,
    log_frailty: FloatArray,
    value: float,
    step: FloatArray,
    *,
    small: bool,
) -> tuple[FloatArray, FloatArray, PartialLikelihood, float]:
    """Take the step, halved until the penalised likelihood does not fall (`small` steps as is)."""
    p = len(beta)
    for _ in range(30):
        new_beta, new_log = beta + step[:p], log_frailty + step[p:]
        at = evaluate(data, new_beta, new_log[cluster])
        new_value = at.loglik + nu * float((new_log - np.exp(new_log)).sum())
        if small or new_value >= value - 1e-9:
            break
        step = step / 2
    return new_beta, new_log, at, new_value


def _derivatives(
    data: CoxData,
    at: PartialLikelihood,
    cluster: IndexArray,
    log_frailty: FloatArray,
    events: FloatArray,
    nu: float,
) -> tuple[FloatArray, FloatArray]:
    """Score and information of the penalised likelihood in (coefficients, log frailties)."""
    p, n_clusters = len(at.score), len(log_frailty)
    frailty, sums = np.exp(log_frailty), at.sums
    risk, death = _cluster_means(data, at, cluster, n_clusters)
    score = np.empty(p + n_clusters)
    score[:p] = at.score
    score[p:] = events - risk @ (at.risk_total * sums.hazard)
    score[p:] += death @ (at.risk_total * sums.hazard_f) + nu * (1 - frailty)

    curvature = row_curvature(data, at.relative_hazard, sums)
    information = np.empty((p + n_clusters, p + n_clusters))
    information[:p, :p] = at.information
    means = (at.risk_mean, at.death_mean)
    cross = -cell_products(means, (risk, death), sums)
    for j in range(p):
        cross[j] += np.bincount(cluster, curvature * data.columns[j], n_clusters)
    information[:p, p:], information[p:, :p] = cross, cross.T
    own = -cell_products((risk, death), (risk, death), sums)
    own[np.diag_indices(n_clusters)] += np.bincount(cluster, curvature, n_clusters) + nu * frailty
    information[p:, p:] = own
    return score, information


def _cluster_means(
    data: CoxData, at: PartialLikelihood, cluster: IndexArray, n_clusters: int
) -> tuple[FloatArray, FloatArray]:
    """Share of each cluster in the relative hazard at risk, and in that of the events, (G, K)."""
    width = data.n_cells + 1
    size = n_clusters * width
    relative = at.relative_hazard
    leaving = np.bincount(cluster * width + data.last_cell, relative, size)
    if data.first_cell is not None:
        leaving = leaving - np.bincount(cluster * width + data.first_cell, relative, size)
    at_risk = np.cumsum(leaving.reshape(n_clusters, width)[:, ::-1], axis=1)[:, ::-1][:, 1:]
    row = data.death_row
    place = cluster[row] * data.n_cells + data.death_cell
    dying = np.bincount(place, relative[row], n_clusters * data.n_cells)
    return at_risk / at.risk_total, dying.reshape(n_clusters, data.n_cells) / at.risk_total
