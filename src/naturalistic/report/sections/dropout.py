"""Who leaves, when, and who stays to a planned ending."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report import sentences
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, first_known, is_ok
from naturalistic.report.sections.dropout_curves import (
    clocks_with_curves,
    primary_definition,
    ways_of_ending,
)
from naturalistic.report.sections.dropout_lead import (
    POINTS,
    by_level,
    level_name,
    share_and_when,
    who_more_often,
)
from naturalistic.report.sections.dropout_stacked import before_treatment, where_everyone_is
from naturalistic.report.sections.forests import (
    Forest,
    baseline_namer,
    forest_figure,
    point,
    sentence,
)
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    long_date,
    number,
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
EITHER_WAY = ("declared_dropout", "estimated_dropout")
SHORT = {
    "unplanned_ending": "Coded as unplanned by the clinician",
    "before_agreed_end": "Before the agreed end",
    "last_session_missed": "Last booked session missed",
    "lost_contact": "Lost contact while open",
    "fewer_than_k_sessions": "Fewer than {k} sessions",
}


def dropout(released: Released, _: PublishedStudy | None) -> Section | None:
    """Where everyone is, definitions compared, who more often, then hazard ratios."""
    if not released.has(NAME):
        return None
    clocks = clocks_with_curves(released)
    findings: list[str] = []
    blocks: list[Block | None] = []
    for i, clock in enumerate(clocks):
        model = _forest(released, clock)
        if i:
            blocks += [ways_of_ending(released, clock), _ratios(model, clock)]
            continue
        findings = [share_and_when(released, clock), who_more_often(released, clock)]
        who = sentence(
            model,
            "In a model of all characteristics together",
            "dropping out sooner",
            "dropping out later or not",
        )
        blocks += [
            where_everyone_is(released, clock),
            ways_of_ending(released, clock),
            Text((sentences.dropped_out(released),)),
            _definitions(released),
            _by_level(released, clock),
            Text((who,)),
            forest_figure(released, model),
        ]
    if not clocks:
        findings = [sentences.dropped_out(released)]
        blocks.append(_definitions(released))
    blocks.append(before_treatment(released))
    shown = [block for block in blocks if block is not None]
    if shown:
        shown.append(Text((BESIDE, *_late_entry(released))))
    return Section(
        "dropout", "Staying and leaving", tuple(text for text in findings if text), tuple(shown)
    )


def _late_entry(released: Released) -> tuple[str, ...]:
    """How therapies that began before the data window were counted; nothing where there is no window."""
    window = released.settings["dropout"].get("observed_from")
    if not window:
        return ()
    rows = released.rows(NAME, term="began_before_window")
    row = rows.iloc[0] if len(rows) else None
    return (
        f"The extract begins on {long_date(str(window))}: {count(row)} therapies that had begun before it count from that "
        "day on (left truncation), since those that ended before it are not held.",
    )


def _by_level(released: Released, clock: str) -> Table | None:
    found = by_level(released, clock)
    if not any(is_ok(row) for _, _, row in found):
        return None
    return Table(
        f"Dropped out by {POINTS[clock].format(time=number(found[0][2]['time'], 0))}, at each level, nothing else held "
        "equal",
        ("Characteristic", "Share dropped out (interval)", "People"),
        [
            (level_name(name, level), brief_interval(row), count(row, "n_patients"))
            for name, level, row in found
        ],
        folded=True,
        note="Of everyone who started; other endings and open therapies are taken into account. Numbers are halved at "
        "their median.",
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
        _definition_table(released, rows),
    )


def _definition_table(released: Released, rows: dict[str, pd.Series | None]) -> Table:
    return Table(
        "Dropout under each definition",
        (
            "Definition",
            "Share (interval)",
            "People judged",
            "Unknown endings as none (declared)",
            "Unknown endings as dropout (estimated)",
        ),
        [
            (
                capital(DROPOUT_DEFINITIONS[key].label),
                brief_interval(row),
                reason(None) if row is None else count(row, "denominator"),
                *(_either_way(released, key, term) for term in EITHER_WAY),
            )
            for key, row in rows.items()
        ],
    )


def _either_way(released: Released, definition: str, term: str) -> str:
    """Share of everyone who has ended with unknown endings counted one way."""
    return brief_interval(
        released.one(NAME, estimand="proportion", term=term, definition=definition)
    )


def _forest(released: Released, clock: str) -> Forest:
    rows = released.rows(
        NAME, estimand="hazard_ratio", time_unit=clock, **primary_definition(released), **MODEL
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
