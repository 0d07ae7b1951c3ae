"""Brief: what would change for whom if the service closed, stayed as it is, or grew."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from naturalistic.report.blocks import Section, Table
from naturalistic.report.brief_words import data_day, people_words, ranged, why_none
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.closing_elsewhere import yearly_cost
from naturalistic.report.sentences import about, people_of_share
from naturalistic.report.wording import NOT_MEASURED, interval, number, value

NAME = "decommissioning"
ACCESS = "access_and_waits"
NO_AREAS = "it needs to be known where people live, and how many live there"
NO_COSTS = "no costs were given for this report, and none are assumed"
DAYS_A_MONTH = 365.25 / 12
TWO_MONTHS = 61
HORIZON = 12.0  # months: the closing date nearest to a year is shown
UNKNOWN = {
    "Close": "Whether those cut short would be seen elsewhere, how soon, and how they would fare.",
    "Keep": "Whether what was seen so far would go on.",
    "Extend": "Whether more people would fare as those seen so far did.",
}


def options(released: Released) -> Section:
    """The three options side by side."""
    table = Table(
        "What each choice would mean for people",
        ("Choice", "What these records show", "What they cannot tell"),
        [
            ("Close", " ".join(closing(released)), UNKNOWN["Close"]),
            ("Keep", " ".join(keeping(released)), UNKNOWN["Keep"]),
            ("Extend", " ".join(extending(released)), UNKNOWN["Extend"]),
        ],
        note=_note(released),
        prose=True,
    )
    return Section(
        "brief_options",
        "What changes if it closes, stays or grows",
        (on_the_books(released),),
        (table,),
    )


def on_the_books(released: Released) -> str:
    """How many are in therapy and waiting on the day of notice."""
    there, waiting = _count(released, "in_therapy"), _count(released, "waiting")
    day = data_day(released)
    when = f"On {day}" if day else "On the last day of these data"
    if not is_ok(there):
        return f"How many people are in therapy on a given day: {why_none(released, NAME, there)}."
    text = f"{when}, {people_words(released, there)} were in therapy"
    if is_ok(waiting):
        nobody = float(waiting["estimate"]) == 0  # type: ignore[index]  # a row that is_ok
        return f"{text} and {'no one' if nobody else about(released, waiting)} waited for it."
    return f"{text}. How many waited for it: {why_none(released, NAME, waiting)}."


def closing(released: Released) -> Iterator[str]:
    """Run-off by about a year, who would be cut short, and how many people in all."""
    yield run_off(released)
    affected = _expected(released, "affected")
    if is_ok(affected):
        yield f"In all, about {value(affected)} people would be affected{_limits(affected)}."
    else:
        yield f"How many people would be affected in all: {why_none(released, NAME, affected)}."


def run_off(released: Released) -> str:
    """Of those in therapy, the share that would end as planned and the share cut short, by the closing date near a year."""
    rows = released.rows(NAME, estimand="expected_share", term="cut_short")
    known = [row for _, row in rows.iterrows() if is_ok(row)]
    if not known:
        row = rows.iloc[0] if len(rows) else None
        return f"How many would end in time: {why_none(released, NAME, row)}."
    cut = min(known, key=lambda row: abs(float(row["time"]) - HORIZON))
    months = number(cut["time"], 0)
    planned = released.one(NAME, estimand="expected_share", term="planned_ending", time=cut["time"])
    text = f"If no one new were taken on, {ranged(cut)} of those in therapy would still be in it {months} months later"
    there = _count(released, "in_therapy")
    if is_ok(there):
        text += f". To close then would cut short the therapy of {people_of_share(released, cut, there)}"  # type: ignore[arg-type]  # a row that is_ok
    text += "."
    if is_ok(planned):
        text += f" {ranged(planned)} would have ended as planned."
    return text


def keeping(released: Released) -> Iterator[str]:
    """Who would be expected to start, and how long people wait."""
    new = _expected(released, "new_starters")
    if is_ok(new):
        months = number(new["time"], 0)  # type: ignore[index]  # a row that is_ok
        yield (
            f"If things went on as they were, about {value(new)} more people would start in the next {months} months"
            f"{_limits(new)}."
        )
    else:
        yield f"How many more people would start: {why_none(released, NAME, new)}."
    wait = released.one(
        ACCESS,
        estimand="waiting_time",
        term="referral_to_first_session",
        contrast="median",
    )
    yield _wait(released, wait)


def _wait(released: Released, row: pd.Series | None) -> str:
    """How long half waited or more, in months where it is long; who left the list is counted up to that day."""
    if row is None or not is_ok(row):
        return f"How long people wait for a first session: {why_none(released, ACCESS, row)}."
    days, limits = value(row), interval(row)
    if float(row["estimate"]) < TWO_MONTHS:
        return f"Half of those who stayed on the list waited {days} days or more for a first session{_limits(row)}."
    months = number(float(row["estimate"]) / DAYS_A_MONTH, 0)
    exact = f"{days} days, likely range {limits}" if limits else f"{days} days"
    return f"Half of those who stayed on the list waited about {months} months or more for a first session ({exact})."


def extending(released: Released) -> Iterator[str]:
    """What it would take to give every area the highest rate, and what a person treated costs."""
    level = released.one(NAME, estimand="expected_number", term="level_up")
    if is_ok(level):
        money = yearly_cost(released, level)
        yield (
            f"If all areas had the rate of the area with the most, about {value(level)} more people would start each year"
            f"{_limits(level)}." + (f" At the cost below, that is about {money}." if money else "")
        )
    else:
        yield f"How many more people it would reach: {_lacks(released, level, NO_AREAS)}."
    yield cost(released)


def cost(released: Released) -> str:
    """Cost per person treated by the user's own figures, or that none were stated."""
    rows = released.rows(NAME, estimand="cost", term="treated")
    row = rows.iloc[0] if len(rows) else None
    if not is_ok(row):
        return f"What it costs for each person treated: {_lacks(released, row, NO_COSTS)}."
    money, _, year = str(row["dimensions"]).partition("=")[2].partition(", ")  # type: ignore[index]  # a row that is_ok
    low_high = f" (likely range {interval(row)})" if interval(row) else ""
    return f"By the service's own costs of {year}, each person treated costs {money}{value(row)}{low_high}."


def _note(released: Released) -> str:
    """Which interval the likely ranges of what lies ahead are, where any is given."""
    closing = released.settings.get("closing") or {}
    level = closing.get("conf_level")
    ahead = released.rows(NAME, estimand=("expected_share", "expected_number"), status="ok")
    if level is None or not len(ahead):
        return ""
    return f"Likely ranges of what lies ahead: {round(100 * float(level))}% band."


def _lacks(released: Released, row: pd.Series | None, needs: str) -> str:
    """Why there is no number; where it was not measured, what it would need."""
    why = why_none(released, NAME, row)
    return f"{why}, as {needs}" if why == NOT_MEASURED else why


def _count(released: Released, term: str) -> pd.Series | None:
    return released.one(NAME, estimand="count", term=term)


def _expected(released: Released, term: str) -> pd.Series | None:
    return released.one(NAME, estimand="expected_number", term=term)


def _limits(row: pd.Series | None) -> str:
    limits = interval(row)
    return f" (likely range {limits})" if limits else ""
