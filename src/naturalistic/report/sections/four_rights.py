"""What commissioners set in 2008 and still set: right services, numbers, time and results, a line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from naturalistic.reference.metric_models import MetricGroup
from naturalistic.report.blocks import Table
from naturalistic.report.released import JACOBSON_TRUAX, Released, is_ok
from naturalistic.report.sections.nice_concordance import named_option, stances
from naturalistic.report.sentences import people
from naturalistic.report.wording import NOT_MEASURED, brief_interval, capital, count

ACCESS = "access_and_waits"
FUNCTIONING = {"wsas": "total", "reqol_10": "total"}
Find = Callable[[Released], pd.Series | None]


def four_rights(released: Released, group: MetricGroup) -> Table:
    """Each line with its number, or "not measured here".

    Parameters
    ----------
    group : MetricGroup
        The lines.
    """
    rows = []
    for metric in group.metrics:
        if metric.key == "right_services":
            rows.append((metric.label, *_services(released)))
            continue
        find = FOUND.get(metric.key)
        row = find(released) if find is not None else None
        why = _why(metric.key, row, metric.differs)
        if metric.key in PER_POPULATION and is_ok(row) and _has_rates(released):
            why = PER_POPULATION_GIVEN
        rows.append((metric.label, _cell(row), why))
    return Table(
        "Right services, right numbers, right time, right results",
        ("What was asked for", "Here (interval)", "What it is, or why it is not given"),
        rows,
        note=group.about,
        prose=True,
    )


def _services(released: Released) -> tuple[str, str]:
    """The share whose therapy current NICE guidelines name for their problem, and what the share leaves out."""
    said = stances(released)
    if said is None:
        row = released.one("nice_alignment", term="people", population="started")
        note = "" if row is None else str(row["note"])
        return NOT_MEASURED, capital(note or NO_CONCORDANCE) + "."
    asked = (
        "Share of those who started whose therapy is a named option (must, offer or consider) in current NICE guidelines "
        "for the problem recorded."
    )
    if said.none_told:
        return named_option(
            released
        ), f"{asked} For nobody do the records tell; the section on NICE says why."
    return named_option(released), (
        f"{asked} Recommended against: {said.against}; neither: {said.silent}; cannot be told: {said.untold}."
    )


def _has_rates(released: Released) -> bool:
    return any(
        is_ok(row)
        for name in ("equity", "decommissioning")
        for _, row in released.rows(name, estimand="rate_per_100000").iterrows()
    )


def _cell(row: pd.Series | None) -> str:
    if row is None:
        return NOT_MEASURED
    return count(row) if is_ok(row) and str(row["estimand"]) == "count" else brief_interval(row)


def _why(key: str, row: pd.Series | None, differs: str) -> str:
    if is_ok(row):
        # what is said of a figure that is not held does not belong to one that is
        about = differs if key.startswith("right_numbers") else ""
        return f"{WHERE[key]}. {about}".strip()
    note = "" if row is None or str(row["status"]) == "withheld" else str(row["note"])
    return note or differs or WHERE.get(key, "The extract does not hold it.")


def _results(term: str) -> Find:
    return lambda released: released.one(
        "clinical_change", term=term, population="paired", **released.measure, **JACOBSON_TRUAX
    )


def _wait(estimand: str, **key: object) -> Find:
    return lambda released: released.one(
        ACCESS, estimand=estimand, term="referral_to_first_session", **key
    )


def _forms(released: Released) -> pd.Series | None:
    return released.one(ACCESS, term="both_forms", estimand="proportion")


def _functioning(released: Released) -> pd.Series | None:
    """Change on a measure of social functioning, where one is held."""
    for instrument, scale in FUNCTIONING.items():
        row = released.one(
            "outcome_change",
            estimand="mean_change",
            population="paired",
            instrument=instrument,
            scale=scale,
        )
        if is_ok(row):
            return row
    return None


FOUND: Mapping[str, Find] = {
    "right_numbers_referred": lambda released: people(released, "referred"),
    "right_numbers_treated": lambda released: people(released, "started"),
    "right_time_median": _wait("waiting_time", contrast="median"),
    "right_time_42_days": _wait("probability_by", time=42.0),
    "right_time_126_days": _wait("probability_by", time=126.0),
    "right_results_change": _results("reliable_improvement"),
    "right_results_deterioration": _results("reliable_deterioration"),
    "right_results_inclusion": _functioning,
    "complete_data": _forms,
}
PER_POPULATION = ("right_numbers_referred", "right_numbers_treated")
PER_POPULATION_GIVEN = (
    "People. Per 100,000 of the populations stated: sections on equity and on closing."
)
NO_CONCORDANCE = "the data do not hold what a comparison with NICE guidelines needs"
WHERE = {
    "right_numbers_referred": "People, not per population",
    "right_numbers_treated": "People, not per population",
    "right_time_median": "Those still waiting counted",
    "right_time_42_days": "Those still waiting counted",
    "right_time_126_days": "Those still waiting counted",
    "right_results_change": "Primary measure",
    "right_results_deterioration": "Primary measure",
    "right_results_inclusion": "Mean improvement in points",
    "complete_data": "Primary measure",
}
