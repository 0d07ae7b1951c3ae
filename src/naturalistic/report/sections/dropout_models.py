"""Who leaves more often, at which session, and how long therapy lasts."""

from __future__ import annotations

from typing import Any

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.curves import Curve, curves
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.forests import Forest, baseline_namer, forest_figure, sentence
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    label,
    number,
    percent,
    reason,
    value,
    with_interval,
)

NAME, LENGTH = "dropout_models", "length_of_therapy"
CLOCK_WORDS = {
    "attended_sessions": "session {time}",
    "weeks_since_first_session": "week {time}",
}
# the latest time first: it is the one with most dropouts
TIMES = (("attended_sessions", (20, 10, 4)), ("weeks_since_first_session", (52,)))
UNITS = {"attended_sessions": "attended sessions", "weeks_since_first_session": "weeks"}
NAMED = baseline_namer("per 5 points")
MISSED = {"none": "Neither", "one": "One", "both": "Both"}


def dropout_models(released: Released, _: PublishedStudy | None) -> Section | None:
    """Absolute differences, hazard by session, therapists, length of therapy."""
    if not released.has(NAME):
        return None
    clock, time = _when(released)
    forest = _differences(released, clock, time)
    findings = (_share(released, clock, time), _who(forest, clock, time), _length(released))
    blocks: list[Block | None] = [
        forest_figure(released, forest),
        _hazard(released),
        _lengths(released),
        _landmarks(released),
        _first_bookings(released),
        _ratios(released, clock),
        _proportionality(released, clock),
        Text((_therapists(released, clock), _cautions())),
    ]
    return Section(
        "dropout_models",
        "Who leaves more often, and how long therapy lasts",
        tuple(text for text in findings if text),
        tuple(block for block in blocks if block is not None),
    )


def _key(released: Released, **key: Any) -> dict[str, Any]:
    return {"definition": released.primary["dropout_definition"], **key}


def _words(clock: str, time: float) -> str:
    return CLOCK_WORDS[clock].format(time=number(time, 0))


def _when(released: Released) -> tuple[str, float]:
    """The clock and time to lead with: the primary clock, the latest time with a difference to show."""
    ordered = sorted(TIMES, key=lambda item: item[0] != released.primary["clock"])
    for clock, times in ordered:
        for time in times:
            if len(_difference_rows(released, clock, time).query("status == 'ok'")):
                return clock, time
    return ordered[0][0], ordered[0][1][0]


def _difference_rows(released: Released, clock: str, time: float) -> pd.DataFrame:
    rows = released.rows(NAME, **_key(released, estimand="risk_difference", time_unit=clock))
    return rows[(rows["time"] == time) & (rows["term"] != "model")]


def _share(released: Released, clock: str, time: float) -> str:
    """What share had left by then, from the curve and not from the model."""
    key = _key(released, estimand="cumulative_incidence", time_unit=clock, term="dropout")
    rows = released.rows("dropout", **key)
    rows = rows[(rows["time"] == time) & (rows["status"] == "ok")]
    if not len(rows):
        return f"What share had dropped out by {_words(clock, time)}: {reason(None)}."
    return f"By {_words(clock, time)}, {with_interval(rows.iloc[0])} of those who started had dropped out."


def _differences(released: Released, clock: str, time: float) -> Forest:
    rows = _difference_rows(released, clock, time)
    alone = bool((rows["specification"] == "one_at_a_time").any())
    how = "each characteristic alone, because few dropped out" if alone else "all in one model"
    return Forest(
        "dropout_absolute_differences",
        rows,
        Scale(
            f"Difference in the share dropped out by {_words(clock, time)}",
            null=0.0,
            percent=True,
            ends=("fewer leave", "more leave"),
        ),
        f"Difference in the probability of having dropped out by {_words(clock, time)} if everyone were at the level "
        f"named rather than at the level in brackets, averaged over the cohort ({how}). Associations, not effects.",
        NAMED,
    )


def _who(forest: Forest, clock: str, time: float) -> str:
    if not len(forest.rows):
        return f"Who had dropped out more often by {_words(clock, time)}: cannot be estimated."
    return sentence(
        forest,
        f"Who had dropped out more often by {_words(clock, time)}",
        "more often",
        "less often",
    )


def _length(released: Released) -> str:
    parts = []
    for clock, words in UNITS.items():
        row = released.one(LENGTH, estimand="median_time", term="median", time_unit=clock)
        if is_ok(row):
            parts.append(f"{with_interval(row)} {words}")
    if not parts:
        return ""
    text = f"Half of all therapies last longer than {' and '.join(parts)}, open ones counted so far as they go"
    over = released.one(LENGTH, term="over_12_months")
    return f"{text}; {with_interval(over)} last over 12 months." if is_ok(over) else f"{text}."


def _hazard(released: Released) -> Figure | None:
    rows = released.rows(NAME, estimand="hazard", status="ok").sort_values("time")
    if len(rows) < 2:
        return None
    columns = ("time", "estimate", "conf_low", "conf_high")
    time, value_, low, high = (rows[name].astype(float).tolist() for name in columns)
    top = rows.iloc[int(rows["estimate"].astype(float).to_numpy().argmax())]
    # every number would run into the next
    shown = {float(row["time"]): count(row, "n_patients") for _, row in rows.iloc[::3].iterrows()}
    return Figure(
        "hazard_by_session",
        curves(
            [Curve("Reference person", time, value_, low, high)],
            shown,
            x_label="Session",
            y_label="Share who leave before this session",
            synthetic=released.synthetic,
        ),
        "Of those still in therapy, the share expected not to come to each session any more, for a person at the "
        "reference level of every characteristic with average age and score (smooth curve of a discrete-time model, "
        "band: interval). Numbers below: people still under observation.",
        f"Curve of the probability of leaving by session: highest before session {number(top['time'], 0)} with "
        f"{percent(top['estimate'], 1)}.",
        Table(
            "Probability of leaving before each session, reference person still in therapy",
            ("Session", "Probability (interval)", "Still under observation"),
            [
                (number(row["time"], 0), brief_interval(row), count(row, "n_patients"))
                for _, row in rows.iterrows()
            ],
            folded=True,
        ),
    )


def _lengths(released: Released) -> Table | None:
    cells: list[tuple[str, ...]] = []
    for clock, words in UNITS.items():
        for term in ("lower_quartile", "median", "upper_quartile"):
            row = released.one(LENGTH, estimand="median_time", term=term, time_unit=clock)
            if row is not None:
                name = f"{capital(term.replace('_', ' '))}, {words}"
                cells.append((name, brief_interval(row), count(row, "n_patients")))
        for estimand, name, people in (
            ("restricted_mean_time", "Mean up to {time} {words}", "n_patients"),
            ("survival_probability", "Share longer than {time} {words}", "denominator"),
        ):
            for _, row in released.rows(LENGTH, estimand=estimand, time_unit=clock).iterrows():
                said = name.format(time=number(row["time"], 0), words=words)
                cells.append((said, brief_interval(row), count(row, people)))
    if not cells:
        return None
    return Table(
        "Length of therapy of everyone who started, open therapies counted so far as they go",
        ("Length", "Estimate (interval)", "People"),
        cells,
    )


def _landmarks(released: Released) -> Table | None:
    found: dict[str, dict[str, pd.Series]] = {}
    for levels, row in released.cells(LENGTH, "landmark", estimand="cumulative_incidence"):
        found.setdefault(levels["landmark"], {})[str(row["term"])] = row
    if not found:
        return None
    ordered = sorted(found, key=lambda name: int(name.rsplit("_", 1)[1]))
    return Table(
        "Of those who attended a session, how therapy goes on",
        ("Attended", "Planned ending (interval)", "Dropping out (interval)", "People"),
        [
            (
                capital(name.replace("_", " ")),
                brief_interval(found[name].get("planned_ending")),
                brief_interval(found[name].get("dropout")),
                count(found[name].get("planned_ending"), "n_patients"),
            )
            for name in ordered
        ],
    )


def _first_bookings(released: Released) -> Table | None:
    terms = ("first_two_sessions_missed", "never_started", "dropout")
    found = {
        term: dict(released.levels(LENGTH, "missed_of_first_two", estimand="proportion", term=term))
        for term in terms
    }
    if not found[terms[0]]:
        return None
    return Table(
        "Missing the first two treatment sessions offered, and what became of it",
        (
            "Missed",
            "Share (interval)",
            "Never started (interval)",
            "Of those who started, dropped out",
        ),
        [
            (words, *(brief_interval(found[term].get(level)) for term in terms))
            for level, words in MISSED.items()
        ],
        note="Missed on the patient's side; sessions the service cancelled are passed over.",
    )


def _ratios(released: Released, clock: str) -> Table | None:
    """Both kinds of hazard ratios side by side."""
    key = _key(released, time_unit=clock)
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


def _proportionality(released: Released, clock: str) -> Table | None:
    key = _key(released, time_unit=clock)
    tests = released.rows(NAME, estimand="proportional_hazards_test", **key)
    if not (tests["status"] == "ok").any():
        return None
    early_late: dict[str, list[str]] = {}
    for levels, row in released.cells(NAME, "period", estimand="hazard_ratio", **key):
        _, _, level = NAMED(str(row["term"]), str(row["contrast"])).partition(": ")
        text = f"{level} {levels['period'].replace('_', ' ')}: {brief_interval(row)}".strip()
        early_late.setdefault(str(row["term"]), []).append(text)
    return Table(
        f"Is the hazard ratio the same throughout? By {UNITS[clock]}",
        ("Characteristic", "p", "Where it is not: early and late"),
        [
            (
                "All together" if row["term"] == "all_terms" else label(str(row["term"])),
                number(row["p_value"], 3) if is_ok(row) else reason(row),
                "; ".join(early_late.get(str(row["term"]), ())) or "–",
            )
            for _, row in tests.iterrows()
        ],
        folded=True,
        prose=True,
        note="A small p says that the ratio changes with time; among twenty tests one falls below 0.05 by chance.",
    )


def _therapists(released: Released, clock: str) -> str:
    found = {
        estimand: rows.iloc[0] if len(rows) else None
        for estimand in ("median_hazard_ratio", "intraclass_correlation")
        for rows in [released.rows(NAME, estimand=estimand, **_key(released, time_unit=clock))]
    }
    ratio, share = found["median_hazard_ratio"], found["intraclass_correlation"]
    if not is_ok(ratio):
        return f"How far therapists differ in how soon their patients leave: {reason(ratio)}."
    return (
        f"Therapists account for {with_interval(share)} of the variation in how soon people drop out: between two "
        f"therapists picked at random the rate typically differs by a factor of {value(ratio)}."
    )


def _cautions() -> str:
    return (
        "These are associations in people who were all treated: they say who leaves more often, not why, and nothing "
        "about any one person."
    )
