"""What closing would mean, in sentences and tables: each rule with a case on paper."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from naturalistic.report.blocks import Figure, Table, Text
from naturalistic.report.released import Released
from naturalistic.report.sections.closing import closing
from naturalistic.report.sections.closing_elsewhere import yearly_cost
from naturalistic.report.sentences import people_of_share
from tests.unit.report.handmade import released, row
from tests.unit.report.test_narrative import CAUSAL

NAME = "decommissioning"


def _share(term: str, months: float, share: float, low: float, high: float) -> dict[str, Any]:
    limits = {"conf_low": low, "conf_high": high, "conf_level": 0.9, "n_patients": 120}
    return row(NAME, "expected_share", share, term=term, time=months, **limits)


def _number(term: str, n: float, **columns: Any) -> dict[str, Any]:
    return row(NAME, "count", n, term=term, n_patients=n, **columns)


FORECAST = (
    _share("planned_ending", 12, 0.60, 0.52, 0.67),
    _share("unplanned_ending", 12, 0.12, 0.07, 0.18),
    _share("other_ending", 12, 0.08, 0.04, 0.13),
    _share("cut_short", 12, 0.20, 0.14, 0.27),
)


def _rows(*more: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return (
        _number("in_therapy", 120),
        _number("waiting", 35),
        _number("open_without_contact", 0),
        *more,
    )


def _section(data: Released) -> Any:
    made = closing(data, None)
    assert made is not None
    assert not any(CAUSAL.search(text) for text in made.findings)
    return made


def test_caseload_run_off_and_people_affected() -> None:
    affected = {"time": 12, "conf_level": 0.9}
    data = released(
        *_rows(
            *FORECAST,
            row(
                NAME,
                "expected_number",
                56,
                term="new_starters",
                conf_low=33,
                conf_high=82,
                **affected,
            ),
            row(
                NAME,
                "expected_number",
                211,
                term="affected",
                conf_low=188,
                conf_high=237,
                **affected,
            ),
        ),
        closing={"notice_date": "2018-10-10"},
    )
    said = _section(data).findings
    assert (
        said[0]
        == "On 10 October 2018, about 120 people were in therapy and about 35 waited for it."
    )
    assert "12 months later 60% of those in therapy (90% band 52% to 67%)" in said[1]
    assert "20% (14% to 27%) would still be in therapy, about 24 people" in said[1]
    assert said[2].endswith("a closing would concern about 211 people (188 to 237).")


def test_the_figure_shows_every_way_and_its_table_the_bands() -> None:
    figure = next(b for b in _section(released(*_rows(*FORECAST))).blocks if isinstance(b, Figure))
    assert figure.name == "run_off"
    assert "20% after 12 months" in figure.alternative
    assert figure.data.rows == [
        ("12", "60% (52% to 67%)", "12% (7% to 18%)", "8% (4% to 13%)", "20% (14% to 27%)")
    ]


def test_nobody_waits_and_some_are_without_contact() -> None:
    data = released(
        _number("in_therapy", 120), _number("waiting", 0), _number("open_without_contact", 15)
    )
    said = _section(data).findings[0]
    assert said.startswith(
        "On the day these data end, about 120 people were in therapy and nobody waited"
    )
    assert "Not among them: about 15 people" in said


def test_without_dates_it_says_so_and_draws_nothing() -> None:
    rows = [
        row(NAME, "count", term=term, status="not_measured", note="the extract holds no dates")
        for term in ("in_therapy", "waiting")
    ]
    made = _section(released(*rows))
    assert made.findings == (
        "How many people are in therapy on a given day is not measured here: the extract holds no dates.",
    )
    assert [type(block) for block in made.blocks] == [Text]


def test_problems_stand_beside_what_nice_names_for_them() -> None:
    held = [
        _number("on_the_books", n, dimensions=f"problem={name}")
        for name, n in (("depression", 60), ("interpersonal_or_relationship", 30))
    ]
    tables = [b for b in _section(released(*_rows(*held))).blocks if isinstance(b, Table)]
    cells = {row[0]: row for row in tables[0].rows}
    assert "cognitive behavioural therapy" in cells["Depression"][3]
    assert cells["Interpersonal or relationship problems"][2:] == ("none", "–")
    assert "does not mean provided here" in tables[0].note


def test_costs_need_the_users_own() -> None:
    blocks = _section(released(*_rows())).blocks
    text = next(b for b in blocks if isinstance(b, Text) and "Cost" in b.paragraphs[0])
    assert "none is shipped" in text.paragraphs[0]
    cost = row(
        NAME,
        "cost",
        3650,
        term="treated",
        conf_low=3400,
        conf_high=3900,
        dimensions="currency=£, 2025",
        note="cost of this service only",
    )
    table = next(
        b
        for b in _section(released(*_rows(cost))).blocks
        if isinstance(b, Table) and "Cost" in b.caption
    )
    assert "£, 2025" in table.caption
    assert table.rows == [("Person treated", "3,650 (3,400 to 3,900)")]


def test_areas_levelling_and_capacity() -> None:
    rate = {"conf_low": 10.0, "conf_high": 20.0, "term": "started", "n_patients": 60}
    made = _section(
        released(
            *_rows(
                row(NAME, "rate_per_100000", 14.2, dimensions="area=North", **rate),
                row(
                    NAME,
                    "rate_per_100000",
                    status="withheld",
                    dimensions="area=South",
                    note="few",
                    term="started",
                ),
                row(NAME, "expected_number", 40, term="level_up", conf_low=30, conf_high=50),
                row(NAME, "expected_number", -25, term="level_down", conf_low=-40, conf_high=-10),
                row(
                    NAME,
                    "cost",
                    3676,
                    term="treated",
                    conf_low=3400,
                    conf_high=3900,
                    dimensions="currency=£, 2025",
                ),
                row(
                    NAME,
                    "ratio_to_reference",
                    0.63,
                    term="started",
                    dimensions="area=North",
                    contrast="North vs South",
                    conf_low=0.5,
                    conf_high=0.8,
                ),
                _number("started_other_or_unknown_area", 15),
                row(
                    NAME,
                    "sessions_needed",
                    1440,
                    term="on_the_books",
                    dimensions="dose=cbt",
                    note="12 sessions a person, as stated",
                ),
                row(NAME, "staff_needed", 1.8, term="on_the_books", dimensions="dose=cbt"),
            )
        )
    )
    figure = next(b for b in made.blocks if isinstance(b, Figure))
    ratio = "0.63 (0.50 to 0.80) of South"
    assert ("North", "14.2 (10.0 to 20.0)", ratio) in figure.data.rows
    assert ("South", "withheld", "–") in figure.data.rows
    up = (
        "People a year more if every area had the highest rate",
        "40 (30 to 50); £147,000 a year (£102,000 to £195,000)",
        "–",
    )
    assert up in figure.data.rows
    down = "−25 (−40 to −10); −£91,900 a year (−£156,000 to −£34,000)"
    assert down in {cells[1] for cells in figure.data.rows}
    assert figure.data.note.startswith("From another area, or not recorded: 15 people. Which area")
    assert "wider than an interval of the product" in figure.data.note
    table = next(b for b in made.blocks if isinstance(b, Table) and "elsewhere" in b.caption)
    assert table.rows == [
        ("Cognitive behavioural therapy", "12 sessions a person, as stated", "1,440", "1.8")
    ]


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.2, "about 24 people"), (0.065, "about 8 people"), (0.02, "7 people or fewer")],
)
def test_a_forecast_of_few_people_is_no_number(share: float, words: str) -> None:
    data = released(*_rows(*FORECAST))
    assert (
        people_of_share(data, pd.Series({"estimate": share}), pd.Series({"estimate": 120.0}))
        == words
    )


def test_who_is_on_the_books_by_kind_of_therapy_and_earlier_treatment() -> None:
    few = {"status": "withheld", "note": "few"}
    data = released(
        *_rows(
            _number("in_therapy", 80, dimensions="format=individual"),
            _number("in_therapy", 40, dimensions="format=group"),
            row(NAME, "count", term="on_the_books", dimensions="prior_treatment=no", **few),
            _number("on_the_books", 100, dimensions="prior_treatment=yes"),
            row(NAME, "mean", 12.0, term="months_so_far"),
            row(NAME, "median", 9.0, term="months_so_far"),
        )
    )
    table = next(
        b for b in _section(data).blocks if isinstance(b, Table) and "on the books" in b.caption
    )
    assert table.rows == [
        ("Format, people in therapy",),
        ("Group", "40"),
        ("Individual", "80"),
        ("Earlier psychological treatment, people in therapy or waiting",),
        ("No", "withheld"),
        ("Yes", "100"),
        ("Months in therapy so far",),
        ("Mean", "12.0"),
        ("Median", "9.0"),
    ]


def test_a_caseload_that_is_withheld_is_a_sentence() -> None:
    rows = [
        row(NAME, "count", term=term, status="withheld", note="few")
        for term in ("in_therapy", "waiting")
    ]
    said = _section(released(*rows)).findings[0]
    assert said == (
        "On the day these data end, how many people were in therapy: withheld; how many waited for it: withheld."
    )


def test_without_own_costs_levelling_has_none() -> None:
    level = row(NAME, "expected_number", 40, term="level_up", conf_low=30, conf_high=50)
    assert yearly_cost(released(level), pd.Series(level)) == ""
