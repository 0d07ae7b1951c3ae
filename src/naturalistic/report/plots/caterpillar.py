"""Therapists in the order of what is predicted for them, without names and without numbers of ranks."""

from __future__ import annotations

from collections.abc import Sequence

from naturalistic.report.drawing import BLUE, GREY, INK, SMALL, Margins, drawing
from naturalistic.report.plots.axis import Point


def caterpillar(
    points: Sequence[Point], *, y_label: str, ends: tuple[str, str], synthetic: bool = False
) -> str:
    """Predicted differences from the average with their overlap intervals, from the lowest to the highest.

    Parameters
    ----------
    points : sequence of Point
        In rising order.
    y_label : str
        What is drawn.
    ends : (str, str)
        What lies below and above the average.
    synthetic : bool
        Whether the data were made and not collected.
    """
    with drawing(height=3.3, margins=Margins(0.95, 0.2, 0.5, 0.15), synthetic=synthetic) as (
        result,
        _,
        axes,
    ):
        axes.axhline(0, color=INK, lw=1)
        for x, point in enumerate(points):
            axes.plot([x, x], [point.low, point.high], color=BLUE, lw=1.5, solid_capstyle="butt")
            axes.plot(x, point.value, "o", mfc=BLUE, mec=BLUE, ms=4)
        axes.set_xlim(-1, len(points))
        axes.set_xticks([])
        axes.set_xlabel("Therapists with enough patients, in the order of the prediction; no names")
        axes.set_ylabel(y_label)
        # the corners that rising points leave free
        places = (
            ((0.01, 0.98), ends[1], "left", "top"),
            ((0.99, 0.02), ends[0], "right", "bottom"),
        )
        for place, word, side, edge in places:
            axes.text(
                *place,
                word,
                transform=axes.transAxes,
                ha=side,
                va=edge,
                color=GREY,
                fontsize=SMALL,
            )
    return result.svg
