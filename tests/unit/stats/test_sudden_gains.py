from __future__ import annotations

import numpy as np
import pytest

from naturalistic.stats.sudden_gains import find_sudden_gains

NAN = np.nan
# The cases of the tests of R's suddengains 0.7 (MIT): scores at six sessions, and the gains it
# finds in the three intervals from the second session on (NaN: cannot be said).
CASES = [
    ([28, 19, 23, 12, 13, NAN], [0, 0, NAN]),
    ([28, 19, 23, 11, 12, NAN], [0, 1, NAN]),
    ([28, 19, NAN, 12, 13, NAN], [NAN, NAN, NAN]),
    ([28, 19, 23, 12, 14, NAN], [0, 0, NAN]),
    ([28, 25, 28, 11, 12, NAN], [0, 1, NAN]),
    ([28, 26, 28, 11, 12, NAN], [0, 1, NAN]),
    ([NAN, 26, 28, NAN, 12, 11], [NAN, NAN, NAN]),
    ([35, 37, 23, 23, 24, 21], [1, 0, 0]),
    ([35, 37, 34, 24, 24, 21], [0, 1, 0]),
    ([35, 37, 34, 34, 24, 21], [0, 0, 1]),
    ([35, 37, 34, 37, 37, 37], [0, 0, 0]),
]


@pytest.mark.parametrize(("scores", "expected"), CASES)
def test_the_cases_of_rs_suddengains(scores, expected):
    result = find_sudden_gains([scores], minimal_change=7, better_is="lower")
    found = np.where(result.evaluable, result.gain, NAN)[0, 1:4]
    np.testing.assert_array_equal(found, expected)
    assert not result.evaluable[0, [0, 4]].any()  # one session before, or one after


def test_turned_scale_and_losses_mirror_gains():
    table = np.array([scores for scores, _ in CASES], dtype=float)
    gains = find_sudden_gains(table, minimal_change=7, better_is="lower")
    turned = find_sudden_gains(-table, minimal_change=7, better_is="higher", proportion=None)
    plain = find_sudden_gains(table, minimal_change=7, better_is="lower", proportion=None)
    np.testing.assert_array_equal(turned.gain, plain.gain)
    backwards = find_sudden_gains(table, minimal_change=7, better_is="higher")
    np.testing.assert_array_equal(backwards.loss, gains.gain)
    assert not (gains.gain & gains.loss).any()


def test_critical_values_follow_missing_scores():
    result = find_sudden_gains(
        [[30, 30, 30, 10, 10, 10], [NAN, 30, 30, 10, 10, 10], [NAN, 30, 30, 10, 10, NAN]],
        minimal_change=7,
        better_is="lower",
    )
    assert result.critical_value[:, 2] == pytest.approx([2.776, 3.182, 4.303], abs=5e-4)
    fixed = find_sudden_gains(
        [[NAN, 30, 30, 10, 10, NAN]],
        minimal_change=7,
        better_is="lower",
        adjust_critical_value=False,
    )
    assert fixed.critical_value[0, 2] == pytest.approx(2.776, abs=5e-4)


def test_each_criterion_can_fail_alone():
    def gain(scores, **arguments):
        settings = {"minimal_change": 7, "better_is": "lower"} | arguments
        return find_sudden_gains([scores], **settings).gain[0, 2]

    assert gain([30, 30, 30, 23, 23, 23], proportion=0.2)
    assert not gain([30, 30, 30, 23, 23, 23])  # 7 of 30 is less than a quarter
    assert not gain([30, 30, 30, 24, 23, 23], proportion=0.2)  # 6 is less than 7
    assert not gain([14, 40, 30, 20, 12, 30])  # lost in the fluctuation
    # 7 exactly, and not a hair less because of floats
    assert gain([8.2, 8.2, 8.2, 1.2, 1.2, 1.2])


def test_reversal_is_half_of_the_gain_lost_later():
    base = [30, 30, 30, 20, 20, 20]
    result = find_sudden_gains(
        [[*base, 25, 20], [*base, 24.9, 20], [*base, NAN, 25]], minimal_change=7, better_is="lower"
    )
    assert result.gain[:, 2].all()
    assert list(result.reversed_gain[:, 2]) == [True, False, True]


def test_misuse_is_refused():
    for scores in ([1, 2, 3], [[1], [2]], [[1, np.inf]]):
        with pytest.raises(ValueError, match="sessions"):
            find_sudden_gains(scores, minimal_change=7, better_is="lower")
    with pytest.raises(ValueError, match="minimal_change"):
        find_sudden_gains([[1, 2]], minimal_change=0, better_is="lower")
    with pytest.raises(ValueError, match="proportion"):
        find_sudden_gains([[1, 2]], minimal_change=1, better_is="lower", proportion=0)
