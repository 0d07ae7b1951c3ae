"""Dots with intervals: rates side by side, forests of coefficients, standardised differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from naturalistic.report.drawing import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALE,
    SMALL,
    WIDTH,
    Margins,
    drawing,
    text_width,
    wrapped,
)
from naturalistic.report.plots.axis import Point, Scale, draw_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

ROW = 0.27  # height of a row, inches
LINE = 0.16  # height of a line of text
WIDEST = 2.7  # of a label
INDENT = 0.14
MARKERS = (("o", BLUE, BLUE), ("s", "white", ORANGE))


@dataclass(frozen=True)
class DotRow:
    """One line of a dot plot.

    Attributes
    ----------
    label : str
        At the left.
    points : tuple of Point or None
        One for each series; None where there is no number.
    text : str
        At the right: the number as a reader would quote it.
    heading : bool
        A line that only names the group below it.
    indented : bool
        A line of the group named above.
    """

    label: str
    points: tuple[Point | None, ...] = ()
    text: str = ""
    heading: bool = False
    indented: bool = False


def dot_plot(
    rows: Sequence[DotRow],
    scale: Scale,
    *,
    series: tuple[str, ...] = (),
    column: str = "",
    synthetic: bool = False,
) -> str:
    """Dots with intervals, one line a row, the numbers printed beside them.

    Parameters
    ----------
    rows : sequence of DotRow
        From top to bottom.
    scale : Scale
        The horizontal axis.
    series : tuple of str
        Names of the series where a row has several points.
    column : str
        Heading of the printed numbers.
    synthetic : bool
        Whether the data were made and not collected.
    """
    layout = _layout(rows, column)
    heights = [max(ROW, LINE * len(lines) + 0.09) for lines in layout.labels]
    middle = [sum(heights[:i]) + h / 2 for i, h in enumerate(heights)]
    top = 0.12 + 0.3 * bool(series) + 0.24 * bool(column or any(scale.ends))
    margins = Margins(layout.left, layout.right, 0.55, top)
    height = sum(heights) + margins.top + margins.bottom
    with drawing(height=height, margins=margins, synthetic=synthetic) as (result, canvas, axes):
        axes.set_ylim(sum(heights), 0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        draw_axis(axes, [p for row in rows for p in row.points if p is not None], scale)
        _words(canvas, axes, rows, layout, middle, column)
        for y, row in zip(middle, rows, strict=True):
            several = sum(point is not None for point in row.points) > 1
            for i, point in enumerate(row.points):
                if point is not None:
                    _point(axes, point, y + several * _offset(i, len(row.points)), i)
        if series:
            _legend(axes, series, 0.24 * bool(any(scale.ends)))
    return result.svg


@dataclass(frozen=True)
class _Layout:
    """Wrapped labels, and the room for labels and printed numbers, inches."""

    labels: list[list[str]]
    left: float
    right: float


def _layout(rows: Sequence[DotRow], column: str) -> _Layout:
    # a heading may run over the dots, for there are none in its line
    labels = [
        [row.label] if row.heading else wrapped(row.label, WIDEST - INDENT * row.indented)
        for row in rows
    ]
    widths = [
        text_width(line) + INDENT * row.indented
        for row, lines in zip(rows, labels, strict=True)
        for line in lines
        if not row.heading
    ]
    texts = [text_width(row.text) for row in rows] + [text_width(column, SMALL)]
    return _Layout(labels, max(widths, default=1.0) + 0.2, max(texts) + 0.2)


def _words(
    canvas: Canvas,
    axes: Axes,
    rows: Sequence[DotRow],
    layout: _Layout,
    middle: Sequence[float],
    column: str,
) -> None:
    from matplotlib.transforms import blended_transform_factory

    inches: dict[str, Any] = {
        "transform": blended_transform_factory(canvas.dpi_scale_trans, axes.transData),
        "va": "center",
    }
    right = WIDTH - layout.right + 0.12
    for y, row, lines in zip(middle, rows, layout.labels, strict=True):
        x = 0.04 + INDENT * row.indented
        weight = "bold" if row.heading else "normal"
        # a heading may run over the line of no difference: it stands on white
        box = {"fc": "white", "ec": "none", "pad": 1.0} if row.heading else None
        axes.text(x, y, "\n".join(lines), weight=weight, linespacing=1.15, bbox=box, **inches)
        if not row.heading:
            axes.axhline(y, color=PALE, lw=0.6, zorder=0)
            axes.text(right, y, row.text, color=INK if any(row.points) else GREY, **inches)
    if column:
        axes.text(right, -0.13, column, color=GREY, fontsize=SMALL, **inches)


def _offset(i: int, n: int) -> float:
    return 0.0 if n < 2 else 0.05 * (2 * i / (n - 1) - 1)


def _point(axes: Axes, point: Point, y: float, series: int) -> None:
    marker, face, edge = MARKERS[series]
    left, right = axes.get_xlim()
    low, high = max(point.low, left), min(point.high, right)
    if point.outer is not None:
        axes.plot(np.clip(point.outer, left, right), [y, y], color=edge, lw=0.7, ls="--")
    if point.high > point.low:
        axes.plot([low, high], [y, y], color=edge, lw=1.6, solid_capstyle="butt")
    if left <= point.value <= right:
        axes.plot(point.value, y, marker, mfc=face, mec=edge, mew=1.4, ms=6, zorder=3)
    # an arrow where the interval goes on beyond the axis
    for end, beyond, arrow in ((left, point.low < left, "<"), (right, point.high > right, ">")):
        if beyond:
            axes.plot(end, y, arrow, color=edge, ms=5, clip_on=False)


def _legend(axes: Axes, series: tuple[str, ...], above: float) -> None:
    """The names of the series in one line from the left edge of the figure."""
    from matplotlib.lines import Line2D

    figure = axes.get_figure(root=True)
    assert figure is not None
    handles = [
        Line2D([], [], color=edge, marker=marker, mfc=face, mec=edge, label=name)
        for name, (marker, face, edge) in zip(series, MARKERS, strict=False)
    ]
    box = axes.get_position()
    height = float(figure.get_size_inches()[1])
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, box.y1 + (0.03 + above) / height),
        ncols=len(series),
        borderaxespad=0.1,
        handlelength=2,
        columnspacing=1.5,
    )
