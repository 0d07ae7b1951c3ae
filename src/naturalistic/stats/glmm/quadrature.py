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

from naturalistic.stats.glmm.likelihood import Model, Modes, Parameters
from naturalistic.stats.glmm.structure import OneFactor

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Nodes:
    """Where the nodes of every level lie and how the posterior weighs them; (points, levels)."""

    location: Array
    effect: Array
    share: Array
    log_level: Array


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Derivatives of the level sums, averaged over the nodes.

    In the linear predictor of each row (n,), in the mode and in log s (the two ways in which the
    nodes move) and in the standard deviation at fixed nodes (levels,), in log theta.
    """

    row: Array
    mode: Array
    log_width: Array
    spread: Array
    log_theta: float


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
        Nodes per level.

    Returns
    -------
    float, ndarray of shape (n_parameters,)

    Raises
    ------
    ValueError
        For a model with another number of random intercepts than one.
    """
    structure = model.structure
    if not isinstance(structure, OneFactor):
        raise ValueError("adaptive quadrature is for one random intercept")
    nodes = _nodes(model, parameters, modes, points)
    value = float(np.sum(nodes.log_level)) + model.family.constant(parameters.theta)
    slopes = _average_slopes(model, parameters, modes, nodes)
    return value, _chain(model, structure, parameters, modes, slopes)


def _nodes(model: Model, parameters: Parameters, modes: Modes, points: int) -> _Nodes:
    location, weight = hermegauss(points)
    width = np.sqrt(modes.system.inverse_diagonal()[0])
    effect = modes.effects[0] + width * location[:, None]
    log_node = np.empty_like(effect)
    for q, (t, z) in enumerate(zip(location, effect, strict=True)):
        rows = model.family.terms(_eta(model, parameters, modes, z), parameters.theta).value
        log_node[q] = model.structure.gather(rows)[0] - z**2 / 2.0 + t**2 / 2.0
    log_node += np.log(weight / np.sqrt(2.0 * np.pi))[:, None]
    highest = log_node.max(axis=0)
    relative = np.exp(log_node - highest)
    total = relative.sum(axis=0)
    return _Nodes(location, effect, relative / total, highest + np.log(total) + np.log(width))


def _eta(model: Model, parameters: Parameters, modes: Modes, effect: Array) -> Array:
    move = parameters.standard_deviations[0] * (effect - modes.effects[0])
    return modes.eta + model.structure.rows_of(0, move)


def _average_slopes(model: Model, parameters: Parameters, modes: Modes, nodes: _Nodes) -> _Slopes:
    sd, structure = float(parameters.standard_deviations[0]), model.structure
    row = np.zeros(len(modes.eta))
    mode, stretch, spread = (np.zeros(structure.n_levels[0]) for _ in range(3))
    log_theta = 0.0
    for t, share, z in zip(nodes.location, nodes.share, nodes.effect, strict=True):
        eta = _eta(model, parameters, modes, z)
        first = model.family.terms(eta, parameters.theta).first
        row += structure.rows_of(0, share) * first
        by_level = structure.gather(first)[0]
        along = share * (sd * by_level - z)
        mode += along
        stretch += t * along
        spread += share * z * by_level
        if model.family.has_theta:
            rows = model.family.theta_terms(eta, parameters.theta).value
            log_theta += float(share @ structure.gather(rows)[0])
    width = np.sqrt(modes.system.inverse_diagonal()[0])
    return _Slopes(row, mode, 1.0 + width * stretch, spread, log_theta)


def _chain(
    model: Model,
    structure: OneFactor,
    parameters: Parameters,
    modes: Modes,
    slopes: _Slopes,
) -> Array:
    """Gradient in the parameters: directly, through the mode and through the width."""
    sd, mode, terms = float(parameters.standard_deviations[0]), modes.effects[0], modes.terms
    h_inverse = modes.system.inverse_diagonal()[0]
    total_curvature = structure.gather(terms.curvature)[0]
    total_slope = structure.gather(terms.curvature_slope)[0]
    # log s = -log(h) / 2 with h = 1 + sd^2 sum(curvature)
    by_mode = slopes.mode + slopes.log_width * (-0.5 * h_inverse * sd**3 * total_slope)
    by_curvature = -0.5 * slopes.log_width * h_inverse * sd**2
    row = (
        slopes.row
        - structure.rows_of(0, by_mode * sd * h_inverse) * terms.curvature
        + structure.rows_of(0, by_curvature) * terms.curvature_slope
    )
    gradient = np.empty(model.n_parameters)
    gradient[: model.n_coefficients] = row @ model.basis
    mode_by_sd = h_inverse * (structure.gather(terms.first)[0] - sd * mode * total_curvature)
    width_by_sd = -0.5 * h_inverse * (2.0 * sd * total_curvature + sd**2 * mode * total_slope)
    gradient[model.n_coefficients] = np.sum(
        slopes.spread + by_mode * mode_by_sd + slopes.log_width * width_by_sd
    )
    if model.family.has_theta:
        theta = model.family.theta_terms(modes.eta, parameters.theta)
        moved = by_mode * h_inverse * sd * structure.gather(theta.first)[0]
        widened = by_curvature * structure.gather(theta.curvature)[0]
        total = slopes.log_theta + float(np.sum(moved + widened))
        total += model.family.constant_slope(parameters.theta)
        gradient[-1] = total if parameters.theta_is_free else 0.0
    return gradient
