"""Who was referred, who started, how it ended, who has both forms, and who was lost and why."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Section, Table
from naturalistic.report.plots.flow import Step, flow_diagram
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sentences import (
    people,
    share_of_started,
    share_with_both_forms,
    who_started,
)
from naturalistic.report.wording import capital, count, lower_first, number, reason, value
from naturalistic.vocabulary import ENDINGS, WHY_NOT_PAIRED

NAME = "participant_flow"
# ways of ending as the diagram groups them; the table beside it keeps them apart
GROUPS = {
    "Planned ending": ("planned_ending",),
    "Dropped out (unplanned)": ("unplanned_ending",),
    "Ended otherwise": ("referred_on", "service_ended", "died", "other_ending"),
    "Ending not recorded": ("unknown_ending",),
    "Still in therapy": ("open",),
}


def flow(released: Released, _: PublishedStudy | None) -> Section | None:
    """Flow diagram, losses by reason, and rows of the extract that were set aside."""
    if not released.has(NAME):
        return None
    blocks: list[Block] = [_diagram(released)]
    if (aside := _set_aside(released)) is not None:
        blocks.append(aside)
    findings = (who_started(released), share_with_both_forms(released))
    return Section("flow", "Who was in and who was lost", findings, tuple(blocks))


def _diagram(released: Released) -> Figure:
    steps, last = _steps(released), _last_step(released)
    endings = _endings(released)
    return Figure(
        "flow",
        flow_diagram(steps, endings, last, synthetic=released.synthetic),
        "From referral to both forms. Boxes with a dashed edge are people who were lost, with the reason. Percentages "
        "are of everyone who started.",
        _alternative(steps, endings, last),
        _table(released),
    )


def _steps(released: Released) -> list[Step]:
    """From the referrals in the extract to those who started."""
    referrals = released.one(NAME, term="referrals")
    others = released.one(NAME, term="referrals_not_counted")
    before = _levels(released, "lost_before_start", "ending")
    return [
        Step(
            "Referrals in the extract",
            count(referrals),
            f"Not counted: {count(others)}",
            (_plain_note(released),),
        ),
        Step(
            "People referred",
            count(people(released, "referred")),
            "Did not start, by how the referral ended" if before else "",
            tuple(f"{ENDINGS[level].label}: {count(row)}" for level, row in before.items()),
        ),
        Step("Assessed", count(people(released, "assessed"))),
        Step("Started therapy (attended a session)", count(people(released, "started"))),
    ]


def _last_step(released: Released) -> Step:
    """People with both forms, and why the others have none."""
    forms = _levels(released, "forms", "pairing")
    lost = {level: row for level, row in forms.items() if level != "paired"}
    share = share_of_started(released, "paired")
    both = count(people(released, "paired"))
    return Step(
        f"First and last {released.measure_name()} form",
        f"{both} ({value(share)})" if is_ok(share) else both,
        "Started, but without both forms" if lost else "",
        tuple(f"{WHY_NOT_PAIRED[level].label}: {count(row)}" for level, row in lost.items()),
    )


def _plain_note(released: Released) -> str:
    which = released.settings["episodes"]
    if which == "all":
        return "Every referral of a person counts"
    return f"Only the {which} referral of a person counts"


def _levels(released: Released, term: str, dimension: str) -> dict[str, pd.Series]:
    return dict(released.levels(NAME, dimension, term=term))


def _endings(released: Released) -> list[tuple[str, str]]:
    rows = _levels(released, "ending_of_therapy", "ending")
    shown = []
    for name, keys in GROUPS.items():
        present = [rows[key] for key in keys if key in rows]
        if present:
            shown.append((name, _together(present)))
    return shown or [("How therapy ended", reason(None))]


def _together(rows: list[pd.Series]) -> str:
    """Released counts added up; what is withheld is said and not added."""
    known = [float(row["estimate"]) for row in rows if is_ok(row)]
    if not known:
        return reason(rows[0])
    total = number(sum(known), 0)
    return total if len(known) == len(rows) else f"{total} + withheld"


def _alternative(steps: list[Step], endings: list[tuple[str, str]], last: Step) -> str:
    parts = [f"{step.title}: {step.people}" for step in steps]
    parts.append("ways of ending: " + ", ".join(f"{name} {n}" for name, n in endings))
    parts.append(f"{last.title}: {last.people}")
    return "Flow diagram. " + "; ".join(parts) + "."


def _table(released: Released) -> Table:
    names = (
        ("referrals", "Referrals in the extract", None),
        ("referrals_not_counted", "Referrals not counted", None),
        ("people", "People referred", "referred"),
        ("people", "People assessed", "assessed"),
        ("people", "People who started", "started"),
        ("people", "Started, with at least one later form", "started_with_followup"),
        ("people", "Started, with a first and a last form", "paired"),
        ("people", "Started, with a planned ending", "planned_ending"),
    )
    rows = [
        (name, count(released.one(NAME, term=term, **({"population": p} if p else {}))))
        for term, name, p in names
    ]
    for level, row in _levels(released, "lost_before_start", "ending").items():
        rows.append((f"Did not start: {lower_first(ENDINGS[level].label)}", count(row)))
    for level, row in _levels(released, "ending_of_therapy", "ending").items():
        rows.append((f"Started: {lower_first(ENDINGS[level].label)}", count(row)))
    for level, row in _levels(released, "forms", "pairing").items():
        rows.append(
            (f"Forms of those who started: {lower_first(WHY_NOT_PAIRED[level].label)}", count(row))
        )
    return Table("People at each step, and losses by reason", ("Step", "People"), rows)


def _set_aside(released: Released) -> Table | None:
    cells = released.cells(NAME, "table", "reason", term="rows_set_aside")
    rows = [
        (capital(cell["table"]), cell["reason"].replace("_", " "), count(row))
        for cell, row in cells
    ]
    if not rows:
        return None
    return Table(
        "Rows of the extract that were set aside before any count",
        ("Table", "Why", "Rows"),
        rows,
        note="Rows, not people. The file validation.csv, which stays in the organisation, lists each of them.",
    )
