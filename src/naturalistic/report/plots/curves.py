"""Curves over time with the numbers still at risk aligned under them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from naturalistic.report.drawing import COLOURS, GREY, LINES, SMALL, Margins, drawing, text_width
from naturalistic.report.wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


BELOW = "Still under observation"


@dataclass(frozen=True)
class Curve:
    """Estimates at increasing times, with intervals; points without a number are left out."""

    label: str
    time: Sequence[float]
    value: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def curves(
    lines: Sequence[Curve],
    at_risk: Mapping[float, str],
    *,
    x_label: str,
    y_label: str,
    below: str = BELOW,
    synthetic: bool = False,
) -> str:
    """Probabilities at the points of a time grid, joined by lines, named directly, with intervals as bands.

    Parameters
    ----------
    lines : sequence of Curve
        At most four.
    at_risk : mapping of float to str
        What to print under the axis at each time.
    x_label, y_label : str
        Names of the axes.
    below : str
        What the numbers under the axis count.
    synthetic : bool
        Whether the data were made and not collected.
    """
    right = max([text_width(line.label, 9, bold=True) for line in lines], default=0.0) + 0.2
    margins = Margins(0.75, right, 1.05, 0.12)
    with drawing(height=4.3, margins=margins, synthetic=synthetic) as (result, _, axes):
        for i, line in enumerate(lines):
            _curve(axes, line, i)
        last = max([max(line.time) for line in lines if len(line.time)], default=1.0)
        axes.set_xlim(0, last)
        _shares(axes, max((max(line.high) for line in lines if len(line.high)), default=1.0))
        axes.grid(axis="y", lw=0.6)
        axes.set_ylabel(y_label)
        _names(axes, lines, last)
        numbers_at_risk(axes, at_risk, last, x_label, below)
    return result.svg


def _shares(axes: Axes, highest: float) -> None:
    """From nobody to the next round share above the highest limit."""
    step = next(step for step in (1, 2, 5, 10, 25) if 5 * step >= min(100 * highest, 100.0))
    steps = min(math.ceil(100 * highest / step) or 1, 100 // step)
    axes.set_ylim(0, steps * step / 100)
    ticks = range(steps + 1)
    axes.set_yticks([t * step / 100 for t in ticks], [f"{t * step}%" for t in ticks])


def _curve(axes: Axes, line: Curve, i: int) -> None:
    if not len(line.time):
        return
    start: dict[str, Any] = {"color": COLOURS[i]}
    axes.fill_between(line.time, line.low, line.high, alpha=0.15, lw=0, **start)
    axes.plot([0, *line.time], [0, *line.value], ls=LINES[i], lw=2, **start)
    axes.plot(line.time, line.value, ls="", marker="osD^"[i], ms=3.5, **start)


def _names(axes: Axes, lines: Sequence[Curve], last: float) -> None:
    """The name of each curve at its end, pushed apart where two ends lie close."""
    ends = sorted(
        (line.value[-1], i, line.label) for i, line in enumerate(lines) if len(line.value)
    )
    placed = -1.0
    for height, i, name in ends:
        placed = max(height, placed + 0.1 * axes.get_ylim()[1])
        axes.text(
            last * 1.015, placed, name, color=COLOURS[i], va="center", weight="bold", fontsize=9
        )


def numbers_at_risk(
    axes: Axes, at_risk: Mapping[float, str], last: float, x_label: str, below: str = BELOW
) -> None:
    """Ticks at the times with a number, and the numbers still under observation below them."""
    shown: list[float] = []
    for time in sorted(at_risk):
        # two numbers need room between them
        if time <= last and (not shown or time - shown[-1] >= last / 12):
            shown.append(time)
    axes.set_xticks(shown, [number(time, 0) for time in shown])
    axes.set_xlabel(x_label)
    place: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "va": "top"}
    place["fontsize"] = SMALL
    axes.text(0, -0.195, below, color=GREY, **place)
    for time in shown:
        axes.text(time, -0.25, at_risk[time], ha="center", **place)
