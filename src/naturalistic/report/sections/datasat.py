"""What the data and the settings say of themselves, line by line of the data suitability assessment."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from naturalistic.report import sentences
from naturalistic.report.released import Released, is_ok
from naturalistic.report.wording import (
    absence_label,
    capital,
    count,
    label,
    listed,
    long_date,
    lower_first,
    reason,
    value,
)
from naturalistic.vocabulary import CHARACTERISTICS, DROPOUT_DEFINITIONS

SERVICE_STATES = "To be stated by the service; the data do not hold it."
NOT_RECORDED = "not_recorded"
COMPLETENESS = "Completeness"


def _data_sources(released: Released) -> str:
    found = released.record["provenance"].get("files") or {}
    names = listed(f"{name} ({digest[:8]})" for name, digest in sorted(found.items()))
    if not names:
        return f"{released.record['title']}. No file is named in the record of the run."
    return (
        f"{released.record['title']}. Files of the extract, with the start of each digest: {names}."
    )


def _source_type(released: Released) -> str:
    if released.synthetic:
        return "Synthetic records, made by a program in the form of a service's own."
    return "Routine records of a psychological therapy service."


def _collection(released: Released) -> str:
    names = [released.measure_name(form, scale) for form, scale in _measures(released)]
    ratings = " Therapists' ratings are held." if _rated(released) else ""
    return f"Forms in these data: {listed(names) or 'none'}.{ratings}"


def _measures(released: Released) -> list[tuple[str, str]]:
    rows = released.rows(
        "outcome_change", estimand="mean_change", population="paired", dimensions=""
    )
    found = {(str(row["instrument"]), str(row["scale"])) for _, row in rows.iterrows()}
    return sorted(pair for pair in found if pair[0] in released.instruments)


def _rated(released: Released) -> bool:
    return any(is_ok(row) for _, row in released.rows("therapist_ratings").iterrows())


def _care_setting(released: Released) -> str:
    return f"{released.record['service']}." if released.record["service"] else SERVICE_STATES


def _geography(released: Released) -> str:
    areas = [a for a, _ in released.levels("decommissioning", "area", estimand="rate_per_100000")]
    return (
        f"Areas of residence: {listed(areas)}."
        if areas
        else "The extract holds no area of residence."
    )


def _coverage(released: Released) -> str:
    row = sentences.people(released, "referred")
    return (
        f"People referred: {count(row)}. What share of those in need this is, the data do not hold."
    )


def _period(released: Released) -> str:
    if released.record["provenance"]["calendar"] == "relative":
        return "Days are counted from each referral; there is no calendar."
    found = {level for level, _ in released.levels("outcome_change", "year")}
    years = sorted(year for year in found if year.isdigit())
    cut = f"Data until {long_date(released.record['provenance']['data_cut'])}."
    return f"Referrals of {years[0]} to {years[-1]}. {cut}" if years else cut


def _preparation(released: Released) -> str:
    rows = released.cells("participant_flow", "table", "reason", term="rows_set_aside")
    parts = [
        f"{count(row)} rows of {cell['table']} ({cell['reason'].replace('_', ' ')})"
        for cell, row in rows
    ]
    aside = f"Set aside: {listed(parts)}." if parts else "No row was set aside."
    return f"{aside} Counted for each person: {released.settings['episodes']} course of therapy."


def _governance(released: Released) -> str:
    return (
        f"{SERVICE_STATES} Released figures: {lower_first(released.record['disclosure']['label'])}."
    )


def _specification(released: Released) -> str:
    version = released.record["software"]["version"]
    return f"The data dictionary of naturalistic {version}; settings digest {released.record['settings_digest'][:12]}."


def _population(released: Released) -> str:
    referred, started = (sentences.people(released, each) for each in ("referred", "started"))
    return f"{count(referred)} people referred, {count(started)} who started therapy."


def _pathway(released: Released) -> str:
    found = [
        (label("therapy_model", level), row)
        for level, row in released.levels(
            "characteristics", "therapy_model", population="started", estimand="proportion"
        )
    ]
    given = listed(
        lower_first(name) + (f" ({value(row)})" if is_ok(row) else "") for name, row in found
    )
    return f"Therapy: {given}." if given else "The therapy given is not recorded."


def _elements(released: Released) -> str:
    names = [
        lower_first(label(str(row["term"])))
        for _, row in released.rows("characteristics", status="not_measured").iterrows()
        if str(row["term"]) in CHARACTERISTICS
    ]
    return (
        f"{capital(listed(dict.fromkeys(names)))}."
        if names
        else "Every characteristic asked for is held."
    )


def _timing(released: Released) -> str:
    window = released.settings["form_windows"]
    first, last = window["first_days"]
    return (
        f"First form from {-int(first)} days before to {last} days after the first session; last form: "
        f"{window['last'].replace('_', ' ')}."
    )


def _follow_up(released: Released) -> str:
    row = released.one(
        "length_of_therapy",
        estimand="median_time",
        term="median",
        time_unit="weeks_since_first_session",
    )
    if not is_ok(row):
        return "Until the last form of each person; nothing after it."
    return f"Until the last form of each person. Half of courses last {value(row)} weeks or more."


def _sample_size(released: Released) -> str:
    paired = sentences.people(released, "paired")
    return f"{_population(released)} Of these, {count(paired)} have both forms."


FILLED: Mapping[str, Callable[[Released], str]] = {
    "data_sources": _data_sources,
    "linkage": lambda _: (
        "One extract of one service, its files joined within it. Nothing was linked to other sources."
    ),
    "source_type": _source_type,
    "purpose": lambda _: "Care and its administration; not collected for this question.",
    "collection": _collection,
    "care_setting": _care_setting,
    "geography": _geography,
    "coverage": _coverage,
    "period": _period,
    "preparation": _preparation,
    "governance": _governance,
    "specification": _specification,
    "assurance": lambda _: (
        "Every value that breaks a rule is listed with what was done about it; the list stays in the service."
    ),
    "other_documents": lambda _: SERVICE_STATES,
    "population": _population,
    "pathway": _pathway,
    "elements": _elements,
    "timing": _timing,
    "follow_up": _follow_up,
    "sample_size": _sample_size,
}


def quality_rows(released: Released) -> list[tuple[str, ...]]:
    """Key variables: definition, quality, how it was assessed, and the result."""
    share = sentences.share_of_started(released, "paired")
    primary = released.primary
    rows = [
        (
            "Main outcome",
            f"Change on {released.measure_name()}, first to last form",
            COMPLETENESS,
            "Both forms inside the windows, of everyone who started",
            value(share) if is_ok(share) else reason(share),
        ),
        (
            "Dropping out",
            capital(DROPOUT_DEFINITIONS[primary["dropout_definition"]].label),
            "Accuracy",
            "Rate again if some endings were recorded wrongly (section on other explanations)",
            value(sentences.dropout_rate(released)),
        ),
        (
            "Missed sessions",
            capital(absence_label(primary["absence_definition"])),
            "Definition",
            "Rate under the definition chosen; the others stand beside it",
            value(sentences.absence_rate(released)),
        ),
    ]
    return rows + [_characteristic(released, name) for name in _characteristics(released)]


def _characteristics(released: Released) -> list[str]:
    rows = released.rows(
        "characteristics", population="started", estimand="proportion", status="ok"
    )
    return [name for name in CHARACTERISTICS if name in set(rows["term"])]


def _characteristic(released: Released, name: str) -> tuple[str, ...]:
    levels = dict(
        released.levels(
            "characteristics", name, population="started", estimand="proportion", term=name
        )
    )
    missing = levels.get(NOT_RECORDED)
    return (
        label(name),
        "As recorded by the service",
        COMPLETENESS,
        "Not recorded, of everyone who started",
        _not_recorded(missing),
    )


def _not_recorded(row: pd.Series | None) -> str:
    if row is None:
        return "Nobody listed as not recorded"
    return value(row) if is_ok(row) else reason(row)
