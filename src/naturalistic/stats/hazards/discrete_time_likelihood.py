"""Binomial likelihood of a discrete-time hazard model on counts by pattern and session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from naturalistic.stats.hazards.cox_input import FloatArray
from naturalistic.stats.hazards.discrete_time_counts import SessionCounts

LINKS = ("cloglog", "logit")
# Cells worked on at a time, so that the temporary arrays stay small.
CELLS_AT_A_TIME = 1_000_000
# Beyond this the hazard is 0 or 1 to the last digit.
LARGEST_LINEAR = 30.0


@dataclass(frozen=True, slots=True)
class HazardLikelihood:
    """Log-likelihood at one parameter vector (baseline coefficients, then covariates).

    Attributes
    ----------
    loglik : float
        Sum over person-sessions of y log h + (1 - y) log(1 - h).
    score : (m + p,)
    information : (m + p, m + p) expected (Fisher) information.
    spread : float
        Largest less smallest covariate part of the linear predictor.
    """

    loglik: float
    score: FloatArray
    information: FloatArray
    spread: float


def hazard_of(linear: FloatArray, link: str) -> FloatArray:
    """Hazard for a linear predictor: 1 - exp(-exp(eta)) or the logistic function."""
    if link == "cloglog":
        return np.asarray(-np.expm1(-np.exp(np.clip(linear, None, LARGEST_LINEAR))))
    return np.asarray(1 / (1 + np.exp(-linear)))


def _cell_terms(
    linear: FloatArray, at_risk: FloatArray, events: FloatArray, link: str
) -> tuple[float, FloatArray, FloatArray]:
    """Log-likelihood, score factor and Fisher weight of each cell.

    With h the hazard and h' its slope in the linear predictor, the score factor is
    (d - n h) h'/(h (1 - h)) and the weight n h'^2/(h (1 - h)).
    """
    if link == "cloglog":
        rate = np.exp(np.clip(linear, -LARGEST_LINEAR, LARGEST_LINEAR))
        hazard = -np.expm1(-rate)
        # h'/(h (1-h)) = rate/h, as h' = rate (1-h); log(1-h) = -rate.
        ratio = rate / hazard
        score = (events - at_risk * hazard) * ratio
        weight = at_risk * (1 - hazard) * rate * ratio
        loglik = events @ np.log(hazard) - (at_risk - events) @ rate
        return float(loglik), score, weight
    bounded = np.clip(linear, -LARGEST_LINEAR, LARGEST_LINEAR)
    hazard = 1 / (1 + np.exp(-bounded))
    loglik = events @ bounded - at_risk @ np.logaddexp(0.0, bounded)
    return float(loglik), events - at_risk * hazard, at_risk * hazard * (1 - hazard)


def evaluate_hazard(
    counts: SessionCounts, basis: FloatArray, link: str, parameters: FloatArray
) -> HazardLikelihood:
    """Log-likelihood, score and expected information.

    The rows (basis of the session, covariates of the pattern) are never formed: a cell's weight
    enters the three blocks of the information through its sums by session, by pattern, and by
    session x covariate.

    Parameters
    ----------
    counts : SessionCounts
    basis : (n_sessions, m) baseline functions of the session.
    link : {'cloglog', 'logit'}
    parameters : (m + p,)
    """
    m, p = basis.shape[1], len(counts.columns)
    baseline, covariate_part = basis @ parameters[:m], parameters[m:] @ counts.columns
    score_session = np.zeros(counts.n_sessions)
    weight_session = np.zeros(counts.n_sessions)
    mixed = np.zeros((counts.n_sessions, p))
    score, information = np.zeros(m + p), np.zeros((m + p, m + p))
    loglik = 0.0
    for patterns, cells in _blocks(counts):
        sizes = np.diff(counts.start[patterns.start : patterns.stop + 1])
        session = counts.session[cells]
        linear = baseline[session] + np.repeat(covariate_part[patterns], sizes)
        part, factor, weight = _cell_terms(
            linear, counts.at_risk[cells], counts.events[cells], link
        )
        loglik += part
        x = counts.columns[:, patterns]
        first = counts.start[patterns.start : patterns.stop] - cells.start
        score_session += np.bincount(session, factor, counts.n_sessions)
        weight_session += np.bincount(session, weight, counts.n_sessions)
        score[m:] += x @ np.add.reduceat(factor, first)
        information[m:, m:] += (x * np.add.reduceat(weight, first)) @ x.T
        by_pattern = sparse.csr_array(
            (weight, session, np.append(first, len(weight))), (len(sizes), counts.n_sessions)
        )
        mixed += by_pattern.T @ np.ascontiguousarray(x.T)
    score[:m] = basis.T @ score_session
    information[:m, :m] = (basis.T * weight_session) @ basis
    information[:m, m:] = basis.T @ mixed
    information[m:, :m] = information[:m, m:].T
    spread = float(np.ptp(covariate_part)) if p else 0.0
    return HazardLikelihood(loglik, score, (information + information.T) / 2, spread)


def cluster_scores(
    counts: SessionCounts, basis: FloatArray, link: str, parameters: FloatArray
) -> FloatArray:
    """Score of each cluster, shape (n_clusters, m + p)."""
    if counts.cluster is None:
        raise ValueError("the counts were made without clusters")
    m, p = basis.shape[1], len(counts.columns)
    baseline, covariate_part = basis @ parameters[:m], parameters[m:] @ counts.columns
    out = np.zeros((counts.n_clusters, m + p))
    for patterns, cells in _blocks(counts):
        sizes = np.diff(counts.start[patterns.start : patterns.stop + 1])
        session = counts.session[cells]
        linear = baseline[session] + np.repeat(covariate_part[patterns], sizes)
        _, factor, _ = _cell_terms(linear, counts.at_risk[cells], counts.events[cells], link)
        first = counts.start[patterns.start : patterns.stop] - cells.start
        by_pattern = sparse.csr_array(
            (factor, session, np.append(first, len(factor))), (len(sizes), counts.n_sessions)
        )
        scores = np.hstack(
            [
                by_pattern @ basis,
                (counts.columns[:, patterns] * np.add.reduceat(factor, first)).T,
            ]
        )
        for j in range(m + p):
            out[:, j] += np.bincount(counts.cluster[patterns], scores[:, j], counts.n_clusters)
    return out


def _blocks(counts: SessionCounts) -> list[tuple[slice, slice]]:
    """Runs of patterns with about `CELLS_AT_A_TIME` cells, and their cells."""
    n_patterns = len(counts.start) - 1
    blocks, low = [], 0
    while low < n_patterns:
        limit = counts.start[low] + CELLS_AT_A_TIME
        high = max(low + 1, int(np.searchsorted(counts.start, limit, side="right")) - 1)
        high = min(high, n_patterns)
        blocks.append((slice(low, high), slice(int(counts.start[low]), int(counts.start[high]))))
        low = high
    return blocks
