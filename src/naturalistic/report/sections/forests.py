"""Coefficients of a model as a forest, a table, and a sentence on what stands clear of chance."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.axis import Point, Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    label,
    lower_first,
    reason,
    term_in_sentence,
    term_label,
    value,
)

MOST = 4  # named in one sentence
SMALLEST_RATIO = 1e-6
UNTELLING = ("not_recorded", "small_groups_together")
Namer = Callable[[str, str], str]


@dataclass(frozen=True)
class Forest:
    """A set of coefficients that are drawn together.

    Attributes
    ----------
    name : str
        File name of the figure.
    rows : DataFrame
        Rows of the estimates table.
    scale : Scale
        The axis, with the null.
    caption : str
        What the figure shows.
    named : callable
        Readers' words for a term and a contrast.
    prefix : str
        What to take off a term before it is named in a sentence.
    """

    name: str
    rows: pd.DataFrame
    scale: Scale
    caption: str
    named: Namer = term_label
    prefix: str = ""


def baseline_namer(unit: str) -> Namer:
    """Words for terms where `baseline` is the score before therapy per so many points."""

    def named(term: str, contrast: str) -> str:
        return f"{label(term)}, {unit}" if term == "baseline" else term_label(term, contrast)

    return named


def forest_figure(released: Released, forest: Forest) -> Figure | None:
    """The forest with its table; None where no coefficient can be shown."""
    found = [row for _, row in forest.rows.iterrows()]
    if not any(is_ok(row) for row in found):
        return None
    names = [forest.named(str(row["term"]), str(row["contrast"])) for row in found]
    lines = _grouped(names, found)
    clear = clear_of_chance(forest)
    finding = (
        "Clear of no difference: " + "; ".join(f"{lower_first(n)} {value(r)}" for n, r in clear)
        if clear
        else "No interval excludes no difference"
    )
    return Figure(
        forest.name,
        dot_plot(lines, forest.scale, column="Estimate (interval)", synthetic=released.synthetic),
        forest.caption,
        f"Forest plot of {len(found)} coefficients with intervals. {finding}.",
        Table(
            f"Coefficients with intervals: {lower_first(forest.scale.label)}",
            ("Characteristic", "Estimate (interval)", "People at that level"),
            [
                (name, brief_interval(row), count(row, "n_patients"))
                for name, row in zip(names, found, strict=True)
            ],
        ),
    )


def _grouped(names: list[str], found: list[pd.Series]) -> list[DotRow]:
    """Numbers first, then the levels of each characteristic under its name with the reference level."""
    numbers: list[DotRow] = []
    levels: list[DotRow] = []
    last = ""
    for name, row in zip(names, found, strict=True):
        head, _, rest = name.partition(": ")
        if not rest:
            numbers.append(DotRow(name, (point(row),), _text(row)))
            continue
        level, _, against = rest.partition(" (against ")
        if head != last:
            levels.append(DotRow(f"{head} (against {against}", heading=True))
        levels.append(DotRow(level, (point(row),), _text(row), indented=True))
        last = head
    return numbers + levels


def point(row: pd.Series) -> Point | None:
    """Estimate and limits as a point, without an interval where there is none; None without a number."""
    if not is_ok(row):
        return None
    value = float(row["estimate"])
    if not has_interval(row):
        return Point(value, value, value)
    return Point(value, float(row["conf_low"]), float(row["conf_high"]))


def _text(row: pd.Series) -> str:
    return reason(row) or brief_interval(row)


def clear_of_chance(forest: Forest) -> list[tuple[str, pd.Series]]:
    """Names and rows of the coefficients whose interval excludes the null."""
    null = forest.scale.null
    return [
        (forest.named(str(row["term"]), str(row["contrast"])), row)
        for _, row in forest.rows.iterrows()
        if null is not None
        and has_interval(row)
        and not row["conf_low"] <= null <= row["conf_high"]
    ]


def sentence(forest: Forest, what: str, higher: str, lower: str) -> str:
    """What stands clear of chance, in both directions, and how many would by chance alone.

    Parameters
    ----------
    forest : Forest
        The coefficients.
    what : str
        What was looked for, `differences in attendance`.
    higher, lower : str
        What lies above and below the null, `more sessions missed`.
    """
    known = int(sum(has_interval(row) for _, row in forest.rows.iterrows()))
    if not known:
        why = reason(forest.rows.iloc[0]) if len(forest.rows) else reason(None)
        return f"{what}: {why}."
    clear, more = clear_of_chance(forest), _withheld(forest)
    if not clear:
        return f"{what}: {_none_of(known)} clear of chance{more}."
    null = forest.scale.null or 0.0
    parts = []
    for side, words in ((True, higher), (False, lower)):
        found = [row for _, row in clear if bool(row["estimate"] > null) == side]
        if found:
            parts.append(f"{capital(words)}: {_named(forest, found)}.")
    stands = "stands" if len(clear) == 1 else "stand"
    return (
        f"{what}, other characteristics held equal (in brackets: {lower_first(forest.scale.label)}, with its interval). "
        f"{' '.join(parts)} {len(clear)} of {known} comparisons {stands} "
        f"clear of chance; {by_chance(known)} by chance alone{more}."
    )


def by_chance(comparisons: int, level: int = 95) -> str:
    """How many of so many intervals exclude the null where nothing differs: `fewer than 1 would`."""
    expected = comparisons * (100 - level) / 100
    return "fewer than 1 would" if expected < 1 else f"about {round(expected)} would"


def _withheld(forest: Forest) -> str:
    """That there are comparisons which may not be shown: a count of those shown alone would mislead."""
    hidden = int((forest.rows["status"] == "withheld").sum())
    return f" ({hidden} more {'is' if hidden == 1 else 'are'} withheld)" if hidden else ""


def _named(forest: Forest, found: list[pd.Series]) -> str:
    """The clearest few in words, the rest as a number; what is not recorded is left to the figure."""

    def clearness(row: pd.Series) -> float:
        """Distance from no difference in widths of the interval."""
        ends = [float(row[c]) for c in ("conf_low", "estimate", "conf_high")]
        if forest.scale.logarithmic:
            ends = [math.log(max(end, SMALLEST_RATIO)) for end in ends]
        null = math.log(forest.scale.null or 1.0) if forest.scale.logarithmic else 0.0
        return abs(ends[1] - null) / max(ends[2] - ends[0], 1e-12)

    telling = [row for row in found if not str(row["contrast"]).startswith(UNTELLING)]
    order = sorted(telling, key=clearness, reverse=True)[:MOST]
    rest = len(found) - len(order)
    names = [_in_sentence(forest, row) for row in order]
    names += [f"{rest} more (see the figure)" if names else f"{rest} in the figure"] if rest else []
    return "; ".join(names)


def _none_of(n: int) -> str:
    return "the one comparison does not stand" if n == 1 else f"none of the {n} comparisons stands"


def _in_sentence(forest: Forest, row: pd.Series) -> str:
    """The comparison and its size: `male rather than female (gender; 4%, 1% to 7%)`."""
    named = term_in_sentence(str(row["term"]).removeprefix(forest.prefix), str(row["contrast"]))
    size = brief_interval(row).replace(" (", ", ", 1).removesuffix(")")
    return f"{named[:-1]}; {size})" if named.endswith(")") else f"{named} ({size})"
