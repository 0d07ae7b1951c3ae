"""A published figure as it is drawn and named: its mark, its limits, and how sure it is."""

from __future__ import annotations

from naturalistic.reference.benchmark_models import Benchmark
from naturalistic.report.plots.axis import Point
from naturalistic.report.plots.dots import DotRow
from naturalistic.report.wording import number

CHECKED = {
    "verified": "checked at the source",
    "secondary": "from a secondary source",
    "unverified": "not verified",
}


def published_point(each: Benchmark) -> Point:
    """The figure with its interval, and thin the interval in which single services lie."""
    known = each.value or 0.0
    outer = None
    if each.prediction_low is not None and each.prediction_high is not None:
        outer = (each.prediction_low, each.prediction_high)
    low = known if each.low is None else each.low
    return Point(known, low, known if each.high is None else each.high, outer)


def published_limits(each: Benchmark) -> str:
    """`0.38 (0.31 to 0.46)`, or the figure alone where no interval is published."""
    text = number(each.value, 2)
    return text if each.low is None else f"{text} ({number(each.low, 2)} to {number(each.high, 2)})"


def published_name(each: Benchmark) -> str:
    """Its label, how long it took where that is published, and a mark where it is not verified."""
    unsure = " (not verified)" if each.status == "unverified" else ""
    return f"{each.label}{f', {each.duration}' if each.duration else ''}{unsure}"


def published_row(each: Benchmark) -> DotRow:
    """Its line in a dot plot whose first series is this cohort."""
    marks = (None, published_point(each))
    return DotRow(published_name(each), marks, published_limits(each), indented=True)
