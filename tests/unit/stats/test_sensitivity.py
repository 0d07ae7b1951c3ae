from __future__ import annotations

import math

import pytest

from naturalistic.stats.sensitivity import (
    corrected_group_means,
    corrected_odds_ratio,
    corrected_share,
    e_value,
    risk_ratio_from_hazard_ratio,
    risk_ratio_from_odds_ratio,
    risk_ratios_from_standardised_difference,
)


def test_e_values_in_print():
    # VanderWeele & Ding (2017): RR 3.9 (1.8, 8.7) gives 7.26 and 3.0
    result = e_value(3.9, 1.8, 8.7)
    assert round(result.estimate, 2) == 7.26 and round(result.limit, 1) == 3.0
    protective = e_value(1 / 3.9, 1 / 8.7, 1 / 1.8)
    assert protective.estimate == pytest.approx(result.estimate)
    assert protective.limit == pytest.approx(result.limit)
    assert e_value(1.2, 0.9, 1.6).limit == 1.0
    assert e_value(1.0, 1.0, 1.0).estimate == 1.0


def test_conversions():
    assert risk_ratio_from_odds_ratio(4.0, rare=False) == 2.0
    assert risk_ratio_from_odds_ratio(4.0, rare=True) == 4.0
    assert risk_ratio_from_hazard_ratio(1.0, rare=False) == 1.0
    value = risk_ratio_from_hazard_ratio(0.5, rare=False)
    root = math.sqrt(0.5)
    assert value == pytest.approx((1 - 0.5**root) / (1 - 0.5 ** (1 / root)))
    assert value * risk_ratio_from_hazard_ratio(2.0, rare=False) == pytest.approx(1)
    centre, low, high = risk_ratios_from_standardised_difference(0.5, 0.1)
    assert centre == pytest.approx(math.exp(0.455))
    assert low * high == pytest.approx(centre**2) and low == pytest.approx(math.exp(0.277))


def _recorded(true_share, sensitivity, specificity):
    return true_share * sensitivity + (1 - true_share) * (1 - specificity)


def test_correction_recovers_the_true_share():
    recorded = _recorded(0.3, 0.9, 0.8)
    result = corrected_share(round(recorded * 10_000), 10_000, sensitivity=0.9, specificity=0.8)
    assert result.estimate == pytest.approx(0.3, abs=1e-12)
    assert result.std_error == pytest.approx(math.sqrt(recorded * (1 - recorded) / 1e4) / 0.7)
    perfect = corrected_share(40, 100, sensitivity=1, specificity=1)
    assert perfect.estimate == pytest.approx(0.4) and perfect.note == ""


def test_impossible_accuracy_is_said():
    result = corrected_share(5, 100, sensitivity=0.9, specificity=0.8)
    assert result.estimate == 0.0 and "cannot have this accuracy" in result.note
    assert "says nothing" in corrected_share(5, 10, sensitivity=0.5, specificity=0.5).note
    assert corrected_share(0, 0, sensitivity=1, specificity=1).status == "not_estimable"


def test_corrected_odds_ratio():
    plain = corrected_odds_ratio((60, 100), (40, 100), sensitivity=(1, 1), specificity=(1, 1))
    assert plain.estimate == pytest.approx((60 / 40) / (40 / 60))
    assert plain.std_error == pytest.approx(math.sqrt(2 / 60 + 2 / 40))
    groups = [(round(_recorded(share, 0.9, 0.85) * 100_000), 100_000) for share in (0.5, 0.2)]
    corrected = corrected_odds_ratio(*groups, sensitivity=(0.9, 0.9), specificity=(0.85, 0.85))
    assert corrected.estimate == pytest.approx(4.0, rel=1e-4)
    recorded = corrected_odds_ratio(*groups, sensitivity=(1, 1), specificity=(1, 1))
    assert recorded.estimate < corrected.estimate  # error that is alike in both hides a difference
    beyond = corrected_odds_ratio((1, 100), (40, 100), sensitivity=(0.9, 1), specificity=(0.9, 1))
    assert beyond.status == "not_estimable"
    nobody = corrected_odds_ratio((0, 0), (40, 100), sensitivity=(1, 1), specificity=(1, 1))
    assert nobody.note == "nobody in the denominator"


def test_group_means_come_back_from_their_mixture():
    share, sensitivity, specificity, have, have_not = 0.4, 0.85, 0.9, 2.0, 7.0
    recorded = _recorded(share, sensitivity, specificity)
    right_with = share * sensitivity / recorded
    right_without = (1 - share) * specificity / (1 - recorded)
    means = corrected_group_means(
        right_with * have + (1 - right_with) * have_not,
        (1 - right_without) * have + right_without * have_not,
        recorded,
        sensitivity=sensitivity,
        specificity=specificity,
    )
    assert means == pytest.approx((have, have_not))


@pytest.mark.parametrize(
    "call",
    [
        lambda: e_value(2.0, 2.5, 3.0),
        lambda: e_value(-1.0, -2.0, 3.0),
        lambda: risk_ratio_from_odds_ratio(0.0, rare=True),
        lambda: risk_ratio_from_hazard_ratio(-1.0, rare=True),
        lambda: risk_ratios_from_standardised_difference(0.5, -0.1),
        lambda: corrected_share(5, 4, sensitivity=1, specificity=1),
        lambda: corrected_share(1, 4, sensitivity=1.2, specificity=1),
        lambda: corrected_group_means(1, 2, 0.0, sensitivity=1, specificity=1),
        lambda: corrected_group_means(1, 2, 0.1, sensitivity=0.9, specificity=0.8),
    ],
)
def test_misuse_is_refused(call):
    with pytest.raises(ValueError):
        call()
