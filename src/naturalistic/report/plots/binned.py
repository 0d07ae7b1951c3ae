"""Estimates with intervals over bins of a number, joined by lines where they belong to the same people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from naturalistic.report.drawing import (
    COLOURS,
    GREY,
    INK,
    LINES,
    PALE,
    SIZE,
    SMALL,
    WIDTH,
    Margins,
    drawing,
    text_width,
    wrapped,
)
from naturalistic.report.plots.axis import Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = "osD^"
SPREAD = 0.16  # between the series of one bin, in bins
NAME_WIDTH = 1.75  # inches, at most


@dataclass(frozen=True)
class Series:
    """One line: a point for each bin, None where there is no number."""

    label: str
    points: Sequence[Point | None]


def binned_lines(
    bins: Sequence[str],
    series: Sequence[Series],
    *,
    x_label: str,
    y_label: str,
    percent: bool = False,
    counts: Sequence[str] = (),
    counts_label: str = "",
    synthetic: bool = False,
) -> str:
    """Points with intervals as bars, joined within a series; names of the series at the right.

    Parameters
    ----------
    bins : sequence of str
        Names of the bins, from left to right.
    series : sequence of Series
        At most four, each with one point a bin.
    x_label, y_label : str
        Names of the axes.
    percent : bool
        The values are proportions.
    counts : sequence of str
        What to print under each bin.
    counts_label : str
        What the counts are.
    synthetic : bool
        Whether the data were made and not collected.
    """
    names = ["\n".join(wrapped(s.label, NAME_WIDTH, SMALL, bold=True)) for s in series]
    right = max((text_width(name, SMALL, bold=True) for name in names), default=0.0) + 0.25
    left = 0.75
    shown = _tick_names(bins, (WIDTH - left - right) / max(len(bins), 1))
    margins = Margins(left, right, 1.0 if counts else 0.65, 0.12)
    with drawing(height=3.7, margins=margins, synthetic=synthetic) as (result, _, axes):
        for i, line in enumerate(series):
            _line(axes, line, i, len(series))
        axes.set_xlim(-0.5, len(bins) - 0.5)
        axes.set_xticks(range(len(bins)), shown)
        axes.tick_params(axis="x", length=0, labelsize=SMALL)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.grid(axis="y", color=PALE, lw=0.6)
        _vertical(axes, series, percent)
        _names(axes, series, names)
        _counts(axes, counts, counts_label)
    return result.svg


def _tick_names(bins: Sequence[str], room: float) -> list[str]:
    return ["\n".join(wrapped(name, max(room - 0.06, 0.3), SMALL)) for name in bins]


def _line(axes: Axes, line: Series, i: int, n: int) -> None:
    offset = SPREAD * (i - (n - 1) / 2)
    known = [(x, p) for x, p in enumerate(line.points) if p is not None]
    style: dict[str, Any] = {"color": COLOURS[i]}
    for (x, here), (next_x, there) in pairwise(known):
        if next_x == x + 1:  # nothing is drawn across a bin without a number
            ends = ([x + offset, next_x + offset], [here.value, there.value])
            axes.plot(*ends, ls=LINES[i], lw=1.8, **style)
    for x, point in known:
        axes.plot([x + offset] * 2, [point.low, point.high], lw=1.3, alpha=0.75, **style)
        face = COLOURS[i] if i % 2 == 0 else "white"
        axes.plot(x + offset, point.value, MARKERS[i], ms=5.5, mfc=face, mew=1.3, **style)


def _vertical(axes: Axes, series: Sequence[Series], percent: bool) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    points = [p for line in series for p in line.points if p is not None]
    values = [p.value for p in points]
    middle = float(np.median(values)) if values else 0.0
    reach = 2.5 * max([abs(v - middle) for v in values], default=1.0)
    # one interval that is wider than everything else is cut at the edge of the figure
    low = min(0.0, max(min((p.low for p in points), default=0.0), middle - reach - 0.01))
    high = min(max((p.high for p in points), default=1.0), middle + max(reach, 0.15 * abs(middle)))
    high = max(high, max(values, default=1.0))
    low, high = (max(low, 0.0), min(high * 1.08, 1.0)) if percent else (low * 1.08, high * 1.08)
    if high <= low:  # all values are nought
        high = low + (0.05 if percent else 1.0)
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    if percent:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:.0f}%"))
    if low < 0:
        axes.axhline(0, color=INK, lw=0.9)


def _names(axes: Axes, series: Sequence[Series], names: Sequence[str]) -> None:
    """The name of each line beside its end, pushed apart where two lie close."""
    low, high = axes.get_ylim()
    ends = []
    for i, line in enumerate(series):
        known = [p.value for p in line.points if p is not None]
        if known and len(series) > 1:
            ends.append((known[-1], i))
    line_height = 0.055 * (high - low)
    top = -np.inf
    for value, i in sorted(ends):
        lines = names[i].count("\n") + 1
        place = max(value, top + line_height * (lines + 0.6) / 2)
        top = place + line_height * (lines + 0.6) / 2
        axes.annotate(
            names[i],
            (1.0, place),
            (6, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            color=COLOURS[i],
            weight="bold",
            fontsize=SMALL,
            annotation_clip=False,
        )


def _counts(axes: Axes, counts: Sequence[str], label: str) -> None:
    if not counts:
        return
    below: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "va": "top"}
    axes.text(-0.5, -0.24, label, color=GREY, fontsize=SMALL, **below)
    for x, text in enumerate(counts):
        axes.text(x, -0.305, text, ha="center", fontsize=min(SMALL, SIZE), **below)
