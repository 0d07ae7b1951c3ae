"""Share of people seen by each day after they began to wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from naturalistic.report.drawing import COLOURS, GREY, LINES, SMALL, Margins, drawing, text_width
from naturalistic.report.plots.axis import pushed_apart
from naturalistic.report.plots.curves import Curve


def waiting_plot(lines: Sequence[Curve], guides: Sequence[int], *, synthetic: bool = False) -> str:
    """Rising curves with their intervals as bands, named at their ends.

    Parameters
    ----------
    lines : sequence of Curve
        At most four; times in days.
    guides : sequence of int
        Days at which a thin line stands.
    synthetic : bool
        Whether the data were made and not collected.
    """
    right = max((text_width(line.label, 9, bold=True) for line in lines), default=0.0) + 0.2
    margins = Margins(0.75, right, 0.6, 0.25)
    last = max((max(line.time) for line in lines), default=1.0)
    with drawing(height=3.8, margins=margins, synthetic=synthetic) as (result, _, axes):
        for i, line in enumerate(lines):
            colour = COLOURS[i % len(COLOURS)]
            axes.fill_between(line.time, line.low, line.high, color=colour, alpha=0.15, lw=0)
            axes.plot(line.time, line.value, color=colour, ls=LINES[i % len(LINES)], lw=2)
            axes.plot(line.time, line.value, color=colour, ls="", marker="osD^"[i % 4], ms=3.5)
        for i, day in enumerate(guides):
            axes.axvline(day, color=GREY, lw=0.8, ls=":")
            # the first two stand too close for labels in their middle
            side = ("right", "left")[i] if i < 2 else "center"
            axes.text(day, 1.02, f"{day}", ha=side, va="bottom", fontsize=SMALL, color=GREY)
        axes.set_xlim(0, last)
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        axes.grid(axis="y", lw=0.6)
        axes.set_xlabel("Days since the step before")
        axes.set_ylabel("Share who have reached the step")
        # names are pushed downwards: most curves end near the top
        heights = pushed_apart([-line.value[-1] for line in lines], 0.07)
        for i, (line, height) in enumerate(zip(lines, heights, strict=True)):
            place: dict[str, Any] = {
                "color": COLOURS[i % len(COLOURS)],
                "weight": "bold",
                "fontsize": 9,
            }
            axes.text(last * 1.015, -height, line.label, va="center", **place)
    return result.svg
