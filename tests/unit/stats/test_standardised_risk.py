"""Standardised risks: closed forms, the derivative in every weight, and refusals."""

import numpy as np
import pytest

from naturalistic.stats.absolute_risk import hazard_grid, mean_risk
from naturalistic.stats.cause_specific import CauseSpecificFit, fit_cause_specific
from naturalistic.stats.cox import fit_cox
from naturalistic.stats.standardised_risk import (
    predicted_risk,
    standardised_risk,
    standardised_risk_difference,
)


def cohort(n: int = 250, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    design = np.column_stack([rng.integers(0, 2, n), rng.normal(size=n)]).astype(float)
    first = rng.exponential(10, n) / np.exp(0.6 * design[:, 0] + 0.3 * design[:, 1])
    second = rng.exponential(15, n) / np.exp(-0.2 * design[:, 0])
    time = np.ceil(np.minimum(first, second))
    cut = rng.integers(4, 30, n)
    cause = np.where(time > cut, 0, np.where(first < second, 1, 2))
    entry = np.minimum(rng.integers(0, 3, n), np.minimum(time, cut) - 1)
    return {
        "time": np.minimum(time, cut),
        "cause": cause,
        "design": design,
        "entry": entry,
        "group": rng.integers(0, 15, n),
    }


def model_of(data: dict[str, np.ndarray], **options: object) -> CauseSpecificFit:
    return fit_cause_specific(data["time"], data["cause"], data["design"], **options)


def set_first(data: dict[str, np.ndarray], value: float) -> np.ndarray:
    design = data["design"].copy()
    design[:, 0] = value
    return design


def test_influence_is_the_derivative_in_the_weights() -> None:
    data = cohort(80)
    n = 80
    times, scenario = np.array([2.0, 9.0, 40.0]), set_first(data, 1)

    def estimate(weight: np.ndarray) -> np.ndarray:
        fits = tuple(
            fit_cox(
                data["time"],
                data["cause"] == code,
                data["design"],
                entry=data["entry"],
                weights=weight,
            )
            for code in (1, 2)
        )
        model = CauseSpecificFit((1, 2), fits, fits[0].terms)
        grid = hazard_grid(model, 40.0)
        return mean_risk(model, grid, 2, scenario, times, weight / weight.sum()).risk

    got = standardised_risk(model_of(data, entry=data["entry"]), {"a": scenario}, times, cause=2)
    step = 1e-4
    for i in range(0, n, 7):
        change = np.zeros(n)
        change[i] = step
        slope = (estimate(np.ones(n) + change) - estimate(np.ones(n) - change)) / (2 * step)
        np.testing.assert_allclose(got.influence[0, i], slope, atol=1e-9)


def test_risks_of_all_causes_and_of_none_add_to_one() -> None:
    data = cohort()
    model = model_of(data)
    times = [1.0, 5.0, 20.0]
    left = sum(
        standardised_risk(model, {"a": data["design"]}, times, cause=c).risks[0] for c in (1, 2)
    )
    stays = np.zeros(3)
    for row in data["design"]:
        hazard = np.zeros(3)
        for fit in model.fits:
            x = np.exp((row - fit.data.mean) @ fit.coefficients - fit.likelihood.offset)
            cumulative = np.concatenate([[0], np.cumsum(fit.likelihood.sums.hazard)])
            hazard += x * cumulative[np.searchsorted(fit.data.cell_time, times, side="right")]
        stays += np.exp(-hazard) / len(data["time"])
    np.testing.assert_allclose(left + stays, 1, rtol=1e-12)


def test_without_covariates_and_competitors_it_is_one_less_kaplan_meier() -> None:
    # Efron's increments summed over the ties of a session are -log(1 - d/n), nearly; Breslow's d/n
    # would be off by a hundredth here.
    data = cohort(4000)
    event = data["cause"] == 1
    model = fit_cause_specific(data["time"], event.astype(int), np.empty((4000, 0)))
    got = standardised_risk(model, {"a": np.empty((4000, 0))}, [1, 6, 15])
    survival, expected = 1.0, []
    for t in range(1, 16):
        survival *= 1 - (event & (data["time"] == t)).sum() / (data["time"] >= t).sum()
        expected.append(1 - survival)
    np.testing.assert_allclose(got.risks[0], np.array(expected)[[0, 5, 14]], atol=5e-4)
    greenwood = np.sqrt(expected[0] * (1 - expected[0]) / 4000)
    assert got.risk("a")[0].std_error == pytest.approx(greenwood, rel=1e-2)


def test_difference_ratio_and_limits_hang_together() -> None:
    data = cohort()
    model = model_of(data)
    scenarios = {"yes": set_first(data, 1), "no": set_first(data, 0)}
    got = standardised_risk(model, scenarios, [0.5, 6], cluster=data["group"])
    difference, ratio = got.difference("yes", "no")[1], got.log_ratio("yes", "no")[1]
    assert difference.estimate == pytest.approx(got.risks[0, 1] - got.risks[1, 1])
    assert difference.estimate > 0
    assert np.exp(ratio.estimate) == pytest.approx(got.risks[0, 1] / got.risks[1, 1])
    assert difference.conf_low < difference.estimate < difference.conf_high
    assert got.difference("no", "yes")[1].estimate == -difference.estimate
    assert got.n_clusters == 15
    for estimate in got.risk("yes")[1:]:
        assert 0 < estimate.conf_low < estimate.estimate < estimate.conf_high < 1
    before_first = got.risk("yes")[0]
    assert (before_first.estimate, before_first.conf_low, before_first.conf_high) == (0, 0, 0)
    assert got.log_ratio("yes", "no")[0].status == "not_estimable"
    shortcut = standardised_risk_difference(
        model, scenarios["yes"], scenarios["no"], [0.5, 6], cluster=data["group"]
    )
    assert shortcut[1] == difference
    corrected = standardised_risk(
        model, scenarios, [6], cluster=data["group"], cluster_correction=True
    ).difference("yes", "no")[0]
    assert corrected.std_error == pytest.approx(difference.std_error * np.sqrt(15 / 14))
    assert corrected.df == 14


def test_described_person_and_each_person() -> None:
    data = cohort()
    model = model_of(data)
    times = [3.0, 12.0]
    person = np.array([1.0, -0.5])
    got = standardised_risk(model, {"one": person, "all alike": np.tile(person, (250, 1))}, times)
    np.testing.assert_allclose(got.risks[0], got.risks[1], rtol=1e-12)
    np.testing.assert_allclose(got.influence[0], got.influence[1], atol=1e-15)
    each = predicted_risk(model, data["design"], times)
    assert each.shape == (250, 2)
    mean = standardised_risk(model, {"a": data["design"]}, times).risks[0]
    np.testing.assert_allclose(each.mean(axis=0), mean, rtol=1e-12)
    np.testing.assert_allclose(predicted_risk(model, [person], times)[0], got.risks[0], rtol=1e-12)
    with pytest.raises(ValueError, match="design must have shape"):
        predicted_risk(model, person, times)


def test_standardising_over_some() -> None:
    data = cohort()
    model = model_of(data)
    some = data["design"][:, 1] > 0
    whole = standardised_risk(model, {"a": data["design"]}, [6])
    part = standardised_risk(model, {"a": data["design"]}, [6], over=some)
    rest = standardised_risk(model, {"a": data["design"]}, [6], over=~some)
    mixed = part.risks * some.mean() + rest.risks * (1 - some.mean())
    np.testing.assert_allclose(mixed, whole.risks, rtol=1e-12)
    assert part.n == some.sum()


def test_row_order_does_not_change_a_bit() -> None:
    data = cohort()
    order = np.random.default_rng(3).permutation(250)
    moved = {name: values[order] for name, values in data.items()}
    first = standardised_risk(model_of(data), {"a": set_first(data, 1)}, [3, 9])
    second = standardised_risk(model_of(moved), {"a": set_first(moved, 1)}, [3, 9])
    assert second.risks.tobytes() == first.risks.tobytes()
    assert np.array_equal(second.influence[0], first.influence[0][order])
    assert second.risk("a") == first.risk("a")


def test_a_cause_without_finite_estimates_is_said() -> None:
    data = cohort()
    data["cause"] = np.where((data["cause"] == 2) & (data["design"][:, 0] == 1), 0, data["cause"])
    model = model_of(data, term_names=("remote", "severity"))
    got = standardised_risk(model, {"a": set_first(data, 1), "b": set_first(data, 0)}, [6])
    assert got.status == "not_estimable"
    for estimates in (got.risk("a"), got.difference("a", "b"), got.log_ratio("a", "b")):
        assert estimates[0].status == "not_estimable"
        assert "remote" in estimates[0].note


def test_misuse_is_refused() -> None:
    data = cohort()
    model = model_of(data)
    with pytest.raises(ValueError, match="no cause 3"):
        standardised_risk(model, {"a": data["design"]}, [6], cause=3)
    with pytest.raises(ValueError, match="scenario 'a' must be"):
        standardised_risk(model, {"a": data["design"][:5]}, [6])
    with pytest.raises(ValueError, match="at least one"):
        standardised_risk(model, {"a": data["design"]}, [6], over=np.zeros(250))
    with pytest.raises(ValueError, match="no scenario"):
        standardised_risk(model, {"a": data["design"]}, [6]).risk("b")
    with pytest.raises(ValueError, match="whole numbers"):
        fit_cause_specific(data["time"], data["cause"] + 0.5, data["design"])
    fits = tuple(
        fit_cox(data["time"], data["cause"] == c, data["design"], strata=data["group"])
        for c in (1, 2)
    )
    with pytest.raises(ValueError, match="without strata"):
        standardised_risk(CauseSpecificFit((1, 2), fits, fits[0].terms), {"a": data["design"]}, [6])
