"""A specification curve: every estimate in rising order, and below it which choices made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from naturalistic.report.drawing import BLUE, GREY, INK, PALE, SMALL, Margins, drawing, text_width
from naturalistic.report.plots.axis import pushed_apart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE = 0.17  # height of a level, inches
HEADING = 0.2


@dataclass(frozen=True)
class Specification:
    """One estimate with its limits and its choices, readers' words by readers' name of the choice."""

    value: float
    low: float
    high: float
    choices: Mapping[str, str]


def specification_plot(
    specifications: Sequence[Specification],
    guides: Mapping[str, float],
    *,
    y_label: str,
    synthetic: bool = False,
) -> str:
    """Estimates above, a mark for each choice below.

    Parameters
    ----------
    specifications : sequence of Specification
        In any order.
    guides : mapping of str to float
        Horizontal lines by name.
    y_label : str
        Name of the upper axis.
    synthetic : bool
        Whether the data were made and not collected.
    """
    ordered = sorted(specifications, key=lambda s: (s.value, s.low))
    lines = _lines(ordered)
    words = [*(level for _, level in lines), *(name for name, _ in lines)]
    left = max((text_width(word, SMALL, bold=True) for word in words), default=1.0) + 0.25
    right = max((text_width(name, SMALL) for name in guides), default=0.0) + 0.2
    below = LINE * len(lines) + HEADING * len({name for name, _ in lines}) + 0.15
    margins = Margins(max(left, 0.7), right, below + 0.1, 0.12)
    height = 2.6 + below
    with drawing(height=height, margins=margins, synthetic=synthetic) as (result, _, axes):
        _estimates(axes, ordered, y_label)
        _guides(axes, ordered, guides)
        _choices(axes, ordered, lines, 1 / (height - margins.bottom - margins.top))
    return result.svg


def _estimates(axes: Axes, ordered: Sequence[Specification], y_label: str) -> None:
    places = range(len(ordered))
    axes.vlines(places, [s.low for s in ordered], [s.high for s in ordered], color=PALE, lw=1)
    axes.plot(places, [s.value for s in ordered], ls="", marker="o", ms=2.2, color=BLUE)
    axes.set_xlim(-1, len(ordered))
    axes.set_xticks([])
    axes.set_ylabel(y_label)


def _guides(axes: Axes, ordered: Sequence[Specification], guides: Mapping[str, float]) -> None:
    for height in guides.values():
        axes.axhline(height, color=GREY, lw=0.9, ls="--")
    low, high = axes.get_ylim()
    heights = pushed_apart(list(guides.values()), 0.08 * (high - low))
    for name, height in zip(guides, heights, strict=True):
        axes.text(len(ordered) * 1.01, height, name, va="center", fontsize=SMALL, color=GREY)


def _choices(
    axes: Axes,
    ordered: Sequence[Specification],
    lines: Sequence[tuple[str, str]],
    inch: float,
) -> None:
    """A line of marks for each level of each choice; `inch` is an inch in heights of the axes."""
    depth, last = -0.1 * inch, ""
    transform = axes.get_xaxis_transform()
    words: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": SMALL}
    edge = -0.015 * len(ordered) - 1
    for name, level in lines:
        if name != last:
            depth -= HEADING * inch
            axes.text(edge, depth, name, weight="bold", transform=transform, **words)
        depth -= LINE * inch
        last = name
        used = [i for i, each in enumerate(ordered) if each.choices.get(name) == level]
        marks: dict[str, Any] = {"ls": "", "marker": "|", "ms": 6, "color": INK}
        axes.plot(used, [depth] * len(used), clip_on=False, transform=transform, **marks)
        axes.text(edge, depth, level, transform=transform, **words)


def _lines(specifications: Sequence[Specification]) -> list[tuple[str, str]]:
    """Choices in the order they are named, with their levels, leaving out what never varies."""
    found: dict[str, list[str]] = {}
    for each in specifications:
        for name, level in each.choices.items():
            levels = found.setdefault(name, [])
            if level not in levels:
                levels.append(level)
    return [
        (name, level)
        for name, levels in found.items()
        if len(levels) > 1
        for level in sorted(levels)
    ]
