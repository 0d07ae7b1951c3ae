from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturalistic.stats.talking_therapies import (
    MeasureRule,
    TalkingTherapiesCounts,
    talking_therapies_outcome,
)

NAN = float("nan")
# PHQ-9 first, last; GAD-7 first, last; then by the rules on paper: at caseness (1, 0 or None),
# change (better, worse, none, unpaired), recovered, reliably recovered.
COURSES = [
    (18, 6, 14, 5, 1, "better", True, True),
    (18, 9, 14, 7, 1, "better", True, True),
    (10, 9, 3, 3, 1, "none", True, False),  # recovered without a reliable change
    (9, 3, 7, 2, 0, "better", False, False),  # never a case: reliably better, cannot recover
    (9, 9, 8, 7, 1, "none", True, False),  # a case on anxiety alone, at its threshold
    (10, 4, 7, 7, 1, "better", True, True),  # exactly six points
    (12, 7, 7, 7, 1, "none", True, False),  # five points are not enough
    (5, 5, 12, 8, 1, "better", False, False),  # exactly four points, still at the threshold
    (18, 10, 14, 4, 1, "better", False, False),  # depression still at ten
    (18, 8, 6, 10, 1, "none", False, False),  # one better, one worse
    (12, 6, 3, 7, 1, "none", True, False),  # recovered, but one better and one worse
    (12, 18, 9, 9, 1, "worse", False, False),
    (4, 9, 3, 7, 0, "worse", False, False),  # anxiety four points worse, still no case
    (12, 20, 9, 4, 1, "none", False, False),
    (18, NAN, 14, 5, 1, "unpaired", False, False),
    (18, NAN, 14, NAN, 1, "unpaired", False, False),
    (NAN, 5, NAN, 4, None, "unpaired", False, False),
    (NAN, 5, 14, 5, 1, "unpaired", True, False),  # a case on anxiety, change not known on both
    (NAN, 5, 3, 3, None, "unpaired", False, False),  # depression at the start unknown
    (4, 4, NAN, 3, None, "unpaired", False, False),
    (4, 4, 3, NAN, 0, "unpaired", False, False),
    (0, 0, 0, 0, 0, "none", False, False),
]


def _outcome(rows=COURSES, **arguments):
    scores = np.array([row[:4] for row in rows], dtype=float).T
    return talking_therapies_outcome(
        MeasureRule(scores[0], scores[1], caseness=10, reliable_change=6, **arguments),
        MeasureRule(scores[2], scores[3], caseness=8, reliable_change=4, **arguments),
    )


@pytest.mark.parametrize("number", range(len(COURSES)))
def test_each_course_by_the_rules_on_paper(number):
    *_, case, change, recovered, reliably_recovered = COURSES[number]
    result = _outcome()
    assert result.at_caseness[number] == (case == 1)
    assert result.not_at_caseness[number] == (case == 0)
    flags = {
        "better": result.improved[number],
        "worse": result.deteriorated[number],
        "none": result.no_reliable_change[number],
        "unpaired": not result.paired[number],
    }
    assert [name for name, flag in flags.items() if flag] == [change]
    assert result.recovered[number] == recovered
    assert result.reliably_recovered[number] == reliably_recovered


def test_counts_and_denominators():
    counts = TalkingTherapiesCounts.of(_outcome())
    assert counts.finished == 22
    assert counts.not_at_caseness == 4
    assert counts.recovery_denominator == 18  # the three with unknown caseness stay
    assert counts.fractions() == {
        "reliable_improvement": (6, 22),
        "reliable_deterioration": (2, 22),
        "no_reliable_change": (7, 22),
        "recovery": (8, 18),
        "reliable_recovery": (3, 18),
    }
    rates = counts.rates()
    assert rates["recovery"].estimate == 8 / 18
    assert rates["recovery"].conf_low < 8 / 18 < rates["recovery"].conf_high


def test_groups_add_up():
    outcome = _outcome()
    group = np.arange(22) % 3 == 0
    one, other = (TalkingTherapiesCounts.of(outcome, g) for g in (group, ~group))
    whole = TalkingTherapiesCounts.of(outcome)
    assert one.finished + other.finished == whole.finished
    for name, (numerator, denominator) in whole.fractions().items():
        assert one.fractions()[name][0] + other.fractions()[name][0] == numerator
        assert one.fractions()[name][1] + other.fractions()[name][1] == denominator
    empty = TalkingTherapiesCounts.of(outcome, np.zeros(22, dtype=bool)).rates()
    assert all(rate.status == "not_estimable" for rate in empty.values())


def test_inequality_is_a_setting():
    strict = _outcome(caseness_strict=True, change_strict=True)
    assert not strict.improved[5] and not strict.improved[7]
    assert not strict.at_caseness[4]  # 8 is not above 8
    assert strict.not_at_caseness[4]


def test_thresholds_may_differ_between_patients():
    # GAD-7 for the first, PCL-5 (32, 10) for the second.
    result = talking_therapies_outcome(
        MeasureRule([5, 5], [5, 5], caseness=10, reliable_change=6),
        MeasureRule([9, 40], [5, 30], caseness=[8, 32], reliable_change=[4, 10]),
    )
    assert result.reliably_recovered.tolist() == [True, True]


def test_order_of_courses_does_not_matter():
    forward, back = _outcome(), _outcome(COURSES[::-1])
    for name in forward.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(back, name)[::-1], getattr(forward, name))


score = st.one_of(st.just(NAN), st.integers(0, 27))


@settings(max_examples=80, deadline=None)
@given(rows=st.lists(st.tuples(score, score, score, score), min_size=1, max_size=40))
def test_categories_are_exhaustive_and_exclusive(rows):
    result = _outcome(rows)
    kinds = np.array([result.improved, result.deteriorated, result.no_reliable_change])
    np.testing.assert_array_equal(kinds.sum(axis=0), result.paired.astype(int))
    assert not (result.at_caseness & result.not_at_caseness).any()
    assert not (result.recovered & ~result.at_caseness).any()
    np.testing.assert_array_equal(result.reliably_recovered, result.recovered & result.improved)
    counts = TalkingTherapiesCounts.of(result)
    for numerator, denominator in counts.fractions().values():
        assert 0 <= numerator <= denominator <= counts.finished


def test_misuse_is_refused():
    measure = MeasureRule([1, 2], [1, 2], caseness=10, reliable_change=6)
    with pytest.raises(ValueError, match="same courses"):
        talking_therapies_outcome(measure, MeasureRule([1], [1], 8, 4))
    with pytest.raises(ValueError, match="same length"):
        talking_therapies_outcome(measure, MeasureRule([1, 2], [1], 8, 4))
    with pytest.raises(ValueError, match="caseness"):
        talking_therapies_outcome(measure, MeasureRule([1, 2], [1, 2], [8, NAN], 4))
    with pytest.raises(ValueError, match="positive"):
        talking_therapies_outcome(measure, MeasureRule([1, 2], [1, 2], 8, 0))
    with pytest.raises(ValueError, match="finite"):
        talking_therapies_outcome(measure, MeasureRule([1, np.inf], [1, 2], 8, 4))
    with pytest.raises(ValueError, match="one element"):
        TalkingTherapiesCounts.of(_outcome(), [True])
