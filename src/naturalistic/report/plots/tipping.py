"""Mean change against how much worse those without a form are, with the points where a conclusion changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from naturalistic.report.drawing import BLUE, GREY, ORANGE, SMALL, Margins, drawing, text_width


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
        end = max(curve.delta)
        axes.set_xlim(0, end)
        low, high = (
            min([*curve.low, *(t.level for t in targets)]),
            max([*curve.high, *(t.level for t in targets)]),
        )
        room = 0.06 * (high - low)
        axes.set_ylim(low - room, high + room)
        placed = float("-inf")
        for target in sorted(targets, key=lambda t: t.level):
            axes.axhline(target.level, color=GREY, lw=0.9, ls="--")
            placed = max(placed + 1.3 * room, target.level)
            axes.text(end * 1.02, placed, target.label, va="center", fontsize=SMALL, color=GREY)
            if target.at is not None and 0 <= target.at <= end:
                axes.plot([target.at], [target.level], marker="o", color=ORANGE, ms=6)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
    return result.svg
