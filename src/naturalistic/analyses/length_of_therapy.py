"""How long therapy lasts, with the episodes that are still open, and how it goes on from where people are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.leaving.clocks import (
    CLOCKS,
    NOT_HELD,
    people_who_started,
    time_to_ending,
    why_nobody,
)
from naturalistic.analyses.leaving.first_bookings import add_first_bookings
from naturalistic.analyses.leaving.length import (
    add_landmarks,
    add_length,
    length_of,
    seen_from,
)

NAME = "length_of_therapy"
SESSIONS = "attended_sessions"


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Length of therapy of everyone who started.

    Estimands
    ---------
    median_time (median, lower_quartile, upper_quartile)
        Length in weeks and in attended sessions, any ending; open episodes are censored.
    restricted_mean_time
        Mean length up to a horizon.
    survival_probability (over_12_months, still_in_therapy)
        Share whose therapy lasts longer than the time.
    cumulative_incidence by landmark
        Of those who attended session 4, 10 and 20: planned ending and dropout.
    proportion by missed_of_first_two
        Of those offered two treatment sessions: how many of the two were missed, who never started, who dropped out.
    """
    primary, level = data.settings.primary, data.settings.conf_level
    frame = people_who_started(data)
    rows = EstimateRows(data.cohort, NAME)
    for clock in CLOCKS:
        key: dict[str, Any] = {"time_unit": clock, "population": "started"}
        length, ended, known = length_of(frame, clock)
        entry = seen_from(frame, clock)
        if entry is not None:
            with np.errstate(invalid="ignore"):
                known &= entry < length
            entry = entry[known]
        if not known.any():
            rows.add("median_time", term="median", status="not_measured", note=NOT_HELD, **key)
            continue
        add_length(rows, length[known], ended[known], clock, level, entry=entry, **key)
    _landmarks(rows, data, frame)
    add_first_bookings(
        rows, data.tables["episodes"], data.tables["sessions"], primary.dropout_definition, level
    )
    return AnalysisResult(rows.frame())


def _landmarks(rows: EstimateRows, data: AnalysisInput, frame: pd.DataFrame) -> None:
    definition = data.settings.primary.dropout_definition
    ends = time_to_ending(frame, definition, SESSIONS, data.settings.dropout.lost_contact_weeks)
    key: dict[str, Any] = {
        "definition": definition,
        "time_unit": SESSIONS,
        "population": "started",
    }
    if not len(ends.rows):
        rows.add(
            "cumulative_incidence", **{"term": "planned_ending", **why_nobody(definition), **key}
        )
        return
    add_landmarks(rows, ends, data.settings.conf_level, **key)
