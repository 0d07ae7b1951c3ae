"""What the national metrics would say about these data, what they do not see, and the four rights of 2008."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from naturalistic.reference.loader import load_national_metrics
from naturalistic.reference.metric_models import MetricGroup, NationalMetric
from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Heading, Section, Table, Text
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.four_rights import four_rights
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    listed,
    number,
    reason,
    value,
    with_interval,
)

NAME = "national_metrics"
TITLE = "Against national metrics"
CODING = {
    "not_on_the_list": "Therapy recorded, not on the national list",
    "word_not_known": "Therapy recorded in a word that is on no list known here",
    "not_recorded": "Therapy not recorded",
}
COMPONENTS = {
    "contact": "First attended contact",
    "outcome_form": "First form on a listed tool",
    "assessment": "Assessment",
    "intervention": "First treatment session",
}
CHECKED = {
    "verified": "read in the source",
    "secondary": "second-hand",
    "unverified": "not verified",
}
RATES_BY_YEAR = (
    "referrals_received",
    "entered_treatment",
    "finished_course",
    "first_treatment_within_42_days",
    "first_treatment_within_126_days",
    "recovery",
    "reliable_improvement",
    "reliable_recovery",
)
SHADOW = (
    "These figures follow the published definitions as far as the extract allows. They are not the national statistics: "
    "those come from what the service submitted, month by month, with its codes."
)


def national_metrics(released: Released, _: PublishedStudy | None) -> Section | None:
    """Four national programmes, activity they do not see, and what was set in 2008."""
    if not released.has(NAME):
        return None
    groups = load_national_metrics()
    blocks: list[Block] = [Text((SHADOW,), "note")]
    blocks += _invisible_tables(released)
    for group in groups.values():
        if group.kind == "rights":
            blocks += [Heading(group.title), four_rights(released, group)]
            continue
        blocks += [Heading(group.title), Text((group.about,)), _figures(released, group)]
        if group.key == "talking_therapies":
            blocks += _by_year(released, group)
        if group.key == "four_week_wait":
            blocks += _components(released)
    blocks.append(_definitions(list(groups.values())))
    return Section("national_metrics", TITLE, tuple(_findings(released)), tuple(blocks))


def _row(released: Released, key: str, contrast: str = "", **extra: str) -> pd.Series | None:
    return released.one(NAME, term=key, contrast=contrast, **extra)


def _findings(released: Released) -> Iterator[str]:
    yield from _access(released)
    stop = _row(released, "stopped_within_28_days")
    if is_ok(stop):
        yield f"By the rule of the four-week wait {with_interval(stop)} of the clocks that stopped did so within 28 days."
    else:
        yield f"The share that met the four-week wait: {_why(stop)}."
    yield from _forms(released)
    yield from _talking_therapies(released)


def _access(released: Released) -> Iterator[str]:
    total, seen = _row(released, "two_sessions"), _row(released, "therapy_access")
    unseen, sessions = _row(released, "invisible_people"), _row(released, "invisible_sessions")
    if not is_ok(total):
        yield f"Access to psychological therapies by the national metric: {_why(total)}."
        return
    people = f"{count(total)} adults with two or more treatment sessions"
    if unseen is not None and is_ok(unseen) and float(unseen["estimate"]) > 0:
        lost = f", and {_number(sessions)} of their sessions" if is_ok(sessions) else ""
        every = count(unseen) == count(total)
        who = f"all {people}" if every else f"{count(unseen)} of the {people}"
        yield f"Because of how their therapy is coded, the national access metric leaves out {who}{lost}."
    if is_ok(seen):
        yield f"Of {people} the national access metric counts {count(seen)}."


def _forms(released: Released) -> Iterator[str]:
    paired, other = _row(released, "closed_paired"), _row(released, "pairs_not_counted")
    if is_ok(paired):
        yield (
            f"Of closed referrals with two or more contacts {with_interval(paired)} have a pair of forms that counts "
            "nationally."
        )
    elif is_ok(other):
        yield (
            f"No form that counts nationally is held; {with_interval(other)} of closed referrals with two or more contacts "
            "have a pair on another questionnaire, which does not count."
        )
    else:
        yield f"Pairs of forms that count nationally: {_why(paired)}."


def _talking_therapies(released: Released) -> Iterator[str]:
    rates = {
        "recovery": _row(released, "recovery"),
        "reliable improvement": _row(released, "reliable_improvement"),
        "reliable recovery": _row(released, "reliable_recovery"),
    }
    given = [f"{name} {with_interval(row)}" for name, row in rates.items() if is_ok(row)]
    if given:
        yield f"By the rules of NHS Talking Therapies: {listed(given)}."
    else:
        yield f"Outcomes by the rules of NHS Talking Therapies: {_why(rates['recovery'])}."


def _why(row: pd.Series | None) -> str:
    """Why there is no number, with the reason where one is given."""
    note = "" if row is None or str(row["status"]) == "withheld" else str(row["note"])
    return f"{reason(row)} ({note})" if note else reason(row)


def _invisible_tables(released: Released) -> list[Block]:
    people, sessions = (
        dict(released.levels(NAME, "coding", term=term))
        for term in ("invisible_people", "invisible_sessions")
    )
    if not people:
        return []
    rows = [
        (name, count(people.get(key)), _number(sessions.get(key))) for key, name in CODING.items()
    ]
    whole = (
        "All that the metric does not count",
        count(_row(released, "invisible_people")),
        _number(_row(released, "invisible_sessions")),
    )
    base = (
        "Adults with two or more treatment sessions",
        count(_row(released, "two_sessions")),
        _number(_row(released, "treatment_sessions")),
    )
    return [
        Heading("Activity the national access metric does not see"),
        Table(
            "People and attended treatment sessions that the national metric does not count because of how they are coded",
            ("Coding of the therapy", "People", "Sessions"),
            [*rows, whole, base],
            note="The list of counted therapies was read in published code of January 2024; the metric in production may "
            "use another list.",
        ),
    ]


def _number(row: pd.Series | None) -> str:
    return number(row["estimate"], 0) if row is not None and is_ok(row) else reason(row)


def _figures(released: Released, group: MetricGroup) -> Block:
    """The table of a programme, or one sentence where the data allow none of its measures."""
    keys = tuple(metric.key for metric in group.metrics)
    rows = released.rows(NAME, term=keys)
    if not bool(rows["status"].isin(["not_measured"]).all()):
        return _table(released, group)
    notes = dict.fromkeys(str(note) for note in rows["note"])
    return Text((f"None of these measures is measured here: {'; '.join(notes)}.",))


def _table(released: Released, group: MetricGroup) -> Table:
    rows = []
    for metric in group.metrics:
        if metric.key == "days_to_clock_stop":
            for contrast, name in (("median", "median"), ("90th_percentile", "nine in ten")):
                row = _row(released, metric.key, contrast)
                rows.append(_line(metric, row, f"{metric.label}: {name}"))
            continue
        rows.append(_line(metric, _row(released, metric.key), metric.label))
    return Table(
        f"{group.title}: figures by the national definitions",
        ("Measure", "Here (interval)", "Of referrals or people", "Standard or target"),
        rows,
        note="Standards are for national services and are not verified unless marked so below.",
    )


def _line(metric: NationalMetric, row: pd.Series | None, name: str) -> tuple[str, ...]:
    code = f" ({metric.published_code})" if metric.published_code else ""
    given = _cell(row)
    people = "–" if row is None or not is_ok(row) or _is_number(row) else _base(row)
    return capital(name) + code, given, people, metric.standard or "–"


def _cell(row: pd.Series | None) -> str:
    if row is not None and is_ok(row) and _is_number(row):
        return _number(row)
    return brief_interval(row)


def _is_number(row: pd.Series) -> bool:
    return str(row["estimand"]) in ("count", "sessions")


def _base(row: pd.Series) -> str:
    column = "denominator" if pd.notna(row["denominator"]) else "n_patients"
    return count(row, column)


def _by_year(released: Released, group: MetricGroup) -> list[Block]:
    labels = {metric.key: metric.label for metric in group.metrics}
    held = {key: dict(released.levels(NAME, "financial_year", term=key)) for key in RATES_BY_YEAR}
    years = sorted({year for rows in held.values() for year in rows if year != "each"})
    if not years:
        return []
    shown = {key: rows for key, rows in held.items() if any(is_ok(row) for row in rows.values())}
    return [
        Table(
            "By financial year of the referral, of the first session, or of the ending",
            ("Measure", *years),
            [
                (labels[key], *(_short(rows.get(year)) for year in years))
                for key, rows in shown.items()
            ],
            folded=True,
            note="Complete years only; a measure is left out where its numbers are small in a year.",
        )
    ]


def _short(row: pd.Series | None) -> str:
    if row is None:
        return "–"
    return _number(row) if str(row["estimand"]) == "count" else value(row)


def _components(released: Released) -> list[Block]:
    held = dict(released.levels(NAME, "component", term="component_within_28_days"))
    if not any(is_ok(row) for row in held.values()):
        return []
    return [
        Table(
            "Which of the four were there within 28 days, of all spells observed so long",
            ("What stops the clock", "Within 28 days (interval)"),
            [(name, brief_interval(held.get(key))) for key, name in COMPONENTS.items()],
            note="The clock stops at the latest of the four.",
        )
    ]


def _definitions(groups: list[MetricGroup]) -> Table:
    rows = [
        (
            metric.label,
            metric.definition,
            metric.differs or "–",
            f"{metric.source} ({CHECKED[metric.status]})",
        )
        for group in groups
        for metric in group.metrics
    ]
    return Table(
        "How each measure is defined, in what it differs here, and where the definition was read",
        ("Measure", "National definition, in our words", "Differs here", "Source"),
        rows,
        folded=True,
        prose=True,
    )
