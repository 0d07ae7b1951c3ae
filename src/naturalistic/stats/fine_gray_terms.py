r"""Risk sets, score, information and influence of the Fine-Gray model, as sums over times.

Who ended by a competing cause stays at risk with the weight :math:`w_i(t)=G(t^-)/G(T_i^-)`, G the distribution of
censoring. G is a step function that depends on the time alone, so a sum over the retained rows at t is
:math:`G(t^-)` times a running sum of :math:`r_i/G(T_i^-)`: no row is ever repeated.

Rows are counted by *pair* = (stratum of the baseline hazard, group of the censoring distribution).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from naturalistic.stats.event_table import FloatArray, IntArray

CensoringConvention = Literal["crr", "finegray"]


@dataclass(frozen=True, slots=True)
class Design:
    """Rows and counts that do not depend on the coefficients.

    Attributes
    ----------
    covariates : ndarray of float, shape (n, p)
        Centred and scaled, column-major.
    position, pair : ndarray of int, shape (n,)
        Index of the row's time; its (stratum, censoring group).
    own, competing : ndarray of bool, shape (n,)
        Ended by the cause of interest; by another cause.
    pair_stratum, pair_group : ndarray of int, shape (H,)
        Stratum and censoring group of each pair.
    events : ndarray of float, shape (S, m)
        Events of interest in each stratum at each time.
    still_uncensored : ndarray of float, shape (C, m)
        G(t-) of each censoring group.
    censored, censoring_risk : ndarray of float, shape (C, m)
        Censorings, and who could be censored, at each time.
    """

    covariates: FloatArray
    position: IntArray
    pair: IntArray
    own: np.ndarray[tuple[int], np.dtype[np.bool_]]
    competing: np.ndarray[tuple[int], np.dtype[np.bool_]]
    pair_stratum: IntArray
    pair_group: IntArray
    events: FloatArray
    still_uncensored: FloatArray
    censored: FloatArray
    censoring_risk: FloatArray

    @property
    def row_weight(self) -> FloatArray:
        """1/G(T_i-) of rows that ended by a competing cause, otherwise 0; shape (n,)."""
        group = self.pair_group[self.pair]
        kept = self.still_uncensored[group, self.position]
        return np.divide(1.0, kept, out=np.zeros_like(kept), where=self.competing)


@dataclass(frozen=True, slots=True)
class RiskSets:
    """Weighted risk sets at one value of the coefficients; S strata, m times, H pairs.

    Attributes
    ----------
    relative_hazard : ndarray of float, shape (n,)
        exp(x'b), divided by exp(shift) against overflow.
    shift : float
    log_likelihood : float
        Breslow partial log likelihood.
    mean : ndarray of float, shape (S, m, p)
        Weighted mean E(t) of the covariates.
    hazard : ndarray of float, shape (S, m)
        Baseline subdistribution hazard steps d/S0 (times exp(shift)).
    """

    relative_hazard: FloatArray
    shift: float
    log_likelihood: float
    mean: FloatArray
    hazard: FloatArray


def build_design(
    covariates: FloatArray,
    position: IntArray,
    cause: IntArray,
    of_cause: int,
    stratum: IntArray,
    censoring_group: IntArray,
    convention: CensoringConvention,
) -> Design:
    """Count events and censorings and estimate G in each censoring group.

    Convention ``crr``: events at t are still at risk of the censorings at t. ``finegray``: they have left.
    """
    m = int(position.max()) + 1
    n_groups, n_strata = int(censoring_group.max()) + 1, int(stratum.max()) + 1
    pairs, pair = np.unique(stratum * n_groups + censoring_group, return_inverse=True)
    own, competing = cause == of_cause, (cause != 0) & (cause != of_cause)
    cell = censoring_group * m + position

    def count(rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> FloatArray:
        numbers = np.bincount(cell[rows], minlength=n_groups * m).reshape(n_groups, m)
        return numbers.astype(np.float64)

    censored, ended = count(cause == 0), count(cause != 0)
    at_risk = np.cumsum((censored + ended)[:, ::-1], axis=1)[:, ::-1]
    if convention == "finegray":
        at_risk = at_risk - ended
    rate = np.divide(censored, at_risk, out=np.zeros_like(censored), where=at_risk > 0)
    kept = np.cumprod(1.0 - rate, axis=1)
    events = np.bincount((stratum * m + position)[own], minlength=n_strata * m)
    return Design(
        covariates=np.asfortranarray(covariates),
        position=position,
        pair=pair.astype(np.int64),
        own=own,
        competing=competing,
        pair_stratum=pairs // n_groups,
        pair_group=pairs % n_groups,
        events=events.reshape(n_strata, m).astype(np.float64),
        still_uncensored=np.column_stack([np.ones(n_groups), kept[:, :-1]]),
        censored=censored,
        censoring_risk=at_risk,
    )


def risk_sets(design: Design, row_weight: FloatArray, coefficients: FloatArray) -> RiskSets:
    """Risk sets, log likelihood and baseline hazard at `coefficients` (p,)."""
    linear = design.covariates @ coefficients
    shift = float(linear.max())
    relative = np.exp(linear - shift)
    total = _risk_sum(design, relative, row_weight)
    happened = design.events > 0
    safe = np.where(total > 0, total, 1.0)
    first = np.stack(
        [_risk_sum(design, relative * column, row_weight) for column in design.covariates.T],
        axis=2,
    )
    mean = np.where(happened[:, :, None], first / safe[:, :, None], 0.0)
    log_total = np.log(total[happened]) + shift
    likelihood = linear[design.own].sum() - design.events[happened] @ log_total
    return RiskSets(
        relative_hazard=relative,
        shift=shift,
        log_likelihood=float(likelihood),
        mean=mean,
        hazard=np.where(happened, design.events / safe, 0.0),
    )


def score_and_information(
    design: Design, row_weight: FloatArray, sets: RiskSets
) -> tuple[FloatArray, FloatArray]:
    """Score (p,) and information (p, p), the latter from row totals, without second moments by time."""
    x = design.covariates
    expected = np.einsum("sk,skp->p", design.events, sets.mean)
    score = x[design.own].sum(axis=0) - expected
    exposure, _ = _exposure(design, row_weight, sets, with_mean=False)
    second = x.T @ (x * (sets.relative_hazard * exposure)[:, None])
    between = np.einsum("sk,skp,skq->pq", design.events, sets.mean, sets.mean)
    return score, second - between


def score_influence(
    design: Design, row_weight: FloatArray, sets: RiskSets, *, censoring: bool
) -> FloatArray:
    r"""Each row's contribution :math:`\eta_i` (or :math:`\eta_i+\psi_i`) to the score, shape (n, p).

    :math:`\eta_i=\int(x_i-E)w_i\,dM_i`; :math:`\psi_i` carries the estimation of G (Fine and Gray 1999).
    """
    x = design.covariates
    exposure, exposure_mean = _exposure(design, row_weight, sets, with_mean=True)
    influence = -sets.relative_hazard[:, None] * (x * exposure[:, None] - exposure_mean)
    stratum = design.pair_stratum[design.pair[design.own]]
    influence[design.own] += x[design.own] - sets.mean[stratum, design.position[design.own]]
    if censoring:
        influence += _censoring_influence(design, row_weight, sets)
    return influence


def _risk_sum(design: Design, values: FloatArray, row_weight: FloatArray) -> FloatArray:
    """Sum of `values` (n,) over the weighted risk set at each time of each stratum, shape (S, m)."""
    n_pairs, m = len(design.pair_stratum), design.events.shape[1]
    cell = design.pair * m + design.position
    observed = _table(cell, values, (n_pairs, m))
    rows = design.competing
    retained = _table(cell[rows], (values * row_weight)[rows], (n_pairs, m))
    total = np.zeros_like(design.events)
    uncensored = design.still_uncensored[design.pair_group]
    each = np.cumsum(observed[:, ::-1], axis=1)[:, ::-1] + uncensored * _before(retained)
    np.add.at(total, design.pair_stratum, each)
    return total


def _exposure(
    design: Design, row_weight: FloatArray, sets: RiskSets, *, with_mean: bool
) -> tuple[FloatArray, FloatArray]:
    r"""Weighted baseline hazard :math:`\int w_i\,d\Lambda_0` (n,) and :math:`\int w_i E\,d\Lambda_0` (n, p)."""
    stratum = design.pair_stratum[design.pair]
    uncensored = design.still_uncensored[design.pair_group]
    rows = design.competing

    def over_time(steps: FloatArray) -> FloatArray:
        """Rows' sums of steps (S, m) up to their time and, where retained, of G x steps after it."""
        total = np.cumsum(steps, axis=1)[stratum, design.position]
        later = _after(uncensored * steps[design.pair_stratum])
        total[rows] += row_weight[rows] * later[design.pair[rows], design.position[rows]]
        return np.asarray(total)

    exposure = over_time(sets.hazard)
    if not with_mean:
        return exposure, np.empty((0, 0))
    columns = [over_time(sets.hazard * mean) for mean in np.moveaxis(sets.mean, 2, 0)]
    return exposure, np.column_stack(columns)


def _censoring_influence(design: Design, row_weight: FloatArray, sets: RiskSets) -> FloatArray:
    r"""Influence through G, :math:`\psi_i=\int q(u)/Y_c(u)\,dM^c_i(u)`, shape (n, p).

    :math:`q(u)=\sum_{T_i<u}(r_i/G_i)\sum_{t\ge u}\{x_i-E(t)\}G(t^-)\,d\Lambda_0(t)` over the rows retained.
    """
    n_pairs, m = len(design.pair_stratum), design.events.shape[1]
    p = design.covariates.shape[1]
    rows = design.competing
    cell = (design.pair * m + design.position)[rows]
    weight = (sets.relative_hazard * row_weight)[rows]
    uncensored = design.still_uncensored[design.pair_group]
    steps = uncensored * sets.hazard[design.pair_stratum]
    ahead = _from(steps)

    def retained(values: FloatArray) -> FloatArray:
        return _before(_table(cell, values, (n_pairs, m)))

    count = retained(weight)
    group = design.pair_group[design.pair]
    safe = np.where(design.censoring_risk > 0, design.censoring_risk, 1.0)
    is_censored = ~(design.own | design.competing)
    influence = np.empty((len(group), p))
    for j in range(p):
        first = retained(weight * design.covariates[rows, j])
        by_pair = first * ahead - count * _from(steps * sets.mean[design.pair_stratum, :, j])
        q = np.zeros_like(design.censored)
        np.add.at(q, design.pair_group, by_pair)
        q = np.where(design.censoring_risk > 0, q / safe, 0.0)
        compensator = np.cumsum(q * design.censored / safe, axis=1)
        influence[:, j] = -compensator[group, design.position]
        influence[is_censored, j] += q[group[is_censored], design.position[is_censored]]
    return influence


def _table(cell: IntArray, values: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Sum of `values` in each cell, as floats even where there is none."""
    sums = np.bincount(cell, weights=values, minlength=shape[0] * shape[1])
    return np.asarray(sums.reshape(shape), dtype=np.float64)


def _before(steps: FloatArray) -> FloatArray:
    """Sum over strictly earlier times (axis 1)."""
    return np.asarray(np.cumsum(steps, axis=1) - steps)


def _from(steps: FloatArray) -> FloatArray:
    """Sum over this and later times (axis 1)."""
    return np.asarray(np.cumsum(steps[:, ::-1], axis=1)[:, ::-1])


def _after(steps: FloatArray) -> FloatArray:
    """Sum over strictly later times (axis 1)."""
    return np.asarray(_from(steps) - steps)
