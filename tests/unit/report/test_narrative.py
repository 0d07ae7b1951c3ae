"""Each rule with a case worked out on paper: better, worse, inconclusive, small, withheld, absent."""

from __future__ import annotations

import re

import pytest

from naturalistic.report import sentences
from naturalistic.report.narrative import answer, summary_text
from naturalistic.report.released import Released
from tests.unit.report.handmade import CORE, REQOL, change_rows, released, row

CAUSAL = re.compile(
    r"\b(because of therapy|due to|caused?|causes|effect of|led to|thanks to|result of|works?|effective\w*|"
    r"helped|benefit(ed)? from|improved by therapy)\b",
    re.IGNORECASE,
)


def test_an_improvement_is_said_in_the_direction_of_the_scale() -> None:
    lower = sentences.mean_change(released(*change_rows(4.9, 4.2, 5.6)))
    assert "4.9 points lower on CORE-OM than before, an improvement" in lower
    assert "95% interval for the improvement 4.2 to 5.6" in lower
    assert "22.7 before and 17.8 after" in lower
    better = change_rows(4.0, 3.0, 5.0, first=16, last=20, measure=REQOL)
    higher = sentences.mean_change(released(*better, measure=REQOL))
    assert "4.0 points higher on ReQoL-10 than before, an improvement" in higher


def test_a_worsening_is_called_one() -> None:
    text = sentences.mean_change(released(*change_rows(-3.1, -4.0, -2.2, last=25.8)))
    assert "3.1 points higher on CORE-OM than before, a worsening" in text
    worse = change_rows(-2.0, -3.0, -1.0, first=20, last=18, measure=REQOL)
    assert "2.0 points lower" in sentences.mean_change(released(*worse, measure=REQOL))


def test_an_inconclusive_change_has_no_direction() -> None:
    text = sentences.mean_change(released(*change_rows(0.4, -0.5, 1.3, last=22.3)))
    assert "about the same" in text
    assert "do not show which way" in text
    assert "0.4 points" in text
    assert "an improvement" not in text
    assert "a worsening" not in text


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(5.2, 6.4, "larger than"), (4.2, 5.6, "about as large as"), (1.0, 4.9, "smaller than")],
)
def test_the_size_of_the_change_is_judged_by_its_interval(
    low: float, high: float, words: str
) -> None:
    text = sentences.size_of_change(released(*change_rows((low + high) / 2, low, high)))
    assert f"The mean improvement is {words} that" in text


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (22.7, 17.8, "stayed on the clinical side"),
        (14.0, 9.0, "moved from the clinical side"),
        (8.0, 6.0, "was never on the clinical side"),
        (9.0, 13.0, "moved to the clinical side"),
    ],
)
def test_the_mean_is_placed_against_the_cut_off(first: float, last: float, words: str) -> None:
    rows = change_rows(first - last, first - last - 0.5, first - last + 0.5, first=first, last=last)
    assert words in sentences.size_of_change(released(*rows))


def test_a_worsening_is_never_called_larger_than_reliable() -> None:
    text = sentences.size_of_change(released(*change_rows(-3.1, -4.0, -2.2, last=25.8)))
    assert "mean improvement is" not in text


def _rates(**status: str) -> list[dict[str, object]]:
    shares = {
        ("reliable_improvement", "paired"): (0.48, 0.42, 0.53),
        ("reliable_deterioration", "paired"): (0.1, 0.07, 0.14),
        ("reliable_improvement", "started"): (0.27, 0.23, 0.30),
        ("reliable_deterioration", "started"): (0.06, 0.03, 0.08),
    }
    rows = []
    for (term, population), (value, low, high) in shares.items():
        key = {"term": term, "population": population, "definition": "jacobson_truax", **CORE}
        if term in status:
            rows.append(row("clinical_change", "proportion", status=status[term], **key))
        else:
            rows.append(
                row("clinical_change", "proportion", value, conf_low=low, conf_high=high, **key)
            )
    return rows


def test_reliable_rates_stand_on_both_denominators() -> None:
    text = sentences.reliable_rates(released(*_rates()))
    assert "48% (42% to 53%) improved reliably and 10% (7% to 14%) deteriorated reliably" in text
    assert "Of everyone who started, 27% (23% to 30%) are known to have improved" in text


def test_a_withheld_rate_is_named_and_not_left_out() -> None:
    text = sentences.reliable_rates(released(*_rates(reliable_deterioration="withheld")))
    assert "48% (42% to 53%) improved" in text
    assert "How many deteriorated reliably: withheld." in text
    assert "known to have improved reliably; people without a last form" in text


def test_what_is_absent_is_said() -> None:
    empty = released()
    assert sentences.who_started(empty) == "These data do not say how many people started therapy."
    assert sentences.mean_change(empty) == "Mean change on CORE-OM: not measured here."
    assert "not measured here" in sentences.reliable_rates(empty)
    assert "not measured here" in sentences.dropped_out(empty)
    assert "not measured here" in sentences.missed_sessions(empty)
    assert [tile.value for tile in answer(empty).tiles] == [
        "Not measured here",
        "Not measured here",
        "Not measured here",
    ]


def test_counts_are_about_where_they_are_rounded_and_exact_where_not() -> None:
    started = row("participant_flow", "count", 545, term="people", population="started")
    referred = row("participant_flow", "count", 640, term="people", population="referred")
    assert (
        sentences.who_started(released(started, referred))
        == "About 545 people started therapy, of about 640 referred."
    )
    exact = sentences.who_started(released(started, referred, base=1))
    assert exact == "545 people started therapy, of 640 referred."
    nobody = row("participant_flow", "count", 0, term="people", population="started")
    assert "Nobody" in sentences.who_started(released(nobody, base=1))


@pytest.mark.parametrize(
    "name",
    ["full", "forms_only", "higher_is_better", "ten_people", "nobody", "not_for_release"],
)
def test_every_cohort_gets_three_tiles_and_no_causal_word(cohort: object, name: str) -> None:
    data: Released = cohort(name)  # type: ignore[operator]
    told = answer(data)
    assert len(told.tiles) == 3
    assert all(tile.value and tile.label for tile in told.tiles)
    text = " ".join((*told.sentences, *(tile.label for tile in told.tiles)))
    assert not CAUSAL.search(text)
    assert "nan" not in text.lower().split()
    assert "None" not in text
    summary = summary_text(data)
    assert summary.count("\n* ") == 3
    assert max(map(len, summary.splitlines())) <= 100
    assert ("SYNTHETIC" in summary) == data.synthetic


def test_the_summary_says_who_was_lost_and_why(cohort: object) -> None:
    text = " ".join(summary_text(cohort("full")).split())  # type: ignore[operator]
    assert "no usable later form" in text
    assert "Lost: before the start, " in text
    assert "; without both forms, " in text
    assert "no usable later form: " in text
    assert "rows of referrals (exact duplicate): " in text


def test_the_summary_of_people_whose_forms_are_not_held() -> None:
    rows = [
        row("participant_flow", "count", 575, term="people", population=population)
        for population in ("referred", "assessed", "started")
    ]
    text = " ".join(summary_text(released(*rows)).split())
    assert "575 started therapy; how many have a first and a last form: not measured here." in text


@pytest.mark.parametrize(
    ("definition", "who"),
    [
        ("unplanned_ending", "Of those whose therapy has ended in a recorded way, 30%"),
        ("last_session_missed", "Of those whose ending can be judged, 30%"),
    ],
)
def test_dropping_out_is_a_share_of_those_the_definition_can_judge(
    definition: str, who: str
) -> None:
    rate = row("dropout", "proportion", 0.3, term="dropout", definition=definition)
    data = released(rate, measure={**CORE, "dropout_definition": definition})
    assert sentences.dropped_out(data).startswith(who)
