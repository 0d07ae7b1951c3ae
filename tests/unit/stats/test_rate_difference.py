"""Newcombe's interval for a difference of two proportions against the published example."""

import pytest

from naturalistic.stats.rate_difference import rate_difference


@pytest.mark.parametrize(
    ("counts", "expected"),
    # Newcombe (1998), Statistics in Medicine 17:873, table II, method 10, rows (a), (d), (e), (g)
    [
        ((56, 70, 48, 80), (0.2000, 0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.6000, 0.1705, 0.8090)),
        ((10, 10, 0, 20), (1.0000, 0.6791, 1.0000)),
        ((5, 56, 0, 29), (0.0893, -0.0381, 0.1926)),
    ],
)
def test_equals_the_published_table(
    counts: tuple[int, int, int, int], expected: tuple[float, float, float]
) -> None:
    found = rate_difference(*counts)
    assert (found.estimate, found.conf_low, found.conf_high) == pytest.approx(expected, abs=5e-5)


def test_turns_round_with_the_groups_and_says_when_there_is_nobody() -> None:
    forth, back = rate_difference(9, 30, 4, 25), rate_difference(4, 25, 9, 30)
    assert forth.estimate == pytest.approx(-back.estimate)
    assert forth.conf_low == pytest.approx(-back.conf_high)
    assert rate_difference(0, 0, 4, 25).status == "not_estimable"
