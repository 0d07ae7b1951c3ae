"""Who is referred, how long people wait, what becomes of referrals, and how the service changed over time."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Heading, Section, Table
from naturalistic.report.plots.curves import Curve
from naturalistic.report.plots.waiting import waiting_plot
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.access_charts import chart_blocks, chart_findings
from naturalistic.report.sections.access_flow import flow_findings, flow_tables
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    interval,
    reason,
    value,
    with_interval,
)

NAME = "access_and_waits"
TITLE = "Access, waits and the service over time"
STEPS = {
    "referral_to_assessment": "referral to assessment",
    "assessment_to_first_session": "assessment to first session",
    "referral_to_first_session": "referral to first session",
    "first_to_second_session": "first to second session",
}
WITHIN = (28, 42, 126)
FLAT = 0.01
MAIN_STEPS = ("referral_to_first_session", "referral_to_assessment")


def access(released: Released, _: PublishedStudy | None) -> Section | None:
    """Waits with those still waiting, referrals, forms held, charts over time."""
    if not released.has(NAME):
        return None
    findings = [*_wait_findings(released), *flow_findings(released), *chart_findings(released)]
    blocks: list[Block] = []
    if (figure := _figure(released)) is not None:
        blocks.append(figure)
    if any(_is_measured(released, step) for step in STEPS):
        blocks.append(_table(released))
    blocks += flow_tables(released)
    charts = chart_blocks(released)
    if charts:
        blocks += [Heading("The service over time"), *charts]
    return Section("access", TITLE, tuple(findings), tuple(blocks))


def _wait(released: Released, step: str, contrast: str) -> pd.Series | None:
    return released.one(NAME, estimand="waiting_time", term=step, contrast=contrast)


def _by(released: Released, step: str, day: int) -> pd.Series | None:
    return released.one(NAME, estimand="probability_by", term=step, time=float(day))


def _is_measured(released: Released, step: str) -> bool:
    row = _wait(released, step, "median")
    return row is not None and str(row["status"]) != "not_measured"


def _wait_findings(released: Released) -> Iterator[str]:
    measured = [step for step in STEPS if _is_measured(released, step)]
    if not measured:
        row = _wait(released, "referral_to_first_session", "median")
        why = "" if row is None else f": {row['note']}"
        yield f"How long people waited is not measured here{why}."
        return
    for step in MAIN_STEPS:
        median, long = (_wait(released, step, each) for each in ("median", "90th_percentile"))
        if step in measured and is_ok(median):
            yield (
                f"From {STEPS[step]} half waited {_days(median)} or fewer; nine in ten {_nine_in_ten(long)}. "
                "Those still waiting are counted as long as they have waited, and those whose referral was closed up to "
                "that day."
            )
            break
    first = _by(released, "referral_to_first_session", 126)
    if is_ok(first):
        yield f"{with_interval(first)} had a first session within 126 days (18 weeks) of referral."
    waiting = released.one(
        NAME, estimand="count", term="referral_to_first_session", contrast="still_waiting"
    )
    if is_ok(waiting):
        yield f"{count(waiting)} people were waiting for a first session when the data were taken."


def _nine_in_ten(row: pd.Series | None) -> str:
    return f"{_days(row)} or fewer" if is_ok(row) else f"a time that {_is(reason(row))}"


def _is(why: str) -> str:
    """Why there is no number, as what is said of a thing: `is withheld`, `cannot be estimated`."""
    return why if why.startswith("cannot") else f"is {why}"


def _days(row: pd.Series | None) -> str:
    """A wait with its interval: `214 days (95% interval 208 to 218)`."""
    return with_interval(row).replace(" (", " days (", 1) if interval(row) else f"{value(row)} days"


def _figure(released: Released) -> Figure | None:
    lines, named = [], []
    for step, name in STEPS.items():
        rows = released.rows(NAME, estimand="probability_by", term=step, specification="")
        rows = rows[(rows["status"] == "ok") & rows["estimate"].notna()].sort_values("time")
        if len(rows) < 2:
            continue
        lines.append(_curve(capital(name), rows))
        median = _wait(released, step, "median")
        named.append(f"{name}, median {value(median)}" + (" days" if is_ok(median) else ""))
    if not lines:
        return None
    return Figure(
        "waits",
        waiting_plot(_up_to_where_all_is_said(lines), WITHIN, synthetic=released.synthetic),
        "Share of people who have reached each step by each day after the step before (1 minus Kaplan-Meier), with "
        "intervals as bands. People who still wait are counted as long as they have waited; closing a referral ends its "
        "wait. Thin lines: 28, 42 and 126 days. Points that rest on few people are left out.",
        f"Rising curves of the waits: {'; '.join(named)}.",
        _curve_table(released),
    )


def _curve(name: str, rows: pd.DataFrame) -> Curve:
    share = rows["estimate"].astype(float)
    low, high = (rows[c].astype(float).fillna(share) for c in ("conf_low", "conf_high"))
    times = rows["time"].astype(float).tolist()
    return Curve(name, times, share.tolist(), low.tolist(), high.tolist())


def _up_to_where_all_is_said(lines: list[Curve]) -> list[Curve]:
    """The curves up to the day from which none of them rises by more than a hundredth."""
    ends = [
        next(t for t, v in zip(line.time, line.value, strict=True) if v >= line.value[-1] - FLAT)
        for line in lines
    ]
    last = max(max(ends), float(max(WITHIN)))
    kept = [[i for i, t in enumerate(line.time) if t <= last] for line in lines]
    return [
        Curve(
            line.label,
            *(
                [values[i] for i in inside]
                for values in (line.time, line.value, line.low, line.high)
            ),
        )
        for line, inside in zip(lines, kept, strict=True)
        if inside
    ]


def _curve_table(released: Released) -> Table:
    rows = released.rows(NAME, estimand="probability_by", term=tuple(STEPS), specification="")
    days = sorted({float(t) for t in rows["time"]})
    return Table(
        "Share who have reached each step, by day",
        ("Days", *(capital(name) for name in STEPS.values())),
        [(f"{day:g}", *(_cell(released, step, day) for step in STEPS)) for day in days],
    )


def _cell(released: Released, step: str, day: float) -> str:
    row = released.one(NAME, estimand="probability_by", term=step, time=day)
    # the analysis ends a curve where nearly everyone has reached the step
    return "–" if row is None else brief_interval(row)


def _table(released: Released) -> Table:
    rows = []
    for step, name in STEPS.items():
        if not _is_measured(released, step):
            rows.append((capital(name), *["not measured here"] * 6))
            continue
        still = released.one(NAME, estimand="count", term=step, contrast="still_waiting")
        rows.append(
            (
                capital(name),
                *(brief_interval(_wait(released, step, c)) for c in ("median", "90th_percentile")),
                *(brief_interval(_by(released, step, day)) for day in WITHIN),
                count(still),
            )
        )
    return Table(
        "Waits of everyone who reached the step before, those still waiting counted",
        (
            "From",
            "Median, days (interval)",
            "Nine in ten, days (interval)",
            *(f"Within {day} days" for day in WITHIN),
            "Still waiting",
        ),
        rows,
        note="Shares within a time of those who were seen only, as national figures count them, stand in "
        "release/estimates/access_and_waits.csv.",
    )
