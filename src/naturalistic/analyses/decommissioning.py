"""What closing, keeping or extending the service would mean, and for how many people."""

from __future__ import annotations

from naturalistic.analyses.closing.caseload import (
    Caseload,
    add_caseload,
    caseload_on,
    day_of_notice,
)
from naturalistic.analyses.closing.costs import add_costs
from naturalistic.analyses.closing.displaced import add_capacity, add_displaced
from naturalistic.analyses.closing.forecast import add_people_affected, add_run_off
from naturalistic.analyses.closing.geography import add_geography
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.populations import episode_frame, in_population
from naturalistic.analyses.rates_by_group import years_between

NAME = "decommissioning"
NO_CALENDAR = "the dates are counted from an arbitrary day, so there is no caseload on a date"
NO_DATES = "the extract does not hold the dates of therapy"


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Caseload on the day of notice, how it would run off, who is displaced, provision by area, and cost.

    Estimands
    ---------
    count
        People in therapy and waiting on the day of notice, by format, therapy, service, problem, earlier treatment.
    expected_share
        Of those in therapy, the share that will have ended in each way and that would be cut short, by months after
        notice. Limits by simulation.
    expected_number
        People referred later who would start, with limits by simulation; level-up and level-down numbers.
    proportion, mean, median
        Over twelve months so far; months so far; thresholds of NHS Talking Therapies met.
    sessions_needed, staff_needed
        Sessions and whole-time years needed elsewhere under stated numbers of sessions.
    rate_per_100000, ratio_to_reference
        People who started, by area, a year.
    cost
        Per person treated, completed, reliably improved, recovered, from the user's own unit costs.
    """
    rows = EstimateRows(data.cohort, NAME)
    asked = data.settings.closing
    frame = episode_frame(
        data.tables["episodes"],
        data.tables["outcomes"],
        data.tables["patients"],
        instrument=data.settings.primary.instrument,
        scale=data.settings.primary.scale,
    )
    started = frame[in_population(frame, "started")]
    load = _caseload(data, rows)
    if load is not None:
        _closing(rows, data, load)
    add_geography(
        rows,
        started,
        years_between(started["first_session_date"]),
        asked,
        data.settings.conf_level,
        data.settings.reference_levels.get("area", ""),
    )
    resampled = len(started) <= data.settings.resampling.full_inference_up_to
    add_costs(
        rows,
        started[(started["ending"] != "open").to_numpy(dtype=bool)],
        asked,
        draws=data.settings.resampling.bootstrap_draws if resampled else 0,
        level=data.settings.conf_level,
        rng=data.rng,
    )
    return AnalysisResult(rows.frame())


def _caseload(data: AnalysisInput, rows: EstimateRows) -> Caseload | None:
    episodes = data.tables["episodes"]
    day = day_of_notice(episodes, data.settings.closing.notice_date)
    dated = episodes["first_session_date"].notna().any()
    if data.calendar == "real" and day is not None and dated:
        weeks = data.settings.dropout.lost_contact_weeks
        return caseload_on(episodes, day, weeks)
    note = NO_DATES if data.calendar == "real" else NO_CALENDAR
    for term in ("in_therapy", "waiting"):
        rows.add("count", term=term, status="not_measured", note=note)
    rows.add("expected_share", term="cut_short", status="not_measured", note=note)
    return None


def _closing(rows: EstimateRows, data: AnalysisInput, load: Caseload) -> None:
    asked, draws = data.settings.closing, data.settings.resampling.bootstrap_draws
    add_caseload(rows, load)
    add_run_off(rows, load, asked, draws, data.rng)
    add_people_affected(rows, load, asked, draws, data.rng)
    add_displaced(rows, data, load)
    add_capacity(rows, load, asked, data.settings.conf_level)
