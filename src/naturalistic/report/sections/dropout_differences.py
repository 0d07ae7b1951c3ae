"""Who had dropped out more often by a session, standardised over the cohort; both hazard ratios beside it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from naturalistic.report.blocks import Table
from naturalistic.report.plots.axis import Scale
from naturalistic.report.released import Released
from naturalistic.report.sections.forests import Forest, baseline_namer, sentence
from naturalistic.report.wording import brief_interval, count, number, reason, with_interval

NAME = "dropout_models"
CLOCK_WORDS = {
    "attended_sessions": "session {time}",
    "weeks_since_first_session": "week {time}",
}
# the latest time first: it is the one with most dropouts
TIMES = (("attended_sessions", (20, 10, 4)), ("weeks_since_first_session", (52,)))
UNITS = {"attended_sessions": "attended sessions", "weeks_since_first_session": "weeks"}
NAMED = baseline_namer("per 5 points")


def primary_key(released: Released, **key: Any) -> dict[str, Any]:
    """Key of rows under the primary definition of dropout."""
    return {"definition": released.primary["dropout_definition"], **key}


def when(clock: str, time: float) -> str:
    """A point of a clock in words."""
    return CLOCK_WORDS[clock].format(time=number(time, 0))


def leading_time(released: Released) -> tuple[str, float]:
    """The clock and time to lead with: the primary clock, the latest time with a difference to show."""
    ordered = sorted(TIMES, key=lambda item: item[0] != released.primary["clock"])
    for clock, times in ordered:
        for time in times:
            if len(_difference_rows(released, clock, time).query("status == 'ok'")):
                return clock, time
    return ordered[0][0], ordered[0][1][0]


def _difference_rows(released: Released, clock: str, time: float) -> pd.DataFrame:
    key = primary_key(released, estimand="risk_difference", time_unit=clock)
    rows = released.rows(NAME, **key)
    return rows[(rows["time"] == time) & (rows["term"] != "model")]


def is_measured(released: Released) -> bool:
    """Whether the cohort holds who dropped out; withheld figures are held."""
    rows = released.rows("dropout", **primary_key(released, term="dropout"))
    return bool(len(rows)) and not bool((rows["status"] == "not_measured").all())


def share(released: Released, clock: str, time: float) -> str:
    """What share had left by then, from the curve and not from the model."""
    key = primary_key(
        released,
        estimand="cumulative_incidence",
        time_unit=clock,
        term="dropout",
        dimensions="",
    )
    rows = released.rows("dropout", **key)
    rows = rows[(rows["time"] == time) & (rows["status"] == "ok")]
    if not len(rows):
        return f"What share had dropped out by {when(clock, time)}: {reason(None)}."
    return f"By {when(clock, time)}, {with_interval(rows.iloc[0])} of those who started had dropped out."


def differences(released: Released, clock: str, time: float) -> Forest:
    """Absolute differences as a forest."""
    rows = _difference_rows(released, clock, time)
    alone = bool((rows["specification"] == "one_at_a_time").any())
    how = "each characteristic alone, because few dropped out" if alone else "all in one model"
    return Forest(
        "dropout_absolute_differences",
        rows,
        Scale(
            f"Difference in the share dropped out by {when(clock, time)}",
            null=0.0,
            percent=True,
            ends=("fewer leave", "more leave"),
        ),
        f"Difference in the probability of having dropped out by {when(clock, time)} if everyone were at the level "
        f"named rather than at the level in brackets, averaged over the cohort ({how}). Associations, not effects.",
        NAMED,
    )


def who(forest: Forest, clock: str, time: float) -> str:
    """What stands clear of chance."""
    if not len(forest.rows):
        return f"Who had dropped out more often by {when(clock, time)}: cannot be estimated."
    return sentence(
        forest,
        f"Who had dropped out more often by {when(clock, time)}",
        "more often",
        "less often",
    )


def both_ratios(released: Released, clock: str) -> Table | None:
    """Both kinds of hazard ratios side by side."""
    key = primary_key(released, time_unit=clock)
    own = released.rows(NAME, estimand="subdistribution_hazard_ratio", **key)
    plain = released.rows("dropout", estimand="hazard_ratio", dimensions="", **key)
    beside = {(str(row["term"]), str(row["contrast"])): row for _, row in plain.iterrows()}
    if not (own["status"] == "ok").any():
        return None
    return Table(
        f"Two hazard ratios of dropping out by {UNITS[clock]}",
        ("Characteristic", "Among those still in therapy", "In the share dropped out", "People"),
        [
            (
                NAMED(str(row["term"]), str(row["contrast"])),
                brief_interval(beside.get((str(row["term"]), str(row["contrast"])))),
                brief_interval(row),
                count(row, "n_patients"),
            )
            for _, row in own.iterrows()
        ],
        folded=True,
        note="The first (cause-specific, Cox) is the rate of leaving among those still there; the second "
        "(subdistribution, Fine and Gray) says whose share of dropouts ends up larger, planned endings included.",
    )
