"""Sentences and figures of the outcome models on rows written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from naturalistic.report.blocks import Figure, Table, Text
from naturalistic.report.plots.axis import Point, Scale
from naturalistic.report.plots.caterpillar import caterpillar
from naturalistic.report.plots.curves import Curve
from naturalistic.report.plots.trajectories import trajectories as draw
from naturalistic.report.sections.described_people import people_table
from naturalistic.report.sections.forests import Forest, by_chance, sentence
from naturalistic.report.sections.group_differences import compared, discoveries, side_by_side
from naturalistic.report.sections.growth_model import about_the_form
from naturalistic.report.sections.model_checks import model_checks
from naturalistic.report.sections.therapists import therapists
from naturalistic.report.sections.trajectories import trajectories
from tests.unit.report.handmade import released, row

NAME = "outcome_models"
GENDER = {"term": "gender", "contrast": "male vs female"}
REQOL = {"instrument": "reqol_10", "scale": "total"}


def model(estimand: str, value: float | None, half: float = 1.0, **columns: Any) -> dict[str, Any]:
    if value is not None:
        columns |= {"conf_low": value - half, "conf_high": value + half}
    return row(NAME, estimand, value, **{"n_patients": 100, **columns})


def five(before: float, raw: float, expected: float, same: float, change: float) -> list[Any]:
    ways = ("before_therapy", "raw", "expected_from_start", "same_start", "change_model")
    values = (before, raw, expected, same, change)
    return [
        model("group_difference", v, model="side_by_side", specification=way, **GENDER)
        for way, v in zip(ways, values, strict=True)
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            (3.0, 1.5, 1.2, 0.3, 1.4),
            "may be no more than where they start (regression to the mean)",
        ),
        ((0.1, 2.0, 0.0, 2.0, 2.0), "also between people who start at the same score"),
        ((3.0, 0.2, 1.2, -0.8, 0.3), "Different before therapy without a clear difference"),
    ],
)
def test_what_is_only_where_people_start(values: tuple[float, ...], said: str) -> None:
    words = compared(released(*five(*values)))
    assert len(words) == 1
    assert said in words[0]
    assert "male rather than female (gender)" in words[0]


def test_five_ways_stand_in_one_line() -> None:
    tables = side_by_side(released(*five(3.0, 1.5, 1.2, 0.3, 1.4)))
    assert [table.folded for table in tables] == [False, True]
    assert tables[0].rows[0][1:3] == ("3.0 (2.0 to 4.0)", "1.5 (0.5 to 2.5)")
    quiet = side_by_side(released(*five(0.1, 0.1, 0.1, 0.1, 0.1)))
    assert [table.folded for table in quiet] == [True]


def test_who_starts_worse_improves_more_in_both_directions_of_a_scale() -> None:
    slope = model(
        "coefficient", 3.4, 0.4, model="ancova", specification="adjusted", term="baseline"
    )
    rows = [*five(3.0, 1.5, 1.2, 0.3, 1.4), slope]
    assert "the one who starts higher improves 1.6 points more" in compared(released(*rows))[0]
    other = compared(released(*rows, measure=REQOL))[0]
    assert "the one who starts lower improves 1.6 points more (95% interval 1.2 to 2.0)" in other


def test_false_discovery_control_is_stated_with_its_number_of_tests() -> None:
    key = {"model": "pre_post", "specification": "adjusted"}
    values = (("gender", 0.01), ("time:gender", 0.3), ("age", 0.2), ("time:age", 0.9))
    rows = [row(NAME, "false_discovery_rate", v, term=t, n_patients=90, **key) for t, v in values]
    words = discoveries(released(*rows))
    assert "4 tests" in words
    assert "before therapy: gender; in change: none" in words
    assert "none stands" in discoveries(released(*rows[1:]))


def effect(rank: int, value: float) -> dict[str, Any]:
    return model(
        "therapist_effect",
        value,
        0.7,
        term="therapist",
        specification="overlap_interval",
        dimensions=f"rank={rank:03d}",
        std_error=0.5,
    )


def test_no_table_lists_therapists() -> None:
    share = model(
        "intraclass_correlation",
        0.04,
        0.03,
        model="change",
        specification="change",
        term="therapist",
    )
    weight = row(NAME, "prediction_weight", 0.4, term="therapist", n_patients=12)
    effects = [effect(i, v) for i, v in enumerate((-1.2, -0.4, 0.0, 0.1, 0.3, 1.1, 1.3))]
    section = therapists(released(share, weight, *effects), None)
    assert section is not None
    figure = next(b for b in section.blocks if isinstance(b, Figure) and "caterpillar" in b.name)
    assert len(figure.data.rows) == 5 < len(effects)
    assert "rank" not in " ".join(cell for cells in figure.data.rows for cell in cells)
    assert "3 of 7 lie clear of the average" in figure.alternative
    words = " ".join(p for b in section.blocks if isinstance(b, Text) for p in b.paragraphs)
    assert "40% of the distance from the average is kept" in words
    assert "4% (95% interval 1% to 7%)" in section.findings[0]


def test_a_share_that_reaches_nothing_is_said_to_show_nothing() -> None:
    share = model(
        "intraclass_correlation",
        0.02,
        0.02,
        model="change",
        specification="change",
        term="therapist",
    )
    note = "the variance between therapists in change was estimated as zero"
    none = row(NAME, "therapist_effect", term="therapist", status="not_estimable", note=note)
    section = therapists(released(share, none), None)
    assert section is not None
    assert "do not show that they differ" in section.findings[0]
    assert any(isinstance(b, Text) and note in b.paragraphs[0] for b in section.blocks)


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(0.6, "too favourable"), (1.9, "too unfavourable"), (1.05, "do not show")],
)
def test_slopes_and_dropout_in_words(ratio: float, said: str) -> None:
    slope = row(
        NAME,
        "hazard_ratio",
        ratio,
        conf_low=ratio * 0.8,
        conf_high=ratio * 1.25,
        term="patient_slope",
        contrast="per SD faster improvement",
        model="shared_parameter",
        n_patients=100,
    )
    section = model_checks(released(slope), None)
    assert section is not None
    assert any(said in finding for finding in section.findings)


def test_the_average_moves_as_far_as_the_mixture_says() -> None:
    key = {"model": "pattern_mixture"}
    rows = [
        model("mean_change", 5.1, specification="by_ending", **key),
        model("mean_change", 5.7, specification="missing_at_random", **key),
        model(
            "mean_change",
            3.4,
            specification="by_ending",
            dimensions="ending=unplanned_ending",
            **key,
        ),
    ]
    section = model_checks(released(*rows), None)
    assert section is not None
    assert "makes it 0.6 points smaller" in section.findings[0]
    figure = next(b for b in section.blocks if isinstance(b, Figure))
    assert "Unplanned ending (dropped out)" in [cells[0] for cells in figure.data.rows]


def test_described_people_have_a_figure_and_a_table() -> None:
    key = {"model": "pre_post", "specification": "described_person", "term": "reference_person"}
    rows = [
        model("predicted_score", 22.0, time=0.0, time_unit="form", note="Gender: female", **key),
        model("predicted_score", 17.0, time=1.0, time_unit="form", note="Gender: female", **key),
        model("mean_change", 5.0, **key),
        row(
            NAME,
            "predicted_score",
            status="not_measured",
            note="not among the predictors",
            **{**key, "term": "retired"},
        ),
    ]
    section = trajectories(released(*rows), None)
    assert section is not None
    assert "reference person 5.0" in section.findings[0]
    table = next(b for b in section.blocks if isinstance(b, Table))
    assert [cells[0] for cells in table.rows] == ["Reference person", "Retired"]
    assert "not among the predictors" in table.rows[1][1]
    figure = next(b for b in section.blocks if isinstance(b, Figure))
    assert "22.0 at the start, 17.0 at the end" in figure.alternative


def test_drawings_are_the_same_every_time() -> None:
    line = Curve("Reference person", [0.0, 1.0], [22.0, 17.0], [21.0, 16.0], [23.0, 18.0])
    first, again = (
        draw([line, line], x_label="", y_label="Score", level=(16.5, "Cut-off")) for _ in range(2)
    )
    assert first == again
    points = [Point(-1.0, -2.0, 0.0), Point(1.0, 0.2, 1.8)]
    marked = caterpillar(points, y_label="Points", ends=("less", "more"), synthetic=True)
    assert "SYNTHETIC" in marked


def test_how_many_stand_clear_by_chance_is_never_rounded_up_to_one() -> None:
    assert [by_chance(n) for n in (1, 19, 20, 30, 50)] == [
        *["fewer than 1 would"] * 2,
        "about 1 would",
        "about 2 would",
        "about 2 would",
    ]
    assert by_chance(50, 99) == "fewer than 1 would"


@pytest.mark.parametrize("clear", [False, True])
def test_comparisons_that_are_withheld_are_counted_in_words(clear: bool) -> None:
    key = {"model": "pre_post", "specification": "adjusted"}
    shown = model("coefficient", 3.0 if clear else 0.1, **GENDER, **key)
    hidden = row(
        NAME, "coefficient", None, status="withheld", term="medication", contrast="yes vs no", **key
    )
    rows = released(shown, hidden).rows(NAME)
    words = sentence(Forest("x", rows, Scale("points", null=0.0), ""), "Scores", "up", "down")
    assert words.endswith(
        "by chance alone (1 more is withheld)." if clear else "(1 more is withheld)."
    )


def test_no_column_of_dashes_where_reliable_improvement_cannot_be_judged() -> None:
    person = {"specification": "described_person", "term": "reference"}
    score = model("predicted_score", 20.0, model="pre_post", time_unit="form", time=0.0, **person)
    gain = model("mean_change", 5.0, model="pre_post", **person)
    none = row(
        NAME,
        "odds_ratio",
        None,
        model="reliable_improvement",
        status="not_estimable",
        note="no criterion of reliable change is known",
    )
    table = people_table(released(score, gain, none))
    assert table is not None
    assert len(table.header) == 3
    assert "no criterion of reliable change is known" in str(table.note)
    chance = model("standardised_risk", 0.5, 0.1, model="reliable_improvement", **person)
    table = people_table(released(score, gain, chance))
    assert table is not None and len(table.header) == 4


def test_what_counting_for_main_therapists_would_give_is_said() -> None:
    growth = {"model": "growth", "term": "therapist.slope"}
    form = row(NAME, "bic_difference", 0.0, term="linear", contrast="chosen", model="growth")
    own = row(NAME, "variance", 1.44, specification="adjusted", **growth)
    main = row(NAME, "variance", 0.25, specification="main_therapist", **growth)
    words = about_the_form(released(form, own, main))
    assert (
        "slopes is 1.20; with every form counted for the main therapist it would be 0.50" in words
    )
    assert "main therapist" not in about_the_form(released(form, own))
