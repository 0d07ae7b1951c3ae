"""What the drawings promise: room for words, no number beyond the axis unseen, the same bytes."""

from __future__ import annotations

import pytest

from naturalistic.report.drawing import drawing, text_width, wrapped
from naturalistic.report.plots.axis import Point, Scale, axis_ends, ratio_ticks
from naturalistic.report.plots.bars import Bin, histogram
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.thresholds import thresholds
from tests.unit.report.handmade import CORE, released, row


def test_text_is_measured_as_it_is_drawn() -> None:
    assert text_width("WWWW") > text_width("iiii") > 0
    assert text_width("a\nlonger line") == text_width("longer line")
    assert text_width("bold", bold=True) > text_width("bold")


def test_wrapped_lines_fit_and_lose_nothing() -> None:
    text = "Married, civil partner or living with a partner"
    lines = wrapped(text, 1.5)
    assert len(lines) > 1
    assert all(text_width(line) <= 1.5 for line in lines)
    assert " ".join(lines) == text


def test_a_ratio_axis_stops_and_its_labels_have_room() -> None:
    rows = [DotRow("wide", (Point(1.0, 1e-9, 1e9),), "1.00")]
    low, high = axis_ends(
        [p for row in rows for p in row.points if p], Scale("ratio", null=1.0, logarithmic=True)
    )
    assert (low, high) == (1 / 20, 20)
    assert 1 in ratio_ticks(low, high)
    near = ratio_ticks(0.8, 1.25)
    assert near == sorted(near)
    assert len(near) >= 3


def test_a_share_axis_never_goes_beyond_everybody() -> None:
    rows = [DotRow("all", (Point(0.98, 0.95, 1.0),), "98%")]
    assert axis_ends(
        [p for row in rows for p in row.points if p], Scale("share", percent=True)
    ) == (0.0, 1.0)


def test_a_plot_without_any_number_is_still_a_plot() -> None:
    svg = dot_plot([DotRow("nothing", (None,), "withheld")], Scale("share", percent=True))
    assert "<svg" in svg


def test_synthetic_figures_are_marked_and_drawn_the_same_every_time() -> None:
    bins = [Bin(0, 10, 20.0), Bin(10, 20, None)]
    plain, again = (histogram(bins, "Sessions") for _ in range(2))
    marked = histogram(bins, "Sessions", synthetic=True)
    assert plain == again
    assert marked != plain
    assert "SYNTHETIC" in marked  # the backend writes the text as a comment beside its outline
    assert "SYNTHETIC" not in plain


def test_a_drawing_that_fails_gives_no_svg() -> None:
    with pytest.raises(ZeroDivisionError), drawing() as (result, _, _axes):
        1 / 0  # noqa: B018
    assert not result.svg


def test_thresholds_follow_the_settings() -> None:
    core = thresholds(released(reliable_change={"criterion": "published"}))
    assert (core.reliable, core.cut_offs) == (5.0, (10.0,))
    assert core.cut_off_text == "10"
    assert core.reliable_words == "at least 5 points, as published"
    own = {"term": "reliable_change", "definition": "jacobson_truax_sample", "population": "paired"}
    from_sample = thresholds(released(row("clinical_change", "threshold", 4.62, **own, **CORE)))
    assert from_sample.reliable == 4.62
    assert "at least 4.6 points, from the spread" in from_sample.reliable_words
    assert "published: 5" in from_sample.reliable_words
    assert (
        thresholds(released()).reliable == 5.0
    )  # no spread of its own: the published one, and it says so
    assert "as published" in thresholds(released()).reliable_words
    by_norms = thresholds(released(reliable_change={"cutoff": "c"}))
    assert by_norms.cut_offs[0] == pytest.approx(9.89, abs=0.01)


def test_cut_offs_by_sex_are_all_held() -> None:
    wellbeing = {"instrument": "core_om", "scale": "wellbeing"}
    both = thresholds(released(measure=wellbeing))
    assert both.cut_offs == (13.7, 17.7)
    assert both.cut_off_text == "13.7 to 17.7 by sex or age"
