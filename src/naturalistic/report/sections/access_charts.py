"""The service over time: process charts, their special causes, and the step at a named change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from naturalistic.reference.loader import load_chart_rules
from naturalistic.report.blocks import Block, Figure, Table, Text
from naturalistic.report.plots.process_chart import Level, PeriodPoint, process_chart
from naturalistic.report.released import MAIN, Released, is_ok
from naturalistic.report.sections.access_steps import (
    CHARTS,
    NAME,
    PERIODS,
    Chart,
    named_change,
    step_findings,
    steps,
)
from naturalistic.report.wording import (
    capital,
    listed,
    number,
    percent,
    reason,
)
from naturalistic.tables.estimates import dimension_levels
from naturalistic.vocabulary import SPECIAL_CAUSES


@dataclass(frozen=True)
class Drawn:
    """The released points and lines of one chart."""

    chart: Chart
    period: str
    points: list[tuple[str, pd.Series]]
    mean: float
    lower: pd.Series | None
    upper: pd.Series | None

    @property
    def special(self) -> list[str]:
        """Periods that stand out."""
        return [name for name, row in self.points if is_ok(row) and causes_of(row)]


def causes_of(row: pd.Series) -> list[str]:
    """Rules for special cause that a point meets, in words."""
    labels = {word.label for word in SPECIAL_CAUSES.values()}
    return [part for part in str(row["note"]).split("; ") if part in labels]


def _drawn(released: Released, term: str) -> Drawn | None:
    mean = released.one(NAME, estimand="process_mean", term=term)
    if mean is None or not is_ok(mean):
        return None
    period = str(mean["time_unit"])
    points = []
    for estimand in ("count", "proportion"):
        rows = released.rows(NAME, estimand=estimand, term=term, **MAIN)
        for _, row in rows.iterrows():
            levels = dimension_levels(str(row["dimensions"]))
            if set(levels) == {period}:
                points.append((levels[period], row))
    limits = {
        side: released.one(NAME, estimand="process_limit", term=term, contrast=side)
        for side in ("lower", "upper")
    }
    return Drawn(
        CHARTS[term],
        period,
        sorted(points, key=lambda pair: pair[0]),
        float(mean["estimate"]),
        limits["lower"],
        limits["upper"],
    )


def chart_findings(released: Released) -> Iterator[str]:
    """For each chart how many periods stand out; that nothing is measured where there is none."""
    found = {term: chart for term in CHARTS if (chart := _drawn(released, term)) is not None}
    if not found:
        row = released.one(NAME, estimand="process_mean", term="referrals")
        why = reason(row)
        note = "" if row is None or why == "withheld" else f" ({row['note']})"
        yield f"How the service changed over time: {why}{note}."
        return
    with_limits = {term: chart for term, chart in found.items() if is_ok(chart.upper)}
    standing_out = [
        f"{chart.chart.name} ({_out_of(chart)})" for chart in with_limits.values() if chart.special
    ]
    quiet = [chart.chart.name for chart in with_limits.values() if not chart.special]
    if standing_out:
        yield (
            f"Over time these varied by more than is usual, by the rules of the charts below: {listed(standing_out)}. "
            "The charts mark which."
        )
    if quiet:
        yield f"These varied over time no more than is usual: {listed(quiet)}."
    yield from step_findings(released, {t: c.chart for t, c in found.items()})


def chart_blocks(released: Released) -> list[Block]:
    """A chart a measure, the rules, and the table of steps."""
    found = {term: chart for term in CHARTS if (chart := _drawn(released, term)) is not None}
    blocks: list[Block] = [_figure(released, term, chart) for term, chart in found.items()]
    if not found:
        return []
    for term in [term for term in CHARTS if term not in found]:
        row = released.one(NAME, estimand="process_mean", term=term)
        note = "" if row is None else f": {row['note']}"
        blocks.append(Text((f"{capital(CHARTS[term].name)} over time: {reason(row)}{note}.",)))
    blocks.append(_rules())
    blocks.append(steps(released, {t: (c.chart, c.period) for t, c in found.items()}))
    return blocks


def _figure(released: Released, term: str, drawn: Drawn) -> Figure:
    chart, period = drawn.chart, PERIODS[drawn.period]
    points = [
        PeriodPoint(
            name,
            float(row["estimate"]) if is_ok(row) else None,
            is_ok(row) and bool(causes_of(row)),
        )
        for name, row in drawn.points
    ]
    return Figure(
        f"over_time_{term}",
        process_chart(
            points,
            _lines(drawn),
            mean=drawn.mean,
            y_label=f"{chart.axis}, by {period}",
            percent=chart.share,
            change=_change_at(released, drawn),
            synthetic=released.synthetic,
        ),
        f"{capital(chart.name)}, by {period} (XmR chart). Line: mean; broken lines: process limits. The first and the last "
        f"{period} of the record are left out; gaps are withheld. Numbers near the beginning can be low because the record "
        "begins there.",
        f"Chart of {chart.name} by {period} around a mean of {_level(chart, drawn.mean)}: {_told(drawn)}.",
        _by_period(drawn),
    )


def _lines(drawn: Drawn) -> list[Level]:
    """Mean and those limits that a number of people or a share can reach."""
    chart = drawn.chart
    levels = [Level(f"mean {_level(chart, drawn.mean)}", drawn.mean, "-")]
    for name, row in {"upper limit": drawn.upper, "lower limit": drawn.lower}.items():
        if row is not None and is_ok(row) and 0 <= row["estimate"] <= (1 if chart.share else 1e12):
            limit = float(row["estimate"])
            levels.append(Level(f"{name} {_level(chart, limit)}", limit))
    return levels


def _told(drawn: Drawn) -> str:
    period, out = PERIODS[drawn.period], len(drawn.special)
    if not is_ok(drawn.upper):
        return f"there are too few {period}s for limits"
    if out:
        return _out_of(drawn)
    return f"no {period} stands out"


def _out_of(drawn: Drawn) -> str:
    """`14 of 124 months stand out`; periods whose number is withheld are not judged."""
    out, judged = len(drawn.special), sum(is_ok(row) for _, row in drawn.points)
    return f"{out} of {judged} {PERIODS[drawn.period]}s {'stands' if out == 1 else 'stand'} out"


def _by_period(drawn: Drawn) -> Table:
    """The points of a chart with the rules they meet."""
    chart, period = drawn.chart, PERIODS[drawn.period]
    show = percent if chart.share else lambda v: number(v, 0)
    return Table(
        f"{capital(chart.name)} by {period}",
        (capital(period), capital(chart.axis), "Stands out because"),
        [
            (
                name,
                show(row["estimate"]) if is_ok(row) else reason(row),
                "; ".join(causes_of(row)) if is_ok(row) and causes_of(row) else "–",
            )
            for name, row in drawn.points
        ],
    )


def _level(chart: Chart, value: float) -> str:
    return percent(value) if chart.share else number(value, 1)


def _change_at(released: Released, drawn: Drawn) -> tuple[int, str] | None:
    """Number of the first period after the change of service, where one is named."""
    change = named_change(released)
    if change is None:
        return None
    year, month = (int(part) for part in str(change["date"]).split("-")[:2])
    at = {
        "month": f"{year}-{month:02d}",
        "quarter": f"{year}-Q{(month + 2) // 3}",
        "half_year": f"{year}-H{(month + 5) // 6}",
        "year": f"{year}",
    }[drawn.period]
    later = [i for i, (name, _) in enumerate(drawn.points) if name >= at]
    return (later[0], str(change["name"])) if later and later[0] > 0 else None


def _rules() -> Table:
    marks = {
        "verified": "read in the source",
        "secondary": "second-hand",
        "unverified": "not verified",
    }
    rules = load_chart_rules().rules
    return Table(
        "When a point stands out: the rules of the NHS programme Making Data Count",
        ("Rule", "Checked"),
        [(rule.text, marks[rule.status]) for rule in rules],
        folded=True,
        note=f"Source: {rules[0].source}. A point that stands out asks for a reason; it does not give one, and in a long "
        "series some stand out by chance.",
        prose=True,
    )
