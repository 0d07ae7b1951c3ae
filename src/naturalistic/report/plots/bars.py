"""Bars: people by bins of a number, and shares that add up to a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from naturalistic.report.drawing import BLUE, GREY, INK, PALE, SMALL, Margins, drawing, text_width
from naturalistic.report.wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW = 0.08  # share of a bar that must be there for a number to fit


@dataclass(frozen=True)
class Bin:
    """People between two ends; `people` is None where the number is withheld."""

    low: float
    high: float
    people: float | None
    colour: str = BLUE


@dataclass(frozen=True)
class Line:
    """A labelled vertical line."""

    at: float
    label: str
    style: str = "--"


@dataclass(frozen=True)
class Part:
    """One kind of part of a whole: its label, colour and hatching."""

    label: str
    colour: str
    hatch: str = ""
    dark: bool = False


def histogram(
    bins: Sequence[Bin],
    x_label: str,
    *,
    lines: Sequence[Line] = (),
    zones: Sequence[tuple[float, float, str]] = (),
    ticks: Sequence[tuple[float, str]] = (),
    synthetic: bool = False,
) -> str:
    """People by bins, with labelled lines; a withheld bin is a hatched stub.

    Parameters
    ----------
    bins : sequence of Bin
        From left to right.
    x_label : str
        Name of the number with its unit.
    lines : sequence of Line
        Thresholds.
    zones : sequence of (low, high, label)
        Names of stretches of the axis, printed above the bars.
    ticks : sequence of (position, label)
        Ticks instead of numbers.
    synthetic : bool
        Whether the data were made and not collected.
    """
    top = max([b.people or 0 for b in bins], default=0) or 1
    with drawing(height=3.4, margins=Margins(bottom=0.55), synthetic=synthetic) as (
        result,
        _,
        axes,
    ):
        for b in bins:
            _bar(axes, b, top)
        axes.set_xlim(min(b.low for b in bins), max(b.high for b in bins))
        axes.set_ylim(0, top * (1.3 if lines or zones else 1.12))
        axes.set_xlabel(x_label)
        axes.set_ylabel("People")
        if ticks:
            axes.set_xticks([t for t, _ in ticks], [name for _, name in ticks])
        for line in lines:
            axes.axvline(line.at, color=INK, lw=1, ls=line.style, ymax=0.88)
            if line.label:
                axes.text(line.at, top * 1.15, line.label, ha="center", va="bottom", fontsize=8.5)
        _zones(axes, zones, top)
    return result.svg


def _zones(axes: Axes, zones: Sequence[tuple[float, float, str]], top: float) -> None:
    """Names of stretches of the axis; one that reaches an end of the axis is set against that end."""
    low, high = axes.get_xlim()
    for start, end, name in zones:
        x, side = (start + end) / 2, "center"
        inside = 0.008 * (high - low)
        if start <= low:
            x, side = low + inside, "left"
        elif end >= high:
            x, side = high - inside, "right"
        axes.text(x, top * 1.3, name, ha=side, va="top", color=GREY, fontsize=9)


def _bar(axes: Axes, b: Bin, top: float) -> None:
    middle, width = (b.low + b.high) / 2, 0.92 * (b.high - b.low)
    if b.people is None:
        axes.bar(middle, 0.03 * top, width, color="white", edgecolor=GREY, hatch="////", lw=0.6)
        return
    axes.bar(middle, b.people, width, color=b.colour, edgecolor=INK, lw=0.5)
    axes.annotate(
        number(b.people, 0),
        (middle, b.people),
        (0, 2),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8.5,
    )


def stacked_bars(
    labels: Sequence[str],
    shares: Sequence[Sequence[float | None]],
    parts: Sequence[Part],
    *,
    x_label: str,
    synthetic: bool = False,
) -> str:
    """Horizontal bars of shares with the share printed in each part; what is withheld is the hatched rest.

    Parameters
    ----------
    labels : sequence of str
        One a bar.
    shares : sequence of sequences
        For each bar the share of each part; None where withheld.
    parts : sequence of Part
        What the parts are.
    x_label : str
        Of what they are shares.
    synthetic : bool
        Whether the data were made and not collected.
    """
    withheld = any(None in row for row in shares)
    below = 0.6 + 0.21 * (len(parts) + withheld)
    margins = Margins(max(map(text_width, labels)) + 0.15, 0.25, below, 0.05)
    height = 0.66 * len(labels) + margins.bottom + margins.top
    with drawing(height=height, margins=margins, synthetic=synthetic) as (result, _, axes):
        for y, row in enumerate(shares):
            _stack(axes, y, row, parts)
        axes.set_yticks(range(len(labels)), labels)
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        axes.set_xlabel(x_label)
        axes.spines["left"].set_visible(False)
        _legend(axes, parts, withheld)
    return result.svg


def _stack(axes: Axes, y: int, row: Sequence[float | None], parts: Sequence[Part]) -> None:
    left = 0.0
    for share, part in zip(row, parts, strict=True):
        if not share:
            continue
        edge = INK if not part.hatch else "white"
        axes.barh(y, share, 0.62, left, color=part.colour, edgecolor=edge, hatch=part.hatch, lw=0.5)
        if share >= FEW:
            colour = "white" if part.dark else INK
            axes.text(
                left + share / 2,
                y,
                f"{100 * share:.0f}%",
                ha="center",
                va="center",
                color=colour,
                weight="bold",
            )
        left += share
    if None in row and left < 1:
        axes.barh(y, 1 - left, 0.62, left, color="white", edgecolor=GREY, hatch="////", lw=0.6)


def _legend(axes: Axes, parts: Sequence[Part], withheld: bool) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(
            facecolor=p.colour,
            edgecolor=INK if not p.hatch else "white",
            hatch=p.hatch,
            lw=0.5,
            label=p.label,
        )
        for p in parts
    ]
    if withheld:
        handles.append(
            Patch(facecolor="white", edgecolor=GREY, hatch="////", lw=0.6, label="Withheld")
        )
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 0), fontsize=SMALL)


SHADES = {
    "better": "#3f86cf",
    "none": PALE,
    "worse": "#e39a5b",
}
