"""A series over time as the NHS draws it: mean, process limits, and points that stand out marked by their shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from naturalistic.report.drawing import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    SMALL,
    Margins,
    drawing,
    text_width,
)
from naturalistic.report.plots.axis import pushed_apart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_TICKS = 12
USUAL: dict[str, Any] = {"s": 14, "marker": "o", "c": BLUE}
ABOVE: dict[str, Any] = {"s": 55, "marker": "^", "c": "white", "edgecolors": ORANGE, "lw": 1.4}
BELOW: dict[str, Any] = {**ABOVE, "marker": "v"}
LEGEND = {
    "Within what is usual": USUAL,
    "Stands out, above the mean": ABOVE,
    "Stands out, below the mean": BELOW,
}


@dataclass(frozen=True)
class PeriodPoint:
    """One period: its name, its value (None where it is withheld), and whether it stands out."""

    label: str
    value: float | None
    special: bool = False


@dataclass(frozen=True)
class Level:
    """A horizontal line with its name."""

    label: str
    at: float
    style: str = "--"


def process_chart(
    points: Sequence[PeriodPoint],
    levels: Sequence[Level],
    *,
    mean: float,
    y_label: str,
    percent: bool = False,
    change: tuple[int, str] | None = None,
    synthetic: bool = False,
) -> str:
    """Points joined by a line; a triangle points away from the mean where a point stands out.

    Parameters
    ----------
    points : sequence of PeriodPoint
        In order of time.
    levels : sequence of Level
        Mean and process limits, named at the right.
    mean : float
        Which side of it a point lies on decides the shape of its mark.
    y_label : str
        Name of the vertical axis with its unit.
    percent : bool
        The values are shares.
    change : (int, str), optional
        Number of the first period after a change of the service, and its name.
    synthetic : bool
        Whether the data were made and not collected.
    """
    right = max((text_width(level.label, SMALL) for level in levels), default=0.0) + 0.25
    margins = Margins(0.75, right, 0.75, 0.3 if change else 0.12)
    with drawing(height=3.5, margins=margins, synthetic=synthetic) as (result, _, axes):
        _draw_points(axes, points, mean)
        axes.set_xlim(-0.7, len(points) - 0.3)
        _vertical(axes, points, levels, y_label, percent=percent)
        _name_levels(axes, levels, len(points))
        _periods(axes, points)
        if change is not None:
            axes.axvline(change[0] - 0.5, color=INK, lw=1, ls="-.")
            place = {"va": "bottom", "ha": "center", "fontsize": SMALL}
            axes.text(change[0] - 0.5, axes.get_ylim()[1], change[1], place)
    return result.svg


def _draw_points(axes: Axes, points: Sequence[PeriodPoint], mean: float) -> None:
    shown = [(i, p.value) for i, p in enumerate(points) if p.value is not None]
    axes.plot(
        [i for i, _ in shown],
        [v if v is not None else float("nan") for _, v in shown],
        color=BLUE,
        lw=1,
        zorder=2,
    )
    for i, p in enumerate(points):
        if p.value is None:
            continue
        mark = (ABOVE if p.value >= mean else BELOW) if p.special else USUAL
        axes.scatter([i], [p.value], **{"edgecolors": BLUE, "lw": 1.4, **mark}, zorder=3)
    for label, mark in LEGEND.items():
        axes.scatter([], [], **mark, label=label)
    axes.legend(
        loc="upper left", bbox_to_anchor=(-0.02, -0.13), ncols=3, fontsize=SMALL, columnspacing=1.2
    )


def _vertical(
    axes: Axes,
    points: Sequence[PeriodPoint],
    levels: Sequence[Level],
    y_label: str,
    *,
    percent: bool,
) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    values = [p.value for p in points if p.value is not None] + [level.at for level in levels]
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = 0.08 * (high - low or 1.0)
    # neither a number of people nor a share can lie below nothing
    axes.set_ylim(max(0.0, low - room), min(high + room, 1.0) if percent else high + room)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    if percent:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:.0f}%"))
    axes.set_ylabel(y_label)


def _name_levels(axes: Axes, levels: Sequence[Level], n: int) -> None:
    low, high = axes.get_ylim()
    inside = [level for level in levels if low <= level.at <= high]
    heights = pushed_apart([level.at for level in inside], 0.07 * (high - low))
    for level, height in zip(inside, heights, strict=True):
        axes.axhline(level.at, color=GREY, lw=1, ls=level.style, zorder=1)
        axes.text(n - 0.2, height, level.label, va="center", fontsize=SMALL, color=INK)


def _periods(axes: Axes, points: Sequence[PeriodPoint]) -> None:
    """A tick where a year begins, every few years in a long series."""
    years = [p.label[:4] for p in points]
    begins = [i for i, year in enumerate(years) if i == 0 or year != years[i - 1]]
    if len(begins) > 1 and begins[1] - begins[0] < begins[-1] - begins[-2]:
        begins = begins[1:]  # a first year cut short leaves no room for its name
    shown = begins[:: -(-len(begins) // MOST_TICKS)]
    axes.set_xticks(shown, [years[i] for i in shown])
