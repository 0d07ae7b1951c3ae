"""The horizontal axis of a dot plot: shares, differences or ratios."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from naturalistic.report.drawing import GREY, INK, PALE, SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FURTHEST = 20.0  # a ratio beyond it (or its inverse) is an arrow at the edge


@dataclass(frozen=True)
class Point:
    """An estimate with its interval (the same number twice where there is none).

    Attributes
    ----------
    value : float
        Where the mark stands; NaN draws the interval alone, as for a range of assumptions.
    low, high : float
        Limits.
    outer : tuple of float or None
        Limits of a wider interval, drawn thin: where single services lie, not their mean.
    """

    value: float
    low: float
    high: float
    outer: tuple[float, float] | None = None


@dataclass(frozen=True)
class Scale:
    """The horizontal axis.

    Attributes
    ----------
    label : str
        Name with unit.
    null : float or None
        Where "no difference" stands.
    logarithmic : bool
        For ratios.
    percent : bool
        For proportions.
    ends : tuple of str
        What lies to the left and to the right of the null.
    guides : tuple of float
        Further thin lines.
    bands : tuple of (low, high)
        Stretches of the axis that are shaded.
    """

    label: str
    null: float | None = None
    logarithmic: bool = False
    percent: bool = False
    ends: tuple[str, str] = ("", "")
    guides: tuple[float, ...] = ()
    bands: tuple[tuple[float, float], ...] = ()


def draw_axis(axes: Axes, points: Sequence[Point], scale: Scale) -> None:
    """Limits, ticks, the line of no difference and the names of its two sides."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    low, high = axis_ends(points, scale)
    if scale.logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(ratio_ticks(low, high)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    if scale.percent:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:.0f}%"))
    axes.set_xlim(low, high)
    axes.set_xlabel(scale.label)
    for start, end in scale.bands:
        axes.axvspan(start, end, color=PALE, lw=0, zorder=-2)
    if scale.null is not None:
        axes.axvline(scale.null, color=INK, lw=1)
    for guide in scale.guides:
        axes.axvline(guide, color=GREY, lw=0.8, ls=":")
    _name_ends(axes, scale)


def axis_ends(points: Sequence[Point], scale: Scale) -> tuple[float, float]:
    """Ends of the axis: everything that is drawn, but a ratio no further than `FURTHEST`."""
    ends = [v for p in points for v in (p.low, p.high, *(p.outer or ()))] + list(scale.guides)
    ends += [v for band in scale.bands for v in band]
    ends += [scale.null] if scale.null is not None else []
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    if scale.logarithmic:
        return max(min(low / 1.05, 0.8), 1 / FURTHEST), min(max(high * 1.05, 1.25), FURTHEST)
    margin = 0.04 * (high - low or 1.0)
    if scale.percent and scale.null is None:  # a share; a difference of shares may be negative
        return 0.0, min(high + margin, 1.0)
    return low - margin, high + margin


def ratio_ticks(low: float, high: float) -> list[float]:
    """The finest of three grids of ratios that leaves room between the labels."""
    grids = (
        (0.25, 0.33, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 4),
        (0.1, 0.2, 0.33, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10),
        (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20),
    )
    for grid in grids:
        inside = [tick for tick in grid if low <= tick <= high]
        room = math.log(high / low) / 11
        if all(math.log(b / a) >= room for a, b in pairwise(inside)):
            return inside
    return [tick for tick in grids[-1] if low <= tick <= high]


def _name_ends(axes: Axes, scale: Scale) -> None:
    left, right = scale.ends
    place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
    place |= {"va": "bottom", "color": GREY, "fontsize": SMALL}
    if left:
        axes.annotate(f"← {left}", (0.0, 1.0), (0, 5), ha="left", **place)
    if right:
        axes.annotate(f"{right} →", (1.0, 1.0), (0, 5), ha="right", **place)


def pushed_apart(heights: Sequence[float], gap: float) -> list[float]:
    """Heights at which labels can stand without touching, each as near above its own as the ones below allow."""
    placed: dict[int, float] = {}
    lowest = -math.inf
    for i in sorted(range(len(heights)), key=lambda k: heights[k]):
        lowest = placed[i] = max(heights[i], lowest + gap)
    return [placed[i] for i in range(len(heights))]
