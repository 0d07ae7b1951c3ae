"""A specification curve: every estimate in rising order, and below it which choices made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from naturalistic.report.drawing import BLUE, GREY, INK, PALE, SMALL, Margins, drawing, text_width


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
    left = max((text_width(level, SMALL) for _, level in lines), default=1.0) + 0.25
    right = max((text_width(name, SMALL) for name in guides), default=0.0) + 0.2
    below = 0.17 * len(lines) + 0.16 * len({name for name, _ in lines}) + 0.15
    margins = Margins(max(left, 0.7), right, below + 0.1, 0.12)
    height = 2.6 + below
    with drawing(height=height, margins=margins, synthetic=synthetic) as (result, _, axes):
        places = range(len(ordered))
        axes.vlines(places, [s.low for s in ordered], [s.high for s in ordered], color=PALE, lw=1)
        axes.plot(places, [s.value for s in ordered], ls="", marker="o", ms=2.2, color=BLUE)
        for guide, height_of in guides.items():
            axes.axhline(height_of, color=GREY, lw=0.9, ls="--")
            axes.text(
                len(ordered) * 1.01, height_of, guide, va="center", fontsize=SMALL, color=GREY
            )
        axes.set_xlim(-1, len(ordered))
        axes.set_xticks([])
        axes.set_ylabel(y_label)
        inch = 1 / (height - margins.bottom - margins.top)
        depth, last = -0.1 * inch, ""
        for name, level in lines:
            depth -= (0.17 + (0.16 if name != last else 0.0)) * inch
            last = name
            used = [i for i in places if ordered[i].choices.get(name) == level]
            transform = axes.get_xaxis_transform()
            axes.plot(
                used, [depth] * len(used), ls="", marker="|", ms=6, color=INK, clip_on=False,
                transform=transform,
            )  # fmt: skip
            axes.text(
                -0.015 * len(ordered) - 1, depth, level, ha="right", va="center", fontsize=SMALL,
                transform=transform,
            )  # fmt: skip
    return result.svg


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
