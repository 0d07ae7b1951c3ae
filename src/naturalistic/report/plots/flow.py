"""The participant flow: boxes from referral to both forms, with the losses beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from naturalistic.report.drawing import (
    BLUE,
    GREY,
    INK,
    PALE,
    WASH,
    WIDTH,
    Margins,
    drawing,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE = 0.175  # inches a line of text
GAP = 0.34
MAIN = (0.05, 3.05)  # left edge and width, inches
SIDE = (3.6, WIDTH - 3.65)


@dataclass(frozen=True)
class Step:
    """People at one step, and who was lost on the way to the next."""

    title: str
    people: str
    lost: str = ""
    reasons: tuple[str, ...] = ()


def flow_diagram(
    steps: Sequence[Step],
    endings: Sequence[tuple[str, str]],
    last: Step,
    *,
    synthetic: bool = False,
) -> str:
    """Boxes downwards, losses to the right, the ways of ending side by side, then those with both forms.

    Parameters
    ----------
    steps : sequence of Step
        Down to everyone who started.
    endings : sequence of (label, people)
        How therapy ended.
    last : Step
        Both forms; its losses are printed beside it.
    synthetic : bool
        Whether the data were made and not collected.
    """
    heights = [_side_height(step) for step in steps]
    total = sum(max(0.62, h) + GAP for h in heights) + 1.35 + max(0.75, _side_height(last))
    with drawing(height=total, margins=Margins(0, 0, 0, 0), synthetic=synthetic) as (
        result,
        _,
        axes,
    ):
        axes.set_axis_off()
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(total, 0)
        y = 0.05
        for step, height in zip(steps, heights, strict=True):
            y = _step(axes, y, step, height, arrow=step is not steps[-1])
        y = _endings(axes, y - GAP - max(0.0, heights[-1] - 0.62), endings)
        _box(axes, *MAIN, y, 0.62, last.title, last.people, strong=True)
        if last.lost:
            _loss(axes, y, last)
    return result.svg


def _step(axes: Axes, y: float, step: Step, height: float, *, arrow: bool) -> float:
    _box(axes, *MAIN, y, 0.62, step.title, step.people)
    bottom = y + max(0.62, height) + GAP
    middle = MAIN[0] + MAIN[1] / 2
    if arrow:
        _arrow(axes, (middle, y + 0.62), (middle, bottom - 0.02))
    if step.lost:
        _loss(axes, y, step)
    return bottom


def _loss(axes: Axes, y: float, step: Step) -> None:
    _arrow(axes, (MAIN[0] + MAIN[1], y + 0.31), (SIDE[0] - 0.02, y + 0.31))
    lines = _lines(step)
    height = _side_height(step)
    _frame(axes, SIDE[0], y, SIDE[1], height, face="white", edge=GREY, style="--")
    for i, text in enumerate(lines):
        weight = "bold" if i == 0 else "normal"
        axes.text(
            SIDE[0] + 0.1, y + 0.18 + i * LINE, text, va="center", fontsize=8.5, weight=weight
        )


def _lines(step: Step) -> list[str]:
    lines = wrapped(step.lost, SIDE[1] - 0.2, 8.5, bold=True)
    for text in step.reasons:
        first, *rest = wrapped(text, SIDE[1] - 0.4, 8.5)
        lines += [first, *(f"    {line}" for line in rest)]
    return lines


def _side_height(step: Step) -> float:
    return 0.2 + LINE * len(_lines(step)) if step.lost else 0.0


def _endings(axes: Axes, y: float, endings: Sequence[tuple[str, str]]) -> float:
    """The ways of ending side by side; returns where the next box begins."""
    bus, top, height = y + 0.2, y + 0.34, 0.74
    middle = MAIN[0] + MAIN[1] / 2
    width = (WIDTH - 0.1) / len(endings)
    centres = [0.05 + width * (i + 0.5) for i in range(len(endings))]
    axes.plot([min(*centres, middle), max(*centres, middle)], [bus, bus], color=GREY, lw=1)
    axes.plot([middle, middle], [y, bus], color=GREY, lw=1)
    for centre, (name, people) in zip(centres, endings, strict=True):
        _arrow(axes, (centre, bus), (centre, top - 0.01))
        left = centre - width / 2 + 0.05
        _frame(axes, left, top, width - 0.1, height, face=WASH, edge=BLUE)
        for i, text in enumerate(wrapped(name, width - 0.2, 8)[:3]):
            axes.text(centre, top + 0.14 + i * 0.15, text, ha="center", va="center", fontsize=8)
        axes.text(centre, top + height - 0.13, people, ha="center", va="center", weight="bold")
    low = top + height + 0.12
    axes.plot([min(*centres, middle), max(*centres, middle)], [low, low], color=GREY, lw=1)
    for centre in centres:
        axes.plot([centre, centre], [top + height, low], color=GREY, lw=1)
    _arrow(axes, (middle, low), (middle, low + 0.28))
    return low + 0.3


def _box(
    axes: Axes,
    left: float,
    width: float,
    top: float,
    height: float,
    title: str,
    people: str,
    *,
    strong: bool = False,
) -> None:
    _frame(axes, left, top, width, height, face=PALE if strong else WASH, edge=BLUE)
    lines = wrapped(title, width - 0.2, 8.5)
    for i, text in enumerate(lines):
        axes.text(left + 0.12, top + 0.15 + i * 0.16, text, va="center", fontsize=8.5)
    axes.text(
        left + 0.12, top + height - 0.16, people, va="center", weight="bold", fontsize=11, color=INK
    )


def _frame(
    axes: Axes,
    left: float,
    top: float,
    width: float,
    height: float,
    *,
    face: str,
    edge: str,
    style: str = "-",
) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((left, top), width, height, fc=face, ec=edge, lw=1, ls=style))


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate(
        "",
        end,
        start,
        arrowprops={
            "arrowstyle": "-|>",
            "color": GREY,
            "lw": 1,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )
