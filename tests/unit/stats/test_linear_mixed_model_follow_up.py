"""Deletion, robust covariances, bootstrap, shares and profiles against dense algebra."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from naturalistic.stats.linear_mixed_model import LinearMixedModelFit, fit_linear_mixed_model
from naturalistic.stats.lmm.bootstrap import bootstrap_components, bootstrap_share
from naturalistic.stats.lmm.collapse import collapse_units, replace_outcome
from naturalistic.stats.lmm.comparison import likelihood_ratio_test
from naturalistic.stats.lmm.contrasts import (
    joint_test,
    joint_test_of_terms,
    linear_combination,
    linear_combinations,
)
from naturalistic.stats.lmm.diagnostics import diagnose, summarise
from naturalistic.stats.lmm.influence import deletion_influence, jackknife_covariance, refit_without
from naturalistic.stats.lmm.predictions import random_effects
from naturalistic.stats.lmm.profile import profile_share, profile_standard_deviation
from naturalistic.stats.lmm.residuals import cluster_robust_covariance, row_residuals
from naturalistic.stats.lmm.shares import r_squared, variance_share
from naturalistic.stats.lmm.simulation import Simulator


@dataclass(frozen=True)
class Case:
    """A data set, its fit, and the dense covariance of its outcome at the estimates."""

    fit: LinearMixedModelFit
    outcome: np.ndarray
    design: np.ndarray
    groups: dict
    covariance: np.ndarray

    def generalised(self, keep: np.ndarray) -> np.ndarray:
        inverse = np.linalg.inv(self.covariance[np.ix_(keep, keep)])
        design = self.design[keep]
        return np.linalg.solve(design.T @ inverse @ design, design.T @ inverse @ self.outcome[keep])


def _dense(fit: LinearMixedModelFit, time: np.ndarray, groups: dict) -> np.ndarray:
    n = len(time)
    values = {component.key: component.value for component in fit.components}
    same = {name: codes[:, None] == codes[None] for name, codes in groups.items()}
    if "residual.all" in values:
        covariance = values["residual.all"] * np.eye(n)
    else:
        covariance = np.diag(np.where(time == 0, *(values[f"residual.time={k}"] for k in (0, 1))))
    for name, block in same.items():
        if f"{name}.intercept" in values:
            part = np.full((n, n), values[f"{name}.intercept"])
            if f"{name}.slope" in values:
                part = part + values[f"{name}.covariance"] * (time[:, None] + time[None])
                part = part + values[f"{name}.slope"] * time[:, None] * time[None]
            covariance = covariance + part * block
    return covariance


KINDS = (
    *("nested", "two levels", "crossed", "collapsed"),
    *("occasions", "occasions crossed", "therapist only"),
)


@cache
def make_case(kind: str) -> Case:
    random = np.random.default_rng(11)
    patients, therapists = 70, 9
    counts = np.full(patients, 2)
    if kind in {"nested", "two levels", "crossed"}:
        counts = random.integers(1, 6, patients)
    patient = np.repeat(np.arange(patients), counts)
    time = np.concatenate([np.arange(k) for k in counts]).astype(float)
    if kind in {"nested", "two levels", "crossed"}:
        time = time + random.uniform(0, 0.3, len(time))
    pre_post = kind in {"collapsed", "occasions", "occasions crossed"}
    keep = ~((patient % 7 == 0) & (time == 1)) if pre_post else time > -1
    keep = keep if kind != "therapist only" else time == 0
    patient, time = patient[keep], time[keep]
    therapist = random.integers(0, therapists, patients)[patient]
    if "crossed" in kind:
        therapist = np.where((patient < 12) & (time >= 1), (therapist + 1) % therapists, therapist)
    service = therapist % 4
    age = random.normal(0, 1, patients)[patient]
    design = np.column_stack([np.ones(len(time)), time, age, time * age])
    outcome = 12 - 2 * time + age + random.normal(0, 3, patients)[patient]
    outcome = outcome + random.normal(0, 0.7, patients)[patient] * time
    outcome = outcome + random.normal(0, 2, therapists)[therapist]
    outcome = outcome + random.normal(0, 1, therapists)[therapist] * time
    outcome = outcome + random.normal(0, 1.5, 4)[service] + random.normal(0, 1.5, len(time))
    options: dict = {"therapist": therapist}
    if kind in {"nested", "two levels", "crossed"}:
        options |= {"time": time, "random_slope": True, "therapist_slope": True}
    if kind in {"two levels", "collapsed"}:
        options |= {"service": service}
    if kind.startswith("occasions"):
        options |= {"time": time, "occasion_variance": True}
    if kind == "therapist only":
        options |= {"patient_effect": False}
        design = design[:, [0, 2]]
    fit = fit_linear_mixed_model(outcome, design, patient, **options)
    assert fit.status == "ok"
    groups = {"patient": patient, "therapist": therapist, "service": service, "time": time}
    dense = _dense(fit, time, {name: codes for name, codes in groups.items() if name != "time"})
    return Case(fit, outcome, design, groups, dense)


@pytest.mark.parametrize("kind", KINDS)
def test_deletion_equals_generalised_least_squares_without_the_unit(kind: str) -> None:
    case = make_case(kind)
    levels = ["therapist", "service"] if kind in {"two levels", "collapsed"} else ["therapist"]
    for level in levels:
        found = deletion_influence(case.fit, level)
        codes = case.groups[level]
        for unit, identifier in enumerate(found.ids):
            keep = codes != identifier
            assert found.rows[unit] == (~keep).sum()
            without = case.generalised(keep)
            np.testing.assert_allclose(found.coefficients[unit], without, rtol=1e-6, atol=1e-8)
            change = case.fit.coefficients - without
            distance = change @ np.linalg.solve(case.fit.covariance, change) / len(change)
            assert found.cooks_distance[unit] == pytest.approx(distance, rel=1e-6)


def test_refit_without_equals_a_fit_of_the_other_rows() -> None:
    case = make_case("crossed")
    keep = case.groups["therapist"] != 3
    other = fit_linear_mixed_model(
        case.outcome[keep],
        case.design[keep],
        case.groups["patient"][keep],
        time=case.groups["time"][keep],
        random_slope=True,
        therapist=case.groups["therapist"][keep],
        therapist_slope=True,
    )
    found = refit_without(case.fit, "therapist", 3)
    assert found.loglik == pytest.approx(other.loglik, abs=1e-6)
    np.testing.assert_allclose(found.coefficients, other.coefficients, rtol=1e-5)
    assert (found.n_rows, found.n_patients) == (other.n_rows, other.n_patients)
    assert found.n_therapists == other.n_therapists
    with pytest.raises(ValueError, match="no therapist 99"):
        refit_without(case.fit, "therapist", 99)


def _residuals(case: Case):
    return row_residuals(
        case.fit,
        case.outcome,
        case.design,
        case.groups["patient"],
        time=case.groups["time"],
        therapist=case.groups["therapist"],
        service=case.groups["service"],
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", ["patient", "therapist"])
def test_cluster_robust_covariance_equals_dense_sandwich(kind: str, level: str) -> None:
    case = make_case(kind)
    found = cluster_robust_covariance(case.fit, _residuals(case), case.design, case.groups[level])
    inverse = np.linalg.inv(case.covariance)
    solved = inverse @ (case.outcome - case.design @ case.fit.coefficients)
    clusters = np.unique(case.groups[level])
    meat = np.zeros((case.design.shape[1],) * 2)
    for cluster in clusters:
        rows = case.groups[level] == cluster
        score = case.design[rows].T @ solved[rows]
        meat += np.outer(score, score)
    bread = np.linalg.inv(case.design.T @ inverse @ case.design)
    expected = bread @ meat @ bread * len(clusters) / (len(clusters) - 1)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_jackknife_covariance_is_the_spread_of_the_deletions() -> None:
    case = make_case("nested")
    deleted = np.array(
        [
            case.generalised(case.groups["therapist"] != unit)
            for unit in np.unique(case.groups["therapist"])
        ]
    )
    change = deleted - case.fit.coefficients
    expected = change.T @ change * (len(deleted) - 1) / len(deleted)
    np.testing.assert_allclose(jackknife_covariance(case.fit, "therapist"), expected, rtol=1e-6)
    with pytest.raises(ValueError, match="share a higher level"):
        jackknife_covariance(make_case("two levels").fit, "therapist")


def test_residuals_follow_the_normal_equations() -> None:
    case = make_case("two levels")
    found = _residuals(case)
    np.testing.assert_allclose(found.fitted + found.residual, case.outcome)
    # V^-1 r is the residual over its variance, and X'V^-1 r is zero
    np.testing.assert_allclose(case.design.T @ (found.residual / found.spread**2), 0.0, atol=1e-6)
    with pytest.raises(ValueError, match="not in the fit"):
        row_residuals(
            case.fit,
            case.outcome,
            case.design,
            case.groups["patient"] + 1,
            time=case.groups["time"],
            therapist=case.groups["therapist"],
            service=case.groups["service"],
        )


def test_diagnostics_notice_skewness() -> None:
    case = make_case("nested")
    found = diagnose(case.fit, _residuals(case))
    names = [summary.what for summary in found.summaries]
    assert names[0] == "residual"
    assert {"patient.intercept", "therapist.intercept"} <= set(names)
    assert found.spread.count.sum() == len(case.outcome)
    skewed = summarise("residual", np.random.default_rng(0).exponential(size=5000))
    assert skewed.skewness == pytest.approx(2.0, abs=0.3)
    assert skewed.quantiles[0] > skewed.normal_quantiles[0] + 1.0
    with pytest.raises(ValueError, match="three values"):
        summarise("residual", np.ones(5))


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_statistics_have_the_moments_of_simulated_rows(kind: str) -> None:
    """X'y, y'y and the patients' Z'y are quadratic forms in y ~ N(0, V) with known moments."""
    case = make_case(kind)
    state = case.fit.fitted()
    rows, transform = state.likelihood.rows, state.likelihood.rows.transform
    scale = np.sqrt(state.evaluation.residual_variance)
    simulator, random = Simulator.of(state), np.random.default_rng(5)
    draws = []
    for _ in range(1500):
        drawn = simulator.draw(random).rows
        gram = drawn.total.sum(axis=0)
        first = drawn.nested.products[:, :2, -1].ravel()
        draws.append(np.concatenate([gram[:-1, -1] * scale, [gram[-1, -1] * scale**2], first]))
    values = np.array(draws)
    centred = (case.design - transform.mean) / transform.scale
    terms, n = rows.terms, len(case.outcome)
    expected = centred.T @ case.covariance @ centred
    observed = np.cov(values[:, :terms].T)
    size = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(
        observed / np.outer(size, size), expected / np.outer(size, size), atol=0.17
    )
    square = np.trace(case.covariance)
    spread = np.sqrt(2.0 * np.trace(case.covariance @ case.covariance))
    assert values[:, terms].mean() == pytest.approx(square, abs=5 * spread / np.sqrt(1500))
    assert values[:, terms].std() == pytest.approx(spread, rel=0.1)
    # Z'y of the first unit and X'y move together as in the rows
    code = rows.nested.code[0]
    unit = case.groups["therapist" if kind == "therapist only" else "patient"] == code
    basis = rows.columns.rows(case.groups["time"], n)[0] * unit
    cross = centred.T @ case.covariance @ basis
    both = np.cov(values[:, : terms + 2].T)[:terms, terms + 1] * scale
    norm = size * np.sqrt(basis @ case.covariance @ basis)
    np.testing.assert_allclose(both / norm, cross / norm, atol=0.13)


def test_bootstrap_interval_surrounds_the_estimate_and_repeats() -> None:
    case = make_case("collapsed")
    first = bootstrap_components(case.fit, 40, np.random.default_rng(2))
    again = bootstrap_components(case.fit, 40, np.random.default_rng(2))
    assert first == again
    assert set(first) == {component.key for component in case.fit.components}
    residual = first["residual.all"]
    assert residual.conf_low < residual.estimate < residual.conf_high
    delta = case.fit.component("residual.all").std_error
    assert residual.std_error == pytest.approx(delta, rel=0.4)
    share = bootstrap_share(case.fit, "therapist", 20, np.random.default_rng(3))
    assert 0.0 <= share.conf_low <= share.estimate <= share.conf_high <= 1.0


def test_variance_share_at_a_time() -> None:
    case = make_case("nested")
    values = {component.key: component.value for component in case.fit.components}
    parts = {
        level: values[f"{level}.intercept"]
        + 2 * 2.0 * values[f"{level}.covariance"]
        + 4.0 * values[f"{level}.slope"]
        for level in ("patient", "therapist")
    }
    expected = parts["therapist"] / (sum(parts.values()) + values["residual.all"])
    found = variance_share(case.fit, "therapist", at_time=2.0)
    assert found.estimate == pytest.approx(expected, rel=1e-9)
    assert 0.0 < found.conf_low < expected < found.conf_high < 1.0
    profile = profile_share(case.fit, "therapist", at_time=2.0)
    assert profile.estimate == pytest.approx(expected, rel=1e-9)
    assert profile.conf_low < expected < profile.conf_high
    with pytest.raises(ValueError, match="no level"):
        variance_share(case.fit, "service")


def test_variance_share_of_occasions() -> None:
    case = make_case("occasions")
    values = {component.key: component.value for component in case.fit.components}
    total = values["therapist.intercept"] + values["patient.intercept"]
    expected = values["therapist.intercept"] / (total + values["residual.time=1"])
    assert variance_share(case.fit, "therapist", at_time=1.0).estimate == pytest.approx(expected)
    with pytest.raises(ValueError, match="one of the occasions"):
        variance_share(case.fit, "therapist", at_time=0.5)


def test_profile_of_a_slope_crosses_the_quantile() -> None:
    case = make_case("nested")
    found = profile_standard_deviation(case.fit, "patient.slope")
    assert found.estimate == pytest.approx(np.sqrt(case.fit.component("patient.slope").value))
    narrower = profile_standard_deviation(case.fit, "patient.slope", conf_level=0.5)
    assert found.conf_low <= narrower.conf_low < found.estimate
    assert found.estimate < narrower.conf_high < found.conf_high
    with pytest.raises(ValueError, match="not a standard deviation"):
        profile_standard_deviation(case.fit, "patient.covariance")


@pytest.mark.parametrize(
    "kind", ["nested", "two levels", "crossed", "occasions", "occasions crossed"]
)
def test_predicted_effects_equal_dense_conditional_moments(kind: str) -> None:
    case = make_case(kind)
    found = random_effects(case.fit, "therapist")
    therapist, time = case.groups["therapist"], case.groups["time"]
    values = {component.key: component.value for component in case.fit.components}
    block = np.array([[values["therapist.intercept"]]])
    basis = np.ones((len(time), 1))
    if "therapist.slope" in values:
        off = values["therapist.covariance"]
        block = np.array([[block[0, 0], off], [off, values["therapist.slope"]]])
        basis = np.column_stack([np.ones(len(time)), time])
    inverse = np.linalg.inv(case.covariance)
    residual = case.outcome - case.design @ case.fit.coefficients
    for unit, identifier in enumerate(found.ids):
        loading = block @ (basis * (therapist == identifier)[:, None]).T
        np.testing.assert_allclose(found.effects[unit], loading @ inverse @ residual, atol=1e-7)
        np.testing.assert_allclose(
            found.covariances[unit], block - loading @ inverse @ loading.T, atol=1e-7
        )


def test_patient_effects_of_those_who_changed_therapist() -> None:
    case = make_case("crossed")
    found = random_effects(case.fit, "patient")
    values = {component.key: component.value for component in case.fit.components}
    off = values["patient.covariance"]
    block = np.array([[values["patient.intercept"], off], [off, values["patient.slope"]]])
    basis = np.column_stack([np.ones(len(case.outcome)), case.groups["time"]])
    inverse = np.linalg.inv(case.covariance)
    residual = case.outcome - case.design @ case.fit.coefficients
    for unit in (0, 3, 11, 40):
        loading = block @ (basis * (case.groups["patient"] == found.ids[unit])[:, None]).T
        np.testing.assert_allclose(found.effects[unit], loading @ inverse @ residual, atol=1e-7)
        np.testing.assert_allclose(
            found.covariances[unit], block - loading @ inverse @ loading.T, atol=1e-7
        )
    with pytest.raises(ValueError, match="no random effects of 'service'"):
        random_effects(case.fit, "service")


def test_contrasts() -> None:
    fit = make_case("nested").fit
    one = linear_combination(fit, [0.0, 1.0, 0.0, 0.0])
    assert one.estimate == pytest.approx(fit.coefficients[1])
    assert one.df == pytest.approx(fit.df[1])
    assert one.conf_low == pytest.approx(fit.conf_low[1])
    both = linear_combinations(fit, np.eye(4))
    np.testing.assert_allclose(both.std_error, fit.std_errors)
    single = joint_test(fit, [[0.0, 1.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]])
    assert single.df_numerator == 1.0
    assert single.statistic == pytest.approx(fit.statistic[1] ** 2)
    assert single.p_value == pytest.approx(fit.p_values[1])
    assert linear_combination(fit, np.zeros(4)).status == "not_estimable"
    assert joint_test(fit, np.zeros((1, 4))).status == "not_estimable"
    with pytest.raises(ValueError, match="no such terms"):
        joint_test_of_terms(fit, ["nothing"])
    with pytest.raises(ValueError, match="4 columns"):
        linear_combination(fit, [1.0])


def test_comparisons_that_make_no_sense_are_refused() -> None:
    case = make_case("collapsed")

    def fit(columns: int = 4, **options) -> LinearMixedModelFit:
        return fit_linear_mixed_model(
            case.outcome, case.design[:, :columns], case.groups["patient"], **options
        )

    patient, therapist = fit(), fit(therapist=case.groups["therapist"])
    with pytest.raises(ValueError, match="compared by ML"):
        likelihood_ratio_test(patient, fit(3))
    with pytest.raises(ValueError, match="not both at once"):
        likelihood_ratio_test(therapist, fit(3))
    with pytest.raises(ValueError, match="lacks the terms"):
        likelihood_ratio_test(fit(3), patient)
    with pytest.raises(ValueError, match="lacks"):
        likelihood_ratio_test(patient, therapist)
    two = likelihood_ratio_test(case.fit, patient)
    assert "1 and 2 df" in two.method
    occasions = fit(time=case.groups["time"], occasion_variance=True)
    assert likelihood_ratio_test(occasions, patient).method == "chi-squared, 1 df"
    few = fit(therapist=case.groups["therapist"] % 2)
    assert likelihood_ratio_test(few, patient).status == "not_estimable"
    assert variance_share(few, "therapist").status == "not_estimable"
    assert linear_combination(few, np.zeros(4)).status == "not_estimable"
    with pytest.raises(ValueError, match="was not fitted"):
        r_squared(few)


def test_another_outcome_in_gathered_units_equals_gathering_anew() -> None:
    nested = make_case("collapsed").fit.fitted().likelihood.rows.nested
    first = collapse_units(nested.gram, nested.products, nested.cell)
    products = nested.products.copy()
    products[..., -1] = np.random.default_rng(0).normal(size=products.shape[:2])
    again = collapse_units(nested.gram, products, nested.cell)
    assert first is not None
    assert again is not None
    changed = replace_outcome(first, products)
    np.testing.assert_allclose(changed.products, again.products, atol=1e-10)
    np.testing.assert_allclose(changed.group_products, again.group_products, atol=1e-10)
