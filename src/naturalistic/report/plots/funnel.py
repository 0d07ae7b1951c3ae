"""Services against their precision, with control limits."""

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
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Place:
    """One service: its figure, its precision, and whether it lies outside the outer limits."""

    label: str
    value: float
    precision: float
    outside: bool


@dataclass(frozen=True)
class Limits:
    """A pair of control lines over a grid of precision."""

    label: str
    precision: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def funnel(
    places: Sequence[Place],
    limits: Sequence[Limits],
    target: float,
    *,
    x_label: str,
    y_label: str,
    percent: bool = False,
    synthetic: bool = False,
) -> str:
    """Points of services around the target with their control limits; those outside the outer limits are named.

    Parameters
    ----------
    places : sequence of Place
        Services.
    limits : sequence of Limits
        Inner limits first.
    target : float
        The common figure.
    x_label, y_label : str
        Names of the axes.
    percent : bool
        For proportions.
    synthetic : bool
        Whether the data were made and not collected.
    """
    from matplotlib.ticker import FuncFormatter

    with drawing(height=3.9, margins=Margins(0.85, 1.5, 0.6, 0.12), synthetic=synthetic) as (
        result,
        _,
        axes,
    ):
        axes.axhline(target, color=INK, lw=1)
        for line, style in zip(limits, ("--", "-"), strict=False):
            for side in (line.low, line.high):
                axes.plot(line.precision, side, color=GREY, ls=style, lw=1)
        for place in places:
            _place(axes, place)
        axes.set_xlim(0, max(max(p.precision for p in places) * 1.05, 1e-9))
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        if percent:
            axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:.0f}%"))
        _names(axes, limits, target)
    return result.svg


def _place(axes: Axes, place: Place) -> None:
    look: dict[str, Any] = {"marker": "o", "mfc": BLUE, "mec": BLUE}
    if place.outside:
        look = {"marker": "s", "mfc": "white", "mec": ORANGE, "mew": 1.6}
        axes.annotate(
            place.label,
            (place.precision, place.value),
            (5, 4),
            textcoords="offset points",
            fontsize=SMALL,
        )
    axes.plot(place.precision, place.value, ls="", ms=6, **look)


def _names(axes: Axes, limits: Sequence[Limits], target: float) -> None:
    """What each line is, at its right end; upper ends only, far enough apart to be read."""
    room = (axes.get_ylim()[1] - axes.get_ylim()[0]) * 0.055
    right = axes.get_xlim()[1]
    height = target - room
    for at, name in [(target, "all services"), *((line.high[-1], line.label) for line in limits)]:
        height = max(at, height + room)
        axes.text(right * 1.015, height, name, va="center", fontsize=SMALL, color=GREY)
