"""First against last score as binned counts, with the lines that give a cell its meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from naturalistic.report.drawing import BLUE, GREY, INK, WASH, Margins, drawing
from naturalistic.report.wording import brief, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Band = tuple[float, float]


def score_grid(
    cells: Mapping[tuple[Band, Band], float | None],
    *,
    x_label: str,
    y_label: str,
    limits: Band,
    cut_offs: Sequence[float],
    reliable: float | None,
    lower_is_better: bool,
    synthetic: bool = False,
) -> str:
    """Squares whose area is the number of people, first score across, last score upwards.

    Parameters
    ----------
    cells : mapping of (first band, last band) to people
        None where withheld.
    x_label, y_label : str
        Names of the axes.
    limits : tuple of float
        Range of the scale.
    cut_offs : sequence of float
        Clinical cut-offs.
    reliable : float or None
        Smallest reliable change.
    lower_is_better : bool
        On which side of the diagonal improvement lies.
    synthetic : bool
        Whether the data were made and not collected.
    """
    with drawing(
        width=5.9, height=5.75, margins=Margins(0.65, 0.2, 0.6, 0.1), synthetic=synthetic
    ) as (result, _, axes):
        axes.set_xlim(*limits)
        axes.set_ylim(*limits)
        axes.set_aspect("equal")
        _lines(axes, limits, cut_offs, reliable)
        largest = max((n for n in cells.values() if n), default=1.0)
        for (first, last), people in cells.items():
            square(axes, first, last, people, largest)
        edges = sorted({edge for pair in cells for band in pair for edge in band})
        axes.set_xticks(edges, [brief(e) for e in edges])
        axes.set_yticks(edges, [brief(e) for e in edges])
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        _sides(axes, lower_is_better)
    return result.svg


def square(axes: Axes, first: Band, last: Band, people: float | None, largest: float) -> None:
    """One square in the middle of two bands with its number; nothing where the number is withheld."""
    from matplotlib.patches import Rectangle

    x, y = sum(first) / 2, sum(last) / 2
    if people is None:
        return
    side = 0.95 * (first[1] - first[0]) * np.sqrt(people / largest)
    dark = people / largest > 0.25
    axes.add_patch(
        Rectangle((x - side / 2, y - side / 2), side, side, fc=BLUE, ec="white", lw=0.5, alpha=0.85)
    )
    if dark:
        axes.text(x, y, number(people, 0), ha="center", va="center", color="white", fontsize=8.5)
    else:
        axes.text(
            x, y - side / 2, number(people, 0), ha="center", va="top", color=INK, fontsize=7.5
        )


def _lines(axes: Axes, limits: Band, cut_offs: Sequence[float], reliable: float | None) -> None:
    low, high = limits
    axes.plot(limits, limits, color=INK, lw=1, zorder=0)
    if reliable is not None:
        axes.fill_between(
            [low, high],
            [low - reliable, high - reliable],
            [low + reliable, high + reliable],
            color=WASH,
            zorder=-1,
        )
        for shift in (-reliable, reliable):
            axes.plot(
                [low, high], [low + shift, high + shift], color=INK, lw=0.9, ls="--", zorder=0
            )
    for cut_off in cut_offs:
        axes.axvline(cut_off, color=GREY, lw=0.9, ls=":", zorder=0)
        axes.axhline(cut_off, color=GREY, lw=0.9, ls=":", zorder=0)


def _sides(axes: Axes, lower_is_better: bool) -> None:
    above, below = ("Worse", "Better") if lower_is_better else ("Better", "Worse")
    where: dict[str, Any] = {
        "transform": axes.transAxes,
        "fontsize": 11,
        "color": GREY,
        "weight": "bold",
    }
    axes.text(0.03, 0.97, f"{above} after", ha="left", va="top", **where)
    axes.text(0.97, 0.03, f"{below} after", ha="right", va="bottom", **where)
