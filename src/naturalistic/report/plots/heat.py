"""Grids of people by two ordered levels: how many stand where before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from naturalistic.report.drawing import (
    BLUE,
    GREY,
    INK,
    SMALL,
    WIDTH,
    Margins,
    drawing,
    text_width,
)
from naturalistic.report.wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 0.6  # between two panels, in cells
DARK = 0.55  # from this share of the fullest cell on, the number is white


@dataclass(frozen=True)
class HeatPanel:
    """One grid.

    Attributes
    ----------
    title : str
        Above the grid.
    cells : mapping of (before, after) to people
        Levels as numbers from 0; None where the number is withheld; a pair that is missing holds nobody.
    """

    title: str
    cells: Mapping[tuple[int, int], float | None]


def heat_grid(
    panels: Sequence[HeatPanel],
    levels: Sequence[str],
    *,
    x_label: str,
    y_label: str,
    synthetic: bool = False,
) -> str:
    """Panels side by side, first level across, second upwards, the number in every cell.

    Parameters
    ----------
    panels : sequence of HeatPanel
        At most two are legible.
    levels : sequence of str
        Names of the levels, the least first.
    x_label, y_label : str
        Names of the axes.
    synthetic : bool
        Whether the data were made and not collected.
    """
    n = len(levels)
    margins = Margins(max(text_width(w, SMALL) for w in levels) + 0.45, 0.1, 0.95, 0.3)
    across = len(panels) * n + GAP * (len(panels) - 1)
    cell = min((WIDTH - margins.left - margins.right) / across, 0.75)
    width = margins.left + margins.right + cell * across
    height = margins.bottom + margins.top + cell * n
    with drawing(width, height, margins=margins, synthetic=synthetic) as (result, _, axes):
        axes.set_xlim(0, across)
        axes.set_ylim(0, n)
        for k, panel in enumerate(panels):
            _panel(axes, panel, k * (n + GAP), n)
        ticks = [k * (n + GAP) + i + 0.5 for k in range(len(panels)) for i in range(n)]
        names = list(levels) * len(panels)
        axes.set_xticks(ticks, names, fontsize=SMALL, rotation=35, ha="right")
        axes.set_yticks([i + 0.5 for i in range(n)], levels, fontsize=SMALL)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
    return result.svg


def _panel(axes: Axes, panel: HeatPanel, left: float, n: int) -> None:
    axes.text(left, n + 0.12, panel.title, weight="bold", va="bottom")
    most = max((people for people in panel.cells.values() if people), default=1.0)
    for i in range(n):
        for j in range(n):
            _cell(axes, panel.cells.get((i, j), 0.0), (left + i, float(j)), most, same=i == j)


def _cell(
    axes: Axes, people: float | None, corner: tuple[float, float], most: float, *, same: bool
) -> None:
    from matplotlib.patches import Rectangle

    x, y = corner
    share = (people or 0.0) / most
    hatch = "////" if people is None else None
    axes.add_patch(
        Rectangle((x, y), 1, 1, fc="white", ec=GREY, lw=0.5, hatch=hatch, zorder=1, alpha=0.6)
    )
    if people:
        axes.add_patch(Rectangle((x, y), 1, 1, fc=BLUE, ec=GREY, lw=0.5, alpha=share, zorder=2))
    if same:
        axes.add_patch(
            Rectangle((x + 0.03, y + 0.03), 0.94, 0.94, fill=False, ec=INK, lw=1.6, zorder=3)
        )
    if people is not None:
        colour = "white" if share > DARK else INK
        place: dict[str, Any] = {
            "ha": "center",
            "va": "center",
            "color": colour,
            "fontsize": SMALL,
            "zorder": 4,
        }
        axes.text(x + 0.5, y + 0.5, number(people, 0), **place)
