"""What the report says about attendance, and what it does not say."""

from __future__ import annotations

from functools import cache

import pytest

from naturalistic.report.blocks import Figure, Section, Table
from naturalistic.report.plots.axis import Point
from naturalistic.report.plots.binned import Series, binned_lines
from naturalistic.report.released import Released
from naturalistic.report.sections import attendance, attendance_over_time, dose_response
from tests.unit.report.handmade import CORE, released, row
from tests.unit.report.simulated import Shape
from tests.unit.report.simulated import released as simulate
from tests.unit.report.test_sections import texts

NAMES = ("attendance", "attendance_over_time", "dose_response")
MAKERS = (attendance, attendance_over_time, dose_response)


@cache
def sections() -> tuple[Section, ...]:
    shape = Shape(n=260, scales=("all",), analyses=NAMES, forms_per_person=3)
    made = simulate(shape)
    return tuple(section for make in MAKERS if (section := make(made, None)) is not None)


def test_every_figure_is_there_with_its_numbers_folded() -> None:
    figures = {b.name: b for s in sections() for b in s.blocks if isinstance(b, Figure)}
    assert figures.keys() == {
        "sessions_attended",
        "absence",
        "absence_probabilities",
        "sessions_lost",
        "sessions_attended_differences",
        "absence_over_the_course",
        "missed_after_missed",
        "change_by_sessions_attended",
        "improvement_so_far",
    }
    for section in sections():
        kinds = [isinstance(b, Figure) for b in section.blocks]
        assert kinds == sorted(kinds, reverse=True), "figures first"


def test_words_are_plain_and_claim_no_effect() -> None:
    words = " ".join(text for section in sections() for text in texts(section))
    for word in ("caused", "because of the sessions", "would benefit", "nan", "None", "<NA>"):
        assert word not in words
    assert "Which people would gain most" in words and "is not studied here" in words
    assert "Nobody was given a number of sessions by chance" in words
    assert "biased in short courses" in words
    assert "population averaged" in words.lower()
    assert "(1 | therapist)" in words, "the model as fitted"
    assert "not recorded, and no cost" in words or "clinician hours" in words.lower()


def over_time(low: float, high: float) -> str:
    key = {"n_patients": 200, "population": "started"}
    share = {"conf_low": 0.2, "conf_high": 0.4, **key}
    name = "attendance_over_time"
    made = attendance_over_time(
        released(
            row(name, "proportion", 0.33, term="missed_after_missed", **share),
            row(name, "proportion", 0.24, term="missed_after_kept", **share),
            row(
                name,
                "risk_difference",
                (low + high) / 2,
                term="within",
                conf_low=low,
                conf_high=high,
                **key,
            ),
        ),
        None,
    )
    assert made is not None
    return " ".join(made.findings)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    (
        (-0.02, 0.03, "does not stand clear of chance"),
        (0.02, 0.06, "missed more often after a missed one: 4.0 percentage points"),
        (-0.06, -0.02, "missed less often after a missed one: −4.0 percentage points"),
    ),
)
def test_the_sentence_on_what_follows_goes_with_the_interval(
    low: float, high: float, said: str
) -> None:
    assert said in over_time(low, high)


def dose(correlation: tuple[float, float, float]) -> str:
    value, low, high = correlation
    made = dose_response(
        released(
            row(
                "dose_response",
                "correlation",
                value,
                term="improvement_so_far_and_further_sessions",
                conf_low=low,
                conf_high=high,
                n_patients=90,
                **CORE,
            )
        ),
        None,
    )
    assert made is not None
    return made.findings[-1]


def test_what_the_dose_answers_to_is_said_by_the_sign() -> None:
    assert "answers to the change" in dose((-0.3, -0.5, -0.1))
    assert "stay" in dose((0.3, 0.1, 0.5))
    assert "does not stand clear of chance" in dose((0.0, -0.2, 0.2))


def test_a_cohort_without_sessions_says_so_in_one_sentence() -> None:
    note = "sessions are not held one by one"
    nothing: Released = released(
        *(row(name, "proportion", term="x", status="not_measured", note=note) for name in NAMES)
    )
    for make in MAKERS:
        section = make(nothing, None)
        assert section is not None and not section.blocks
        assert "not measured here" in section.findings[0]


def test_models_that_failed_give_their_reason() -> None:
    made = attendance(
        released(
            row("attendance", "mean", 12.0, term="sessions_attended", n_patients=90),
            row(
                "attendance",
                "odds_ratio",
                term="model",
                model="absence",
                specification="adjusted",
                status="not_estimable",
                note="Every session offered ended the same way",
            ),
        ),
        None,
    )
    assert made is not None
    assert "every session offered ended the same way" in " ".join(made.findings)


def test_lines_break_where_a_number_is_withheld() -> None:
    points = [Point(0.2, 0.1, 0.3), None, Point(0.4, 0.3, 0.5), Point(0.5, 0.4, 0.6)]
    svg = binned_lines(
        ["1", "2", "3", "4"],
        [Series("All", points)],
        x_label="Session",
        y_label="Share",
        percent=True,
    )
    whole = binned_lines(
        ["1", "2", "3", "4"],
        [Series("All", [Point(0.2, 0.1, 0.3)] * 4)],
        x_label="Session",
        y_label="Share",
        percent=True,
    )
    assert svg.startswith("<?xml")
    assert svg.count("<path") < whole.count("<path")


def test_tables_beside_figures_are_folded() -> None:
    for section in sections():
        tables = [b for b in section.blocks if isinstance(b, Table)]
        shown = [t.caption for t in tables if not t.folded]
        # one table carries the argument: who attended few and who many sessions
        assert len(shown) <= 1, shown
