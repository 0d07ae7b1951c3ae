"""A funnel: rates of units against their number of people, with the limits that chance and usual variation give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from naturalistic.report.drawing import BLUE, GREY, INK, ORANGE, SMALL, Margins, drawing
from naturalistic.stats.funnel import funnel_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVELS = ((0.95, "--"), (0.998, ":"))


@dataclass(frozen=True)
class Unit:
    """One unit: its name, rate, number of people, and whether it lies outside."""

    label: str
    rate: float
    people: float
    outside: bool = False


def funnel_plot(
    units: Sequence[Unit],
    *,
    target: float,
    tau_squared: float,
    x_label: str,
    y_label: str,
    synthetic: bool = False,
) -> str:
    """Units as points, limits as lines; a unit outside is a diamond.

    Parameters
    ----------
    units : sequence of Unit
        At least one.
    target : float
        Rate of all.
    tau_squared : float
        Allowance for over-dispersion on the square-root scale.
    x_label, y_label : str
        Names of the axes.
    synthetic : bool
        Whether the data were made and not collected.
    """
    most = max(unit.people for unit in units) * 1.15
    grid = np.linspace(max(5.0, 0.2 * min(unit.people for unit in units)), most, 120)
    with drawing(height=3.6, margins=Margins(0.75, 1.1, 0.6, 0.12), synthetic=synthetic) as (
        result,
        _,
        axes,
    ):
        ends = _draw_limits(axes, target, tau_squared, grid)
        _draw_units(axes, units)
        axes.set_xlim(0, most)
        ends += [unit.rate for unit in units]
        axes.set_ylim(max(0.0, min(ends) - 0.05), min(1.0, max(ends) + 0.05))
        axes.yaxis.set_major_formatter(lambda v, _: f"{100 * v:.0f}%")
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
    return result.svg


def _draw_limits(
    axes: Axes, target: float, tau_squared: float, grid: npt.NDArray[np.float64]
) -> list[float]:
    """The rate of all and the limits around it; returns where the widest limits end at the right."""
    named_at = float(grid[-1]) * 1.01
    axes.axhline(target, color=GREY, lw=1)
    axes.text(named_at, target, "all together", va="center", fontsize=SMALL, color=INK)
    for level, style in LEVELS:
        low, high = funnel_limits(target, grid, level, tau_squared=tau_squared)
        for edge in (low, high):
            axes.plot(grid, edge, color=GREY, lw=1, ls=style)
        axes.text(named_at, high[-1], f"{100 * level:g}% limits", va="center", fontsize=SMALL)
    return [float(high[0]), float(low[0])]


def _draw_units(axes: Axes, units: Sequence[Unit]) -> None:
    for unit in units:
        colour, marker = (ORANGE, "D") if unit.outside else (BLUE, "o")
        axes.scatter([unit.people], [unit.rate], c=colour, marker=marker, s=32, zorder=3)
        axes.annotate(
            unit.label,
            (unit.people, unit.rate),
            (5, 5),
            textcoords="offset points",
            fontsize=SMALL,
        )
