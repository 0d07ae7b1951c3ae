"""Cox regression: properties that hold whatever the data, and what it says when it cannot."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturalistic.stats.cox import CoxFit, fit_cox
from naturalistic.stats.hazards.cox_diagnostics import dfbeta, martingale_residuals, schoenfeld
from naturalistic.stats.hazards.cox_prediction import baseline_hazard, predict_survival
from naturalistic.stats.hazards.cox_residuals import score_residuals


def cohort(seed: int = 1, n: int = 200) -> dict[str, np.ndarray]:
    """A cohort with integer, heavily tied session counts."""
    rng = np.random.default_rng(seed)
    design = np.column_stack([rng.normal(size=n), rng.integers(0, 2, n), rng.integers(5, 27, n)])
    latent = rng.exponential(8, n) * np.exp(-0.4 * design[:, 0])
    censored = rng.integers(2, 25, n)
    return {
        "time": np.minimum(np.ceil(latent), censored),
        "event": (np.ceil(latent) <= censored).astype(float),
        "design": design,
        "entry": np.zeros(n),
        "group": rng.integers(0, 12, n),
        "stratum": rng.integers(0, 3, n),
    }


def fit(data: dict[str, np.ndarray], **options: object) -> CoxFit:
    return fit_cox(data["time"], data["event"], data["design"], **options)


def test_score_is_zero_at_the_estimate_and_residuals_sum_to_it() -> None:
    data = cohort()
    result = fit(data, strata=data["stratum"])
    np.testing.assert_allclose(result.likelihood.score, 0, atol=1e-9)
    np.testing.assert_allclose(
        score_residuals(result.data, result.likelihood).sum(axis=1), 0, atol=1e-9
    )
    assert martingale_residuals(result).sum() == pytest.approx(0, abs=1e-9)


def test_information_is_minus_the_derivative_of_the_score() -> None:
    from naturalistic.stats.hazards.cox_data import prepare_cox_data
    from naturalistic.stats.hazards.cox_likelihood import evaluate

    data = cohort()
    layout = prepare_cox_data(
        data["time"], data["event"], data["design"], entry=data["time"] - 1, strata=data["stratum"]
    )
    at, step = np.array([0.3, -0.2, 0.1]), 1e-5
    for j in range(3):
        ahead, behind = at.copy(), at.copy()
        ahead[j] += step
        behind[j] -= step
        slope = (evaluate(layout, ahead).score - evaluate(layout, behind).score) / (2 * step)
        np.testing.assert_allclose(
            -slope, evaluate(layout, at).information[j], rtol=1e-6, atol=1e-6
        )
        rise = (evaluate(layout, ahead).loglik - evaluate(layout, behind).loglik) / (2 * step)
        assert rise == pytest.approx(evaluate(layout, at).score[j], rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_row_order_does_not_change_a_bit(seed: int) -> None:
    data = cohort(seed % 50)
    order = np.random.default_rng(seed).permutation(len(data["time"]))
    moved = {name: values[order] for name, values in data.items()}
    first = fit(data, cluster=data["group"], strata=data["stratum"])
    second = fit(moved, cluster=moved["group"], strata=moved["stratum"])
    assert first.coefficients.tobytes() == second.coefficients.tobytes()
    assert first.covariance.tobytes() == second.covariance.tobytes()
    assert first.loglik == second.loglik
    assert np.array_equal(martingale_residuals(first)[order], martingale_residuals(second))
    assert np.array_equal(dfbeta(first)[order], dfbeta(second))


def test_names_of_clusters_do_not_change_a_bit() -> None:
    data = cohort()
    renamed = np.array(["k", "b", "z", "a", "q", "m", "t", "c", "y", "d", "x", "e"])[data["group"]]
    first, second = fit(data, cluster=data["group"]), fit(data, cluster=renamed)
    assert first.covariance.tobytes() == second.covariance.tobytes()


def test_splitting_a_row_changes_nothing() -> None:
    data = cohort()
    whole = fit(data, cluster=np.arange(200))
    middle = np.maximum(data["time"] // 2, 0.5)
    split = fit_cox(
        np.concatenate([middle, data["time"]]),
        np.concatenate([np.zeros(200), data["event"]]),
        np.vstack([data["design"], data["design"]]),
        entry=np.concatenate([np.zeros(200), middle]),
        cluster=np.tile(np.arange(200), 2),
    )
    np.testing.assert_allclose(split.coefficients, whole.coefficients, rtol=1e-9)
    np.testing.assert_allclose(split.covariance, whole.covariance, rtol=1e-9)
    assert split.loglik == pytest.approx(whole.loglik, rel=1e-12)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_frequency_weights_are_repeated_rows(ties: str) -> None:
    data = cohort()
    times = np.random.default_rng(3).integers(1, 4, 200)
    rows = np.repeat(np.arange(200), times)
    weighted = fit(data, weights=times, frequency=True, robust=True, ties=ties)
    repeated = fit({k: v[rows] for k, v in data.items()}, robust=True, ties=ties)
    np.testing.assert_allclose(weighted.coefficients, repeated.coefficients, rtol=1e-10)
    np.testing.assert_allclose(weighted.covariance, repeated.covariance, rtol=1e-9)
    assert (weighted.n, weighted.n_events) == (repeated.n, repeated.n_events)


def test_only_the_order_of_times_matters_and_units_carry_over() -> None:
    data = cohort()
    first = fit(data)
    squared = fit_cox(data["time"] ** 2, data["event"], data["design"] * [1.0, 1.0, 100.0] + 7)
    np.testing.assert_allclose(squared.coefficients * [1, 1, 100], first.coefficients, rtol=1e-9)
    np.testing.assert_allclose(squared.z, first.z, rtol=1e-9)


def test_without_ties_efron_is_breslow() -> None:
    data = cohort()
    data["time"] = data["time"] + np.linspace(0, 0.5, 200)
    efron, breslow = fit(data), fit(data, ties="breslow")
    np.testing.assert_allclose(efron.coefficients, breslow.coefficients, rtol=1e-12)
    np.testing.assert_allclose(efron.covariance, breslow.covariance, rtol=1e-10)


def test_identical_clusters_of_one_are_the_robust_covariance() -> None:
    data = cohort()
    one_each, robust = fit(data, cluster=np.arange(200)), fit(data, robust=True)
    np.testing.assert_allclose(one_each.covariance, robust.covariance, rtol=1e-12)
    corrected = fit(data, cluster=data["group"], cluster_correction=True)
    plain = fit(data, cluster=data["group"])
    np.testing.assert_allclose(corrected.covariance, plain.covariance * 12 / 11, rtol=1e-12)
    assert corrected.df_residual == 11
    assert np.all(corrected.p_values > plain.p_values)


def test_separation_is_named_and_the_rest_is_the_limit() -> None:
    data = cohort()
    quiet = (data["event"] == 0) & (data["time"] > 10)
    assert quiet.sum() >= 5
    data["design"] = np.column_stack([data["design"], quiet])
    result = fit(data, term_names=("mood", "remote", "phq", "new_team"))
    assert result.coefficients[3] == -np.inf
    assert np.isnan(result.std_errors[3])
    assert result.hazard_ratios[3] == 0
    assert not result.converged
    assert any(
        note.startswith(f"new_team = 1: {quiet.sum()} rows, no event") for note in result.notes
    )
    assert any(note.startswith("new_team: no finite estimate") for note in result.notes)
    # With a hazard of nought those rows leave every risk set.
    without = {k: v[~quiet] for k, v in data.items()}
    without["design"] = without["design"][:, :3]
    limit = fit(without)
    np.testing.assert_allclose(result.coefficients[:3], limit.coefficients, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(result.covariance[:3, :3], limit.covariance, rtol=1e-6, atol=1e-9)
    refused = result.estimate("new_team")
    assert refused.status == "not_estimable"
    assert "new_team" in refused.note
    assert result.estimate("mood").status == "ok"
    assert predict_survival(result, [[0, 0, 10, 0]], [5]).status == "not_estimable"
    assert np.isnan(baseline_hazard(result).increment).all()


def test_separation_by_a_combination_names_both() -> None:
    data = cohort(n=60)
    order = np.argsort(np.argsort(data["time"] + np.linspace(0, 0.5, 60)))
    data["time"], data["event"] = order + 1.0, np.ones(60)
    noise = np.random.default_rng(5).normal(size=60)
    data["design"] = np.column_stack([noise, -0.1 * order - noise])
    result = fit(data, term_names=("a", "b"))
    assert np.isinf(result.coefficients).all()
    assert {note.split(":")[0] for note in result.notes} == {"a", "b"}


def test_aliased_covariates_are_named() -> None:
    data = cohort()
    x = data["design"]
    by_stratum = (data["stratum"] == 1).astype(float)
    data["design"] = np.column_stack([x, 2 * x[:, 0] - x[:, 1], np.ones(200), by_stratum])
    names = ("mood", "remote", "phq", "mixture", "one", "team")
    result = fit(data, strata=data["stratum"], term_names=names)
    assert list(np.isnan(result.coefficients)) == [False] * 3 + [True] * 3
    assert "mixture is a linear combination of mood, remote; left out" in result.notes
    assert "one does not vary among those at risk; left out" in result.notes
    assert "team does not vary among those at risk; left out" in result.notes
    clean = fit_cox(data["time"], data["event"], x, strata=data["stratum"])
    np.testing.assert_allclose(result.coefficients[:3], clean.coefficients, rtol=1e-12)
    assert result.wald.df == 3
    assert result.estimate("team").status == "not_estimable"
    np.testing.assert_allclose(dfbeta(result)[:, :3], dfbeta(clean))
    assert np.isnan(schoenfeld(result).scaled[:, 3:]).all()
    got = predict_survival(result, [[0, 1, 10, 0, 1, 1]], [4.0], stratum=1)
    same = predict_survival(clean, [[0, 1, 10]], [4.0], stratum=1)
    np.testing.assert_allclose(got.survival, same.survival, rtol=1e-12)


def test_no_events_is_not_estimable() -> None:
    data = cohort()
    data["event"] = np.zeros(200)
    result = fit(data)
    assert result.status == "not_estimable"
    assert "no events: nothing can be estimated" in result.notes
    assert np.isnan(result.coefficients).all()
    assert np.isnan(result.loglik)
    assert result.estimate("x1").status == "not_estimable"


def test_few_events_and_few_clusters_are_said() -> None:
    data = cohort(n=40)
    result = fit(data, cluster=data["group"])
    assert result.events_per_parameter == result.n_events / 3
    assert any("clusters: robust standard errors tend to be too small" in n for n in result.notes)
    data["event"][np.flatnonzero(data["event"])[6:]] = 0
    assert any(n.startswith("6 events for 3 parameters (2.0 per") for n in fit(data).notes)


def test_contrast_and_joint_test() -> None:
    data = cohort()
    result = fit(data, term_names=("mood", "remote", "phq"))
    single = result.estimate("mood")
    assert single.estimate == result.coefficients[0]
    assert single.std_error == pytest.approx(result.std_errors[0], rel=1e-14)
    assert single.p_value == pytest.approx(result.p_values[0], rel=1e-12)
    difference = result.contrast([1, 0, -10])
    v = result.covariance
    assert difference.std_error == pytest.approx(
        np.sqrt(v[0, 0] + 100 * v[2, 2] - 20 * v[0, 2]), rel=1e-12
    )
    assert result.wald_test(["mood", "remote", "phq"]) == result.wald
    assert result.wald_test(["mood"]).statistic == pytest.approx(result.z[0] ** 2, rel=1e-12)
    with pytest.raises(ValueError, match="no term 'age'"):
        result.estimate("age")


def test_model_without_covariates_gives_the_nelson_aalen_hazard() -> None:
    time, event = np.array([1.0, 2.0, 2.0, 3.0]), np.array([1, 1, 0, 1])
    result = fit_cox(time, event, np.empty((4, 0)), ties="breslow")
    np.testing.assert_allclose(baseline_hazard(result).cumulative_hazard, [1 / 4, 7 / 12, 19 / 12])


def test_prediction_starts_at_one_and_needs_its_stratum() -> None:
    data = cohort()
    result = fit(data, strata=data["stratum"])
    with pytest.raises(ValueError, match="name the stratum"):
        predict_survival(result, [[0, 0, 10]], [1])
    with pytest.raises(ValueError, match="unknown stratum"):
        predict_survival(result, [[0, 0, 10]], [1], stratum=9)
    got = predict_survival(result, [[0, 0, 10], [1, 1, 20]], [0.5, 1, 5, 5.5], stratum=2)
    assert got.survival.shape == (2, 4)
    assert np.all(got.survival[:, 0] == 1)
    assert np.all(got.conf_low[:, 0] == 1)
    assert np.array_equal(got.survival[:, 2], got.survival[:, 3])
    assert np.all((got.conf_low <= got.survival) & (got.survival <= got.conf_high))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": np.full(200, np.nan)}, "time holds missing"),
        ({"event": np.full(200, 2.0)}, "event must hold only 0 and 1"),
        ({"design": np.zeros(200)}, "two dimensions"),
        ({"design": np.full((200, 2), np.nan)}, "design holds missing"),
        ({"time": np.ones(3)}, "one value per row"),
    ],
)
def test_impossible_input_is_refused(change: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(cohort() | change)


def test_impossible_options_are_refused() -> None:
    data = cohort()
    for options, message in (
        ({"ties": "exact"}, "ties must be one of"),
        ({"entry": data["time"]}, "entry must be smaller"),
        ({"weights": np.zeros(200)}, "weights must be positive"),
        ({"weights": np.full(200, 1.5), "frequency": True}, "whole numbers"),
        ({"strata": np.ones(3)}, "strata must have one label"),
        ({"cluster": np.full(200, np.nan)}, "cluster holds missing"),
        ({"term_names": ("a", "a", "b")}, "3 different names"),
    ):
        with pytest.raises(ValueError, match=message):
            fit(data, **options)


@pytest.mark.parametrize("seed", range(5))
def test_somebody_alone_in_a_level_who_leaves_first_stops_nothing(seed: int) -> None:
    # the first step goes so far that this person's hazard is all there is in the first risk set
    rng = np.random.default_rng(seed)
    n = 40
    x = np.column_stack([np.eye(n)[0], rng.normal(size=n), rng.random(n) < 0.3]).astype(float)
    time, event = rng.exponential(size=n) + 0.5, rng.random(n) < 0.5
    time[0], event[0] = 0.1, True
    fit = fit_cox(time, event, x, term_names=("alone", "score", "group"))
    assert any("alone: no finite estimate" in note for note in fit.notes)
    # in the limit that person takes the first event for certain and says nothing of the others
    others = fit_cox(time[1:], event[1:], x[1:, 1:], term_names=("score", "group"))
    np.testing.assert_allclose(fit.coefficients[1:], others.coefficients, rtol=1e-6, atol=1e-7)
