from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import stdtrit

from naturalistic.stats.rates import clustered_rate, rate, wilson_interval


def test_wilson_against_r():
    # R: prop.test(x, n, correct = FALSE)$conf.int
    low, high = wilson_interval([81, 15, 0, 5], [263, 148, 20, 5])
    assert low == pytest.approx([0.2553, 0.0624, 0.0, 0.5655], abs=5e-5)  # Newcombe 1998, table I
    assert high == pytest.approx([0.3662, 0.1605, 0.1611, 1.0], abs=5e-5)
    assert low[2] == 0.0 and high[3] == 1.0


def test_rate_of_nobody_and_impossible_counts():
    assert rate(0, 0).status == "not_estimable"
    assert np.isnan(wilson_interval([0], [0])[0]).all()
    with pytest.raises(ValueError, match="numerator"):
        rate(6, 5)
    with pytest.raises(ValueError, match="numerator"):
        rate(-1, 5)


def test_limits_solve_the_score_equation():
    result = rate(37, 80, conf_level=0.9)
    for limit in (result.conf_low, result.conf_high):
        z = (37 / 80 - limit) / math.sqrt(limit * (1 - limit) / 80)
        assert abs(z) == pytest.approx(1.6448536269514722, rel=1e-12)


def test_clustered_rate_by_hand():
    outcome = [1, 1, 1, 0, 0, 0, 0, 1]
    therapist = ["a", "a", "a", "b", "b", "b", "c", "c"]
    result = clustered_rate(outcome, therapist)
    # shares with a, b and c left out: 1 of 5, 4 of 5, 3 of 6
    robust = 2 / 3 * (0.3**2 + 0.3**2)
    # caseloads of 3, 3 and 2 count as 64 / 22 therapists
    assert result.estimate == 0.5 and result.df == pytest.approx(64 / 22 - 1)
    assert result.std_error == pytest.approx(math.sqrt(robust))
    effective = 8 / (robust / (0.25 / 8))
    t = float(stdtrit(64 / 22 - 1, 0.975))
    half = t * math.sqrt(0.25 / effective + t**2 / (4 * effective**2)) / (1 + t**2 / effective)
    assert result.conf_high - 0.5 == pytest.approx(half, rel=1e-9)


def test_clustering_widens_and_labels_do_not_matter():
    rng = np.random.default_rng(8)
    therapist = np.repeat(np.arange(20), 15)
    outcome = rng.random(300) < rng.beta(2, 2, 20)[therapist]
    result = clustered_rate(outcome, therapist)
    plain = rate(int(outcome.sum()), 300)
    assert result.conf_high - result.conf_low > 1.2 * (plain.conf_high - plain.conf_low)
    order = rng.permutation(300)
    relabelled = clustered_rate(outcome[order], (97 - 3 * therapist)[order])
    assert relabelled.conf_low == pytest.approx(result.conf_low, rel=1e-12)


def test_clustered_rate_at_the_edges():
    assert clustered_rate([], []).note == "nobody in the denominator"
    assert clustered_rate([1, 0], ["a", "a"]).note == "fewer than two therapists"
    all_alike = clustered_rate([0] * 9, list("aaabbbccc"))
    assert all_alike.estimate == 0 and all_alike.conf_low == 0 and all_alike.conf_high > 0.3
    assert "alike" in all_alike.note
    same_share = clustered_rate([1, 0] * 4, list("aabbccdd"))
    assert same_share.conf_low > 0 and "same share" in same_share.note
    assert "nearly all" in clustered_rate([1, 0] * 50 + [1], ["a"] * 100 + ["b"]).note
    with pytest.raises(ValueError, match="0 or 1"):
        clustered_rate([0.5, 1], ["a", "b"])
    with pytest.raises(ValueError, match="same length"):
        clustered_rate([1], ["a", "b"])
