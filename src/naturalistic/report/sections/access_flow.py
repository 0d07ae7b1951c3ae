"""Where referrals come from, what becomes of them, who comes back, and which forms are held."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from naturalistic.report.blocks import Block, Table
from naturalistic.report.released import Released, is_ok
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    label,
    lower_first,
    number,
    reason,
    with_interval,
)
from naturalistic.vocabulary import ENDINGS

NAME = "access_and_waits"
STATES = {
    "waiting_for_assessment": "Waiting for an assessment",
    "closed_before_assessment": "Closed before an assessment",
    "waiting_for_first_session": "Assessed, waiting for a first session",
    "closed_after_assessment": "Assessed, closed without a session",
    "in_therapy": "In therapy",
}
AGAIN = {
    "": "Any ending",
    "planned_ending": "Planned ending",
    "unplanned_ending": "Unplanned ending (dropped out)",
}
MONTHS = {91.0: "3 months", 182.0: "6 months", 365.0: "12 months"}


def flow_findings(released: Released) -> Iterator[str]:
    """Largest source, what becomes of referrals, who comes back, forms held."""
    sources = [
        (word, row)
        for word, row in released.levels(NAME, "referral_source", term="referral_source")
        if is_ok(row)
    ]
    if sources:
        word, row = max(sources, key=lambda pair: float(pair[1]["estimate"]))
        named = lower_first(label("referral_source", word))
        yield f"The most common source of referrals is {named}: {with_interval(row)} of all referrals."
    else:
        yield "Who referred people is not measured here."
    never = released.one(
        NAME, term="referral_outcome", dimensions="outcome=closed_after_assessment"
    )
    if is_ok(never):
        yield f"Of all referrals, {with_interval(never)} were closed after an assessment without a session."
    again = _again(released, "", 365.0)
    if is_ok(again):
        yield f"After a finished course, {with_interval(again)} were referred again within 12 months."
    else:
        yield f"Whether people were referred again within 12 months: {reason(again)}."
    both = released.one(NAME, term="both_forms", estimand="proportion")
    if is_ok(both):
        yield f"Of people whose therapy ended, {with_interval(both)} have both forms."


def flow_tables(released: Released) -> list[Block]:
    """Sources, what became of referrals, referred again, forms."""
    found = [_sources(released), _outcomes(released), _rereferral(released), _forms(released)]
    return [table for table in found if table is not None]


def _sources(released: Released) -> Table | None:
    started = dict(released.levels(NAME, "referral_source", term="started"))
    rows = sorted(
        released.levels(NAME, "referral_source", term="referral_source"), key=_largest_first
    )
    if not rows:
        return None
    return Table(
        "Referrals by source, and the share of each that started therapy",
        ("Source", "Referrals", "Share of all referrals (interval)", "Started, of those from it"),
        [
            (
                label("referral_source", word),
                count(row, "numerator") if is_ok(row) else reason(row),
                brief_interval(row),
                brief_interval(started.get(word)),
            )
            for word, row in rows
        ],
    )


def _largest_first(pair: tuple[str, pd.Series]) -> tuple[bool, float, str]:
    word, row = pair
    size = float(row["estimate"]) if is_ok(row) else 0.0
    return word == "not_recorded", -size, word


def _outcomes(released: Released) -> Table | None:
    held = dict(released.levels(NAME, "outcome", term="referral_outcome"))
    order = [*STATES, *(word for word in ENDINGS if word not in ("open",))]
    rows = [(word, held[word]) for word in order if word in held]
    if not rows:
        return None
    return Table(
        "What became of every referral by the data cut",
        ("Referral", "Referrals", "Share of all referrals (interval)"),
        [
            (
                STATES.get(word) or f"Treated: {lower_first(ENDINGS[word].label)}",
                count(row, "numerator") if is_ok(row) else reason(row),
                brief_interval(row),
            )
            for word, row in rows
        ],
    )


def _again(released: Released, contrast: str, time: float) -> pd.Series | None:
    return released.one(NAME, term="rereferral", contrast=contrast, time=time)


def _rereferral(released: Released) -> Table | None:
    rows = [
        (name, *(brief_interval(_again(released, contrast, time)) for time in MONTHS))
        for contrast, name in AGAIN.items()
        if is_ok(_again(released, contrast, 365.0))
    ]
    if not rows:
        return None
    return Table(
        "Referred again after a finished course, by how it ended (Kaplan-Meier)",
        (
            "Course ended by",
            *(f"Within {capital(name)}".replace("M", "m") for name in MONTHS.values()),
        ),
        rows,
        note="Only referrals to the service in this extract are seen.",
    )


def _forms(released: Released) -> Table | None:
    names = {
        "first_form": "First form, of people who started",
        "both_forms": "Both forms, of people whose therapy ended",
    }
    found = {term: released.one(NAME, term=term, estimand="proportion") for term in names}
    if not any(is_ok(row) for row in found.values()):
        return None
    each = released.one(NAME, term="forms_for_each_session")
    rows = [(name, brief_interval(found[term])) for term, name in names.items()]
    if each is not None and is_ok(each):
        shown = [number(each[c], 2) for c in ("estimate", "conf_low", "conf_high")]
        rows.append(("Forms for each attended session", f"{shown[0]} ({shown[1]} to {shown[2]})"))
    return Table(
        f"Forms held: {released.measure_name()}", ("Form", "Share or number (interval)"), rows
    )
