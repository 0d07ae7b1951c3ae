"""Scores against sums done by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturalistic.cohort.scoring import score_items, score_questionnaires
from naturalistic.errors import MappingError
from naturalistic.reference.loader import load_instruments
from naturalistic.tables.cohort import QUESTIONNAIRES
from naturalistic.tables.derived import SCORES

INSTRUMENTS = load_instruments()
CORE_REVERSED = (3, 4, 7, 12, 19, 21, 31, 32)


def items(answers: dict[int, float], form: int = 1, instrument: str = "core_om") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "form_id": form,
            "referral_id": 10 + form,
            "instrument": instrument,
            "item": list(answers),
            "value": list(answers.values()),
        }
    )


def totals(form: int, instrument: str, scale: str, value: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "form_id": [form],
            "referral_id": [10 + form],
            "instrument": [instrument],
            "scale": [scale],
            "value": [value],
        }
    )


def scored(*parts: pd.DataFrame) -> pd.DataFrame:
    table = QUESTIONNAIRES.conform(pd.concat(parts, ignore_index=True))
    frame = score_questionnaires(table, INSTRUMENTS)
    assert SCORES.problems(frame) == []
    return frame.set_index(["form_id", "scale"])


def core(value: float = 0.0, **changed: float) -> dict[int, float]:
    answers = dict.fromkeys(range(1, 35), value)
    return answers | {int(name[1:]): answer for name, answer in changed.items()}


def test_raw_zero_everywhere_scores_the_eight_reversed_items() -> None:
    frame = scored(items(core(0)))
    # 8 reversed items count 4 each: 32 / 34 x 10
    assert frame.loc[(1, "all"), "score"] == 320 / 34
    assert frame.loc[(1, "wellbeing"), "score"] == 10 * 8 / 4
    assert frame.loc[(1, "functioning"), "score"] == 10 * 24 / 12
    assert frame.loc[(1, "problems"), "score"] == 0
    assert frame.loc[(1, "risk"), "score"] == 0
    assert frame.loc[(1, "non_risk"), "n_items_missing"] == 0


def test_item_30_is_not_reversed() -> None:
    low, high = (scored(items(core(2, q30=answer))) for answer in (0, 4))
    assert high.loc[(1, "all"), "score"] - low.loc[(1, "all"), "score"] == pytest.approx(40 / 34)
    assert high.loc[(1, "problems"), "score"] == pytest.approx(10 * (11 * 2 + 4) / 12)


@pytest.mark.parametrize("item", range(1, 35))
def test_every_item_points_its_own_way(item: int) -> None:
    worst = core(4) | dict.fromkeys(CORE_REVERSED, 0)
    assert scored(items(worst)).loc[(1, "all"), "score"] == 40
    turned = worst | {item: 4 - worst[item]}
    assert scored(items(turned)).loc[(1, "all"), "score"] == pytest.approx(40 - 40 / 34)


def test_three_missing_items_are_prorated_and_four_are_not_scored() -> None:
    worst = core(4) | dict.fromkeys(CORE_REVERSED, 0)
    answered = {item: value for item, value in worst.items() if item > 3}
    answered[34] = 0
    frame = scored(items(answered))
    assert frame.loc[(1, "all"), "score"] == pytest.approx(10 * 30 * 4 / 31)
    assert frame.loc[(1, "all"), "n_items_missing"] == 3
    # items 1 and 3 are functioning: two missing of twelve are too many there
    assert np.isnan(frame.loc[(1, "functioning"), "score"])
    four = {item: value for item, value in worst.items() if item > 4}
    frame = scored(items(four))
    assert np.isnan(frame.loc[(1, "all"), "score"])
    assert frame.loc[(1, "all"), "n_items_missing"] == 4
    assert frame.loc[(1, "risk"), "score"] == 40


def test_without_a_known_rule_only_complete_forms_are_scored() -> None:
    frame = scored(items(dict.fromkeys(range(1, 9), 3), instrument="phq_9"))
    assert np.isnan(frame.loc[(1, "total"), "score"])
    frame = scored(items(dict.fromkeys(range(1, 10), 3), instrument="phq_9"))
    assert frame.loc[(1, "total"), "score"] == 27


def test_a_code_for_not_known_is_a_missing_item_not_a_nine() -> None:
    answers = dict.fromkeys(range(1, 13), 2.0) | {5: 9.0}
    frame = scored(items(answers, instrument="honos"))
    assert frame.loc[(1, "total"), "n_items_missing"] == 1
    assert frame.loc[(1, "total"), "score"] != 31


def test_delivered_scores_pass_through_and_items_win_over_them() -> None:
    frame = scored(
        totals(1, "core_om", "all", 12.5),
        totals(2, "core_om", "all", 39.0),
        items(core(0), form=2),
        totals(3, "phq_9", "total", 11.0),
    )
    assert frame.loc[(1, "all"), "score"] == 12.5
    assert pd.isna(frame.loc[(1, "all"), "n_items_missing"])
    assert frame.loc[(2, "all"), "score"] == 320 / 34
    assert frame.loc[(3, "total"), "score"] == 11
    assert frame.loc[(3, "total"), "instrument"] == "phq_9"


def test_faults_are_named() -> None:
    with pytest.raises(MappingError, match='no instrument "core_99"'):
        scored(totals(1, "core_99", "all", 1.0))
    with pytest.raises(MappingError, match='no scale "everything"'):
        scored(totals(1, "core_om", "everything", 1.0))
    with pytest.raises(ValueError, match="2 answers lie outside"):
        scored(items(core(0, q1=5, q2=-1)))
    with pytest.raises(ValueError, match="1 scores lie outside"):
        scored(totals(1, "core_om", "all", 41.0))
    with pytest.raises(MappingError, match="item key is not"):
        scored(items({1: 2.0}, instrument="core_sf_a"))
    two_people = pd.concat([items({1: 1.0}), items({2: 1.0}).assign(referral_id=99)])
    with pytest.raises(ValueError, match="different referrals"):
        scored(two_people)
    with pytest.raises(ValueError, match="neither an item nor a scale"):
        scored(totals(1, "core_om", "all", 3.0).assign(scale=None))


def test_no_form_gives_an_empty_table() -> None:
    frame = score_questionnaires(QUESTIONNAIRES.empty(), INSTRUMENTS)
    assert frame.empty and SCORES.problems(frame) == []


@settings(max_examples=12, deadline=None)
@given(
    answers=st.lists(
        st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=34, max_size=34).filter(
            lambda form: any(answer is not None for answer in form)
        ),
        min_size=1,
        max_size=4,
    ),
    seed=st.integers(0, 2**16),
)
def test_any_answers_against_a_plain_loop_in_any_row_order(
    answers: list[list[int | None]], seed: int
) -> None:
    forms = [
        items({i: a for i, a in enumerate(form, start=1) if a is not None}, form=number)
        for number, form in enumerate(answers)
    ]
    table = QUESTIONNAIRES.conform(pd.concat(forms, ignore_index=True))
    shuffled = table.sample(frac=1, random_state=seed).reset_index(drop=True)
    frame = score_questionnaires(table, INSTRUMENTS)
    pd.testing.assert_frame_equal(frame, score_questionnaires(shuffled, INSTRUMENTS))
    by_form = frame.set_index(["form_id", "scale"])["score"]
    for number, form in enumerate(answers):
        turned = [
            a if a is None or i not in CORE_REVERSED else 4 - a for i, a in enumerate(form, start=1)
        ]
        known = [a for a in turned if a is not None]
        expected = 10 * sum(known) / len(known) if len(known) >= 31 else np.nan
        np.testing.assert_allclose(by_form[(number, "all")], expected, rtol=1e-14)


def test_score_items_refuses_another_number_of_items() -> None:
    with pytest.raises(ValueError, match="cannot be computed"):
        score_items(np.zeros((2, 3)), INSTRUMENTS["phq_9"].scale("total"))
