"""Access and national metrics: sentences and figures on rows whose outcome is known, and where nothing is measured."""

from __future__ import annotations

import re
from typing import Any

import pytest

from naturalistic.report.blocks import Figure, Section, Table, Text
from naturalistic.report.plots.process_chart import Level, PeriodPoint, process_chart
from naturalistic.report.released import Released
from naturalistic.report.sections.access import access
from naturalistic.report.sections.national_metrics import national_metrics
from naturalistic.vocabulary import SPECIAL_CAUSES
from tests.unit.report.handmade import released, row

ACCESS, NATIONAL = "access_and_waits", "national_metrics"
SHIFT = SPECIAL_CAUSES["shift"].label
STEP = "referral_to_first_session"


def words(section: Section | None) -> str:
    assert section is not None
    return " ".join(section.findings)


def tables(section: Section) -> dict[str, Table]:
    return {block.caption: block for block in section.blocks if isinstance(block, Table)}


def waits() -> list[dict[str, Any]]:
    key = {"term": STEP, "time_unit": "days", "n_patients": 200}
    found = [
        row(ACCESS, "waiting_time", 60, contrast="median", conf_low=50, conf_high=70, **key),
        row(ACCESS, "waiting_time", 150, contrast="90th_percentile", **key),
        row(ACCESS, "count", 15, term=STEP, contrast="still_waiting", n_patients=15),
    ]
    shares = {28.0: 0.2, 42.0: 0.3, 126.0: 0.8}
    return found + [
        row(ACCESS, "probability_by", share, time=day, conf_low=share - 0.05, conf_high=share + 0.05, **key)
        for day, share in shares.items()
    ]  # fmt: skip


def chart(special: str = "") -> list[dict[str, Any]]:
    line = {"term": "referrals", "time_unit": "quarter", "n_patients": 300}
    points = [
        row(
            ACCESS,
            "count",
            20 + i % 3,
            term="referrals",
            dimensions=f"quarter={2015 + i // 4}-Q{i % 4 + 1}",
            n_patients=20,
            note=special if i == 9 else "",
        )
        for i in range(14)
    ]
    limits = [
        row(ACCESS, "process_limit", at, contrast=side, **line)
        for side, at in {"lower": 15.0, "upper": 27.0}.items()
    ]
    return [*points, row(ACCESS, "process_mean", 21.0, **line), *limits]


def test_waits_are_said_with_those_still_waiting() -> None:
    section = access(released(*waits()), None)
    text = words(section)
    assert (
        "From referral to first session half waited 60 days (95% interval 50 to 70) or fewer; nine in ten 150 days"
        in text
    )
    assert re.search(r"80% \(95% interval .*?\) had a first session within 126 days", text)
    assert "15 people were waiting for a first session" in text
    figure = next(b for b in section.blocks if isinstance(b, Figure))  # type: ignore[union-attr]
    assert "median 60 days" in figure.alternative


@pytest.mark.parametrize(
    ("special", "said"), [(SHIFT, "1 of 14 quarters stands out"), ("", "no more than")]
)
def test_a_chart_says_whether_a_point_stands_out(special: str, said: str) -> None:
    section = access(released(*waits(), *chart(special)), None)
    assert said in words(section)
    figure = next(b for b in section.blocks if isinstance(b, Figure) and b.name == "over_time_referrals")  # type: ignore[union-attr]  # fmt: skip
    marked = [cells for cells in figure.data.rows if cells[2] != "–"]
    assert [cells[0] for cells in marked] == (["2017-Q2"] if special else [])
    assert "Line: mean" in figure.caption


def test_no_change_named_is_said_to_be_not_set() -> None:
    section = access(released(*waits(), *chart()), None)
    texts = [p for b in section.blocks if isinstance(b, Text) for p in b.paragraphs]  # type: ignore[union-attr]
    assert any("not set" in text for text in texts)


@pytest.mark.parametrize(
    ("low", "high", "said"), [(2.0, 8.0, "there was a step in people referred"), (-2.0, 8.0, "no series shows a step")]
)  # fmt: skip
def test_a_named_change_without_a_causal_word(low: float, high: float, said: str) -> None:
    step = row(
        ACCESS, "level_change", 5.0, term="referrals", conf_low=low, conf_high=high, n_patients=300
    )
    change = {"name": "one door", "date": "2016-07-01"}
    section = access(released(*waits(), *chart(), step, service_change=change), None)
    text = words(section)
    assert said in text
    assert "one door" in text
    assert not {"caused", "led to", "because of", "due to"} & {w for w in text.split()}
    table = next(t for c, t in tables(section).items() if "one door" in c)  # type: ignore[arg-type]
    assert table.rows[0][2] == f"5.0 ({'−' if low < 0 else ''}2.0 to 8.0)"


def nothing(analysis: str) -> Released:
    why = {"status": "not_measured", "note": "the extract does not hold the day"}
    if analysis == ACCESS:
        return released(
            row(ACCESS, "waiting_time", term=STEP, contrast="median", **why),
            row(ACCESS, "process_mean", term="referrals", **why),
            row(ACCESS, "probability_by", term="rereferral", time=365.0, **why),
        )
    return released(
        *(row(NATIONAL, "count", term=term, **why) for term in ("two_sessions", "clock_stops", "closed_paired"))
    )  # fmt: skip


@pytest.mark.parametrize("analysis", [ACCESS, NATIONAL])
def test_without_data_it_says_not_measured_here(analysis: str) -> None:
    section = (access if analysis == ACCESS else national_metrics)(nothing(analysis), None)
    assert section is not None
    assert all("not measured here" in text for text in section.findings)
    assert not any(isinstance(block, Figure) for block in section.blocks)


def test_neither_section_without_its_analysis() -> None:
    empty = released(row("attendance", "mean", 3.0))
    assert access(empty, None) is None
    assert national_metrics(empty, None) is None


def national(counted: float, *more: dict[str, Any]) -> Section:
    rows = [
        *more,
        row(NATIONAL, "count", 200, term="two_sessions", n_patients=200),
        row(NATIONAL, "count", counted, term="therapy_access", n_patients=int(counted)),
        row(NATIONAL, "count", 200 - counted, term="invisible_people", n_patients=100),
        row(NATIONAL, "sessions", 30 * (200 - counted), term="invisible_sessions", n_patients=100),
        row(
            NATIONAL,
            "proportion",
            0.4,
            term="stopped_within_28_days",
            numerator=80,
            denominator=200,
            conf_low=0.3,
            conf_high=0.5,
        ),
    ]
    section = national_metrics(released(*rows), None)
    assert section is not None
    return section


def test_what_the_metric_does_not_see_comes_first() -> None:
    text = national(50.0).findings[0]
    assert text == (
        "Because of how their therapy is coded, the national access metric leaves out 150 of the 200 adults with two or "
        "more treatment sessions, and 4,500 of their sessions."
    )
    assert "leaves out all 200 adults" in national(0.0).findings[0]
    assert "counts 50" in national(50.0).findings[1]
    assert "40% (95% interval 30% to 50%) of the clocks" in words(national(50.0))


def test_everyone_counted() -> None:
    assert not re.search("leaves out", words(national(200.0)))


def test_every_line_of_2008_has_a_number_or_says_not_measured() -> None:
    rights = tables(national(50.0))["Right services, right numbers, right time, right results"]
    assert len(rights.rows) == 12
    assert all(cells[1] and cells[2] for cells in rights.rows)
    employment = next(cells for cells in rights.rows if "employment" in cells[0])
    assert employment[1] == "not measured here"


def test_right_services_are_those_that_nice_names_for_the_problem_recorded() -> None:
    def line(*more: dict[str, Any]) -> tuple[str, ...]:
        rights = tables(national(50.0, *more))[
            "Right services, right numbers, right time, right results"
        ]
        return rights.rows[0]

    def share(word: str, value: float) -> dict[str, Any]:
        limits = {"conf_low": value - 0.05, "conf_high": value + 0.05, "conf_level": 0.95}
        key = {"term": "concordance", "population": "started", "dimensions": f"concordance={word}"}
        return row("nice_alignment", "proportion", value, **key, **limits)

    assert line()[1] == "not measured here"
    one = line(share("consider", 0.25), share("no_recommendation", 0.75))
    assert one[:2] == ("Right services", "25% (20% to 30%)")
    assert "Recommended against: none; neither: 75%; cannot be told: none." in one[2]
    two = line(share("offer", 0.25), share("consider", 0.15), share("problem_not_recorded", 0.6))
    assert two[1] == "40%"
    assert "cannot be told: 60%" in two[2]
    # "none" would be read as: NICE names it for nobody
    none = line(share("same_family", 0.35), share("no_population", 0.65))
    assert none[1] == "cannot be told"
    assert "For nobody do the records tell" in none[2]


def test_what_is_not_verified_is_marked() -> None:
    definitions = next(t for c, t in tables(national(50.0)).items() if c.startswith("How each"))
    checked = " ".join(cells[3] for cells in definitions.rows)
    assert "(not verified)" in checked
    assert "(second-hand)" in checked


def test_marks_differ_by_shape_and_a_withheld_point_is_a_gap() -> None:
    def draw(*values: tuple[float | None, bool]) -> str:
        points = [PeriodPoint(f"2015-0{i + 1}", v, s) for i, (v, s) in enumerate(values)]
        return process_chart(points, [Level("mean 2", 2.0)], mean=2.0, y_label="People")

    plain = draw((1.0, False), (2.0, False), (3.0, False))
    special = draw((1.0, False), (2.0, False), (3.0, True))
    assert plain != special
    assert draw((1.0, False), (None, False), (3.0, False)) != plain
