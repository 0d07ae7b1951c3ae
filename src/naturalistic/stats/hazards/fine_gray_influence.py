"""Influence of rows on the Fine-Gray score and on its baseline hazard."""

from __future__ import annotations

import numpy as np

from naturalistic.stats.event_table import FloatArray, IntArray
from naturalistic.stats.hazards.fine_gray_terms import (
    CENSORED,
    COMPETING,
    OWN,
    Design,
    RiskSets,
    blocks,
    cell_table,
    sum_before,
    sum_from,
    weighted_exposure,
)


def influence_products(
    design: Design,
    sets: RiskSets,
    cluster: IntArray | None,
    *,
    censoring: bool,
    kernels: FloatArray | None = None,
) -> FloatArray:
    r"""Sum over clusters (or rows) of the outer products of their influence, shape (p + q, p + q).

    Row i contributes :math:`\eta_i+\psi_i` to the score, with :math:`\eta_i=\int(x_i-E)w_i\,dM_i` and, where
    `censoring`, :math:`\psi_i` for the estimation of G (Fine and Gray 1999); and to each of q further integrals
    :math:`\int h\,w_i\,dM_i` with its own :math:`\psi_i`.

    Parameters
    ----------
    cluster : ndarray of int, shape (n,), or None
        Codes 0..C-1 in the order of the design's rows.
    kernels : ndarray of float, shape (S, m, q), optional
        The functions h of stratum and time.
    """
    p = design.covariates.shape[1]
    own = (design.kind == OWN).astype(np.float64)
    slope, level, constant = _influence_by_cell(design, sets, own, censoring, kernels)
    size = level.shape[1]
    cell = np.repeat(np.arange(len(own)), design.rows_of_cell)
    products = np.zeros((size, size))
    n_clusters = 0 if cluster is None else int(cluster.max()) + 1
    sums = np.zeros(n_clusters * size)
    for rows in blocks(len(cell)):
        hazard, where = sets.relative_hazard[rows], cell[rows]
        influence = hazard[:, None] * level[where] + constant[where]
        influence[:, :p] += design.covariates[rows] * (own[where] - hazard * slope[where])[:, None]
        if cluster is None:
            products += influence.T @ influence
        else:
            # one-dimensional indices: numpy adds in place three times faster than by rows
            flat = (cluster[rows, None] * size + np.arange(size)).ravel()
            np.add.at(sums, flat, influence.ravel())
    by_cluster = sums.reshape(n_clusters, size)
    return products if cluster is None else np.asarray(by_cluster.T @ by_cluster)


def _influence_by_cell(
    design: Design,
    sets: RiskSets,
    own: FloatArray,
    censoring: bool,
    kernels: FloatArray | None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Influence of a row is x (own - r slope) + r level + constant; shapes (c,), (c, p + q), (c, p + q).

    The score's kernel is x - E: x stays with the rows, -E is a kernel as any other.
    """
    other = np.empty((*design.events.shape, 0)) if kernels is None else kernels
    known = np.concatenate([-sets.mean, other], axis=2)
    slope = weighted_exposure(design, sets.hazard)
    level = np.column_stack(
        [-weighted_exposure(design, sets.hazard * kernel) for kernel in np.moveaxis(known, 2, 0)]
    )
    constant = own[:, None] * known[design.stratum, design.position]
    if censoring:
        constant += _censoring_influence(design, sets, known)
    return slope, level, constant


def _censoring_influence(design: Design, sets: RiskSets, kernels: FloatArray) -> FloatArray:
    r"""Influence through G of a row of each cell, :math:`\psi=\int q(u)/Y_c(u)\,dM^c(u)`, shape (c, p + q).

    :math:`q(u)=\sum_{T_i<u}(r_i/G_i)\sum_{t\ge u}h_i(t)\,G(t^-)\,d\Lambda_0(t)` over the rows retained, with
    :math:`h_i=x_i-E` in the first p columns and a function of time alone in the others.
    """
    p = sets.cell_moment.shape[1]
    influence = np.zeros((len(design.kind), kernels.shape[2]))
    shape = design.events.shape
    for g, uncensored in enumerate(design.still_uncensored):
        rows = (design.group == g) & (design.kind == COMPETING)
        cell = (design.stratum * shape[1] + design.position)[rows]
        weight = design.retained_weight[rows]
        steps = uncensored * sets.hazard
        ahead = sum_from(steps)
        count = sum_before(cell_table(cell, weight * sets.cell_hazard[rows], shape))
        members = design.group == g
        where, leaves = design.position[members], design.kind[members] == CENSORED
        risk = design.censoring_risk[g]
        share = np.divide(1.0, risk, out=np.zeros_like(risk), where=risk > 0)
        for j, kernel in enumerate(np.moveaxis(kernels, 2, 0)):
            q = count * sum_from(steps * kernel)
            if j < p:
                moment = weight * sets.cell_moment[rows, j]
                q = q + sum_before(cell_table(cell, moment, shape)) * ahead
            each = q.sum(axis=0) * share
            compensator = np.cumsum(each * design.censored[g] * share)
            influence[members, j] = np.where(leaves, each[where], 0.0) - compensator[where]
    return influence
