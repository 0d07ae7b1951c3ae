"""Change by number of sessions in the report: the findings in words."""

from __future__ import annotations

from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.dose_figures import ENDINGS, NAME, bands_of
from naturalistic.report.sections.dose_tables import MODELS, SPECIFICATIONS
from naturalistic.report.wording import (
    interval,
    level_of,
    reason,
    value,
    with_interval,
)


def change_words(released: Released) -> str:
    """Change of those who attended fewest and most sessions."""
    known = [(name, row) for name, row in bands_of(released).items() if is_ok(row)]
    if not known:
        rows = bands_of(released)
        return f"Change by sessions attended: {reason(next(iter(rows.values()), None))}."
    if len(known) == 1:
        return f"People who attended {known[0][0]} sessions changed by {with_interval(known[0][1])} points on average."
    low, high = known[0], known[-1]
    return (
        f"People who attended {low[0]} sessions changed by {with_interval(low[1])} points on average, people who attended "
        f"{high[0]} by {with_interval(high[1])}."
    )


def pace_words(released: Released) -> str:
    """The same for ten sessions."""
    known = [
        (name, row)
        for name, row in bands_of(released, term="per_ten_sessions").items()
        if is_ok(row)
    ]
    if len(known) < 2:
        return ""
    low, high = known[0], known[-1]
    return (
        f"Set against the sessions they had, that is {value(low[1])} points for ten sessions among the first and "
        f"{value(high[1])} among the last."
    )


def ending_words(released: Released) -> str:
    """Change after planned and unplanned endings."""
    change = dict(released.levels(NAME, "ending", estimand="mean_change", term=""))
    if not all(is_ok(change.get(word)) for word in ENDINGS):
        return ""
    paired = dict(released.levels(NAME, "ending", estimand="proportion", term="paired"))
    text = (
        f"After a planned ending the mean change was {with_interval(change['planned_ending'])} points, after dropping out "
        f"{with_interval(change['unplanned_ending'])}"
    )
    if all(is_ok(paired.get(word)) for word in ENDINGS):
        shares = [value(paired[word]) for word in ENDINGS]
        text += f". Both forms are held for {shares[0]} of the former and {shares[1]} of the latter"
    return f"{text}."


def doubling_words(released: Released) -> str:
    """What a doubling of the sessions goes with, alone and with all held equal."""
    rows = {}
    for spec in SPECIFICATIONS:
        found = [
            released.one(NAME, estimand="coefficient", model=model, specification=spec)
            for model in MODELS
        ]
        rows[spec] = next((row for row in found if has_interval(row)), None)
    alone = rows["alone"]
    given = rows["adjusted"] if rows["adjusted_and_ending"] is None else rows["adjusted_and_ending"]
    if alone is None or given is None:
        return ""
    return (
        f"With each doubling of the sessions the change was {value(alone)} points larger "
        f"({level_of(alone)}% interval {interval(alone)}); with the score before therapy, characteristics and ending held "
        f"equal {value(given)} ({interval(given)}). This is an association and not what a further "
        "session gives."
    )


def feedback_words(released: Released) -> str:
    """Whether the number of sessions answers to the change."""
    row = released.one(NAME, estimand="correlation", term="improvement_so_far_and_further_sessions")
    if not has_interval(row):
        return ""
    low, high = float(row["conf_low"]), float(row["conf_high"])  # type: ignore[index]  # has an interval
    if low <= 0 <= high:
        meaning = "this does not stand clear of chance"
    elif high < 0:
        meaning = "people who had improved more had fewer sessions left: the number of sessions answers to the change"
    else:
        meaning = "people who had improved more had more sessions left: those who do well stay"
    return (
        f"The improvement at the first form during therapy and the number of sessions that followed correlate at "
        f"{with_interval(row)}; {meaning}."
    )
