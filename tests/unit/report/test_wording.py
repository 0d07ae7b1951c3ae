from __future__ import annotations

import math

import pandas as pd
import pytest

from naturalistic.report import wording
from tests.unit.report.handmade import row


def series(*args: object, **columns: object) -> pd.Series:
    empty = {"conf_low": math.nan, "conf_high": math.nan, "note": ""}
    return pd.Series({**empty, **row(*args, **columns)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (-0.04, 1, "0.0"),
        (-4.56, 1, "−4.6"),
        (12345.0, 0, "12,345"),
        (math.nan, 1, "–"),
        (None, 1, "–"),
        (pd.NA, 1, "–"),
    ],
)
def test_numbers_keep_their_sign_and_their_places(value: object, digits: int, text: str) -> None:
    assert wording.number(value, digits) == text


def test_every_status_has_words_and_no_row_is_not_measured() -> None:
    words = {
        status: wording.value(series("dropout", "proportion", status=status))
        for status in ("withheld", "not_measured", "not_estimable", "not_run")
    }
    assert words == {
        "withheld": "withheld",
        "not_measured": "not measured here",
        "not_estimable": "cannot be estimated",
        "not_run": "not run",
    }
    assert wording.value(None) == wording.count(None) == "not measured here"


def test_a_share_is_a_percentage_with_a_decimal_where_its_interval_is_narrow() -> None:
    wide = series("dropout", "proportion", 0.309, conf_low=0.27, conf_high=0.352)
    narrow = series("attendance", "proportion", 0.2132, conf_low=0.2065, conf_high=0.21995)
    assert wording.with_interval(wide) == "31% (95% interval 27% to 35%)"
    assert wording.brief_interval(narrow) == "21.3% (20.6% to 22.0%)"


def test_a_ratio_is_never_printed_as_zero() -> None:
    ratio = series("dropout", "hazard_ratio", 0.0, conf_low=0.0, conf_high=1.0)
    assert wording.brief_interval(ratio) == "<0.01 (<0.01 to 1.00)"


def test_points_of_a_wide_interval_have_one_decimal() -> None:
    wide = series("outcome_models", "coefficient", -1.0, conf_low=-2.6, conf_high=0.7)
    narrow = series("outcome_models", "coefficient", -0.52, conf_low=-0.61, conf_high=-0.43)
    assert wording.brief_interval(wide) == "−1.0 (−2.6 to 0.7)"
    assert wording.brief_interval(narrow) == "−0.52 (−0.61 to −0.43)"


def test_terms_are_named_for_figures_and_for_sentences() -> None:
    assert wording.term_label("gender", "male vs female") == "Gender: Male (against female)"
    assert wording.term_label("age", "per 10 years") == "Age at referral, per 10 years"
    assert wording.term_in_sentence("age", "per 10 years") == "higher age at referral"
    assert (
        wording.term_in_sentence("ethnicity", "asian vs white")
        == "Asian or Asian British rather than White (ethnicity)"
    )


def test_words_for_sides_of_a_cut_off_follow_the_direction_of_the_scale() -> None:
    lower = wording.category_label("recovered", lower_is_better=True)
    higher = wording.category_label("recovered", lower_is_better=False)
    assert "moved below the cut-off" in lower
    assert "moved above the cut-off" in higher
    assert "below" in wording.population_label("case_at_start", lower_is_better=False)


def test_lists_dates_and_capitals() -> None:
    assert wording.listed(["a"]) == "a"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert wording.long_date("2023-01-09") == "9 January 2023"
    assert wording.lower_first("CORE-OM total") == "CORE-OM total"
    assert wording.lower_first("Asian or Asian British") == "Asian or Asian British"
    assert wording.lower_first("Planned ending") == "planned ending"


def test_a_services_own_word_stands_as_it_is_written() -> None:
    assert wording.label("referral_source", "GP") == "GP"
    assert wording.label("problem", "ptsd") == "Post-traumatic stress disorder"


def test_what_is_withheld_because_few_are_left_over_is_nearly_all() -> None:
    reason = "all but 7 or fewer people have it"
    share = series("participant_flow", "proportion", status="withheld", note=reason)
    assert wording.value(share) == "nearly all"


@pytest.mark.parametrize(
    ("estimate", "low", "high", "words"),
    [
        (-0.25, -0.29, -0.21, "−25 percentage points (−29 to −21)"),
        (0.01, -0.05, 0.07, "1 percentage point (−5 to 7)"),
        (-0.01, -0.05, 0.07, "−1 percentage point (−5 to 7)"),
        (0.012, -0.005, 0.03, "1.2 percentage points (−0.5 to 3.0)"),
        (0.10, 0.004, 0.19, "10.0 percentage points (0.4 to 19.0)"),
        (0.10, math.nan, math.nan, "10 percentage points"),
    ],
)
def test_differences_of_shares_are_percentage_points(
    estimate: float, low: float, high: float, words: str
) -> None:
    found = pd.Series(
        {"estimate": estimate, "conf_low": low, "conf_high": high, "status": "ok", "note": ""}
    ).astype(object)
    assert wording.percentage_points(found, " percentage points") == words
    assert wording.percentage_points(None) == "not measured here"


@pytest.mark.parametrize(
    ("estimand", "limits", "words"),
    [
        ("risk_difference", (-0.07, -0.002), "−4.0% (−7.0% to −0.2%)"),
        ("risk_difference", (-0.07, 0.002), "−4% (−7% to 0%)"),
        ("proportion", (0.002, 0.07), "−4% (0% to 7%)"),
    ],
)
def test_a_limit_that_is_clear_of_no_difference_is_not_printed_as_none(
    estimand: str, limits: tuple[float, float], words: str
) -> None:
    found = row("x", estimand, -0.04, conf_low=limits[0], conf_high=limits[1], note="")
    assert wording.brief_interval(pd.Series(found).astype(object)) == words
