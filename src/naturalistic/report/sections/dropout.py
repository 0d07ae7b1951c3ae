"""Who leaves, when, and who stays to a planned ending."""

from __future__ import annotations

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report import sentences
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, first_known, is_ok
from naturalistic.report.sections.dropout_curves import (
    clocks_with_curves,
    dropped_out_by,
    primary_definition,
    ways_of_ending,
)
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
    clocks = clocks_with_curves(released)
    findings = [sentences.dropped_out(released)]
    blocks: list[Block] = []
    for i, clock in enumerate(clocks):
        model = _forest(released, clock)
        figure = ways_of_ending(released, clock)
        blocks += [figure] if figure is not None else []
        if i == 0:
            findings += [dropped_out_by(released, clock)]
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
