"""Where everyone is over time: shares stacked to the whole, with the numbers under observation below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from naturalistic.report.drawing import COLOURS, INK, Margins, drawing, text_width
from naturalistic.report.plots.curves import numbers_at_risk

HATCHES = ("", "////", "....", "xxxx")  # told apart in grey
CLOSEST = 0.075  # of two names at the right
STRENGTHS = (0.85, 0.45, 0.35, 0.3)


@dataclass(frozen=True)
class Layer:
    """Share of everyone in one state at each time."""

    label: str
    share: Sequence[float]


def stacked(
    times: Sequence[float],
    layers: Sequence[Layer],
    rest: str,
    at_risk: Mapping[float, str],
    *,
    x_label: str,
    y_label: str,
    synthetic: bool = False,
) -> str:
    """Layers from below, steps at the times, joined by lines; what is left to the whole stays white and is named.

    Parameters
    ----------
    times : sequence of float
        Increasing.
    layers : sequence of Layer
        At most four, the one that matters most first.
    rest : str
        Name of what the layers leave.
    at_risk : mapping of float to str
        What to print under the axis at each time.
    x_label, y_label : str
        Names of the axes.
    synthetic : bool
        Whether the data were made and not collected.
    """
    names = [layer.label for layer in layers] + [rest]
    right = max(text_width(name, 9, bold=True) for name in names) + 0.2
    with drawing(height=4.3, margins=Margins(0.75, right, 1.05, 0.12), synthetic=synthetic) as (
        result,
        _,
        axes,
    ):
        x = [0.0, *times]
        below = [0.0] * len(x)
        ends: list[tuple[float, str, str]] = []
        for i, layer in enumerate(layers):
            above = [b + s for b, s in zip(below, [0.0, *layer.share], strict=True)]
            axes.fill_between(
                x,
                below,
                above,
                facecolor=COLOURS[i],
                alpha=STRENGTHS[i],
                hatch=HATCHES[i],
                edgecolor="white",
                lw=0,
            )
            axes.plot(x, above, color=COLOURS[i], lw=1.2)
            ends.append(((below[-1] + above[-1]) / 2, layer.label, COLOURS[i]))
            below = above
        ends.append(((below[-1] + 1) / 2, rest, INK))
        axes.set_xlim(0, x[-1])
        axes.set_ylim(0, 1)
        axes.set_yticks([q / 4 for q in range(5)], [f"{25 * q}%" for q in range(5)])
        axes.set_ylabel(y_label)
        placed = -1.0
        for height, name, colour in ends:
            placed = max(height, placed + CLOSEST)
            axes.text(
                x[-1] * 1.015, placed, name, color=colour, va="center", weight="bold", fontsize=9
            )
        numbers_at_risk(axes, at_risk, x[-1], x_label)
    return result.svg
