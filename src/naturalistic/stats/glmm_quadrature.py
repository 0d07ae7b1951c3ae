"""Adaptive Gauss-Hermite quadrature for one random intercept, with its exact gradient.

For every level, with mode z, ``s = h^(-1/2)`` and nodes t_q, weights w_q for the standard normal
density (Pinheiro & Bates 1995, eq. 9; Liu & Pierce 1994, Biometrika 81, eq. 4):

    l_g = log s + log sum_q w_q exp( sum f(eta_q) - z_q^2 / 2 + t_q^2 / 2 ),   z_q = z + s t_q.

With one node this is the Laplace approximation. It matters where a level holds few rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray

from naturalistic.stats.glmm_likelihood import Model, Modes, Parameters
from naturalistic.stats.glmm_structure import OneFactor

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Nodes:
    """Posterior weights of the nodes (points, levels) and the standardised effect at each."""

    value: Array
    weight: Array
    effect: Array


def adaptive_quadrature(
    model: Model, parameters: Parameters, modes: Modes, points: int
) -> tuple[float, Array]:
    """Log-likelihood by `points` adaptive nodes per level, and its gradient in the flat vector.

    Parameters
    ----------
    model : Model
        Its structure must be `OneFactor`.
    parameters, modes : Parameters, Modes
        Where to evaluate, and the effects' modes there.
    points : int
        Nodes per level, 2 or more.

    Returns
    -------
    float, ndarray of shape (n_parameters,)
    """
    structure = model.structure
    if not isinstance(structure, OneFactor):
        raise ValueError("adaptive quadrature is for one random intercept")
    sd, group = float(parameters.standard_deviations[0]), structure.group
    mode = modes.effects[0]
    spread = np.sqrt(modes.system.inverse_diagonal()[0])
    location, weight = hermegauss(points)
    nodes = _evaluate_nodes(model, parameters, modes, location, weight / np.sqrt(2.0 * np.pi))
    value = float(np.sum(nodes.value)) + model.family.constant(parameters.theta)

    n = len(group)
    row_slope, effect_slope = np.zeros(n), np.zeros(structure.levels)
    sd_slope, stretch_slope = np.zeros(structure.levels), np.zeros(structure.levels)
    theta_slope = 0.0
    for t, share, z in zip(location, nodes.weight, nodes.effect, strict=True):
        eta = modes.eta + (sd * (z - mode))[group]
        first = model.family.terms(eta, parameters.theta).first
        row_slope += share[group] * first
        by_level = structure.gather(first)[0]
        along = share * (sd * by_level - z)
        effect_slope += along
        stretch_slope += t * along
        sd_slope += share * z * by_level
        if model.family.has_theta:
            rows = model.family.theta_terms(eta, parameters.theta).value
            theta_slope += float(share @ structure.gather(rows)[0])

    # derivatives of the mode and of log s, the two ways in which the nodes move
    terms = modes.terms
    h_inverse = spread**2
    log_s_slope = 1.0 + spread * stretch_slope
    total_curvature = structure.gather(terms.curvature)[0]
    total_slope = structure.gather(terms.curvature_slope)[0]
    log_s_by_mode = -0.5 * h_inverse * sd**3 * total_slope
    through_mode = effect_slope + log_s_slope * log_s_by_mode
    row = (
        row_slope
        - (through_mode * sd * h_inverse)[group] * terms.curvature
        - (0.5 * log_s_slope * h_inverse * sd**2)[group] * terms.curvature_slope
    )
    gradient = np.empty(model.n_parameters)
    gradient[: model.n_coefficients] = row @ model.basis
    mode_by_sd = h_inverse * (structure.gather(terms.first)[0] - sd * mode * total_curvature)
    log_s_by_sd = -0.5 * h_inverse * (2.0 * sd * total_curvature + sd**2 * mode * total_slope)
    gradient[model.n_coefficients] = np.sum(
        sd_slope + through_mode * mode_by_sd + log_s_slope * log_s_by_sd
    )
    if model.family.has_theta:
        theta = model.family.theta_terms(modes.eta, parameters.theta)
        moves = through_mode * h_inverse * sd * structure.gather(theta.first)[0]
        widens = -0.5 * log_s_slope * h_inverse * sd**2 * structure.gather(theta.curvature)[0]
        theta_slope += float(np.sum(moves + widens))
        theta_slope += model.family.constant_slope(parameters.theta)
        gradient[-1] = theta_slope if parameters.theta_is_free else 0.0
    return value, gradient


def _evaluate_nodes(
    model: Model, parameters: Parameters, modes: Modes, location: Array, weight: Array
) -> _Nodes:
    structure = model.structure
    sd = float(parameters.standard_deviations[0])
    mode, spread = modes.effects[0], np.sqrt(modes.system.inverse_diagonal()[0])
    effect = mode + spread * location[:, None]
    log_node = np.empty_like(effect)
    for q, (t, z) in enumerate(zip(location, effect, strict=True)):
        eta = modes.eta + structure.rows_of(0, sd * (z - mode))
        rows = model.family.terms(eta, parameters.theta).value
        log_node[q] = structure.gather(rows)[0] - z**2 / 2.0 + t**2 / 2.0 + np.log(weight[q])
    highest = log_node.max(axis=0)
    relative = np.exp(log_node - highest)
    total = relative.sum(axis=0)
    return _Nodes(highest + np.log(total) + np.log(spread), relative / total, effect)
