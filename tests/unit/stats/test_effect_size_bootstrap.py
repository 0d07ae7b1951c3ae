from __future__ import annotations

import numpy as np
import pytest

from naturalistic.stats.effect_size import (
    percentage_change,
    raw_mean_change,
    standardised_mean_change,
)
from naturalistic.stats.effect_size_bootstrap import bootstrap_change

STANDARDISERS = ["pre_sd", "difference_sd", "average_sd", "repeated_measures"]


def _cohort(n=200, seed=4, therapists=25):
    rng = np.random.default_rng(seed)
    therapist = rng.integers(therapists, size=n)
    pre = rng.normal(20, 6, n)
    post = 0.6 * pre + rng.normal(3, 4, n) + rng.normal(0, 3, therapists)[therapist]
    return pre, post, therapist


def _bootstrap(pre, post, measure="pre_sd", seed=11, **arguments):
    arguments = {"better_is": "lower", "draws": 1000} | arguments
    rng = np.random.default_rng(seed)
    return bootstrap_change(pre, post, measure=measure, rng=rng, **arguments)


@pytest.mark.parametrize("measure", STANDARDISERS)
@pytest.mark.parametrize("better_is", ["lower", "higher"])
def test_point_estimate_is_that_of_the_closed_form(measure, better_is):
    pre, post, therapist = _cohort()
    closed = standardised_mean_change(pre, post, better_is=better_is, standardiser=measure)
    for cluster in (None, therapist):
        result = _bootstrap(pre, post, measure, better_is=better_is, cluster=cluster)
        assert result.estimate == pytest.approx(closed.estimate, rel=1e-10)


def test_point_estimates_of_the_other_measures():
    pre, post, _ = _cohort()
    assert _bootstrap(pre, post, "raw").estimate == pytest.approx(
        raw_mean_change(pre, post, better_is="lower").estimate
    )
    assert _bootstrap(pre, post, "percentage").estimate == pytest.approx(
        percentage_change(pre, post, better_is="lower").estimate
    )
    external = _bootstrap(pre, post, "external_sd", external_sd=7.0)
    assert external.estimate == pytest.approx(_bootstrap(pre, post, "raw").estimate / 7)


def test_normal_data_give_about_the_closed_form_limits():
    pre, post, _ = _cohort(n=1500, therapists=1)
    closed = standardised_mean_change(pre, post, better_is="lower")
    drawn = _bootstrap(pre, post, draws=4000)
    width = closed.conf_high - closed.conf_low
    assert abs(drawn.conf_low - closed.conf_low) < 0.06 * width
    assert abs(drawn.conf_high - closed.conf_high) < 0.06 * width


def test_therapists_alike_within_widen_the_interval():
    pre, post, therapist = _cohort(n=600)
    plain = _bootstrap(pre, post, "raw")
    clustered = _bootstrap(pre, post, "raw", cluster=therapist)
    assert clustered.std_error > 1.3 * plain.std_error
    assert "therapists" in clustered.method


def test_row_order_and_labels_change_nothing():
    pre, post, therapist = _cohort(n=80)
    order = np.random.default_rng(0).permutation(80)
    for cluster, relabelled in ((None, None), (therapist, (50 - therapist)[order])):
        one = _bootstrap(pre, post, cluster=cluster)
        other = _bootstrap(pre[order], post[order], cluster=relabelled)
        assert one == other


def test_blocks_of_draws_change_nothing(monkeypatch):
    pre, post, _ = _cohort(n=60)
    whole = _bootstrap(pre, post)
    monkeypatch.setattr("naturalistic.stats.effect_size_bootstrap._CELLS_AT_ONCE", 60 * 7)
    assert _bootstrap(pre, post).conf_low == pytest.approx(whole.conf_low, rel=1e-12)


def test_too_little_gives_a_reason():
    assert "three patients" in _bootstrap([1, 2], [1, 1]).note
    assert "three therapists" in _bootstrap([1, 2, 4], [1, 1, 3], cluster=[1, 1, 2]).note
    assert "no spread" in _bootstrap([5, 5, 5, 5], [1, 2, 3, 1]).note
    lost = _bootstrap([1, 2, 4], [1, 1, 3])  # one resample in nine repeats one patient
    assert lost.status == "not_estimable" and "resamples" in lost.note
    same = _bootstrap([9, 8, 7, 6], [5, 4, 3, 2], "raw")
    assert same.estimate == 4 and np.isnan(same.conf_low) and "do not vary" in same.note
    few = _bootstrap(*_cohort(n=90, therapists=6)[:2], cluster=_cohort(n=90, therapists=6)[2])
    assert "6 therapists" in few.note


def test_misuse_is_refused():
    pre, post, _ = _cohort(n=20)
    for arguments in (
        {"measure": "d"},
        {"draws": 50},
        {"external_sd": 5.0},
        {"measure": "external_sd"},
        {"cluster": [1, 2]},
        {"better_is": "less"},
    ):
        with pytest.raises(ValueError):
            _bootstrap(pre, post, **arguments)
