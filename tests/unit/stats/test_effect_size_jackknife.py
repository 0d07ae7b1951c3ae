from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import stdtrit

from naturalistic.stats.effect_size import raw_mean_change, standardised_mean_change
from naturalistic.stats.effect_size_jackknife import jackknife_change


def _cohort(n=300, therapists=20):
    rng = np.random.default_rng(4)
    therapist = rng.integers(therapists, size=n)
    pre = rng.normal(20, 6, n)
    post = 0.6 * pre + rng.normal(3, 4, n) + rng.normal(0, 3, therapists)[therapist]
    return pre, post, therapist


def test_mean_change_by_patient_is_the_paired_t():
    pre, post, _ = _cohort()
    jackknife = jackknife_change(pre, post, measure="raw", better_is="lower")
    t = raw_mean_change(pre, post, better_is="lower")
    for name in ("estimate", "std_error", "conf_low", "conf_high", "statistic", "df"):
        assert getattr(jackknife, name) == pytest.approx(getattr(t, name), rel=1e-10), name


def test_leaving_one_out_by_hand():
    pre, post, therapist = _cohort(n=40, therapists=5)
    result = jackknife_change(pre, post, measure="pre_sd", better_is="higher", cluster=therapist)
    whole = standardised_mean_change(pre, post, better_is="higher")
    left_out = np.array(
        [
            standardised_mean_change(
                pre[therapist != g], post[therapist != g], better_is="higher"
            ).estimate
            for g in range(5)
        ]
    )
    assert result.estimate == pytest.approx(whole.estimate, rel=1e-12)
    assert result.std_error == pytest.approx(math.sqrt(4 * left_out.var()), rel=1e-10)
    caseload = np.bincount(therapist)
    df = 40**2 / np.sum(caseload**2) - 1
    assert result.df == pytest.approx(df) and df < 4
    half = stdtrit(df, 0.975) * result.std_error
    assert result.conf_high - result.estimate == pytest.approx(half, rel=1e-9)


def test_equal_caseloads_are_all_effective():
    pre, post, _ = _cohort(n=40)
    result = jackknife_change(
        pre, post, measure="raw", better_is="lower", cluster=np.repeat(range(8), 5)
    )
    assert result.df == pytest.approx(7)


@pytest.mark.parametrize(
    "measure", ["percentage", "pre_sd", "difference_sd", "average_sd", "repeated_measures"]
)
def test_row_order_and_labels_change_nothing_and_clusters_widen(measure):
    pre, post, therapist = _cohort()
    order = np.random.default_rng(1).permutation(pre.size)
    one = jackknife_change(pre, post, measure=measure, better_is="lower", cluster=therapist)
    other = jackknife_change(
        pre[order], post[order], measure=measure, better_is="lower", cluster=-therapist[order]
    )
    assert one == other
    plain = jackknife_change(pre, post, measure=measure, better_is="lower")
    assert one.std_error > 1.3 * plain.std_error


def test_too_little_gives_a_reason():
    def jackknife(pre, post, measure="pre_sd", **arguments):
        return jackknife_change(pre, post, measure=measure, better_is="lower", **arguments)

    assert "three patients" in jackknife([1, 2], [1, 1]).note
    assert "three therapists" in jackknife([1, 2, 4], [1, 1, 3], cluster=[1, 1, 2]).note
    assert "no spread" in jackknife([5, 5, 5, 5], [1, 2, 3, 1]).note
    assert "no spread" in jackknife([5, 5, 5, 9], [1, 2, 3, 1]).note  # without the fourth
    alone = jackknife(np.arange(40.0), np.zeros(40), cluster=[0] * 38 + [1, 2])
    assert "nearly all patients" in alone.note
    same = jackknife([9, 8, 7, 6], [5, 4, 3, 2], measure="raw")
    assert same.estimate == 4 and math.isnan(same.conf_low) and "no variation" in same.note
    with pytest.raises(ValueError, match="measure"):
        jackknife([1, 2, 3], [1, 2, 3], measure="d")
    with pytest.raises(ValueError, match="positive"):
        jackknife([1, 2, 3], [1, 2, 3], measure="external_sd", external_sd=0.0)
