"""What closing, keeping or extending the service would mean: people first, then what the forecast rests on."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.drawing import BLUE, GREY, PALE
from naturalistic.report.plots.bars import Part, stacked_bars
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.closing_caseload import caseload
from naturalistic.report.sections.closing_elsewhere import (
    areas,
    capacity,
    costs,
    problems_and_alternatives,
    thresholds_met,
)
from naturalistic.report.sentences import about, people_of_share
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    interval,
    level_of,
    long_date,
    number,
    percent,
    reason,
    value,
)

NAME = "decommissioning"
PARTS = {
    "planned_ending": Part("Ended as planned", BLUE, dark=True),
    "unplanned_ending": Part("Dropped out", PALE),
    "other_ending": Part("Ended otherwise", "white", hatch=""),
    "cut_short": Part("Still in therapy, cut short", GREY, hatch="//", dark=True),
}
RESTS_ON = (
    "The forecast takes for each person how courses of therapy of the same length went on in these data before the day of "
    "notice, and supposes that they go on in the same way after it. A notice to close may itself change that: nothing in "
    "these data can tell."
)


def closing(released: Released, _: PublishedStudy | None) -> Section | None:
    """Caseload on a day, run-off, people affected, where they would go, areas and costs."""
    if not released.has(NAME):
        return None
    title = "If the service closed, stayed or grew"
    there = _count(released, "in_therapy")
    if there is not None and str(there["status"]) == "not_measured":
        text = (
            f"How many people are in therapy on a given day is not measured here: {there['note']}."
        )
        return Section("closing", title, (text,), tuple(_elsewhere(released)))
    findings = [
        _books(released, there),
        _so_far(released),
        _run_off(released, there),
        _affected(released),
        thresholds_met(released),
    ]
    blocks: list[Block] = []
    if (figure := _figure(released)) is not None:
        blocks += [figure, Text((RESTS_ON,), "note")]
    blocks += _elsewhere(released)
    return Section("closing", title, tuple(text for text in findings if text), tuple(blocks))


def _elsewhere(released: Released) -> Iterator[Block]:
    for made in (caseload, problems_and_alternatives, capacity, areas, costs):
        if (block := made(released)) is not None:
            yield block


def _count(released: Released, term: str) -> pd.Series | None:
    return released.one(NAME, estimand="count", term=term)


def _day(released: Released) -> str:
    asked = (released.settings.get("closing") or {}).get("notice_date")
    return f"On {long_date(str(asked))}" if asked else "On the day these data end"


def _books(released: Released, there: pd.Series | None) -> str:
    waiting = _count(released, "waiting")
    people = (
        f"{about(released, there)} people were in therapy"
        if is_ok(there)
        else f"how many people were in therapy: {reason(there)}"
    )
    text = f"{_day(released)}, {people}"
    if is_ok(waiting):
        queue = float(waiting["estimate"])  # type: ignore[index]  # a row that is_ok
        joined = " and " if is_ok(there) else "; "
        text += f"{joined}{about(released, waiting) if queue else 'nobody'} waited for it"
    elif waiting is not None:
        text += f"; how many waited for it: {reason(waiting)}"
    without = _count(released, "open_without_contact")
    if is_ok(without) and float(without["estimate"]) > 0:  # type: ignore[index]
        weeks = released.settings["dropout"]["lost_contact_weeks"]
        text += (
            f". Not among them: {about(released, without)} people whose course is still open after {weeks} weeks or "
            "more without contact"
        )
    return text + "."


def _so_far(released: Released) -> str:
    share = released.one(NAME, term="over_12_months_so_far")
    mean = released.one(NAME, estimand="mean", term="months_so_far")
    if not is_ok(share) or not is_ok(mean):
        return ""
    return (
        f"{capital(value(share))} of those in therapy had been so for over 12 months; so far it had lasted {value(mean)} "
        "months on average."
    )


def _run_off(released: Released, there: pd.Series | None) -> str:
    """Planned and cut short by the closing date nearest to a year."""
    rows = released.rows(NAME, estimand="expected_share", term="cut_short")
    known = [row for _, row in rows.iterrows() if is_ok(row)]
    if not known:
        return f"How the caseload would run off: {reason(rows.iloc[0]) if len(rows) else 'not measured here'}."
    cut = min(known, key=lambda row: abs(float(row["time"]) - 12))
    months = number(cut["time"], 0)
    text = f"If nobody new were taken on, {months} months later"
    planned = released.one(NAME, estimand="expected_share", term="planned_ending", time=cut["time"])
    if planned is not None and is_ok(planned):
        text += (
            f" {value(planned)} of those in therapy ({level_of(planned)}% band {interval(planned)}) would be expected to "
            "have ended as planned, and"
        )
    people = ""
    if there is not None and is_ok(there):
        people = f", {people_of_share(released, cut, there)}"
    return (
        f"{text} {value(cut)} ({interval(cut)}) would still be in therapy{people}: a closing on that day would cut their "
        "therapy short."
    )


def _affected(released: Released) -> str:
    row, new = (
        released.one(NAME, estimand="expected_number", term=term)
        for term in ("affected", "new_starters")
    )
    if row is None or new is None or not is_ok(row) or not is_ok(new):
        return ""
    return (
        f"Counting those who would be referred and start within {number(new['time'], 0)} months "
        f"({number(new['estimate'], 0)}, {level_of(new)}% band {interval(new)}), a closing would concern about "
        f"{number(row['estimate'], 0)} people ({interval(row)})."
    )


def _figure(released: Released) -> Figure | None:
    rows = {
        term: {
            float(row["time"]): row
            for _, row in released.rows(NAME, estimand="expected_share", term=term).iterrows()
            if is_ok(row)
        }
        for term in PARTS
    }
    times = sorted(set().union(*rows.values()))
    if not times:
        return None
    return Figure(
        "run_off",
        stacked_bars(
            [f"{number(time, 0)} months after notice" for time in times],
            [[_share(rows[term].get(time)) for term in PARTS] for time in times],
            list(PARTS.values()),
            x_label="Expected share of those in therapy on the day of notice",
            synthetic=released.synthetic,
        ),
        "What would become of those in therapy if the service took on nobody new and closed on that day.",
        "Stacked bars by closing date; still in therapy and cut short: "
        + ", ".join(
            f"{percent(row['estimate'])} after {number(time, 0)} months"
            for time, row in rows["cut_short"].items()
        )
        + ".",
        _by_closing_date(released, rows, times),
    )


def _by_closing_date(
    released: Released, rows: dict[str, dict[float, pd.Series]], times: list[float]
) -> Table:
    level = next((level_of(row) for row in rows["cut_short"].values()), "")
    return Table(
        f"Expected share of those in therapy, with {level}% band",
        ("Months after notice", *(part.label for part in PARTS.values())),
        [
            (number(time, 0), *(brief_interval(rows[term].get(time)) for term in PARTS))
            for time in times
        ],
        note=f"People in therapy on the day of notice: {count(_count(released, 'in_therapy'))}.",
    )


def _share(row: pd.Series | None) -> float | None:
    return float(row["estimate"]) if row is not None and is_ok(row) else None
