"""Who leaves, when, and who stays to a planned ending."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report import sentences
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.curves import Curve, curves
from naturalistic.report.plots.dots import DotRow, Scale, dot_plot
from naturalistic.report.released import MAIN, Released, first_known, is_ok
from naturalistic.report.sections.forests import (
    Forest,
    baseline_namer,
    forest_figure,
    point,
    sentence,
)
from naturalistic.report.wording import (
    WITHHELD,
    brief_interval,
    capital,
    count,
    number,
    percent,
    reason,
    value,
)
from naturalistic.vocabulary import CLOCKS, DROPOUT_DEFINITIONS

NAME = "dropout"
MODEL = {"model": "cause_specific_cox", "specification": "adjusted"}
BESIDE = (
    "Dropout is read beside the other ways of ending, since whoever has ended as planned can no longer drop out. "
    "Episodes that were still open count up to the data cut."
)
CAUSES = {
    "dropout": "Dropped out",
    "planned_ending": "Planned ending",
    "other_ending": "Ended otherwise",
    "unknown_ending": "Ending not known",
}
SHORT = {
    "unplanned_ending": "Coded as unplanned by the clinician",
    "before_agreed_end": "Before the agreed end",
    "last_session_missed": "Last booked session missed",
    "lost_contact": "Lost contact while open",
    "fewer_than_k_sessions": "Fewer than {k} sessions",
}


def dropout(released: Released, _: PublishedStudy | None) -> Section | None:
    """Cumulative incidence of each way of ending, definitions compared, hazard ratios."""
    if not released.has(NAME):
        return None
    clocks = _clocks(released)
    findings = [sentences.dropped_out(released)]
    blocks: list[Block] = []
    for i, clock in enumerate(clocks):
        model = _forest(released, clock)
        figure = _incidence(released, clock)
        blocks += [figure] if figure is not None else []
        if i == 0:
            findings += [_by_when(released, clock)]
            findings.append(
                sentence(
                    model,
                    "Who dropped out sooner",
                    "dropping out sooner",
                    "dropping out later or not",
                )
            )
            blocks += [f for f in (_definitions(released), forest_figure(released, model)) if f]
        elif (table := _ratios(model, clock)) is not None:
            blocks.append(table)
    if not clocks:
        blocks += [figure for figure in (_definitions(released),) if figure]
    if blocks:
        blocks.append(Text((BESIDE,)))
    return Section(
        "dropout", "Staying and leaving", tuple(text for text in findings if text), tuple(blocks)
    )


def _primary(released: Released) -> dict[str, str]:
    """The definition of dropout the report leads with."""
    return {"definition": released.primary["dropout_definition"]}


def _clocks(released: Released) -> list[str]:
    """Clocks with at least one curve, the primary one first."""
    rows = released.rows(
        NAME, estimand="cumulative_incidence", status="ok", **_primary(released), **MAIN
    )
    found = [clock for clock in CLOCKS if (rows["time_unit"] == clock).any()]
    return sorted(found, key=lambda clock: clock != released.primary["clock"])


def _curve_rows(released: Released, clock: str, term: str) -> pd.DataFrame:
    key = {"time_unit": clock, "term": term, "dimensions": "", **_primary(released), **MAIN}
    rows = released.rows(NAME, estimand="cumulative_incidence", **key)
    return rows.sort_values("time")


def _incidence(released: Released, clock: str) -> Figure | None:
    found = {term: _curve_rows(released, clock, term) for term in CAUSES}
    shown = {term: rows[rows["status"] == "ok"] for term, rows in found.items()}
    lines = [_as_curve(CAUSES[term], rows) for term, rows in shown.items() if len(rows)]
    if not lines:
        return None
    at_risk = _at_risk(released, clock)
    ends = [
        f"{CAUSES[term].lower()} {percent(rows['estimate'].iloc[-1])} by {rows['time'].iloc[-1]:g}"
        for term, rows in shown.items()
        if len(rows)
    ]
    words = CLOCKS[clock].label
    return Figure(
        f"ways_of_ending_by_{clock}",
        curves(
            lines,
            at_risk,
            x_label=capital(words),
            y_label="Share who have ended this way",
            synthetic=released.synthetic,
        ),
        f"Share of everyone who started that has ended in each way, by {words} (cumulative incidence, Aalen-Johansen), "
        "with intervals as bands. Points are read at the marks and joined by lines. Numbers below: people still under "
        "observation; a dot or a missing mark means withheld because few people are concerned.",
        f"Rising curves of the ways of ending by {words}: {'; '.join(ends)}.",
        _incidence_table(found, words, at_risk),
    )


def _as_curve(name: str, rows: pd.DataFrame) -> Curve:
    """A curve of the rows; where there are no limits (nobody yet) the band has no width."""
    value = rows["estimate"].astype(float)
    low, high = (rows[c].astype(float).fillna(value) for c in ("conf_low", "conf_high"))
    time = rows["time"].astype(float)
    return Curve(name, time.tolist(), value.tolist(), low.tolist(), high.tolist())


def _at_risk(released: Released, clock: str) -> dict[float, str]:
    """Number under observation at each time, from any curve that may show it."""
    rows = released.rows(NAME, time_unit=clock, dimensions="", **_primary(released), **MAIN)
    rows = rows[rows["estimand"].isin(["cumulative_incidence", "survival_probability"])]
    found: dict[float, str] = {}
    for _, row in rows[rows["time"].notna()].iterrows():
        time = float(row["time"])
        if found.get(time, "·") == "·":
            found[time] = count(row, "n_patients") if is_ok(row) else "·"
    return found


def _incidence_table(
    found: dict[str, pd.DataFrame], words: str, at_risk: dict[float, str]
) -> Table:
    cells: dict[float, dict[str, pd.Series]] = {}
    for term, rows in found.items():
        for _, row in rows.iterrows():
            cells.setdefault(float(row["time"]), {})[term] = row
    return Table(
        f"Share who have ended in each way, by {words}",
        (capital(words), *CAUSES.values(), "Still under observation"),
        [
            (
                number(time, 0),
                *(brief_interval(rows.get(term)) for term in CAUSES),
                at_risk.get(time, "·").replace("·", WITHHELD),
            )
            for time, rows in sorted(cells.items())
        ],
    )


def _by_when(released: Released, clock: str) -> str:
    """The share that had dropped out half-way and at the end of what can be shown."""
    rows = _curve_rows(released, clock, "dropout")
    rows = rows[rows["status"] == "ok"]
    if not len(rows):
        return ""
    unit = {
        "attended_sessions": "attended sessions",
        "weeks_since_first_session": "weeks after the first session",
    }[clock]
    last = float(rows["time"].iloc[-1])
    middle = rows.iloc[(rows["time"] - last / 3).abs().argmin()]
    return (
        f"By {number(middle['time'], 0)} {unit} {percent(middle['estimate'])} had dropped out, and "
        f"{percent(rows['estimate'].iloc[-1])} by {number(last, 0)}."
    )


def _definitions(released: Released) -> Figure | None:
    rows = {
        definition: released.one(NAME, estimand="proportion", term="dropout", definition=definition)
        for definition in DROPOUT_DEFINITIONS
    }
    if not any(is_ok(row) for row in rows.values()):
        return None
    chosen = released.primary["dropout_definition"]
    names = {
        key: SHORT[key].format(k=released.settings["dropout"]["fewer_than_sessions"])
        for key in rows
    }
    return Figure(
        "dropout_definitions",
        dot_plot(
            [
                DotRow(
                    names[key] + (" (primary)" if key == chosen else ""),
                    (point(row) if row is not None else None,),
                    reason(row) or brief_interval(row),
                )
                for key, row in rows.items()
            ],
            Scale("Share dropped out, of those the definition can judge", percent=True),
            column="Share (interval)",
            synthetic=released.synthetic,
        ),
        "The share called dropout depends on the definition. Of those whose ending the definition can judge.",
        "Dot plot of dropout under five definitions: "
        + ", ".join(f"{names[key].lower()} {value(row)}" for key, row in rows.items())
        + ".",
        Table(
            "Dropout under each definition",
            ("Definition", "Share (interval)", "People judged"),
            [
                (
                    capital(DROPOUT_DEFINITIONS[key].label),
                    brief_interval(row),
                    reason(None) if row is None else count(row, "denominator"),
                )
                for key, row in rows.items()
            ],
        ),
    )


def _forest(released: Released, clock: str) -> Forest:
    rows = released.rows(
        NAME, estimand="hazard_ratio", time_unit=clock, **_primary(released), **MODEL
    )
    events, people = first_known(rows, "n_events"), first_known(rows, "denominator")
    size = ""
    if people is not None and events is not None:
        size = f" (n = {number(people, 0)}, {number(events, 0)} dropped out)"
    return Forest(
        f"dropout_hazard_ratios_{clock}",
        rows,
        Scale(
            "Hazard ratio of dropping out",
            null=1.0,
            logarithmic=True,
            ends=("later or less", "sooner or more"),
        ),
        f"Cause-specific hazard ratios of dropping out by {CLOCKS[clock].label}, all characteristics in one Cox model, "
        f"people who started{size}. One means no difference.",
        baseline_namer("per 5 points"),
    )


def _ratios(forest: Forest, clock: str) -> Table | None:
    found = [row for _, row in forest.rows.iterrows()]
    if not any(is_ok(row) for row in found):
        return None
    return Table(
        f"Hazard ratios of dropping out by {CLOCKS[clock].label}",
        ("Characteristic", "Hazard ratio (interval)", "People at that level"),
        [
            (
                forest.named(str(row["term"]), str(row["contrast"])),
                brief_interval(row),
                count(row, "n_patients"),
            )
            for row in found
        ],
        folded=True,
    )
