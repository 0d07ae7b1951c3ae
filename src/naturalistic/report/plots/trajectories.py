"""Predicted scores over time: lines with bands, named at their ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from naturalistic.report.drawing import (
    COLOURS,
    GREY,
    LINES,
    SMALL,
    Margins,
    drawing,
    text_width,
    wrapped,
)
from naturalistic.report.plots.curves import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = "osD^"
_WIDEST = 1.7  # of a name, inches
_LINE = 0.15


def trajectories(
    lines: Sequence[Curve],
    *,
    x_label: str,
    y_label: str,
    ticks: Sequence[tuple[float, str]] = (),
    level: tuple[float, str] | None = None,
    synthetic: bool = False,
) -> str:
    """Scores over time with intervals as bands; the axis does not start at zero where no score is near it.

    Parameters
    ----------
    lines : sequence of Curve
        At most four.
    x_label, y_label : str
        Names of the axes.
    ticks : sequence of (float, str)
        Named places on the horizontal axis in place of numbers.
    level : (float, str), optional
        A labelled horizontal line, drawn where it lies near the curves.
    synthetic : bool
        Whether the data were made and not collected.
    """
    names = [wrapped(line.label, _WIDEST, 9, bold=True) for line in lines]
    wide = max((text_width(w, 9, bold=True) for name in names for w in name), default=0.0)
    margins = Margins(0.75, wide + 0.25, 0.6, 0.15)
    with drawing(height=3.9, margins=margins, synthetic=synthetic) as (result, _, axes):
        for i, line in enumerate(lines):
            axes.fill_between(line.time, line.low, line.high, color=COLOURS[i], alpha=0.13, lw=0)
            axes.plot(line.time, line.value, color=COLOURS[i], ls=LINES[i], lw=2)
            axes.plot(line.time, line.value, _MARKERS[i], color=COLOURS[i], ms=3.5)
        low, high = axes.get_ylim()
        if level is not None and low - 0.15 * (high - low) <= level[0] <= high:
            axes.axhline(level[0], color=GREY, lw=0.9, ls=":")
            low = min(low, level[0] - 0.05 * (high - low))
            left = min(min(line.time) for line in lines)
            axes.text(left, level[0], level[1], color=GREY, fontsize=SMALL, va="bottom")
        axes.set_ylim(low, high)
        axes.margins(x=0.03)
        if ticks:
            axes.set_xticks([at for at, _ in ticks], [name for _, name in ticks])
        axes.grid(axis="y", lw=0.6)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        _name_ends(axes, lines, names, 3.9 - margins.bottom - margins.top)
    return result.svg


def _name_ends(
    axes: Axes, lines: Sequence[Curve], names: Sequence[Sequence[str]], tall: float
) -> None:
    """Names at the ends of the lines, pushed apart so that none covers another."""
    low, high = axes.get_ylim()
    inch = (high - low) / tall
    order = np.argsort([line.value[-1] for line in lines], kind="stable")
    placed = -np.inf
    for i in order:
        half = (len(names[i]) * _LINE / 2 + 0.04) * inch
        middle = max(float(lines[i].value[-1]), placed + half)
        placed = middle + half
        axes.annotate(
            "\n".join(names[i]),
            (1.0, middle),
            (5, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            color=COLOURS[i],
            va="center",
            weight="bold",
            fontsize=9,
        )
