"""Shared frailty: known variance, no variance, the derived measures, refusals."""

import numpy as np
import pytest

from naturalistic.stats.cox import fit_cox
from naturalistic.stats.frailty import (
    fit_frailty_cox,
    median_hazard_ratio,
    share_of_variation,
)


def cohort(theta: float, n_clusters: int = 60, size: int = 60, seed: int = 1) -> dict:
    rng = np.random.default_rng(seed)
    frailty = np.ones(n_clusters)
    if theta > 0:
        frailty = rng.gamma(1 / theta, theta, n_clusters)
    cluster = np.repeat(np.arange(n_clusters), size)
    design = np.column_stack([rng.integers(0, 2, len(cluster)), rng.normal(size=len(cluster))])
    hazard = 0.08 * frailty[cluster] * np.exp(design @ [0.5, -0.3])
    time = np.ceil(rng.exponential(1, len(cluster)) / hazard)
    cut = rng.integers(5, 30, len(cluster))
    return {
        "time": np.minimum(time, cut),
        "event": time <= cut,
        "design": design,
        "cluster": cluster,
        "frailty": frailty,
    }


def fit(data: dict, **options: object):
    return fit_frailty_cox(data["time"], data["event"], data["design"], data["cluster"], **options)


def test_known_variance_comes_back() -> None:
    data = cohort(0.4)
    got = fit(data, term_names=("cbt", "severity"))
    assert got.variance.conf_low < 0.4 < got.variance.conf_high
    assert 0.2 < got.variance.estimate < 0.7
    assert got.variance.p_value < 1e-10
    # Therapists of 60 patients each: predictions and truth agree closely.
    assert np.corrcoef(got.log_frailty, np.log(data["frailty"]))[0, 1] > 0.9
    assert np.all(np.abs(got.coefficients - [0.5, -0.3]) < 4 * got.std_errors)
    assert np.exp(got.log_frailty).mean() == pytest.approx(1, rel=1e-9)
    assert got.median_hazard_ratio.estimate == median_hazard_ratio(got.variance.estimate)
    assert got.share_of_variation.conf_high == share_of_variation(got.variance.conf_high)
    assert got.estimate("cbt").status == "ok"
    assert got.events_per_cluster.sum() == data["event"].sum()


def test_no_variation_is_zero_and_the_plain_model() -> None:
    rng = np.random.default_rng(6)
    data = cohort(0)
    # Clusters that differ less than chance: everyone's time dealt out evenly.
    order = np.argsort(data["time"] + rng.random(len(data["time"])) * 0.1, kind="stable")
    data["cluster"][order] = np.arange(len(order)) % 60
    got = fit(data)
    plain = fit_cox(data["time"], data["event"], data["design"])
    assert got.variance.estimate == 0
    assert got.variance.conf_low == 0
    assert 0 < got.variance.conf_high < 0.2
    assert got.variance.p_value == 1
    assert "boundary" in got.variance.note
    assert got.median_hazard_ratio.estimate == 1
    assert got.share_of_variation.estimate == 0
    assert np.array_equal(got.coefficients, plain.coefficients)


def test_small_variance_is_close_to_the_plain_model() -> None:
    data = cohort(0.3)
    got = fit(data, theta=1e-8)
    plain = fit_cox(data["time"], data["event"], data["design"])
    np.testing.assert_allclose(got.coefficients, plain.coefficients, atol=1e-5)
    assert got.loglik == pytest.approx(plain.loglik, abs=1e-3)
    assert "held" in got.variance.note


def test_median_hazard_ratio_is_the_median_of_the_larger_over_the_smaller() -> None:
    rng = np.random.default_rng(2)
    for theta in (0.1, 0.5, 2.0):
        pairs = rng.gamma(1 / theta, theta, (200_000, 2))
        simulated = np.median(pairs.max(axis=1) / pairs.min(axis=1))
        assert median_hazard_ratio(theta) == pytest.approx(simulated, rel=0.02)
        logs = np.log(pairs).var()
        share = logs / (logs + np.pi**2 / 6)
        assert share_of_variation(theta) == pytest.approx(share, rel=0.02)


def test_row_order_does_not_change_a_bit() -> None:
    data = cohort(0.3, n_clusters=12, size=20)
    order = np.random.default_rng(0).permutation(240)
    moved = {k: v[order] if len(v) == 240 else v for k, v in data.items()}
    first, second = fit(data), fit(moved)
    assert first.coefficients.tobytes() == second.coefficients.tobytes()
    assert first.variance == second.variance
    assert first.log_frailty.tobytes() == second.log_frailty.tobytes()


def test_strata_and_late_entry_are_carried() -> None:
    data = cohort(0.3, n_clusters=15, size=40)
    entry = np.minimum(1, data["time"] - 1)
    strata = np.arange(600) % 3
    got = fit(data, entry=entry, strata=strata, theta=0.3)
    # Fixed effects of the clusters with a weak penalty are the ordinary model with indicators.
    loose = fit(data, entry=entry, strata=strata, theta=500.0)
    indicators = data["cluster"][:, None] == np.arange(1, 15)
    fixed = fit_cox(
        data["time"],
        data["event"],
        np.column_stack([data["design"], indicators]),
        entry=entry,
        strata=strata,
    )
    np.testing.assert_allclose(loose.coefficients, fixed.coefficients[:2], atol=1e-3)
    relative = loose.log_frailty[1:] - loose.log_frailty[0]
    np.testing.assert_allclose(relative, fixed.coefficients[2:], atol=1e-2)
    assert (
        np.abs(got.log_frailty).max() < np.abs(loose.log_frailty - loose.log_frailty.mean()).max()
    )


def test_refusals() -> None:
    data = cohort(0.3, n_clusters=5, size=20)
    got = fit(data | {"event": np.zeros(100)})
    assert got.status == "not_estimable"
    assert got.variance.status == "not_estimable"
    assert np.isnan(got.log_frailty).all()
    with pytest.raises(ValueError, match="2 to 3000 clusters"):
        fit(data | {"cluster": np.zeros(100)})
    with pytest.raises(ValueError, match="must not be negative"):
        fit(data, theta=-1.0)
