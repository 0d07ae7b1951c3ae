"""Where everyone is over time: shares stacked to the whole, with the numbers under observation below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from naturalistic.report.drawing import COLOURS, INK, Margins, drawing, text_width
from naturalistic.report.plots.curves import numbers_at_risk

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# told apart in grey; no dots, which are drawn one by one and take 200 kB
HATCHES = ("", "////", "----", "xxxx")
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
        middles = _layers(axes, x, layers)
        axes.set_xlim(0, x[-1])
        axes.set_ylim(0, 1)
        axes.set_yticks([q / 4 for q in range(5)], [f"{25 * q}%" for q in range(5)])
        axes.set_ylabel(y_label)
        _names(axes, x[-1], names, middles)
        numbers_at_risk(axes, at_risk, x[-1], x_label)
    return result.svg


def _layers(axes: Axes, x: Sequence[float], layers: Sequence[Layer]) -> list[float]:
    """Draw the layers from below; the middle of each at the end, that of what they leave last."""
    below = [0.0] * len(x)
    middles = []
    for i, layer in enumerate(layers):
        above = [b + s for b, s in zip(below, [0.0, *layer.share], strict=True)]
        look: dict[str, Any] = {"facecolor": COLOURS[i], "edgecolor": "white", "hatch": HATCHES[i]}
        axes.fill_between(x, below, above, alpha=STRENGTHS[i], lw=0, **look)
        axes.plot(x, above, color=COLOURS[i], lw=1.2)
        middles.append((below[-1] + above[-1]) / 2)
        below = above
    return [*middles, (below[-1] + 1) / 2]


def _names(axes: Axes, last: float, names: Sequence[str], middles: Sequence[float]) -> None:
    """The name of each layer at its end, pushed apart where two ends lie close."""
    colours = [*COLOURS[: len(names) - 1], INK]
    look: dict[str, Any] = {"va": "center", "weight": "bold", "fontsize": 9}
    placed = -1.0
    for name, height, colour in zip(names, middles, colours, strict=True):
        placed = max(height, placed + CLOSEST)
        axes.text(last * 1.015, placed, name, color=colour, **look)
