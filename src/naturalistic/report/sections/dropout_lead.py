"""Staying and leaving in two sentences, before any model: what share leaves and when, and who more often."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.dropout_curves import (
    NAME,
    curve_rows,
    primary_definition,
)
from naturalistic.report.wording import label, lower_first, number, percent, with_interval

POINTS = {"attended_sessions": "session {time}", "weeks_since_first_session": "week {time}"}
HORIZONS = {"attended_sessions": 20.0, "weeks_since_first_session": 52.0}
MOST = 3
BEYOND_CHANCE = 0.05
HALVES = {"below": "below the median", "from": "from the median on"}


def share_and_when(released: Released, clock: str) -> str:
    """What share of everyone who started had dropped out, and by when half of these were gone."""
    rows = curve_rows(released, clock, "dropout")
    rows = rows[(rows["status"] == "ok") & (rows["time"] <= HORIZONS[clock])]
    if not len(rows):
        return ""
    last = rows.iloc[-1]
    when = POINTS[clock].format(time=number(last["time"], 0))
    text = f"Of everyone who started, {with_interval(last)} had dropped out by {when}"
    half = rows[rows["estimate"].astype(float) >= float(last["estimate"]) / 2]
    if not len(half) or float(last["estimate"]) <= 0 or half.index[0] == rows.index[-1]:
        return f"{text}."
    gone = POINTS[clock].format(time=number(half["time"].iloc[0], 0))
    return f"{text}, at least half of them by {gone}."


def who_more_often(released: Released, clock: str) -> str:
    """The characteristics whose levels differ beyond chance, with the shares at the highest and the lowest level."""
    key = {"time_unit": clock, **primary_definition(released)}
    tests = released.rows(NAME, estimand="grays_test", status="ok", **key)
    if not len(tests):
        return ""
    tests = tests.sort_values("p_value", key=lambda p: p.astype(float))
    clear = tests[tests["p_value"].astype(float) < BEYOND_CHANCE]
    parts = [_contrast(released, str(name), key) for name in clear["term"]]
    parts = [part for part in parts if part]
    chance = "about one in twenty would by chance alone"
    if not parts:
        return f"None of {len(tests)} characteristics compared tells beyond chance who dropped out more often ({chance})."
    more = f"; {len(parts) - MOST} more differ" if len(parts) > MOST else ""
    return (
        f"Dropped out more often, nothing else held equal: {'; '.join(parts[:MOST])}{more} ({len(clear)} of {len(tests)} "
        f"characteristics differ beyond chance by Gray's test; {chance})."
    )


def _contrast(released: Released, name: str, key: dict[str, str]) -> str:
    found = [
        (levels[name], row)
        for levels, row in released.cells(
            NAME, name, estimand="cumulative_incidence", term="dropout", **key
        )
        if is_ok(row)
    ]
    if len(found) < 2:
        return ""
    found.sort(key=lambda item: -float(item[1]["estimate"]))
    (high, top), (low, bottom) = found[0], found[-1]
    return (
        f"{lower_first(label(name).split(' (')[0])}: {_level(name, high)} ({percent(top['estimate'])}) against "
        f"{_level(name, low)} ({percent(bottom['estimate'])})"
    )


def _level(name: str, level: str) -> str:
    return HALVES.get(level) or lower_first(label(name, level))


def level_name(name: str, level: str) -> str:
    """A level with its characteristic: `Employment: unemployed`, `Age at referral: below the median`."""
    return f"{label(name).split(' (')[0]}: {_level(name, level)}"


def by_level(released: Released, clock: str) -> list[tuple[str, str, pd.Series]]:
    """Characteristic, level and row of every share by level, in the order of the analysis."""
    key = {"time_unit": clock, **primary_definition(released)}
    tests = released.rows(NAME, estimand="grays_test", **key)
    return [
        (str(name), levels[str(name)], row)
        for name in tests["term"]
        for levels, row in released.cells(
            NAME, str(name), estimand="cumulative_incidence", term="dropout", **key
        )
    ]
