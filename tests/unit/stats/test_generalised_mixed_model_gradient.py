"""The pieces of the engine against brute force: derivatives, dense matrices, direct integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from naturalistic.stats.glmm.families import Binomial, Family, NegativeBinomial, Poisson
from naturalistic.stats.glmm.likelihood import Model
from naturalistic.stats.glmm.quadrature import adaptive_quadrature
from naturalistic.stats.glmm.structure import NoFactor, OneFactor, Structure
from naturalistic.stats.glmm.two_factors import TwoFactors

ROWS, UNITS, GROUPS = 600, 100, 12
RNG = np.random.default_rng(1)
UNIT = RNG.integers(0, UNITS, ROWS)
# groups 0 to 5 share units, groups 6 to 11 do not: blocks and lone groups in one design
GROUP = RNG.integers(0, GROUPS, UNITS)[UNIT]
MOVES = (RNG.random(ROWS) < 0.2) & (GROUP < 6)
GROUP = np.where(MOVES, RNG.integers(0, 6, ROWS), GROUP)
BASIS = np.column_stack([np.ones(ROWS), RNG.normal(size=ROWS)])
ETA = BASIS @ [-0.5, 0.4] + RNG.normal(0, 0.8, UNITS)[UNIT] + RNG.normal(0, 0.5, GROUPS)[GROUP]
MEAN = np.exp(ETA)
FAMILIES: dict[str, Family] = {
    "binomial": Binomial(RNG.binomial(3, 1 / (1 + np.exp(-ETA))) * 1.0, np.full(ROWS, 3.0)),
    "poisson": Poisson(RNG.poisson(MEAN) * 1.0),
    "nb2": NegativeBinomial(RNG.negative_binomial(2, 2 / (2 + MEAN)) * 1.0),
}
STRUCTURES: dict[str, Structure] = {
    "none": NoFactor(ROWS),
    "one": OneFactor(GROUP, GROUPS),
    "two": TwoFactors(UNIT, GROUP, (UNITS, GROUPS)),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_families_are_the_log_densities_of_scipy(family: str) -> None:
    data, theta = FAMILIES[family], 1.7
    mean = np.exp(ETA)
    expected = {
        "binomial": lambda: stats.binom.logpmf(data.observed(), 3, 1 / (1 + np.exp(-ETA))),
        "poisson": lambda: stats.poisson.logpmf(data.observed(), mean),
        "nb2": lambda: stats.nbinom.logpmf(data.observed(), theta, theta / (theta + mean)),
    }[family]()
    value = np.sum(data.terms(ETA, theta).value) + data.constant(theta)
    assert value == pytest.approx(np.sum(expected), rel=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_row_derivatives(family: str) -> None:
    data, theta, h = FAMILIES[family], 1.7, 1e-5
    at, up, down = (data.terms(ETA + step, theta) for step in (0.0, h, -h))
    np.testing.assert_allclose(at.first, (up.value - down.value) / (2 * h), atol=1e-7)
    np.testing.assert_allclose(at.curvature, -(up.first - down.first) / (2 * h), atol=1e-7)
    slope = (up.curvature - down.curvature) / (2 * h)
    np.testing.assert_allclose(at.curvature_slope, slope, atol=1e-7)


@pytest.mark.parametrize("family", FAMILIES)
def test_row_derivatives_in_log_theta(family: str) -> None:
    data, theta, h = FAMILIES[family], 1.7, 1e-5
    found = data.theta_terms(ETA, theta)
    up, down = (data.terms(ETA, theta * np.exp(step)) for step in (h, -h))
    for name in ("value", "first", "curvature"):
        slope = (getattr(up, name) - getattr(down, name)) / (2 * h)
        np.testing.assert_allclose(getattr(found, name), slope, atol=1e-7)
    # only the negative binomial has a theta: the others do not move with it
    assert np.any(found.value) == data.has_theta


def test_large_theta_is_the_poisson_without_loss_of_digits() -> None:
    counts = FAMILIES["poisson"].observed()
    poisson, nearly = Poisson(counts), NegativeBinomial(counts)
    values = [
        np.sum(family.terms(ETA, 1e12).value) + family.constant(1e12)
        for family in (poisson, nearly)
    ]
    assert values[1] == pytest.approx(values[0], abs=1e-7)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("structure", "points"), [("none", 1), ("one", 1), ("one", 6), ("two", 1)])
def test_gradient_is_the_slope_of_the_likelihood(family: str, structure: str, points: int) -> None:
    model = Model(BASIS, 0.0, FAMILIES[family], STRUCTURES[structure])
    spreads = [0.7, 0.4][: model.n_factors]
    at = np.array([-0.4, 0.3, *spreads, *([0.3] if family == "nb2" else [])])

    def value(vector: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = model.unpack(vector)
        modes = model.modes(parameters, model.zero_effects())
        assert modes.converged
        if points > 1:
            return adaptive_quadrature(model, parameters, modes, points)
        return model.laplace(parameters, modes)

    h = 1e-5
    slopes = [(value(at + h * e)[0] - value(at - h * e)[0]) / (2 * h) for e in np.eye(len(at))]
    np.testing.assert_allclose(value(at)[1], slopes, atol=2e-6)


def test_two_factor_algebra_equals_dense_matrices() -> None:
    structure = TwoFactors(UNIT, GROUP, (UNITS, GROUPS))
    assert len(structure.cells.blocks) == 1
    curvature = RNG.uniform(0.1, 2.0, ROWS)
    system = structure.system(curvature, np.array([0.7, 0.4]))
    incidence = np.zeros((ROWS, UNITS + GROUPS))
    incidence[np.arange(ROWS), UNIT] = 0.7
    incidence[np.arange(ROWS), UNITS + GROUP] = 0.4
    dense = np.eye(UNITS + GROUPS) + incidence.T @ (curvature[:, None] * incidence)
    inverse = np.linalg.inv(dense)
    right = RNG.normal(size=UNITS + GROUPS)
    solved = np.concatenate(system.solve((right[:UNITS], right[UNITS:])))
    np.testing.assert_allclose(solved, inverse @ right, atol=1e-11)
    exact = system._solve_blocks(right[UNITS:])
    np.testing.assert_allclose(exact, system._solve_schur(right[UNITS:]), atol=1e-11)
    assert system.log_determinant() == pytest.approx(np.linalg.slogdet(dense)[1], rel=1e-13)
    np.testing.assert_allclose(
        np.concatenate(system.inverse_diagonal()), np.diag(inverse), atol=1e-13
    )
    leverage = system.leverage()
    np.testing.assert_allclose(
        leverage.row, np.einsum("ij,jk,ik->i", incidence, inverse, incidence), atol=1e-13
    )
    rows = incidence @ inverse
    np.testing.assert_allclose(leverage.by_factor[0], rows[np.arange(ROWS), UNIT], atol=1e-13)
    np.testing.assert_allclose(
        leverage.by_factor[1], rows[np.arange(ROWS), UNITS + GROUP], atol=1e-13
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_quadrature_equals_direct_integration(family: str) -> None:
    model = Model(BASIS, 0.0, FAMILIES[family], STRUCTURES["one"])
    vector = np.array([-0.4, 0.3, 0.6, *([0.3] if family == "nb2" else [])])
    parameters = model.unpack(vector)
    modes = model.modes(parameters, model.zero_effects())
    adaptive = adaptive_quadrature(model, parameters, modes, 25)[0]
    # the trapezium rule on a fine grid is exact to rounding for such integrands
    grid = np.linspace(-8.0, 8.0, 1601)
    fixed = BASIS @ parameters.coefficients
    log_group = np.empty((len(grid), GROUPS))
    for q, z in enumerate(grid):
        rows = model.family.terms(fixed + 0.6 * z, parameters.theta).value
        log_group[q] = np.bincount(GROUP, rows, GROUPS) + stats.norm.logpdf(z)
    highest = log_group.max(axis=0)
    direct = np.sum(highest + np.log(np.exp(log_group - highest).sum(axis=0) * 0.01))
    assert adaptive == pytest.approx(direct + model.family.constant(parameters.theta), abs=1e-9)


def test_one_node_is_laplace() -> None:
    model = Model(BASIS, 0.0, FAMILIES["binomial"], STRUCTURES["one"])
    parameters = model.unpack(np.array([-0.4, 0.3, 0.6]))
    modes = model.modes(parameters, model.zero_effects())
    value, gradient = adaptive_quadrature(model, parameters, modes, 1)
    laplace, slope = model.laplace(parameters, modes)
    assert value == pytest.approx(laplace, abs=1e-10)
    np.testing.assert_allclose(gradient, slope, atol=1e-9)
