"""Mean change against how much worse those without a form are, with the points where a conclusion changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from naturalistic.report.drawing import BLUE, GREY, ORANGE, SMALL, Margins, drawing, text_width
from naturalistic.report.plots.axis import pushed_apart
from naturalistic.report.wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Shift:
    """The curve: shifts, mean improvement and its limits."""

    delta: Sequence[float]
    value: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class Target:
    """A level at which a conclusion changes, and the shift at which the estimate gets there (None: not in the figure)."""

    label: str
    level: float
    at: float | None


def tipping_plot(
    curve: Shift, targets: Sequence[Target], *, x_label: str, y_label: str, synthetic: bool = False
) -> str:
    """One falling line with its interval, one thin line a target, a mark where they meet.

    Parameters
    ----------
    curve : Shift
        At increasing shifts.
    targets : sequence of Target
        Named at the right.
    x_label, y_label : str
        Names of the axes, with unit.
    synthetic : bool
        Whether the data were made and not collected.
    """
    right = max((text_width(t.label, SMALL) for t in targets), default=0.0) + 0.25
    with drawing(height=3.6, margins=Margins(0.7, right, 0.6, 0.15), synthetic=synthetic) as (
        result,
        _,
        axes,
    ):
        axes.fill_between(curve.delta, curve.low, curve.high, color=BLUE, alpha=0.15, lw=0)
        axes.plot(curve.delta, curve.value, color=BLUE, lw=2)
        axes.set_xlim(0, max(curve.delta))
        levels = [target.level for target in targets]
        low, high = min([*curve.low, *levels]), max([*curve.high, *levels])
        room = 0.06 * (high - low)
        axes.set_ylim(low - room, high + room)
        _targets(axes, targets, 1.3 * room)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
    return result.svg


def _targets(axes: Axes, targets: Sequence[Target], gap: float) -> None:
    """A named line for each level and a mark with the shift where the curve meets it."""
    end = axes.get_xlim()[1]
    heights = pushed_apart([target.level for target in targets], gap)
    for target, height in zip(targets, heights, strict=True):
        axes.axhline(target.level, color=GREY, lw=0.9, ls="--")
        axes.text(end * 1.02, height, target.label, va="center", fontsize=SMALL, color=GREY)
        if target.at is None or not 0 <= target.at <= end:
            continue
        axes.plot([target.at], [target.level], marker="o", color=ORANGE, ms=6, zorder=4)
        place: dict[str, Any] = {"textcoords": "offset points", "color": ORANGE, "weight": "bold"}
        axes.annotate(
            number(target.at), (target.at, target.level), (4, 4), fontsize=SMALL, zorder=5, **place
        )
