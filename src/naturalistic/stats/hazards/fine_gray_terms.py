r"""Risk sets, score and information of the Fine-Gray model, as sums over times.

Who ended by a competing cause stays at risk with the weight :math:`w_i(t)=G(t^-)/G(T_i^-)`, G the distribution of
censoring. G is a step function that depends on the time alone, so a sum over the retained rows at t is
:math:`G(t^-)` times a running sum of :math:`r_i/G(T_i^-)`: no row is ever repeated.

All that a row contributes beside its covariates and relative hazard depends on its *cell*: stratum of the baseline
hazard, group of the censoring distribution, time, and kind of ending. Rows are sorted by cell once; sums over
cells and look-ups from cells then run through memory in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from naturalistic.stats.event_table import FloatArray, IntArray

CensoringConvention = Literal["crr", "finegray"]

CENSORED, OWN, COMPETING = 0, 1, 2

# rows handled at once where a temporary of their shape is needed: stays in the processor's cache
_BLOCK = 16384


@dataclass(frozen=True, slots=True)
class Design:
    """Rows sorted by cell, and counts that do not depend on the coefficients.

    Attributes
    ----------
    covariates : ndarray of float, shape (n, p)
        Centred and scaled, rows sorted by cell.
    first_row : ndarray of int, shape (c + 1,)
        Where each cell's rows begin, and n.
    stratum, group, position, kind : ndarray of int, shape (c,)
        Of each cell: stratum, censoring group, index of the time, and CENSORED, OWN or COMPETING.
    retained_weight : ndarray of float, shape (c,)
        1/G(T-) of competing cells, otherwise 0.
    events : ndarray of float, shape (S, m)
        Events of interest in each stratum at each time.
    own_sum : ndarray of float, shape (p,)
        Sum of the covariates over events of interest.
    still_uncensored : ndarray of float, shape (C, m)
        G(t-) of each censoring group.
    censored, censoring_risk : ndarray of float, shape (C, m)
        Censorings, and who could be censored, at each time.
    """

    covariates: FloatArray
    first_row: IntArray
    stratum: IntArray
    group: IntArray
    position: IntArray
    kind: IntArray
    retained_weight: FloatArray
    events: FloatArray
    own_sum: FloatArray
    still_uncensored: FloatArray
    censored: FloatArray
    censoring_risk: FloatArray

    @property
    def rows_of_cell(self) -> IntArray:
        """Number of rows of each cell, shape (c,)."""
        return np.diff(self.first_row)


@dataclass(frozen=True, slots=True)
class RiskSets:
    """Weighted risk sets at one value of the coefficients; S strata, m times.

    Attributes
    ----------
    relative_hazard : ndarray of float, shape (n,)
        exp(x'b - shift).
    cell_hazard : ndarray of float, shape (c,)
        Its sum in each cell.
    cell_moment : ndarray of float, shape (c, p)
        Sum of relative hazard times covariates in each cell.
    shift : float
        Against overflow.
    log_likelihood : float
        Breslow partial log likelihood.
    mean : ndarray of float, shape (S, m, p)
        Weighted mean E(t) of the covariates; 0 at times without an event of interest.
    hazard : ndarray of float, shape (S, m)
        Steps d/S0 of the baseline subdistribution hazard, times exp(shift).
    """

    relative_hazard: FloatArray
    cell_hazard: FloatArray
    cell_moment: FloatArray
    shift: float
    log_likelihood: float
    mean: FloatArray
    hazard: FloatArray


def build_design(
    covariates: FloatArray,
    position: IntArray,
    kind: IntArray,
    stratum: IntArray,
    group: IntArray,
    convention: CensoringConvention,
) -> tuple[Design, IntArray]:
    """Sort rows into cells, count events and censorings, estimate G in each censoring group.

    Convention ``crr``: events at t are still at risk of the censorings at t; ``finegray``: they have left.

    Returns
    -------
    Design
    ndarray of int, shape (n,)
        The order in which the rows now stand.
    """
    n_groups = int(group.max()) + 1
    cells, order = _cells(position, kind, stratum, group)
    censored = cells.count(cells.kind == CENSORED, cells.group, n_groups)
    ended = cells.count(cells.kind != CENSORED, cells.group, n_groups)
    at_risk = sum_from(censored + ended)
    if convention == "finegray":
        at_risk = at_risk - ended
    rate = np.divide(censored, at_risk, out=np.zeros_like(censored), where=at_risk > 0)
    kept = np.column_stack([np.ones(n_groups), np.cumprod(1.0 - rate, axis=1)[:, :-1]])
    own, x = cells.kind == OWN, covariates[order]
    design = Design(
        covariates=x,
        first_row=cells.first_row,
        stratum=cells.stratum,
        group=cells.group,
        position=cells.position,
        kind=cells.kind,
        retained_weight=np.where(
            cells.kind == COMPETING, 1.0 / kept[cells.group, cells.position], 0.0
        ),
        events=cells.count(own, cells.stratum, int(stratum.max()) + 1),
        own_sum=np.repeat(own, cells.size).astype(np.float64) @ x,
        still_uncensored=kept,
        censored=censored,
        censoring_risk=at_risk,
    )
    return design, order


@dataclass(frozen=True, slots=True)
class _Cells:
    """Cells in order: where their rows begin (c + 1,), and what their rows share, each (c,)."""

    first_row: IntArray
    stratum: IntArray
    group: IntArray
    position: IntArray
    kind: IntArray
    n_times: int

    @property
    def size(self) -> IntArray:
        """Number of rows of each cell, shape (c,)."""
        return np.diff(self.first_row)

    def count(self, chosen: NDArray[np.bool_], codes: IntArray, levels: int) -> FloatArray:
        """Rows of the chosen cells by level of `codes` and time, shape (levels, m)."""
        place = codes[chosen] * self.n_times + self.position[chosen]
        return cell_table(place, self.size[chosen].astype(np.float64), (levels, self.n_times))


def _cells(
    position: IntArray, kind: IntArray, stratum: IntArray, group: IntArray
) -> tuple[_Cells, IntArray]:
    """Cells of the rows, and the order (n,) that brings the rows of each cell together."""
    m, n_groups = int(position.max()) + 1, int(group.max()) + 1
    key = ((stratum * n_groups + group) * m + position) * 3 + kind
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    of_cell = ordered[starts]
    rest = of_cell // 3
    of_pair = rest // m
    cells = _Cells(
        first_row=np.append(starts, len(key)),
        stratum=of_pair // n_groups,
        group=of_pair % n_groups,
        position=rest % m,
        kind=of_cell % 3,
        n_times=m,
    )
    return cells, order


def risk_sets(design: Design, coefficients: FloatArray) -> RiskSets:
    """Risk sets, log likelihood and baseline hazard at `coefficients` (p,)."""
    linear = design.covariates @ coefficients
    shift = float(linear.max())
    relative = np.exp(linear - shift)
    n = len(linear)
    sums = csr_array((relative, np.arange(n), design.first_row), shape=(len(design.kind), n))
    cell_hazard = np.add.reduceat(relative, design.first_row[:-1])
    cell_moment = np.asarray(sums @ design.covariates)
    total = _risk_sum(design, cell_hazard)
    happened = design.events > 0
    safe = np.where(happened, total, 1.0)
    first = np.stack([_risk_sum(design, column) for column in cell_moment.T], axis=2)
    log_total = np.log(safe[happened]) + shift
    return RiskSets(
        relative_hazard=relative,
        cell_hazard=cell_hazard,
        cell_moment=cell_moment,
        shift=shift,
        log_likelihood=float(design.own_sum @ coefficients - design.events[happened] @ log_total),
        mean=np.where(happened[:, :, None], first / safe[:, :, None], 0.0),
        hazard=np.where(happened, design.events / safe, 0.0),
    )


def score_and_information(design: Design, sets: RiskSets) -> tuple[FloatArray, FloatArray]:
    """Score (p,) and information (p, p), the latter from row totals, without second moments by time."""
    score = design.own_sum - np.einsum("sk,skp->p", design.events, sets.mean)
    exposure = weighted_exposure(design, sets.hazard)
    weight = sets.relative_hazard * np.repeat(exposure, design.rows_of_cell)
    second = np.zeros((len(score), len(score)))
    for rows in blocks(len(weight)):
        x = design.covariates[rows]
        second += x.T @ (x * weight[rows, None])
    return score, second - np.einsum("sk,skp,skq->pq", design.events, sets.mean, sets.mean)


def _risk_sum(design: Design, cell_values: FloatArray) -> FloatArray:
    """Sum over the weighted risk set at each time of each stratum, shape (S, m), of cell totals (c,)."""
    shape = design.events.shape
    cell = design.stratum * shape[1] + design.position
    total = sum_from(cell_table(cell, cell_values, shape))
    retained = cell_values * design.retained_weight
    for g, uncensored in enumerate(design.still_uncensored):
        rows = (design.group == g) & (design.kind == COMPETING)
        total += uncensored * sum_before(cell_table(cell[rows], retained[rows], shape))
    return total


def weighted_exposure(design: Design, steps: FloatArray) -> FloatArray:
    r"""Weighted integral :math:`\int w_i(t)\,dA(t)` of steps dA (S, m) for the rows of each cell, shape (c,)."""
    total = np.cumsum(steps, axis=1)[design.stratum, design.position]
    for g, uncensored in enumerate(design.still_uncensored):
        rows = (design.group == g) & (design.kind == COMPETING)
        later = sum_from(uncensored * steps) - uncensored * steps
        total[rows] += (
            design.retained_weight[rows] * later[design.stratum[rows], design.position[rows]]
        )
    return np.asarray(total)


def blocks(n: int) -> Iterator[slice]:
    """Slices of rows to handle at once."""
    return (slice(start, start + _BLOCK) for start in range(0, n, _BLOCK))


def cell_table(cell: IntArray, values: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Sum of `values` in each cell, as floats even where there is none."""
    sums = np.bincount(cell, weights=values, minlength=shape[0] * shape[1])
    return np.asarray(sums.reshape(shape), dtype=np.float64)


def sum_before(steps: FloatArray) -> FloatArray:
    """Sum over strictly earlier times (axis 1)."""
    return np.asarray(np.cumsum(steps, axis=1) - steps)


def sum_from(steps: FloatArray) -> FloatArray:
    """Sum over this and later times (axis 1)."""
    return np.asarray(np.cumsum(steps[:, ::-1], axis=1)[:, ::-1])
