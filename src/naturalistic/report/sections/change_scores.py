"""The scores before and after, and how much each person changed, as binned counts."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.bars import SHADES, Bin, Line, histogram
from naturalistic.report.plots.grid import Band, score_grid
from naturalistic.report.released import Released, is_ok
from naturalistic.report.thresholds import Thresholds, thresholds
from naturalistic.report.wording import (
    brief,
    count,
    number,
)

HALF = 0.5


def score_squares(released: Released) -> Figure | None:
    """First against last score as binned counts; None where no bin can be shown."""
    cells = {
        (_band(levels["first"]), _band(levels["last"])): row
        for levels, row in released.cells(
            "outcome_change", "first", "last", term="pre_post", **released.measure
        )
    }
    if not _most_can_be_shown(released, cells):
        return None
    limits, name, scale = thresholds(released), released.measure_name(), released.scale
    shown = {pair: float(r["estimate"]) if is_ok(r) else None for pair, r in cells.items()}
    side = _by_side(released, shown)
    return Figure(
        "before_and_after",
        score_grid(
            shown,
            x_label=f"{name} before therapy, points",
            y_label=f"{name} after therapy, points",
            limits=(scale.minimum, scale.maximum),
            cut_offs=limits.cut_offs,
            reliable=limits.reliable,
            lower_is_better=released.lower_is_better,
            synthetic=released.synthetic,
        ),
        f"{name} before and after therapy, people with both forms ({_n(released)}), in bands of the score. The area of "
        f"a square is the number of people; where there is none the number is withheld (few people or nobody). Solid "
        f"line: no change.{_guide(limits)}",
        f"Squares of people by band of score before and after therapy. {side}",
        _grid_table(cells),
    )


def _most_can_be_shown(released: Released, cells: dict[tuple[Band, Band], pd.Series]) -> bool:
    """Whether the squares that may be shown hold at least half of the people: fewer would mislead."""
    row = released.one(
        "outcome_change", estimand="mean_change", population="paired", **released.measure
    )
    known = sum(float(cell["estimate"]) for cell in cells.values() if is_ok(cell))
    if row is None or pd.isna(row["n_patients"]):
        return known > 0
    return known > 0 and known >= HALF * float(row["n_patients"])


def _n(released: Released) -> str:
    row = released.one(
        "outcome_change", estimand="mean_change", population="paired", **released.measure
    )
    return f"n = {count(row, 'n_patients')}" if is_ok(row) else "number withheld"


def _guide(limits: Thresholds) -> str:
    text = ""
    if limits.reliable is not None:
        text += f" Dashed lines: reliable change, {limits.reliable_words}."
    if limits.cut_offs:
        text += f" Dotted lines: clinical cut-off ({limits.cut_off_text})."
    return text


def _by_side(released: Released, shown: dict[tuple[Band, Band], float | None]) -> str:
    known = {pair: n for pair, n in shown.items() if n is not None}
    down = sum(n for (first, last), n in known.items() if last < first)
    up = sum(n for (first, last), n in known.items() if last > first)
    same = sum(n for (first, last), n in known.items() if last == first)
    better, worse = (down, up) if released.lower_is_better else (up, down)
    return (
        f"Among the bands that can be shown, about {number(better, 0)} people moved to a better band, "
        f"{number(same, 0)} stayed in the same band and {number(worse, 0)} moved to a worse one."
    )


def _grid_table(cells: dict[tuple[Band, Band], pd.Series]) -> Table:
    firsts = sorted({first for first, _ in cells})
    lasts = sorted({last for _, last in cells})
    rows = [
        (
            _words(first),
            *(count(cells[first, last]) if (first, last) in cells else "0" for last in lasts),
        )
        for first in firsts
    ]
    return Table(
        "People by band of the score before therapy (rows) and after (columns)",
        ("Before", *(f"After {_words(last)}" for last in lasts)),
        rows,
    )


def _band(text: str) -> Band:
    low, high = text.split(" to ")
    return float(low), float(high)


def _words(band: Band) -> str:
    return f"{brief(band[0])} to {brief(band[1])}"


def change_distribution(released: Released) -> Figure | None:
    """People by size of change, improvement to the right."""
    found = {
        _band(level): row
        for level, row in released.levels(
            "outcome_change", "change", term="change", **released.measure
        )
    }
    if not any(is_ok(row) for row in found.values()):
        return None
    limits = thresholds(released)
    size = limits.reliable
    shown = _around_the_known(sorted(found.items()))
    bins = [
        Bin(*band, float(row["estimate"]) if is_ok(row) else None, _shade(band, size))
        for band, row in shown
    ]
    lines = [Line(0.0, "", "-")]
    if size is not None:
        lines += [Line(-size, ""), Line(size, "")]
    most = max((b for b in bins if b.people is not None), key=lambda b: b.people or 0)
    guide = f" Dashed lines: reliable change, {limits.reliable_words}." if size is not None else ""
    return Figure(
        "distribution_of_change",
        histogram(
            bins,
            f"Improvement on {released.measure_name()}, points (negative: worse)",
            lines=lines,
            zones=_zones(bins, size),
            synthetic=released.synthetic,
        ),
        f"How much each person changed, people with both forms ({_n(released)}). Solid line: no change.{guide} Hatched "
        "stubs, and all beyond them: withheld (few people or nobody).",
        f"Bars of people by size of change. The fullest bin is an improvement of {_words((most.low, most.high))} points "
        f"with {number(most.people, 0)} people. {_spread(bins, size)}",
        Table(
            "People by size of change, improvement positive",
            ("Change, points", "People"),
            [(_words(band), count(row)) for band, row in sorted(found.items())],
        ),
    )


def _zones(bins: list[Bin], size: float | None) -> list[tuple[float, float, str]]:
    """Where change is reliable, as far as it lies inside the picture."""
    if size is None:
        return []
    zones = [
        (bins[0].low, -size, "reliably worse"),
        (size, bins[-1].high, "reliably better"),
    ]
    return [zone for zone in zones if zone[1] > zone[0]]


def _around_the_known(bins: list[tuple[Band, pd.Series]]) -> list[tuple[Band, pd.Series]]:
    """From the first to the last bin that may be shown, with one withheld bin at either end."""
    known = [i for i, (_, row) in enumerate(bins) if is_ok(row)]
    return bins[max(known[0] - 1, 0) : known[-1] + 2]


def _shade(band: Band, size: float | None) -> str:
    if size is None:
        return SHADES["none"]
    if band[0] >= size:
        return SHADES["better"]
    return SHADES["worse"] if band[1] <= -size else SHADES["none"]


def _spread(bins: list[Bin], size: float | None) -> str:
    if size is None:
        return ""
    better = sum(b.people or 0 for b in bins if b.low >= size)
    worse = sum(b.people or 0 for b in bins if b.high <= -size)
    return (
        f"About {number(better, 0)} people lie beyond reliable improvement and {number(worse, 0)} beyond reliable "
        "deterioration, withheld bins left out."
    )
