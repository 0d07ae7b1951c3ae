"""Words of the decision brief: short, plain, and the same for the same kind of finding.

Every rule here serves readers of fourteen: one idea a sentence, no word of the trade where another does.
"""

from __future__ import annotations

import pandas as pd

from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sentences import about
from naturalistic.report.thresholds import thresholds
from naturalistic.report.wording import (
    NEARLY_ALL,
    NOT_ESTIMABLE,
    NOT_RUN,
    WITHHELD,
    brief,
    interval,
    long_date,
    number,
    reason,
    value,
)

WHY = {
    WITHHELD: "withheld, as it rests on few people or could give them away",
    NEARLY_ALL: "nearly all",
    NOT_ESTIMABLE: "there is too little here to tell",
    NOT_RUN: "not worked out in this run",
}


def why_not(row: pd.Series | None) -> str:
    """Why there is no number, in plain words."""
    found = reason(row)
    return WHY.get(found, found)


def why_none(released: Released, analysis: str, row: pd.Series | None) -> str:
    """Why an analysis gives no number: not looked at where the settings leave it out, else as its row says."""
    return WHY[NOT_RUN] if row is None and released.left_out(analysis) else why_not(row)


def ranged(row: pd.Series | None) -> str:
    """The number with its interval: `28% (likely range 25% to 31%)`; why there is none otherwise."""
    if row is None or not is_ok(row):
        return why_not(row)
    limits = interval(row)
    return f"{value(row)} (likely range {limits})" if limits else value(row)


def people_words(released: Released, row: pd.Series | None) -> str:
    """`about 545 people`, or why the number is not given."""
    return f"{about(released, row)} people" if is_ok(row) else f"a number of people {why_not(row)}"


def way(row: pd.Series) -> str:
    """Which way an average moved: better, worse or unclear. Only a whole interval on one side tells."""
    if not has_interval(row) or row["conf_low"] <= 0 <= row["conf_high"]:
        return "unclear"
    return "better" if row["estimate"] > 0 else "worse"


def average_change(released: Released, row: pd.Series | None) -> str:
    """How the scores of people with both forms moved on average."""
    name = released.measure_name()
    if row is None or not is_ok(row):
        return f"How much scores on {name} changed: {why_not(row)}."
    who = "People with a first and a last form"
    found, size = way(row), number(abs(float(row["estimate"])))
    if found == "unclear":
        side = "better" if row["estimate"] >= 0 else "worse"
        limits = interval(row)
        spread = (
            f"the likely range, {limits}, takes in no change" if limits else "no range is known"
        )
        return (
            f"{who} scored about the same after therapy as before. The average change was {size} points for the {side}, "
            f"but {spread}."
        )
    low, high = sorted(abs(float(row[column])) for column in ("conf_low", "conf_high"))
    return (
        f"{who} scored {found} after therapy than before, by {size} points on {name} on average (likely range "
        f"{number(low)} to {number(high)})."
    )


def size_of_change(released: Released, row: pd.Series | None) -> str:
    """The average against what counts as more than chance in one person's form; empty where it cannot be said."""
    least = thresholds(released).reliable
    if row is None or least is None or way(row) == "unclear":
        return ""
    low, high = sorted(abs(float(row[column])) for column in ("conf_low", "conf_high"))
    size = "less than" if high < least else "more than" if low > least else "about as much as"
    exactly = released.settings["reliable_change"]["inequality"] == "at_least"
    amount = f"{brief(least)} points or more" if exactly else f"more than {brief(least)} points"
    return (
        f"For one person, a move of {amount} counts as reliable: it is more than the form's own error is likely to make. "
        f"The average moved {size} that."
    )


def data_day(released: Released) -> str:
    """`30 September 2022`: the day of notice, else the day the data end; empty where there is no calendar."""
    asked = (released.settings.get("closing") or {}).get("notice_date")
    provenance = released.record["provenance"]
    if asked:
        return long_date(str(asked))
    return "" if provenance["calendar"] == "relative" else long_date(provenance["data_cut"])
