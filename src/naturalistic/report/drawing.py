"""One visual language for every figure: matplotlib to SVG, the same bytes every time, laid out in inches."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from naturalistic.report.compact_svg import compact_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

# dark enough for text on white (contrast above 4.5), told apart in grey by lightness and by line style
INK = "#1d2b36"
BLUE = "#005eb8"
ORANGE = "#a8460a"
GREEN = "#2f6b3a"
GREY = "#5b6670"
PALE = "#dfe6ec"
WASH = "#f0f4f8"
COLOURS = (BLUE, ORANGE, GREEN, GREY)
LINES = ("-", "--", "-.", ":")
WIDTH = 7.0
SIZE = 9.5  # points
SMALL = 8.5
_MARK = 0.22  # height kept free for the word SYNTHETIC, inches

STYLE: dict[Any, Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "naturalistic",
    "font.family": "DejaVu Sans",
    "font.size": SIZE,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "hatch.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": PALE,
    "legend.frameon": False,
}


class Margins(NamedTuple):
    """Space around the axes, inches."""

    left: float = 0.7
    right: float = 0.2
    bottom: float = 0.6
    top: float = 0.1


class Drawing:
    """Holds the SVG text once the `with` block of `drawing` has ended."""

    svg = ""


@contextmanager
def drawing(
    width: float = WIDTH,
    height: float = 4.0,
    *,
    margins: Margins = Margins(),  # noqa: B008  # immutable
    synthetic: bool = False,
) -> Iterator[tuple[Drawing, Canvas, Axes]]:
    """A figure to draw on; marked SYNTHETIC where the data are.

    Parameters
    ----------
    width, height : float
        Size in inches.
    margins : Margins
        Space around the axes.
    synthetic : bool
        Whether the data were made and not collected.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    result = Drawing()
    with rc_context(STYLE):
        tall = height + (_MARK if synthetic else 0.0)
        canvas = Canvas(figsize=(width, tall))
        FigureCanvasSVG(canvas)
        inside = (width - margins.left - margins.right, height - margins.bottom - margins.top)
        place = (
            margins.left / width,
            margins.bottom / tall,
            inside[0] / width,
            inside[1] / tall,
        )
        axes = canvas.add_axes(place)
        yield result, canvas, axes
        if synthetic:
            mark: dict[str, Any] = {"fontsize": 8, "color": GREY, "weight": "bold"}
            canvas.text(0.995, 1 - 0.03 / tall, "SYNTHETIC", ha="right", va="top", **mark)
        buffer = io.StringIO()
        canvas.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "naturalistic"})
        result.svg = compact_svg(buffer.getvalue())


@cache
def text_width(text: str, size: float = SIZE, *, bold: bool = False) -> float:
    """Width of the longest line of a text as it is drawn, inches."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    weight = "bold" if bold else "normal"
    font = get_font(findfont(FontProperties(family="DejaVu Sans", weight=weight)))
    font.set_size(size, 72)
    widths = []
    for line in text.split("\n"):
        font.set_text(line, 0.0)
        widths.append(font.get_width_height()[0] / 64 / 72)
    return max(widths)


def wrapped(text: str, width: float, size: float = SIZE, *, bold: bool = False) -> list[str]:
    """Lines of a text that are at most `width` inches wide (a single long word may be wider)."""
    wide = text_width(text, size, bold=bold)
    if wide <= width:
        return [text]
    letters = max(4, int(len(text) * width / wide))
    while letters > 4:
        lines = textwrap.wrap(text, letters)
        if all(text_width(line, size, bold=bold) <= width for line in lines):
            return lines
        letters -= 1
    return textwrap.wrap(text, 4, break_long_words=False)
