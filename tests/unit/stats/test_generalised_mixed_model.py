"""The fit as its callers see it: estimates, limits, and failures that explain themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from naturalistic.stats.generalised_mixed_model import fit_generalised_mixed_model

THERAPISTS = 25


def service(seed: int = 3, rows: int = 400, spread: float = 0.6) -> dict[str, Any]:
    """Rows with an intercept, an age-like and a 0/1 column, a therapist and a linear predictor."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, THERAPISTS, rows)
    design = np.column_stack([np.ones(rows), rng.normal(40, 12, rows), rng.random(rows) < 0.3])
    effects = rng.normal(0, spread, THERAPISTS)
    eta = design @ [-1.0, 0.01, 0.4] + effects[group]
    return {"rng": rng, "group": group, "design": design, "eta": eta}


def binomial_counts(seed: int = 3, spread: float = 0.6) -> dict[str, Any]:
    made = service(seed, spread=spread)
    trials = made["rng"].integers(1, 15, len(made["eta"]))
    events = made["rng"].binomial(trials, 1 / (1 + np.exp(-made["eta"])))
    return {
        "response": events,
        "design": made["design"],
        "trials": trials,
        "group": made["group"],
        "family": "binomial",
        "term_names": ["intercept", "age", "prior"],
        "group_label": "therapist",
    }


def test_recovers_direction_and_counts_its_levels() -> None:
    fit = fit_generalised_mixed_model(**binomial_counts())
    assert fit.status == "ok"
    assert fit.converged and not fit.singular
    assert fit.n_groups == (THERAPISTS,)
    assert abs(fit.coefficients[2] - 0.4) < 3 * fit.standard_errors[2]
    assert fit.random_effect("therapist").standard_deviation == pytest.approx(0.6, abs=0.3)
    assert fit.aic == pytest.approx(2 * 4 - 2 * fit.log_likelihood, abs=1e-12)
    assert fit.formula == (
        "events / trials ~ intercept + age + prior + (1 | therapist); binomial, logit link"
    )


def test_term_is_an_estimate_with_wald_limits() -> None:
    fit = fit_generalised_mixed_model(**binomial_counts(), conf_level=0.9)
    prior = fit.term("prior")
    assert prior.estimate == fit.coefficients[2]
    assert prior.conf_high - prior.estimate == pytest.approx(1.6448536269514722 * prior.std_error)
    assert prior.statistic == pytest.approx(prior.estimate / prior.std_error)


@pytest.mark.parametrize("family", ["binomial", "poisson", "nb2"])
@pytest.mark.parametrize("points", [1, 5])
def test_rows_in_any_order_and_columns_in_any_units(family: str, points: int) -> None:
    data = binomial_counts()
    data |= {"family": family, "quadrature_points": points}
    if family != "binomial":
        data["trials"] = None
    first = fit_generalised_mixed_model(**data)
    shuffled = np.random.default_rng(0).permutation(len(data["response"]))
    moved = {
        key: data[key][shuffled] if isinstance(data[key], np.ndarray) else data[key] for key in data
    }
    # age in days since a distant date instead of years
    moved["design"] = moved["design"] * [1.0, 365.25, 1.0] + [0.0, 1e6, 0.0]
    second = fit_generalised_mixed_model(**moved)
    assert second.log_likelihood == pytest.approx(first.log_likelihood, abs=1e-8)
    assert second.coefficients[1] * 365.25 == pytest.approx(first.coefficients[1], rel=1e-6)
    assert second.coefficients[2] == pytest.approx(first.coefficients[2], rel=1e-6)
    np.testing.assert_allclose(
        second.random_effects[0].modes, first.random_effects[0].modes, atol=1e-6
    )


def test_offset_moves_only_the_intercept() -> None:
    made = service()
    counts = made["rng"].poisson(np.exp(made["eta"] + 1))
    arguments = {"family": "poisson", "group": made["group"]}
    plain = fit_generalised_mixed_model(counts, made["design"], **arguments)
    shifted = fit_generalised_mixed_model(
        counts, made["design"], offset=np.full(len(counts), 0.7), **arguments
    )
    difference = plain.coefficients - shifted.coefficients
    np.testing.assert_allclose(difference, [0.7, 0.0, 0.0], atol=1e-7)
    assert "offset" in shifted.formula


def test_without_group_the_plain_model_and_it_says_so() -> None:
    data = binomial_counts() | {"group": None}
    fit = fit_generalised_mixed_model(**data)
    assert "no random effect" in fit.formula
    assert fit.random_effects == ()
    # the score equations of a logistic regression
    fitted = data["trials"] / (1 + np.exp(-data["design"] @ fit.coefficients))
    np.testing.assert_allclose(data["design"].T @ (data["response"] - fitted), 0, atol=1e-5)


def test_zero_variance_is_exactly_zero_and_equals_the_plain_model() -> None:
    made = service(spread=0.0, seed=5)
    # every therapist with the same share of events: less variation than chance gives
    events = np.tile([1.0, 2.0], 200)
    arguments = {"family": "binomial", "trials": np.full(400, 3.0)}
    group = np.repeat(np.arange(20), 20)
    design = made["design"][:, :1]
    mixed = fit_generalised_mixed_model(events, design, group=group, **arguments)
    plain = fit_generalised_mixed_model(events, design, **arguments)
    assert mixed.singular and mixed.random_effects[0].singular
    assert mixed.random_effects[0].variance == 0.0
    assert np.all(mixed.random_effects[0].modes == 0.0)
    assert mixed.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-10)
    np.testing.assert_allclose(mixed.standard_errors, plain.standard_errors, rtol=1e-8)
    assert any("singular" in note for note in mixed.notes)
    assert "variance of group estimated as 0" in mixed.formula


def test_dependent_columns_are_named_and_the_earlier_ones_stay() -> None:
    data = binomial_counts()
    copy = 3 * data["design"][:, 1] - data["design"][:, 0]
    zero = np.zeros(len(copy))
    reference = fit_generalised_mixed_model(**data)
    data["design"] = np.column_stack([data["design"], copy, zero])
    data["term_names"] = [*data["term_names"], "age_again", "nobody"]
    fit = fit_generalised_mixed_model(**data)
    assert fit.log_likelihood == pytest.approx(reference.log_likelihood, abs=1e-9)
    np.testing.assert_allclose(fit.coefficients[:3], reference.coefficients, rtol=1e-7)
    assert np.isnan(fit.coefficients[3:]).all()
    assert any("'age_again' is a linear combination of 'intercept', 'age'" in n for n in fit.notes)
    assert any("'nobody' is zero in every row" in n for n in fit.notes)
    assert fit.n_parameters == 4
    assert fit.term("age_again").status == "not_estimable"
    assert "age_again" in fit.term("age_again").note
    assert "age_again" not in fit.formula


def separated() -> dict[str, Any]:
    data = binomial_counts()
    rare = np.zeros(400)
    rare[:9] = 1.0
    data["response"] = data["response"].copy()
    data["response"][:9] = 0
    data["design"] = np.column_stack([data["design"], rare])
    data["term_names"] = [*data["term_names"], "rare"]
    return data


def test_separation_names_the_column_and_keeps_the_limit_of_the_rest() -> None:
    data = separated()
    fit = fit_generalised_mixed_model(**data)
    assert fit.status == "ok" and fit.converged
    assert np.isnan(fit.coefficients[3]) and np.isnan(fit.standard_errors[3])
    assert any("'rare'" in n and "minus infinity" in n and "9 rows" in n for n in fit.notes)
    without = {
        key: value[9:] if isinstance(value, np.ndarray) else value for key, value in data.items()
    }
    without["design"] = without["design"][:, :3]
    without["term_names"] = without["term_names"][:3]
    limit = fit_generalised_mixed_model(**without)
    np.testing.assert_allclose(fit.coefficients[:3], limit.coefficients, rtol=1e-8)
    assert fit.log_likelihood == pytest.approx(limit.log_likelihood, abs=1e-9)
    assert fit.n_rows == 400


def test_separation_of_the_reference_level_takes_the_intercept_with_it() -> None:
    data = separated()
    data["design"] = data["design"].copy()
    data["design"][:, 3] = 1 - data["design"][:, 3]
    fit = fit_generalised_mixed_model(**data)
    assert np.isnan(fit.coefficients[[0, 3]]).all()
    assert np.isfinite(fit.coefficients[[1, 2]]).all()


def test_separation_of_counts() -> None:
    made = service()
    counts = made["rng"].poisson(np.exp(made["eta"]))
    counts[made["design"][:, 2] == 1] = 0
    fit = fit_generalised_mixed_model(
        counts, made["design"], family="nb2", group=made["group"], term_names=["one", "age", "p"]
    )
    assert np.isnan(fit.coefficients[2])
    assert np.isfinite(fit.coefficients[:2]).all()


def test_complete_separation_is_refused() -> None:
    made = service()
    response = (made["design"][:, 1] > 40).astype(float)
    fit = fit_generalised_mixed_model(
        response, made["design"][:, :2], family="binomial", group=made["group"]
    )
    assert fit.status == "not_estimable"
    assert np.isnan(fit.coefficients).all() and np.isnan(fit.log_likelihood)
    assert any("separation" in note for note in fit.notes)


@pytest.mark.parametrize(
    ("group", "reason"),
    [(np.zeros(400), "only one therapist"), (np.arange(400), "single yes/no row")],
)
def test_variances_that_cannot_be_estimated_are_refused(group: np.ndarray, reason: str) -> None:
    made = service()
    response = (made["rng"].random(400) < 0.4).astype(float)
    fit = fit_generalised_mixed_model(
        response, made["design"], family="binomial", group=group, group_label="therapist"
    )
    assert fit.status == "not_estimable"
    assert reason in fit.notes[0]
    assert fit.term("x0").status == "not_estimable"


def test_no_event_is_refused() -> None:
    made = service()
    fit = fit_generalised_mixed_model(np.zeros(400), made["design"], family="poisson")
    assert fit.status == "not_estimable"
    assert "no event" in fit.notes[0]


def test_few_levels_and_single_patients_are_pointed_out() -> None:
    data = binomial_counts()
    single = np.zeros(400)
    single[7] = 1.0
    data["response"][7] = 1
    data["trials"][7] = 5
    data["design"] = np.column_stack([data["design"], single])
    data["term_names"] = [*data["term_names"], "lone"]
    data["group"] = data["group"] % 4
    fit = fit_generalised_mixed_model(**data)
    assert any("only 4 levels of therapist" in note for note in fit.notes)
    assert any("'lone' is 1 for one row only" in note for note in fit.notes)


def test_poisson_limit_of_the_negative_binomial() -> None:
    made = service(seed=5)
    counts = np.tile([2.0, 3.0], 200)  # far less variation than a Poisson has
    nb2 = fit_generalised_mixed_model(counts, made["design"], family="nb2", group=made["group"])
    poisson = fit_generalised_mixed_model(
        counts, made["design"], family="poisson", group=made["group"]
    )
    assert np.isinf(nb2.theta)
    assert nb2.log_likelihood == pytest.approx(poisson.log_likelihood, abs=1e-10)
    assert nb2.n_parameters == poisson.n_parameters + 1
    assert any("theta is infinite" in note for note in nb2.notes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"response": np.full(400, np.nan)}, "missing"),
        ({"response": np.full(400, 0.5)}, "whole"),
        ({"response": np.full(400, 99.0)}, "<= trials"),
        ({"trials": np.ones(3)}, "one value per row"),
        ({"family": "gamma"}, "unknown family"),
        ({"family": "poisson"}, "trials belong"),
        ({"group": np.where(np.arange(400) < 3, np.nan, 1.0)}, "missing identifiers"),
        ({"group": np.array([None] * 400)}, "missing identifiers"),
        ({"term_names": ["a", "a", "b"]}, "distinct"),
        ({"quadrature_points": 0}, "1 or more"),
        ({"group": None, "quadrature_points": 3}, "exactly one"),
        ({"conf_level": 1.0}, "strictly between"),
        ({"design": np.zeros(400)}, "matrix"),
    ],
)
def test_misuse_raises(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_generalised_mixed_model(**(binomial_counts() | change))


@pytest.mark.parametrize(("services", "seed"), [(8, 1), (20, 2), (60, 3)])
def test_the_covariance_is_the_curvature_at_the_maximum(services: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    people = rng.integers(20, 300, services)
    share = 1 / (1 + np.exp(-rng.normal(-0.5, 0.6, services)))
    events = rng.binomial(people, share)
    fit = fit_generalised_mixed_model(
        events,
        np.ones((services, 1)),
        family="binomial",
        trials=people,
        group=np.arange(services),
        quadrature_points=25,
    )
    sd = fit.random_effects[0].standard_deviation
    expected = np.linalg.inv(observed_information(events, people, float(fit.coefficients[0]), sd))
    errors = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(
        fit.joint_covariance / np.outer(errors, errors),
        expected / np.outer(errors, errors),
        rtol=0.0,
        atol=1e-6,
    )


def observed_information(
    events: np.ndarray, people: np.ndarray, mean: float, sd: float
) -> np.ndarray:
    """Of mean and standard deviation, by Louis (1982, J R Stat Soc B 44, eq. 3.2), integrals on a plain fine grid.

    With ``s = x - n p`` at ``eta = mean + sd z`` the scores are ``s`` and ``s z``, minus the second derivatives
    ``n p q (1, z, z^2)``; their posterior means over z make the information of every service.
    """
    z = np.linspace(-9.0, 9.0, 20_001)
    eta = mean + sd * z
    logs = events[:, None] * eta - people[:, None] * np.logaddexp(0.0, eta) - z * z / 2
    mass = np.exp(logs - logs.max(axis=1, keepdims=True))
    mass /= mass.sum(axis=1, keepdims=True)
    share = 1 / (1 + np.exp(-eta))
    score = events[:, None] - people[:, None] * share
    curvature = people[:, None] * share * (1 - share)
    powers = (np.ones_like(z), z)
    means = [(mass * score * power).sum(axis=1) for power in powers]
    information = np.empty((2, 2))
    for a in range(2):
        for b in range(2):
            second = (score**2 - curvature) * powers[a] * powers[b]
            information[a, b] = (means[a] * means[b] - (mass * second).sum(axis=1)).sum()
    return information
