"""Probabilities, variance shares and tests drawn from a fit, against brute force."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from naturalistic.stats.generalised_mixed_model import (
    GeneralisedMixedModelFit,
    average_contrast,
    average_marginal_effects,
    average_prediction,
    fit_generalised_mixed_model,
    latent_variance_share,
    likelihood_ratio_test,
    median_odds_ratio,
    overdispersion_test,
)

ROWS, GROUPS = 500, 30
NAMES = ["one", "age", "prior", "other"]


def simulate(seed: int = 11, spread: float = 0.8) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    group = rng.integers(0, GROUPS, ROWS)
    level = rng.integers(0, 3, ROWS)
    design = np.column_stack([np.ones(ROWS), rng.normal(size=ROWS), level == 1, level == 2]) * 1.0
    eta = design @ [-0.7, 0.4, 0.5, -0.3] + rng.normal(0, spread, GROUPS)[group]
    return {"rng": rng, "group": group, "design": design, "eta": eta}


@pytest.fixture(scope="module")
def binomial() -> tuple[GeneralisedMixedModelFit, np.ndarray]:
    made = simulate()
    events = made["rng"].binomial(6, 1 / (1 + np.exp(-made["eta"])))
    fit = fit_generalised_mixed_model(
        events, made["design"], family="binomial", trials=np.full(ROWS, 6), group=made["group"],
        term_names=NAMES,
    )  # fmt: skip
    return fit, made["design"]


@pytest.fixture(scope="module")
def counts() -> dict[str, GeneralisedMixedModelFit]:
    made = simulate()
    response = made["rng"].negative_binomial(1.5, 1.5 / (1.5 + np.exp(made["eta"] + 1)))
    return {
        family: fit_generalised_mixed_model(
            response, made["design"], family=family, group=made["group"], term_names=NAMES
        )
        for family in ("poisson", "nb2")
    }


def integrated(fit: GeneralisedMixedModelFit, design: np.ndarray, vector: np.ndarray) -> float:
    """Average prediction by adaptive integration, as a function of all parameters."""
    p = design.shape[1]
    eta, spread = design @ vector[:p], abs(vector[p])

    def mean(z: float) -> float:
        return float(np.mean(1 / (1 + np.exp(-eta - spread * z))) * stats.norm.pdf(z))

    return float(quad(mean, -9, 9, epsabs=1e-12, limit=200)[0])


def test_prediction_and_its_delta_error(
    binomial: tuple[GeneralisedMixedModelFit, np.ndarray],
) -> None:
    fit, design = binomial
    vector = np.append(fit.coefficients, fit.random_effects[0].standard_deviation)
    h = 1e-4
    gradient = np.array(
        [
            (integrated(fit, design, vector + h * e) - integrated(fit, design, vector - h * e))
            / (2 * h)
            for e in np.eye(len(vector))
        ]
    )
    result = average_prediction(fit, design)
    assert result.estimate == pytest.approx(integrated(fit, design, vector), abs=1e-9)
    expected = np.sqrt(gradient @ fit.joint_covariance @ gradient)
    assert result.std_error == pytest.approx(expected, rel=1e-6)
    assert result.conf_high == pytest.approx(result.estimate + 1.959963984540054 * expected)


def test_factor_levels_are_compared_with_the_reference(
    binomial: tuple[GeneralisedMixedModelFit, np.ndarray],
) -> None:
    fit, design = binomial
    effects = average_marginal_effects(fit, design, factors=[("prior", "other")])
    assert [(e.term, e.kind) for e in effects] == [
        ("age", "per unit"),
        ("prior", "0 to 1"),
        ("other", "0 to 1"),
    ]
    low, high = design.copy(), design.copy()
    low[:, 2:] = 0.0
    high[:, 2:] = [1.0, 0.0]
    by_hand = average_contrast(fit, high, low)
    assert effects[1].effect.estimate == by_hand.estimate
    assert effects[1].effect.std_error == by_hand.std_error
    difference = average_prediction(fit, high).estimate - average_prediction(fit, low).estimate
    assert by_hand.estimate == pytest.approx(difference, abs=1e-12)


@pytest.mark.parametrize("kind", ["binomial", "counts"])
def test_average_slope_is_a_limit_of_contrasts(
    kind: str,
    binomial: tuple[GeneralisedMixedModelFit, np.ndarray],
    counts: dict[str, GeneralisedMixedModelFit],
) -> None:
    fit, design = binomial if kind == "binomial" else (counts["nb2"], binomial[1])
    slope = average_marginal_effects(fit, design, terms=["age"])[0].effect
    h = 1e-4
    step = np.zeros_like(design)
    step[:, 1] = h
    contrast = average_contrast(fit, design + step, design - step)
    assert slope.estimate == pytest.approx(contrast.estimate / (2 * h), rel=1e-6)
    assert slope.std_error == pytest.approx(contrast.std_error / (2 * h), rel=1e-5)


def test_count_prediction_has_a_closed_form(counts: dict[str, GeneralisedMixedModelFit]) -> None:
    fit, design = counts["poisson"], simulate()["design"]
    spread = fit.random_effects[0].standard_deviation
    weights = np.arange(ROWS) + 1.0
    expected = np.average(np.exp(0.2 + design @ fit.coefficients + spread**2 / 2), weights=weights)
    result = average_prediction(fit, design, offset=np.full(ROWS, 0.2), weights=weights)
    assert result.estimate == pytest.approx(expected, rel=1e-12)


def test_effects_without_random_effect_and_without_finite_estimate() -> None:
    made = simulate()
    response = (made["rng"].random(ROWS) < 0.3).astype(float)
    response[made["design"][:, 2] == 1] = 0.0
    fit = fit_generalised_mixed_model(response, made["design"], family="binomial", term_names=NAMES)
    assert fit.infinite_terms == ("prior",)
    effects = average_marginal_effects(fit, made["design"], terms=["age", "prior"])
    assert all(effect.effect.status == "not_estimable" for effect in effects)
    assert "'prior'" in effects[0].effect.note
    plain = fit_generalised_mixed_model(
        response, made["design"][:, :2], family="binomial", term_names=NAMES[:2]
    )
    # a logistic regression with intercept reproduces the observed share
    assert average_prediction(plain, made["design"][:, :2]).estimate == pytest.approx(
        response.mean(), abs=1e-9
    )


def test_misuse_of_effects(binomial: tuple[GeneralisedMixedModelFit, np.ndarray]) -> None:
    fit, design = binomial
    with pytest.raises(ValueError, match="no term"):
        average_marginal_effects(fit, design, terms=["nothing"])
    with pytest.raises(ValueError, match="columns"):
        average_prediction(fit, design[:, :2])
    with pytest.raises(ValueError, match="same rows"):
        average_contrast(fit, design, design[:5])
    with pytest.raises(ValueError, match="negative"):
        average_prediction(fit, design, weights=-np.ones(ROWS))


def test_latent_share_and_median_odds_ratio(
    binomial: tuple[GeneralisedMixedModelFit, np.ndarray],
) -> None:
    effect = binomial[0].random_effects[0]
    share = latent_variance_share(binomial[0], "group")
    spread = effect.standard_deviation
    assert share.estimate == pytest.approx(spread**2 / (spread**2 + np.pi**2 / 3))
    # with one variance the delta method on any scale is a function of the SD's error alone
    slope = 2 * spread * (np.pi**2 / 3) / (spread**2 + np.pi**2 / 3) ** 2
    assert share.std_error == pytest.approx(slope * effect.standard_deviation_std_error)
    assert 0 < share.conf_low < share.estimate < share.conf_high < 1
    ratio = median_odds_ratio(binomial[0], "group")
    # the median of exp |u1 - u2| for two normal effects
    assert ratio.estimate == pytest.approx(np.exp(stats.norm.ppf(0.75) * np.sqrt(2) * spread))
    assert ratio.method.startswith("median odds ratio")


def test_latent_share_of_counts_moves_with_every_parameter(
    counts: dict[str, GeneralisedMixedModelFit],
) -> None:
    fit = counts["nb2"]
    variance = fit.random_effects[0].variance
    m, joint = fit.mean_count, fit.joint_covariance[4:, 4:]

    def share(spread: float, log_theta: float) -> float:
        rest = np.log(1 + 1 / m + np.exp(-log_theta))
        return float(spread**2 / (spread**2 + rest))

    at = (np.sqrt(variance), np.log(fit.theta))
    h = 1e-6
    gradient = np.array(
        [
            (share(at[0] + h, at[1]) - share(at[0] - h, at[1])) / (2 * h),
            (share(at[0], at[1] + h) - share(at[0], at[1] - h)) / (2 * h),
        ]
    )
    result = latent_variance_share(fit, "group")
    assert result.estimate == pytest.approx(share(*at), rel=1e-12)
    assert result.std_error == pytest.approx(np.sqrt(gradient @ joint @ gradient), rel=1e-6)
    assert median_odds_ratio(fit, "group").method.startswith("median rate ratio")


def test_boundary_gives_a_zero_share_without_interval() -> None:
    events = np.tile([1.0, 2.0], 200)
    fit = fit_generalised_mixed_model(
        events, np.ones((400, 1)), family="binomial", trials=np.full(400, 3.0),
        group=np.repeat(np.arange(20), 20),
    )  # fmt: skip
    share, ratio = latent_variance_share(fit, "group"), median_odds_ratio(fit, "group")
    assert (share.estimate, ratio.estimate) == (0.0, 1.0)
    assert np.isnan(share.conf_low) and np.isnan(ratio.conf_low)
    assert "estimated as 0" in share.note


def test_overdispersion_is_found_and_answered(counts: dict[str, GeneralisedMixedModelFit]) -> None:
    poisson, nb2 = (overdispersion_test(counts[family]) for family in ("poisson", "nb2"))
    assert poisson.p_value < 1e-6
    assert poisson.estimate > 1.5
    assert "nb2" in poisson.note
    assert nb2.p_value > 0.01
    single = fit_generalised_mixed_model(
        np.tile([0.0, 1.0, 1.0, 0.0], 100), np.ones((400, 1)), family="binomial"
    )
    assert overdispersion_test(single).status == "not_estimable"


def test_pearson_statistic_of_a_plain_model() -> None:
    made = simulate()
    response = made["rng"].poisson(np.exp(made["eta"]))
    fit = fit_generalised_mixed_model(response, made["design"], family="poisson")
    mean = np.exp(made["design"] @ fit.coefficients)
    test = overdispersion_test(fit)
    assert test.statistic == pytest.approx(np.sum((response - mean) ** 2 / mean), rel=1e-6)
    assert test.df == ROWS - 4
    assert test.p_value == pytest.approx(stats.chi2.sf(test.statistic, test.df), rel=1e-9)


def test_likelihood_ratio_of_a_variance_is_a_mixture(
    binomial: tuple[GeneralisedMixedModelFit, np.ndarray],
) -> None:
    made = simulate(spread=0.25)
    response = made["rng"].poisson(np.exp(made["eta"]))
    mixed, plain = (
        fit_generalised_mixed_model(response, made["design"], family="poisson", group=group)
        for group in (made["group"], None)
    )
    test = likelihood_ratio_test(mixed, plain)
    expected = 2 * (mixed.log_likelihood - plain.log_likelihood)
    assert test.statistic == pytest.approx(expected)
    assert test.p_value == pytest.approx(stats.chi2.sf(expected, 1) / 2)
    fewer = fit_generalised_mixed_model(
        response, made["design"][:, :2], family="poisson", group=made["group"]
    )
    joint = likelihood_ratio_test(mixed, fewer)
    assert joint.df == 2
    assert joint.p_value == pytest.approx(stats.chi2.sf(joint.statistic, 2))
    with pytest.raises(ValueError, match="not nested"):
        likelihood_ratio_test(fewer, plain)
    with pytest.raises(ValueError, match="not nested"):
        likelihood_ratio_test(plain, mixed)


def test_likelihood_ratio_of_theta_and_of_a_zero_variance(
    counts: dict[str, GeneralisedMixedModelFit],
) -> None:
    test = likelihood_ratio_test(counts["nb2"], counts["poisson"])
    assert test.p_value == pytest.approx(stats.chi2.sf(test.statistic, 1) / 2)
    events, ones = np.tile([1.0, 2.0], 200), np.ones((400, 1))
    arguments: dict[str, Any] = {"family": "binomial", "trials": np.full(400, 3.0)}
    mixed = fit_generalised_mixed_model(
        events, ones, group=np.repeat(np.arange(20), 20), **arguments
    )
    assert likelihood_ratio_test(
        mixed, fit_generalised_mixed_model(events, ones, **arguments)
    ).p_value == pytest.approx(1.0)


@pytest.mark.parametrize(("family", "points"), [("binomial", 1), ("poisson", 4), ("nb2", 1)])
def test_profile_limits_are_where_the_likelihood_has_fallen(family: str, points: int) -> None:
    made = simulate(spread=0.5)
    mean = np.exp(made["eta"])
    data: dict[str, Any] = {
        "binomial": {"response": made["rng"].binomial(4, mean / (1 + mean)), "trials": [4] * ROWS},
        "poisson": {"response": made["rng"].poisson(mean)},
        "nb2": {"response": made["rng"].negative_binomial(2, 2 / (2 + mean))},
    }[family]
    fit = fit_generalised_mixed_model(
        design=made["design"], family=family, group=made["group"], quadrature_points=points,
        profile=True, **data,
    )  # fmt: skip
    effect = fit.random_effects[0]
    assert 0 < effect.profile_conf_low < effect.standard_deviation < effect.profile_conf_high
    fallen = [
        fit.log_likelihood - profiled_by_hand(made, data, family, points, limit)
        for limit in (effect.profile_conf_low, effect.profile_conf_high)
    ]
    np.testing.assert_allclose(fallen, stats.chi2.ppf(0.95, 1) / 2, atol=2e-4)


def profiled_by_hand(
    made: dict[str, Any], data: dict[str, Any], family: str, points: int, spread: float
) -> float:
    """Maximum over all parameters but the spread, by a general optimiser without gradients."""
    from scipy.optimize import minimize

    from naturalistic.stats.glmm.families import make_family
    from naturalistic.stats.glmm.likelihood import Model
    from naturalistic.stats.glmm.quadrature import adaptive_quadrature
    from naturalistic.stats.glmm.structure import OneFactor

    trials = np.array(data["trials"], dtype=float) if "trials" in data else None
    held = make_family(family, np.asarray(data["response"], dtype=float), trials)
    model = Model(made["design"], 0.0, held, OneFactor(made["group"], GROUPS))
    tail = [0.7] if family == "nb2" else []

    def negative(others: np.ndarray) -> float:
        parameters = model.unpack(np.insert(others, 4, spread))
        modes = model.modes(parameters, model.zero_effects())
        return -adaptive_quadrature(model, parameters, modes, points)[0]

    start = np.array([-0.7, 0.4, 0.5, -0.3, *tail])
    options = {"xatol": 1e-6, "fatol": 1e-7, "maxiter": 4000, "maxfev": 4000}
    return -float(minimize(negative, start, method="Nelder-Mead", options=options).fun)


def test_profile_limits_at_a_variance_of_zero_start_at_zero() -> None:
    events = np.tile([1.0, 2.0], 200)
    group = np.repeat(np.arange(20), 20)
    fit = fit_generalised_mixed_model(
        events, np.ones((400, 1)), family="binomial", trials=np.full(400, 3.0), group=group,
        profile=True,
    )  # fmt: skip
    effect = fit.random_effects[0]
    assert effect.singular
    assert effect.profile_conf_low == 0.0
    assert 0.05 < effect.profile_conf_high < 0.3
    share, ratio = latent_variance_share(fit, "group"), median_odds_ratio(fit, "group")
    upper = effect.profile_conf_high**2
    assert (share.estimate, share.conf_low) == (0.0, 0.0)
    assert share.conf_high == pytest.approx(upper / (upper + np.pi**2 / 3))
    assert ratio.conf_low == 1.0 and ratio.conf_high > 1.0


def test_a_hopelessly_wide_wald_interval_is_infinite_without_a_warning() -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        fit = fit_generalised_mixed_model(
            rng.binomial(1, 0.4, 120), np.ones((120, 1)), family="binomial",
            group=np.arange(120) % 40,
        )  # fmt: skip
        effect = fit.random_effects[0]
        if not effect.singular:
            assert effect.standard_deviation_conf_low < effect.standard_deviation_conf_high
            assert median_odds_ratio(fit, "group").conf_high > 1.0
