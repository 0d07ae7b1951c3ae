"""A drawing in fewer bytes must look the same."""

import io
import re

import numpy as np
import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.image import imread

from naturalistic.report.compact_svg import compact_svg
from naturalistic.report.word import picture


@pytest.fixture(scope="module")
def drawn() -> str:
    """Letters, markers, dashes, hatches, a clipped line and a turned label, as matplotlib writes them."""
    canvas = Figure(figsize=(4, 3))
    FigureCanvasSVG(canvas)
    axes = canvas.add_subplot()
    axes.plot([0, 1, 2], [0.123456, 2.9, 1.1], "o--", label="Two & <three>")
    axes.plot([0, 3], [-5, 9])
    axes.bar([0, 1], [1, 2], hatch="//", edgecolor="white", alpha=0.4)
    axes.set_ylim(-1, 3)
    axes.set_ylabel("Points\nlost")
    axes.legend()
    buffer = io.StringIO()
    canvas.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def test_it_looks_the_same(drawn: str) -> None:
    before, after = (imread(io.BytesIO(picture(svg))) for svg in (drawn, compact_svg(drawn)))
    assert before.shape == after.shape
    assert np.ptp(before) > 0.5  # something is drawn
    # edges are smoothed by four samples a pixel: a hundredth of a point may turn one of them, no more
    difference = np.abs(before - after)
    assert difference.max() < 0.26
    assert np.mean(difference > 0.05) < 0.001


def test_it_takes_fewer_bytes(drawn: str) -> None:
    assert len(compact_svg(drawn)) < 0.75 * len(drawn)


def test_doing_it_twice_changes_nothing(drawn: str) -> None:
    assert compact_svg(compact_svg(drawn)) == compact_svg(drawn)


def test_everything_referred_to_is_there_once(drawn: str) -> None:
    svg = compact_svg(drawn)
    ids = re.findall(r' id="([^"]+)"', svg)
    used = set(re.findall(r'href="#([^"]+)"', svg)) | set(re.findall(r"url\(#([^)]+)\)", svg))
    assert len(ids) == len(set(ids)) > 20
    assert set(ids) == used


def test_the_words_stay_where_a_search_finds_them(drawn: str) -> None:
    assert "<!-- Two &amp; &lt;three&gt; -->" in compact_svg(drawn)
    assert "<!-- Points -->" in drawn
    assert "<!-- Points -->" in compact_svg(drawn)
