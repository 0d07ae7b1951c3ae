"""Difference of two witnesses against their mean (Bland and Altman), as binned counts."""

from __future__ import annotations

from collections.abc import Mapping

from naturalistic.report.drawing import GREY, INK, SMALL, Margins, drawing, text_width
from naturalistic.report.plots.grid import Band, square


def agreement_plot(
    cells: Mapping[tuple[Band, Band], float | None],
    limits: tuple[float, float],
    *,
    x_label: str,
    y_label: str,
    synthetic: bool = False,
) -> str:
    """Squares whose area is the number of people; dashed lines between which 19 of 20 people lie.

    Parameters
    ----------
    cells : mapping of (mean, difference) to people
        Bands of the mean of the two and of their difference; None where withheld.
    limits : tuple of float
        Lower and upper limit of agreement.
    x_label, y_label : str
        Names of the axes.
    synthetic : bool
        Whether the data were made and not collected.
    """
    names = {limits[0]: "lower limit", 0.0: "no difference", limits[1]: "upper limit"}
    right = max(text_width(name, SMALL) for name in names.values()) + 0.2
    with drawing(height=4.2, margins=Margins(0.75, right, 0.6, 0.15), synthetic=synthetic) as (
        result,
        _,
        axes,
    ):
        across = [edge for mean, _ in cells for edge in mean]
        upwards = [edge for _, difference in cells for edge in difference] + list(limits)
        axes.set_xlim(min(across), max(across))
        axes.set_ylim(min(upwards) - 0.2, max(upwards) + 0.2)
        largest = max((n for n in cells.values() if n), default=1.0)
        for (mean, difference), people in cells.items():
            square(axes, mean, difference, people, largest)
        for at, name in names.items():
            axes.axhline(at, color=INK if at == 0 else GREY, lw=1, ls="-" if at == 0 else "--")
            end = axes.get_xlim()[1]
            axes.text(end, at, f" {name}", va="center", color=GREY, fontsize=SMALL)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
    return result.svg
