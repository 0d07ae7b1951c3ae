"""Precision of what may leave: steps on the scale on which a figure is analysed."""

import numpy as np
import pandas as pd
import pytest

from naturalistic.release.numbers import rounded_numbers
from naturalistic.release.profiles import load_profile

PEOPLE = np.array([15.0])
COLUMNS = ("estimate", "conf_low", "conf_high", "std_error")


def shown(
    estimand: str, estimate: float, error: float, low: float, high: float, term: str = ""
) -> pd.Series:
    frame = pd.DataFrame(
        {
            "estimand": [estimand],
            "term": [term],
            "estimate": [estimate],
            "std_error": [error],
            "conf_low": [low],
            "conf_high": [high],
            "conf_level": [0.95],
            **{name: [np.nan] for name in ("df", "statistic", "p_value")},
        }
    )
    return rounded_numbers(frame, PEOPLE, PEOPLE, load_profile("opensafely")).iloc[0]


@pytest.mark.parametrize("ratio", [0.02, 0.4, 1.0, 3.0, 60.0])
def test_a_ratio_is_rounded_in_proportion_and_never_to_zero(ratio: float) -> None:
    error = 0.9
    row = shown("hazard_ratio", ratio, error, *(ratio * np.exp([-1.96 * error, 1.96 * error])))
    exact = dict(zip(COLUMNS[:3], ratio * np.exp([0, -1.96 * error, 1.96 * error]), strict=True))
    # a step is at most 2.5 times 2 SE base / (2 n) of the ratio, and a number moves by half of it
    most = 2.5 * error * 5 / 15 / 2
    for name, value in exact.items():
        assert row[name] > 0
        assert abs(row[name] - value) <= most * value


def test_a_ratio_is_coarser_the_fewer_people_it_rests_on() -> None:
    row = shown("hazard_ratio", 0.4321, 0.9, 0.0741, 2.521)
    assert row["estimate"] not in (0.4321, 0.432, 0.43)


def test_a_ratio_without_error_or_limits_is_rounded_all_the_same() -> None:
    row = shown("hazard_ratio", 0.4321, np.nan, np.nan, np.nan)
    assert row["estimate"] == pytest.approx(0.4)


def test_a_difference_keeps_steps_of_its_own_error() -> None:
    row = shown("mean_change", 4.321, 1.2, 1.97, 6.67)
    assert row["estimate"] == pytest.approx(4.5)
    assert row["conf_low"] == pytest.approx(2.0)
    assert row["conf_high"] == pytest.approx(6.5)


@pytest.mark.parametrize("estimand", ["rate_per_100000", "sessions_needed"])
def test_a_multiple_of_the_number_of_people_does_not_tell_the_number(estimand: str) -> None:
    found = []
    for n in (63.0, 66.0):  # both are shown as 65
        frame = pd.DataFrame(
            {
                "estimand": [estimand],
                "term": ["people"],
                "estimate": [20 * n],
                "std_error": [20 * np.sqrt(n)],
                "conf_low": [20 * (n - 15)],
                "conf_high": [20 * (n + 15)],
                "conf_level": [0.95],
                **{name: [np.nan] for name in ("df", "statistic", "p_value")},
            }
        )
        profile = load_profile("opensafely")
        people, seen = np.array([n]), np.array([65.0])
        found.append(rounded_numbers(frame, people, seen, profile).iloc[0]["estimate"])
    assert found[0] == found[1] == pytest.approx(20 * 65, rel=0.02)


def test_limits_of_a_share_of_people_are_rounded_outwards() -> None:
    row = shown("proportion", 0.4, 0.13, 0.35, 0.62)
    assert row["estimate"] == pytest.approx(1 / 3)
    assert row["conf_low"] == pytest.approx(1 / 3)
    assert row["conf_high"] == pytest.approx(2 / 3)


def test_a_share_of_sessions_is_not_given_in_steps_of_people() -> None:
    """Of 15 people, a step of five would be a third: of all their sessions that says nothing."""
    row = shown("proportion", 0.183, 0.019, 0.146, 0.22, term="absence")
    assert row["estimate"] == pytest.approx(0.183, abs=0.01)
    assert row["conf_low"] < row["estimate"] < row["conf_high"]
