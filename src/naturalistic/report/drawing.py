"""One visual language for every figure: matplotlib to SVG, the same bytes every time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
COLOURS = (BLUE, ORANGE, GREEN, GREY)
LINES = ("-", "--", "-.", ":")

STYLE = {
    "svg.fonttype": "path",
    "svg.hashsalt": "naturalistic",
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": PALE,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


class Drawing:
    """Holds the SVG text once the `with` block of `drawing` has ended."""

    svg = ""


@contextmanager
def drawing(
    width: float = 7.0, height: float = 4.0, *, synthetic: bool = False
) -> Iterator[tuple[Drawing, Canvas, Axes]]:
    """A figure to draw on; marked SYNTHETIC where the data are.

    Parameters
    ----------
    width, height : float
        Size in inches.
    synthetic : bool
        Whether the data were made and not collected.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    result = Drawing()
    with rc_context(STYLE):
        canvas = Canvas(figsize=(width, height))
        FigureCanvasSVG(canvas)
        axes = canvas.add_subplot()
        yield result, canvas, axes
        if synthetic:
            canvas.text(
                0.995,
                0.995,
                "SYNTHETIC",
                ha="right",
                va="top",
                fontsize=8,
                color=GREY,
                weight="bold",
            )
        buffer = io.StringIO()
        canvas.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "naturalistic"})
        result.svg = buffer.getvalue()
